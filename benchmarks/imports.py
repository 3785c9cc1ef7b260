"""What the server's imports cost, with TensorFlow as Rasa has it and without: `python -m benchmarks.imports`."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

from benchmarks import document
from bot.knowledge import ROOT

ROUNDS = 3
PROGRAM = """
import json, resource, sys, time
started = time.perf_counter()
{before}
import rasa.core.run, rasa.model_training, bot.server, rasa.engine.recipes.default_components
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([time.perf_counter() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
KINDS = {"as Rasa has it": "", "without TensorFlow, as used": "from bot import without_tensorflow; without_tensorflow.apply()"}


def main() -> None:
    """Measures in turns, prints the table and writes it into the document."""
    runs: dict[str, list[list[float]]] = {kind: [] for kind in KINDS}
    for _ in range(ROUNDS):
        for kind, before in KINDS.items():
            command = [sys.executable, "-W", "ignore", "-c", PROGRAM.format(before=before)]
            printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
            runs[kind].append(json.loads(printed.splitlines()[-1]))
    figures = {kind: [statistics.median(column) for column in zip(*of)] for kind, of in runs.items()}
    rows = [["imports of the server", *KINDS]]
    for number, (name, digits) in enumerate((("time, s", 1), ("processor time, s", 1), ("memory at most, MB", 0))):
        rows.append([name, *(f"{of[number]:.{digits}f}" for of in figures.values())])
    text = f"{document.table(rows)}\n\nRounds: {ROUNDS}, the median counts. {document.note('python -m benchmarks.imports')}"
    print(text)
    document.write("imports", text)


if __name__ == "__main__":
    main()
