"""Keeps what visitors write out of the logs: of an error they say where it was and of what kind, not what it said."""

from __future__ import annotations

import logging
import sys
import traceback
from types import TracebackType
from typing import Any, MutableMapping, Optional, Tuple, Type, Union

import structlog

FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
KEPT = ("event", "event_info", "level")  # of Rasa's structured messages; the others may be a message, a slot or an event

_Error = Union[Tuple[Type[BaseException], BaseException, Optional[TracebackType]], Tuple[None, None, None]]


class Formatter(logging.Formatter):
    """Formats records without the texts of exceptions, which may quote a visitor ("invalid literal: 'my name is ...'")."""

    def __init__(self) -> None:
        """Uses the one format of all logs."""
        super().__init__(FORMAT)

    def format(self, record: logging.LogRecord) -> str:
        """Formats a record; of what asyncio says of a failed task only the first line, for the second quotes the exception."""
        if record.name == "asyncio":
            record.msg, record.args = record.getMessage().partition("\n")[0], ()
        return super().format(record)

    def formatException(self, ei: _Error) -> str:
        """Returns where an exception and its causes were raised, and their types."""
        parts: list[str] = []
        error = ei[1]
        while error is not None and len(parts) < 10:  # a chain may be a ring
            parts.append("".join(traceback.format_tb(error.__traceback__)) + type(error).__name__)
            error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
        return "\nwhich was raised for:\n".join(parts)


def _without_texts(logger: Any, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Returns a structured message with nothing but its name and explanation, and the type of its exception."""
    kept = {key: event[key] for key in KEPT if key in event}
    error = event.get("exc_info")
    if error:
        kind = error if isinstance(error, BaseException) else sys.exc_info()[1]
        kept["error"] = type(kind).__name__
    return kept


def keep_out_texts() -> None:
    """Makes the handlers and structured messages that are set up by now keep out what visitors write."""
    handlers = [*logging.getLogger().handlers, logging.lastResort]  # the last for Sanic's loggers, from which Rasa takes their own
    for handler in filter(None, handlers):
        handler.setFormatter(Formatter())
    structlog.configure(processors=[_without_texts, *structlog.get_config()["processors"]])
