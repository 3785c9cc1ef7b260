"""Rasa's default configuration against this project, in one run and in turns: `python -m benchmarks.serving` (--quick: small, with floors).

Writes results/serving.json, results/serving.png and, unless quick, the tables and the plot of docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass
from hashlib import sha256
from importlib import metadata
from pathlib import Path
from typing import Any, Callable

from benchmarks import contenders, document, load, table
from benchmarks.contenders import Contender, ContenderError
from benchmarks.load import LoadError
from bot.knowledge import ROOT

FOLDER = ROOT / "var" / "benchmark"  # what is built is kept here; the default's training takes hours
RESULTS = ROOT / "results"
COMMAND = "python -m benchmarks.serving"
TURNS = 10
CONNECTIONS = (1, 10, 50)
SATURATING = 10  # visitors at once keep every shape busy
ONE_CORE_SHARE = 10  # on one core, so many times fewer messages saturate: Rasa's default takes longest there


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    examples: int | None  # of each intent that Rasa's default is trained on; None: all
    epochs: int  # of its training; its own are 100
    policy_epochs: int | None  # of its policies' training; None: as many
    everything: bool  # all shapes, cores, kinds of messages, numbers of visitors, our training, accuracy; else what the floors are for
    starts: int  # each contender in turn, besides the start for the measuring of replies
    rounds: int  # each contender in turn, so many times; the median counts
    seconds: int  # of one run of wrk
    conversations: int  # that are brought to the tenth turn
    messages: int  # of the run to saturation, after which memory is read
    questions: int  # different ones, so that none comes twice in a run


# A tenth of the default's epochs, for with all examples 100 are hours of training; `--epochs 100` trains them all.
FULL = Plan(None, 10, None, True, starts=1, rounds=3, seconds=8, conversations=40, messages=10_000, questions=20_000)
QUICK = Plan(8, 15, 1, False, starts=0, rounds=3, seconds=5, conversations=0, messages=300, questions=2_000)
# What a quick run must reach: times as fast, or the share of memory. Below the targets of the full run (docs/performance.md), because the
# default is quicker with a tenth of the examples, and a busy machine blurs short runs.
FLOORS = {"faq p50": 4.0, "faq p99": 2.5, "replies/s": 4.0, "processor time": 4.0, "start": 2.5, "memory": 1 / 0.75}
TARGETS = {"faq p50": 6.0, "faq p99": 5.0, "replies/s": 6.0, "training": 20.0, "start": 4.0, "memory": 1 / 0.6}


def main() -> int:
    """Runs the benchmark; returns 1 if a floor was not reached or something could not be measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving")
    parser.add_argument("--quick", action="store_true", help="small, in a few minutes; fails below the floors")
    parser.add_argument("--epochs", type=int, help="of the training of Rasa's default (its own are 100); the tables say so")
    options = parser.parse_args()
    plan = QUICK if options.quick else FULL
    try:
        measured = measure(plan, options.epochs or plan.epochs, FOLDER / ("quick" if options.quick else "full"))
    except (ContenderError, LoadError) as error:
        print(error, file=sys.stderr)
        return 1
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "serving.json").write_text(json.dumps(measured, indent=2))
    table.plot(measured, RESULTS / "serving.png")
    print(table.tables(measured, TARGETS, "make benchmark-quick" if options.quick else COMMAND))
    if not options.quick:
        picture = document.DOCUMENT.with_suffix(".png")
        shutil.copy(RESULTS / "serving.png", picture)
        text = table.tables(measured, TARGETS, COMMAND)
        document.write("serving", f"![Reply times, replies a second, start and memory]({picture.name})\n\n{text}")
        return 0
    missed = [
        f"{name}: {measured['ratios'][name]:.2f} times, floor {floor:.2f}" for name, floor in FLOORS.items() if measured["ratios"][name] < floor
    ]
    for line in missed:
        print(f"Slower than it has to be, against Rasa's default in this run: {line}.", file=sys.stderr)
    return 1 if missed else 0


