"""The server that the tests of the channels talk to."""

from __future__ import annotations

from typing import Any, Callable

import pytest

# Rasa and what imports it is imported by the fixtures: pytest reads this file before it knows which warnings to leave out.


@pytest.fixture
def agent():
    """An agent that repeats what it hears."""
    from tests.channel.stub_server import StubAgent

    return StubAgent()


@pytest.fixture
def site(monkeypatch) -> Callable[..., None]:
    """Changes the settings in force: site(widget={...}, limits={...}, kept_days=1)."""
    from bot import settings

    def change(**changes: Any) -> None:
        current = settings.in_force()
        parts = {name: getattr(current, name).copy(update=value) if isinstance(value, dict) else value for name, value in changes.items()}
        monkeypatch.setattr(settings, "in_force", lambda: current.copy(update=parts))

    return change


@pytest.fixture
def folder(tmp_path):
    """A widget folder."""
    folder = tmp_path / "widget"
    folder.mkdir()
    (folder / "index.html").write_text("<!doctype html><title>Ask</title>" + " " * 200)
    (folder / "career-chat.js").write_text("export const answer = 42;\n" * 20)
    (folder / "secret.pem").write_text("no one's business")
    return folder


@pytest.fixture
def start(monkeypatch, folder):
    """Starts servers: start(agent, more channels) gives a client."""
    from sanic import Sanic

    from bot.channels import door
    from tests.channel.stub_server import RunningServer

    monkeypatch.setattr(Sanic, "test_mode", True)
    monkeypatch.setenv("BOT_SESSION_SECRET", "s" * 32)
    door._limiter.cache_clear()
    running = []

    def run(agent: Any, *more: Any) -> Any:
        running.append(RunningServer(agent, folder, more))
        return running[-1].client

    yield run
    for server in running:
        server.stop()
    door._limiter.cache_clear()


@pytest.fixture
def client(start, agent):
    """A client of a running server."""
    return start(agent)
