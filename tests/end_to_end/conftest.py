"""A real server: the trained model, the actions, HTTP."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from server_process import lend_encoder, own_endpoints, serve

from bot.knowledge import INTENT_PREFIX, ROOT

EXAMPLES = {True: 20, False: 8}  # of each topic, and of each other intent, of a tiny career: it is trained in seconds, and tells its topics apart
WORDINGS = 4  # held out, of each intent; likewise


@pytest.fixture(scope="session")
def endpoints(tmp_path_factory) -> Path:
    """The project's endpoints file, with conversations kept apart from the project's own."""
    return own_endpoints(tmp_path_factory.mktemp("var"))


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """`make serve`, ready."""
    running = serve(tmp_path_factory.mktemp("served"))
    running.wait_until_ready()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def agent():
    """The trained model with the actions in this process, for intents that nobody can force over HTTP."""
    from rasa.core.agent import Agent

    from bot import server, training

    return Agent.load(training.model_path(), action_endpoint=server.InProcessActionEndpoint())


@pytest.fixture
def project(tmp_path):
    """A copy of the project that a test may spoil, with the same packages."""
    return _copied(tmp_path)


@pytest.fixture
def pharmacy(project):
    """The folder of another career in the project, as it is made."""
    return _pharmacy(project)


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A copy of the project with another career, which is trained."""
    project = _copied(tmp_path_factory.mktemp("trained"))
    _pharmacy(project)
    subprocess.run([sys.executable, "-m", "bot", "train"], cwd=project, check=True, env={**os.environ, "BOT_CAREER": "pharmacy_technician"})
    return project


@pytest.fixture
def trained_pharmacy(trained, tmp_path):
    """The folder of a trained career that a test may spoil."""
    return shutil.copytree(trained, tmp_path / "project", symlinks=True) / "careers" / "pharmacy_technician"


def _copied(folder: Path) -> Path:
    for name in (
        "actions",
        "bot",
        "data",
        "knowledge",
        "config.yml",
        "credentials.yml",
        "domain.yml",
        "endpoints.yml",
        "requirements.txt",
        "settings.yml",
        "tests/nlu/utterances.yml",
        "widget",
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    return folder


def _pharmacy(project: Path) -> Path:
    """Makes another career, with few examples, so that it is trained in seconds."""
    subprocess.run([sys.executable, "-m", "bot", "new-career", "pharmacy_technician", "--field", "pharmacy technology"], cwd=project, check=True)
    folder = project / "careers" / "pharmacy_technician"
    lend_encoder(folder)
    for name, head, item in (("data/nlu.yml", "- intent: ", "    - "), ("tests/nlu/utterances.yml", "", "  - ")):
        kept, count, intent = [], 0, ""
        for line in (folder / name).read_text().split("\n"):
            if line.startswith(head) and not line.startswith((" ", "#")):
                count, intent = 0, line.removeprefix(head)
            count += line.startswith(item)
            at_most = EXAMPLES[intent.startswith(INTENT_PREFIX)] if head else WORDINGS
            kept += [line] * (not line.startswith(item) or count <= at_most)
        (folder / name).write_text("\n".join(kept))
    return folder
