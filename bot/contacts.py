"""Contact requests as the office reads them: lines in a terminal, or a CSV file for a spreadsheet."""

from __future__ import annotations

import csv
import os
import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Sequence

from bot.store import Contact

COLUMNS = ("reference", "received (UTC)", "name", "e-mail", "phone", "about")
FORMULA = re.compile(r"\s*[=+\-@\t\r|%＝＋－＠]")  # what spreadsheets take for the start of a formula


def since(text: str, now: datetime | None = None) -> datetime:
    """Returns the time that "7d", "12h" or "2026-11-25" (UTC) stands for.

    Raises:
        ValueError: it is none of these.
    """
    now = now or datetime.now(timezone.utc)
    try:
        if match := re.fullmatch(r"(\d{1,4})([dh])", text):
            return now - timedelta(**{{"d": "days", "h": "hours"}[match[2]]: int(match[1])})
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=timezone.utc)
    except ValueError:
        raise ValueError(f"'{text}' is no time; allowed: days like 7d, hours like 12h, or a date like 2026-11-25") from None


def row(contact: Contact) -> tuple[str, ...]:
    """Returns what the office needs of a request, in the order of COLUMNS."""
    return contact.reference, f"{contact.created_at:%Y-%m-%d %H:%M}", contact.name, contact.email, contact.phone, contact.about


def write_csv(contacts: Sequence[Contact], file: Path) -> None:
    """Writes requests to a file that only this user can read; what would be a formula in a spreadsheet gets an apostrophe before it.

    Raises:
        OSError: the file cannot be written.
    """
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8-sig", newline="") as opened:  # the mark is for Excel
        writer = csv.writer(opened, quoting=csv.QUOTE_ALL)
        writer.writerow(COLUMNS)
        writer.writerows([f"'{cell}" if FORMULA.match(cell) else cell for cell in row(contact)] for contact in contacts)
