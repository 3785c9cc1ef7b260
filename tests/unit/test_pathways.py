"""The advice: what words answer, which pathway fits, what the visitor reads; rules on tiny knowledge, then the real file as a whole."""

from __future__ import annotations

from datetime import date

import pytest

from bot import pathways
from bot.knowledge import PATHWAY_MAX_CHARACTERS, UNSURE, ProblemsError, load

TODAY = date(2026, 6, 1)
TEXT_MAX_CHARACTERS = 1000  # what is still read as one reply


@pytest.fixture
def tiny(write_knowledge):
    return load(write_knowledge(sections=True))


@pytest.fixture(scope="module")
def real(knowledge):
    return knowledge.pathways


def given(schooling: str = UNSURE, time: str = UNSURE, aim: str = UNSURE) -> dict[str, str]:
    return {"schooling": schooling, "time": time, "aim": aim}


# Which way, and what is read


@pytest.mark.parametrize(
    ("answers", "title"),
    [(given(time="later"), "The slow way"), (given("school", "later", "home"), "The slow way"), (given("school", "soon"), "The usual way"), (given(), "The usual way")],
)  # fmt: skip
def test_choose_takes_the_first_way_that_fits(tiny, answers, title):
    assert pathways.choose(tiny.pathways, answers).title == title


def test_advise_text_has_reasons_numbered_steps_details_what_is_unknown_and_sources(tiny):
    advice = pathways.advise(tiny, given("school", "later"), 5, TODAY)
    assert advice.full_text == (
        "The slow way\n"
        "I suggest this because you have time. Asking around takes time.\n"
        "1. Ask: Ask everybody.\n"
        "2. Pay: Pay $299.\n"
        "Cost: $399 or less\n"
        "No length is known. Nobody promises a job.\n"
        "Sources: coding guide (2025); coding blog (2021); how-to (undated)"
    )
    assert (advice.topic, advice.related) == ("pay", ("exam_cost", "advice"))


def test_advise_gives_no_reason_for_what_was_left_open(tiny):
    assert pathways.advise(tiny, given(), 5, TODAY).text == "The usual way\nMost people ask.\nNobody promises a job."


def test_advise_card(tiny):
    card = pathways.advise(tiny, given(time="later"), 5, TODAY).card
    sources = card.pop("sources")
    assert card == {
        "card": "pathway",
        "title": "The slow way",
        "steps": [{"title": "Ask", "text": "Ask everybody."}, {"title": "Pay", "text": "Pay $299."}],
        "facts": [{"label": "Cost", "text": "$399 or less"}],
        "reasons": ["You have time.", "Asking around takes time."],
        "unknown": ["No length is known.", "Nobody promises a job."],
    }
    assert [(source["cite"], [figure["figure"] for figure in source["figures"]]) for source in sources] == [
        ("coding guide", ["$399"]),
        ("coding blog", ["$299"]),
        ("how-to", []),
    ]


def test_buttons_have_the_answers_and_one_that_leaves_it_open(tiny):
    assert pathways.buttons(tiny.pathways, "aim") == [{"title": title, "payload": title} for title in ("A job", "Home", "Not sure")]


# What words answer


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("I want a job fast and have only high school", {"schooling": "high_school", "time": "soon", "aim": "job"}),
        ("I already work as a receptionist", {"schooling": "health_care"}),
        ("what should I do?", {}),
        ("I'm a nurse and want to work from home", {"schooling": "health_care", "aim": "home"}),
        ("I want to become a coder, what do you recommend", {}),
        ("I want to work in a hospital some day", {}),
        ("should I get an associate degree or a certificate? I have a GED", {"schooling": "high_school"}),
        ("I have my CPC and want to earn more", {"schooling": "coder", "aim": "pay"}),
        ("I'm a stay at home mom with a bachelors degre, no rush", {"schooling": "bachelor", "time": "open"}),
        ("I dropped out of high school", {"schooling": "no_diploma"}),
        ("I am still in high school and would like to manage people", {"schooling": "no_diploma", "aim": "lead"}),
        ("I worked five years as a nurse and want to be coding within a year", {"schooling": "health_care", "time": "soon"}),
        ("I have no bachelor's degree", {}),
        ("an associate degree would be nice", {}),
        ("no job and no diploma, what now", {"schooling": "no_diploma"}),
        ("I've got two kids, a GED and no money", {"schooling": "high_school", "aim": "cost"}),
        ("I've a degree in history", {"schooling": "bachelor"}),
        ("is a degree what I need", {}),
        ("we're broke, I've got a GED", {"schooling": "high_school", "aim": "cost"}),
    ],
)
def test_read_opening_takes_what_the_visitor_has_and_wants(real, text, answers):
    assert pathways.read(real, text) == answers


