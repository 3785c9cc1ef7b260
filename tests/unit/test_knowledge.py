"""The knowledge file: what is refused, how figures read, hot reload, and the real file."""

from __future__ import annotations

import logging
import os
from datetime import date

import pytest

from bot import knowledge as knowledge_module
from bot.knowledge import ANSWER_MAX_CHARACTERS, LABEL_MAX_CHARACTERS, Fact, KnowledgeFile, Source, fact_names, format_value, is_dated, load
from bot.strict_yaml import ProblemsError

FILE = "medical_coding.yml"
FEE = "  cpc_fee: {value: 399, unit: USD, measure: fee of the CPC exam, source: S1, lines: [1]}"
STATEMENT = "  fees_differ: {statement: Fees differ by exam., evidence: [fees differ], source: S1, lines: [3]}"
ADVICE = "Ask people who code with ICD-10."


@pytest.fixture
def refusal(write_knowledge):
    def refuse(*changes: tuple[str, str]) -> str:
        with pytest.raises(ProblemsError) as caught:
            load(write_knowledge(*changes))
        return str(caught.value)

    return refuse


@pytest.fixture
def at(tmp_path, line_of):
    def place(text: str, message: str, file: str = FILE) -> str:
        return f"knowledge/{file}:{line_of(tmp_path / 'knowledge' / file, text)}: {message}"

    return place


def source(**changes) -> Source:
    return Source(**{"title": "t", "publisher": None, "cite": "c", "year": 2021, "speaks_of": "x", "sha256": "0", **changes})


def figure(**changes) -> Fact:
    return Fact(**{"value": 5, "unit": "months", "measure": "m", "source": "S1", "lines": [1], **changes})


def test_knowledge_tiny_folder_is_valid(write_knowledge):
    known = load(write_knowledge())
    assert list(known.topics) == ["exam_cost", "pay", "advice"]
    assert list(known.sources) == ["S1", "S2", "S3"]
    assert known.facts["cpc_fee"].figure == "$399"


# Names that lead nowhere and texts that break a rule

