"""How a page takes the widget in: tags, attributes, events, methods, policy, size, what it asks for and keeps."""

from __future__ import annotations

import gzip
import json
import re

import pytest
from fake_server import WIDGET, FakeServer

SIZE_MAX = 20_000  # bytes; the demand: 20 kB gzipped, with its style
PAGE = '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Page</title><body><h1>Page</h1>{}</body></html>'
SCRIPT = '<script type="module" src="/webhooks/widget/career-chat.js"{}></script>'
EVENTS = "window.events = []; for (const name of {names}) addEventListener('career-chat-' + name, (event) => events.push([name, event.detail]));"


def test_size_is_within_its_budget():
    sizes = {file.name: len(gzip.compress(file.read_bytes())) for file in WIDGET.glob("*.js")}
    assert sum(sizes.values()) <= SIZE_MAX, f"{sizes}: together {sum(sizes.values())} bytes gzipped; allowed: {SIZE_MAX}. Shorten them."


def test_no_html_is_made_from_strings_and_nothing_is_evaluated():
    text = "".join(file.read_text() for file in WIDGET.glob("*.js"))
    for sink in (
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "DOMParser",
        "setHTML",
        "createContextualFragment",
        "eval(",
        "new Function",
    ):
        assert sink not in text


def test_importing_the_class_registers_nothing(new_chat):
    chat = new_chat()
    chat.fake.pages["/bare"] = PAGE.format("")
    chat.page.goto(f"{chat.fake.origin}/bare")
    name = chat.page.evaluate("import('/webhooks/widget/career-chat-element.js').then((module) => module.CareerChatElement.name)")
    assert name == "CareerChatElement"
    assert chat.page.evaluate("customElements.get('career-chat')") is None


def test_one_script_tag_alone_adds_a_launcher(new_chat, fake: FakeServer):
    fake.pages["/alone"] = PAGE.format(SCRIPT.format(' data-title="Ask Ada" data-position="start"'))
    chat = new_chat("/alone")
    chat.launcher.click()
    assert chat.page.get_by_role("dialog", name="Ask Ada").is_visible()
    assert chat.panel.bounding_box()["x"] < 100


def test_script_tag_adds_nothing_beside_an_element_or_when_told_so(new_chat, fake: FakeServer):
    fake.pages["/with"] = PAGE.format("<career-chat></career-chat>" + SCRIPT.format(""))
    assert new_chat("/with").page.locator("career-chat").count() == 1
    fake.pages["/off"] = PAGE.format(SCRIPT.format(' data-launcher="off"'))
    assert new_chat("/off").page.locator("career-chat").count() == 0


def test_inner_text_shows_without_javascript_and_only_then(new_chat):
    assert new_chat(java_script_enabled=True).page.get_by_text("Questions about the career? Write to").is_visible() is False


def test_inner_text_shows_without_javascript(browser, fake: FakeServer):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(fake.page)
    assert page.get_by_text("Questions about the career? Write to").is_visible()
    assert page.locator("career-chat a").first.is_visible()
    context.close()


def test_works_under_the_strict_policy(chat):
    chat.ask("what does the exam cost?")
    chat.option("Delete my data")
    chat.page.get_by_role("alertdialog").get_by_role("button", name="Delete my data").click()
    chat.status.get_by_text("Your data is deleted.").wait_for()
    assert chat.faults == []
    assert chat.within("getComputedStyle(root.querySelector('.panel')).position") == "fixed"  # its style is in force


def documented_tags(origin: str) -> str:
    """Returns the tags with hashes that the page for site owners prints, for a server at the origin."""
    (tags,) = re.findall(r"((?:<link rel=.modulepreload.*\n)+<script .*integrity.*)\n", (WIDGET.parent / "docs" / "site-owner.md").read_text())
    return tags.replace("https://chat.college.example", origin)


@pytest.mark.parametrize("changed", [None, "career-chat-element.js", "career-chat-style.js"])
def test_documented_hashes_let_these_files_in_and_no_others(new_chat, fake: FakeServer, changed):
    """The page is of another origin than the script, under the documented policy."""
    elsewhere = FakeServer()
    fake.pages["/pinned"] = PAGE.format(documented_tags(elsewhere.origin) + "<career-chat>Write to us.</career-chat>")
    fake.policy = f"default-src 'none'; script-src 'self' {elsewhere.origin}; connect-src 'self' {elsewhere.origin}"
    if changed:
        elsewhere.pages[f"/webhooks/widget/{changed}"] = (WIDGET / changed).read_text() + "\n"
        page = new_chat().page
        page.goto(f"{fake.origin}/pinned")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("customElements.get('career-chat') === undefined")
        assert page.get_by_text("Write to us.").is_visible()
    else:
        chat = new_chat("/pinned")
        chat.launcher.click()
        assert "$299" in chat.ask("what does it cost?").inner_text()
        assert chat.faults == [] and len(elsewhere.processed) == 1
    elsewhere.stop()


