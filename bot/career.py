"""Makes the folder of another career from the project's own files: small talk, refusals and rules reworded, three topics to begin with."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Iterator

from bot.knowledge import INTENT_PREFIX, ROOT

TOPICS = ("salary", "how_to_become", "how_long")  # to begin with; their examples are there already
LEFT_OUT = ("request_advice", "oos_code_lookup")  # intents that need what a new career does not have: pathways, codes
ADVICE = re.compile(r"advi[cs]e")
OF_CODING = re.compile(  # an example with such a word says nothing about another career
    r"\b(?:cod\w*|bill\w*|claims?|c[pc][cat]|ccs\w*|coc|cic|crc|rhi[ta]|ctr|ceus?|aapc|ahima|icd\w*|cpt|hcpcs|herzing\w*|medical \w+|charts?)\b",
    re.IGNORECASE,
)
CUTS = (  # what replies say of this career alone
    ", one of them a university's program page and one citing the Bureau of Labor Statistics",
    ", such as the CPC and the CCA, or a certificate and an associate degree",
    ", such as pay, schooling, certification and working from home",
)
KNOWLEDGE = """\
# What the assistant knows about becoming {a_noun}: the names it recognizes, the facts with their sources, and the answers.
# How to edit: docs/editor.md. After saving: `make check`. Answers change at once; new topics, names or examples need `make train`.
# yaml-language-server: $schema={schema}/knowledge.json

# Words with digits that may stand in an answer; every other figure comes from a fact.
names_with_digits: []

# What a visitor's words are recognized as.
entities:
  experience_level:
    values:
      beginner: {{name: beginner, short: beginner, synonyms: [beginner, beginners, entry level, newbie, just starting, no experience]}}
      experienced: {{name: experienced {noun}, short: experienced, synonyms: [experienced, veteran, senior, seasoned]}}

# What a talk can be about.
subjects:
  study:
    words: [program, programs, school, schools, college, course, courses, class, classes, degree, training, study, studies, studying]
    entities: []
    topics: [how_long]
  job:
    words: [job, jobs, career, careers, work, profession, occupation, position]
    entities: []
    topics: [salary, how_to_become]

# One figure or one checkable statement each, with the lines of the source it stands on. This one stands for those to come: remove it in the end.
facts:
  s1_nothing_read_yet: {{statement: nothing has been read yet, evidence: [nothing has been read yet], source: S1, lines: [1]}}

topics:

  # Pay and prospects

  salary:
    question: What does {a_noun} earn?
    label: Yearly pay
    answer: I have no answer to this yet. The admissions office can help.
    facts: [s1_nothing_read_yet]
    related: [how_to_become]

  # School

  how_to_become:
    question: How do you become {a_noun}?
    label: How to become one
    answer: I have no answer to this yet. The admissions office can help.
    facts: [s1_nothing_read_yet]
    related: [how_long]

  how_long:
    question: How long does it take to become {a_noun}?
    label: How long it takes
    answer: I have no answer to this yet. The admissions office can help.
    facts: [s1_nothing_read_yet]
    related: [how_to_become]
"""
SOURCES = """\
# The articles the knowledge file is built from. `cite` is what visitors read; `sha256` is the hash of the text that was read.
# yaml-language-server: $schema={schema}/sources.json
S1:
  title: Put the title of the first article here
  publisher: null
  cite: no article yet
  year: null
  speaks_of: nothing yet
  sha256: "{nothing}"
"""
PAGE = """\
<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
    <title>{title}</title>
    <link rel="icon" href="icon.svg">
    <link rel="stylesheet" href="demo.css">
    <script type="module" src="career-chat.js"></script>
  </head>
  <body>
    <main id="content"><section class="inner"><h1>{title}</h1><p>Questions about the career? The assistant in the corner answers at any hour.</p></section></main>
    <career-chat></career-chat>
  </body>
</html>
"""


class CareerError(ValueError):
    """The folder cannot be made; the text says why and what to do."""


@dataclass(frozen=True)
class Words:
    """What the career is called."""

    noun: str  # who does it: "pharmacy technician"
    field: str  # what they do, without an article: "pharmacy technology"

    @property
    def a_noun(self) -> str:
        """The noun with its article."""
        return f"{'an' if self.noun[0].lower() in 'aeiou' else 'a'} {self.noun}"

    def reword(self, text: str) -> str:
        """Returns a text about medical coding as one about this career."""
        for old, new in (
            (r"\ba (?:medical )?coder\b", self.a_noun),
            (r"\b(?:medical )?coders\b", f"{self.noun}s"),
            (r"\b(?:medical )?coder\b", self.noun),
            (r"\b(?:medical )?coding\b", self.field),
        ):
            text = re.sub(old, partial(_like, new), text, flags=re.IGNORECASE)
        return text


def _like(new: str, match: re.Match[str]) -> str:
    return new.capitalize() if match.group()[0].isupper() else new


def make(name: str, noun: str = "", field: str = "", careers: Path = ROOT / "careers") -> Path:
    """Makes the folder careers/<name>; returns it.

    Args:
        noun: who does the work; the name in words unless given.
        field: what they do; "<noun> work" unless given.
    Raises:
        CareerError: the name is none, or the folder is there.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise CareerError(
            f"'{name}' is no name of a folder; allowed: lower case letters, digits and underscores. Say for example NAME=pharmacy_technician."
        )
    folder = careers / name
    if folder.exists():
        raise CareerError(f"careers/{name} is there already. Choose another name, or remove the folder first.")
    noun = noun or name.replace("_", " ")
    words = Words(noun, field or f"{noun} work")
    for path, text in _files(name, words):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return folder


