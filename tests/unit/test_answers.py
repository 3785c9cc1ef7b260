"""From topic and entities to text, source line and buttons: rules on tiny knowledge, then the real file as a whole."""

from __future__ import annotations

import itertools
import re
from datetime import date

import pytest

from bot import answers
from bot import knowledge as knowledge_module
from bot.knowledge import ANSWER_MAX_CHARACTERS, Fact, Knowledge, Source, Topic

TODAY = date(2026, 6, 1)
CERTIFICATIONS = {
    "cpc": "Certified Professional Coder",
    "cca": "Certified Coding Associate",
    "ctr": "Certified Tumor Registrar",
    "cpc_p": "Certified Professional Coder-Payer",
}


def source(cite: str, year: int | None, publisher: str | None = None) -> Source:
    return Source(title="t", publisher=publisher, cite=cite, year=year, speaks_of="x", sha256="0")


def figure(value=1, **fields) -> Fact:
    return Fact(**{"value": value, "unit": "count", "measure": "m", "source": "S1", "lines": [1], **fields})


def statement(**fields) -> Fact:
    return Fact(**{"statement": "s", "evidence": ["s"], "source": "S1", "lines": [1], **fields})


def variant(answer: str, facts: tuple[str, ...] = (), **when) -> dict:
    return {"when": when, "answer": answer, "facts": list(facts)}


def known(*variants: dict, answer: str = "In general.", related: tuple[str, ...] = (), **facts: Fact) -> Knowledge:
    certifications = {
        value: {"name": f"{name} ({value.upper().replace('_', '-')})", "short": value.upper().replace("_", "-"), "synonyms": []}
        for value, name in CERTIFICATIONS.items()
    }
    plain = {value: {"name": value, "short": value, "synonyms": []} for value in ("beginner", "experienced", "coder", "biller")}
    return Knowledge(
        entities={
            "certification": {"tell_if_missing": True, "values": certifications},
            "level": {"values": {value: plain[value] for value in ("beginner", "experienced")}},
            "role": {"values": {value: plain[value] for value in ("coder", "biller")}},
        },
        facts={"said": statement(), **facts},
        topics={
            "topic": {"question": "q", "label": "Topic", "answer": answer, "facts": ["said"], "variants": list(variants), "related": list(related)},
            **{name: {"question": "q", "label": f"Label {name}", "answer": "x", "facts": ["said"]} for name in "abcd"},
        },
    ).copy(
        update={
            "sources": {"S1": source("first", 2025), "S2": source("second", 2021), "S3": source("third", None), "S4": source("fourth", 2023, "BLS")}
        }
    )


def text(knowledge: Knowledge, **entities: list[str]) -> str:
    return answers.answer(knowledge, "topic", entities, 5, TODAY).text


# Which answer

CPC = variant("About CPC.", ("said",), certification="cpc")
CCA = variant("About CCA.", ("said",), certification="cca")
LISTED = variant("About both.", ("said",), certification=["cca", "ctr"])
BILLER = variant("For billers.", ("said",), role="biller")
BEGINNER = variant("For beginners.", ("said",), level="beginner")
CPC_BEGINNER = variant("CPC for beginners.", ("said",), certification="cpc", level="beginner")


@pytest.mark.parametrize(
    ("variants", "entities", "expected"),
    [
        ([CPC, CCA], {}, "In general."),
        ([CPC, CCA], {"certification": ["cpc"]}, "About CPC."),
        ([CPC, CCA], {"certification": ["cca"]}, "About CCA."),
        ([CPC, CCA], {"certification": ["cpc", "cca"]}, "About CPC. About CCA."),
        ([CPC, CCA], {"certification": ["cca", "cpc"]}, "About CCA. About CPC."),
        ([CPC, CCA], {"certification": ["cca"], "role": ["biller"]}, "About CCA."),
        ([CPC, LISTED], {"certification": ["ctr"]}, "About both."),
        ([CPC, LISTED], {"certification": ["cca", "ctr"]}, "About both."),
        ([CPC, LISTED], {"certification": ["ctr", "cpc"]}, "About both. About CPC."),
        ([BILLER], {"role": ["coder"]}, "In general."),
        ([BILLER], {"level": ["beginner"]}, "In general."),
        ([CPC, BEGINNER, CPC_BEGINNER], {"certification": ["cpc"], "level": ["beginner"]}, "CPC for beginners."),
        ([CPC_BEGINNER, CPC, BEGINNER], {"certification": ["cpc"]}, "About CPC."),
        ([CPC_BEGINNER, CPC, BEGINNER], {"level": ["beginner"]}, "For beginners."),
        ([CPC_BEGINNER, CPC], {"certification": ["cpc"], "level": ["experienced"]}, "About CPC."),
        ([BILLER, BEGINNER], {"level": ["beginner"], "role": ["biller"]}, "For billers."),
        ([BEGINNER, BILLER], {"role": ["biller"], "level": ["beginner"]}, "For beginners."),
        (
            [CPC, CCA, variant("About CTR.", ("said",), certification="ctr")],
            {"certification": ["ctr", "cca", "cpc"]},
            "About CTR. About CCA. Ask me about the Certified Professional Coder (CPC) on its own.",
        ),
    ],
    ids=[
        "nothing named",
        "named",
        "other named",
        "two in order named",
        "two in other order",
        "entity the topic does not tell apart",
        "value of a list",
        "two values of one variant",
        "a list and another",
        "value without variant",
        "entity without variant",
        "most specific",
        "specific needs all of its entities",
        "specific needs all of its entities, other half",
        "specific needs the right value",
        "different kinds: first in the file",
        "different kinds: file order, not order named",
        "at most two",
    ],
)
def test_answers_choose_the_text(variants, entities, expected):
    assert text(known(*variants), **entities) == expected


