"""The settings file: who the college is, when its office is open, and the limits of this site."""

from __future__ import annotations

import re
from datetime import time
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pydantic

from bot import strict_yaml
from bot.knowledge import ROOT
from bot.strict_yaml import Entry

FILE = ROOT / "settings.yml"
Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Office(Entry):
    """Where a person is to be had."""

    name: str
    email: str
    phone: str
    address: str
    timezone: str
    hours: dict[Day, str]

    @pydantic.validator("timezone")
    def _known_timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError) as error:
            raise ValueError(f"unknown time zone '{name}'; allowed: names like America/New_York. Correct it.") from error
        return name

    @pydantic.validator("hours", each_item=True)
    def _readable_hours(cls, hours: str) -> str:
        match = re.fullmatch(r"(\d\d):(\d\d)-(\d\d):(\d\d)", hours)
        try:
            if not match or time(int(match[1]), int(match[2])) >= time(int(match[3]), int(match[4])):
                raise ValueError
        except ValueError:
            raise ValueError(f"'{hours}' are no opening hours; allowed: hh:mm-hh:mm, the earlier first. Correct it.") from None
        return hours

    @property
    def opening_hours(self) -> str:
        """The hours as a visitor reads them, equal days in a row together: "Monday to Thursday 9 am to 5 pm"."""
        groups: list[tuple[list[str], str]] = []
        for day in Day.__args__:  # type: ignore[attr-defined]
            hours = self.hours.get(day)
            if hours is None:
                groups.append(([], ""))
            elif groups and groups[-1][1] == hours:
                groups[-1][0].append(day)
            else:
                groups.append(([day], hours))
        spans = ((f"{days[0].title()} to {days[-1].title()}" if len(days) > 1 else days[0].title(), hours) for days, hours in groups if days)
        return ", ".join(f"{days} {' to '.join(map(_clock, hours.split('-')))}" for days, hours in spans)


class Crisis(Entry):
    """Whom to send a visitor in distress to."""

    line: str
    emergency: str


class Settings(Entry):
    """What differs from college to college."""

    college: str
    office: Office
    crisis: Crisis
    figures_dated_after_years: pydantic.PositiveInt


def _clock(hours: str) -> str:
    """Returns "09:30" as "9:30 am"."""
    hour, minute = map(int, hours.split(":"))
    return f"{hour % 12 or 12}{f':{minute:02}' if minute else ''} {'am' if hour < 12 else 'pm'}"


def load(file: Path = FILE) -> Settings:
    """Returns the settings.

    Raises:
        ProblemsError: what is wrong in the file, all of it, each with its line and what to do.
    """
    return strict_yaml.parse(strict_yaml.read(file, file.name), Settings)


@lru_cache(maxsize=1)
def in_force() -> Settings:
    """Returns this process's settings, read on the first call."""
    return load()