RULES = [  # id, (old, new), text on the reported line, message
    (
        "unknown source",
        ("exam, source: S2", "exam, source: S9"),
        "cca_fee:",
        "fact 'cca_fee': unknown source 'S9'; known: S1, S2, S3. Correct it or add it to knowledge/sources.yml.",
    ),
    (
        "label too long",
        ("label: Advice", f"label: {'L' * (LABEL_MAX_CHARACTERS + 1)}"),
        "label: LL",
        "topic 'advice': label has 25 characters; a button shows at most 24. Shorten it.",
    ),
    (
        "equal labels",
        ("label: Advice", "label: Exam fees"),
        None,
        "topic 'advice': label 'Exam fees' is also that of topic 'exam_cost'; buttons must differ. Reword one.",
    ),
    (
        "related to itself",
        ("[pay, advice]", "[pay, exam_cost]"),
        "[pay, exam_cost]",
        "topic 'exam_cost': related topic 'exam_cost' does not exist or is itself. Name another topic's id.",
    ),
    (
        "related to nothing",
        ("[pay, advice]", "[pay, gone]"),
        "[pay, gone]",
        "topic 'exam_cost': related topic 'gone' does not exist or is itself. Name another topic's id.",
    ),
    (
        "unknown fact of a topic",
        ("[ask_around]", "[ask_arround]"),
        "[ask_arround]",
        "topic 'advice': unknown fact 'ask_arround'. Correct the name or add it under `facts`.",
    ),
    (
        "unknown fact of a variant",
        ("Billers pay the same fees.\n      facts: [fees_differ]", "Billers pay the same fees.\n      facts: [fee]"),
        "facts: [fee]",
        "topic 'exam_cost': variant 3: unknown fact 'fee'. Correct the name or add it under `facts`.",
    ),
    (
        "dangling reference",
        ("Expect {cpc_fee}", "Expect {cpc_fees}"),
        "{cpc_fees}",
        "topic 'exam_cost': variant 1: answer: '{cpc_fees}' names no fact. Correct the name or add it under `facts`.",
    ),
    (
        "dangling reference in more",
        ("more: Fees differ from", "more: The {x} differs from"),
        "{x}",
        "topic 'exam_cost': more: '{x}' names no fact. Correct the name or add it under `facts`.",
    ),
    (
        "reference to a statement",
        ("Expect {cpc_fee}", "Expect {fees_differ}"),
        "Expect {fees_differ}",
        "topic 'exam_cost': variant 1: answer: '{fees_differ}' is a statement without a figure. Say it in words and name the fact under `facts`.",
    ),
    (
        "unknown part",
        ("({median_pay.period})", "({median_pay.unit})"),
        "{median_pay.unit}",
        "topic 'pay': answer: '{median_pay.unit}' asks for 'unit'; allowed after a fact's name: .year, .period. Correct it.",
    ),
    (
        "no period",
        ("({median_pay.period})", "({cpc_fee.period})"),
        "{cpc_fee.period}",
        "topic 'pay': answer: '{cpc_fee.period}': fact 'cpc_fee' has no period. Add it to the fact or reword.",
    ),
    (
        "no year",
        ("({median_pay.period})", "({ask_around.year})"),
        "{ask_around.year}",
        "topic 'pay': answer: '{ask_around.year}': fact 'ask_around' has no year. Add it to the fact or reword.",
    ),
    (
        "empty `when`",
        ("when: {role: biller}", "when: {}"),
        "when: {}",
        "topic 'exam_cost': a variant's `when` is empty. Say for which entity value it is.",
    ),
    (
        "unknown entity",
        ("when: {role: biller}", "when: {roles: biller}"),
        "{roles: biller}",
        "topic 'exam_cost': unknown entity 'roles'; known: certification, role. Correct it.",
    ),
    (
        "unknown entity value",
        ("when: {role: biller}", "when: {role: billers}"),
        "{role: billers}",
        "topic 'exam_cost': unknown role 'billers'; known: biller. Correct it.",
    ),
    (
        "unknown entity value in a list",
        ("when: {certification: cca}", "when: {certification: [cca, rhia]}"),
        "rhia",
        "topic 'exam_cost': unknown certification 'rhia'; known: cpc, cca, ctr. Correct it.",
    ),
    (
        "answer on no fact",
        (ADVICE + "\n    facts: [ask_around]", ADVICE),
        "  advice:",
        "topic 'advice': the answer stands on no fact. Name the facts it stands on under `facts`.",
    ),
    (
        "variant on no fact",
        ("Billers pay the same fees.\n      facts: [fees_differ]", "Billers pay the same fees."),
        "- when: {role: biller}",
        "topic 'exam_cost': variant 3: the answer stands on no fact. Name the facts it stands on under `facts`.",
    ),
    ("empty answer", (ADVICE, "''"), "answer: ''", "topic 'advice': answer is empty. Write it or remove the key."),
    (
        "blank more",
        ("more: Fees differ from exam to exam.", "more: '  '"),
        "more: '",
        "topic 'exam_cost': more is empty. Write it or remove the key.",
    ),
    (
        "figure in a label",
        ("label: Advice", "label: Top 5 tips"),
        "Top 5",
        "topic 'advice': label: the figure '5' comes from no fact. Add a fact and write its name in braces, or reword.",
    ),
    (
        "figure in a question",
        ("Whom can I ask?", "Which two can I ask?"),
        "Which two",
        "topic 'advice': question: the figure 'two' comes from no fact. Add a fact and write its name in braces, or reword.",
    ),
    (
        "figure in more",
        ("more: Fees differ from", "more: Some pay half. Fees differ from"),
        "half",
        "topic 'exam_cost': more: the figure 'half' comes from no fact. Add a fact and write its name in braces, or reword.",
    ),
    (
        "figure in a variant",
        ("Plan {cca_fee} for", "Plan {cca_fee} or 300 for"),
        "or 300",
        "topic 'exam_cost': variant 2: answer: the figure '3' comes from no fact. Add a fact and write its name in braces, or reword.",
    ),
    (
        "name with digits that is not listed",
        ("names_with_digits: [ICD-10]", "names_with_digits: []"),
        "with ICD-10",
        "topic 'advice': answer: the figure '1' comes from no fact. Add a fact and write its name in braces, or reword.",
    ),
]


