"""The commands of the documents are run as they stand there and print what the documents say; those that another test runs, or none can, are listed."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import urllib.request
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

import pytest
from server_process import Server, free_port, lend_encoder

from bot import training
from bot.knowledge import ROOT
from tests.report.conftest import SOURCE, Conversations
from tests.unit.test_documents import TEXTS, shown

# Beginnings of commands that are not run here: the test that runs them, or why none does.
ELSEWHERE = {
    "python -m bot actions": "tests/cluster",
    "python -m bot contacts": "tests/end_to_end/test_contact.py",
    "python -m bot expire": "tests/end_to_end/test_privacy_page.py",
    "python -m bot forget": "tests/end_to_end/test_privacy_page.py",
    "python -m bot serve": "tests/end_to_end/test_start.py",
    "python -m bot topic new": "tests/end_to_end/test_topic.py",
    "make audit ONLINE": "the network",
    "make benchmark": "takes hours, and data sets that are not ours; the parts: tests/unit/test_benchmarks.py",
    "make check SOURCES": "tests/end_to_end/test_career.py",
    "make clean-install": "the network",
    "make evaluate": "tests/end_to_end/test_career.py",
    "make fuzz": "the network, once, and minutes: tests/fuzz",
    "make lint": "`make test` runs it",
    "make lock": "the network",
    "make secrets": "tests/unit/test_deploy.py",
    "make shell": "tests/end_to_end/test_start.py",
    "make test": "is what runs this; tests/cluster and tests/faults",
    "rasa run": "tests/end_to_end/test_start.py, on free ports",
    "cat var": "tests/end_to_end/test_privacy_page.py",
    "docker compose": "no Docker where the tests run; tests/unit/test_deploy.py and tests/cluster",
    "for part in": "likewise",
}
MAKE = ["make", "--old-file", ".venv/installed"]  # the copy's lock is newer than the installation


def words_of(command: str) -> list[str]:
    """Returns a command's words without variables before it, comments and the folder of the programs."""
    words = [word.removeprefix(".venv/bin/") for word in shlex.split(command.removesuffix("&"), comments=True)]
    while re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    return words


def signature(words: list[str]) -> tuple:
    """Returns what makes a command another one: the program, what it is told to do, and its options."""
    length = 4 if words[:3] == ["python", "-m", "bot"] else 2
    return (*words[:length], *sorted(word.partition("=")[0] for word in words[length:] if word.startswith("--") or "=" in word))


def said(document: str, command: str) -> str:
    """Returns what a document says that a command prints; nothing if it does not say."""
    found = re.search(rf"(?m)^\$ {re.escape(command)}\n((?:(?!\$ |```).*\n)*)", TEXTS[document])
    return found[1] if found else ""


def elsewhere(command: str) -> list[str]:
    return [start for start in ELSEWHERE if " ".join(words_of(command)).startswith(start)]


def is_asked_of_a_server(command: str) -> bool:
    return "curl" in command or words_of(command) == ["make", "serve"]


def run_here() -> list[tuple[str, str]]:
    """Returns the commands to be run: those whose output is shown, and one of each that no other covers with more options."""
    found: dict[tuple, tuple[str, str]] = {}
    for document, command in sorted(shown(), key=lambda one: (not said(*one), -len(signature(words_of(one[1]))), one)):
        wanted = set(signature(words_of(command)))
        if not elsewhere(command) and not is_asked_of_a_server(command) and not any(wanted <= set(other) for other in found):
            found[signature(words_of(command))] = (document, command)
    return list(found.values())


