"""No message, label, link or server reply becomes HTML or a dangerous link, whatever is in it: properties that hold for every attack string in every place."""

from __future__ import annotations

import json
import random

import pytest
from fake_server import FakeServer, said

ATTACKS = [
    "<script>hacked = 1</script>",
    "<img src=x onerror='hacked = 1'>",
    "<svg onload=hacked=1><animate onbegin=hacked=1 attributeName=x dur=1s>",
    "</p></article></div></template><iframe srcdoc='<script>parent.hacked=1</script>'>",
    "<a href='javascript:hacked=1'>press</a>",
    "javascript:hacked=1",
    "JaVaScRiPt&colon;hacked=1 java\tscript:hacked=1 \x01javascript:hacked=1",
    "data:text/html,<script>hacked=1</script> vbscript:hacked file:///etc/passwd blob:x",
    "[press](javascript:hacked=1) ![x](x onerror=hacked=1) **bold** `code` # heading",
    "http://javascript:hacked=1@evil.example/ https://college.example@evil.example/apply",
    'https://evil.example/" onmouseover="hacked=1" x=\'',
    "https://evil.example/<script>hacked=1</script>",
    "mailto:a@b.example?body=<script>hacked=1</script> tel:+1<script> tel:javascript:hacked=1",
    "\u202egnp.exe\u202c \u2066evil\u2069 \u202dhttps://evil.example/\u202eelpmaxe.egelloc",
    "{n} {when} ${hacked=1} {{hacked=1}} {constructor} {__proto__}",
    "__proto__ constructor toString hasOwnProperty",
    "\u0000\u0007\u001b[31m zero \ud800 lone half",
    "=cmd|'/C calc'!A0 \"; DROP TABLE messages; --",
    "-->]]><!--<style>*{display:none}</style><base href=//evil.example><form action=//evil.example><input>",
    "😀" * 50 + "لا" * 50,
    "x" * 20_000,
    "https://" + "a" * 5000 + ".example/" + "(" * 500,
    "+" + "1 " * 2000,
    ("a@" * 3000) + "b.example",
]


def mixed(count: int) -> list[str]:
    """Returns pieces of the attacks put together at random, the same each time."""
    chooser = random.Random(7)
    pieces = [attack[start : start + 40] for attack in ATTACKS for start in range(0, min(len(attack), 120), 20)]
    return ["".join(chooser.sample(pieces, 6)) for _ in range(count)]


STRINGS = ATTACKS + mixed(40)

ALLOWED = [
    "a",
    "article",
    "button",
    "caption",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "form",
    "h2",
    "h3",
    "i",
    "input",
    "label",
    "li",
    "ol",
    "p",
    "path",
    "section",
    "span",
    "strong",
    "summary",
    "svg",
    "table",
    "tbody",
    "td",
    "textarea",
    "th",
    "thead",
    "time",
    "tr",
    "ul",
]

# What must hold for the whole shadow tree, whatever was shown.
CHECK = """() => {
  const allowed = new Set(ALLOWED), faults = [], root = document.querySelector('career-chat').shadowRoot;
  for (const one of root.querySelectorAll('*')) {
    if (!allowed.has(one.localName)) faults.push('element ' + one.localName);
    for (const { name, value } of one.attributes) {
      if (/^on|^style$|^srcdoc$|^src$|^action$|^formaction$/.test(name) && !(name === 'style' && one.matches('.panel, i'))) faults.push(`attribute ${name} on ${one.localName}`);
      if (name === 'href' && !/^(https?|mailto|tel):/.test(value)) faults.push('link ' + value);
    }
    if (one.localName === 'a') {
      if (!/^(https?:|mailto:|tel:)$/.test(one.protocol)) faults.push('protocol ' + one.protocol);
      if (one.rel !== 'noopener noreferrer') faults.push('rel ' + one.rel);
      if (one.username || one.password) faults.push('user name in ' + one.href);
      if (/^https?:/.test(one.protocol) && one.target !== '_blank') faults.push('target ' + one.target);
    }
  }
  if (/[\\u202a-\\u202e\\u2066-\\u2069]/.test(root.firstElementChild.textContent)) faults.push('mark that turns the writing direction');
  if (window.hacked !== undefined) faults.push('a script ran');
  if (Object.prototype.hacked !== undefined || ({}).title !== undefined) faults.push('prototype changed');
  return faults;
}""".replace("ALLOWED", json.dumps(ALLOWED))


def card_of(text: str) -> list[dict]:
    """Returns one card of each kind with the text in every place."""
    source = {"cite": text, "when": text, "dated": True, "figures": [{"figure": text, "measure": text, "by": text, "when": text, "dated": True}]}
    answer = {"card": "answer", "topic": text, "question": text, "text": text, "sources": [source], "more": True}
    return [
        answer,
        {"card": "several", "answers": [answer, answer]},
        {"card": "comparison", "title": text, "columns": [text, text], "rows": [{"label": text, "cells": [text, text]}], "sources": [source]},
        {
            "card": "pathway",
            "title": text,
            "steps": [{"title": text, "text": text}],
            "facts": [{"label": text, "text": text}],
            "reasons": [text],
            "unknown": [text],
            "sources": [source, source],
        },
        {"card": "summary", "title": text, "rows": [{"label": text, "text": text}]},
        {"card": text},
        {"card": "field", "name": text, "label": text, "type": text, "autocomplete": text, "optional": True},
    ]


