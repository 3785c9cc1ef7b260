"""The settings file."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest

from bot import settings
from bot.strict_yaml import ProblemsError

SETTINGS = """\
college: Test College
office:
  name: Front Desk
  email: desk@test.example
  phone: "+1 555 0199"
  address: 2 Test Way
  timezone: America/Chicago
  hours:
    monday: 09:00-17:00
crisis:
  line: the helpline
  emergency: "911"
figures_dated_after_years: 4
"""


@pytest.fixture
def load(tmp_path):
    def load_changed(*changes: tuple[str, str]) -> settings.Settings:
        content = SETTINGS
        for old, new in changes:
            assert content.count(old) == 1
            content = content.replace(old, new)
        (tmp_path / "settings.yml").write_text(content)
        return settings.load(tmp_path / "settings.yml")

    return load_changed


def test_settings_are_read(load):
    site = load()
    assert site.dict() == {
        "college": "Test College",
        "office": {
            "name": "Front Desk",
            "email": "desk@test.example",
            "phone": "+1 555 0199",
            "address": "2 Test Way",
            "timezone": "America/Chicago",
            "hours": {"monday": "09:00-17:00"},
        },
        "crisis": {"line": "the helpline", "emergency": "911"},
        "figures_dated_after_years": 4,
        "phone_region": "US",
        "kept_days": 30,
        "notices": {"smtp": None, "webhook": None},
        "widget": {
            "title": "Career assistant",
            "greeting": "Hello. I am a program that answers questions about this career. What would you like to know?",
            "privacy": "Messages are kept for {kept_days} days. Please do not write personal details here.",
            "privacy_url": None,
            "origins": [],
            "framed_by": [],
        },
        "limits": {"message_characters": 1000, "conversation_messages_per_10_seconds": 20, "address_requests_per_minute": 1200, "proxies": 0},
    }


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (
            ("college:", "colege: x\ncollege:"),
            1,
            "unknown key 'colege'; allowed: college, office, crisis, figures_dated_after_years, phone_region, kept_days, notices, widget, limits. "
            "Correct or remove it.",
        ),
        (("  email:", "  mail: x\n  email:"), 4, "unknown key 'mail'; allowed: name, email, phone, address, timezone, hours. Correct or remove it."),
        (("  line:", "  lines: x\n  line:"), 11, "unknown key 'lines'; allowed: line, emergency. Correct or remove it."),
        (("college: Test College\n", ""), 1, "key 'college' is missing. Add it."),
        (("  email: desk@test.example\n", ""), 2, "key 'email' is missing. Add it."),
        (('  emergency: "911"\n', ""), 10, "key 'emergency' is missing. Add it."),
        (("figures_dated_after_years: 4\n", ""), 1, "key 'figures_dated_after_years' is missing. Add it."),
        (("years: 4", "years: 0"), 13, "figures_dated_after_years: ensure this value is greater than 0. Correct it."),
        (("years: 4", "years: -1"), 13, "figures_dated_after_years: ensure this value is greater than 0. Correct it."),
        (("years: 4", "years: four"), 13, "figures_dated_after_years: value is not a valid integer. Correct it."),
        (("college: Test College", "college:"), 1, "college: none is not an allowed value. Correct it."),
        (
            ("    monday:", "    mondy:"),
            9,
            "unknown key 'mondy'; allowed: monday, tuesday, wednesday, thursday, friday, saturday, sunday. Correct or remove it.",
        ),
    ],
)
def test_settings_refuse(load, change, line, message):
    with pytest.raises(ProblemsError) as caught:
        load(change)
    assert str(caught.value) == f"settings.yml:{line}: {message}"


@pytest.mark.parametrize(
    ("added", "line", "message"),
    [
        ("phone_region: USA", 14, "phone_region: unknown region 'USA'; allowed: two capital letters like US. Correct it."),
        ("phone_region: us", 14, "phone_region: unknown region 'us'; allowed: two capital letters like US. Correct it."),
        ("kept_days: 0", 14, "kept_days: ensure this value is greater than 0. Correct it."),
        ("notices: {mail: x}", 14, "unknown key 'mail'; allowed: smtp, webhook. Correct or remove it."),
        ("notices: {webhook: crm}", 14, "notices.webhook: invalid or missing URL scheme. Correct it."),
        ("notices:\n  smtp: {host: m, sender: a@x.org}", 15, "key 'to' is missing. Add it."),
        ("notices:\n  smtp: {host: m, sender: a@x.org, to: desk}", 15, "notices.smtp.to: value is not a valid email address. Correct it."),
        (
            "notices:\n  smtp: {host: m, sender: a@x.org, to: b@x.org, password: s3cret}",
            15,
            "unknown key 'password'; allowed: host, port, security, user, sender, to. Correct or remove it.",
        ),
        (
            "notices:\n  smtp: {host: m, sender: a@x.org, to: b@x.org, security: ssl}",
            15,
            "notices.smtp.security: unexpected value; permitted: 'starttls', 'tls', 'none'. Correct it.",
        ),
        (
            "notices:\n  smtp: {host: m, sender: a@x.org, to: b@x.org}\n  webhook: https://x.org/",
            14,
            "notices: has both smtp and webhook; allowed: one of them. Remove the other.",
        ),
    ],
)
def test_settings_refuse_for_contacts(load, added, line, message):
    with pytest.raises(ProblemsError) as caught:
        load(("years: 4\n", f"years: 4\n{added}\n"))
    assert str(caught.value) == f"settings.yml:{line}: {message}"


ORIGIN = "is no origin; allowed: https://host or https://host:port, lower case, without a path. Correct it."


@pytest.mark.parametrize(
    ("lines", "line", "message"),
    [
        (
            "widget: {origins: ['*']}",
            14,
            "widget.origins.0: '*' would let any site use the assistant under its own name; allowed: origins like https://www.college.example. "
            "List each site.",
        ),
        (
            "widget:\n  origins:\n  - https://www.college.example\n  - https://*.college.example",
            17,
            "widget.origins.1: 'https://*.college.example' would let any site use the assistant under its own name; allowed: origins like "
            "https://www.college.example. List each site.",
        ),
        ("widget: {origins: ['https://college.example/']}", 14, f"widget.origins.0: 'https://college.example/' {ORIGIN}"),
        ("widget: {origins: ['college.example']}", 14, f"widget.origins.0: 'college.example' {ORIGIN}"),
        ("widget: {origins: ['https://College.example']}", 14, f"widget.origins.0: 'https://College.example' {ORIGIN}"),
        (
            "widget: {framed_by: ['https://x; script-src']}",
            14,
            f"widget.framed_by.0: 'https://x; script-src' {ORIGIN}",
        ),
        (
            "widget: {colour: red}",
            14,
            "unknown key 'colour'; allowed: title, greeting, privacy, privacy_url, origins, framed_by. Correct or remove it.",
        ),
        ("limits: {message_characters: 0}", 14, "limits.message_characters: ensure this value is greater than 0. Correct it."),
        ("limits: {proxies: -1}", 14, "limits.proxies: ensure this value is greater than or equal to 0. Correct it."),
        ("phone_region: us", 14, "phone_region: unknown region 'us'; allowed: two capital letters like US. Correct it."),
        ("kept_days: 0", 14, "kept_days: ensure this value is greater than 0. Correct it."),
    ],
)
def test_settings_refuse_what_the_channels_cannot_use(load, lines, line, message):
    with pytest.raises(ProblemsError) as caught:
        load(("years: 4\n", f"years: 4\n{lines}\n"))
    assert str(caught.value) == f"settings.yml:{line}: {message}"


def test_settings_of_the_widget_are_read(load):
    site = load(("years: 4\n", "years: 4\nwidget: {origins: ['https://www.college.example', 'http://127.0.0.1:8080']}\nlimits: {proxies: 1}\n"))
    assert site.widget.origins == ["https://www.college.example", "http://127.0.0.1:8080"]
    assert (site.limits.proxies, site.limits.message_characters) == (1, 1000)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "America", "EST5EDT4", "''", "../etc/passwd"])
def test_settings_refuse_time_zone(load, zone):
    with pytest.raises(ProblemsError) as caught:
        load(("America/Chicago", zone))
    name = zone.strip("'")
    assert str(caught.value) == f"settings.yml:7: office.timezone: unknown time zone '{name}'; allowed: names like America/New_York. Correct it."


@pytest.mark.parametrize(
    "hours",
    ["9:00-17:00", "17:00-09:00", "09:00-09:00", "24:00-25:00", "09:60-17:00", "09:00 - 17:00", "09:00-", "closed", "09:00-12:00, 13:00-17:00", "no"],
)
def test_settings_refuse_hours(load, hours):
    with pytest.raises(ProblemsError) as caught:
        load(("09:00-17:00", hours))
    assert (
        str(caught.value)
        == f"settings.yml:9: office.hours.monday: '{hours}' are no opening hours; allowed: hh:mm-hh:mm, the earlier first. Correct it."
    )


def test_settings_report_all_problems_by_line(load):
    with pytest.raises(ProblemsError) as caught:
        load(("09:00-17:00", "late"), ("America/Chicago", "Here"), ("years: 4", "years: 0"))
    assert [(problem.file, problem.line) for problem in caught.value.problems] == [("settings.yml", 7), ("settings.yml", 9), ("settings.yml", 13)]


def test_settings_missing_file_is_refused(tmp_path):
    with pytest.raises(ProblemsError) as caught:
        settings.load(tmp_path / "settings.yml")
    assert str(caught.value) == "settings.yml:1: cannot be read: No such file or directory. Put the file back."


WEEK = ["monday", "tuesday", "wednesday", "thursday", "friday"]


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        ({"monday": "09:00-17:00"}, "Monday 9 am to 5 pm"),
        ({day: "09:00-17:00" for day in WEEK}, "Monday to Friday 9 am to 5 pm"),
        ({day: "09:00-16:00" if day == "friday" else "09:00-17:00" for day in WEEK}, "Monday to Thursday 9 am to 5 pm, Friday 9 am to 4 pm"),
        ({"monday": "09:00-17:00", "wednesday": "09:00-17:00"}, "Monday 9 am to 5 pm, Wednesday 9 am to 5 pm"),
        ({"friday": "08:30-12:15", "thursday": "08:30-12:15"}, "Thursday to Friday 8:30 am to 12:15 pm"),
        ({"saturday": "00:00-12:00"}, "Saturday 12 am to 12 pm"),
        ({"sunday": "12:05-23:59"}, "Sunday 12:05 pm to 11:59 pm"),
    ],
    ids=["one day", "the week", "two spans", "closed between", "in the week's order", "midnight and noon", "minutes"],
)
def test_settings_opening_hours(load, hours, text):
    written = "".join(f"    {day}: {span}\n" for day, span in hours.items())
    assert load(("    monday: 09:00-17:00\n", written)).office.opening_hours == text


def test_settings_real_file_is_in_force():
    site = settings.in_force()
    assert site is settings.in_force()
    assert site == settings.load()
    assert "am to" in site.office.opening_hours


OFFICE_HOURS = {**{day: "09:00-17:00" for day in WEEK[:4]}, "friday": "09:00-16:00"}


@pytest.mark.parametrize(
    ("hours", "now", "status"),
    [
        # America/Chicago is six hours behind UTC in winter, five in summer
        (OFFICE_HOURS, "2026-11-25T15:00", "open now, until 5 pm"),
        (OFFICE_HOURS, "2026-11-25T14:59", "closed now and back today at 9 am"),
        (OFFICE_HOURS, "2026-07-01T14:00", "open now, until 5 pm"),
        (OFFICE_HOURS, "2026-07-01T13:59", "closed now and back today at 9 am"),
        (OFFICE_HOURS, "2026-11-25T22:59", "open now, until 5 pm"),
        (OFFICE_HOURS, "2026-11-25T23:00", "closed now and back tomorrow at 9 am"),
        (OFFICE_HOURS, "2026-11-26T05:30", "closed now and back tomorrow at 9 am"),
        (OFFICE_HOURS, "2026-11-26T06:00", "closed now and back today at 9 am"),
        (OFFICE_HOURS, "2026-11-27T22:00", "closed now and back on Monday at 9 am"),
        (OFFICE_HOURS, "2026-11-28T18:00", "closed now and back on Monday at 9 am"),
        (OFFICE_HOURS, "2026-11-29T18:00", "closed now and back tomorrow at 9 am"),
        ({"monday": "08:30-12:15"}, "2026-11-23T18:15", "closed now and back on Monday at 8:30 am"),
        ({"sunday": "09:00-10:00"}, "2026-10-31T20:00", "closed now and back tomorrow at 9 am"),
        ({}, "2026-11-25T15:00", "closed until further notice"),
    ],
    ids=[
        *("just open", "just before", "summer", "just before in summer", "last minute", "just closed", "late at home", "after midnight at home"),
        *("Friday evening", "Saturday", "Sunday", "a week ahead", "across the change of clocks", "never"),
    ],
)
def test_settings_office_status(load, hours, now, status):
    written = "  hours:\n" + "".join(f"    {day}: {span}\n" for day, span in hours.items()) if hours else "  hours: {}\n"
    office = load(("  hours:\n    monday: 09:00-17:00\n", written)).office
    assert office.status(datetime.fromisoformat(now).replace(tzinfo=timezone.utc)) == status
