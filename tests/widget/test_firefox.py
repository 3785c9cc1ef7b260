"""The same page in Firefox ESR, driven over WebDriver BiDi by firefox.mjs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from fake_server import FakeServer

SCRIPT = Path(__file__).with_name("firefox.mjs")
CHECKS = re.findall(r'^  async "(.+)"\(page\)', SCRIPT.read_text(), re.MULTILINE)
SECONDS = 180  # the visit takes about 20 s on two idle cores


@pytest.fixture(scope="module")
def visit() -> dict[str, dict]:
    """The checks of one visit, by name."""
    fake = FakeServer()
    fake.fail("POST", "messages", status=503, times=2, wording="trouble twice")
    run = subprocess.run(
        ["node", str(SCRIPT), fake.page, str(shutil.which("firefox-esr"))], capture_output=True, text=True, timeout=SECONDS, check=False
    )
    fake.stop()
    assert run.returncode == 0, run.stderr
    return {entry["check"]: entry for entry in map(json.loads, run.stdout.splitlines())}


@pytest.mark.parametrize("check", CHECKS)
def test_firefox(visit, check):
    assert visit[check]["ok"], visit[check]["why"]
