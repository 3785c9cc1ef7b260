"""Things side by side: rules on tiny knowledge, then every pair and triple of the real file."""

from __future__ import annotations

import itertools
from datetime import date

import pytest

from bot import comparisons
from bot.comparisons import ROWS_MAX, TEXT_MAX_CHARACTERS, beside, compare, kind_to_compare, says_of
from bot.knowledge import CELL_MAX_CHARACTERS, FIGURE, ProblemsError, load

TODAY = date(2026, 6, 1)


@pytest.fixture
def tiny(write_knowledge):
    return load(write_knowledge(sections=True))


def test_compare_tells_what_is_known_of_all_first_and_what_the_sources_do_not_say(tiny):
    compared = compare(tiny, "certification", ["cpc", "cca"], 5, today=TODAY)
    assert compared.full_text == (
        "CPC and Associate, side by side:\n"
        "Talk - CPC and Associate: talk to people\n"
        "Fee - CPC: $399 (2025); Associate: my sources do not say\n"
        "Sources: coding guide (2025); how-to (undated)"
    )


def test_compare_puts_the_row_asked_about_first(tiny):
    compared = compare(tiny, "certification", ["cpc", "cca"], 5, [("talk", 0.5), ("exam_cost", 0.3)], TODAY)
    assert [line.split(" - ")[0] for line in compared.text.split("\n")] == ["CPC and Associate, side by side:", "Fee", "Talk"]


def test_compare_keeps_the_order_in_which_things_were_named(tiny):
    assert compare(tiny, "certification", ["cca", "cpc"], 5).card["columns"] == ["Associate", "CPC"]


def test_compare_card_has_a_cell_for_each_thing_and_its_sources(tiny):
    assert compare(tiny, "certification", ["cpc", "cca"], 5, today=TODAY).card == {
        "card": "comparison",
        "title": "CPC and Associate",
        "columns": ["CPC", "Associate"],
        "rows": [
            {"label": "Talk", "cells": ["Talk to people", "Talk to people"]},
            {"label": "Fee", "cells": ["$399 (2025)", "My sources do not say"]},
        ],
        "sources": [
            {
                "cite": "coding guide",
                "when": "2025",
                "dated": False,
                "figures": [{"figure": "$399", "measure": "fee of the CPC exam", "by": None, "when": "2025", "dated": False}],
            },
            {"cite": "how-to", "when": "undated", "dated": False, "figures": []},
        ],
    }


def test_compare_with_something_without_data_says_so_and_gives_the_other(tiny):
    assert compare(tiny, "certification", ["ctr", "cpc"], 5, today=TODAY).text == (
        "CTR and CPC, side by side:\nTalk - CPC: talk to people\nFee - CPC: $399 (2025)\nMy sources say nothing about CTR."
    )


def test_compare_where_nothing_is_known_has_no_source_line(write_knowledge):
    bare = load(write_knowledge(("{of: [cpc, cca], text", "{of: [cca], text"), ("{of: [cpc], text", "{of: [cca], text"), sections=True))
    compared = compare(bare, "certification", ["ctr", "cpc"], 5)
    assert compared.full_text == "My sources say nothing about CTR.\nMy sources say nothing about CPC."
    assert compared.card["rows"] == []


def test_compare_takes_the_first_three_of_four(knowledge):
    compared = compare(knowledge, "certification", ["cpc", "cca", "ccs", "coc"], 5)
    assert compared.text.startswith("CPC, CCA and CCS, side by side:") and compared.text.endswith("Ask me about COC on its own.")


def test_compare_marks_figures_dated_by_the_site(tiny):
    assert "coding guide (2025; dated)" in compare(tiny, "certification", ["cpc", "cca"], 0, today=TODAY).source_line


@pytest.mark.parametrize(
    ("entities", "kind"),
    [
        ({"certification": ["cpc", "cca"]}, "certification"),
        ({"certification": ["cpc"]}, None),
        ({"certification": ["cpc", "gone"]}, None),
        ({"role": ["biller", "coder"]}, None),
        ({}, None),
    ],
    ids=["two", "one", "one known", "a kind without comparison", "none"],
)
def test_kind_to_compare(tiny, entities, kind):
    assert kind_to_compare(tiny, entities) == kind


def test_kind_to_compare_takes_the_kind_with_most_values(knowledge):
    assert (
        kind_to_compare(knowledge, {"certification": ["cpc", "cca"], "credential_level": ["certificate", "diploma", "associate"]})
        == "credential_level"
    )


@pytest.mark.parametrize(
    ("topic", "entities", "found"),
    [
        ("pay", {}, ("certification", ["cpc", "cca"])),
        ("pay", {"certification": ["cca", "cpc"]}, ("certification", ["cca", "cpc"])),
        ("pay", {"certification": ["cpc"]}, None),
        ("pay", {"certification": ["cpc", "ctr"]}, None),
        ("exam_cost", {"certification": ["cpc", "cca"]}, None),
    ],
    ids=["in general", "both named", "one named", "one that it does not tell apart", "another topic"],
)
def test_beside(tiny, topic, entities, found):
    assert beside(tiny, topic, entities) == found


@pytest.mark.parametrize(
    ("topic", "values", "says"),
    [("advice", ["cca", "ctr"], True), ("exam_cost", ["cpc", "cca"], True), ("exam_cost", ["cca", "ctr"], False), ("pay", ["cpc", "cca"], False)],
    ids=["general", "a row", "a row that says nothing of them", "no row"],
)
def test_says_of(tiny, topic, values, says):
    assert says_of(tiny, "certification", values, topic) is says


# The check