@pytest.mark.parametrize(
    ("asked", "text", "answer"),
    [
        ("schooling", "high school", "high_school"),
        ("schooling", "GED", "high_school"),
        ("schooling", "just a highschool diploma", "high_school"),
        ("schooling", "no high school diploma", "no_diploma"),
        ("schooling", "an associate's degree", "associate"),
        ("schooling", "bachlor's in biology", "bachelor"),
        ("schooling", "bachelers degree", "bachelor"),
        ("schooling", "I'm a medical assistant with an associate degree", "health_care"),
        ("schooling", "some college", "high_school"),
        ("schooling", "a certificate in coding", "certificate"),
        ("schooling", "nothing yet", UNSURE),
        ("schooling", "carpenter", None),
        ("time", "asap", "soon"),
        ("time", "within a year", "soon"),
        ("time", "six months", "soon"),
        ("time", "18 months is ok", "years"),
        ("time", "two years", "years"),
        ("time", "maybe 4 years", "open"),
        ("time", "no rush", "open"),
        ("time", "I'm not in a hurry", "open"),
        ("time", "skip", UNSURE),
        ("time", "purple", None),
        ("aim", "from home", "home"),
        ("aim", "money", "pay"),
        ("aim", "good pay, from home", "home"),
        ("aim", "management", "lead"),
        ("aim", "something affordable", "cost"),
        ("aim", "not sure", UNSURE),
        ("aim", "I don't know", UNSURE),
        ("aim", "not management", None),
    ],
)  # fmt: skip
def test_read_reply_to_a_question(real, asked, text, answer):
    assert pathways.read(real, text, asked).get(asked) == answer


def test_read_reply_takes_what_it_says_beyond_the_question(real):
    assert pathways.read(real, "asap, and actually I have an associate degree", "time") == {"schooling": "associate", "time": "soon"}


def test_read_words_of_another_question_are_no_reply(real):
    assert pathways.read(real, "money", "time") == {}


@pytest.mark.parametrize("question", ["schooling", "time", "aim"])
def test_read_real_buttons_and_words_give_their_own_answer(real, question):
    for name, answer in real.questions[question].answers.items():
        for phrase in (answer.label, *answer.words, *answer.if_asked):
            assert pathways.read(real, phrase, question).get(question) == name, phrase
    for phrase in real.unsure:
        assert pathways.read(real, phrase, question).get(question) == UNSURE, phrase


# Changes after the advice


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("actually I have an associate degree", {"schooling": "associate"}),
        ("what if I had more time", {"time": "open"}),
        ("what if I wanted to work from home and I'm a nurse?", {"schooling": "health_care", "aim": "home"}),
        ("no, I meant no rush", {"time": "open"}),
        ("I'd rather work from home", {"aim": "home"}),
        ("Good pay", {"aim": "pay"}),
        ("As soon as I can", {}),
        ("actually I have a high school diploma", {}),
        ("actually how long does an associate degree take?", {}),
        ("what if I fail the exam", {}),
        ("what about the pay?", {}),
        ("can I work from home", {}),
        ("I have an associate degree", {}),
        ("thanks", {}),
    ],
)
def test_changed_takes_only_what_says_that_it_changes_an_answer(real, text, changes):
    assert pathways.changed(real, text, given("high_school", "soon", "job")) == changes


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("how long does it take", True),
        ("ok, and can I work from home", True),
        ("what if I had more time", False),
        ("from home", False),
        ("I wonder how", False),
        ("", False),
        ("?", False),
    ],
)
def test_is_question(text, asks):
    assert pathways.is_question(text) is asks


# The check

