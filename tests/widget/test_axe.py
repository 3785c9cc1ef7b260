"""axe-core finds nothing (WCAG 2.0, 2.1, 2.2 A and AA, best practices) in any state of the widget, on the demo page."""

from __future__ import annotations

import json

import pytest
from conftest import AXE, QUICK
from fake_server import FakeServer

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = f"async () => (await axe.run(document, {{ runOnly: {json.dumps(TAGS)}, resultTypes: ['violations', 'passes'] }}))"


def closed(chat):
    pass


def greeting(chat):
    chat.fake.config["buttons"] = [{"title": "Exam fees", "payload": "/ask_exam_cost"}]
    chat.open()


def card(chat):
    chat.open()
    chat.ask("what do they earn?").locator("summary").click()
    chat.replies.first.get_by_role("button", name="Yes, Was this helpful?").click()


def several(chat):
    chat.open()
    chat.ask("both")


def table(chat):
    chat.open()
    chat.ask("compare CPC and CCA")


def pathway(chat):
    chat.open()
    chat.ask("my pathway")


def form(chat):
    chat.open()
    for text in ("contact me", "Ada Lovelace", "ada@example.org"):
        chat.ask(text)


def summary(chat):
    chat.open()
    chat.ask("skip")
    chat.replies.last.get_by_role("button", name="Yes, send it").click()
    chat.replies.nth(1).wait_for()


def choices(chat):
    chat.open()
    chat.ask("unsure").get_by_role("button", name="Yearly pay").click()
    chat.replies.nth(1).wait_for()


def menu(chat):
    chat.open()
    chat.page.get_by_role("button", name="Options").click()


def confirm(chat):
    chat.open()
    chat.option("Delete my data")


def error(chat):
    chat.open()
    chat.say("x" * 1001)


def waiting(chat):
    chat.open()
    chat.fake.fail("POST", "messages", status=429, headers={"Retry-After": "60"})
    chat.say("what does it cost?")
    chat.status.get_by_text("busy").wait_for()


def failed(chat):
    chat.open()
    chat.fake.fail("POST", "messages", status=200, body=b"no", times=9)
    chat.say("what does it cost?")
    chat.mine.get_by_role("button", name="Try again").wait_for()


def typing(chat):
    chat.open()
    chat.fake.fail("POST", "messages", status=503, after_seconds=2)
    chat.say("what does it cost?")
    chat.page.locator("career-chat .typing").wait_for()


def offline(chat):
    chat.open()
    chat.ask("hello")
    chat.page.context.set_offline(True)
    chat.status.get_by_text("You are offline.").wait_for()


def ended(chat):
    chat.open()
    chat.ask("hello")
    chat.fake.sessions.clear()
    chat.ask("hello again")


def unread(chat):
    chat.within("chat.send('hello')")
    chat.page.locator("career-chat .badge").wait_for()


STATES = [
    closed,
    greeting,
    card,
    several,
    table,
    pathway,
    form,
    summary,
    choices,
    menu,
    confirm,
    error,
    waiting,
    failed,
    typing,
    offline,
    ended,
    unread,
]
PHONE = {"viewport": {"width": 375, "height": 667}, "has_touch": True, "is_mobile": True}
SETTINGS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "phone": PHONE,
    "phone-dark": {**PHONE, "color_scheme": "dark"},
    "zoom": {"viewport": {"width": 320, "height": 256}},
}


COMBINED = {"phone-dark", "zoom"}  # for these, the states that differ most
CASES = [(name, state) for name in SETTINGS for state in STATES if name not in COMBINED or state in (greeting, card, table, form, error, offline)]


@pytest.mark.parametrize(("settings", "state"), CASES, ids=[f"{state.__name__}-{name}" for name, state in CASES])
def test_axe_finds_nothing(new_chat, fake: FakeServer, settings, state):
    chat = new_chat(script=QUICK if state is failed else "", **SETTINGS[settings])
    state(chat)
    chat.page.wait_for_timeout(50)
    chat.page.evaluate(AXE.read_text())
    result = chat.page.evaluate(RUN)
    found = [
        f"{one['id']}: {one['help']}: {[node['target'] for node in one['nodes']]} {one['nodes'][0].get('failureSummary')}"
        for one in result["violations"]
    ]
    assert found == []
    checked = {target for one in result["passes"] for node in one["nodes"] for target in map(str, node["target"])}
    assert any("career-chat" in target for target in checked)  # it did look inside


def test_axe_would_find_what_is_wrong(chat):
    """The net has no hole: a fault put into the shadow DOM is found."""
    chat.within("root.querySelector('.send').removeAttribute('aria-label')")
    chat.page.evaluate(AXE.read_text())
    assert "button-name" in [one["id"] for one in chat.page.evaluate(RUN)["violations"]]
