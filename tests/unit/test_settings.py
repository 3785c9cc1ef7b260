"""The settings file."""

from __future__ import annotations

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
    }


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (
            ("college:", "colege: x\ncollege:"),
            1,
            "unknown key 'colege'; allowed: college, office, crisis, figures_dated_after_years. Correct or remove it.",
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
