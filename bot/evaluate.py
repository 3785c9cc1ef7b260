"""Puts held-out wordings to the trained model and says how well it understands: figures, JSON and plots."""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import numpy as np
import yaml

from bot import evaluate_dialogue
from bot.check import SET_BY_COMPONENTS
from bot.evaluate_dialogue import BOOTSTRAP_SAMPLES, bootstrap
from bot.knowledge import HOME, INTENT_PREFIX

UTTERANCES = HOME / "tests" / "nlu" / "utterances.yml"
RESULTS = HOME / "results"
FALLBACK = "nlu_fallback"
NEAR = 0.8  # share of words in common
CHOICES = 3  # topics offered to an unclear message (actions/clarify.py)
CALIBRATION_BINS = 10
LETTERS_PER_TYPO = 20  # one letter in twenty: a slip in a short question, several in a long one
KEYBOARD = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl", "p": "o", "a": "qsz", "s": "adw",
    "d": "sfe", "f": "dgr", "g": "fht", "h": "gjy", "j": "hku", "k": "jli", "l": "ko", "z": "xa", "x": "zc", "c": "xv", "v": "cb", "b": "vn", "n": "bm", "m": "n",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """How one held-out wording was understood."""

    text: str
    intent: str  # the right one
    acted_on: str  # what the dialogue was given; nlu_fallback where the visitor is asked what is meant
    best: str  # the likeliest intent of those that have examples: what the classifier itself makes of it
    confidence: float  # of the likeliest, 0 to 1
    scope: float  # that it is a question to be answered, 0 to 1
    choices: tuple[str, ...]  # the topics that an unclear message is offered

    @property
    def in_scope(self) -> bool:
        return is_question(self.intent)

    @property
    def out_of_scope(self) -> bool:
        return self.intent.startswith("oos_") or self.intent in ("abuse", "crisis")

    @property
    def handled_rightly(self) -> bool:
        """Whether a question was answered with its topic, a message out of scope was not answered, and small talk was known as such."""
        return not is_question(self.acted_on) if self.out_of_scope else self.acted_on == self.intent


class HeldOut:
    """The held-out wordings, which no example may come near: else they would measure memory."""

    def __init__(self, file: Path = UTTERANCES):
        """Reads them."""
        self._joined: dict[str, str] = {}
        self._by_size: dict[int, list[tuple[set[str], str]]] = defaultdict(list)
        for texts in (yaml.safe_load(file.read_text(encoding="utf-8")) or {}).values():
            for text in texts:
                self._joined.setdefault(_run_together(text), text)
                self._by_size[len(_words(text))].append((_words(text), text))

    def near(self, example: str) -> str | None:
        """Returns a held-out wording with the same letters, or with NEAR of the words in common; None if there is none."""
        mine, joined = _words(example), _run_together(example)
        if not mine:
            return None
        sizes = range(math.ceil(NEAR * len(mine)), math.ceil(len(mine) / NEAR) + 1)  # of others no such share can be in common
        likest = (text for size in sizes for theirs, text in self._by_size[size] if len(mine & theirs) >= NEAR * len(mine | theirs))
        return self._joined.get(joined) or next(likest, None)


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.lower()))


def _run_together(text: str) -> str:
    return re.sub(r"\W+", "", text.lower())


def is_question(intent: str) -> bool:
    """Returns whether the intent is a topic's."""
    return intent.startswith(INTENT_PREFIX)


def read(agent, utterances: dict[str, list[str]]) -> list[Reading]:
    """Returns how the agent understands every wording."""

    async def parse_all() -> list[Reading]:
        readings = []
        for intent, texts in utterances.items():
            for text in texts:
                parsed = await agent.parse_message(text)
                ranking = [entry for entry in parsed["intent_ranking"] if entry["name"] not in SET_BY_COMPONENTS]
                questions = tuple(entry["name"] for entry in ranking if is_question(entry["name"]))[:CHOICES]
                readings.append(
                    Reading(text, intent, parsed["intent"]["name"], ranking[0]["name"], ranking[0]["confidence"], parsed["scope"], questions)
                )
        return readings

    return asyncio.run(parse_all())