def measure(plan: Plan, epochs: int, folder: Path) -> dict[str, Any]:
    """Returns all that is measured, by contender, and the ratios to Rasa's default."""
    default = _default(plan, epochs, folder / "default")
    project = folder / "ours"
    training = _train_ours(plan, project)
    every = [contenders.rasa_default(folder / "default"), *contenders.ours(project)][: None if plan.everything else 2]
    results: dict[str, dict[str, Any]] = {contender.name: {} for contender in every}
    results[every[0].name]["training"] = default
    for contender in every[1:]:
        results[contender.name]["training"] = training
    _measure_starts(plan, every, results)
    both, one = contenders.all_cores(), contenders.all_cores().partition(",")[0]
    for cores in dict.fromkeys([both, one] if plan.everything else [both]):
        try:
            for contender in every:
                _start(contender, cores, results[contender.name])
            asked = load.usual_questions()[:: 1 if plan.everything else 5]
            say(f"Asking each contender {len(asked)} held-out questions, to take those that all answer ...")
            asked = [text for text in asked if all(contender.answers(text) for contender in every)]
            questions = load.write_questions(asked, plan.questions, folder / "questions.txt")
            _measure_replies(plan, every, results, questions, cores, everything=plan.everything and cores == both)
        finally:
            for contender in every:
                contender.stop()
    if plan.everything:
        _measure_accuracy(every, results, folder)
        for contender in every:
            results[contender.name]["installed MB"] = _installed_megabytes(contender)
    return {"plan": {**vars(plan), "epochs": epochs}, "results": results, "ratios": ratios(every, results)}


def say(text: str) -> None:
    """Prints how far it is."""
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def _default(plan: Plan, epochs: int, folder: Path) -> dict[str, Any]:
    """Returns how long Rasa's default took to train; trains it unless the kept one was trained on the same."""
    record = folder / "training.json"
    with_ = {
        "data": _hash(ROOT / "data", ROOT / "domain.yml"),
        "examples": plan.examples,
        "epochs": epochs,
        "policy epochs": plan.policy_epochs or epochs,
    }
    if record.is_file() and (kept := json.loads(record.read_text()))["with"] == with_:
        return kept
    contenders.build_rasa_default(folder, plan.examples, epochs, plan.policy_epochs or epochs)
    say(f"Training Rasa's default, {epochs} epochs, once; it is kept in {folder.relative_to(ROOT)}/ ...")
    cold, processor = _processor_time(lambda: contenders.train(folder, contenders.all_cores(), folder / "training.log"))
    kept = {"with": with_, "cold s": cold, "cold processor s": processor}
    if plan.everything:
        say("... and again, with its cache ...")
        kept["cached s"] = contenders.train(folder, contenders.all_cores(), folder / "training.log")
    record.write_text(json.dumps(kept))
    return kept


def _train_ours(plan: Plan, folder: Path) -> dict[str, Any]:
    """Returns how long this project took to train: from nothing, with its cache, and with one example more."""
    contenders.build_ours(folder)
    if not plan.everything:  # what the project has is taken over
        contenders.lend(folder)
        return {}
    say("Training ours from nothing ...")
    cold, processor = _processor_time(lambda: contenders.train(folder, contenders.all_cores(), folder / "training.log", ours=True))
    say("... with its cache ...")
    cached = contenders.train(folder, contenders.all_cores(), folder / "training.log", ours=True)
    say("... and with one example more ...")
    examples = folder / "data" / "nlu.yml"
    before = examples.read_text(encoding="utf-8")
    examples.write_text(before.replace("  examples: |\n", "  examples: |\n    - and one example more than there was\n", 1), encoding="utf-8")
    one_more = contenders.train(folder, contenders.all_cores(), folder / "training.log", ours=True)
    examples.write_text(before, encoding="utf-8")
    contenders.train(folder, contenders.all_cores(), folder / "training.log", ours=True)
    return {"cold s": cold, "cold processor s": processor, "cached s": cached, "one example more s": one_more}