@pytest.mark.parametrize(("change", "where", "message"), [pytest.param(*rule[1:], id=rule[0]) for rule in RULES])
def test_knowledge_refuses(refusal, at, tmp_path, change, where, message):
    refused = refusal(change)
    if where is None:  # the text stands twice; the second is the wrong one
        lines = (tmp_path / "knowledge" / FILE).read_text().split("\n")
        last = max(number for number, line in enumerate(lines, start=1) if change[1] in line)
        assert refused == f"knowledge/{FILE}:{last}: {message}"
    else:
        assert refused == at(where, message)


@pytest.mark.parametrize("name", ["Pay", "pay-2", "2pay", "_pay", "pay day", "löhne"])
def test_knowledge_refuses_topic_id(refusal, at, name):
    refused = refusal(("  pay:\n", f"  {name}:\n"), ("[pay, advice]", "[advice]"))
    assert refused == at(f"  {name}:", f"topic '{name}': a topic's id is lower case letters, digits and underscores. Rename it.")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("It takes 5 months.", "5"),
        ("Pay is $ a lot.", "$"),
        ("A good % of them.", "%"),
        ("In 2023 it grew.", "2"),
        ("ICD-10 has 7 parts.", "7"),
        ("ICD-11 comes next.", "1"),
        *((f"Some {word} of them.", word) for word in ["two", "Three", "TEN", "eleven", "twelve", "nineteen", "twenty", "forty", "ninety"]),
        *((f"Some {word} of them.", word) for word in ["hundred", "hundreds", "thousand", "thousands", "million", "billions", "dozen", "dozens"]),
        *((f"Some {word} of them.", word) for word in ["decade", "decades", "half", "twice", "percent"]),
        ("A two-year program.", "two"),
        ("Some twenty-four of them.", "twenty"),
    ],
)
def test_knowledge_refuses_bare_figure(refusal, at, text, found):
    message = f"topic 'advice': answer: the figure '{found}' comes from no fact. Add a fact and write its name in braces, or reword."
    assert refusal((ADVICE, text)) == at(f"answer: {text}", message)


@pytest.mark.parametrize(
    "text",
    [
        "One of them often helps.",
        "A weight lifted.",
        "Someone attended.",
        "ICD-10, then ICD-10 again.",
        "Behalf of tension, fortytude.",
        "First, then second.",
    ],
)
def test_knowledge_allows_words_that_are_no_figures(write_knowledge, text):
    known = load(write_knowledge((ADVICE, f'"{text}"')))
    assert known.fill(known.topics["advice"].answer) == text


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        (
            ("names_with_digits:", "names_with_digit:"),
            "names_with_digit:",
            "unknown key 'names_with_digit'; allowed: names_with_digits, entities, subjects, aspects, facts, topics, comparisons, pathways, sources.",
        ),
        (
            ("label: Advice", "button: Advice\n    label: Advice"),
            "button:",
            "unknown key 'button'; allowed: question, label, answer, more, plain, why, facts, variants, related.",
        ),
        (
            ("Billers pay the same fees.", "x\n      related: []"),
            "      related: []",
            "unknown key 'related'; allowed: when, answer, more, plain, facts.",
        ),
        (("short: biller,", "short: biller, plural: billers,"), "plural:", "unknown key 'plural'; allowed: name, short, synonyms, in_follow_up."),
        (
            ("tell_if_missing: true", "tell_if_mising: true"),
            "tell_if_mising",
            "unknown key 'tell_if_mising'; allowed: tell_if_missing, overview, values.",
        ),
        (
            ("by: BLS", "said_by: BLS"),
            "said_by:",
            "unknown key 'said_by'; allowed: value, unit, measure, statement, evidence, year, period, period_lines, by, source, lines.",
        ),
    ],
    ids=["top", "topic", "variant", "entity value", "entity", "fact"],
)
def test_knowledge_refuses_unknown_key(refusal, at, change, where, message):
    assert refusal(change) == at(where, f"{message} Correct or remove it.")


