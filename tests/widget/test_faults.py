"""When things go wrong: what was typed is kept, the state is said in words, the same message is tried again, nothing is shown twice or lost."""

from __future__ import annotations

import re

import pytest
from conftest import QUICK
from fake_server import REPLIES, FakeServer, said


def ids(fake: FakeServer) -> list[str]:
    return [body["id"] for body in fake.asked("POST", "messages")]


def alone(chat) -> None:
    """Asserts that one question and its one reply are shown, each once."""
    assert chat.mine.count() == 1 and chat.replies.count() == 1
    assert len({*ids(chat.fake)}) == 1 and len(chat.fake.processed) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 0, "times": 2},
        {"status": 500, "times": 2},
        {"status": 502, "times": 2, "body": b"<html>Bad gateway</html>"},
        {"status": 503, "times": 2},
        {"status": 429, "times": 1},
        {"status": 408, "times": 1},
        {"status": 200, "times": 2, "body": b'{"id": "x", "mess'},
        {"status": 200, "times": 2, "body": b""},
        {"status": 200, "times": 2, "body": b"[]"},
        {"status": 200, "times": 2, "body": b'{"messages": []}'},
        {"status": 200, "times": 2, "body": b'{"messages": [{"from": "assistant"}, 5]}'},
        {"status": 200, "times": 1, "body": b"null"},
    ],
    ids=lambda fault: f"{fault['status']}-{fault.get('body', b'')[:12].decode()}",
)
def test_message_is_tried_again_with_the_same_id_until_it_is_answered(new_chat, fake: FakeServer, fault):
    chat = new_chat(script=QUICK)
    chat.open()
    fake.fail("POST", "messages", **fault)
    chat.say("what does it cost?")
    chat.replies.first.wait_for()
    alone(chat)
    assert len(ids(fake)) >= 2
    assert not chat.status.is_visible() and chat.faults == []


def test_reply_that_is_lost_on_the_way_is_not_answered_twice(new_chat, fake: FakeServer):
    chat = new_chat(script=QUICK)
    chat.open()
    fake.fail("POST", "messages", status=502, answer_lost=True)
    chat.say("what does it cost?")
    chat.replies.first.wait_for()
    alone(chat)
    assert len(ids(fake)) == 2


def test_waits_grow_to_a_limit_and_are_not_all_the_same(new_chat, fake: FakeServer):
    chat = new_chat(script=QUICK)
    chat.open()
    fake.fail("POST", "session", status=503, times=8)
    chat.say("what does it cost?")
    chat.replies.first.wait_for()
    waits = chat.page.evaluate("waits")
    assert len(waits) == 8
    for wait, most in zip(waits, [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000], strict=True):
        assert most / 2 <= wait <= most
    assert len({wait / most for wait, most in zip(waits, [1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000], strict=True)}) > 1


def test_retry_after_is_respected(new_chat, fake: FakeServer):
    chat = new_chat(script=QUICK)
    chat.open()
    fake.fail("POST", "messages", status=429, headers={"Retry-After": "20"})
    chat.say("what does it cost?")
    chat.replies.first.wait_for()
    assert chat.page.evaluate("waits[0]") >= 20_000


def test_retry_after_that_is_out_of_bounds_does_not_become_a_storm(new_chat, fake: FakeServer):
    """A browser's timer of more than 24 days goes off at once."""
    chat = new_chat(script=QUICK)
    chat.open()
    fake.fail("POST", "messages", status=429, headers={"Retry-After": "9999999999"}, times=99)
    chat.say("what does it cost?")
    chat.status.get_by_text("The assistant is busy.").wait_for()
    assert chat.page.evaluate("waits") == [24 * 60 * 60 * 1000]
    assert len(ids(fake)) == 1


def test_state_is_said_in_words_with_the_wait_and_a_person_to_reach(chat, fake: FakeServer):
    fake.fail("POST", "messages", status=429, headers={"Retry-After": "240"})
    chat.say("what does it cost?")
    chat.status.get_by_text(re.compile("The assistant is busy. Nothing is lost; trying again in 2(40|3\\d) seconds.")).wait_for()
    assert "Admissions Office: +1 555 0100, admissions@college.example" in chat.status.inner_text()
    assert "Waiting to be sent" in chat.mine.first.inner_text()
    chat.status.get_by_role("button", name="Try now").click()
    chat.replies.first.wait_for()
    assert "Waiting" not in chat.mine.first.inner_text() and not chat.status.is_visible()
    assert "Connected again." in chat.spoken()