def test_asks_nobody_but_its_server(new_chat, fake: FakeServer):
    asked = []
    chat = new_chat()
    chat.page.on("request", lambda request: asked.append(request.url))
    chat.reload()
    chat.open()
    chat.ask("what does the exam cost?")
    assert asked and all(url.startswith(fake.origin) or url.startswith("data:") for url in asked)


def test_who_only_looks_leaves_no_trace(chat, fake: FakeServer):
    assert fake.asked("POST", "session") == []
    assert "session" not in json.dumps(chat.stored())


def test_server_attribute_reaches_another_origin(new_chat, fake: FakeServer):
    elsewhere = FakeServer()
    fake.pages["/far"] = PAGE.format(f'<career-chat server="{elsewhere.page.rstrip("/")}"></career-chat>' + SCRIPT.format(""))
    fake.policy = f"default-src 'none'; script-src 'self'; connect-src {elsewhere.origin}"
    chat = new_chat("/far")
    chat.launcher.click()
    assert "fee" not in chat.ask("hello there").inner_text()
    assert len(elsewhere.processed) == 1 and fake.processed == []
    elsewhere.stop()


@pytest.mark.parametrize(
    ("attributes", "position", "isOpen"),
    [("", "end", False), ('position="start"', "start", False), ('position="moon" storage="cloud" strings="{"', "end", False), ("open", "end", True)],
)
def test_attributes_have_defaults_for_unknown_values(new_chat, fake: FakeServer, attributes, position, isOpen):
    fake.pages["/attributes"] = PAGE.format(f"<career-chat {attributes}></career-chat>" + SCRIPT.format(""))
    chat = new_chat("/attributes")
    assert chat.panel.is_visible() is isOpen
    assert chat.faults == []
    if not isOpen:
        chat.launcher.click()
    left = chat.panel.bounding_box()["x"]
    assert (left < 100) is (position == "start")
    assert chat.within("chat.storage") == "tab"


def test_title_and_greeting_attributes_win_over_the_servers(new_chat, fake: FakeServer):
    fake.pages["/named"] = PAGE.format('<career-chat title="Ask Ada" greeting="Welcome to the lab."></career-chat>' + SCRIPT.format(""))
    chat = new_chat("/named")
    chat.launcher.click()
    assert chat.page.get_by_role("dialog", name="Ask Ada").is_visible()
    assert chat.articles.first.get_by_text("Welcome to the lab.").is_visible()
    assert chat.within("root.firstElementChild.title") == ""  # the attribute is no tooltip


def test_all_texts_can_be_replaced(new_chat, fake: FakeServer):
    module = "import('/webhooks/widget/career-chat-element.js')"
    chat = new_chat()
    names = chat.page.evaluate(f"{module}.then((module) => Object.keys(module.STRINGS))")
    chat.page.evaluate(
        f"{module}.then((module) => {{ document.querySelector('career-chat').strings = Object.fromEntries(Object.keys(module.STRINGS).map((name) => [name, 'Ω ' + name])); }})"
    )
    fake.config = {}
    chat.launcher.click()
    chat.ask("what does the exam cost?")
    chat.ask("unsure")
    chat.page.get_by_role("button", name="Ω options").click()
    shown = chat.within(
        "[...root.querySelectorAll('button, label, h2, .sources summary, .rate > span, .dated')].map((one) => `${one.ariaLabel ?? ''} ${one.textContent}`).join('\\n')"
    )
    english = [line.strip() for line in shown.splitlines() if line.strip() and "Ω" not in line]
    assert set(english) <= {"Exam length", "Which exam first", "Exam fees", "Yearly pay"}  # the server's own
    assert {"launcher", "title", "input", "send", "helpful", "more", "close", "copy"} <= set(re.findall(r"Ω ([a-zA-Z]+)", shown)) <= set(names)


def test_strings_attribute_replaces_texts(new_chat, fake: FakeServer):
    fake.pages["/es"] = PAGE.format(
        """<career-chat lang="es" strings='{"launcher": "¿Preguntas?", "input": "Su pregunta"}'></career-chat>""" + SCRIPT.format("")
    )
    chat = new_chat("/es")
    chat.page.get_by_role("button", name="¿Preguntas?").click()
    assert chat.page.get_by_label("Su pregunta").is_visible()
    assert chat.within("root.firstElementChild.lang") == "es"


