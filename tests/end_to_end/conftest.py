"""A real server: the trained model, the actions, HTTP."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from server_process import Server, free_port


@pytest.fixture(scope="session")
def endpoints(tmp_path_factory) -> Path:
    """An endpoints file whose conversations are kept apart from the project's own."""
    folder = tmp_path_factory.mktemp("var")
    file = folder / "endpoints.yml"
    file.write_text(f"tracker_store:\n  type: SQL\n  dialect: sqlite\n  db: {folder / 'conversations.db'}\n")
    return file


@pytest.fixture(scope="session")
def server(endpoints, tmp_path_factory):
    """`make serve`, ready."""
    port = free_port()
    running = Server(
        [sys.executable, "-m", "bot", "serve", "--port", str(port), "--endpoints", str(endpoints)], port, tmp_path_factory.mktemp("log") / "serve"
    )
    running.wait_until_ready()
    yield running
    running.stop()
