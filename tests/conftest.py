"""What several test modules need: the real knowledge, a tiny one to break, a tracker and a dispatcher."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Callable

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher
from sqlalchemy import text

from bot import knowledge as knowledge_module
from bot import store
from tests.postgresql import AS_USER, USER, program

TINY_KNOWLEDGE = """\
names_with_digits: [ICD-10]
entities:
  certification:
    tell_if_missing: true
    values:
      cpc: {name: Certified Professional Coder (CPC), short: CPC, synonyms: [cpc]}
      cca: {name: Certified Coding Associate (CCA), short: CCA, synonyms: [cca]}
      ctr: {name: Certified Tumor Registrar (CTR), short: CTR, synonyms: [ctr]}
  role:
    values:
      biller: {name: medical biller, short: biller, synonyms: [biller]}
facts:
  cpc_fee: {value: 399, unit: USD, measure: fee of the CPC exam, source: S1, lines: [1]}
  cca_fee: {value: 299, unit: USD, measure: fee of the CCA exam, source: S2, lines: [1]}
  median_pay:
    value: 50250
    unit: USD/year
    measure: median wage of medical records specialists
    year: 2024
    period: May 2024
    by: BLS
    source: S1
    lines: [2]
  fees_differ: {statement: Fees differ by exam., evidence: [fees differ], source: S1, lines: [3]}
  ask_around: {statement: Ask people at work., evidence: [ask people], source: S3, lines: [1]}
topics:
  exam_cost:
    question: What does the exam cost?
    label: Exam fees
    answer: "{cpc_fee} for the CPC exam and {cca_fee} for the CCA exam."
    more: Fees differ from exam to exam.
    facts: [fees_differ]
    variants:
    - when: {certification: cpc}
      answer: "Expect {cpc_fee} for the CPC."
    - when: {certification: cca}
      answer: "Plan {cca_fee} for the CCA."
    - when: {role: biller}
      answer: Billers pay the same fees.
      facts: [fees_differ]
    related: [pay, advice]
  pay:
    question: What does a coder earn?
    label: Yearly pay
    answer: "{median_pay} a year is the median ({median_pay.period})."
    related: [exam_cost]
  advice:
    question: Whom can I ask?
    label: Advice
    answer: Ask people who code with ICD-10.
    facts: [ask_around]
"""
TINY_SECTIONS = """\
comparisons:
  certification:
    topic: exam_cost
    topics: [advice]
    told_apart: {pay: [cpc, cca]}
    words: {payer: [ctr]}
    names: {cca: Associate}
    aspects:
    - label: Talk
      cells:
      - {of: [cpc, cca], text: talk to people, facts: [ask_around]}
    - label: Fee
      topics: [exam_cost]
      cells:
      - {of: [cpc], text: "{cpc_fee} ({cpc_fee.year})"}
pathways:
  unsure: [Not sure, skip]
  promise: {text: Nobody promises a job., facts: [fees_differ]}
  questions:
    schooling:
      text: What did you learn?
      answers:
        school: {label: School, reason: you went to school, words: [school], if_asked: [class]}
        work: {label: Work, reason: you work, words: [nurse]}
    time:
      text: How soon?
      answers:
        soon: {label: Soon, reason: you are in a hurry, words: [fast], months: 12}
        later: {label: Later, reason: you have time, words: [no rush], months: 99}
    aim:
      text: What for?
      answers:
        job: {label: A job, reason: you want to work, words: [any job]}
        home: {label: Home, reason: you like it at home, words: [from home], if_asked: [home]}
  ways:
    slow:
      title: The slow way
      when: {time: [later]}
      why: {text: Asking around takes time., facts: [ask_around]}
      steps:
      - {title: Ask, text: Ask everybody., facts: [ask_around]}
      - {title: Pay, text: "Pay {cca_fee}."}
      details:
      - {label: Cost, text: "{cpc_fee} or less"}
      unknown: [No length is known.]
      topic: pay
      related: [exam_cost, advice]
    usual:
      title: The usual way
      why: {text: Most people ask., facts: [ask_around]}
      steps: []
      details: []
      unknown: []
      topic: advice
      related: []
"""
TINY_SOURCES = f"""\
S1:
  title: A Guide to Coding
  publisher: Guide House
  cite: coding guide
  year: 2025
  speaks_of: wages of May 2024
  sha256: {"1" * 64}
S2:
  title: A Blog on Coding
  publisher: null
  cite: coding blog
  year: 2021
  speaks_of: fees
  sha256: {"2" * 64}
