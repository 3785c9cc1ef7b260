"""`python -m bot topic new` at a real terminal: a topic is asked for, written, learned and kept; or all files stay as they were."""

from __future__ import annotations

import difflib
import re

import pytest
import yaml
from terminal import Terminal

QUESTION = "Do pharmacy technicians wear a uniform?"
EXAMPLES = [
    "do i have to wear scrubs",
    "is there a dress code",
    "what clothes do they wear behind the counter",
    "uniform?",
    "Are scrubs required at the counter?",
    "can i wear jeans behind the counter",
    "who pays for the uniform",
    "do they give you a white coat",
    "do I wear a uniform on my first shift",
    "am I allowed sneakers",
]
TRIED = ["must i buy scrubs", "which shoes can I have on", "dress rules for pharmacy technicians"]
FILES = ("knowledge/pharmacy_technician.yml", "domain.yml", "data/rules.yml", "data/nlu.yml", "tests/nlu/utterances.yml")


def contents(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file() and not {"var", "models"} & set(path.parts)}


def added(before, after):
    """Returns the lines that were added, by file; nothing may be taken away."""
    lines = {}
    for path, old in before.items():
        diff = list(difflib.ndiff(old.decode().split("\n"), after[path].decode().split("\n"))) if old != after[path] else []
        gone = [line for line in diff if line.startswith("- ")]
        assert [line for line in gone if not line.startswith("-     topics: [")] == [], path  # the one list on a line that grows
        lines[path.name] = [line[2:] for line in diff if line.startswith("+ ")]
    return {name: new for name, new in lines.items() if new}


def lead_to_examples(terminal):
    terminal.answers("as a visitor would put it:", "Do 3 of them wear it?")
    terminal.answers("the figure '3' comes from no fact", QUESTION)
    near = terminal.answers("Is it a new question?", "perhaps", "yes")
    assert "The nearest topics that there are:" in near and "how_to_become: How do you become a pharmacy technician?" in near
    terminal.answers("'perhaps' is none of these; allowed: yes, no. Type one of them.")
    terminal.answers("[pharmacy_technicians_wear] >", "Uniform!")
    terminal.answers("An id is lower case letters, digits and underscores", "salary")
    terminal.answers("There is a topic 'salary' already.", "uniform")
    terminal.answers("The label of its button", "Yearly pay")
    terminal.answers("Label 'Yearly pay' is also that of topic", "Something much too long for a button")
    terminal.answers("Label has 36 characters; a button shows at most 24", "Uniform")
    terminal.answers("stands next to in the files:", "wages")
    terminal.answers("There is no topic 'wages'.", "how_to_become")
    terminal.answers("What it is about", "leisure")
    terminal.answers("'leisure' is none of these; allowed: study, job, none.", "job")
    terminal.answers("fact> ", "")
    terminal.answers("An answer stands on at least one fact.", "zebra")
    terminal.answers("No fact has all these words.", "new")
    terminal.answers("The article:", "S7")
    terminal.answers("'S7' is none of these; allowed: S1.", "S1")
    terminal.answers("The fact's id", "s1_nothing_read_yet")
    terminal.answers("There is a fact 's1_nothing_read_yet' already.", "s1_scrubs")
    terminal.answers("`figure` or a `statement`?", "statement")
    terminal.answers("in your own words:", "most wear scrubs: tops, pants")
    terminal.answers("letter for letter", "wear scrubs; tops, pants")
    terminal.answers("The lines of the article", "four")
    terminal.answers("Lines are numbers", "4, 5")
    terminal.answers("Taken: s1_scrubs", "new")
    terminal.answers("The article:", "S1")
    terminal.answers("The fact's id", "s1_scrubs_price")
    terminal.answers("`figure` or a `statement`?", "figure")
    terminal.answers("a range such as 10-20:", "cheap")
    terminal.answers("'cheap' is no number", "30-40")
    terminal.answers("What it counts", "dollars")
    terminal.answers("'dollars' is none of these", "USD")
    terminal.answers("What it measures", "price of a set of scrubs")
    terminal.answers("The year it speaks of", "next year")
    terminal.answers("'next year' is no year", "2024")
    terminal.answers("Who measured it", "")
    terminal.answers("The lines of the article", "6")
    terminal.answers("Taken: s1_scrubs, s1_scrubs_price", "")
    terminal.answers("an empty line ends it:", "Most wear scrubs for $30.", "")
    terminal.answers("the figure '$' comes from no fact", "Most wear scrubs,", "which cost {s1_scrubs_price} in {s1_scrubs_price.year}.", "")
    terminal.reads("Visitors read (48 of 600 characters): Most wear scrubs, which cost $30 to $40 in 2024.")
    terminal.answers("nothing if there is no more:", "")
    terminal.answers("nothing to leave it out:", "You wear scrubs.", "")
    terminal.answers("the first three as buttons:", "how_to_become, salary")
    terminal.answers("an empty line ends them.", "do i have to wear scrubs", "yearly pay", "Do I have to wear scrubs?", "see [this](that)", "")


def lead_to_the_end(terminal):
    lead_to_examples(terminal)
    said = terminal.reads("1 so far; at least 5 are needed.")
    for refusal in (
        r"It stands already at data/nlu.yml:\d+ under ask_salary; each may stand once. Left out.",
        "You have it already. Left out.",
        "Brackets like .* Left out",
    ):
        assert re.search(refusal, said), said
    terminal.types(*EXAMPLES[1:], "how many months does the uniform training take", "")
    said = terminal.reads("11 examples (25 are advised). `go` on, `add` more")
    assert re.search(r"Nearer to another topic: 'how many months does the uniform training take' is 0\.\d\d like '.*' of ask_how_long", said)
    terminal.answers("[go] >", "drop")
    assert "10 are left." in terminal.answers("to be tried afterwards and not learned.", "uniform?", *TRIED, "")
    terminal.answers("It is an example, so it would prove nothing.")
    terminal.answers("kept as held-out wordings.", "yes")
    return terminal.reads("can still take it back.")


