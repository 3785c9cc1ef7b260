"""`python -m bot report` as an operator calls it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from bot.knowledge import ROOT
from tests.report.conftest import NOW, SOURCE, Conversations


def bot(*arguments, cwd=ROOT, **environment):
    command = [sys.executable, "-m", "bot", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=120, env=environment)


def test_report_command_writes_page_and_tables_where_it_is_called(tmp_path):
    conversations = Conversations(f"sqlite:///{tmp_path / 'conversations.db'}", tmp_path)
    conversations.add("ann", NOW, "pay?", [(None, SOURCE)], ["salary"])
    result = bot("report", "--since", "2026-11-01", "--html", "r.html", "--csv", "tables", "--endpoints", "endpoints.yml", cwd=tmp_path)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"Tables: {tmp_path / 'tables'}\nReport: {tmp_path / 'r.html'}\n"
    assert "Most asked topics" in (tmp_path / "r.html").read_text()
    assert len(list((tmp_path / "tables").iterdir())) == 7


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--since", "last week"], 2, "'last week' is no time; allowed: days like 7d, hours like 12h, or a date like 2026-11-25"),
        (["--endpoints", "empty.yml"], 1, "empty.yml: conversations in a tracker store of type InMemory cannot be read"),
    ],
)
def test_report_command_says_what_is_wrong(tmp_path, arguments, status, message):
    (tmp_path / "empty.yml").write_text("nlg: {type: x}\n")
    result = bot("report", *arguments, cwd=tmp_path)
    assert (result.returncode, result.stdout) == (status, "")
    assert message in result.stderr and "Traceback" not in result.stderr


def test_report_command_that_cannot_write_says_so(tmp_path):
    conversations = Conversations(f"sqlite:///{tmp_path / 'conversations.db'}", tmp_path)
    result = bot("report", "--endpoints", str(conversations.endpoints), "--html", "/proc/none/report.html")
    assert result.returncode == 1 and "/proc/none" in result.stderr and "Traceback" not in result.stderr
