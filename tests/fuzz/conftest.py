"""Prints how many cases each property was tried on."""

from __future__ import annotations

from collections import Counter

import pytest

COUNTS: Counter[str] = Counter()


@pytest.fixture
def tried(request) -> Counter[str]:
    """Counts the cases of a test: tried[name] += 1."""
    return COUNTS


def pytest_terminal_summary(terminalreporter) -> None:
    """Prints the counts."""
    for name, count in sorted(COUNTS.items()):
        terminalreporter.write_line(f"{name}: {count} cases")