@pytest.mark.parametrize("width", [1280, 375])
def test_state_in_words_is_shown_whole(new_chat, fake: FakeServer, width):
    chat = new_chat(viewport={"width": width, "height": 667})
    chat.open()
    fake.fail("POST", "messages", status=503, headers={"Retry-After": "240"})
    chat.say("what does it cost?")
    text = chat.status.locator("p")
    text.get_by_text("admissions@college.example").wait_for()
    assert text.evaluate("(one) => one.scrollHeight <= one.clientHeight && one.scrollWidth <= one.clientWidth")


def test_trouble_is_announced_once_however_many_tries_it_takes(new_chat, fake: FakeServer):
    chat = new_chat(script=QUICK)
    chat.open()
    fake.fail("POST", "messages", status=500, times=5)
    chat.say("what does it cost?")
    chat.replies.first.wait_for()
    assert len([text for text in chat.spoken() if text.startswith("The assistant cannot be reached.")]) == 1


def test_server_that_is_down_and_comes_back(chat, fake: FakeServer):
    """A real stop: nothing listens any more; then a new server on the same port."""
    chat.ask("hello")
    fake.http.shutdown()
    fake.http.server_close()
    chat.say("what does it cost?")
    chat.status.get_by_text("The assistant cannot be reached.").wait_for()
    assert chat.panel.is_visible() and chat.mine.nth(1).is_visible()
    again = FakeServer.__new__(FakeServer)
    again.__dict__ |= fake.__dict__
    again.http = type(fake.http)(fake.http.server_address, fake.http.RequestHandlerClass)
    import threading

    threading.Thread(target=again.http.serve_forever, daemon=True).start()
    chat.replies.nth(1).wait_for(timeout=15_000)
    assert "$299" in chat.replies.nth(1).inner_text()
    again.http.shutdown()
    again.http.server_close()


def test_slow_server_is_told_of_within_seconds_and_its_answer_shown_once(chat, fake: FakeServer):
    fake.fail("POST", "messages", status=503, after_seconds=7)
    chat.say("what does it cost?")
    chat.status.get_by_text("This takes longer than usual.").wait_for(timeout=6500)
    assert chat.page.locator("career-chat .typing").is_visible()
    chat.replies.first.wait_for(timeout=9000)
    alone(chat)


def test_server_that_never_answers_is_given_up_and_asked_again(new_chat, fake: FakeServer):
    chat = new_chat(
        script=QUICK
        + "const limit = AbortSignal.timeout.bind(AbortSignal); window.limits = []; AbortSignal.timeout = (ms) => (limits.push(ms), limit(ms / 40));"
    )
    chat.open()
    fake.fail("POST", "messages", status=200, after_seconds=3)
    chat.say("what does it cost?")
    chat.replies.first.wait_for()
    alone(chat)
    assert set(chat.page.evaluate("limits")) == {20_000}


def test_unreadable_reply_is_given_up_in_words_with_a_button(new_chat, fake: FakeServer):
    chat = new_chat(script=QUICK)
    chat.open()
    fake.fail("POST", "messages", status=200, body=b"<h1>Hello</h1>", times=3)
    chat.say("what does it cost?")
    again = chat.mine.first.get_by_role("button", name="Try again")
    again.wait_for()
    assert "Not sent." in chat.mine.first.inner_text()
    assert chat.error.inner_text() == "The answer could not be read."
    chat.reload()  # the message is still there
    again.click()
    chat.replies.first.wait_for()
    alone(chat)


@pytest.mark.parametrize("status", [400, 403, 404, 405, 413, 415])
def test_refused_message_goes_back_into_the_input_with_the_servers_sentence(chat, fake: FakeServer, status):
    fake.fail("POST", "messages", status=status, body=b'{"error": "That was too much. Please write less."}')
    chat.say("what does it cost?")
    chat.error.get_by_text("That was too much. Please write less.").wait_for()
    assert chat.input.input_value() == "what does it cost?"
    assert chat.mine.count() == 0 and len(ids(fake)) == 1
    chat.input.press("Enter")
    chat.replies.first.wait_for()
    assert chat.error.inner_text() == ""


def test_refused_message_does_not_overwrite_what_is_being_typed(chat, fake: FakeServer):
    fake.fail("POST", "messages", status=400, after_seconds=0.5)
    chat.say("first")
    chat.input.fill("second")
    chat.error.get_by_text("resting").wait_for()
    assert chat.input.input_value() == "first\nsecond"


def test_offline_is_said_and_what_is_sent_goes_out_when_back(chat, fake: FakeServer):
    chat.ask("hello")
    chat.page.context.set_offline(True)
    chat.status.get_by_text("You are offline.").wait_for()
    chat.say("what does it cost?")
    chat.say("compare them")
    chat.page.wait_for_timeout(300)
    assert chat.mine.count() == 3 and chat.panel.is_visible()
    assert chat.mine.last.get_by_text("Waiting to be sent").bounding_box()["y"] + 10 < chat.status.bounding_box()["y"]  # in view
    chat.page.context.set_offline(False)
    chat.replies.nth(2).wait_for()
    assert [body["text"] for body in fake.processed] == ["hello", "what does it cost?", "compare them"]
    assert not chat.status.is_visible()
    assert [article.get_attribute("class") for article in chat.articles.all()[1:]] == ["visitor", "assistant"] * 3


