"""The report: gathered from both databases, on the page and in the files."""

from __future__ import annotations

import csv
import re
import stat
from collections import Counter
from datetime import date, datetime, timezone
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from bot import knowledge as knowledge_module
from bot import report, report_html, settings
from tests.report.conftest import NOW, SOURCE, ago

NASTY = "<script>alert(1)</script><img src=x onerror=alert(2)> &amp; \"quoted\" 'single'"


@pytest.fixture(autouse=True)
def learned_once(space, monkeypatch):
    monkeypatch.setattr(report, "meaning_space", lambda: space)


@pytest.fixture
def gathered(conversations, kept, at):
    """The report on a week in which a little of everything happened."""
    for day in range(3):
        conversations.add("ann", ago(days=day + 1), "what about money", [(None, SOURCE)], ["salary"], "ask_salary", 0.4)
    conversations.add("ann", ago(days=1), "and the exam", [(None, SOURCE)], ["exam_cost"], "ask_exam_cost")
    conversations.add("bob", ago(days=1), NASTY, [("utter_decline_oos_college", "No.")], intent="oos_college")
    conversations.add("old", ago(days=8), "pay?", [(None, SOURCE)], ["salary"])
    for conversation, time, wording in (
        ("bob", ago(days=1), NASTY),
        ("cat", ago(days=1), "is there free parking on campus"),
        ("dan", ago(days=2), "Is there free parking on campus?"),
        ("dan", ago(days=2), "where do students park their cars"),
        ("eve", ago(days=2), "=HYPERLINK(0) call me at 212-555-0100"),
        ("old", ago(days=8), "too old for the report"),
    ):
        at(time)
        kept.add_question(conversation, wording, "declined", "oos_college", 0.9)
    at(ago(days=1))
    kept.add_feedback("ann", "m1", "salary", NASTY, False, "too vague")
    kept.add_feedback("ann", "m2", "exam_cost", "and the exam", True)
    kept.add_contact("ann", "r1", "Ann Lee", "ann@x.org", "+1 212-555-0100", "the CCA")
    return report.gather(ago(days=7), conversations.endpoints, until=NOW)


def test_report_gathers_from_both_databases(gathered):
    assert gathered.traffic.messages == 5 and gathered.traffic.conversations == {"ann", "bob"}
    assert gathered.contacts == {date(2026, 11, 24): 1}
    assert gathered.ratings == {("salary", False): 1, ("exam_cost", True): 1}
    assert gathered.unsure == [("what about money", "salary", 3, 0.4)]
    assert sum(group.times for group in gathered.groups) == 5
    assert gathered.days == [date(2026, 11, 22), date(2026, 11, 23), date(2026, 11, 24)]


def test_report_groups_questions_that_mean_the_same(gathered):
    parking = gathered.groups[0]
    assert set(parking.wordings) == {"is there free parking on campus", "where do students park their cars"}
    assert (parking.times, parking.conversations, parking.outcomes) == (3, 2, {"declined": 3})
    assert parking.read_as == {"oos_college": 3} and parking.heading in parking.wordings


def test_report_masks_what_was_stored_unmasked(gathered, conversations, kept):
    with kept._engine.begin() as connection:
        connection.exec_driver_sql("UPDATE questions SET wording = 'my mail is ann@x.org'")
    conversations.add("ann", ago(hours=1), "pay? ann@x.org", [(None, SOURCE)], ["salary"], "ask_salary", 0.1)
    again = report.gather(ago(days=7), conversations.endpoints, until=NOW)
    page = report_html.page(again)
    assert "my mail is [e-mail address]" in page and "pay? [e-mail address]" in page and "ann@x.org" not in page


def test_report_beyond_what_is_grouped_is_counted(gathered, conversations, kept, monkeypatch):
    monkeypatch.setattr(report, "WORDINGS_MAX", 2)
    again = report.gather(ago(days=7), conversations.endpoints, until=NOW)
    assert again.not_grouped == 2 and sum(group.times for group in again.groups) == 3
    assert "2 questions in rarer wordings were not grouped" in report_html.page(again)


class Page(HTMLParser):
    """What a browser would find on a page."""

    def __init__(self, page: str):
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.attributes += [(name, value or "") for name, value in attributes]

    def handle_data(self, data):
        self.text += data


