"""Accuracy of this project's own NLU components on public intent sets, beside published figures: `python -m benchmarks.nlu FOLDER`."""

from __future__ import annotations

import csv
import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from bot.evaluate import area_under_curve
from bot.knowledge import ROOT

SEEDS = range(5)
SHOTS = 10
OF_THE_CAREER = ("QuestionSplitter", "GazetteerEntityExtractor", "ComparisonClassifier", "EllipsisClassifier", "SeveralQuestionsClassifier")
PUBLISHED = {  # accuracy in %, from the papers named in docs/understanding.md
    "BANKING77 10-shot": "USE+ConveRT 85.19, CPFT 87.20",
    "BANKING77 full": "USE+ConveRT 93.36, BERT tuned 93.66",
    "CLINC150 10-shot": "USE+ConveRT 93.26, CPFT 94.18",
    "CLINC150 full": "BERT with threshold 96.2 in scope and 52.3 recall out of scope; ensemble SNGP 97.4, AUROC .973",
}
Rows = list[tuple[str, str]]


def banking77(folder: Path) -> tuple[Rows, Rows]:
    """Returns the training and test rows, (text, intent)."""

    def rows(name: str) -> Rows:
        with (folder / "banking77" / name).open(newline="", encoding="utf-8") as file:
            return [(row["text"], row["category"]) for row in csv.DictReader(file)]

    return rows("train.csv"), rows("test.csv")


def clinc150(folder: Path) -> tuple[Any, ...]:
    """Returns the training and test rows, (text, intent), and the out-of-scope test texts."""
    content = json.loads((folder / "clinc150" / "data_full.json").read_text(encoding="utf-8"))
    return [tuple(row) for row in content["train"]], [tuple(row) for row in content["test"]], [text for text, _ in content["oos_test"]]


def draw(rows: Rows, shots: int, seed: int) -> Rows:
    """Returns so many rows of each intent, intents in sorted order."""
    chance = random.Random(seed)
    by_intent: dict[str, Rows] = {}
    for row in rows:
        by_intent.setdefault(row[1], []).append(row)
    return [row for intent in sorted(by_intent) for row in chance.sample(by_intent[intent], shots)]


class Pipeline:
    """The components of config.yml, trained on rows and asked directly."""

    def __init__(self, rows: Rows):
        import yaml
        from rasa.engine.graph import ExecutionContext, GraphSchema
        from rasa.engine.storage.local_model_storage import LocalModelStorage
        from rasa.engine.storage.resource import Resource
        from rasa.shared.nlu.training_data.message import Message
        from rasa.shared.nlu.training_data.training_data import TrainingData
        from rasa.shared.utils.common import class_from_module_path

        self._message = Message
        training_data = TrainingData([Message.build(text, intent="ask_" + intent) for text, intent in rows])
        storage = LocalModelStorage(Path(tempfile.mkdtemp()))
        self._components = []
        for index, entry in enumerate(yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]):
            name = entry.pop("name")
            if "." not in name or name.split(".")[-1] in OF_THE_CAREER:  # Rasa's fallback and the career's names say nothing here
                continue
            component_class = class_from_module_path(name)
            context = ExecutionContext(GraphSchema({}), node_name=f"{index}")
            component = component_class.create({**component_class.get_default_config(), **entry}, storage, Resource(f"{index}"), context)
            if hasattr(component, "train"):
                component.train(training_data)
            if hasattr(component, "process_training_data"):
                component.process_training_data(training_data)
            self._components.append(component)

    def read(self, texts: list[str]) -> tuple[list[str], list[float]]:
        """Returns the likeliest intent and the scope signal of each text."""
        messages = [self._message.build(text) for text in texts]
        for component in self._components:
            messages = component.process(messages)
        return [message.get("intent")["name"].removeprefix("ask_") for message in messages], [message.get("scope") for message in messages]


def accuracy(train: Rows, test: Rows) -> tuple[float, Pipeline]:
    """Returns the share of test rows understood rightly after training, in %, and the trained pipeline.

    Each intent's name ("card_arrival") is one example more, as the assistant's own examples have each topic's label.
    """
    names = [(intent.replace("_", " "), intent) for intent in sorted({intent for _, intent in train})]
    pipeline = Pipeline(train + names)
    intents, _ = pipeline.read([text for text, _ in test])
    return 100 * float(np.mean([read == right for read, (_, right) in zip(intents, test)])), pipeline


def main(folder: Path) -> None:
    """Runs every set and prints a line each."""
    *clinc, out_of_scope_texts = clinc150(folder)
    report: dict[str, dict] = {}
    for name, (train, test) in {"BANKING77": banking77(folder), "CLINC150": clinc}.items():
        for shots in (10,):
            figures = []
            for seed in SEEDS:
                figures.append(accuracy(draw(train, shots, seed), test)[0])
                print(f"  {name} {shots}-shot, seed {seed}: {figures[-1]:.2f}", flush=True)
            report[f"{name} {shots}-shot"] = {"accuracy": float(np.mean(figures)), "per seed": figures}
            print(
                f"{name} {shots}-shot, mean of {len(SEEDS)} seeds: {np.mean(figures):.2f} (published: {PUBLISHED[f'{name} {shots}-shot']})",
                flush=True,
            )
        full, pipeline = accuracy(train, test)
        report[f"{name} full"] = {"accuracy": full}
        line = f"{name} full: {full:.2f}"
        if name == "CLINC150":
            _, in_scope = pipeline.read([text for text, _ in test])
            _, out_of_scope = pipeline.read(out_of_scope_texts)
            threshold = np.quantile(in_scope, 0.05)
            recall = 100 * float(np.mean(np.array(out_of_scope) < threshold))
            report[f"{name} full"] |= {"AUROC": area_under_curve(in_scope, out_of_scope), "out-of-scope recall at 95 % of in-scope kept": recall}
            line += f"; out-of-scope recall {recall:.1f} where 95 % of in-scope is kept; AUROC {report[f'{name} full']['AUROC']:.4f}"
        print(f"{line} (published: {PUBLISHED[f'{name} full']})", flush=True)
    results = ROOT / "results"
    results.mkdir(exist_ok=True)
    (results / "benchmark_nlu.json").write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: python -m benchmarks.nlu FOLDER, the folder that holds banking77/ and clinc150/")
    main(Path(sys.argv[1]))
