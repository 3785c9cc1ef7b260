"""The page of the real server: `make serve`, the trained model, the channel, Chromium."""

from __future__ import annotations

import re
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Iterator

import pytest
import yaml
from conftest import AXE, Chat
from fake_server import FakeServer
from server_process import Server, free_port
from test_axe import RUN

from bot.knowledge import ROOT


class Real(FakeServer):
    """What Chat needs to know of a server that is not the fake one."""

    def __init__(self, port: int):
        self.origin = f"http://127.0.0.1:{port}"
        self.page = f"{self.origin}/webhooks/widget/"


@contextmanager
def serving(folder: Path) -> Iterator[Real]:
    """`make serve`, with all that it stores in a folder of its own."""
    content = yaml.safe_load((ROOT / "endpoints.yml").read_text())
    content["tracker_store"]["db"] = str(folder / "conversations.db")
    endpoints = folder / "endpoints.yml"
    endpoints.write_text(yaml.safe_dump(content))
    port = free_port()
    command = [sys.executable, "-m", "bot", "serve", "--port", str(port), "--endpoints", str(endpoints)]
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("BOT_DATABASE_URL", f"sqlite:///{folder / 'assistant.db'}")
        running = Server(command, port, folder / "log")
    try:
        running.wait_until_ready()
        yield Real(port)
    finally:
        running.stop()


@pytest.fixture(scope="module")
def real(tmp_path_factory: Any) -> Iterator[Real]:
    with serving(tmp_path_factory.mktemp("real")) as server:
        yield server


@pytest.fixture
def chat(browser: Any, real: Real) -> Iterator[Chat]:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-US", reduced_motion="reduce")
    chat = Chat(context.new_page(), real)
    chat.visit()
    chat.open()
    yield chat
    assert chat.faults == []  # nothing uncaught, nothing that the server's own policy refused
    context.close()


def test_question_gets_a_card_with_sources_and_can_be_rated(chat):
    reply = chat.ask("What does the CPC exam cost?")
    assert re.search(r"\$\d{3} in 2022 for the Certified Professional Coder", reply.inner_text())
    reply.locator("summary").click()
    assert reply.locator(".figures").first.is_visible()
    reply.get_by_role("button", name=re.compile("^Yes")).click()
    chat.page.wait_for_timeout(500)
    assert reply.get_by_role("button", name=re.compile("^Yes")).get_attribute("aria-pressed") == "true"
    assert chat.error.inner_text() == ""


def test_buttons_of_the_greeting_and_of_an_answer_are_answered(chat):
    chat.articles.first.get_by_role("button").first.click()
    chat.replies.first.wait_for()
    topic = chat.ask("What does a medical coder earn?").locator(".choice[value^='/ask_']").first
    title = topic.inner_text()
    topic.click()
    chat.replies.nth(2).wait_for()
    assert chat.mine.last.inner_text().startswith(title)


def test_history_is_there_after_a_reload(chat):
    chat.ask("How long does the training take?")
    chat.ask("What do the exams cost?")
    before = [article.inner_text() for article in chat.articles.all()]
    chat.reload()
    chat.articles.nth(4).wait_for()
    assert [article.inner_text() for article in chat.articles.all()] == before


def test_comparison_is_a_table(chat):
    reply = chat.ask("Compare the CPC and the CCA")
    assert reply.get_by_role("columnheader").count() == 2 and reply.get_by_role("rowheader").count() >= 2


def test_contact_form_asks_with_the_right_inputs(chat):
    chat.ask("Can somebody contact me?").get_by_role("button").first.click()
    chat.page.get_by_role("textbox", name="Name").wait_for()
    assert chat.input.get_attribute("autocomplete") == "name"
    chat.ask("Ada Lovelace")
    assert (chat.input.get_attribute("type"), chat.input.get_attribute("autocomplete")) == ("email", "email")
    chat.ask("ada@college.edu")
    assert chat.input.get_attribute("type") == "tel"
    chat.replies.last.get_by_role("button", name="Leave it out").click()
    chat.page.get_by_role("textbox", name="What it is about").wait_for()
    summary = chat.ask("the evening program")
    assert summary.locator("dl dd").all_inner_texts()[:2] == ["Ada Lovelace", "ada@college.edu"]
    assert "Shall I send it?" in summary.inner_text()


def test_too_long_a_message_is_stopped_at_the_servers_own_limit(chat):
    chat.say("x" * 1001)
    assert "Please shorten your question by 1 characters." in chat.error.inner_text()
    chat.say("a " * 499 + "ab")  # 1000
    chat.replies.first.wait_for()


def test_attack_is_answered_as_text(chat):
    chat.ask("<img src=x onerror=hacked=1> what does it cost? javascript:hacked=1")
    assert chat.page.evaluate("window.hacked") is None
    assert chat.page.locator("career-chat img").count() == 0


def test_delete_my_data_leaves_nothing(chat):
    chat.ask("What do the exams cost?")
    chat.option("Delete my data")
    chat.page.get_by_role("alertdialog").get_by_role("button", name="Delete my data").click()
    chat.status.get_by_text("Your data is deleted.").wait_for()
    chat.reload()
    chat.page.wait_for_timeout(300)
    assert chat.replies.count() == 0
    chat.ask("What do the exams cost?")


def test_axe_finds_nothing_on_the_real_page(chat):
    chat.ask("What does the CPC exam cost?")
    chat.ask("Compare the CPC and the CCA")
    chat.page.evaluate(AXE.read_text())
    assert [one["id"] for one in chat.page.evaluate(RUN)["violations"]] == []