def _files(name: str, words: Words) -> Iterator[tuple[str, str]]:
    """Yields the files of a career, each with its path in the folder."""
    schema = "../../../schema"
    yield f"knowledge/{name}.yml", KNOWLEDGE.format(noun=words.noun, a_noun=words.a_noun, schema=schema)
    yield "knowledge/sources.yml", SOURCES.format(schema=schema, nothing="0" * 64)
    yield "widget/index.html", PAGE.format(title=words.field.capitalize())
    yield "settings.yml", words.reword(_cut((ROOT / "settings.yml").read_text(encoding="utf-8")))
    yield "domain.yml", words.reword(_domain(_cut((ROOT / "domain.yml").read_text(encoding="utf-8")))).replace("medical_coding.yml", f"{name}.yml")
    yield "data/rules.yml", _rules((ROOT / "data" / "rules.yml").read_text(encoding="utf-8"))
    yield "data/stories.yml", (ROOT / "data" / "stories.yml").read_text(encoding="utf-8")
    yield "data/nlu.yml", _wordings((ROOT / "data" / "nlu.yml").read_text(encoding="utf-8"), words, r"- intent: (\w+)")
    yield "tests/nlu/utterances.yml", _wordings((ROOT / "tests" / "nlu" / "utterances.yml").read_text(encoding="utf-8"), words, r"(\w+):")


def _cut(text: str) -> str:
    for phrase in CUTS:
        text = text.replace(phrase, "")
    return text


def _is_kept(intent: str) -> bool:
    """Returns whether the new career has an intent."""
    return intent.removeprefix(INTENT_PREFIX) in TOPICS if intent.startswith(INTENT_PREFIX) else intent not in LEFT_OUT


def _domain(text: str) -> str:
    """Returns the domain without other topics' intents and buttons, without the advice, and with the entities to begin with."""
    text = re.sub(r"(?m)^entities:\n(?:- .*\n)+", "entities:\n- experience_level\n", text)
    text = re.sub(rf", (?:{'|'.join(LEFT_OUT)})\b", "", text)
    text = re.sub(r"(?m)^  # The advice.*\n", "", text)
    # Mappings and lists under `slots`, `forms` and `responses` that are the advice's or a left out intent's, with all that is indented below them.
    text = re.sub(rf"(?m)^  (?:(?:utter_)?advice_\w+|utter_decline_(?:{'|'.join(LEFT_OUT)})):.*\n(?:  [ -].*\n)*", "", text)
    lines = [
        line
        for line in text.split("\n")
        if not (re.match(r"- \w*advi[cs]e\w*$", line.strip()) or _names_left_out(line, r"^- (\w+):") or _names_left_out(line, r"payload: /(\w+)"))
    ]
    return re.sub(r"(?m)^    buttons:\n(?!    - )", "", "\n".join(lines))


def _names_left_out(line: str, pattern: str) -> bool:
    named = re.search(pattern, line)
    return named is not None and not _is_kept(named[1])


def _rules(text: str) -> str:
    """Returns the rules without the advice's, and without other topics."""
    rules = [rule for rule in text.split("\n\n") if not ADVICE.search(rule)]
    return (
        "\n\n".join("\n".join(line for line in rule.split("\n") if not _names_left_out(line, r"- intent: (\w+)")) for rule in rules).rstrip() + "\n"
    )


def _wordings(text: str, words: Words, head: str) -> str:
    """Returns a file of wordings by intent, reworded: without other topics, without what is of coding alone, and without repetitions."""
    kept, seen, is_kept, named = [], set(), True, ""
    top, _, body = text.partition("\n\n")
    for line in body.split("\n"):
        if found := re.match(head, line):
            named, is_kept = found[1], _is_kept(found[1])
        if not is_kept and not line.startswith("#"):
            continue
        if re.match(r" +- ", line):
            line = words.reword(line)
            key = re.sub(r"[\W_]+", " ", line.lower()).strip() or line
            of_this = named == "oos_other_career" and words.noun.lower() in line.lower()
            if OF_CODING.search(line.lower().replace(words.noun.lower(), "").replace(words.field.lower(), "")) or key in seen or of_this:
                continue
            seen.add(key)
        kept.append(line)
    body = re.sub(r"(?m)^# .*\n(?=\n*(?:# |\Z))", "", "\n".join(kept))  # without headings of what is left out
    return f"{top}\n\n{body.rstrip()}\n"
