"""A simulated month put through the real server: the report and the suggestions find what was planted, and a browser shows the page."""

from __future__ import annotations

import csv
import importlib.util
import os
import subprocess
import sys
from collections import Counter
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from simulated_month import DAYS, PLANTED, simulate

from bot import outcomes, report_events, suggest
from bot.knowledge import INTENT_PREFIX, ROOT

QUESTIONS = 150  # and the planted ones; with more the figures are steadier and the test slower
CHOSEN_MIN = 5  # of the 26 vague messages
CHROMIUM = Path("/usr/bin/chromium")
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PLANTED_WORDINGS = yaml.safe_load(PLANTED.read_text(encoding="utf-8"))
CLOTHES, ABROAD, _ = PLANTED_WORDINGS


@pytest.fixture(scope="module")
def month(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("month"), QUESTIONS)


def asked_what_is_meant(month):
    """Returns the wordings that were; a topic that is offered beside a refusal may be chosen, too, but says nothing of the wording."""
    now = datetime.now(timezone.utc)
    messages = report_events.read(report_events.open_events(month.endpoints), now - timedelta(days=DAYS), now)
    return {message.wording for message in messages if message.outcome == outcomes.CLARIFIED}


def bot(month, *arguments):
    command = [sys.executable, "-m", "bot", *arguments, "--since", f"{DAYS}d", "--endpoints", str(month.endpoints)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, env={**os.environ, **month.environment})


@pytest.fixture(scope="module")
def report(month):
    """The report: where its page is, and its tables."""
    page, folder = month.folder / "report.html", month.folder / "tables"
    result = bot(month, "report", "--html", str(page), "--csv", str(folder))
    assert result.returncode == 0, result.stderr
    tables = {}
    for file in folder.iterdir():
        with file.open(encoding="utf-8-sig", newline="") as opened:
            tables[file.stem] = list(csv.DictReader(opened))
    return page, tables


def test_month_is_counted(month, report):
    _, tables = report
    days = tables["days"]
    assert 0.7 * DAYS < len(days) <= DAYS
    answered = sum(int(row["answered"]) for row in days)
    in_scope = sum(question.intent.startswith(INTENT_PREFIX) for question in month.asked)
    assert 0.8 * in_scope < answered < 1.5 * in_scope  # those planted may be answered too, and what was chosen
    assert sum(int(row["contact requests"]) for row in days) >= 1
    assert sum(int(row["helpful"]) for row in days) > 0.2 * in_scope


@pytest.mark.parametrize("question", [CLOTHES, ABROAD])
def test_month_report_finds_the_planted_questions(report, question):
    _, tables = report
    planted = set(PLANTED_WORDINGS[question])
    without_answer = [row for row in tables["questions"] if row["wording"] in planted]
    assert len(without_answer) > len(planted) / 3, "most of it was answered, so nothing was tested"
    ((group, together),) = Counter(row["group"] for row in without_answer).most_common(1)
    assert together > len(without_answer) / 2
    assert int(group) <= 5, "what is asked most often stands first"
    inside = [row["wording"] in planted for row in tables["questions"] if row["group"] == group]
    assert sum(inside) > len(inside) / 2


def test_month_suggestions_find_the_planted_question_and_what_visitors_chose(month):
    result = bot(month, "suggest")
    assert result.returncode == 0 and "Traceback" not in result.stderr, result.stderr
    lines = result.stdout.splitlines()
    topics = [lines[number + 1].strip() for number, line in enumerate(lines) if line.startswith("No topic answers this")]
    assert any(topic in PLANTED_WORDINGS[CLOTHES] for topic in topics), result.stdout
    examples = [line.removeprefix("Example for ").split(": ", 1) for line in lines if line.startswith("Example for ")]
    reasons = [lines[number + 1] for number, line in enumerate(lines) if line.startswith("Example for ")]
    chosen = {wording: intent for (intent, wording), reason in zip(examples, reasons) if suggest.CHOSEN in reason}
    allowed, clarified = suggest.usable(), asked_what_is_meant(month)
    assert chosen == {wording: intent for wording, intent in month.chosen.items() if wording in allowed and wording in clarified}
    assert len(chosen) >= CHOSEN_MIN, "hardly any was unclear, so little was tested"
    assert lines[-1] == "Run this in a terminal to accept, edit or reject them."


@pytest.mark.skipif(
    not CHROMIUM.exists() or importlib.util.find_spec("playwright") is None,
    reason="Chromium (apt-get install chromium) and playwright (make install) are needed",
)
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 800)])
def test_month_page_in_a_browser(report, width, height):
    """Nothing is loaded or refused, nothing is wider than the screen, and the plots have their words."""
    from playwright.sync_api import sync_playwright

    page_file, _ = report
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=CHROMIUM_FLAGS)
        page = browser.new_page(viewport={"width": width, "height": height})
        requests, said = [], []
        page.on("request", lambda request: requests.append(request.url))
        page.on("console", lambda message: said.append(message.text))
        page.goto(page_file.as_uri())
        for summary in page.locator("summary").all():
            if summary.is_visible():
                summary.click()
        assert requests == [page_file.as_uri()] and said == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("figure svg").count() == 4
        assert page.get_by_text("asked what is meant", exact=True).locator("visible=true").count() >= 1
        browser.close()
