"""The list of known holes in SECURITY.md, and what `make audit` says of one that does not fit the lock."""

from __future__ import annotations

import importlib.util

import pytest

from bot.knowledge import ROOT

SPEC = importlib.util.spec_from_file_location("audit", ROOT / "deploy" / "audit.py")
audit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)

LOCK = "skops==0.9.0 \\\n    --hash=sha256:1\nmarkdown==3.10.3 ; python_version < '3.11' \\\nmarkdown==3.11.3 ; python_version >= '3.11' \\\n"
GOOD = "| `skops` | 0.9.0 | CVE-2025-54412 | 0.12.0 | none | pinned |"


def said(*rows: str) -> list[str]:
    table = "\n".join(["<!-- audited: make audit -->", "| package |", "|---|", *rows, "<!-- end -->"])
    return list(audit.problems(table, LOCK))


def test_real_list_fits_the_real_lock():
    assert list(audit.problems((ROOT / "SECURITY.md").read_text(), (ROOT / "requirements.txt").read_text())) == []


def test_list_that_fits_is_not_complained_of():
    assert said(GOOD) == []


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        ([], "SECURITY.md: the table of known holes is missing. Put it back."),
        ([GOOD, GOOD], "SECURITY.md: skops CVE-2025-54412: listed twice. Remove one."),
        ([GOOD.replace("0.12.0", "0.9.0")], "SECURITY.md: skops CVE-2025-54412: closed by the locked version. Remove the line."),
        ([GOOD.replace("0.9.0", "0.8.0")], "SECURITY.md: skops CVE-2025-54412: 0.8.0 is not locked, but 0.9.0. Look the advisory up for it."),
        ([GOOD.replace("skops", "gone")], "SECURITY.md: gone CVE-2025-54412: the package is not locked any more. Remove the line."),
        (
            [GOOD.replace("CVE-2025-54412", "somewhere")],
            "SECURITY.md: skops somewhere: no id of an advisory; allowed: CVE-..., GHSA-..., PYSEC-.... Correct it.",
        ),
        ([GOOD.replace("0.12.0", "soon")], "SECURITY.md: skops CVE-2025-54412: Invalid version: 'soon'. Correct it."),
        (
            [GOOD, "| `skops` | 0.9.0 |"],
            "SECURITY.md: not a line of the table: '| `skops` | 0.9.0 |'. Give package, locked, advisory, fixed in, reach and reason.",
        ),
    ],
)
def test_list_that_does_not_fit_is_said(rows, problem):
    assert said(*rows) == [problem]


def test_lock_with_two_versions_of_a_package():
    row = "| `markdown` | 3.10.3 | CVE-2025-0000 | 3.11 | none | pinned |"
    assert said(row) == []
    assert said(row.replace("3.11 |", "3.10 |")) == ["SECURITY.md: markdown CVE-2025-0000: closed by the locked version. Remove the line."]