@pytest.mark.parametrize(
    ("change", "where", "key"),
    [
        (("    question: Whom can I ask?\n", ""), "  advice:", "question"),
        (("    label: Advice\n", ""), "  advice:", "label"),
        ((f"    answer: {ADVICE}\n", ""), "  advice:", "answer"),
        (("fee of the CPC exam, source: S1, lines: [1]", "fee of the CPC exam, source: S1"), "  cpc_fee:", "lines"),
        (("fee of the CPC exam, source: S1, lines: [1]", "fee of the CPC exam, lines: [1]"), "  cpc_fee:", "source"),
        (("short: biller, ", ""), "biller: {", "short"),
        (("synonyms: [biller]", ""), "biller: {", "synonyms"),
    ],
    ids=["question", "label", "answer", "lines", "source", "short", "synonyms"],
)
def test_knowledge_refuses_missing_key(refusal, at, change, where, key):
    assert refusal(change) == at(where, f"key '{key}' is missing. Add it.")


@pytest.mark.parametrize("key", ["entities", "facts", "topics"])
def test_knowledge_refuses_file_without(write_knowledge, key):
    folder = write_knowledge()
    (folder / FILE).write_text("".join(f"{other}: {{}}\n" for other in ("entities", "facts", "topics") if other != key))
    with pytest.raises(ProblemsError) as caught:
        load(folder)
    assert str(caught.value) == f"knowledge/{FILE}:1: key '{key}' is missing. Add it."


FIGURE_OR_STATEMENT = "has both or none of 'value' and 'statement'; a fact is one figure or one statement. Split it or add what is missing."
FIGURE_KEYS = "a figure needs 'unit' and 'measure'. Add what is missing."
RANGE = "a range is [low, high]. Give two numbers, the lower first."


@pytest.mark.parametrize(
    ("old", "fields", "message"),
    [
        (FEE, "value: 399, unit: USD, measure: fee, statement: A fee., source: S1, lines: [1]", FIGURE_OR_STATEMENT),
        (STATEMENT, "evidence: [fees differ], source: S1, lines: [3]", FIGURE_OR_STATEMENT),
        (FEE, "value: 399, measure: fee, source: S1, lines: [1]", FIGURE_KEYS),
        (FEE, "value: 399, unit: USD, source: S1, lines: [1]", FIGURE_KEYS),
        (FEE, "value: [399], unit: USD, measure: fee, source: S1, lines: [1]", RANGE),
        (FEE, "value: [1, 2, 3], unit: USD, measure: fee, source: S1, lines: [1]", RANGE),
        (FEE, "value: [400, 399], unit: USD, measure: fee, source: S1, lines: [1]", RANGE),
        (FEE, "value: [399, 399], unit: USD, measure: fee, source: S1, lines: [1]", RANGE),
        (
            STATEMENT,
            "statement: Fees differ., source: S1, lines: [3]",
            "a statement needs 'evidence': words of the source that prove it. Add one to three short phrases.",
        ),
        (
            FEE,
            "value: 399, unit: USD, measure: fee, source: S1, lines: []",
            "'lines' is empty; a fact stands on at least one line of its source. Add the line numbers.",
        ),
    ],
    ids=["both", "none", "no unit", "no measure", "range of one", "range of three", "range falling", "range of equals", "no evidence", "no lines"],
)
def test_knowledge_refuses_fact(refusal, at, old, fields, message):
    name = old.split(":")[0].strip()
    assert refusal((old, f"  {name}: {{{fields}}}")) == at(f"  {name}:", f"facts.{name}: {message}")


def test_knowledge_refuses_unknown_unit(refusal, at):
    permitted = (
        "'USD', 'USD/year', 'USD/hour', 'USD/credit_unit', 'percent', 'minutes', 'hours', 'hours/week', 'weeks', 'months', 'years', 'CEU', 'count'"
    )
    refused = refusal((FEE, FEE.replace("USD", "EUR")))
    assert refused == at("  cpc_fee:", f"facts.cpc_fee.unit: unexpected value; permitted: {permitted}. Correct it.")


@pytest.mark.parametrize("value", ["'399'", "no", "true"])
def test_knowledge_refuses_value_that_is_no_number(refusal, value):
    refused = refusal((FEE, FEE.replace("399", value)))
    assert "facts.cpc_fee.value: value is not a valid integer. Correct it." in refused


