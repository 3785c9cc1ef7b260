"""Makes docs/screenshots/*.png: the demo page of the real server, in Chromium. `make screenshots`."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "widget"), str(ROOT / "tests" / "end_to_end")]

from conftest import CHROMIUM, CHROMIUM_FLAGS, Chat  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402
from test_real_server import serving  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
BYTES_MAX = 200_000  # of one picture; pages that show them stay quick
TIME = "2026-11-25T15:04:00Z"  # the same each time, so that a picture changes with the widget and the answers alone
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}


def closed(chat: Chat) -> None:
    chat.launcher.wait_for()


def greeting(chat: Chat) -> None:
    chat.open()


def answer(chat: Chat) -> None:
    chat.open()
    chat.ask("How long does the CPC exam take?").locator("summary").click()
    chat.replies.first.get_by_role("button", name="Yes, Was this helpful?").click()


def dark(chat: Chat) -> None:
    chat.open()
    chat.ask("What does a medical coder earn?")


def comparison(chat: Chat) -> None:
    chat.open()
    chat.ask("Compare the CPC and the CCA")


def pathway(chat: Chat) -> None:
    """Takes the first answer that is offered to each question, until there is a pathway."""
    chat.open()
    chat.ask("Help me choose a way into this")
    while not chat.page.locator("career-chat ol").count():
        count = chat.replies.count()
        chat.replies.last.locator(".choice").first.click()
        chat.replies.nth(count).wait_for()


def form(chat: Chat) -> None:
    chat.open()
    for text in ("Can somebody contact me?", "Yes", "Ada Lovelace", "ada@college.edu"):
        chat.ask(text)


def summary(chat: Chat) -> None:
    form(chat)
    chat.replies.last.get_by_role("button", name="Leave it out").click()
    chat.page.get_by_role("textbox", name="What it is about").wait_for()
    chat.ask("the evening program")


def offline(chat: Chat) -> None:
    chat.open()
    chat.ask("What does the exam cost?")
    chat.page.unroute("**/messages")  # what is routed does not notice that the network is gone
    chat.page.context.set_offline(True)
    chat.status.get_by_text("offline").wait_for()
    chat.say("And how long does it take?")


PICTURES: dict[str, tuple[Any, dict[str, Any]]] = {
    "closed": (closed, DESKTOP),
    "greeting": (greeting, DESKTOP),
    "answer": (answer, DESKTOP),
    "dark": (dark, {**DESKTOP, "color_scheme": "dark"}),
    "comparison": (comparison, DESKTOP),
    "pathway": (pathway, DESKTOP),
    "form": (summary, DESKTOP),
    "offline": (offline, DESKTOP),
    "phone": (answer, PHONE),
    "phone-form": (form, PHONE),
}


def at_the_same_time(route: Any) -> None:
    """Answers as the server does, with each message of TIME."""
    response = route.fetch()
    route.fulfill(response=response, body=re.sub(r'("time": ?)"[^"]*"', rf'\1"{TIME}"', response.text()))


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as real, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=CHROMIUM_FLAGS)
        for name, (act, options) in PICTURES.items():
            context = browser.new_context(**options, locale="en-US", timezone_id="America/New_York", reduced_motion="reduce")
            chat = Chat(context.new_page(), real)
            chat.page.clock.set_fixed_time(TIME)
            chat.page.route("**/messages", at_the_same_time)
            chat.visit()
            act(chat)
            chat.page.mouse.move(0, 0)
            chat.page.wait_for_timeout(1200)  # all announcements are over
            file = FOLDER / f"{name}.png"
            chat.page.screenshot(path=file, animations="disabled", caret="hide")
            context.close()
            size = file.stat().st_size
            if size > BYTES_MAX:
                sys.exit(f"{file}: {size} bytes; at most {BYTES_MAX}. Show less, or take it smaller.")
            print(f"{file.relative_to(ROOT)}  {size:,} bytes")
        browser.close()


if __name__ == "__main__":
    main()