def assert_harmless(chat) -> None:
    chat.page.wait_for_timeout(50)
    assert chat.page.evaluate(CHECK) == []
    assert chat.faults == []


def watched(chat):
    chat.page.on("dialog", lambda dialog: chat.faults.append(f"dialog {dialog.message}"))
    chat.page.on("popup", lambda popup: chat.faults.append(f"popup {popup.url}"))
    return chat


@pytest.mark.parametrize("text", ATTACKS, ids=lambda text: ascii(text[:24]))
def test_reply_in_every_place_of_every_card_stays_text(chat, fake: FakeServer, text):
    watched(chat)
    fake.scripted.append([said(text, [{"title": text, "payload": text}], card, text) for card in card_of(text)])
    chat.ask("hm", replies=7)
    for summary in chat.page.locator("career-chat summary").all():
        summary.click()
    assert_harmless(chat)
    # It is readable as what it is, and in one piece.
    plain = "".join(
        mark for mark in text if mark in "\t\n" or not (ord(mark) < 32 or mark in "\x7f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
    )
    if "\ud800" not in plain:
        shown = chat.within("root.querySelector('.assistant .said').textContent").replace(" (opens in a new tab)", "")
        assert shown == plain


def test_replies_of_mixed_pieces_stay_text(chat, fake: FakeServer):
    watched(chat)
    fake.scripted.append([said(text, [{"title": text, "payload": text}], card_of(text)[index % 7], text) for index, text in enumerate(STRINGS)])
    chat.ask("hm", replies=len(STRINGS))
    assert_harmless(chat)


def test_visitors_own_messages_stay_text(chat, fake: FakeServer):
    watched(chat)
    texts = [text[:500] for text in STRINGS if text[:500].strip() and "\ud800" not in text]
    for text in texts:
        chat.within(f"chat.send({json.dumps(text)})")
    chat.replies.nth(len(texts) - 1).wait_for(timeout=30_000)
    assert_harmless(chat)
    chat.reload()
    chat.replies.nth(len(texts) - 1).wait_for(timeout=30_000)
    assert_harmless(chat)


@pytest.mark.parametrize("text", STRINGS[:20], ids=lambda text: ascii(text[:24]))
def test_typed_attack_is_sent_and_shown_as_typed(chat, fake: FakeServer, text):
    watched(chat)
    typed = text[:500].replace("\ud800", "")
    chat.ask(typed)
    assert_harmless(chat)


def test_config_and_errors_stay_text(new_chat, fake: FakeServer):
    chat = watched(new_chat())
    chat.launcher.click()
    for text in ATTACKS:
        fake.mend()
        chat.within("chat.reset()")
        fake.config = {"title": text, "college": text, "greeting": text, "privacy": text, "privacy_url": text, "message_characters_max": text}
        fake.config |= {"office": {"name": text, "phone": text, "email": text}, "buttons": [{"title": text, "payload": text}]}
        chat.reload()  # it opens again by itself
        chat.articles.first.wait_for()
        fake.fail("POST", "messages", status=400, body=json.dumps({"error": text}).encode())
        chat.say("hm")
        chat.until("!document.querySelector('career-chat').shadowRoot.querySelector('.visitor')")
        fake.fail("POST", "messages", status=429, headers={"Retry-After": "60"})
        chat.say("hm")
        chat.status.wait_for()
        assert_harmless(chat)


def test_attributes_of_the_element_stay_text(new_chat):
    chat = watched(new_chat())
    module = "import('/webhooks/widget/career-chat-element.js')"
    for text in ATTACKS:
        chat.page.evaluate(
            f"""(text) => {module}.then((module) => {{
              const chat = document.querySelector('career-chat');
              for (const name of ['title', 'greeting', 'lang', 'position', 'storage', 'server']) chat.setAttribute(name, text);
              chat.setAttribute('strings', JSON.stringify(Object.fromEntries(Object.keys(module.STRINGS).map((name) => [name, text]))));
              chat.open(); chat.close();
            }})""",
            text,
        )
        assert chat.page.evaluate(CHECK) == []
    chat.page.evaluate("document.querySelector('career-chat').strings = { title: null, log: 5, you: ['x'], toString: 'x', __proto__: { hacked: 1 } }")
    assert_harmless(chat)


def test_storage_that_was_tampered_with_does_no_harm(chat, fake: FakeServer):
    watched(chat)
    chat.ask("hello")
    name = chat.page.evaluate("Object.keys(sessionStorage).find((name) => !name.endsWith(' tab'))")
    for value in ("{", "5", "null", "[]", '"text"', '{"session": 5}', json.dumps({"session": "x", "pending": [], "rated": 7, "former": []})):
        chat.page.evaluate("([name, value]) => sessionStorage.setItem(name, value)", [name, value])
        chat.reload()
        chat.articles.first.wait_for()
        assert_harmless(chat)


def test_long_attacks_do_not_hang_the_page(chat):
    took = chat.page.evaluate(
        """async (texts) => { const { linkified } = await import('/webhooks/widget/career-chat-element.js'), start = performance.now();
           for (const text of texts) linkified(text.repeat(Math.ceil(20000 / text.length)), { newTab: '' }); return performance.now() - start; }""",
        [text for text in STRINGS if "\ud800" not in text]
        + ["a", "1", "(", ".", "a.", "1 ", "a-", "http://", "mailto:", "+1", "@", "(555) ", "555-"],
    )
    assert took < 3000, f"{took} ms for all, each repeated to 20,000 characters"