def test_topic_is_taken_back_or_written_learned_and_kept(trained_pharmacy):
    """Both in one folder: what is trained for the first is in Rasa's cache for the second."""
    (trained_pharmacy / "knowledge" / "pharmacy_technician.yml").chmod(0o640)
    (model,) = (trained_pharmacy / "models").iterdir()
    before = contents(trained_pharmacy)
    terminal = Terminal(trained_pharmacy, "topic", "new")
    lead_to_the_end(terminal)
    terminal.types("yes")
    terminal.reads("Keep the topic?")
    assert contents(trained_pharmacy) != before and not model.exists()
    terminal.types("no")
    left, status = terminal.ends()
    assert status == 1 and left.strip().endswith("The files and the trained assistant are as they were.")
    assert contents(trained_pharmacy) == before and list((trained_pharmacy / "models").iterdir()) == [model]

    terminal = Terminal(trained_pharmacy, "topic", "new")
    diff = lead_to_the_end(terminal)
    assert "+  uniform:" in diff and "+- ask_uniform: {use_entities: []}" in diff
    assert contents(trained_pharmacy) == before
    terminal.types("yes")
    said = terminal.reads("Keep the topic?")
    assert re.search(r"Of your wordings \d of 3 are understood:", said), said
    for wording in TRIED:
        assert re.search(rf"  (right|WRONG) [01]\.\d\d \w+: {wording}", said), said
    assert re.search(r"\d+ held-out wordings +before +after\s+handled rightly +\d+ +\d+\s+in-scope top-1 +[01]\.\d+ +[01]\.\d+", said), said
    terminal.types("yes")
    left, status = terminal.ends()
    assert status == 0 and "Kept." in left
    after = contents(trained_pharmacy)
    new = added(before, {path: after[path] for path in before})
    assert set(new) == {file.split("/")[-1] for file in FILES}
    assert new["domain.yml"] == ["- ask_uniform: {use_entities: []}"] and new["rules.yml"] == ["    - intent: ask_uniform"]
    assert new["nlu.yml"] == ["- intent: ask_uniform", "  examples: |", *(f"    - {example}" for example in EXAMPLES)]
    assert new["utterances.yml"] == ["ask_uniform:", *(f'  - "{wording}"' for wording in TRIED)]
    knowledge = yaml.safe_load(after[trained_pharmacy / FILES[0]])
    assert knowledge["topics"]["uniform"] == {
        "question": QUESTION,
        "label": "Uniform",
        "answer": "Most wear scrubs, which cost {s1_scrubs_price} in {s1_scrubs_price.year}.",
        "plain": "You wear scrubs.",
        "facts": ["s1_scrubs"],
        "related": ["how_to_become", "salary"],
    }
    assert knowledge["facts"]["s1_scrubs"] == {
        "statement": "most wear scrubs: tops, pants",
        "evidence": ["wear scrubs", "tops, pants"],
        "source": "S1",
        "lines": [4, 5],
    }
    assert knowledge["facts"]["s1_scrubs_price"]["value"] == [30, 40]
    assert list(knowledge["topics"]) == ["salary", "how_to_become", "uniform", "how_long"]
    assert knowledge["subjects"]["job"]["topics"] == ["salary", "how_to_become", "uniform"]
    assert (trained_pharmacy / FILES[0]).stat().st_mode & 0o777 == 0o640
    assert len(list((trained_pharmacy / "models").glob("*.tar.gz"))) == 1


@pytest.mark.parametrize("when", ["question", "confirmation"])
def test_ctrl_c_leaves_the_files_as_they_were(trained_pharmacy, when):
    before = contents(trained_pharmacy)
    terminal = Terminal(trained_pharmacy, "topic", "new")
    if when == "question":
        terminal.reads("as a visitor would put it:")
    else:
        lead_to_the_end(terminal)
    left, status = terminal.stops()
    assert status == 1 and left.strip().endswith("Stopped; the files are as they were.")
    assert contents(trained_pharmacy) == before


def test_ctrl_c_while_it_trains_takes_the_topic_back(trained_pharmacy):
    (model,) = (trained_pharmacy / "models").iterdir()
    before = contents(trained_pharmacy)
    terminal = Terminal(trained_pharmacy, "topic", "new")
    lead_to_the_end(terminal)
    terminal.types("yes")
    terminal.reads("Starting to train component")
    assert contents(trained_pharmacy) != before
    terminal.interrupts()
    left, status = terminal.ends()
    assert status == 1 and left.strip().endswith("Stopped; the files are as they were.")
    assert contents(trained_pharmacy) == before and list((trained_pharmacy / "models").iterdir()) == [model]


def test_files_with_problems_are_named_first(trained_pharmacy):
    file = trained_pharmacy / "domain.yml"
    file.write_text(file.read_text().replace("- ask_salary: {use_entities: []}\n", ""))
    left, status = Terminal(trained_pharmacy, "topic", "new").ends()
    assert status == 1 and re.search(r"domain.yml:\d+: topic 'salary' has no intent", left) and "problem(s)." in left