S3:
  title: A How-to
  publisher: null
  cite: how-to
  year: null
  speaks_of: undated
  sha256: {"3" * 64}
"""


@pytest.fixture(scope="session", autouse=True)
def database(tmp_path_factory) -> str:
    """The database of the tests and of the processes they start: never the project's own."""
    url = f"sqlite:///{tmp_path_factory.mktemp('database') / 'assistant.db'}"
    os.environ[store.URL_VARIABLE] = url
    return url


@pytest.fixture(scope="session")
def postgresql(tmp_path_factory):
    """A PostgreSQL server of the tests' own, on a Unix socket."""
    initdb, postgres = program("initdb"), program("postgres")
    if not (initdb and postgres):
        pytest.skip("initdb and postgres are not installed (Debian: apt-get install postgresql)")
    if AS_USER and shutil.which(AS_USER[0]) is None:
        pytest.skip("PostgreSQL does not run as root, and there is no setpriv to change user")
    folder = tmp_path_factory.mktemp("postgresql")
    if AS_USER:
        shutil.chown(folder, USER)
        for parent in list(folder.parents)[:3]:  # pytest makes them for one user only
            parent.chmod(parent.stat().st_mode | 0o011)
    data = folder / "data"
    initialized = [*AS_USER, initdb, "-D", str(data), "-U", "test", "--auth", "trust", "--no-sync", "-E", "UTF8"]
    subprocess.run(initialized, cwd="/", check=True, capture_output=True)
    server = [*AS_USER, postgres, "-D", str(data), "-k", str(folder), "-c", "listen_addresses=", "-c", "fsync=off"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(server, cwd="/", stdout=log, stderr=log)
    for _ in range(100):
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(str(folder / ".s.PGSQL.5432")) == 0:
                break
        time.sleep(0.1)
    yield folder
    process.send_signal(signal.SIGINT)  # stops without waiting for connections to close
    process.wait(20)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'folder' / 'test.db'}"
        return
    folder = request.getfixturevalue("postgresql")
    name = f"test_{time.time_ns()}"
    server = store.create_engine(f"postgresql://test@/postgres?host={folder}", isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield f"postgresql://test@/{name}?host={folder}"
    server.dispose()


@pytest.fixture(scope="session")
def knowledge() -> knowledge_module.Knowledge:
    """The real knowledge file, read once."""
    return knowledge_module.load()


@pytest.fixture
def dispatcher() -> CollectingDispatcher:
    """Collects what an action utters."""
    return CollectingDispatcher()


@pytest.fixture
def make_tracker() -> Callable[..., Tracker]:
    """Builds a new tracker at each call; the events end with the latest message."""

    def make(
        intent: str | None,
        entities: list[tuple[str, str]] | None = None,
        ranking: list[tuple[str, float]] | None = None,
        earlier: list[dict[str, Any]] | None = None,
    ) -> Tracker:
        message = {
            "intent": {"name": intent, "confidence": 0.9},
            "entities": [{"entity": entity, "value": value} for entity, value in entities or []],
            "intent_ranking": [{"name": name, "confidence": confidence} for name, confidence in ranking or []],
            "text": "as typed",
        }
        events = [*(earlier or []), {"event": "user", "text": "as typed", "parse_data": message}]
        return Tracker.from_dict({"sender_id": "visitor", "latest_message": message, "events": events})

    return make


@pytest.fixture
def write_knowledge(tmp_path: Path) -> Callable[..., Path]:
    """Writes the tiny knowledge folder, anew at each call, each (old, new) text changed, on demand with comparisons and pathways; returns the folder."""

    def write(*changes: tuple[str, str], sections: bool = False) -> Path:
        contents = {"medical_coding.yml": TINY_KNOWLEDGE + sections * TINY_SECTIONS, "sources.yml": TINY_SOURCES}
        for old, new in changes:
            assert sum(content.count(old) for content in contents.values()) == 1, f"{old!r} must stand exactly once"
            contents = {name: content.replace(old, new) for name, content in contents.items()}
        folder = tmp_path / "knowledge"
        folder.mkdir(exist_ok=True)
        for name, content in contents.items():
            (folder / name).write_text(content, encoding="utf-8")
        return folder

    return write


@pytest.fixture
def line_of() -> Callable[[Path, str], int]:
    """Finds the line, counted from 1, on which a text stands first."""

    def find(file: Path, text: str) -> int:
        return next(number for number, line in enumerate(file.read_text(encoding="utf-8").split("\n"), start=1) if text in line)

    return find
