"""The check of all files against each other and of the facts against the articles."""

from __future__ import annotations

import hashlib
from datetime import date

import pytest

from bot import check as check_module
from bot import knowledge, strict_yaml
from bot.check import EXAMPLES_ADVISED, EXAMPLES_MIN, check, check_sources, examples_by_intent, normalized, unused_facts
from bot.knowledge import Fact

DOMAIN = """\
intents:
- ask_exam_cost: {use_entities: []}
- ask_pay
- ask_advice
- greet
- nlu_fallback
entities:
- certification
- role
"""
RULES = """\
rules:
- rule: Career questions
  steps:
  - or:
    - intent: ask_exam_cost
    - intent: ask_pay
    - intent: ask_advice
  - action: action_answer_question
- rule: Hello
  steps:
  - intent: greet
  - action: utter_greet
"""
SETTINGS = """\
college: c
office: {name: n, email: e, phone: p, address: a, timezone: America/New_York, hours: {}}
crisis: {line: l, emergency: e}
figures_dated_after_years: 5
"""


def nlu(count: int = EXAMPLES_ADVISED) -> str:
    def block(intent: str) -> str:
        return f"- intent: {intent}\n  examples: |\n" + "".join(f"    - {intent} wording {number}\n" for number in range(count))

    return "nlu:\n" + "".join(map(block, ["ask_exam_cost", "ask_pay", "ask_advice", "greet"]))


@pytest.fixture
def project(tmp_path, write_knowledge):
    """Writes a whole small project; each (file, old, new) is changed, old None appends."""

    def write(*changes: tuple[str, str | None, str]):
        write_knowledge()
        (tmp_path / "data").mkdir(exist_ok=True)
        contents = {"domain.yml": DOMAIN, "data/rules.yml": RULES, "data/nlu.yml": nlu(), "settings.yml": SETTINGS}
        for file, content in contents.items():
            (tmp_path / file).write_text(content)
        for file, old, new in changes:
            content = (tmp_path / file).read_text()
            assert old is None or content.count(old) == 1, (file, old)
            (tmp_path / file).write_text(content + new if old is None else content.replace(old, new))
        return tmp_path

    return write


@pytest.fixture
def problems(project):
    def found(*changes) -> list[str]:
        return [str(problem) for problem in check(None, project(*changes))[0]]

    return found


NOT_PROVED = "the articles were not given (SOURCES=folder), so hashes and cited lines were not proved"


def test_check_finds_nothing_in_a_good_project(project):
    assert check(None, project(), date(2026, 1, 1)) == ([], [NOT_PROVED], "3 topics, 5 facts, 100 examples")


def test_check_notes_figures_older_than_the_settings_allow(project):
    dated = "1 figure(s) are older than 5 years (figures_dated_after_years in settings.yml); answers mark them as dated. Look for newer ones: cca_fee"
    assert check(None, project(), date(2027, 1, 1))[1] == [dated, NOT_PROVED]
    assert check(None, project(("settings.yml", "years: 5", "years: 6")), date(2027, 1, 1))[1] == [NOT_PROVED]


