"""What the texts of the knowledge file stand on, and what changed between two files."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date

import pytest

from bot import cli, knowledge, review
from bot.review import Change, VersionError, figures, marked, table, texts, uses, version
from bot.strict_yaml import ProblemsError

YEARS = 100  # no figure of the tiny knowledge is dated, whatever today is


@pytest.fixture
def tiny(write_knowledge):
    def load(*changes, sections=False):
        return knowledge.load(write_knowledge(*changes, sections=sections))

    return load


def test_texts_are_all_that_visitors_read(tiny):
    found = {(text.of, text.part): (text.text, text.facts) for text in texts(tiny(sections=True))}
    assert found["exam_cost", "question"] == ("What does the exam cost?", ())
    assert found["exam_cost", "answer"] == ("$399 for the CPC exam and $299 for the CCA exam.", ("cpc_fee", "cca_fee", "fees_differ"))
    assert found["exam_cost", "more"] == ("Fees differ from exam to exam.", ("fees_differ",))
    assert found["exam_cost (certification: cca)", "answer"] == ("Plan $299 for the CCA.", ("cca_fee",))
    assert found["exam_cost", "related"] == ("pay, advice", ())
    assert found["comparison certification", "Fee: cpc"] == ("$399 (2025)", ("cpc_fee",))
    assert found["pathways", "promise"] == ("Nobody promises a job.", ("fees_differ",))
    assert found["question aim", "home"] == ("Home: you like it at home", ())
    assert found["pathway slow", "steps 2"] == ("Pay: Pay $299.", ("cca_fee",))
    assert found["pathway slow", "details 1"] == ("Cost: $399 or less", ("cpc_fee",))
    assert found["pathway slow", "unknown"] == ("No length is known.", ())


def test_uses_names_whose_texts_stand_on_a_fact(tiny):
    used = uses(tiny(sections=True))
    assert used["cpc_fee"] == ("exam_cost", "exam_cost (certification: cpc)", "comparison certification", "pathway slow")
    assert used["ask_around"] == ("advice", "comparison certification", "pathway slow", "pathway usual")
    assert uses(tiny(("    facts: [ask_around]\n", "    facts: [fees_differ]\n")))["ask_around"] == ()


def test_figures_have_their_line_and_age(tiny, tmp_path, line_of):
    folder = tmp_path / "knowledge"
    rows = figures(tiny(), 5, folder, date(2027, 1, 1))
    assert [(row.name, row.dated) for row in rows] == [("cpc_fee", False), ("cca_fee", True), ("median_pay", False)]
    assert [row.line for row in rows] == [line_of(folder / "medical_coding.yml", f"  {row.name}:") for row in rows]
    first, second, third = table(knowledge.load(folder), rows).split("\n")
    assert first.split() == f"knowledge/medical_coding.yml:{rows[0].line} cpc_fee $399 2025 S1:1 exam_cost, exam_cost (certification: cpc)".split()
    assert second.split()[3:6] == ["2021", "S2:1", "dated"]
    assert third.split()[2:6] == ["$50,250/year", "May", "2024", "S1:2"]


def test_changes_show_texts_source_lines_and_facts(tiny):
    old = tiny()
    new = tiny(
        ("value: 399", "value: 425"),
        ("label: Advice", "label: Good advice"),
        ("year: 2024\n    period: May 2024", "year: 2025\n    period: May 2025"),
    )
    assert review.changes(old, new, YEARS) == [
        Change("exam_cost", "answer", "$399 for the CPC exam and $299 for the CCA exam.", "$425 for the CPC exam and $299 for the CCA exam."),
        Change("exam_cost (certification: cpc)", "answer", "Expect $399 for the CPC.", "Expect $425 for the CPC."),
        Change("pay", "answer", "$50,250 a year is the median (May 2024).", "$50,250 a year is the median (May 2025)."),
        Change("pay", "source line", "Source: coding guide (BLS, May 2024)", "Source: coding guide (BLS, May 2025)"),
        Change("advice", "label", "Advice", "Good advice"),
        *(change for change in review.changes(old, new, YEARS) if change.of == "fact"),
    ]
    assert [change.part for change in review.changes(old, new, YEARS) if change.of == "fact"] == ["cpc_fee", "median_pay"]
    assert review.changes(old, old, YEARS) == []


def test_changes_show_what_is_new_and_gone(tiny):
    old = tiny()
    more = (
        "    facts: [ask_around]\n",
        "    facts: [ask_around]\n    more: Ask on.\n    variants:\n    - {when: {role: biller}, answer: Ask billers., facts: [ask_around]}\n",
    )
    new = tiny(more)
    added = review.changes(old, new, YEARS)
    assert [str(change) for change in added] == [
        "advice: more\n  + Ask on.",
        "advice (role: biller): answer\n  + Ask billers.",
        "advice (role: biller): source line\n  + Source: how-to (undated)",
    ]
    assert [(change.old, change.new) for change in review.changes(new, old, YEARS)] == [(change.new, change.old) for change in added]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a b c", "a x c", "a [-b-]{+x+} c"),
        ("a b", "a b c", "a b{+ c+}"),
        ("a b c", "b c", "[-a -]b c"),
        ("same", "same", "same"),
    ],
)
def test_marked_shows_words_gone_and_come(old, new, expected):
    assert marked(old, new) == expected


def test_version_is_a_file_a_folder_or_a_revision(write_knowledge, tmp_path, monkeypatch):
    folder = write_knowledge()
    assert version(str(folder)).facts["cpc_fee"].value == version(str(folder / "medical_coding.yml")).facts["cpc_fee"].value == 399
    monkeypatch.setattr(review, "FOLDER", folder)
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True)
    write_knowledge(("value: 399", "value: 425"))
    assert (version("HEAD").facts["cpc_fee"].value, version(str(folder)).facts["cpc_fee"].value) == (399, 425)
    apart = tmp_path / "apart"
    apart.mkdir()
    shutil.copy(folder / "medical_coding.yml", apart / "old.yml")  # its sources are then the project's
    assert version(str(apart / "old.yml")).sources["S1"].cite == "coding guide"


def test_version_that_is_none_says_what_to_name(tmp_path):
    with pytest.raises(VersionError) as caught:
        version("no-such-thing")
    assert str(caught.value) == "'no-such-thing' is no file, no folder, and no revision of git with medical_coding.yml. Name one of these."
    with pytest.raises(VersionError) as caught:
        version(str(tmp_path))
    assert str(caught.value) == f"{tmp_path / 'medical_coding.yml'}: no such file. Name a knowledge file, its folder, or a revision of git."


def test_version_with_problems_says_of_which_file(write_knowledge):
    folder = write_knowledge(("label: Advice", "lable: Advice"))
    with pytest.raises(ProblemsError) as caught:
        version(str(folder))
    assert all(str(problem).startswith(f"{folder}: knowledge/medical_coding.yml:") for problem in caught.value.problems)


def test_facts_command_lists_the_real_figures(knowledge, capsys):
    assert cli.main(["facts"]) == 0
    *rows, total = capsys.readouterr().out.strip().split("\n")
    figures = [name for name, fact in knowledge.facts.items() if fact.value is not None]
    assert [row.split()[1] for row in rows] == figures
    assert total.startswith(f"{len(figures)} figure(s), ") and total.endswith(" 0 used by no answer.")
    assert cli.main(["facts", "yearly", "median"]) == 0
    row, total = capsys.readouterr().out.strip().split("\n")
    assert "s5_median_wage" in row and "salary" in row and total.startswith("1 figure(s)")
    assert cli.main(["facts", "no such word"]) == 0
    assert capsys.readouterr().out.startswith("0 figure(s)")


def test_diff_command_shows_changes_and_counts_them(write_knowledge, tmp_path, capsys):
    old = shutil.copytree(write_knowledge(), tmp_path / "old")
    new = write_knowledge(("value: 399", "value: 425"))
    assert cli.main(["diff", str(old), str(new)]) == 0
    out = capsys.readouterr().out
    assert "exam_cost: answer\n  [-$399-]{+$425+} for the CPC exam and $299 for the CCA exam.\n" in out and out.endswith("\n3 change(s).\n")
    assert cli.main(["diff", str(tmp_path / "nothing")]) == 1
    assert (
        capsys.readouterr().err
        == f"'{tmp_path / 'nothing'}' is no file, no folder, and no revision of git with medical_coding.yml. Name one of these.\n"
    )