@pytest.mark.parametrize(
    ("change", "where", "message"),
    [
        (("  cite: coding blog\n", ""), "S2:", "key 'cite' is missing. Add it."),
        (
            ("  cite: coding blog\n", "  cite: coding blog\n  url: x\n"),
            "url:",
            "unknown key 'url'; allowed: title, publisher, cite, year, speaks_of, sha256. Correct or remove it.",
        ),
        (("year: 2021", "year: last"), "year: last", "year: value is not a valid integer. Correct it."),
    ],
    ids=["missing", "unknown", "no year"],
)
def test_knowledge_refuses_source_once_and_not_its_facts(refusal, at, change, where, message):
    assert refusal(change) == at(where, message, "sources.yml")


def test_knowledge_refuses_duplicate_key(refusal, tmp_path, line_of):
    refused = refusal(("  pay:\n", "  exam_cost:\n"))
    file = tmp_path / "knowledge" / FILE
    first = line_of(file, "  exam_cost:")
    again = line_of(file, "What does a coder earn?") - 1
    assert (
        refused == f"knowledge/{FILE}:{again}: key 'exam_cost' stands here again after line {first}; each key may stand once. Rename or remove one."
    )


@pytest.mark.parametrize("name", [FILE, "sources.yml"])
def test_knowledge_refuses_missing_file(write_knowledge, name):
    folder = write_knowledge()
    (folder / name).unlink()
    with pytest.raises(ProblemsError) as caught:
        load(folder)
    assert str(caught.value) == f"knowledge/{name}:1: cannot be read: No such file or directory. Put the file back."


@pytest.mark.parametrize("name", [FILE, "sources.yml"])
def test_knowledge_refuses_file_that_is_no_mapping(write_knowledge, name):
    folder = write_knowledge()
    (folder / name).write_text("- a list\n")
    with pytest.raises(ProblemsError) as caught:
        load(folder)
    assert str(caught.value) == f"knowledge/{name}:1: holds no mapping; it must be `key: value` lines. Put the file back."


def test_knowledge_reports_both_files(write_knowledge):
    folder = write_knowledge()
    for name in (FILE, "sources.yml"):
        (folder / name).unlink()
    with pytest.raises(ProblemsError) as caught:
        load(folder)
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [(f"knowledge/{FILE}", 1), ("knowledge/sources.yml", 1)]


def test_knowledge_reports_schema_problems_of_both_files(refusal, at):
    assert refusal(("    label: Advice\n", ""), ("  cite: coding blog\n", "")) == (
        at("  advice:", "key 'label' is missing. Add it.") + "\n" + at("S2:", "key 'cite' is missing. Add it.", "sources.yml")
    )


def test_knowledge_reports_several_problems_by_line(refusal, at):
    refused = refusal(
        ("[ask_around]", "[gone]"), ("exam, source: S2", "exam, source: S9"), ("[pay, advice]", "[nowhere]"), ("Expect {cpc_fee}", "Expect {gone}")
    )
    assert refused.split("\n") == [
        at("cca_fee:", "fact 'cca_fee': unknown source 'S9'; known: S1, S2, S3. Correct it or add it to knowledge/sources.yml."),
        at("Expect {gone}", "topic 'exam_cost': variant 1: answer: '{gone}' names no fact. Correct the name or add it under `facts`."),
        at("[nowhere]", "topic 'exam_cost': related topic 'nowhere' does not exist or is itself. Name another topic's id."),
        at("[gone]", "topic 'advice': unknown fact 'gone'. Correct the name or add it under `facts`."),
    ]


def test_knowledge_year_of_fact_with_unknown_source_is_one_problem(refusal, at):
    refused = refusal(("exam, source: S2", "exam, source: S9"), ("Plan {cca_fee} for", "Plan {cca_fee} ({cca_fee.year}) for"))
    assert refused == at("cca_fee:", "fact 'cca_fee': unknown source 'S9'; known: S1, S2, S3. Correct it or add it to knowledge/sources.yml.")


# Lengths, at and beyond the limit


@pytest.mark.parametrize(("key", "old"), [("answer", ADVICE), ("more", "Fees differ from exam to exam.")])
def test_knowledge_allows_text_of_600_characters(write_knowledge, key, old):
    known = load(write_knowledge((old, "x" * ANSWER_MAX_CHARACTERS)))
    assert max(len(getattr(topic, key) or "") for topic in known.topics.values()) == 600


