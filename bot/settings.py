"""The settings file: who the college is, when its office is open, and the limits of this site."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, Optional
from zoneinfo import ZoneInfo

import phonenumbers
import pydantic

from bot import strict_yaml
from bot.knowledge import HOME
from bot.strict_yaml import Entry

FILE = HOME / "settings.yml"
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

    def status(self, now: datetime) -> str:
        """Returns whether the office is open and when that changes: "open now, until 5 pm", "closed now and back on Monday at 9 am"."""
        here = now.astimezone(ZoneInfo(self.timezone))
        for days_ahead in range(8):  # a week from now the office opens as it did today
            day = here.date() + timedelta(days=days_ahead)
            hours = self.hours.get(Day.__args__[day.weekday()])  # type: ignore[attr-defined]
            if hours is None:
                continue
            opens, closes = (datetime.combine(day, time.fromisoformat(clock), here.tzinfo) for clock in hours.split("-"))
            if opens <= here < closes:
                return f"open now, until {_clock(hours.split('-')[1])}"
            if here < opens:
                when = ("today", "tomorrow", *(f"on {day:%A}" for _ in range(6)))[days_ahead]
                return f"closed now and back {when} at {_clock(hours.split('-')[0])}"
        return "closed until further notice"


class Crisis(Entry):
    """Whom to send a visitor in distress to."""

    line: str
    emergency: str


class Smtp(Entry):
    """The mail server that takes notices of new contact requests; its password is in BOT_SMTP_PASSWORD."""

    host: str
    port: int = pydantic.Field(587, ge=1, le=65535)
    security: Literal["starttls", "tls", "none"] = "starttls"
    user: Optional[str] = None
    sender: pydantic.EmailStr
    to: pydantic.EmailStr


class Notices(Entry):
    """How the office is told of a new contact request; not at all unless one of the two is given."""

    smtp: Optional[Smtp] = None
    webhook: Optional[pydantic.HttpUrl] = None

    @pydantic.root_validator
    def _one_way(cls, values: dict[str, Any]) -> dict[str, Any]:
        if values.get("smtp") and values.get("webhook"):
            raise ValueError("has both smtp and webhook; allowed: one of them. Remove the other.")
        return values


class Widget(Entry):
    """The chat widget: what it says of itself, and which sites may use it."""

    title: str = "Career assistant"
    greeting: str = "Hello. I am a program that answers questions about this career. What would you like to know?"
    privacy: str = "Messages are kept for {kept_days} days. Please do not write personal details here."
    privacy_url: Optional[pydantic.HttpUrl] = None
    origins: list[str] = []
    framed_by: list[str] = []

    @pydantic.validator("origins", "framed_by", each_item=True)
    def _one_site(cls, origin: str) -> str:
        if not re.fullmatch(r"https?://[a-z0-9.-]+(:\d{1,5})?", origin):
            if "*" in origin:
                raise ValueError(
                    f"'{origin}' would let any site use the assistant under its own name; allowed: origins like https://www.college.example. List each site."
                )
            raise ValueError(f"'{origin}' is no origin; allowed: https://host or https://host:port, lower case, without a path. Correct it.")
        return origin


class Limits(Entry):
    """How much one visitor may send."""

    message_characters: pydantic.PositiveInt = 1000  # six times the longest held-out question (158); the page and the server share it
    conversation_messages_per_10_seconds: pydantic.PositiveInt = 20  # nobody types that fast
    # One process answers about 2,800 a minute on two cores, so a flood from one address takes less than half of it. Many more than a visitor
    # sends: an adapter of a messaging platform, and a campus behind one address, send many visitors' requests.
    address_requests_per_minute: pydantic.PositiveInt = 1200
    proxies: pydantic.NonNegativeInt = 0  # of our own in front of the server; only these are believed about a visitor's address


class Settings(Entry):
    """What differs from college to college."""

    college: str
    office: Office
    crisis: Crisis
    figures_dated_after_years: pydantic.PositiveInt
    phone_region: str = "US"
    kept_days: pydantic.PositiveInt = 30
    notices: Notices = Notices()
    widget: Widget = Widget()
    limits: Limits = Limits()

    @pydantic.validator("phone_region")
    def _known_region(cls, region: str) -> str:
        if region not in phonenumbers.SUPPORTED_REGIONS:
            raise ValueError(f"unknown region '{region}'; allowed: two capital letters like US. Correct it.")
        return region


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
