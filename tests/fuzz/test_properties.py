"""The readers of foreign text on made-up input: of any characters, of pieces that they look for, and with personal data planted."""

from __future__ import annotations

import os
import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import privacy
from bot.channels import message
from tests.fuzz import personal
from tests.fuzz.properties import BYTES_PROPERTIES, TEXT_PROPERTIES

CASES = int(os.environ.get("FUZZ_CASES", "500"))  # of each property; some seconds each
TEXT_SECONDS = 0.5  # a tenth of the time that a visitor waits; for the longest text that the door lets in
TRIALS = settings(max_examples=CASES, deadline=None, suppress_health_check=list(HealthCheck), database=None)

PIECES = [
    *"/ \t\n\r.,;:!?@#$%&*()[]{}<>'\"-+=_~^|\\",
    *[
        "\u00a0",
        "\u200b",
        "\u202e",
        "\ufeff",
        "\u2028",
        "\x00",
        "\x1b",
        "\x85",
        "\u0301",
        "\u2215",
        "\uff0f",
        "\ud800",
        "\udfff",
        "😀",
        "ſ",
        "ı",
        "İ",
        "K",
    ],
    *["0", "1", "55", "555", "0123", "1978", "4111", "१२", "２", "one", "second", "ſecond", "option", "no.", "st", "please"],
    *["/restart", '/inform{"x": 1}', "ask_salary", "EXTERNAL:", "jo", "example", ".com", " at ", "(at)", " dot ", "gmail"],
    *["born", "birthday", "dob", "march", "jan.", "3/5", "ssn", "my social", "call", "my number is", "account", "passport", "DE89", "GB29NWBK"],
    *["what is", "how much", "and", "or", "also", "tell me", "is there", "do they", "cost", "you", "i am", "my name is", "about", "call me"],
    *["a: b", "- x", "&a", "*a", "<<: ", "!!int ", "!!python/object:os.system ", "!x:int ", "? ", "| ", "> ", "---", "%YAML 1.1", "{a: ", "[[", "]]"],
    *["college: ", "office: ", "limits: {", "kept_days: ", "hours: ", "monday: ", "09:00-17:00", ".inf", "0x1f", "1_0", "190:20:30", "2023-01-01"],
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=()), max_size=200),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=3)), max_size=40).map("".join),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.one_of(st.just("message"), TEXTS), inner, max_size=4)),
    max_leaves=8,
)


def body(content) -> bytes:
    """Returns JSON that may be spoilt: with halves of surrogate pairs, NaN and the like."""
    import json

    return json.dumps(content).encode()


BYTES = st.one_of(
    st.binary(max_size=400),
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    JSON.map(body),
    st.dictionaries(st.just("message"), TEXTS, min_size=1).map(body),
)


@pytest.mark.parametrize("name", TEXT_PROPERTIES)
def test_any_text(name, tried):
    @TRIALS
    @given(TEXTS)
    def check(text):
        tried[f"Hypothesis, {name}"] += 1
        TEXT_PROPERTIES[name](text)

    check()


@pytest.mark.parametrize("name", BYTES_PROPERTIES)
def test_any_bytes(name, tried):
    @TRIALS
    @given(BYTES)
    def check(content):
        tried[f"Hypothesis, {name}"] += 1
        BYTES_PROPERTIES[name](content)

    check()


@pytest.mark.parametrize("name", [*TEXT_PROPERTIES, *BYTES_PROPERTIES])
def test_no_text_takes_long(name, tried):
    @TRIALS
    @given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join), st.sampled_from(PIECES))
    def check(piece, end):
        tried[f"Hypothesis, time for {name}"] += 1
        text = (piece * 1000)[: 1000 - len(end)] + end
        started = time.process_time()
        if name in TEXT_PROPERTIES:
            TEXT_PROPERTIES[name](text)
        else:
            BYTES_PROPERTIES[name](text.encode("utf-8", "surrogatepass"))
        assert time.process_time() - started < TEXT_SECONDS

    check()


def hidden(draw, text: str) -> str:
    """Returns a text as it comes from a page or a phone: with characters that cannot be seen, no-break spaces, full-width digits."""
    form = draw(st.sampled_from(["as it is", "unseen", "full width"]))
    if form == "unseen":
        place = draw(st.integers(0, len(text)))
        return text[:place] + draw(st.sampled_from(["\u200b", "\u00ad", "\u2060", "\ufeff", "\u202d"])) + text[place:]
    if form == "full width":
        return text.translate({ord(digit): ord(digit) + 0xFEE0 for digit in personal.DIGITS})
    return text


@pytest.mark.parametrize("kind", personal.KINDS)
def test_planted_personal_data_is_gone(kind, tried):
    @TRIALS
    @given(st.data())
    def check(data):
        tried[f"Hypothesis, planted {kind}"] += 1
        planted = data.draw(personal.KINDS[kind])
        text = data.draw(st.one_of(st.just(""), personal.BEFORE)) + hidden(data.draw, planted) + data.draw(st.one_of(st.just(""), personal.AFTER))
        kept = privacy.mask(message.as_typed(message.clean(text)))
        told = re.sub(r"\D", "", planted) if kind != "e-mail address" else planted
        left = re.sub(r"[^\w@.+]" if kind == "e-mail address" else r"\D", "", kept)
        assert "[" in kept and told not in left, (text, kept)
        digits_left = len(re.sub(r"\D", "", kept))
        assert kind == "e-mail address" or digits_left == 0, (text, kept)

    check()