@pytest.mark.parametrize(
    ("base", "expected"),
    [
        ("CPC and CCA differ.", "CPC and CCA differ."),
        ("The cpc beats the cca.", "The cpc beats the cca."),
        ("Only CPC is told.", "About CPC. About CCA."),
        ("CPC-P and CCA differ.", "About CPC. About CCA."),
        ("CPC on every occasion.", "About CPC. About CCA."),
    ],
    ids=["both named", "whatever the case", "one named", "CPC-P is not CPC", "occasion is not CCA"],
)
def test_answers_comparison_takes_the_base_answer_that_names_all(base, expected):
    assert text(known(CPC, CCA, answer=base), certification=["cpc", "cca"]) == expected


def test_answers_two_most_specific_variants_of_one_kind_are_both_given():
    cca_beginner = variant("CCA for beginners.", ("said",), certification="cca", level="beginner")
    knowledge = known(CPC, CCA, CPC_BEGINNER, cca_beginner)
    assert text(knowledge, certification=["cca", "cpc"], level=["beginner"]) == "CCA for beginners. CPC for beginners."


def test_answers_two_variants_that_are_together_too_long_leave_the_first_named():
    long_cpc, long_cca = variant("x" * 400, ("said",), certification="cpc"), variant("y" * 200, ("said",), certification="cca")
    assert (
        text(known(long_cpc, long_cca), certification=["cca", "cpc"])
        == "y" * 200 + " Ask me about the Certified Professional Coder (CPC) on its own."
    )
    exactly = variant("y" * 199, ("said",), certification="cca")  # with the blank between: 600
    assert text(known(long_cpc, exactly), certification=["cpc", "cca"]) == f"{'x' * 400} {'y' * 199}"


MISSING = "I have nothing on this for {} in particular, but in general: "


@pytest.mark.parametrize(
    ("variants", "base", "entities", "prefix"),
    [
        ([CPC], "In general.", {"certification": ["ctr"]}, MISSING.format("the Certified Tumor Registrar (CTR)")),
        (
            [CPC],
            "In general.",
            {"certification": ["ctr", "cca"]},
            MISSING.format("the Certified Tumor Registrar (CTR) and the Certified Coding Associate (CCA)"),
        ),
        ([CPC], "The CTR too.", {"certification": ["ctr"]}, ""),
        ([CPC], "Like CTRs.", {"certification": ["ctr"]}, ""),
        ([CPC], "In electronic records.", {"certification": ["ctr"]}, MISSING.format("the Certified Tumor Registrar (CTR)")),
        ([CPC], "The CTR too.", {"certification": ["ctr", "cca"]}, MISSING.format("the Certified Coding Associate (CCA)")),
        ([BILLER], "In general.", {"certification": ["ctr"]}, ""),
        ([BILLER], "In general.", {"role": ["coder"]}, ""),
        ([CPC], "In general.", {"certification": []}, ""),
        ([CPC], "In general.", {}, ""),
        ([CPC], "In general.", {"level": ["beginner"], "certification": ["ctr"]}, MISSING.format("the Certified Tumor Registrar (CTR)")),
    ],
    ids=[
        "one",
        "two",
        "said in the base answer",
        "said in the plural",
        "electronic does not say CTR",
        "one of two said",
        "topic does not tell the entity apart",
        "entity is not told",
        "no value left",
        "nothing named",
        "after another entity",
    ],
)
def test_answers_say_first_what_they_do_not_know(variants, base, entities, prefix):
    assert text(known(*variants, answer=base), **entities) == prefix + base


