"""What benchmarks write into docs/performance.md: each its own block, with a note on what was measured, where and when."""

from __future__ import annotations

import os
import platform
import re
import time
from importlib import metadata
from pathlib import Path

from bot.knowledge import ROOT

DOCUMENT = ROOT / "docs" / "performance.md"
VERSIONS = {"rasa": "Rasa", "tensorflow-cpu": "TensorFlow", "onnxruntime": "ONNX Runtime", "numpy": "NumPy"}


def write(name: str, text: str, document: Path = DOCUMENT) -> None:
    """Replaces what stands in a document between `<!-- name -->` and the next `<!-- end -->`.

    Raises:
        ValueError: the document does not hold exactly one such block.
    """
    page = document.read_text(encoding="utf-8")
    block = re.compile(rf"(<!-- {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    replaced, count = block.subn(lambda match: f"{match[1]}\n{text}\n\n{match[2]}", page)
    if count != 1:
        raise ValueError(f"{document}: holds {count} blocks '<!-- {name} -->' ... '<!-- end -->'; it must hold one. Add or remove it.")
    document.write_text(replaced, encoding="utf-8")


def table(rows: list[list[str]]) -> str:
    """Returns rows as a table in Markdown; the first is its head."""
    head, *rest = rows
    return "\n".join(["| " + " | ".join(head) + " |", "|" + "---|" * len(head), *("| " + " | ".join(row) + " |" for row in rest)])


def note(command: str) -> str:
    """Returns by what command, when and on what machine figures were measured, and how busy it was with all else and the measuring itself."""
    processor = next((line.partition(": ")[2] for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "unknown")
    versions = ", ".join(f"{shown} {metadata.version(name)}" for name, shown in VERSIONS.items())
    return (
        f"`{command}`, {time.strftime('%Y-%m-%d')}: {os.cpu_count()} cores ({processor}), Python {platform.python_version()}, {versions}; "
        f"load average at the end {os.getloadavg()[1]:.1f}."
    )
