"""What a thousand topics cost against a hundred: training, memory, reply time: `python -m benchmarks.scale FOLDER` (of the data sets).

The knowledge is made up: each topic asks what an intent of CLINC150 or BANKING77 asks, of a thing of its own whose name is noise.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks import contenders, document, load, nlu
from benchmarks.contenders import ContenderError
from benchmarks.load import LoadError
from bot import career
from bot.evaluate import with_typos
from bot.knowledge import CAREER_VARIABLE, INTENT_PREFIX, ROOT

FOLDER = ROOT / "var" / "benchmark" / "scale"
PLOT = document.DOCUMENT.with_name("performance_scale.png")
CAREER = "scale"
TOPICS = (100, 300, 1000)
EXAMPLES = 25  # of each topic, and of each other intent
ASKED = 3  # questions of a topic besides its examples
MISTYPED = 0.1  # share of the texts with slips of the keyboard
SECONDS = 10  # of a run of wrk
ROUNDS = 3
FIRST_QUESTION = "How long does it take?"  # a topic that each new career has
AGAINST = 1.5  # times the reply time may grow from the fewest topics to the most
TOPIC = """\
  {topic}:
    question: What about {noise}?
    label: {noise}
    answer: All that is known of {noise} is that it can be asked about.
    facts: [s1_nothing_read_yet]
    related: [how_long]

