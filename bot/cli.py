"""The command line: `python -m bot COMMAND`. Arguments and printing live here, the work in the modules it calls."""

from __future__ import annotations

import argparse
import logging
import os
import re
import sys
import warnings
from datetime import datetime
from pathlib import Path
from typing import Callable

from bot import knowledge
from bot.knowledge import CAREER, CAREER_VARIABLE, HOME, ROOT
from bot.strict_yaml import ProblemsError

Command = Callable[[argparse.Namespace], int]


def main(arguments: list[str] | None = None) -> int:
    """Runs a command and returns its exit status: 0 done, 1 something is wrong and was said, 2 wrong usage."""
    parser = argparse.ArgumentParser(prog="python -m bot", description="The career assistant.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Command, help: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(command=command)
        return sub

    server = argparse.ArgumentParser(add_help=False)
    server.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"), help="address to listen on (HOST; default 127.0.0.1)")
    server.add_argument("--port", type=_port, default=os.environ.get("PORT", "5005"), help="port to listen on (PORT; default 5005)")
    server.add_argument("--endpoints", type=Path, default=ROOT / "endpoints.yml", help="where conversations are kept (default endpoints.yml)")
    serve = commands.add_parser("serve", parents=[server], help="Serve the assistant in one process, trained first if needed.")
    serve.add_argument("--action-server", action="store_true", help="run the actions on the action server of the endpoints file, not in this process")
    serve.set_defaults(command=_serve)
    actions = add("actions", _actions, "Serve the actions alone, for `serve --action-server`.")
    actions.add_argument("--host", default=os.environ.get("HOST", "127.0.0.1"), help="address to listen on (HOST; default 127.0.0.1)")
    actions.add_argument("--port", type=_port, default=os.environ.get("PORT", "5055"), help="port to listen on (PORT; default 5055)")
    shell = commands.add_parser("shell", parents=[server], help="Talk to the assistant in Rasa's own shell.")
    shell.set_defaults(command=_shell)
    add("train", _train, "Train the assistant if what it is trained on has changed.")
    check = add("check", _check, "Check knowledge, settings, domain and examples; all problems at once.")
    check.add_argument("--sources", type=Path, help="folder of the articles: also prove hashes, figures and statements on their lines")
    check.add_argument("--rasa", action="store_true", help="also run Rasa's own data validation")
    ask = add("ask", _ask, "Show how wordings are understood, what is answered and what that stands on.")
    ask.add_argument("wordings", nargs="+", metavar="WORDING", help="what a visitor might write, in quotes")
    ask.add_argument("--talk", action="store_true", help="the wordings are one conversation, each after the one before")
    facts = add("facts", _facts, "List the figures: where each stands, of when it is, and which answers use it.")
    facts.add_argument(
        "words", nargs="*", metavar="WORD", help="only those with all the words in the id, in what is measured or in whose answers use it"
    )
    facts.add_argument("--dated", action="store_true", help="only those older than figures_dated_after_years in settings.yml")
    diff = add("diff", _diff, "Show what changed in answers between two knowledge files, [-gone-] and {+new+}.")
    diff.add_argument("old", help="a knowledge file, a folder with one, or a revision of git such as HEAD")
    diff.add_argument("new", nargs="?", help="likewise (default: the knowledge file as it is now)")
    career = add("new-career", _new_career, "Make the folder of another career, with three topics to begin with.")
    career.add_argument("name", help="its folder in careers/, such as pharmacy_technician")
    career.add_argument("--noun", default="", help='who does the work, if not the name in words: "pharmacy technician"')
    career.add_argument("--field", default="", help='what they do, without an article (default: "pharmacy technician work")')
    topics = add("topic", _new_topic, "Topics of the knowledge file: new.").add_subparsers(required=True, metavar="new")
    topic = topics.add_parser("new", help="Ask for a new topic, write it where it belongs, train, and show what changed.")
    topic.add_argument("--sources", type=Path, help="folder of the articles: new facts are proved on their lines at once")
    topic.set_defaults(command=_new_topic)
    add("schema", _schema, "Write the JSON Schemas of the knowledge files, which text editors complete by, to schema/.")
    add("evaluate", _evaluate, "Measure how well held-out wordings are understood; writes figures and plots to results/.")
    contacts = add("contacts", _list_contacts, "Contact requests of visitors: list, export.")
    kinds = contacts.add_subparsers(required=True, metavar="list|export")
    since = argparse.ArgumentParser(add_help=False)
    since.add_argument("--since", type=_since, help="only requests since then: 7d, 12h or 2026-11-25 (UTC)")
    kinds.add_parser("list", parents=[since], help="Print the requests, the oldest first.").set_defaults(command=_list_contacts)
    export = kinds.add_parser("export", parents=[since], help="Write the requests to a CSV file for a spreadsheet.")
    export.add_argument("file", type=Path, help="the file to write")
    export.set_defaults(command=_export_contacts)
    forget = add("forget", _forget, "Delete a conversation, its contact requests, feedback and questions.")
    forget.add_argument("conversation", help="its id, the sender of its messages, or the reference of a contact request made in it")
    forget.add_argument("--endpoints", type=Path, default=ROOT / "endpoints.yml", help="where conversations are kept (default endpoints.yml)")
    expire = add("expire", _expire, "Delete what is older than kept_days of settings.yml; a running server does it each day.")
    expire.add_argument("--endpoints", type=Path, default=ROOT / "endpoints.yml", help="where conversations are kept (default endpoints.yml)")
    report = add("report", _report, "What visitors asked and what came of it: a page, or CSV files.")
    report.add_argument("--since", type=_since, default="30d", help="since when: 7d, 12h or 2026-11-25 (UTC); default 30d")
    report.add_argument("--html", type=Path, help="the page to write (default results/report.html, unless --csv is given)")
    report.add_argument("--csv", type=Path, metavar="FOLDER", help="write the same as CSV files into this folder")
    report.add_argument("--endpoints", type=Path, default=ROOT / "endpoints.yml", help="where conversations are kept (default endpoints.yml)")
    suggest = add(
        "suggest", _suggest, "Review examples and topics that the conversations suggest; what is accepted is tried on held-out wordings first."
    )
    suggest.add_argument("--since", type=_since, default="30d", help="since when: 7d, 12h or 2026-11-25 (UTC); default 30d")
    suggest.add_argument("--endpoints", type=Path, default=ROOT / "endpoints.yml", help="where conversations are kept (default endpoints.yml)")
    options = parser.parse_args(arguments)
    if not HOME.is_dir() and options.command is not _new_career:
        careers = ", ".join(sorted(folder.name for folder in (ROOT / "careers").glob("*/"))) or "none"
        print(
            f"{CAREER_VARIABLE}: there is no folder careers/{CAREER}; there: {careers}. Correct it, or make it: make new-career NAME={CAREER}",
            file=sys.stderr,
        )
        return 1
    if options.command not in (_check, _facts, _diff, _new_career, _schema, _list_contacts, _export_contacts):
        if options.command in (_ask, _new_topic):
            print("Loading ...", file=sys.stderr, flush=True)
        _quiet(imports_rasa=options.command is not _actions)
    try:
        _take_secrets_from_files()
        return options.command(options)
    except ProblemsError as error:
        print(f"{error}\n{len(error.problems)} problem(s).", file=sys.stderr)
    except (KeyboardInterrupt, EOFError):
        return 1
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None and type(cause).__name__ == "GraphComponentException":  # Rasa's wrapping of a component's error
            cause = cause.__cause__
        if not isinstance(cause, _expected_errors()):
            raise
        print(cause, file=sys.stderr)
    return 1


def _take_secrets_from_files() -> None:
    """Sets BOT_X to the content of the file that BOT_X_FILE names, unless that is empty; then fills in ${BOT_X} where other variables have it."""
    given = sorted(name for name in os.environ if name.startswith("BOT_"))
    for name in given:
        if name.endswith("_FILE") and (secret := Path(os.environ[name]).read_text(encoding="utf-8").strip()):
            os.environ[name.removesuffix("_FILE")] = secret
    for name in given:
        os.environ[name] = re.sub(r"\$\{(BOT_\w+)\}", lambda match: os.environ.get(match[1], match[0]), os.environ[name])


def _expected_errors() -> tuple[type[Exception], ...]:
    """Returns the errors whose text says all a user needs."""
    from bot.career import CareerError
    from bot.nlu.sentence_encoder import EncoderError
    from bot.review import VersionError
    from bot.store import StoreError
    from bot.training import TrainingError

    errors: list[type[Exception]] = [CareerError, EncoderError, StoreError, TrainingError, VersionError, OSError]
    if "bot.report_events" in sys.modules:
        from bot.report_events import EventsError

        errors.append(EventsError)
    if "bot.forget" in sys.modules:
        from bot.forget import ForgetError

        errors.append(ForgetError)
    if "bot.trial" in sys.modules:
        from bot.trial import UndoneError

        errors.append(UndoneError)
    if "rasa" in sys.modules:
        from rasa.shared.exceptions import RasaException

        errors.append(RasaException)
    return tuple(errors)


def _port(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"'{text}' is no port; allowed: 1 to 65535")
    return int(text)


def _since(text: str) -> datetime:
    from bot import contacts

    try:
        return contacts.since(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _quiet(imports_rasa: bool) -> None:
    """Imports Rasa if it will be; keeps what the libraries say at import (deprecations, CPU features) off the screen, and telemetry off."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    logging.basicConfig(level=logging.INFO)
    warnings.showwarning = lambda *arguments, **options: None  # Rasa and others set filters of their own at import
    if imports_rasa:
        from bot import without_tensorflow

        without_tensorflow.apply()
        from rasa.utils.log_utils import configure_structlog

        configure_structlog(logging.WARNING)
    from bot import logs

    logs.keep_out_texts()
    for noisy in ("rasa", "alembic", "apscheduler", "matplotlib", "tensorflow", "sanic.root", "root"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("bot").setLevel(logging.INFO)


def _serve(options: argparse.Namespace, channel: str | None = None) -> int:
    from bot import server, training
    from bot.nlu import sentence_encoder

    if server.port_is_taken(options.host, options.port):
        print(
            f"Port {options.port} on {options.host} is taken by another program. Stop it, or choose another port: PORT={options.port + 1} make serve",
            file=sys.stderr,
        )
        return 1
    model = training.ensure_model()
    sentence_encoder.compiled()
    (HOME / "var").mkdir(exist_ok=True)
    os.chdir(HOME)  # endpoints.yml names files from here
    print("Starting ...", flush=True)
    if server.serve(model, options.host, options.port, options.endpoints, channel, getattr(options, "action_server", False)):
        return 0
    print(f"{model.name} could not be loaded; the lines above say why. Remove models/ and run `make train`.", file=sys.stderr)
    return 1


def _shell(options: argparse.Namespace) -> int:
    return _serve(options, channel="cmdline")


def _actions(options: argparse.Namespace) -> int:
    from bot import action_server

    action_server.serve(options.host, options.port)
    return 0


def _train(options: argparse.Namespace) -> int:
    from bot import training

    print(f"Up to date: {training.ensure_model().name}")
    return 0


def _check(options: argparse.Namespace) -> int:
    from bot import check

    problems, notes, counts = check.check(options.sources)
    for problem in problems:
        print(problem, file=sys.stderr)
    for note in notes:
        print(f"note: {note}")
    print(f"{counts}; {len(problems)} problem(s).")
    if problems:
        return 1
    return check.rasa_validation() if options.rasa else 0


def _ask(options: argparse.Namespace) -> int:
    from bot import ask, examples, training

    model = training.ensure_model()
    neighborhood = examples.Neighborhood(examples.read())
    with ask.assistant(model) as agent:
        for wording in options.wordings:
            print(f"\n{ask.table(ask.ask(agent, neighborhood, wording, 'talk' if options.talk else None))}", flush=True)
    return 0


def _facts(options: argparse.Namespace) -> int:
    from bot import review, settings

    known, years = knowledge.load(), settings.load().figures_dated_after_years
    rows = [
        row
        for row in review.figures(known, years)
        if all(word.lower() in f"{row.name} {row.fact.measure} {' '.join(row.used_by)}".lower() for word in options.words)
        and (row.dated or not options.dated)
    ]
    if rows:
        print(review.table(known, rows))
    print(
        f"{len(rows)} figure(s), {sum(row.dated for row in rows)} older than {years} years, {sum(not row.used_by for row in rows)} used by no answer."
    )
    return 0


def _diff(options: argparse.Namespace) -> int:
    from bot import review, settings

    old, new = review.version(options.old), review.version(options.new or str(knowledge.FOLDER))
    changes = review.changes(old, new, settings.load().figures_dated_after_years)
    for change in changes:
        print(change)
    print(f"{len(changes)} change(s).")
    return 0


def _new_career(options: argparse.Namespace) -> int:
    from bot import career

    folder = career.make(options.name, options.noun, options.field)
    print(f"Made {folder.relative_to(ROOT)}/. Choose it with {CAREER_VARIABLE}={options.name}:")
    for command, what in (
        ("make check", "after every edit"),
        ("make serve", "trains first"),
        (".venv/bin/python -m bot topic new", "adds a topic"),
    ):
        print(f"  {CAREER_VARIABLE}={options.name} {command:<34} # {what}")
    print("What to write first: docs/editor.md, Another career.")
    return 0


def _new_topic(options: argparse.Namespace) -> int:
    from bot import topic

    try:
        topic.new(options.sources)
    except (KeyboardInterrupt, EOFError):
        print("\nStopped; the files are as they were.")
        return 1
    print(
        "Kept. A running server answers the new question when it is started again. Now commit the files, and see docs/editor.md for what may follow."
    )
    return 0


def _schema(options: argparse.Namespace) -> int:
    from bot import schema

    for file in schema.write():
        print(file.relative_to(ROOT))
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    from bot import evaluate, training

    model = training.ensure_model()
    print("Reading the held-out wordings ...", flush=True)
    print(evaluate.table(evaluate.evaluate(model)))
    print(f"Details and plots: {evaluate.RESULTS.relative_to(HOME)}/")
    return 0


def _list_contacts(options: argparse.Namespace) -> int:
    from bot import contacts, store

    requests = store.in_force().contacts(options.since)
    for request in requests:
        print("  ".join(cell or "-" for cell in contacts.row(request)))
    print(f"{len(requests)} contact request(s).")
    return 0


def _export_contacts(options: argparse.Namespace) -> int:
    from bot import contacts, store

    requests = store.in_force().contacts(options.since)
    contacts.write_csv(requests, options.file)
    print(f"{len(requests)} contact request(s) written to {options.file}.")
    return 0


def _forget(options: argparse.Namespace) -> int:
    from bot import forget

    endpoints = options.endpoints.absolute()
    os.chdir(HOME)  # the file names others from here
    counts = forget.forget(options.conversation, endpoints)
    if not any(counts.values()):
        print(f"Nothing is kept of a conversation '{options.conversation}'. Is its id right?", file=sys.stderr)
        return 1
    print(f"Deleted: {forget.shown(counts)}")
    return 0


def _expire(options: argparse.Namespace) -> int:
    from bot import forget, settings

    endpoints, days = options.endpoints.absolute(), settings.load().kept_days
    os.chdir(HOME)  # the file names others from here
    counts = forget.expire(forget.of_endpoints(endpoints), days, print)
    print(f"Deleted, as older than {days} days: {forget.shown(counts)}")
    return 0


def _report(options: argparse.Namespace) -> int:
    from bot import report, report_html

    html, folder, endpoints = (path and path.absolute() for path in (options.html, options.csv, options.endpoints))
    os.chdir(HOME)  # endpoints.yml names files from here
    found = report.gather(options.since, endpoints, _progress)
    if html is None and folder is None:
        html = HOME / "results" / "report.html"
    if folder is not None:
        report.write_csv(found, folder)
        print(f"Tables: {folder}")
    if html is not None:
        html.parent.mkdir(exist_ok=True)
        with report.private(html, encoding="utf-8") as opened:
            opened.write(report_html.page(found))
        print(f"Report: {html}")
    return 0


def _suggest(options: argparse.Namespace) -> int:
    from bot import examples, prompt, suggest, suggest_review, topic_files, trial

    endpoints = options.endpoints.absolute()
    os.chdir(HOME)  # the file names others from here
    found, known = suggest.suggest(options.since, endpoints, _progress), knowledge.load()
    print(f"{len(found.examples)} example(s), {len(found.pairs)} confused pair(s) and {len(found.groups)} topic(s) to write are suggested.")
    if not found:
        return 0
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        print(suggest_review.listed(found))
        print("Run this in a terminal to accept, edit or reject them.")
        return 0
    review = suggest_review.Review(known, examples.by_intent(), suggest.usable(), HOME / "results" / "new_topics.yml")
    review.run(found)
    if not review.accepted:
        print("Nothing was accepted; nothing was changed.")
        return 0
    print(f"Accepted: {len(review.accepted)} example(s). They are added, trained on and compared; that takes some minutes.")
    if not prompt.yes("Go on?"):
        print("Nothing was changed.")
        return 0
    text = (HOME / examples.FILE).read_bytes().decode()
    with trial.tried({examples.FILE: topic_files.with_examples(text, review.accepted)}) as (comparison, _):
        print(comparison.table())
        if comparison.is_worse:
            raise trial.UndoneError("It got worse: the examples were not taken, and all files are as before.")
    print(f"Taken into {HOME / examples.FILE}. Look at the change, then start the server anew.")
    return 0


def _progress(line: str) -> None:
    """Shows what is being done, on one line of a terminal."""
    if sys.stderr.isatty():
        print(f"\r\033[K{line}", end="" if not line.endswith("100%") else "\n", file=sys.stderr, flush=True)