def test_messages_sent_quickly_are_answered_in_order(chat, fake: FakeServer):
    for text in ("one", "two", "three"):
        chat.say(text)
    chat.replies.nth(2).wait_for()
    assert [reply.inner_text().splitlines()[0] for reply in chat.replies.all()] == [f"You said: {text}" for text in ("one", "two", "three")]
    assert [mine.inner_text().splitlines()[0] for mine in chat.mine.all()] == ["one", "two", "three"]


def test_draft_survives_a_reload(chat):
    chat.input.fill("half a quest")
    chat.reload()
    assert chat.input.input_value() == "half a quest"
    assert chat.panel.is_visible()  # it was open
    assert chat.focused()[0] == "body"  # and does not take the focus by itself


def test_history_is_there_after_a_reload_and_not_announced_again(chat):
    chat.ask("what does it cost?")
    chat.ask("compare them")
    before = [article.inner_text() for article in chat.articles.all()]
    chat.reload()
    chat.articles.nth(4).wait_for()
    assert [article.inner_text() for article in chat.articles.all()] == before
    assert chat.spoken() == []


def test_reload_in_mid_question_loses_nothing(chat, fake: FakeServer):
    fake.fail("POST", "messages", status=503, after_seconds=2)
    chat.say("what does it cost?")
    chat.page.wait_for_timeout(200)
    chat.reload()
    chat.replies.first.wait_for()
    alone(chat)


def test_reload_after_the_answer_was_lost_shows_it_once(chat, fake: FakeServer):
    fake.fail("POST", "messages", status=0, answer_lost=True)
    chat.say("what does it cost?")
    chat.status.get_by_text("cannot be reached").wait_for()
    asked = len(ids(fake))
    fake.mend()
    fake.fail("GET", "messages", status=503, after_seconds=0.3)  # time to listen
    chat.reload()
    chat.replies.first.wait_for()
    chat.page.wait_for_timeout(300)
    alone(chat)
    assert len(ids(fake)) == asked  # the history had the answer
    assert any("$299" in text for text in chat.spoken())  # it is news


def test_message_that_waits_is_sent_after_a_reload_though_the_dialog_is_closed(chat, fake: FakeServer):
    fake.fail("POST", "session", status=503, times=99)
    chat.say("what does it cost?")
    chat.status.get_by_text("cannot be reached").wait_for()
    chat.page.keyboard.press("Escape")
    fake.mend()
    chat.reload()
    chat.page.locator("career-chat .badge").get_by_text("1 new").wait_for()
    assert len(fake.processed) == 1


def test_history_that_cannot_be_read_at_first_is_read_later(new_chat, fake: FakeServer):
    chat = new_chat(script=QUICK)
    chat.open()
    chat.ask("what does it cost?")
    fake.fail("GET", "messages", status=500, times=2)
    chat.reload()
    chat.replies.first.wait_for()
    alone(chat)


def test_session_that_ended_while_talking_is_replaced_in_words(chat, fake: FakeServer):
    chat.ask("hello")
    fake.sessions.clear()
    reply = chat.ask("what does it cost?")
    assert "$299" in reply.inner_text()
    assert [article.get_attribute("class") for article in chat.articles.all()[1:]] == ["visitor", "assistant", "notice", "visitor", "assistant"]
    assert chat.notices.first.inner_text() == "Your earlier conversation has ended. A new one begins here."
    assert ids(fake)[-1] == ids(fake)[-2]  # the same message, in the new session


def test_session_that_ended_before_a_reload_is_replaced_in_words(chat, fake: FakeServer):
    chat.ask("hello")
    fake.sessions.clear()
    chat.reload()
    chat.notices.first.wait_for()
    assert chat.replies.count() == 0
    assert "$299" in chat.ask("what does it cost?").inner_text()
    chat.reload()
    chat.replies.first.wait_for()
    assert chat.notices.count() == 0


def test_session_that_is_refused_twice_does_not_loop(new_chat, fake: FakeServer):
    chat = new_chat(script=QUICK)
    chat.open()
    fake.fail("POST", "messages", status=401, times=99)
    chat.say("hello")
    chat.page.wait_for_timeout(1000)
    assert len(ids(fake)) < 10 and chat.panel.is_visible()
    assert chat.mine.count() == 1 or chat.input.input_value() == "hello"


