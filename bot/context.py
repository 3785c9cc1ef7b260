"""What a message means after the one before: "and the CCA?", "how long does that take?", "no, I meant billing"."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import dropwhile
from typing import Container, Mapping, Sequence

from bot.knowledge import Knowledge, Topic

# Closed-class words of English. The first point back to what was said; the others add nothing of their own to a follow-up.
POINTERS = frozenset(
    "it its it's that that's thats this those these they their them one ones there same both either which else other more better".split()
)
OPENERS = frozenset("and or but if for with same not no nope sorry actually oops wait typo meant mean also ok okay so then only".split())
FILLERS = (
    frozenset(
        (
            "a an the as at by to in on of out from just too instead rather please thanks thank you yes oh ah well hmm um hey i im "
            "i'm i've ive me my we we're you're your have had got has having be been being am was were someone somebody people person "
            "those these that this it one ones kind type level like say said asking ask asked talking want wanted go going now again "
            "still holding new i'd id about when once after"
        ).split()
    )
    | OPENERS
)
CORRECTIONS = frozenset({"meant", "mean"})
ADDITIVES = frozenset({"too", "also", "either", "same"})
OPENING = re.compile(r"\b(?:(?:and )?(?:what|how) (?:about|abt|bout|if)|and what|and how)\b", re.IGNORECASE)  # all say "and"
KNOWN = POINTERS | {"the"}  # a question with one of these may speak of a subject as known already
NEAR = 2.0  # how much likelier a topic is that is related to the last answer's, or about the same subject
CLEAR = 0.5  # a topic with less is no better guess than asking back
ALONE = 0.4  # a fragment read with so much as a question of its own is one, where the last answer's topic knows no such thing
SHORT_WORDS = 4  # a message of so few words that names no subject leans on the talk ("how much?", "and the pay?")
WORD = re.compile(r"[\w'’]+(?:-\w+)*")

Entities = Mapping[str, Sequence[str]]  # values by kind, in the order named


@dataclass(frozen=True)
class Asked:
    """A topic and the entities that choose its variant."""

    topic: str
    entities: dict[str, list[str]] = field(default_factory=dict)


def words_of(text: str) -> list[str]:
    """Returns the words of a text in lower case, with plain apostrophes."""
    return [word.replace("’", "'") for word in WORD.findall(text.lower())]


def subject_words(knowledge: Knowledge) -> dict[str, str]:
    """Returns the subject that each word names."""
    return {word: name for name, subject in knowledge.subjects.items() for word in subject.words}


def subject_of(knowledge: Knowledge, topic: str) -> str | None:
    """Returns the subject that a topic is about."""
    return next((name for name, subject in knowledge.subjects.items() if topic in subject.topics), None)


def is_fragment(words: Sequence[str], subjects: Container[str], names_entity: bool) -> bool:
    """Returns whether a message is no question of its own: an entity or a subject with nothing around it but closed-class words.

    Args:
        words: the message's words without those of its entities.
        subjects: words that name subjects.
        names_entity: whether the message names an entity.
    """
    named = [word for word in words if word in subjects]
    if any(word not in FILLERS and word not in subjects for word in words) or not (named or names_entity):
        return False
    # "what about the CCA", "and the exam?", "CCA?"; but "CCA exam" is a search, and "exam" too.
    return (words[:1] != [] and (words[0] in OPENERS or "meant" in words)) or not named


def points_back(knowledge: Knowledge, text: str, entities: Entities) -> bool:
    """Returns whether a question leaves out what it is about: it names no subject, and points to one, goes on from one or is short."""
    words = words_of(text)
    said = list(dropwhile(OPENERS.__contains__, words))
    leans = len(said) <= SHORT_WORDS or bool(POINTERS & set(words)) or OPENING.match(" ".join(said)) is not None
    return leans and not _named(knowledge, words, entities)


def in_context(knowledge: Knowledge, asked: Asked, text: str, in_play: Asked | None, ranked: Sequence[tuple[str, float]] = ()) -> Asked:
    """Returns what a question asks, seen from what the talk is about.

    A question that names another subject stays as it is. One that names none and points back ("how long is it?") is about the subject of
    the last answer: its aspect there; a topic near to that of the last answer wins over one that is a little likelier alone. The entities of
    the last answer hold where the new topic tells them apart, if the question names no other subject and speaks of that one as known ("the
    exam", "is it a hard test"). A correction asks the aspect of the subject that it names. "Does the CCA have that too" asks the same as before.

    Args:
        asked: the topic the question was read as, and the entities it names.
        text: the question as typed.
        in_play: what the last answer was about; None if nothing is.
        ranked: the topics it may be about, with their confidences; empty if only the likeliest is known.
    """
    if in_play is None:
        return asked
    subject, words = subject_of(knowledge, in_play.topic), words_of(text)
    named = _named(knowledge, words, asked.entities)
    topic = asked.topic
    if CORRECTIONS & set(words) and len(named) == 1:  # "I meant the studying, can I do that from home"
        return Asked(of_subject(knowledge, topic, *named) or topic, asked.entities)
    if _asks_the_same(knowledge, asked, words, in_play):  # "does the CCA have that too"
        topic = in_play.topic
    elif points_back(knowledge, text, asked.entities):
        weights = _weights(knowledge, ranked or [(asked.topic, 1.0)], in_play)
        topic = max(weights, key=weights.__getitem__)
    elif named != ({subject} if KNOWN & set(words) else set()) or subject_of(knowledge, topic) != subject:
        return asked
    return Asked(topic, _carried(asked.entities, in_play.entities))


def _asks_the_same(knowledge: Knowledge, asked: Asked, words: Sequence[str], in_play: Asked) -> bool:
    """Returns whether a question that is read as one about a name goes on from the last answer, which tells that name apart."""
    goes_on = bool(ADDITIVES & set(words)) or OPENING.match(" ".join(words)) is not None
    overviews = [knowledge.entities[kind].overview for kind in asked.entities]
    return goes_on and asked.topic in overviews and tells_apart(knowledge.topics[in_play.topic], asked.entities)


def likeliest_in_context(
    knowledge: Knowledge, ranked: Sequence[tuple[str, float]], text: str, entities: Entities, in_play: Asked | None
) -> Asked | None:
    """Returns what a question that alone is unclear asks after the last answer; None if it stays unclear.

    Args:
        ranked: the topics it may be about, with their confidences.
    """
    if in_play is None or not points_back(knowledge, text, entities):
        return None
    weights = _weights(knowledge, ranked, in_play)
    best = max(weights, key=weights.__getitem__, default=None)
    if best is None or weights[best] < CLEAR:
        return None
    return Asked(best, _carried(entities, in_play.entities))


def _weights(knowledge: Knowledge, ranked: Sequence[tuple[str, float]], in_play: Asked) -> dict[str, float]:
    """Returns how likely each topic is after the last answer, as the aspect of what that was about; not a probability."""
    subject = subject_of(knowledge, in_play.topic) or ""
    weights: dict[str, float] = {}
    for name, confidence in ranked:
        if name in knowledge.topics:
            aspects = knowledge.aspects.get(name, {})
            topic = aspects.get(in_play.topic) or aspects.get(subject, name)
            weights[topic] = weights.get(topic, 0.0) + confidence * (NEAR if _is_near(knowledge, topic, in_play.topic) else 1.0)
    return weights


def _is_near(knowledge: Knowledge, topic: str, other: str) -> bool:
    """Returns whether two topics are about the same subject or related."""
    subject = subject_of(knowledge, topic)
    return topic in knowledge.topics[other].related or (subject is not None and subject == subject_of(knowledge, other))


def _named(knowledge: Knowledge, words: Sequence[str], entities: Entities) -> set[str]:
    """Returns the subjects that a message names, by their words or by an entity."""
    names = subject_words(knowledge)
    by_entity = {name for name, subject in knowledge.subjects.items() if set(subject.entities) & set(entities)}
    return by_entity | {names[word] for word in words if word in names}


def of_fragment(knowledge: Knowledge, text: str, entities: Entities, in_play: Asked, ranked: Sequence[tuple[str, float]] = ()) -> Asked | None:
    """Returns what a fragment asks after the last answer: the same of something else. None if it names a subject of which that cannot be asked.

    "and the CCA?" after the cost of the CPC exam is the cost of the CCA exam; "and an associate degree?" is the cost of study for one.
    "and from home?" after the pay is what it asks alone, as the pay is told for no place.

    Args:
        ranked: the topics it may be about if it stood alone, with their confidences.
    """
    names = subject_words(knowledge)
    subjects = [names[word] for word in _affirmed(words_of(text)) if word in names]
    topic = in_play.topic
    if not entities and subjects:
        other = of_subject(knowledge, in_play.topic, subjects[-1])
        return Asked(other, _carried({}, in_play.entities)) if other else None
    if not tells_apart(knowledge.topics[in_play.topic], entities):
        subject = next(iter(_named(knowledge, [], entities)), None)
        other = of_subject(knowledge, in_play.topic, subject)
        if other is not None and tells_apart(knowledge.topics[other], entities):
            topic = other
    if ranked and ranked[0][1] >= ALONE and not any(has_variants(knowledge.topics[topic], kind) for kind in entities):
        return Asked(ranked[0][0], _carried(entities, {}))
    return Asked(topic, _carried(entities, in_play.entities))


def of_subject(knowledge: Knowledge, topic: str, subject: str | None) -> str | None:
    """Returns the topic of the same aspect about another subject; None if there is none."""
    for aspect, topics in knowledge.aspects.items():
        if topic == aspect or topic in topics.values():
            if subject in topics:
                return topics[subject]
            if subject == subject_of(knowledge, aspect):
                return aspect
    return None


def tells_apart(topic: Topic, entities: Entities) -> bool:
    """Returns whether the topic has an answer of its own for any of the entities."""
    return any(set(variant.values(kind)) & set(values) for variant in topic.variants for kind, values in entities.items())


def has_variants(topic: Topic, kind: str) -> bool:
    """Returns whether the topic tells entities of a kind apart at all."""
    return any(kind in variant.when for variant in topic.variants)


def _affirmed(words: Sequence[str]) -> list[str]:
    """Returns the words but those that are denied: "not the exam, the school" is about the school."""
    affirmed, denied = [], False
    for word in words:
        if word == "not":
            denied = True
        elif denied and word not in FILLERS:
            denied = False
        else:
            affirmed.append(word)
    return affirmed


def _carried(named: Entities, earlier: Entities) -> dict[str, list[str]]:
    """Returns the entities named now and, of other kinds, those of the last answer. (Answers pass over those that make no difference.)"""
    return {kind: list(values) for kind, values in {**earlier, **named}.items()}


def names_of(knowledge: Knowledge, entities: Entities) -> list[tuple[str, str]]:
    """Returns kind and full name of each entity."""
    return [(kind, knowledge.entities[kind].values[value].name) for kind, values in entities.items() for value in values]
