"""The advice: what visitors' words answer, which pathway fits the answers, and what the visitor reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Iterator, Mapping, Sequence

from rapidfuzz.distance import OSA

from bot import answers as bot_answers
from bot.knowledge import NUMBER_WORDS, UNSURE, AdviceQuestion, Knowledge, Pathway, Pathways, fact_names

SLOTS = {"schooling": "advice_schooling", "time": "advice_time", "aim": "advice_aim"}  # of domain.yml, by question
FUZZY_FROM_LETTERS = 7  # shorter words lie too close to others; as in the entity extractor
NEGATED_WITHIN = 3  # words: "no college degree", "don't have a bachelor's"
MONTHS = {"week": 0.25, "month": 1, "year": 12}
NUMBERS = {"a": 1, "an": 1, "one": 1, **{word: number for number, word in NUMBER_WORDS.items()}}

TOKEN = re.compile(r"[a-z0-9]+|[.,;:!?()]")
# Closed-class words of English.
NEGATING = re.compile(r"no|not|dont|doesnt|didnt|havent|hasnt|hadnt|isnt|wasnt|wont|never|without|cant|cannot|neither|nor")
HAVING = re.compile(
    r"have|has|had|having|got|ive|im|am|is|was|been|with|hold|holding|holds|finished|completed|graduated|earned|passed|did|done|only|just|already"
    r"|my|as|work|working|works|worked|from|former|own|currently|retired|used"
)
WANTING = re.compile(
    r"want|wants|wanted|need|needs|get|getting|take|taking|took|become|becoming|be|go|going|pursue|pursuing|consider|considering|study|studying|earn"
    r"|enroll|start|starting|do|doing|should|shall|would|could|can|which|like|love|hope|hoping|plan|planning|think|thinking|looking|interested"
    r"|toward|towards|into|for|about|without"
)
SPAN_OPENER = re.compile(r"in|within|under|than|about|by|next")  # "in six months" is a wish, "for six months" a past
FILLER = re.compile(r"ok|okay|so|and|but|well|oh|hi|hey|hello|please|um|uh|also|then|wait|sorry|actually|no|yes")
ASKING = re.compile(r"what|whats|how|hows|why|when|where|who|which|is|are|was|do|does|did|can|could|will|would|should|shall|may|am|isnt|arent")
CHANGING = re.compile(
    r"\b(?:actually|what if|and if|but if|if i|suppose|supposing|imagine|instead|meant|mean|correction|sorry|wait|change|changed|rather|prefer|make (?:it|that)|say)\b|^no\b"
)


@dataclass(frozen=True)
class Advice:
    """What the visitor reads: the text without its source line, the line, the card; and the topics to offer next."""

    text: str
    source_line: str
    card: dict[str, Any]
    topic: str
    related: tuple[str, ...]

    @property
    def full_text(self) -> str:
        """The text, and on its last line where it comes from."""
        return f"{self.text}\n{self.source_line}"


@dataclass(frozen=True)
class Mention:
    """Words of a message that give an answer."""

    start: int
    end: int
    question: str
    answer: str


def choose(pathways: Pathways, given: Mapping[str, str]) -> Pathway:
    """Returns the pathway for the answers: the first that fits; the check of the knowledge file proves that there is one."""
    return next(way for way in pathways.ways.values() if way.fits(dict(given)))


def advise(knowledge: Knowledge, given: Mapping[str, str], dated_after_years: int, today: date | None = None) -> Advice:
    """Returns the pathway for the answers, with its reasons.

    Args:
        knowledge: what may be said.
        given: by question the answer, UNSURE where it was left open.
        dated_after_years: a figure further back than this many calendar years is marked in the source line.
        today: for tests.
    """
    pathways = knowledge.pathways
    way = choose(pathways, given)
    assert pathways.promise is not None  # the check of the knowledge file
    reasons = [
        asked.answers[given[question]].reason for question, asked in pathways.questions.items() if question in way.when and given[question] != UNSURE
    ]
    why, promise = knowledge.fill(way.why.text), knowledge.fill(pathways.promise.text)
    steps = [{"title": step.title, "text": knowledge.fill(step.text)} for step in way.steps]
    details = [{"label": detail.label, "text": knowledge.fill(detail.text)} for detail in way.details]
    text = "\n".join(
        [
            way.title,
            f"I suggest this because {bot_answers.listed(reasons)}. {why}" if reasons else why,
            *(f"{number}. {step['title']}: {step['text']}" for number, step in enumerate(steps, start=1)),
            *(f"{detail['label']}: {detail['text']}" for detail in details),
            " ".join([*way.unknown, promise]),
        ]
    )
    statements = [*(statement for _, statement in way.statements()), pathways.promise]
    facts = [
        knowledge.facts[name] for name in dict.fromkeys(name for statement in statements for name in fact_names(statement.text, statement.facts))
    ]
    card = {
        "card": "pathway",
        "title": way.title,
        "steps": steps,
        "facts": details,
        "reasons": [f"{reason[:1].upper()}{reason[1:]}." for reason in reasons] + [why],
        "unknown": [*way.unknown, promise],
        "sources": bot_answers.sources_of(knowledge, facts, dated_after_years, today),
    }
    source_line = bot_answers.source_line(knowledge, facts, dated_after_years, today)
    return Advice(text, source_line, card, way.topic, tuple(way.related[: bot_answers.RELATED_BUTTONS]))


def buttons(pathways: Pathways, question: str) -> list[dict[str, str]]:
    """Returns a button for each answer to a question; what it sends is understood as if typed."""
    labels = [answer.label for answer in pathways.questions[question].answers.values()] + pathways.unsure[:1]  # type: ignore[index]
    return [{"title": label, "payload": label} for label in labels]


def read(pathways: Pathways, text: str, asked: str | None = None) -> dict[str, str]:
    """Returns the answers that a message gives, by question.

    Args:
        pathways: the questions and how they are answered.
        text: the message as typed.
        asked: the question that the message replies to, if one was asked.
    """
    tokens = _tokens(text)
    given: dict[str, str] = {}
    mentions = _mentions(pathways, tokens, asked)
    for question, entry in pathways.questions.items():
        named = [
            mention.answer
            for mention in mentions
            if mention.question == question
            and mention.answer != UNSURE
            and not _negated(tokens, mention.start)
            and (question != "schooling" or question == asked or _has(tokens, mention.start))
        ]
        if named:
            given[question] = max(named, key=list(entry.answers).index)
        elif question == "time" and (months := _span(tokens, any_span=asked == "time")) is not None:
            given[question] = _within(entry, months)
    if asked and asked not in given and any(mention.answer == UNSURE for mention in mentions):
        given[asked] = UNSURE
    return given


def changed(pathways: Pathways, text: str, given: Mapping[str, str]) -> dict[str, str]:
    """Returns the answers that a message changes after a pathway was given; none unless it says so: "actually ...", "what if ...", a button's label."""
    tokens = _tokens(text)
    plain = " ".join(tokens)
    for question, entry in pathways.questions.items():
        for answer, known in entry.answers.items():
            if tokens == _tokens(known.label):
                return {question: answer} if given.get(question) != answer else {}
    if is_question(text) or not CHANGING.search(plain):
        return {}
    return {question: answer for question, answer in read(pathways, text).items() if given.get(question) != answer}