NLU, BILLER_TOPIC = "data/nlu.yml", "  billing:\n    question: Who bills?\n    label: Billing\n    answer: Billers do.\n    facts: [fees_differ]\n"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            ("domain.yml", "- ask_pay\n", ""),
            [
                "data/nlu.yml:29: intent 'ask_pay' is not in domain.yml. Add it there or correct the name.",
                "domain.yml:1: topic 'pay' has no intent. Add under intents: - ask_pay: {use_entities: []}",
            ],
        ),
        (
            ("domain.yml", "- greet", "- ask_money\n- greet"),
            [
                "domain.yml:5: intent 'ask_money' has no examples in data/nlu.yml. Add 25 or more, or remove the intent.",
                "domain.yml:5: intent 'ask_money' has no topic in knowledge/medical_coding.yml. Add the topic or remove the intent.",
            ],
        ),
        (
            ("domain.yml", "- greet", "- goodbye: {use_entities: []}\n- greet"),
            ["domain.yml:5: intent 'goodbye' has no examples in data/nlu.yml. Add 25 or more, or remove the intent."],
        ),
        (
            ("domain.yml", "- role\n", ""),
            ["domain.yml:7: entity 'role' stands in only one of domain.yml and knowledge/medical_coding.yml. Add it to the other or remove it."],
        ),
        (
            ("domain.yml", "- role\n", "- role\n- school\n"),
            ["domain.yml:7: entity 'school' stands in only one of domain.yml and knowledge/medical_coding.yml. Add it to the other or remove it."],
        ),
        (
            ("domain.yml", "entities:\n- certification\n- role\n", ""),
            [
                "domain.yml:1: entity 'certification' stands in only one of domain.yml and knowledge/medical_coding.yml. Add it to the other or remove it.",
                "domain.yml:1: entity 'role' stands in only one of domain.yml and knowledge/medical_coding.yml. Add it to the other or remove it.",
            ],
        ),
        (
            ("data/rules.yml", "    - intent: ask_pay\n", ""),
            ["data/rules.yml:1: topic 'pay': no rule answers it. Add to the rule 'Career questions': - intent: ask_pay"],
        ),
        (
            (NLU, None, "- intent: wave\n  examples: |\n    - hello there\n"),
            ["data/nlu.yml:110: intent 'wave' is not in domain.yml. Add it there or correct the name."],
        ),
        (
            (NLU, None, "- intent: greet\n  examples: |\n    - ASK_pay, Wording 3!\n"),
            ["data/nlu.yml:112: example 'ASK_pay, Wording 3!' of greet stands already at line 34 under ask_pay; each may stand once. Remove one."],
        ),
        (
            (NLU, "    - greet wording 1\n", "    - greet wording 2\n"),
            ["data/nlu.yml:87: example 'greet wording 2' of greet stands already at line 86 under greet; each may stand once. Remove one."],
        ),
        ((NLU, None, "- synonym: x\n  examples: |\n    - y\n- intent: greet\n"), []),
        (("domain.yml", "- greet", "- greet\n- greet: {use_entities: []}"), []),
        (
            ("settings.yml", "years: 5", "years: 0"),
            ["settings.yml:4: figures_dated_after_years: ensure this value is greater than 0. Correct it."],
        ),
        (
            ("knowledge/medical_coding.yml", None, BILLER_TOPIC),
            [
                "data/nlu.yml:1: topic 'billing' has no examples. Add an entry with intent ask_billing and 25 or more examples.",
                "data/rules.yml:1: topic 'billing': no rule answers it. Add to the rule 'Career questions': - intent: ask_billing",
                "domain.yml:1: topic 'billing' has no intent. Add under intents: - ask_billing: {use_entities: []}",
            ],
        ),
    ],
)
def test_check_finds(problems, change, expected):
    assert problems(change) == expected


def test_check_refuses_topic_that_only_another_rule_names(problems):
    other = "- rule: Pay\n  steps:\n  - intent: ask_pay\n  - action: utter_greet\n"
    assert problems(("data/rules.yml", "    - intent: ask_pay\n", ""), ("data/rules.yml", None, other)) == [
        "data/rules.yml:1: topic 'pay': no rule answers it. Add to the rule 'Career questions': - intent: ask_pay"
    ]


def test_check_refuses_bare_figure_in_the_knowledge(problems, tmp_path, line_of):
    file = "knowledge/medical_coding.yml"
    message = "topic 'advice': answer: the figure '3' comes from no fact. Add a fact and write its name in braces, or reword."
    assert problems((file, "Ask people who code", "Ask 3 people who code")) == [f"{file}:{line_of(tmp_path / file, 'Ask 3')}: {message}"]


@pytest.mark.parametrize(("count", "refused"), [(1, True), (EXAMPLES_MIN - 1, True), (EXAMPLES_MIN, False)])
def test_check_refuses_fewer_than_five_examples(problems, count, refused):
    added = "- intent: wave\n  examples: |\n" + "".join(f"    - wave {number}\n" for number in range(count))
    message = f"data/nlu.yml:112: intent 'wave' has {count} examples; at least 5 are needed. Add more, as different as people are."
    assert problems(("domain.yml", "- greet", "- wave\n- greet"), (NLU, None, added)) == ([message] if refused else [])


def test_check_takes_an_intent_without_examples_as_one_with_none(problems):
    assert problems(("domain.yml", "- greet", "- wave\n- greet"), (NLU, None, "- intent: wave\n")) == [
        "domain.yml:5: intent 'wave' has no examples in data/nlu.yml. Add 25 or more, or remove the intent."
    ]