def assert_said(printed: str, expected: str) -> None:
    """Asserts that a program printed what a document says.

    `...` stands for anything; numbers of lines, confidences and the intents that a wording was not taken for change with the files.
    """
    pattern = re.sub(r"\\\.\\\.\\\.", "(?s:.*)", re.escape(expected.strip()))
    pattern = re.sub(r"(yml:|line\\?\":\s*)\d+", r"\1\\d+", pattern)
    pattern = re.sub(r"(?<=\\ )[01]\\\.\d\d\b", r"[01]\\.\\d\\d", pattern)
    pattern = re.sub(r"(?m)^(\\ \\ not\\ ).*$", r"\1[^\\n]*", pattern.replace("\\\n", "\n"))
    assert re.fullmatch(pattern, printed.strip()), f"{printed}\n--- is not\n{expected}"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """A copy of the project as an editor has it: trained, under git, with a conversation."""
    folder = tmp_path_factory.mktemp("site")
    for name in ("actions", "bot", "data", "deploy", "knowledge", "schema", "tests/nlu", "widget"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "secrets"))
    for file in (*ROOT.glob("*.yml"), *ROOT.glob("*.md"), *ROOT.glob("*.t*"), ROOT / "Makefile"):
        shutil.copy(file, folder)
    (folder / ".venv").symlink_to(sys.prefix)
    (folder / "models").mkdir()
    (folder / "models" / training.model_path().name).symlink_to(training.model_path())
    lend_encoder(folder)
    for vectors in (ROOT / "var" / "encoder").glob("*.vectors.npz"):  # of the examples: half a minute to make
        shutil.copy(vectors, folder / "var" / "encoder")
    conversations = Conversations(f"sqlite:///{folder / 'var' / 'conversations.db'}", tmp_path_factory.mktemp("conversations"))
    conversations.add("ann", datetime.now(timezone.utc), "wat dough", [("utter_which_topic", "Which?")], intent="nlu_fallback")
    conversations.add("ann", datetime.now(timezone.utc), "/ask_salary", [(None, SOURCE)], ["salary"], "ask_salary")
    for command in (["init", "--quiet"], ["add", "knowledge"], ["-c", "user.name=x", "-c", "user.email=x@x.example", "commit", "--quiet", "-m", "x"]):
        subprocess.run(["git", *command], cwd=folder, check=True)
    return folder


def environment() -> dict[str, str]:
    """Returns the environment of a person's own terminal."""
    left_out = ("MAKE", "MFLAGS", "BOT_", "SOURCES")
    return {name: value for name, value in os.environ.items() if not name.startswith(left_out)}


@contextmanager
def changed(site: Path, old: str, new: str):
    """Changes the knowledge file and puts it back."""
    file = site / "knowledge" / "medical_coding.yml"
    before = file.read_text()
    assert before.count(old) == 1
    file.write_text(before.replace(old, new))
    try:
        yield
    finally:
        file.write_text(before)


@pytest.mark.parametrize(("document", "command"), run_here())
def test_command_runs_and_prints_what_the_document_says(site, document, command):
    words = words_of(command)
    words = [*MAKE, *words[1:]] if words[0] == "make" else [f".venv/bin/{words[0]}", *words[1:]]
    with changed(site, "value: 299\n", "value: 310\n" if "diff" in words else "value: 299\n"):
        done = subprocess.run(words, cwd=site, env=environment(), capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "Traceback" not in done.stderr, done.stderr
    if said(document, command):
        assert_said(done.stdout, said(document, command))
    for file in re.findall(r"--(?:html|csv) (\S+)", command):
        assert (site / file).exists()


def test_make_serve_answers_as_the_documents_say(site):
    port = free_port()
    recipe = subprocess.run([*MAKE, "--dry-run", "serve"], cwd=site, env=environment(), capture_output=True, text=True, check=True).stdout
    server = Server(["bash", "-c", recipe], port, site / "log", site, PORT=str(port), BOT_DATABASE_URL="")
    try:
        server.wait_until_ready()
        assert f"Ready: http://127.0.0.1:{port}/webhooks/widget/ (Ctrl-C stops it)" in server.log.read_text()
        asked = [(document, command) for document, command in shown() if "curl" in command]
        assert len(asked) == 3
        for document, command in asked:
            with changed(site, "label: Exam fees\n", "lable: Exam fees\n" if "/health" in command else "label: Exam fees\n"):
                if "/health" in command:
                    server.ask("what does the exam cost")  # an action reads the file
                done = subprocess.run(
                    command.replace(":5005", f":{port}"), shell=True, executable="/bin/bash", capture_output=True, text=True, timeout=60
                )
            assert done.returncode == 0
            assert_said(done.stdout, said(document, command))
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/webhooks/widget/config", timeout=10) as response:
            assert json.load(response)["greeting"]
    finally:
        server.stop()


def test_list_of_what_is_run_elsewhere_is_right():
    used = {start for _, command in shown() for start in elsewhere(command)}
    assert [start for start in ELSEWHERE if start not in used] == []
    named = [name for reason in ELSEWHERE.values() for name in re.findall(r"tests/[\w/]+(?:\.py)?", reason)]
    assert [name for name in named if not (ROOT / name).exists()] == []