def is_question(text: str) -> bool:
    """Returns whether a message asks something; "what if ..." does not, it supposes."""
    words = [token for token in _tokens(text) if token.isalnum()]
    while words and FILLER.fullmatch(words[0]):
        words.pop(0)
    return bool(words) and ASKING.fullmatch(words[0]) is not None and words[:2] != ["what", "if"]


def _tokens(text: str) -> list[str]:
    """Returns the words of a text in lower case without apostrophes, and the marks that part its clauses."""
    return TOKEN.findall(re.sub(r"['’]", "", text.lower()))


def _mentions(pathways: Pathways, tokens: Sequence[str], asked: str | None) -> list[Mention]:
    """Returns where a message gives answers, longer phrases before shorter ones they contain."""
    found = []
    for question, entry in pathways.questions.items():
        for name, answer in entry.answers.items():
            phrases = [answer.label, *answer.words, *(answer.if_asked if question == asked else [])]
            found += [Mention(start, end, question, name) for phrase in phrases for start, end in _places(tokens, phrase)]
    if asked:
        found += [Mention(start, end, asked, UNSURE) for phrase in pathways.unsure for start, end in _places(tokens, phrase)]
    kept: list[Mention] = []
    for mention in sorted(found, key=lambda mention: mention.start - mention.end):
        if all(mention.end <= other.start or other.end <= mention.start for other in kept):
            kept.append(mention)
    return kept


def _places(tokens: Sequence[str], phrase: str) -> Iterator[tuple[int, int]]:
    """Yields where a phrase stands, a letter misspelled in its long words allowed."""
    words = _phrase(phrase)
    for start in range(len(tokens) - len(words) + 1):
        if all(_same(token, word) for token, word in zip(tokens[start:], words)):
            yield start, start + len(words)


@cache
def _phrase(phrase: str) -> tuple[str, ...]:
    return tuple(_tokens(phrase))


def _same(token: str, word: str) -> bool:
    return token == word or (len(word) >= FUZZY_FROM_LETTERS and OSA.distance(token, word, score_cutoff=1) <= 1)


def _negated(tokens: Sequence[str], start: int) -> bool:
    """Returns whether the words before a mention deny it; one that denies by itself ("no degree") says what it says."""
    before = tokens[max(0, start - NEGATED_WITHIN) : start]
    return not NEGATING.fullmatch(tokens[start]) and any(NEGATING.fullmatch(token) for token in before)


def _has(tokens: list[str], start: int) -> bool:
    """Returns whether a message says that its writer has the schooling named at `start`, not that it is wanted.

    The nearest verb before it in its clause decides; without one it must open its clause ("high school only, what now?", "I dropped out").
    """

    def opens_with(first: int) -> bool:
        return tokens[first:start] in ([], ["i"])

    if NEGATING.fullmatch(tokens[start]):  # "no degree"
        return True
    for index in range(start - 1, -1, -1):
        token = tokens[index]
        if not token.isalnum() and (token != "," or opens_with(index + 1)):
            return opens_with(index + 1)
        if HAVING.fullmatch(token):  # but "is a degree ..." asks, and "to work in a hospital" is a wish
            return tokens[index - 1] != "to" if index else token != "is"
        if WANTING.fullmatch(token):
            return False
    return opens_with(0)


def _span(tokens: Sequence[str], any_span: bool) -> float | None:
    """Returns the months of the first span of time in a message: "6 months", "a year"; unless any will do, only of one ahead ("in a year")."""
    for index, token in enumerate(tokens):
        unit = MONTHS.get(token.removesuffix("s"))
        if unit is None or index == 0:
            continue
        number = tokens[index - 1]
        count = int(number) if number.isdigit() else NUMBERS.get(number)
        if count is not None and (any_span or (index > 1 and SPAN_OPENER.fullmatch(tokens[index - 2]))):
            return count * unit
    return None


def _within(question: AdviceQuestion, months: float) -> str:
    """Returns the answer that a span of time means: the shortest that holds it, or the longest."""
    spans = {answer: entry.months for answer, entry in question.answers.items() if entry.months is not None}
    return min((answer for answer in spans if months <= spans[answer]), key=spans.__getitem__, default=max(spans, key=spans.__getitem__))