@pytest.mark.parametrize("file", ["domain.yml", "data/nlu.yml", "data/rules.yml", "settings.yml"])
def test_check_reports_missing_file_beside_other_problems(project, file):
    root = project(("knowledge/medical_coding.yml", "label: Advice", "label: Exam fees"))
    (root / file).unlink()
    found = [str(problem) for problem in check(None, root)[0]]
    assert f"{file}:1: cannot be read: No such file or directory. Put the file back." in found
    assert any(problem.startswith("knowledge/medical_coding.yml:") for problem in found)


def test_check_sorts_problems_of_all_files(problems):
    found = problems(
        ("settings.yml", "years: 5", "years: 0"),
        ("domain.yml", "- role\n", ""),
        ("data/rules.yml", "    - intent: ask_pay\n", ""),
        (NLU, "    - greet wording 1\n", "    - greet wording 2\n"),
    )
    assert [problem.split(": ")[0] for problem in found] == ["data/nlu.yml:87", "data/rules.yml:1", "domain.yml:7", "settings.yml:4"]


def test_check_notes_few_examples_and_unused_facts(project):
    root = project(("knowledge/medical_coding.yml", "    facts: [fees_differ]\n    variants:", "    facts: [cpc_fee]\n    variants:"))
    (root / NLU).write_text(nlu(EXAMPLES_ADVISED - 1))
    found, notes, counts = check(None, root, date(2026, 1, 1))
    few = "3 topic(s) have fewer than 25 examples and will be understood less well: ask_exam_cost, ask_pay, ask_advice"
    assert (found, notes, counts) == ([], [few, NOT_PROVED], "3 topics, 5 facts, 96 examples")


def test_check_unused_facts(write_knowledge):
    assert unused_facts(knowledge.load(write_knowledge())) == []
    folder = write_knowledge(
        ("    facts: [ask_around]\n", "    facts: [cpc_fee]\n"), ('"Plan {cca_fee} for the CCA."', '"Plan {cpc_fee} for the CCA."')
    )
    assert unused_facts(knowledge.load(folder)) == ["ask_around"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("What's the PAY?", "what s the pay"),
        ("  a_b  c-d ", "a b c d"),
        ("CPC cost", "cpc cost"),
        ("???", "???"),
        (" :) ", ":)"),
        ("Größe?", "größe"),
    ],
)
def test_check_normalized(text, words):
    assert normalized(text) == words


def test_check_examples_by_intent_has_each_line(tmp_path):
    (tmp_path / "nlu.yml").write_text(
        "nlu:\n- intent: a\n  examples: |\n    - one\n\n    - two words \n- lookup: x\n  examples: |\n    - y\n- intent: a\n  examples: |\n    - three\n"
    )
    document = strict_yaml.read(tmp_path / "nlu.yml")
    assert examples_by_intent(document) == {"a": [(4, "one"), (6, "two words"), (12, "three")]}


# Facts against the articles

ARTICLES = {
    "S1": "The CPC exam fee is $399.\nThe median wage was $50,250 in May 2024 (BLS).\nAs you see, fees   Differ widely.\n",
    "S2": "The CCA costs 299 dollars.\n",
    "S3": "Ask people at work.\n",
}


@pytest.fixture
def prove(tmp_path, write_knowledge):
    """Returns what check_sources finds, given changes to the knowledge and to the articles."""

    def found(*changes: tuple[str, str], hashes: bool = True, **articles: bytes) -> list[str]:
        folder = tmp_path / "articles"
        folder.mkdir(exist_ok=True)
        contents = {name: text.encode() for name, text in ARTICLES.items()} | articles
        for name, content in contents.items():
            (folder / f"{name}.txt").write_bytes(content)
        sums = [(str(number) * 64, hashlib.sha256(contents[f"S{number}"]).hexdigest()) for number in (1, 2, 3)] if hashes else []
        root = write_knowledge(*changes, *sums)
        document = strict_yaml.read(root / "medical_coding.yml", "knowledge/medical_coding.yml")
        return [str(problem) for problem in check_sources(knowledge.load(root), folder, document)]

    return found


def test_check_sources_proves_the_tiny_folder(prove):
    assert prove() == []