def _measure_starts(plan: Plan, every: list[Contender], results: dict[str, dict[str, Any]]) -> None:
    for _ in range(plan.starts):
        for contender in every:
            _start(contender, contenders.all_cores(), results[contender.name])
            contender.stop()


def _start(contender: Contender, cores: str, result: dict[str, Any]) -> None:
    """Starts a contender; if on all cores, its seconds and its memory count."""
    say(f"{_cores(cores)}: start: {contender.name}")
    seconds = contender.start(cores)
    if cores == contenders.all_cores():
        result.setdefault("start s", []).append(seconds)
        result.setdefault("loaded MB", []).append(contender.resident_megabytes())


def _measure_replies(plan: Plan, every: list[Contender], results: dict[str, dict[str, Any]], questions: Path, cores: str, everything: bool) -> None:
    """Puts each kind of load to each contender in turn, `plan.rounds` times, and the run to saturation once."""

    def faq(contender: Contender, connections: int) -> dict:
        return load.put(contender.port, questions, connections, seconds=plan.seconds)

    def tenth_turn(contender: Contender, connections: int) -> dict:
        return _tenth_turn(plan, contender, questions, connections)

    def same_question(contender: Contender, connections: int) -> dict:
        return load.put(contender.port, one_question, connections, seconds=plan.seconds)

    one_question = questions.with_suffix(".one")
    one_question.write_text(questions.read_text(encoding="utf-8").splitlines()[0].lower(), encoding="utf-8")
    runs = [("faq", faq, 1)]
    if everything:
        runs = [*(("faq", faq, count) for count in CONNECTIONS), *(("tenth turn", tenth_turn, count) for count in CONNECTIONS)]
        runs.append(("same question", same_question, 1))
    for contender in every:  # what is made at the first message is no visitor's wait
        load.put(contender.port, questions, 1, messages=20)
    for number in range(plan.rounds):
        for kind, put, connections in runs:
            for contender in every:
                say(f"{_cores(cores)}, round {number + 1} of {plan.rounds}: {kind}, {connections} at once: {contender.name}")
                of_kind = results[contender.name].setdefault(_cores(cores), {}).setdefault(kind, {})
                of_kind.setdefault(str(connections), []).append(put(contender, connections))
    messages = plan.messages if cores == contenders.all_cores() else plan.messages // ONE_CORE_SHARE
    for contender in every:
        say(f"{_cores(cores)}: {messages} messages, {SATURATING} at once: {contender.name}")
        before = contender.processor_seconds()
        run = load.put(contender.port, questions, SATURATING, messages=messages)
        run["processor ms"] = (contender.processor_seconds() - before) / run["replies"] * 1000
        run["MB after"] = contender.resident_megabytes()
        results[contender.name][_cores(cores)]["saturation"] = run


def _tenth_turn(plan: Plan, contender: Contender, questions: Path, connections: int) -> dict:
    """Returns the reply times of the tenth message of as many conversations; the nine before are not measured."""
    senders = f"{contender.port}-{time.time_ns()}-"
    load.put(contender.port, questions, SATURATING, messages=(TURNS - 1) * plan.conversations, senders=senders, of=plan.conversations)
    return load.put(contender.port, questions, connections, messages=plan.conversations, senders=senders, of=plan.conversations)


def _measure_accuracy(every: list[Contender], results: dict[str, dict[str, Any]], folder: Path) -> None:
    for contender in every[:2]:
        say(f"held-out wordings: {contender.name}")
        command = [sys.executable, "-m", "benchmarks.accuracy", str(next((contender.folder / "models").glob("*.tar.gz")))]
        output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if output.returncode:
            raise ContenderError(f"{contender.name}: held-out wordings could not be read: {output.stderr[-500:]}")
        results[contender.name]["accuracy"] = json.loads(output.stdout.splitlines()[-1])
    results[every[2].name]["accuracy"] = results[every[1].name]["accuracy"]  # the same model