@pytest.mark.parametrize(
    ("topic", "key", "old"),
    [
        ("advice", "answer", ADVICE),
        ("exam_cost", "more", "Fees differ from exam to exam."),
        ("exam_cost: variant 3", "answer", "Billers pay the same fees."),
    ],
)
def test_knowledge_refuses_text_of_601_characters(refusal, at, topic, key, old):
    name, _, variant = topic.partition(": ")
    where = f"topic '{name}': " + (f"{variant}: " if variant else "")
    refused = refusal((old, "x" * 601))
    assert refused == at("xxx", f"{where}{key} has 601 characters; the widget shows at most 600. Shorten it or split the topic.")


def test_knowledge_counts_characters_after_filling_in_figures(write_knowledge):
    text = '"' + "x" * 590 + ' {median_pay.period}"'  # 591 + "May 2024" = 599, though longer as written
    known = load(write_knowledge((ADVICE, text)))
    assert len(known.fill(known.topics["advice"].answer)) == 599


def test_knowledge_allows_label_of_24_characters(write_knowledge):
    assert load(write_knowledge(("label: Advice", f"label: {'L' * 24}"))).topics["advice"].label == "L" * 24


# Figures as visitors read them


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (399, "USD", "$399"),
        (50250, "USD/year", "$50,250"),
        (1234567, "USD", "$1,234,567"),
        (22.5, "USD/hour", "$22.50"),
        (23.0, "USD/hour", "$23.00"),
        (1234.5, "USD", "$1,234.50"),
        ([100, 2000], "USD", "$100 to $2,000"),
        ([20, 22.5], "USD/hour", "$20.00 to $22.50"),
        ([17.99, 25], "USD/hour", "$17.99 to $25.00"),
        (350, "USD/credit_unit", "$350"),
        (8, "percent", "8%"),
        (7.5, "percent", "7.5%"),
        ([5, 10], "percent", "5 to 10%"),
        (45, "minutes", "45 minutes"),
        (1, "minutes", "1 minute"),
        (59, "minutes", "59 minutes"),
        (60, "minutes", "1 hour"),
        (61, "minutes", "1 hour and 1 minute"),
        (340, "minutes", "5 hours and 40 minutes"),
        (120, "minutes", "2 hours"),
        ([90, 120], "minutes", "90 to 120 minutes"),
        (1, "hours", "1 hour"),
        (4, "hours", "4 hours"),
        (40, "hours/week", "40 hours"),
        (1, "hours/week", "1 hour"),
        (1, "weeks", "1 week"),
        ([6, 8], "weeks", "6 to 8 weeks"),
        (1, "months", "1 month"),
        ([10, 20], "months", "10 to 20 months"),
        (1, "years", "1 year"),
        (2, "years", "2 years"),
        ([1, 2], "years", "1 to 2 years"),
        (1.5, "years", "1.5 years"),
        (0.5, "years", "0.5 years"),
        (1, "CEU", "1 CEU"),
        (36, "CEU", "36 CEUs"),
        (12, "count", "12"),
        (1, "count", "1"),
        (185000, "count", "185,000"),
        ([3, 5], "count", "3 to 5"),
    ],
)
def test_knowledge_format_value(value, unit, text):
    assert format_value(value, unit) == text
    assert figure(value=value, unit=unit).figure == text


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("{cpc_fee} now", "$399 now"),
        ("{median_pay} in {median_pay.year} ({median_pay.period})", "$50,250 in 2024 (May 2024)"),
        ("as of {cca_fee.year}", "as of 2021"),
        ("a year of a statement: {fees_differ.year}", "a year of a statement: 2025"),
        ("two\nlines  and\tblanks ", "two lines and blanks"),
    ],
)
def test_knowledge_fill(write_knowledge, text, filled):
    assert load(write_knowledge()).fill(text) == filled


