"""A new topic in the files: what is added stands where it belongs, and all else stays as it is, to the letter."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from bot import topic_files
from bot.knowledge import FILE, HOME, Fact
from bot.topic_files import HELD_OUT, Draft, edits, problems, scalar, written

DRAFT = Draft(
    name="records_clerk",
    question="What is a medical records clerk's job like: flexible?",
    label="Records clerk",
    near="benefits",
    subject="job",
    answer="It is described as very flexible, e.g. full-time. The median wage is {s5_median_wage} a year.",
    facts=("s1_records_clerk_full_time",),
    new_facts=(
        ("s5_clerks", Fact(value=[1, 2.5], unit="years", measure="time a clerk stays, #1", source="S5", lines=[1, 2], period="2022-2032")),
        ("s1_records_clerk_full_time", Fact(statement="a clerk: full time", evidence=["a, b", "no", "c: d"], source="S1", lines=[130])),
        ("s1_second", Fact(statement="yes", evidence=["x"], source="S1", lines=[131])),
    ),
    related=("benefits", "part_time"),
    examples=(
        "hows life as a clerk in the records dept",
        "records clerk: what's it like",
        "# of hours a records clerk works",
        "- records clerk perks",
        "clerk??",
    ),
    held_out=('he said "clerk"', "is it: fun"),
)


@pytest.fixture(scope="module")
def texts():
    return edits(DRAFT)


def load(text: str):
    return yaml.load(text, Loader=yaml.CSafeLoader)


def lines_added(file: str, text: str) -> list[str]:
    """Returns the lines that a text has more than the file, in their order; all others must be the same."""
    old, added = (HOME / file).read_text(encoding="utf-8").split("\n"), []
    for line in text.split("\n"):
        if old and line == old[0]:
            old.pop(0)
        else:
            added.append(line)
    assert old == []
    return added


@pytest.mark.parametrize(
    ("file", "added", "before"),
    [
        ("domain.yml", ["- ask_records_clerk: {use_entities: []}"], "- ask_benefits: {use_entities: []}"),
        ("data/rules.yml", ["    - intent: ask_records_clerk"], "    - intent: ask_benefits"),
        ("data/nlu.yml", ["- intent: ask_records_clerk", "  examples: |", *(f"    - {example}" for example in DRAFT.examples)], None),
        (HELD_OUT, ["ask_records_clerk:", '  - "he said \\"clerk\\""', '  - "is it: fun"'], None),
    ],
)
def test_topic_is_added_to_the_real_file(texts, file, added, before):
    assert lines_added(file, texts[file]) == added
    if before:
        assert f"{before}\n{added[0]}\n" in texts[file]


def test_topic_is_added_behind_its_neighbour(texts):
    for file, read in (
        ("data/nlu.yml", lambda content: [entry["intent"] for entry in content["nlu"]]),
        (HELD_OUT, list),
        (FILE, lambda content: [f"ask_{topic}" for topic in content["topics"]]),
    ):
        names = read(load(texts[file]))
        assert names[names.index("ask_benefits") + 1] == "ask_records_clerk", file


def test_knowledge_file_gets_topic_facts_and_subject_and_nothing_else(texts):
    old, new = load((HOME / FILE).read_text(encoding="utf-8")), load(texts[FILE])
    assert new["topics"].pop("records_clerk") == {
        "question": DRAFT.question,
        "label": DRAFT.label,
        "answer": DRAFT.answer,
        "facts": ["s1_records_clerk_full_time"],
        "related": ["benefits", "part_time"],
    }
    assert new["facts"].pop("s5_clerks") == {
        "value": [1, 2.5],
        "unit": "years",
        "measure": "time a clerk stays, #1",
        "period": "2022-2032",
        "source": "S5",
        "lines": [1, 2],
    }
    names = list(new["facts"])
    place = names.index("s1_records_clerk_full_time")
    assert names[place - 1].startswith("s1_") and names[place + 1] == "s1_second" and names[place + 2].startswith("s2_")
    assert new["facts"].pop("s1_records_clerk_full_time")["evidence"] == ["a, b", "no", "c: d"]
    assert new["facts"].pop("s1_second")["statement"] == "yes"
    assert new["subjects"]["job"]["topics"].pop() == "records_clerk"
    assert new == old
    comments = [line for line in (HOME / FILE).read_text(encoding="utf-8").split("\n") if line.strip().startswith("#")]
    assert [line for line in texts[FILE].split("\n") if line.strip().startswith("#")] == comments


def test_draft_without_examples_touches_the_knowledge_file_alone():
    assert list(edits(Draft("clerk", "Who?", "Clerk", "benefits", answer="A.", facts=("s1_x",)))) == [FILE]


def test_good_topic_has_no_problems():
    assert problems(DRAFT) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"answer": "It takes 3 years."}, "topic 'records_clerk': answer: the figure '3' comes from no fact."),
        ({"answer": "It takes {s9_years}."}, "topic 'records_clerk': answer: '{s9_years}' names no fact."),
        ({"label": "Medical records clerk's job"}, "topic 'records_clerk': label has 27 characters; a button shows at most 24."),
        ({"related": ("no_such",)}, "topic 'records_clerk': related topic 'no_such' does not exist or is itself."),
        ({"examples": (*DRAFT.examples, "salary?")}, "of ask_salary stands already at line"),
        ({"examples": DRAFT.examples[:3]}, "intent 'ask_records_clerk' has 3 examples; at least 5 are needed."),
    ],
)
def test_problems_of_a_topic_are_those_of_the_check(change, message):
    assert any(message in found.message for found in problems(replace(DRAFT, **change)))


@pytest.mark.parametrize(
    "value", ["plain words", "a: b", "# c", "no", "12", "it's", "- x", "", "{x}", "[y]", "a, b", "é", 'say "x"', "yes #1", "null", 12, 2.5]
)
def test_scalar_reads_back_the_same(value):
    assert yaml.safe_load(f"key: {scalar(value)}") == {"key": value}
    assert yaml.safe_load(f"key: {scalar([value, value])}") == {"key": [value, value]}


def test_list_of_a_subject_may_stand_in_brackets_over_lines_or_below():
    for before, after in (
        (["topics: []"], ["topics: [new]"]),
        (["topics: [a, b]"], ["topics: [a, b, new]"]),
        (["topics: [a,", "  b]", "x: [c]"], ["topics: [a,", "  b, new]", "x: [c]"]),
        (["topics:", "  - a", "", "x: 1"], ["topics:", "  - a", "  - new", "", "x: 1"]),
        (["  topics:", "  - a", "  x: 1"], ["  topics:", "  - a", "  - new", "  x: 1"]),
    ):
        topic_files._add_to_list(before, 1, "new")
        assert before == after


def test_written_puts_files_back_when_the_block_fails(tmp_path):
    (tmp_path / "a").write_text("old a")
    (tmp_path / "b").write_text("old b")
    with pytest.raises(KeyboardInterrupt), written({"a": "new a", "b": "new b"}, tmp_path):
        assert [(tmp_path / name).read_text() for name in "ab"] == ["new a", "new b"]
        raise KeyboardInterrupt
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "old a", "b": "old b"}
    with written({"a": "new a"}, tmp_path):
        pass
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "new a", "b": "old b"}
