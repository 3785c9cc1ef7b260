"""Contact requests as lines and as CSV."""

from __future__ import annotations

import csv
from datetime import datetime, timedelta, timezone

import pytest

from bot import contacts
from bot.store import Contact

NOW = datetime(2026, 11, 25, 12, tzinfo=timezone.utc)


def contact(**changes: str) -> Contact:
    written = {"request": "0123abcd" * 4, "created_at": NOW, "name": "Ann Lee", "email": "ann@x.org", "phone": "", "about": "the CCA"}
    return Contact(**{**written, **changes})


def exported(file) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.reader(opened))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("7d", NOW - timedelta(days=7)),
        ("12h", NOW - timedelta(hours=12)),
        ("0d", NOW),
        ("2026-11-01", datetime(2026, 11, 1, tzinfo=timezone.utc)),
    ],
)
def test_contacts_since(text, time):
    assert contacts.since(text, NOW) == time


@pytest.mark.parametrize("text", ["", "7", "d", "7w", "-7d", "2026-13-01", "yesterday", "99999d", "7d "])
def test_contacts_since_refuses(text):
    with pytest.raises(ValueError) as caught:
        contacts.since(text, NOW)
    assert str(caught.value) == f"'{text}' is no time; allowed: days like 7d, hours like 12h, or a date like 2026-11-25"


def test_contacts_csv_holds_what_was_written(tmp_path):
    file = tmp_path / "contacts.csv"
    contacts.write_csv([contact(name='Ünal "Bo" Öz, Jr.', about="a; b,c\nd"), contact(phone="212")], file)
    assert exported(file) == [
        ["reference", "received (UTC)", "name", "e-mail", "phone", "about"],
        ["0123ABCD", "2026-11-25 12:00", 'Ünal "Bo" Öz, Jr.', "ann@x.org", "", "a; b,c\nd"],
        ["0123ABCD", "2026-11-25 12:00", "Ann Lee", "ann@x.org", "212", "the CCA"],
    ]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r=", " =", "|", "%", "＝", "＋", "－", "＠", "\n@"])
@pytest.mark.parametrize("column", ["name", "email", "phone", "about"])
def test_contacts_csv_runs_no_formula(tmp_path, start, column):
    contacts.write_csv([contact(**{column: f"{start}HYPERLINK(0)"})], tmp_path / "contacts.csv")
    cells = exported(tmp_path / "contacts.csv")[1]
    assert f"'{start}HYPERLINK(0)" in cells
    assert not any(contacts.FORMULA.match(cell) for cell in cells)


def test_contacts_csv_leaves_other_cells_as_they_are(tmp_path):
    contacts.write_csv([contact(name="Ann-Marie = A", about="1+1")], tmp_path / "contacts.csv")
    assert exported(tmp_path / "contacts.csv")[1][2:] == ["Ann-Marie = A", "ann@x.org", "", "1+1"]


def test_contacts_csv_is_for_its_user_only(tmp_path):
    contacts.write_csv([], tmp_path / "contacts.csv")
    assert (tmp_path / "contacts.csv").stat().st_mode & 0o077 == 0