def test_knowledge_facts_of_names_each_once_in_order(write_knowledge):
    known = load(write_knowledge(("more: Fees differ from exam to exam.", 'more: "{cpc_fee} or {median_pay}."')))
    assert known.facts_of(known.topics["exam_cost"]) == [known.facts[name] for name in ("cpc_fee", "cca_fee", "fees_differ")]
    assert fact_names("{a} and {b.year}, {a.period}", ["c", "b"]) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("fields", "published", "speaks_of", "said"),
    [
        ({}, 2021, 2021, 2021),
        ({}, None, None, None),
        ({"year": 2019}, 2021, 2019, 2019),
        ({"year": 2019}, None, 2019, 2019),
        ({"period": "May 2024"}, 2025, 2024, 2024),
        ({"period": "2022-2032"}, 2023, 2022, 2022),
        ({"year": 2026}, 2022, 2026, 2022),
        ({"year": 2020, "period": "2019-2029"}, 2021, 2020, 2020),
        ({"period": "each spring"}, 2021, 2021, 2021),
    ],
    ids=["article's", "undated", "own", "own in undated", "period", "first of period", "projection", "year before period", "period without year"],
)
def test_knowledge_year_of_fact(fields, published, speaks_of, said):
    fact, sources = figure(**fields), {"S1": source(year=published)}
    assert (fact.year_of(sources), fact.year_said(sources)) == (speaks_of, said)


@pytest.mark.parametrize(
    ("fields", "published", "today", "dated"),
    [
        ({"year": 2020}, 2021, date(2025, 12, 31), False),
        ({"year": 2020}, 2021, date(2026, 1, 1), True),
        ({}, 2021, date(2026, 12, 31), False),
        ({}, 2021, date(2027, 1, 1), True),
        ({}, None, date(2100, 1, 1), False),
        ({"period": "2019-2029"}, 2021, date(2025, 1, 1), True),
        ({"year": 2026}, 2021, date(2027, 1, 1), True),
    ],
    ids=[
        "at the limit",
        "beyond",
        "article at the limit",
        "article beyond",
        "undated",
        "period counts from its first year",
        "projection of an old article",
    ],
)
def test_knowledge_is_dated_after_five_years(write_knowledge, fields, published, today, dated):
    known = load(write_knowledge()).copy(update={"sources": {"S1": source(year=published)}})
    assert is_dated(figure(**fields), known, 5, today) is dated


def test_knowledge_statement_is_never_dated(write_knowledge):
    known = load(write_knowledge())
    assert is_dated(known.facts["fees_differ"], known, 5, date(2100, 1, 1)) is False


def test_knowledge_is_dated_by_today_unless_told(write_knowledge):
    known = load(write_knowledge())
    this_year = date.today().year
    assert is_dated(figure(year=this_year - 6), known, 5) is True
    assert is_dated(figure(year=this_year - 5), known.copy(update={"sources": {"S1": source(year=this_year)}}), 5) is False


@pytest.mark.parametrize(("when", "values"), [("cpc", ["cpc"]), (["cpc", "cca"], ["cpc", "cca"])])
def test_knowledge_variant_values_are_a_list(when, values):
    variant = knowledge_module.Variant(when={"certification": when}, answer="x")
    assert variant.values("certification") == values
    assert variant.values("role") == []


# What a model is trained on


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("Ask people who", "Do ask people who"), True),
        (("label: Advice", "label: Hints"), True),
        (("value: 399", "value: 400"), True),
        (("  advice:\n", "  advice_old:\n"), False),
        (("synonyms: [biller]", "synonyms: [biller, billing clerk]"), False),
        (("short: biller", "short: billers"), False),
    ],
    ids=["answer", "label", "figure", "topic", "synonym", "entity name"],
)
def test_knowledge_training_fingerprint(write_knowledge, change, same):
    changes = [change] + ([("[pay, advice]", "[pay]")] if "advice_old" in change[1] else [])
    before = load(write_knowledge()).training_fingerprint
    assert (load(write_knowledge(*changes)).training_fingerprint == before) is same


# Hot reload


def age(folder, seconds: int) -> None:
    """Makes the files' time stamps differ, however fast the test is."""
    for file in folder.glob("*.yml"):
        os.utime(file, (1_000_000 + seconds, 1_000_000 + seconds))