REFUSED = [  # id, (old, new), message
    ("a question is missing", ("    aim:\n      text: What for?\n      answers:\n        job: {label: A job, reason: you want to work, words: [any job]}\n        home: {label: Home, reason: you like it at home, words: [from home], if_asked: [home]}\n", ""), "pathways: question 'aim' missing; the advice needs it. Add it."),
    ("unsure is missing", ("  unsure: [Not sure, skip]\n", ""), "pathways: 'unsure' missing; the advice needs it. Add it."),
    ("promise is missing", ("  promise: {text: Nobody promises a job., facts: [fees_differ]}\n", ""), "pathways: 'promise' missing; the advice needs it. Add it."),
    ("promise on no fact", ("a job., facts: [fees_differ]}", "a job.}"), "pathways: promise: 'Nobody promises a job.' stands on no fact. Name the facts it stands on under `facts`."),
    ("unknown question", ("when: {time: [later]}", "when: {money: [later]}"), "unknown key 'money'; allowed: schooling, time, aim. Correct or remove it."),
    ("unknown answer", ("when: {time: [later]}", "when: {time: [never]}"), "pathway 'slow': unknown time 'never'; known: soon, later, unsure. Correct it."),
    ("reserved answer", ("        later: {label", "        unsure: {label"), "question 'time': answer 'unsure': every question can be left open already. Remove it."),
    ("long label", ("label: School,", f"label: {'L' * 25},"), f"question 'schooling': answer 'school': label '{'L' * 25}' has 25 characters; at most 24 fit. Shorten it."),
    ("figure in a label", ("label: School,", "label: Two schools,"), "question 'schooling': answer 'school': label: the figure 'Two' comes from no fact. Add a fact and write its name in braces, or reword."),
    ("figure in a reason", ("reason: you work,", "reason: you work twice,"), "question 'schooling': answer 'work': reason: the figure 'twice' comes from no fact. Add a fact and write its name in braces, or reword."),
    ("unknown topic", ("topic: pay", "topic: gone"), "pathway 'slow': topic 'gone' does not exist. Name another topic's id."),
    ("unknown related", ("related: [exam_cost, advice]", "related: [exam_cost, gone]"), "pathway 'slow': topic 'gone' does not exist. Name another topic's id."),
    ("unknown fact", ("Asking around takes time., facts: [ask_around]", "Asking around takes time., facts: [ask]"), "pathway 'slow': unknown fact 'ask'. Correct the name or add it under `facts`."),
    ("step on no fact", ("text: Ask everybody., facts: [ask_around]", "text: Ask everybody."), "pathway 'slow': 'Ask everybody.' stands on no fact. Name the facts it stands on under `facts`."),
    ("bare figure in a step", ("text: Ask everybody.", "text: Ask ten people."), "pathway 'slow': the figure 'ten' comes from no fact. Add a fact and write its name in braces, or reword."),
    ("bare figure in a title", ("title: The slow way", "title: Three steps"), "pathway 'slow': the figure 'Three' comes from no fact. Add a fact and write its name in braces, or reword."),
    ("bare figure in what is unknown", ("[No length is known.]", "[No length in 10 sources.]"), "pathway 'slow': the figure '1' comes from no fact. Add a fact and write its name in braces, or reword."),
    ("too long", ("text: Ask everybody.", f"text: {'x' * 700}"), f"pathway 'slow': its texts have 783 characters; at most {PATHWAY_MAX_CHARACTERS} fit a reply. Shorten them."),
    ("unknown key", ("      steps: []", "      step: []\n      steps: []"), "unknown key 'step'; allowed: title, when, why, steps, details, unknown, topic, related. Correct or remove it."),
]  # fmt: skip


@pytest.mark.parametrize(("change", "message"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_knowledge_refuses_pathways(write_knowledge, change, message):
    with pytest.raises(ProblemsError) as caught:
        load(write_knowledge(change, sections=True))
    assert message in [problem.message for problem in caught.value.problems]


def test_knowledge_refuses_answers_without_a_way(write_knowledge):
    with pytest.raises(ProblemsError) as caught:
        load(write_knowledge(("title: The usual way", "title: The usual way\n      when: {time: [soon], aim: [job, home]}"), sections=True))
    messages = [problem.message for problem in caught.value.problems]
    assert "pathways: none fits schooling work, time unsure, aim job. Widen a `when` or add a pathway." in messages
    assert len(messages) == 12  # unsure when (3 schoolings, 3 aims), and soon without an aim (3 schoolings)


def test_knowledge_refuses_a_way_that_no_answers_lead_to(write_knowledge):
    with pytest.raises(ProblemsError) as caught:
        load(write_knowledge(("when: {time: [later]}", "when: {}"), sections=True))
    assert [problem.message for problem in caught.value.problems] == [
        "pathway 'usual': no answers lead to it; those above take them all. Move it up, narrow theirs or remove it."
    ]


# The real file


def test_real_every_combination_has_one_readable_cited_pathway(knowledge, real):
    combinations = list(real.combinations())
    assert len(combinations) == len({tuple(combination.items()) for combination in combinations}) == 8 * 4 * 6
    for combination in combinations:
        advice = pathways.advise(knowledge, combination, 5)
        lines = advice.full_text.split("\n")
        assert len(advice.text) <= TEXT_MAX_CHARACTERS, combination
        steps = [line for line in lines if line[:1].isdigit()]
        assert 3 <= len(steps) <= 5 and [step.split(". ")[0] for step in steps] == [str(number) for number in range(1, len(steps) + 1)]
        assert [line.startswith(("Source: ", "Sources: ")) for line in lines] == [False] * (len(lines) - 1) + [True]
        assert "promise nobody a job or a wage" in advice.text
        assert advice.topic in knowledge.topics and len(advice.related) == 3


def test_real_pathways_are_six_to_ten(real):
    assert 6 <= len(real.ways) <= 10


@pytest.mark.parametrize(
    ("answers", "way"),
    [
        (given("high_school", "soon", "job"), "quick_start"),
        (given(), "quick_start"),
        (given("high_school", "open", "pay"), "associate"),
        (given("high_school", "soon", "lead"), "lead"),
        (given("health_care", "soon", "job"), "health_care"),
        (given("health_care", "open", "home"), "home"),
        (given("coder", UNSURE, "pay"), "specialize"),
        (given("certificate", "soon", "job"), "certify_next"),
        (given("bachelor", "years", "pay"), "build_on_degree"),
        (given("associate", "soon", "cost"), "low_cost"),
        (given("no_diploma", "soon", "home"), "finish_school"),
    ],
)
def test_real_pathway_for(real, answers, way):
    assert pathways.choose(real, answers) == real.ways[way]
