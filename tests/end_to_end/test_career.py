"""Another career: a folder is made, an editor fills in answers, and a second assistant gives them over REST, from the same code."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request

import pytest
from server_process import Server, free_port

from bot.knowledge import ROOT

BOT = [sys.executable, "-m", "bot"]
FACTS = """\
facts:
  s1_median_pay:
    value: 40300
    unit: USD/year
    measure: median yearly pay of pharmacy technicians
    year: 2024
    by: BLS
    source: S1
    lines: [3]
  s1_on_the_job: {statement: most learn on the job, evidence: [learn on the job], source: S1, lines: [5]}
  s1_nothing_read_yet:"""
SOURCE = """\
S1:
  title: A Guide to Pharmacy Work
  publisher: Guide House
  cite: pharmacy guide
  year: 2025
  speaks_of: wages of 2024
"""


def run(project, *arguments, **environment):
    return subprocess.run([*BOT, *arguments], cwd=project, capture_output=True, text=True, timeout=600, env={**os.environ, **environment})


def test_second_assistant_from_files_alone(trained_pharmacy):
    pharmacy, project = trained_pharmacy, trained_pharmacy.parents[1]
    ours = {"BOT_CAREER": "pharmacy_technician"}
    knowledge, sources = pharmacy / "knowledge" / "pharmacy_technician.yml", pharmacy / "knowledge" / "sources.yml"
    knowledge.write_text(
        knowledge.read_text()
        .replace("facts:\n  s1_nothing_read_yet:", FACTS, 1)
        .replace("answer: I have no answer to this yet. The admissions office can help.", 'answer: "{s1_median_pay} a year is the median."', 1)
        .replace("answer: I have no answer to this yet. The admissions office can help.", "answer: Most learn on the job.\n    more: Ask.", 1)
        .replace("facts: [s1_nothing_read_yet]", "facts: [s1_on_the_job]", 2)
    )
    sources.write_text(re.sub(r"S1:\n(?:.*\n){5}", SOURCE, sources.read_text()))
    article = "A Guide\n\nThe median was $40,300 in 2024.\n\nMost learn on the job.\nSo far nothing has been read yet."
    (project / "articles").mkdir()
    (project / "articles" / "S1.txt").write_text(article)
    checked = run(project, "check", "--sources", "articles", **ours)
    assert checked.returncode == 1
    assert re.fullmatch(
        r"knowledge/pharmacy_technician\.yml:\d+: fact 's1_nothing_read_yet': the evidence .* Correct `evidence` or `lines`\.\n"
        r"knowledge/sources\.yml:1: S1: articles/S1\.txt has SHA-256 \w{64}, not the recorded 0{64}; .* record its hash\.\n",
        checked.stderr,
    )
    assert run(project, "check", **ours).returncode == 0
    port = free_port()
    server = Server([*BOT, "serve", "--port", str(port)], port, project / "log", project, **ours, BOT_DATABASE_URL="")
    try:
        server.wait_until_ready()
        (pay,) = server.ask("what do pharmacy technicians earn", "visitor")
        assert pay["text"] == "$40,300 a year is the median.\nSource: pharmacy guide (BLS, 2024)"
        assert [button["title"] for button in pay["buttons"]] == ["How to become one"]
        (source,) = server.ask("where is that from", "visitor")
        assert 'From the pharmacy guide, "A Guide to Pharmacy Work"' in source["text"]
        (become,) = server.ask("how do I become a pharmacy technician", "visitor")
        assert become["text"].startswith("Most learn on the job.\n")
        server.ask("that answered my question", "visitor")  # kept as feedback
        (hello,) = server.ask("hello")
        assert "becoming a pharmacy technician" in hello["text"]
        assert [button["payload"] for button in hello["buttons"]] == ["/ask_salary", "/ask_how_to_become"]
        declined, *offered = server.ask("what does an electrician earn")
        assert declined["text"].startswith("I only know about pharmacy technology")
        assert not any("\nSource" in reply["text"] for reply in (declined, *offered))
        knowledge.write_text(knowledge.read_text().replace("value: 40300", "value: 41000"))
        assert server.ask("what do pharmacy technicians earn")[0]["text"].startswith("$41,000 a year")

        def get(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/webhooks/widget/{path}", timeout=10) as response:
                return response.read().decode()

        assert "<h1>Pharmacy technology</h1>" in get("")
        assert "becoming a pharmacy technician" in json.loads(get("config"))["greeting"]
    finally:
        server.stop()
    assert (pharmacy / "var" / "conversations.db").exists() and (pharmacy / "var" / "assistant.db").exists()
    assert "Training" not in (project / "log").read_text(), "answers need none"
    assert not (project / "var").exists() and not (project / "models").exists()


def test_new_career_says_nothing_of_coding(pharmacy):
    for file in ("domain.yml", "settings.yml", "data/rules.yml", "data/stories.yml", "data/nlu.yml", "tests/nlu/utterances.yml", "widget/index.html"):
        lines = (pharmacy / file).read_text().split("\n")
        assert [
            line for line in lines if re.search(r"\bcod(?:ers?|ing)\b|CPC|CCA|AAPC|AHIMA|Bureau of Labor Statistics\.", line, re.IGNORECASE)
        ] == []


def test_new_career_is_what_the_check_and_rasa_take(project, pharmacy):
    result = run(project, "check", "--rasa", BOT_CAREER="pharmacy_technician")
    assert (result.returncode, result.stderr) == (0, "")
    assert "3 topics, 1 facts, " in result.stdout and result.stdout.endswith("Rasa's own validation: no problems.\n")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "Pharmacy!",
            "'Pharmacy!' is no name of a folder; allowed: lower case letters, digits and underscores. Say for example NAME=pharmacy_technician.\n",
        ),
        ("there", "careers/there is there already. Choose another name, or remove the folder first.\n"),
    ],
)
def test_new_career_refuses_a_name(project, name, said):
    (project / "careers" / "there").mkdir(parents=True)
    result = run(project, "new-career", name)
    assert (result.returncode, result.stderr) == (1, said)
    assert [path.name for path in (project / "careers").iterdir()] == ["there"]


def test_career_that_is_not_there_is_one_sentence(project):
    (project / "careers" / "electrician").mkdir(parents=True)
    result = run(project, "check", BOT_CAREER="plumber")
    assert (result.returncode, result.stdout) == (1, "")
    assert (
        result.stderr == "BOT_CAREER: there is no folder careers/plumber; there: electrician. Correct it, or make it: make new-career NAME=plumber\n"
    )


def test_make_passes_the_names_of_a_career():
    command = ["make", "--dry-run", "--old-file", ".venv/installed", "new-career", "NAME=electrician", "NOUN=union electrician"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # `make test` runs this, too
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment)
    assert (
        result.stdout.split()
        == '.venv/bin/python -m bot new-career electrician --noun "union electrician"'.replace("electrician --", "electrician \\ --", 1).split()
    )


def test_career_is_evaluated_on_its_own_held_out_wordings(trained_pharmacy):
    result = run(trained_pharmacy.parents[1], "evaluate", BOT_CAREER="pharmacy_technician")
    assert result.returncode == 0 and "Traceback" not in result.stderr, result.stderr
    assert re.search(r"\d+ held-out questions, \d+ out of scope", result.stdout) and "follow-ups" not in result.stdout
    report = json.loads((trained_pharmacy / "results" / "evaluation.json").read_text())
    assert report["figures"]["in-scope top-1"]["value"] > 0.5