def test_knowledge_file_changed_is_in_force_at_the_next_question(write_knowledge, caplog):
    age(write_knowledge(), 0)
    file = KnowledgeFile(write_knowledge())
    with caplog.at_level(logging.INFO, logger="bot.knowledge"):
        assert file.current.facts["cpc_fee"].figure == "$399"
        assert caplog.messages == []
        age(write_knowledge(("value: 399", "value: 425")), 1)
        assert file.current.facts["cpc_fee"].figure == "$425"
    assert caplog.messages == ["The knowledge file changed; the new answers are in force."]


def test_knowledge_file_same_size_change_is_seen_by_its_time(write_knowledge):
    folder = write_knowledge()
    age(folder, 0)
    file = KnowledgeFile(folder)
    age(write_knowledge(("value: 399", "value: 398")), 1)
    assert file.current.facts["cpc_fee"].figure == "$398"


def test_knowledge_file_same_time_change_is_seen_by_its_size(write_knowledge):
    folder = write_knowledge()
    age(folder, 0)
    file = KnowledgeFile(folder)
    age(write_knowledge(("value: 399", "value: 1399")), 0)
    assert file.current.facts["cpc_fee"].figure == "$1,399"


def test_knowledge_file_sources_changed_is_in_force(write_knowledge):
    folder = write_knowledge()
    age(folder, 0)
    file = KnowledgeFile(folder)
    age(write_knowledge(("cite: coding blog", "cite: blog")), 1)
    assert file.current.sources["S2"].cite == "blog"


def test_knowledge_file_broken_leaves_the_old_in_force_and_logs_why_once(write_knowledge, caplog, line_of):
    folder = write_knowledge()
    age(folder, 0)
    file = KnowledgeFile(folder)
    before = file.current
    age(write_knowledge((ADVICE, "Ask 3 people.")), 1)
    with caplog.at_level(logging.INFO, logger="bot.knowledge"):
        assert file.current is before
        assert file.current is before
    line = line_of(folder / FILE, "Ask 3")
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        (
            "ERROR",
            "The knowledge file changed but does not pass the check; the old answers stay in force.\n"
            f"knowledge/{FILE}:{line}: topic 'advice': answer: the figure '3' comes from no fact. Add a fact and write its name in braces, or reword.",
        )
    ]


def test_knowledge_file_repaired_after_a_break_is_in_force(write_knowledge):
    folder = write_knowledge()
    age(folder, 0)
    file = KnowledgeFile(folder)
    (folder / FILE).write_text("topics: [")
    age(folder, 1)
    assert file.current.facts["cpc_fee"].figure == "$399"
    age(write_knowledge(("value: 399", "value: 425")), 2)
    assert file.current.facts["cpc_fee"].figure == "$425"


def test_knowledge_file_missing_leaves_the_old_in_force(write_knowledge, caplog):
    folder = write_knowledge()
    file = KnowledgeFile(folder)
    (folder / FILE).unlink()
    assert file.current.facts["cpc_fee"].figure == "$399"
    assert caplog.messages == [
        "The knowledge file changed but does not pass the check; the old answers stay in force.\n"
        f"knowledge/{FILE}:1: cannot be read: No such file or directory. Put the file back."
    ]


def test_knowledge_file_unchanged_is_not_read_again(write_knowledge):
    file = KnowledgeFile(write_knowledge())
    assert file.current is file.current


def test_knowledge_file_broken_at_start_is_refused(write_knowledge):
    with pytest.raises(ProblemsError):
        KnowledgeFile(write_knowledge((ADVICE, "Ask 3 people.")))


def test_knowledge_in_force_is_one_per_process():
    assert knowledge_module.in_force() is knowledge_module.in_force()


# The real file


def test_knowledge_real_file_has_facts_from_each_source(knowledge):
    assert {fact.source for fact in knowledge.facts.values()} == set(knowledge.sources) == {"S1", "S2", "S3", "S4", "S5"}


def test_knowledge_real_file_synonyms_lead_to_one_value(knowledge):
    owners: dict[str, set[str]] = {}
    for entity, kind in knowledge.entities.items():
        for value, entry in kind.values.items():
            for synonym in entry.synonyms:
                owners.setdefault(synonym.lower(), set()).add(f"{entity}: {value}")
    assert {synonym: names for synonym, names in owners.items() if len(names) > 1} == {}