def test_answers_fill_in_figures_of_variant():
    knowledge = known(variant("It is {n} in {n.year}.", certification="cpc"), n=figure(1500, source="S2"))
    answer = answers.answer(knowledge, "topic", {"certification": ["cpc"]}, 5, TODAY)
    assert answer.full_text == "It is 1,500 in 2021.\nSource: second (2021)"


def test_answers_source_line_is_of_the_chosen_variants_only():
    knowledge = known(variant("{n}.", certification="cpc"), variant("{m}.", certification="cca"), n=figure(1, source="S2"), m=figure(2, source="S4"))
    lines = [answers.answer(knowledge, "topic", {"certification": values}, 5, TODAY).source_line for values in (["cpc"], ["cca"], ["cpc", "cca"], [])]
    assert lines == ["Source: second (2021)", "Source: fourth (2023)", "Sources: fourth (2023); second (2021)", "Source: first (2025)"]


def test_answers_unknown_topic_is_a_key_error():
    with pytest.raises(KeyError, match="gone"):
        answers.answer(known(), "gone", {}, 5)


def test_answers_related_topics_at_most_three_in_order():
    assert answers.answer(known(related=("d", "c", "b", "a")), "topic", {}, 5, TODAY).related == ("d", "c", "b")


def test_answers_choose_variants_returns_none_for_the_base_answer():
    topic = Topic(question="q", label="l", answer="a", variants=[CPC])
    assert answers.choose_variants(topic, {}) == []
    assert answers.choose_variants(topic, {"certification": ["cpc"]}) == topic.variants


# The source line


@pytest.mark.parametrize(
    ("facts", "line"),
    [
        ([statement()], "Source: first (2025)"),
        ([statement(source="S3")], "Source: third (undated)"),
        ([statement(year=2010)], "Source: first (2025)"),
        ([figure()], "Source: first (2025)"),
        ([figure(source="S3")], "Source: third (undated)"),
        ([figure(source="S3", year=2022)], "Source: third (2022)"),
        ([figure(year=2023)], "Source: first (2023)"),
        ([figure(year=2024, period="May 2024")], "Source: first (May 2024)"),
        ([figure(year=2024, period="May 2024", by="BLS")], "Source: first (BLS, May 2024)"),
        ([figure(source="S4", by="BLS")], "Source: fourth (2023)"),
        ([figure(source="S4", by="AAPC")], "Source: fourth (AAPC, 2023)"),
        ([figure(), statement()], "Source: first (2025)"),
        ([statement(), figure(year=2023)], "Source: first (2023)"),
        ([figure(), figure(2), figure(3)], "Source: first (2025)"),
        ([figure(year=2023), figure(year=2022)], "Source: first (2023; 2022)"),
        ([figure(year=year) for year in (2025, 2024, 2023, 2022)], "Source: first (2025; 2024; 2023)"),
        ([figure(source="S2", year=2026)], "Source: second (2021)"),
        ([statement(source="S2"), statement()], "Sources: first (2025); second (2021)"),
        ([statement(), statement(source="S2"), statement()], "Sources: first (2025); second (2021)"),
        ([figure(source="S3"), figure(source="S2"), figure()], "Sources: first (2025); second (2021); third (undated)"),
        ([figure(year=2022), figure(source="S4")], "Sources: fourth (2023); first (2022)"),
        ([figure(source="S2", year=2026), figure(year=2024)], "Sources: first (2024); second (2021)"),
    ],
    ids=[
        "statement",
        "undated statement",
        "statement is of its article's year",
        "figure",
        "undated figure",
        "own year in an undated article",
        "own year",
        "period",
        "by",
        "by the publisher itself",
        "by another",
        "figure beside statement",
        "statement beside figure",
        "equal years once",
        "two years",
        "at most three years",
        "projection is as old as its article",
        "two sources, newest first",
        "each source once",
        "undated last",
        "newest by figure, not by article",
        "projection does not make a source new",
    ],
)
def test_answers_source_line(facts, line):
    assert answers.source_line(known(), facts, 5, TODAY) == line


@pytest.mark.parametrize(
    ("facts", "today", "line"),
    [
        ([figure(year=2020)], date(2025, 12, 31), "Source: first (2020)"),
        ([figure(year=2020)], date(2026, 1, 1), "Source: first (2020; dated)"),
        ([figure(year=2020), figure(year=2024)], date(2026, 1, 1), "Source: first (2020; 2024; dated)"),
        ([figure(period="September 2019", by="BLS")], date(2026, 1, 1), "Source: first (BLS, September 2019; dated)"),
        ([statement(source="S2")], date(2050, 1, 1), "Source: second (2021)"),
        ([figure(source="S3")], date(2050, 1, 1), "Source: third (undated)"),
        ([figure(source="S2", year=2026)], date(2027, 1, 1), "Source: second (2021; dated)"),
        ([figure(), figure(source="S2")], date(2027, 1, 1), "Sources: first (2025); second (2021; dated)"),
        ([statement(), figure(source="S2")], date(2027, 1, 1), "Sources: first (2025); second (2021; dated)"),
        ([figure(year=year) for year in (2025, 2024, 2023, 2019)], date(2026, 1, 1), "Source: first (2025; 2024; 2023; dated)"),
    ],
    ids=[
        "at the limit",
        "beyond",
        "one of two",
        "period",
        "statement never",
        "undated never",
        "projection",
        "per source",
        "beside a statement",
        "a year not shown",
    ],
)
def test_answers_source_line_marks_dated_figures(facts, today, line):
    assert answers.source_line(known(), facts, 5, today) == line