REFUSED = [  # id, (old, new), message
    ("unknown kind", ("comparisons:\n  certification:", "comparisons:\n  cert:"), "comparison 'cert': unknown entity; known: certification, role. Correct it."),
    ("unknown topic", ("topics: [advice]", "topics: [gone]"), "comparison 'certification': topic 'gone' does not exist. Name another topic's id."),
    ("unknown topic told apart", ("{pay: [cpc, cca]}", "{pays: [cpc]}"), "comparison 'certification': topic 'pays' does not exist. Name another topic's id."),
    ("unknown value told apart", ("{pay: [cpc, cca]}", "{pay: [cpd]}"), "comparison 'certification': unknown certification 'cpd'; known: cpc, cca, ctr. Correct it."),
    ("unknown value of a word", ("payer: [ctr]", "payer: [ctx]"), "comparison 'certification': unknown certification 'ctx'; known: cpc, cca, ctr. Correct it."),
    ("unknown value with a name", ("{cca: Associate}", "{ccx: Associate}"), "comparison 'certification': unknown certification 'ccx'; known: cpc, cca, ctr. Correct it."),
    ("unknown value of a cell", ("{of: [cpc, cca], text", "{of: [cpc, ccb], text"), "comparison 'certification': unknown certification 'ccb'; known: cpc, cca, ctr. Correct it."),
    ("two cells", ("{of: [cpc, cca], text", "{of: [cpc, cca, cpc], text"), "comparison 'certification': Talk: 'cpc' has a cell already. Remove it from one."),
    ("unknown topic of a row", ("topics: [exam_cost]", "topics: [exam]"), "comparison 'certification': topic 'exam' does not exist. Name another topic's id."),
    ("unknown fact", ("talk to people, facts: [ask_around]", "talk to people, facts: [ask]"), "comparison 'certification': Talk: unknown fact 'ask'. Correct the name or add it under `facts`."),
    ("dangling reference", ("({cpc_fee.year})", "({fee.year})"), "comparison 'certification': Fee: '{fee.year}' names no fact. Correct the name or add it under `facts`."),
    ("bare figure", ("text: talk to people", "text: talk to two people"), "comparison 'certification': Talk: the figure 'two' comes from no fact. Add a fact and write its name in braces, or reword."),
    ("no fact", ("talk to people, facts: [ask_around]", "talk to people"), "comparison 'certification': Talk: 'talk to people' stands on no fact. Name the facts it stands on under `facts`."),
    ("semicolon", ("text: talk to people", "text: talk; listen"), "comparison 'certification': Talk: a cell has a semicolon, which parts the things compared. Use a comma."),
    ("long label", ("label: Talk", f"label: {'L' * 25}"), f"comparison 'certification': label '{'L' * 25}' has 25 characters; at most 24 fit. Shorten it."),
    ("long cell", ("text: talk to people", f"text: {'x' * 101}"), f"comparison 'certification': Talk: a cell has 101 characters; at most {CELL_MAX_CHARACTERS} fit. Shorten it."),
    ("unknown key", ("  - label: Talk", "  - label: Talk\n      note: x"), "unknown key 'note'; allowed: label, topics, cells. Correct or remove it."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_knowledge_refuses_comparison(write_knowledge, change, message):
    with pytest.raises(ProblemsError) as caught:
        load(write_knowledge(change, sections=True))
    assert [problem.message for problem in caught.value.problems] == [message]


# The real file


def combinations(knowledge):
    for kind in knowledge.comparisons:
        for size in (2, 3):
            for values in itertools.combinations(knowledge.entities[kind].values, size):
                yield kind, list(values)


def test_compare_real_pairs_and_triples_are_short_complete_and_cited(knowledge):
    for kind, values in combinations(knowledge):
        compared = compare(knowledge, kind, values, 5)
        lines = compared.text.split("\n")
        assert len(compared.text) <= TEXT_MAX_CHARACTERS and 2 <= len(lines) <= ROWS_MAX + 1, (kind, values)
        assert all(" - " in line and line.split(": ", 1)[1] != comparisons.NOT_SAID for line in lines[1:]), (kind, values)
        assert compared.source_line.startswith(("Source: ", "Sources: ")) and "\n" not in compared.source_line
        assert all(len(row["cells"]) == len(compared.card["columns"]) == len(values) for row in compared.card["rows"])
        assert len(compared.card["rows"]) == len(lines) - 1 and compared.card["sources"]


def test_compare_real_row_asked_about_comes_first(knowledge):
    for kind, comparison in knowledge.comparisons.items():
        for aspect in comparison.aspects:
            for cell, topic in itertools.product(aspect.cells, aspect.topics):
                other = next(value for value in knowledge.entities[kind].values if value != cell.of[0])
                first = compare(knowledge, kind, [cell.of[0], other], 5, [(topic, 0.9)]).card["rows"][0]["label"]
                assert topic in next(row.topics for row in comparison.aspects if row.label == first), (kind, topic)


def test_compare_real_every_value_has_data(knowledge):
    for kind, comparison in knowledge.comparisons.items():
        said = {value for aspect in comparison.aspects for cell in aspect.cells for value in cell.of}
        assert said == set(knowledge.entities[kind].values), kind


def test_compare_real_cpc_and_cca(knowledge):
    text = compare(knowledge, "certification", ["cpc", "cca"], 5).text
    assert "Exam fee - CPC: $300 plus $125 for membership (2022); CCA: $299 (2022)" in text.split("\n")
    assert "Apprentice status - CPC: until 2 years of experience; CCA: none" in text.split("\n")


def test_compare_real_cells_hold_no_figure_of_their_own(knowledge):
    for comparison in knowledge.comparisons.values():
        for aspect in comparison.aspects:
            assert not FIGURE.search(aspect.label), aspect.label