"""


def main(folder: Path) -> int:
    """Measures, prints the table and writes it and the plot into the document; returns 1 if something could not be measured."""
    try:
        figures = {count: measure(count, folder) for count in TOPICS}
    except (ContenderError, LoadError) as error:
        print(error, file=sys.stderr)
        return 1
    rows = [
        [
            "topics",
            "examples",
            "training, s",
            "training, memory at most, MB",
            "model, MB",
            "start, s",
            "memory when loaded, MB",
            "reply p50, ms",
            "reply p99, ms",
        ]
    ]
    for count, of in figures.items():
        rows.append([f"{count:,}", f"{of['examples']:,.0f}", *(f"{of[key]:.0f}" for key in ("training s", "training MB", "model MB"))])
        rows[-1] += [f"{of['start s']:.1f}", f"{of['loaded MB']:.0f}", f"{of['p50']:.1f}", f"{of['p99']:.1f}"]
    few, many = figures[TOPICS[0]], figures[TOPICS[-1]]
    said = (
        f"From {TOPICS[0]:,} to {TOPICS[-1]:,} topics: reply time {many['p50'] / few['p50']:.2f} times (target: at most {AGAINST}), "
        f"training {many['training s'] / few['training s']:.1f} times, memory when loaded {many['loaded MB'] / few['loaded MB']:.2f} times."
    )
    text = f"{document.table(rows)}\n\n{said}\n\n{document.note('python -m benchmarks.scale FOLDER')}"
    print(text)
    plot(figures)
    document.write("scale", f"![Training, memory and reply time by the number of topics]({PLOT.name})\n\n{text}")
    return 0


def measure(topics: int, folder: Path) -> dict[str, float]:
    """Returns the figures of a knowledge with so many topics.

    Args:
        topics: number of topics, at least that of a new career.
        folder: where the data sets are.
    Raises:
        ContenderError: it could not be trained or started.
    """
    project = FOLDER / f"{topics}"
    print(f"{topics} topics: making, training ...", flush=True)
    contenders.build_ours(project)
    home = career.make(CAREER, careers=project / "careers")
    (home / "var").mkdir()
    shutil.copytree(ROOT / "var" / "encoder", home / "var" / "encoder", ignore=shutil.ignore_patterns("*.npz"))  # compiled, without vectors
    questions, examples = write_topics(home, topics, folder)
    figures = {"examples": float(examples), **train(project, home)}
    os.environ[CAREER_VARIABLE] = CAREER  # for the server
    server = contenders.ours(project)[0]
    server.first_question = FIRST_QUESTION
    try:
        figures["start s"] = server.start(contenders.all_cores())
        figures["loaded MB"] = server.resident_megabytes()
        asked = [text for text in questions[:400] if server.answers(text)]
        file = load.write_questions(asked, 20_000, project / "questions.txt")
        load.put(server.port, file, 1, messages=20)
        runs = [load.put(server.port, file, 1, seconds=SECONDS) for _ in range(ROUNDS)]
    finally:
        server.stop()
        del os.environ[CAREER_VARIABLE]
    return figures | {percentile: statistics.median(run[percentile] for run in runs) for percentile in ("p50", "p99")}


def write_topics(home: Path, count: int, folder: Path) -> tuple[list[str], int]:
    """Adds topics to the folder of a new career until there are so many; returns questions on them, and the number of all examples."""
    chance = random.Random(0)
    by_intent: dict[str, list[str]] = {}
    for text, intent in nlu.clinc150(folder)[0] + nlu.banking77(folder)[0]:
        by_intent.setdefault(re.sub(r"\W+", "_", intent.lower()).strip("_"), []).append(text)
    intents = sorted(intent for intent, texts in by_intent.items() if len(texts) >= EXAMPLES + ASKED)
    knowledge, examples, questions = "", "", []
    names: list[str] = []
    for number in range(count - len(career.TOPICS)):
        noise = "".join(chance.choice(letters) for letters in ("bdfgklmnprstvz", "aeiou") * 4)
        texts = [_of(noise, text, chance) for text in chance.sample(by_intent[intents[number % len(intents)]], EXAMPLES + ASKED)]
        names.append(f"{intents[number % len(intents)]}_{noise}")
        knowledge += TOPIC.format(topic=names[-1], noise=noise)
        examples += f"- intent: {INTENT_PREFIX}{names[-1]}\n  examples: |\n" + "".join(f"    - {text}\n" for text in texts[:EXAMPLES]) + "\n"
        questions += texts[EXAMPLES:]
    chance.shuffle(questions)
    last = f"{INTENT_PREFIX}{career.TOPICS[-1]}"
    _insert(home / "domain.yml", rf"(?m)^- {last}: .*\n", "".join(f"- {INTENT_PREFIX}{name}: {{use_entities: []}}\n" for name in names))
    _insert(home / "data" / "rules.yml", rf"(?m)^    - intent: {last}\n", "".join(f"    - intent: {INTENT_PREFIX}{name}\n" for name in names))
    _insert(home / "knowledge" / f"{CAREER}.yml", r"\Z", "\n" + knowledge.rstrip("\n") + "\n")
    file = home / "data" / "nlu.yml"
    kept, of_intent = [], 0
    for line in file.read_text(encoding="utf-8").split("\n"):
        of_intent = 0 if line.startswith("- intent: ") else of_intent + line.startswith("    - ")
        kept += [line] if of_intent <= EXAMPLES or not line.startswith("    - ") else []
    file.write_text("\n".join(kept).rstrip("\n") + "\n\n" + examples, encoding="utf-8")
    return questions, len(re.findall(r"(?m)^    - ", file.read_text(encoding="utf-8")))


def _of(noise: str, text: str, chance: random.Random) -> str:
    """Returns a text that is about the thing of this name."""
    words = re.sub(r"[^\w' ?]", " ", text.lower()).split()
    words.insert(chance.randint(0, len(words)), noise)
    return with_typos(" ".join(words), 0) if chance.random() < MISTYPED else " ".join(words)


def _insert(file: Path, after: str, text: str) -> None:
    content = file.read_text(encoding="utf-8")
    place = re.search(after, content)
    if place is None:
        raise ContenderError(f"{file}: has no line {after!r} after which topics could be added; bot/career.py writes it otherwise now.")
    file.write_text(content[: place.end()] + text + content[place.end() :], encoding="utf-8")


def train(project: Path, home: Path) -> dict[str, float]:
    """Trains from nothing; returns the seconds, the most memory that was in use, and the size of the model.

    Raises:
        ContenderError: it could not be trained.
    """
    log = project / "training.log"
    started = time.monotonic()
    with log.open("w") as output:
        environment = {**os.environ, CAREER_VARIABLE: CAREER, "PYTHONPATH": str(project)}
        command = [sys.executable, "-m", "bot", "train"]
        training = subprocess.Popen(command, cwd=project, stdout=output, stderr=subprocess.STDOUT, env=environment)
        _, status, usage = os.wait4(training.pid, 0)
    seconds = time.monotonic() - started
    training.returncode = os.waitstatus_to_exitcode(status)
    models = list((home / "models").glob("*.tar.gz"))
    if training.returncode or not models:
        raise ContenderError(f"{project.name} topics: could not be trained; see {log}.")
    return {"training s": seconds, "training MB": usage.ru_maxrss / 1024, "model MB": models[0].stat().st_size / 1e6}


def plot(figures: dict[int, dict[str, float]], file: Path = PLOT) -> None:
    """Draws training time, memory and reply time by the number of topics."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 3, figsize=(15, 4.5))
    lines: list[tuple[str, dict[str, str]]] = [
        ("training, s", {"training s": "measured"}),
        ("memory, MB", {"training MB": "training, at most", "loaded MB": "server, when loaded"}),
        ("reply time, ms", {"p50": "p50", "p99": "p99"}),
    ]
    for axis, (title, of) in zip(axes, lines):
        for key, label in of.items():
            axis.plot(list(figures), [figure[key] for figure in figures.values()], marker="o", label=label)
        axis.set(title=title, xlabel=f"topics, {EXAMPLES} examples each", ylim=(0, None), xlim=(0, None))
    few = TOPICS[0]
    axes[0].plot(
        list(figures), [figures[few]["training s"] * count / few for count in figures], linestyle=":", color="grey", label="linear from the first"
    )
    for axis in axes:
        axis.legend()
    figure.tight_layout()
    figure.savefig(file, dpi=90)
    pyplot.close(figure)


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m benchmarks.scale FOLDER, the folder that holds banking77/ and clinc150/")
    sys.exit(main(Path(sys.argv[1])))
