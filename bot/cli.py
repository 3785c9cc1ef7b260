"""The command line: `python -m bot COMMAND`. Arguments and printing live here, the work in the modules it calls."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Callable

from bot.knowledge import ROOT
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
    serve.set_defaults(command=_serve)
    shell = commands.add_parser("shell", parents=[server], help="Talk to the assistant in Rasa's own shell.")
    shell.set_defaults(command=_shell)
    add("train", _train, "Train the assistant if what it is trained on has changed.")
    check = add("check", _check, "Check knowledge, settings, domain and examples; all problems at once.")
    check.add_argument("--sources", type=Path, help="folder of the articles: also prove hashes, figures and statements on their lines")
    check.add_argument("--rasa", action="store_true", help="also run Rasa's own data validation")
    add("evaluate", _evaluate, "Measure how well held-out wordings are understood; writes figures and plots to results/.")
    options = parser.parse_args(arguments)
    if options.command is not _check:
        _quiet()
    try:
        return options.command(options)
    except ProblemsError as error:
        print(f"{error}\n{len(error.problems)} problem(s).", file=sys.stderr)
    except KeyboardInterrupt:
        return 1
    except Exception as error:
        cause: BaseException = error
        while cause.__cause__ is not None and type(cause).__name__ == "GraphComponentException":  # Rasa's wrapping of a component's error
            cause = cause.__cause__
        if not isinstance(cause, _expected_errors()):
            raise
        print(cause, file=sys.stderr)
    return 1


def _expected_errors() -> tuple[type[Exception], ...]:
    """Returns the errors whose text says all a user needs."""
    from bot.nlu.sentence_encoder import EncoderError
    from bot.training import TrainingError

    errors: list[type[Exception]] = [EncoderError, TrainingError, OSError]
    if "rasa" in sys.modules:
        from rasa.shared.exceptions import RasaException

        errors.append(RasaException)
    return tuple(errors)


def _port(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"'{text}' is no port; allowed: 1 to 65535")
    return int(text)


def _quiet() -> None:
    """Imports Rasa; keeps what the libraries say at import (deprecations, CPU features) off the screen, and telemetry off."""
    os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    warnings.showwarning = lambda *arguments, **options: None  # Rasa and others set filters of their own at import
    from rasa.utils.log_utils import configure_structlog

    configure_structlog(logging.WARNING)
    for noisy in ("rasa", "apscheduler", "matplotlib", "tensorflow", "sanic.root", "root"):
        logging.getLogger(noisy).setLevel(logging.WARNING)


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
    (ROOT / "var").mkdir(exist_ok=True)
    os.chdir(ROOT)  # endpoints.yml names files from here
    print("Starting ...", flush=True)
    if server.serve(model, options.host, options.port, options.endpoints, channel):
        return 0
    print(f"{model.name} could not be loaded; the lines above say why. Remove models/ and run `make train`.", file=sys.stderr)
    return 1


def _shell(options: argparse.Namespace) -> int:
    return _serve(options, channel="cmdline")


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


def _evaluate(options: argparse.Namespace) -> int:
    from bot import evaluate, training

    model = training.ensure_model()
    print("Reading the held-out wordings ...", flush=True)
    print(evaluate.table(evaluate.evaluate(model)))
    print(f"Details and plots: {evaluate.RESULTS.relative_to(evaluate.ROOT)}/")
    return 0