@pytest.mark.parametrize(
    "content", [ARTICLES["S2"].encode() + b"\n", b"The CCA costs 299 dollars.", b"299 caf\xe9"], ids=["longer", "shorter", "not UTF-8"]
)
def test_check_sources_refuses_other_hash(prove, tmp_path, content):
    file, found = tmp_path / "articles" / "S2.txt", hashlib.sha256(content).hexdigest()
    recorded = hashlib.sha256(ARTICLES["S2"].encode()).hexdigest()
    assert prove(
        ("2" * 64, recorded),
        ("1" * 64, hashlib.sha256(ARTICLES["S1"].encode()).hexdigest()),
        ("3" * 64, hashlib.sha256(ARTICLES["S3"].encode()).hexdigest()),
        hashes=False,
        S2=content,
    ) == [
        f"knowledge/sources.yml:1: S2: {file} has SHA-256 {found}, not the recorded {recorded}; facts may stand elsewhere now. Read the article again, then record its hash."
    ]


def test_check_sources_refuses_missing_article(project, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    found = [str(problem) for problem in check(empty, project())[0]]
    assert found == [
        f"knowledge/sources.yml:1: {name}: {empty / name}.txt cannot be read: No such file or directory. Give the folder that holds the articles."
        for name in ("S1", "S2", "S3")
    ]


@pytest.mark.parametrize(
    ("changes", "fact", "message"),
    [
        ([("value: 399", "value: 389")], "cpc_fee", "the figure $389 does not stand on line 1 of S1. Correct the figure or `lines`."),
        (
            [("CPC exam, source: S1, lines: [1]", "CPC exam, source: S1, lines: [2]")],
            "cpc_fee",
            "the figure $399 does not stand on line 2 of S1. Correct the figure or `lines`.",
        ),
        (
            [("CPC exam, source: S1, lines: [1]", "CPC exam, source: S1, lines: [1, 3]")],
            "cpc_fee",
            "the figure $399 does not stand on line 3 of S1. Correct the figure or `lines`.",
        ),
        (
            [("CPC exam, source: S1, lines: [1]", "CPC exam, source: S1, lines: [5]")],
            "cpc_fee",
            "line 5 is beyond the 4 lines of S1. Correct `lines`.",
        ),
        (
            [("CPC exam, source: S1, lines: [1]", "CPC exam, source: S1, lines: [0]")],
            "cpc_fee",
            "line 0 is beyond the 4 lines of S1. Correct `lines`.",
        ),
        ([("    lines: [2]", "    lines: [2]\n    period_lines: [9]")], "median_pay", "line 9 is beyond the 4 lines of S1. Correct `lines`."),
        (
            [("period: May 2024", "period: May 2023")],
            "median_pay",
            "'2023' of its period 'May 2023' does not stand on the cited lines of S1. Correct `period` or add `period_lines`.",
        ),
        (
            [("evidence: [fees differ]", "evidence: [fees are equal]")],
            "fees_differ",
            "the evidence 'fees are equal' does not stand on the cited lines of S1. Correct `evidence` or `lines`.",
        ),
        (
            [("evidence: [fees differ]", "evidence: [fees differ, dollars]")],
            "fees_differ",
            "the evidence 'dollars' does not stand on the cited lines of S1. Correct `evidence` or `lines`.",
        ),
        (
            [("[fees differ], source: S1, lines: [3]", "[fees differ], source: S1, lines: [1]")],
            "fees_differ",
            "the evidence 'fees differ' does not stand on the cited lines of S1. Correct `evidence` or `lines`.",
        ),
    ],
    ids=[
        "figure",
        "other line",
        "one of two lines",
        "beyond the end",
        "line zero",
        "period line beyond",
        "period",
        "evidence",
        "second evidence",
        "evidence elsewhere",
    ],
)
def test_check_sources_refuses_fact(prove, line_of, tmp_path, changes, fact, message):
    found = prove(*changes)
    line = line_of(tmp_path / "knowledge" / "medical_coding.yml", f"  {fact}:")
    assert found == [f"knowledge/medical_coding.yml:{line}: fact '{fact}': {message}"]


def test_check_sources_takes_the_period_from_period_lines(prove):
    article = ARTICLES["S1"].replace("in May 2024 ", "").encode() + b"Wages of May 2024.\n"
    assert len(prove(S1=article)) == 1
    assert prove(("    lines: [2]", "    lines: [2]\n    period_lines: [4]"), S1=article) == []


@pytest.mark.parametrize("evidence", ["FEES DIFFER", "fees differ widely", "you see, fees"])
def test_check_sources_evidence_whatever_case_and_blanks(prove, evidence):
    assert prove(("evidence: [fees differ]", f'evidence: ["{evidence}"]')) == []


FOUND = [  # value, unit, line
    (50250, "USD", "a wage of $50,250 a year"),
    (50250, "USD", "a wage of 50250."),
    (50250, "USD", "a wage of $50,250.00"),
    (1234.5, "USD", "a fee of $1,234.50 in all"),
    (22.5, "USD/hour", "$22.50 an hour"),
    (22.5, "USD/hour", "22.5 dollars"),
    (23, "USD/hour", "$23.00 an hour"),
    (23.0, "USD/hour", "$23.00 an hour"),
    (4, "months", "in 4 months"),
    (4, "months", "in four months"),
    (4, "months", "Four-month course"),
    (4, "months", "it takes 4."),
    (4, "months", "3, 4, or 5 months"),
    (4, "months", "(4)"),
    (4, "months", "4-6 months"),
    (12, "months", "Twelve of them"),
    (1, "years", "one year"),
    (1, "years", "a year"),
    (1, "hours", "an hour"),
    (1, "years", "1 year"),
    (50, "percent", "half of them"),
    (50, "percent", "50% of them"),
    (0.5, "years", "0.5 years"),
    (8, "percent", "8% by 2032"),
    ([10, 20], "months", "10 to 20 months"),
    ([10, 20], "months", "ten to 20 months"),
    ([1, 2], "years", "one or two years"),
    (340, "minutes", "5 hours and 40 minutes"),
    (340, "minutes", "5 hours, 40 minutes"),
    (340, "minutes", "five hours and 40 minutes"),
    (340, "minutes", "40 minutes and 5 hours"),
    (90, "minutes", "90 minutes"),
    (240, "minutes", "four hours"),
    (45, "minutes", "45 minutes"),
    ([45, 120], "minutes", "45 minutes to two hours"),
    (185000, "count", "over 185,000 members"),
]
NOT_FOUND = [
    (4, "months", "4.5 months"),
    (4, "months", "14 months"),
    (4, "months", "41 months"),
    (4, "months", "1.4 months"),
    (4, "months", "4,000 months"),
    (4, "months", "1,4 months"),
    (4, "months", "twenty-four months"),
    (4, "months", "twenty four months"),
    (4, "months", "fourteen months"),
    (4, "months", "fourth month"),
    (7, "months", "seventeen months"),
    (50250, "USD", "a wage of $50,251"),
    (50250, "USD", "a wage of $150,250"),
    (50250, "USD", "a wage of $50,2505"),
    (50250, "USD", "50,250,000 in all"),
    (250, "USD", "a wage of $50,250"),
    (50, "USD", "a wage of $50,250"),
    (22.5, "USD/hour", "$22.55 an hour"),
    (22.5, "USD/hour", "$122.50 an hour"),
    (22, "USD/hour", "$22.50 an hour"),
    (50, "USD", "half of it"),
    (50, "percent", "on their behalf"),
    (40, "percent", "half of them"),
    (1, "years", "several years"),
    ([10, 20], "months", "10 months"),
    ([10, 20], "months", "up to 20 months"),
    ([10, 20], "months", "10 to 200 months"),
    (340, "minutes", "5 hours"),
    (340, "minutes", "40 minutes"),
    (340, "minutes", "15 hours and 40 minutes"),
    (90, "minutes", "30 minutes"),
    (8, "percent", "in 2018"),
    (8, "percent", ""),
]


@pytest.mark.parametrize(("value", "unit", "line"), FOUND)
def test_check_figure_stands_on_line(value, unit, line):
    assert unproved(value, unit, line) == []


@pytest.mark.parametrize(("value", "unit", "line"), NOT_FOUND)
def test_check_figure_does_not_stand_on_line(value, unit, line):
    figure = knowledge.format_value(value, unit)
    assert unproved(value, unit, line) == [f"the figure {figure} does not stand on line 1 of S1. Correct the figure or `lines`."]


def unproved(value, unit: str, line: str) -> list[str]:
    fact = Fact(value=value, unit=unit, measure="m", source="S1", lines=[1])
    return list(check_module.unproved(fact, [line]))


# The real files


def test_check_real_knowledge_settings_and_facts_in_use(knowledge):
    assert len(knowledge.topics) >= 100
    assert unused_facts(knowledge) == []
