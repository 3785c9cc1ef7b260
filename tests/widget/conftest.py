"""Browser tests of the widget: Debian's Chromium driven by Playwright, a fake server, and what the tests say about a conversation."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any, Iterator

import pytest

FOLDER = Path(__file__).resolve().parent
sys.path.insert(0, str(FOLDER))  # helpers beside the tests

from fake_server import FakeServer  # noqa: E402

CHROMIUM = "/usr/bin/chromium"
# Without these, Chromium looks for Google's hosts at each start.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = FOLDER / "node_modules" / "axe-core" / "axe.min.js"
NEEDS = {
    "Chromium (apt-get install chromium)": Path(CHROMIUM).exists(),
    "Firefox ESR (apt-get install firefox-esr)": bool(shutil.which("firefox-esr")),
    "playwright (make install)": importlib.util.find_spec("playwright") is not None,
    "node (apt-get install nodejs npm)": bool(shutil.which("node")),
    "axe-core and puppeteer-core (cd tests/widget && npm ci)": AXE.exists() and (FOLDER / "node_modules" / "puppeteer-core").exists(),
}
MISSING = [name for name, is_there in NEEDS.items() if not is_there]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs a browser on this machine")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ours = [item for item in items if FOLDER in Path(item.path).parents]
    for item in ours:
        item.add_marker(pytest.mark.browser)
        if MISSING:
            item.add_marker(pytest.mark.skip(reason=sentence()))
    if MISSING and ours and os.environ.get("BROWSERS_REQUIRED"):
        pytest.exit(sentence(), returncode=1)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if MISSING and any(FOLDER.name in report.nodeid for report in terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(sentence())


def sentence() -> str:
    return f"The widget's browser tests were skipped; missing: {'; '.join(MISSING)}. With all of it, run make test again."


@pytest.fixture
def fake() -> Iterator[FakeServer]:
    server = FakeServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=CHROMIUM_FLAGS)
        yield running
        running.close()


@pytest.fixture
def new_chat(browser: Any, fake: FakeServer) -> Iterator[Any]:
    """Makes the demo page in a new browser window: `new_chat()`, with the options of a Playwright context."""
    contexts = []

    def make(path: str = "/webhooks/widget/", script: str = "", **options: Any) -> Chat:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, "locale": "en-US", "reduced_motion": "reduce", **options})
        contexts.append(context)
        context.add_init_script(script)
        chat = Chat(context.new_page(), fake)
        chat.visit(path)
        return chat

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def chat(new_chat: Any) -> Chat:
    """The demo page on a desktop, the dialog open."""
    opened = new_chat()
    opened.open()
    return opened


class Chat:
    """A page with the widget, and what a visitor does on it and finds there."""

    def __init__(self, page: Any, fake: FakeServer):
        self.page, self.fake = page, fake
        page.set_default_timeout(8000)
        self.faults: list[str] = []  # errors that the page did not catch, and what its policy refused
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda message: self.faults.append(message.text) if "Content Security Policy" in message.text else None)
        self.launcher = page.locator("career-chat .launcher")
        self.panel = page.locator("career-chat .panel")
        self.log = page.get_by_role("log")
        self.input = page.locator("career-chat #input")
        self.articles = page.locator("career-chat article")
        self.replies = page.locator("career-chat article.assistant")
        self.mine = page.locator("career-chat article.visitor")
        self.notices = page.locator("career-chat article.notice")
        self.status = page.locator("career-chat .status")
        self.error = page.locator("career-chat #error")

    def visit(self, path: str = "/webhooks/widget/") -> None:
        self.page.goto(self.fake.origin + path)
        self.until("customElements.get('career-chat') !== undefined")
        self.page.evaluate(LISTEN)

    def reload(self) -> None:
        self.page.reload()
        self.until("customElements.get('career-chat') !== undefined")
        self.page.evaluate(LISTEN)

    def open(self) -> None:
        self.launcher.click()
        self.until("document.querySelector('career-chat').shadowRoot.querySelector('.hello .privacy')?.textContent.trim() !== ''")

    def say(self, text: str) -> None:
        """Types and sends."""
        self.input.fill(text)
        self.input.press("Enter")

    def ask(self, text: str, replies: int = 1) -> Any:
        """Types, sends, and waits for so many replies; returns the last."""
        before = self.replies.count()
        self.say(text)
        self.replies.nth(before + replies - 1).wait_for()
        return self.replies.nth(before + replies - 1)

    def until(self, condition: str, seconds: float = 8) -> None:
        """Waits until a condition holds. (Playwright's own way evaluates strings in the page, which the policy forbids.)"""
        end = time.monotonic() + seconds
        while not self.page.evaluate(f"() => Boolean({condition})"):
            assert time.monotonic() < end, f"after {seconds} s still not: {condition}"
            self.page.wait_for_timeout(20)

    def option(self, name: str) -> None:
        self.page.get_by_role("button", name="Options").click()
        self.page.locator("career-chat .menu").get_by_role("button", name=name).click()

    def focused(self) -> Any:
        """Returns what has the focus, in words: the tag, the first class or the type, the name."""
        return self.page.evaluate(
            """() => { let one = document.activeElement; while (one?.shadowRoot?.activeElement) one = one.shadowRoot.activeElement;
               return [one.localName, one.className || one.type || '', one.ariaLabel || one.textContent.trim().slice(0, 40)]; }"""
        )

    def spoken(self) -> list[str]:
        """Returns what the live regions announced since the page came up."""
        return self.page.evaluate("window.spoken")

    def within(self, script: str) -> Any:
        """Returns the result of a script on `root`, the shadow root, and `chat`, the element."""
        return self.page.evaluate(f"() => {{ const chat = document.querySelector('career-chat'), root = chat.shadowRoot; return {script}; }}")

    def stored(self) -> dict[str, Any]:
        """Returns all that the browser keeps for the page."""
        return json.loads(self.page.evaluate("JSON.stringify({...localStorage, ...sessionStorage})"))


# Records what is put into the live regions.
LISTEN = """() => {
  window.spoken = [];
  for (const region of document.querySelector('career-chat')?.shadowRoot.querySelectorAll('[aria-live="polite"]') ?? [])
    new MutationObserver((changes) => { for (const change of changes) for (const node of change.addedNodes) window.spoken.push(node.textContent); })
      .observe(region, { childList: true });
}"""

# Records the waits before further tries, and makes them fifty times shorter.
QUICK = """
window.waits = [];
const later = window.setTimeout;
window.setTimeout = (act, ms, ...rest) => {
  const isTry = ms >= 500 && /native code/.test(act); // the end of a promise
  if (isTry) waits.push(ms);
  return later(act, isTry ? ms / 50 : ms, ...rest);
};
"""