def with_typos(text: str, seed: int) -> str:
    """Returns the text with a slip of the finger every LETTERS_PER_TYPO letters: swapped, dropped, doubled or neighbouring keys."""
    chance = random.Random(f"{seed}{text}")
    letters = list(text)
    places = [index for index, letter in enumerate(letters) if letter.lower() in KEYBOARD]
    for index in chance.sample(places, max(1, len(places) // LETTERS_PER_TYPO)) if places else []:
        letter = letters[index]
        slip = chance.choice(("swap", "drop", "double", "neighbour"))
        if slip == "swap" and index + 1 < len(letters):
            letters[index], letters[index + 1] = letters[index + 1], letter
        elif slip == "drop":
            letters[index] = ""
        elif slip == "double":
            letters[index] = letter * 2
        else:
            letters[index] = chance.choice(KEYBOARD.get(letter.lower(), letter))
    return "".join(letters)


def _mean(values) -> float:
    return float(np.mean(list(values)))


def area_under_curve(in_scope: list[float], out_of_scope: list[float]) -> float:
    """Returns the share of pairs in which the in-scope wording has the higher scope (ties count half): 0.5 is chance, 1 is perfect."""
    higher = np.subtract.outer(np.array(in_scope), np.array(out_of_scope))
    return float((higher > 0).mean() + (higher == 0).mean() / 2)


def calibration_error(readings: list[Reading]) -> float:
    """Returns the mean distance of confidence and accuracy over CALIBRATION_BINS bins of confidence, weighted by their size."""
    confidence = np.array([reading.confidence for reading in readings])
    right = np.array([reading.best == reading.intent for reading in readings])
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    return float(sum((bins == number).mean() * abs(confidence[bins == number].mean() - right[bins == number].mean()) for number in set(bins)))


def _split(readings: list[Reading]) -> tuple[list[Reading], list[Reading]]:
    return [reading for reading in readings if reading.in_scope], [reading for reading in readings if reading.out_of_scope]


def _in_scope(measure: Callable[[Reading], bool]) -> Callable[[list[Reading]], float]:
    return lambda readings: _mean(measure(reading) for reading in readings if reading.in_scope)


MEASURES: dict[str, Callable[[list[Reading]], float]] = {
    "in-scope top-1": _in_scope(lambda reading: reading.best == reading.intent),
    "in-scope answered rightly": _in_scope(lambda reading: reading.acted_on == reading.intent),
    "in-scope right answer or right choice offered": _in_scope(
        lambda reading: reading.acted_on == reading.intent or (reading.acted_on == FALLBACK and reading.intent in reading.choices)
    ),
    "in-scope asked which is meant": _in_scope(lambda reading: reading.acted_on == FALLBACK),
    "in-scope refused": _in_scope(lambda reading: reading.acted_on not in SET_BY_COMPONENTS and not is_question(reading.acted_on)),
    "out-of-scope recall": lambda readings: _mean(not is_question(reading.acted_on) for reading in readings if reading.out_of_scope),
    "out-of-scope asked which is meant": lambda readings: _mean(reading.acted_on == FALLBACK for reading in readings if reading.out_of_scope),
    "scope AUROC": lambda readings: area_under_curve(*([reading.scope for reading in part] for part in _split(readings))),
    "calibration error": lambda readings: calibration_error(_split(readings)[0]),
    "small talk top-1": lambda readings: _mean(
        reading.best == reading.intent for reading in readings if not reading.in_scope and not reading.out_of_scope
    ),
}


def measure(readings: list[Reading]) -> dict[str, dict[str, float]]:
    """Returns every measure with its 95 % bootstrap interval: {"name": {"value", "low", "high"}}, all 0 to 1."""
    # (The area under the curve compares all pairs, so it gets fewer samples.)
    return {name: bootstrap(of, readings, BOOTSTRAP_SAMPLES // (10 if name == "scope AUROC" else 1)) for name, of in MEASURES.items()}


def evaluate(model: Path, results: Path = RESULTS) -> dict:
    """Evaluates a model; writes evaluation.json and plots to the results folder, and returns what is in the JSON."""
    from bot.ask import assistant

    utterances = yaml.safe_load(UTTERANCES.read_text(encoding="utf-8"))
    with assistant(model) as agent:
        readings = read(agent, utterances)
        typos = read(agent, {intent: [with_typos(text, seed=0) for text in texts] for intent, texts in utterances.items() if is_question(intent)})
        follow_ups = evaluate_dialogue.read(agent, evaluate_dialogue.FOLLOW_UPS)
        messages = evaluate_dialogue.read(agent, evaluate_dialogue.SEVERAL)
    confusions = Counter((reading.intent, reading.best) for reading in readings if reading.in_scope and reading.best != reading.intent)
    report = {
        "wordings": {"in scope": sum(reading.in_scope for reading in readings), "out of scope": sum(reading.out_of_scope for reading in readings)},
        "figures": {**measure(readings), **evaluate_dialogue.measure(follow_ups, messages)},
        "in-scope top-1 with typos": MEASURES["in-scope top-1"](typos),
        "confusions": [{"intent": intent, "read as": best, "times": times} for (intent, best), times in confusions.most_common()],
        "misses": [
            {"text": reading.text, "intent": reading.intent, "read as": reading.best}
            for reading in readings
            if reading.in_scope and reading.best != reading.intent
        ],
        "follow-ups and several questions misread": [
            {**turn.case, "intent": turn.intent, "answered": list(turn.topics), "with": turn.entities}
            for turn in [*follow_ups, *messages]
            if not turn.right
        ],
        "answered though out of scope": [
            {"text": reading.text, "intent": reading.intent, "answered": reading.acted_on}
            for reading in readings
            if reading.out_of_scope and is_question(reading.acted_on)
        ],
    }
    results.mkdir(parents=True, exist_ok=True)
    (results / "evaluation.json").write_text(json.dumps(report, indent=2, ensure_ascii=False), encoding="utf-8")
    plot(readings, report, results)
    return report


def plot(readings: list[Reading], report: dict, results: Path) -> None:
    """Draws evaluation.png (scope and calibration) and confusions.png."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    in_scope, out_of_scope = _split(readings)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    edges = np.linspace(0, 1, 41).tolist()
    left.hist([reading.scope for reading in in_scope], edges, alpha=0.7, label=f"questions ({len(in_scope)})")
    left.hist([reading.scope for reading in out_of_scope], edges, alpha=0.7, label=f"out of scope ({len(out_of_scope)})")
    left.set(
        xlabel="scope signal",
        ylabel="wordings",
        yscale="log",
        title=f"Held-out wordings by scope, AUROC {report['figures']['scope AUROC']['value']:.3f}",
    )
    left.legend()
    confidence = np.array([reading.confidence for reading in in_scope])
    correct = np.array([reading.best == reading.intent for reading in in_scope])
    bins = np.minimum((confidence * CALIBRATION_BINS).astype(int), CALIBRATION_BINS - 1)
    numbers = sorted(set(bins))
    right.plot([0, 1], [0, 1], color="0.6", linestyle="--", label="perfect")
    right.plot([confidence[bins == n].mean() for n in numbers], [correct[bins == n].mean() for n in numbers], marker="o", label="measured")
    right.set(xlabel="confidence", ylabel="share that was right", title="Calibration on held-out questions", xlim=(0, 1), ylim=(0, 1))
    right.legend()
    figure.savefig(results / "evaluation.png", dpi=110)
    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    top = report["confusions"][:15][::-1]
    axes.barh([f"{row['intent']} read as {row['read as']}" for row in top], [row["times"] for row in top])
    axes.set(xlabel="wordings", title="Most confused pairs")
    figure.savefig(results / "confusions.png", dpi=120)
    pyplot.close("all")


def table(report: dict) -> str:
    """Returns the figures as lines of text."""
    lines = [
        f"{report['wordings']['in scope']} held-out questions, {report['wordings']['out of scope']} out of scope (95 % bootstrap interval in brackets)"
    ]
    for name, figure in report["figures"].items():
        lines.append(f"  {name:<46} {figure['value']:6.3f}  [{figure['low']:.3f}, {figure['high']:.3f}]")
    lines.append(f"  {'in-scope top-1 with typos':<46} {report['in-scope top-1 with typos']:6.3f}")
    return "\n".join(lines)