def test_events_tell_what_happened_but_not_what_was_said(chat, fake: FakeServer):
    names = ["opened", "closed", "sent", "received", "rated", "failed", "restarted", "deleted"]
    chat.page.evaluate(EVENTS.format(names=names))
    chat.within("chat.close()")
    chat.within("chat.open()")
    reply = chat.ask("what does the exam cost, my secret?")
    reply.get_by_role("button", name="Yes").click()
    fake.fail("POST", "messages", status=400)
    chat.say("refuse this secret")
    chat.error.get_by_text("resting").wait_for()
    chat.within("chat.reset()")
    chat.option("Delete my data")
    chat.page.get_by_role("alertdialog").get_by_role("button", name="Delete my data").click()
    chat.until("events.some(([name]) => name === 'deleted')")
    events = chat.page.evaluate("events")
    assert [name for name, _ in events] == ["closed", "opened", "sent", "received", "rated", "sent", "failed", "restarted", "deleted"]
    details = dict((name, detail) for name, detail in events)
    assert details["received"]["topic"] == "exam_cost" and details["rated"]["helpful"] is True and details["failed"]["status"] == 400
    assert "secret" not in json.dumps(events)


def test_send_method_sends_and_refuses_what_the_input_would(new_chat, fake: FakeServer):
    chat = new_chat()
    assert chat.within("[chat.send('what does it cost?'), chat.send('  '), chat.send('x'.repeat(1001)), chat.send(null)]") == [
        True,
        False,
        False,
        False,
    ]
    chat.until("document.querySelector('career-chat').shadowRoot.querySelector('.badge:not([hidden])')")
    assert chat.launcher.inner_text().splitlines() == ["Career questions? Ask us", "1 new"]
    chat.open()
    assert chat.mine.count() == 1 and chat.replies.count() == 1


def test_open_attribute_follows_and_steers_the_dialog(new_chat):
    chat = new_chat()
    chat.within("chat.setAttribute('open', '')")
    assert chat.panel.is_visible()
    chat.page.keyboard.press("Escape")
    assert chat.within("chat.hasAttribute('open')") is False


def test_element_survives_being_moved(chat):
    chat.ask("what does it cost?")
    chat.within("document.querySelector('main').append(chat)")
    chat.until("document.querySelector('main career-chat').shadowRoot.querySelectorAll('article').length === 3")
    assert "compare" in chat.ask("compare them").inner_text() or chat.replies.count() == 2
    assert chat.faults == []


def test_storage_none_keeps_nothing(new_chat, fake: FakeServer):
    fake.pages["/none"] = PAGE.format('<career-chat storage="none"></career-chat>' + SCRIPT.format(""))
    chat = new_chat("/none")
    chat.launcher.click()
    chat.ask("what does it cost?")
    assert chat.stored() == {}
    chat.reload()
    chat.launcher.click()
    chat.articles.first.wait_for()
    assert chat.articles.count() == 1  # the greeting


def test_storage_tab_ends_with_the_tab(chat):
    chat.ask("what does it cost?")
    assert chat.page.evaluate("localStorage.length") == 0
    other = chat.page.context.new_page()
    other.goto(chat.fake.page)
    other.locator("career-chat .launcher").click()
    assert other.locator("career-chat article").count() == 1


def test_storage_days_lasts_for_these_days_and_keeps_no_conversation(new_chat, fake: FakeServer):
    fake.pages["/days"] = PAGE.format('<career-chat storage="days:7"></career-chat>' + SCRIPT.format(""))
    chat = new_chat("/days")
    chat.launcher.click()
    chat.ask("what does it cost?")
    kept = chat.page.evaluate("JSON.stringify(localStorage)")
    assert "cost" not in kept  # the session alone; the conversation is the server's
    other = chat.page.context.new_page()
    other.goto(f"{fake.origin}/days")
    other.locator("career-chat .launcher").click()
    other.locator("career-chat article.assistant").wait_for()
    # Eight days later it is forgotten.
    other.evaluate(
        "Object.entries(localStorage).forEach(([name, value]) => localStorage.setItem(name, JSON.stringify({...JSON.parse(value), until: Date.now() - 1})))"
    )
    other.close()
    chat.reload()
    chat.page.wait_for_timeout(300)
    assert chat.articles.count() == 1


def test_works_where_the_browser_refuses_storage(new_chat):
    refuse = "for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get() { throw new DOMException('no', 'SecurityError'); } });"
    chat = new_chat(script=refuse)
    chat.open()
    assert "$299" in chat.ask("what does it cost?").inner_text()
    assert chat.faults == []