def _installed_megabytes(contender: Contender) -> dict[str, float]:
    """Returns the size of the packages that a contender needs, of its model, and of the encoder that is compiled for it."""
    required = _dependencies() if contender.folder.name == "ours" else ["rasa", "rasa-sdk"]
    packages = _closure([_name(requirement) for requirement in required])
    size = sum(
        Path(str(file.locate())).stat().st_size
        for package in packages
        for file in metadata.distribution(package).files or []
        if Path(str(file.locate())).is_file()
    )
    encoder = sum(file.stat().st_size for file in (contender.folder / "var" / "encoder").glob("*.onnx"))
    model = sum(file.stat().st_size for file in (contender.folder / "models").glob("*.tar.gz"))
    return {"packages": size / 1e6, "model": model / 1e6, "encoder": encoder / 1e6}


def _dependencies() -> list[str]:
    """Returns the requirements of pyproject.toml. (Python 3.10 cannot read TOML.)"""
    _, _, dependencies = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("\ndependencies = [")
    return re.findall(r'^ *"([^"]+)"', dependencies.partition("\n]")[0], re.MULTILINE)


def _closure(names: list[str]) -> set[str]:
    """Returns the installed packages that these and what they require come to."""
    found: set[str] = set()
    while names:
        name = names.pop()
        if name in found:
            continue
        try:
            requirements = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # for another platform, or replaced (tensorflow by tensorflow-cpu)
        found.add(name)
        names += [_name(requirement) for requirement in requirements if "extra ==" not in requirement]
        if name == "rasa":
            names.append("tensorflow-cpu")
    return found


def _name(requirement: str) -> str:
    """Returns the name that a requirement begins with, as the packages' own metadata writes it."""
    return re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0].lower().replace("_", "-").replace(".", "-")


def ratios(every: list[Contender], results: dict[str, dict[str, Any]]) -> dict[str, float]:
    """Returns how many times better this project in one process is than Rasa's default."""
    theirs, our = results[every[0].name], results[every[1].name]
    cores = _cores(contenders.all_cores())

    def times(figure: Callable[[dict[str, Any]], float]) -> float:
        return figure(theirs) / figure(our)

    def percentile(figure: str) -> float:
        return times(lambda of: statistics.median(run[figure] for run in of[cores]["faq"]["1"]))

    better = {
        "faq p50": percentile("p50"),
        "faq p95": percentile("p95"),
        "faq p99": percentile("p99"),
        "replies/s": 1 / times(lambda of: of[cores]["saturation"]["replies"] / of[cores]["saturation"]["seconds"]),
        "processor time": times(lambda of: of[cores]["saturation"]["processor ms"]),
        "start": times(lambda of: statistics.median(of["start s"])),
        "memory": times(lambda of: of[cores]["saturation"]["MB after"]),
    }
    if our["training"]:
        # By processor time, which other work on the machine does not change: the default's training may be weeks old.
        better["training"] = times(lambda of: of["training"]["cold processor s"])
        better["training, cached"] = times(lambda of: of["training"]["cached s"])
    return better


def _processor_time(work: Callable[[], float]) -> tuple[float, float]:
    """Returns the seconds that work reports, and the processor seconds of the processes that it ran."""
    before = os.times()
    seconds = work()
    after = os.times()
    return seconds, after.children_user + after.children_system - before.children_user - before.children_system


def _cores(cores: str) -> str:
    return f"{len(cores.split(','))} core{'s' if ',' in cores else ''}"


def _hash(*paths: Path) -> str:
    files = sorted(file for path in paths for file in (path.rglob("*") if path.is_dir() else [path]) if file.is_file())
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