def test_report_page_escapes_what_visitors_typed(gathered):
    page = Page(report_html.page(gathered))
    assert page.tags["script"] == page.tags["img"] == 0
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    for section in ("Questions without an answer", "Answers marked as not helpful"):
        assert NASTY in page.text.split(section)[-1].split("Answers marked as not helpful")[0], section


def test_report_page_loads_nothing(gathered):
    page = Page(report_html.page(gathered))
    assert set(page.tags) & {"link", "iframe", "object", "embed", "base", "form", "use"} <= {"use"}
    addresses = [value for name, value in page.attributes if name in ("href", "src", "xlink:href", "action", "data", "srcset")]
    assert addresses and all(value.startswith("#") for value in addresses)
    assert "@import" not in report_html.page(gathered) and "url(http" not in report_html.page(gathered)


def test_report_page_plots_are_whole_and_share_no_id(gathered):
    page = report_html.page(gathered)
    plots = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(plots) == 4
    ids = [
        element.get("id")
        for plot in plots
        for element in ElementTree.fromstring(plot).iter()
        if element.tag.endswith(("clipPath", "path")) and element.get("id")
    ]
    assert len(ids) == len(set(ids))
    assert gathered.known.topics["salary"].label in plots[1]


def test_report_page_links_lead_to_its_sections(gathered):
    page = Page(report_html.page(gathered))
    ids = {value for name, value in page.attributes if name == "id"}
    links = re.findall(r'<a href="#([^"]+)"', report_html.page(gathered))
    assert len(links) == 5 and set(links) <= ids


def test_report_of_nothing_says_so(conversations, kept):
    empty = report.gather(ago(days=7), conversations.endpoints, until=NOW)
    page = report_html.page(empty)
    for sentence in ("Nobody has written in this time.", "Every question was answered.", "No answer was marked as not helpful."):
        assert sentence in page
    assert "<svg" not in page and ">nan" not in page
    assert [len(rows) for name, rows in report.tables(empty).items() if name not in ("topics", "figures")] == [1] * 5


def test_report_csv_files(gathered, tmp_path):
    folder = tmp_path / "new" / "folder"
    report.write_csv(gathered, folder)
    assert sorted(file.name for file in folder.iterdir()) == sorted(f"{name}.csv" for name in report.tables(gathered))
    read = {}
    for file in folder.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        with file.open(encoding="utf-8-sig", newline="") as opened:
            read[file.stem] = list(csv.DictReader(opened))
    assert [(row["day"], row["answered"], row["declined"], row["contact requests"]) for row in read["days"]] == [
        ("2026-11-22", "1", "0", "0"),
        ("2026-11-23", "1", "0", "0"),
        ("2026-11-24", "2", "1", "1"),
    ]
    salary = next(row for row in read["topics"] if row["topic"] == "salary")
    assert (salary["answered"], salary["with low confidence"], salary["helpful"], salary["not helpful"]) == ("3", "3", "0", "1")
    assert {row["wording"] for row in read["questions"]} >= {NASTY, "'=HYPERLINK(0) call me at [phone number]"}
    assert [(row["question"], row["comment"]) for row in read["unhelpful"]] == [(NASTY, "too vague")]
    assert read["unsure"] == [{"wording": "what about money", "answered with": "salary", "times": "3", "confidence": "0.40"}]
    assert {"topic": "exam_cost", "day": "2026-11-24", "answered": "1"} in read["topics_by_day"]


def test_report_renewals_are_the_dated_figures_and_those_of_next_year(write_knowledge):
    site = settings.load().copy(update={"figures_dated_after_years": 3})
    known = knowledge_module.load(write_knowledge())  # fees of 2025 and 2021, pay of 2024
    found = report.renewals(known, site, date(2025, 6, 1))
    assert [(one.name, one.year, one.due, one.topics) for one in found] == [("cca_fee", 2021, True, ("exam_cost",))]
    found = report.renewals(known, site, date(2027, 12, 31))
    assert [(one.name, one.due) for one in found] == [("cca_fee", True), ("median_pay", False)]
    found = report.renewals(known, site, date(2028, 1, 1))
    assert [(one.name, one.due) for one in found] == [("cca_fee", True), ("median_pay", True), ("cpc_fee", False)]


def test_report_period_ends_before_now(gathered, conversations):
    earlier = report.gather(ago(days=7), conversations.endpoints, until=datetime(2026, 11, 23, 0, 0, tzinfo=timezone.utc))
    assert earlier.traffic.messages == 1 and earlier.feedback == [] and earlier.groups == []