def test_config_that_fails_leaves_a_working_widget(new_chat, fake: FakeServer):
    for body in (b"", b"[1]", b'"text"', b'{"buttons": 5, "office": 7, "title": {}, "message_characters_max": "many", "privacy_url": 3}'):
        fake.mend()
        fake.fail("GET", "config", status=200 if body else 500, body=body)
        chat = new_chat()
        chat.launcher.click()
        assert "$299" in chat.ask("what does it cost?").inner_text()
        assert chat.page.get_by_role("dialog", name="Career assistant").is_visible()
        assert chat.faults == []


def days(fake: FakeServer, new_chat):
    """Returns two tabs that share a conversation."""
    fake.pages["/days"] = (
        '<!doctype html><html lang="en"><title>Page</title><career-chat storage="days:7"></career-chat><script type="module" src="/webhooks/widget/career-chat.js"></script></html>'
    )
    one = new_chat("/days")
    one.launcher.click()
    one.ask("hello")
    other = type(one)(one.page.context.new_page(), fake)
    other.visit("/days")
    other.launcher.click()
    other.replies.first.wait_for()
    return one, other


def test_two_tabs_show_the_same_conversation(new_chat, fake: FakeServer):
    one, other = days(fake, new_chat)
    one.ask("what does it cost?")
    other.replies.nth(1).wait_for()
    other.ask("compare them")
    one.replies.nth(2).wait_for()
    texts = [[re.sub(r"\s+", " ", article.inner_text()) for article in tab.articles.all()] for tab in (one, other)]
    assert texts[0] == texts[1] and len(texts[0]) == 7
    assert len(fake.sessions) == 1 and len(fake.processed) == 3


def test_rating_in_one_tab_shows_in_the_other(new_chat, fake: FakeServer):
    one, other = days(fake, new_chat)
    one.ask("what does it cost?").get_by_role("button", name=re.compile("^Yes")).click()
    other.page.locator("career-chat [aria-pressed=true]").wait_for()


def test_starting_over_in_one_tab_ends_the_other_in_words(new_chat, fake: FakeServer):
    one, other = days(fake, new_chat)
    one.within("chat.reset()")
    other.status.get_by_text("This conversation was ended in another window.").wait_for()
    assert other.articles.count() == 1
    one.ask("what does it cost?")
    other.replies.first.wait_for()
    assert len(fake.sessions) == 2


def test_two_tabs_with_one_waiting_message_get_one_answer(new_chat, fake: FakeServer):
    one, other = days(fake, new_chat)
    fake.fail("POST", "messages", status=503, times=2)
    one.say("what does it cost?")
    one.status.get_by_text("cannot be reached").wait_for()
    other.reload()  # takes the message up as well
    for tab in (one, other):
        tab.replies.nth(1).wait_for()
    one.page.wait_for_timeout(300)
    assert len(fake.processed) == 2
    for tab in (one, other):
        assert tab.replies.count() == 2 and tab.mine.count() == 2


def test_closing_while_waiting_counts_the_reply_at_the_launcher(chat, fake: FakeServer):
    fake.fail("POST", "messages", status=503, after_seconds=0.3)
    chat.say("what does it cost?")
    chat.page.keyboard.press("Escape")
    chat.page.get_by_role("button", name="Career questions? Ask us 1 new").wait_for()
    chat.launcher.click()
    assert chat.replies.first.is_visible()
    chat.page.keyboard.press("Escape")
    assert chat.page.get_by_role("button", name="Career questions? Ask us", exact=True).is_visible()


def test_start_over_while_waiting_drops_the_message_and_its_late_reply(chat, fake: FakeServer):
    fake.scripted.append(REPLIES["cost"])
    fake.fail("POST", "messages", status=200, body=b'{"messages": [{"id": "1", "from": "assistant", "text": "late"}]}', after_seconds=0.6)
    chat.say("what does it cost?")
    chat.page.wait_for_timeout(100)
    chat.within("chat.reset()")
    chat.page.wait_for_timeout(900)
    assert chat.articles.count() == 1 and not chat.status.is_visible()


def test_many_messages_stay_quick(chat, fake: FakeServer):
    chat.ask("hello")
    history = next(iter(fake.sessions.values()))
    history += [{"id": f"h{number}", "from": "assistant", "time": "2026-11-25T03:00:00Z", **said(f"Message {number}")} for number in range(500)]
    chat.reload()
    chat.articles.nth(502).wait_for()
    took = chat.page.evaluate(
        """async () => { const chat = document.querySelector('career-chat'), count = () => chat.shadowRoot.querySelectorAll('article').length;
           const before = count(), start = performance.now(); chat.send('hello');
           while (count() < before + 2) await new Promise((wake) => setTimeout(wake, 5)); return performance.now() - start; }"""
    )
    assert took < 1000, f"{took} ms to send and show one more message after 500"