@pytest.mark.parametrize(("years", "mark"), [(1, "; dated"), (5, "; dated"), (6, ""), (20, "")])
def test_answers_dated_after_the_years_of_the_site(years, mark):
    knowledge = known(answer="{n}.", n=figure(year=2020)).copy()
    answer = answers.answer(knowledge, "topic", {}, years, TODAY)
    assert answer.source_line == f"Source: first (2020{mark})"


# Buttons


def test_answers_topic_buttons():
    assert answers.topic_buttons(known(), ["b", "gone", "topic"]) == [
        {"title": "Label b", "payload": "/ask_b"},
        {"title": "Topic", "payload": "/ask_topic"},
    ]


def test_answers_topic_buttons_of_nothing():
    assert answers.topic_buttons(known(), []) == []


# The real file

REAL = knowledge_module.load()
VARIANTS = [pytest.param(name, index, id=f"{name}-{index + 1}") for name, topic in REAL.topics.items() for index in range(len(topic.variants))]


def faults(answer: answers.Answer) -> list[str]:
    """Returns what the contract does not allow in an answer."""
    found = []
    lines = answer.full_text.split("\n")
    if [bool(re.match("Sources?: ", line)) for line in lines] != [False, True]:
        found.append("not one text line and one source line")
    if "Source: " in answer.text or "Sources: " in answer.text:
        found.append("source in the text")
    if "\n" in answer.source_line or not re.match(r"Sources?: \S.*\)$", answer.source_line):
        found.append(f"source line {answer.source_line!r}")
    if (answer.source_line.startswith("Sources: ")) != (len(re.findall(r"\)(?:; |$)", answer.source_line)) > 1):
        found.append(f"one or several in {answer.source_line!r}")
    if not 0 < len(answer.text) <= ANSWER_MAX_CHARACTERS:
        found.append(f"{len(answer.text)} characters")
    if re.search(r"[{}]|  ", answer.full_text) or "None" in answer.source_line:
        found.append("something not filled in")
    if not set(answer.related) <= set(REAL.topics):
        found.append(f"related {answer.related}")
    return found


@pytest.mark.parametrize("name", REAL.topics)
def test_answers_real_topic_is_well_formed(name):
    answer = answers.answer(REAL, name, {}, 5, TODAY)
    assert faults(answer) == []
    assert answer.text == REAL.fill(REAL.topics[name].answer)


@pytest.mark.parametrize("name", REAL.topics)
def test_answers_real_buttons_lead_to_other_topics(name):
    buttons = answers.topic_buttons(REAL, answers.answer(REAL, name, {}, 5, TODAY).related)
    assert 1 <= len(buttons) <= 3
    assert {button["payload"] for button in buttons} <= {f"/ask_{other}" for other in REAL.topics if other != name}
    assert len({button["title"] for button in buttons}) == len(buttons)


@pytest.mark.parametrize(("name", "index"), VARIANTS)
def test_answers_real_variant_answers_each_value_it_is_for(name, index):
    chosen = REAL.topics[name].variants[index]
    wrong = []
    for named in itertools.product(*(chosen.values(entity) for entity in chosen.when)):
        entities = {entity: [value] for entity, value in zip(chosen.when, named, strict=True)}
        answer = answers.answer(REAL, name, entities, 5, TODAY)
        if answer.text != REAL.fill(chosen.answer) or faults(answer):
            wrong.append((entities, answer, faults(answer)))
    assert wrong == []


@pytest.mark.parametrize("name", REAL.topics)
def test_answers_real_topic_with_every_entity_value_alone_and_in_pairs(name):
    values = [(entity, value) for entity, kind in REAL.entities.items() for value in kind.values]
    wrong = []
    for index, first in enumerate(values):
        for second in values[index:]:
            entities: dict[str, list[str]] = {}
            for entity, value in dict.fromkeys((first, second)):
                entities.setdefault(entity, []).append(value)
            if found := faults(answers.answer(REAL, name, entities, 5, TODAY)):
                wrong.append((entities, found))
    assert wrong == []
