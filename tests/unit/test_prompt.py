"""Asking at a terminal until the answer will do."""

from __future__ import annotations

import pytest

from bot import prompt


@pytest.fixture
def types(monkeypatch):
    """Has lines typed, one for each that is asked for; what is asked once they are used up fails."""

    def typed(*lines: str) -> None:
        left = iter(lines)
        monkeypatch.setattr("builtins.input", lambda shown="": next(left))

    return typed


def number(text: str) -> int:
    if not text.isdigit():
        raise ValueError(f"'{text}' is no number. Type one.")
    return int(text)


def test_prompt_asks_again_and_says_why(types, capsys):
    types("four", " 4 ")
    assert prompt.ask("How many?", number) == 4
    assert capsys.readouterr().out == "\nHow many?\n'four' is no number. Type one.\n\nHow many?\n"


def test_prompt_empty_line_takes_what_is_suggested(types):
    types("")
    assert prompt.ask("How many?", number, "7") == 7


def test_prompt_several_lines_end_with_an_empty_one(types):
    types("one", "two", "")
    assert prompt.ask("The answer", str, several_lines=True) == "one two"


def test_prompt_lines_that_are_refused_are_left_out(types, capsys):
    def new(text, taken):
        if text in taken:
            raise ValueError(f"'{text}' again. Left out.")
        return text

    types("a", "b", "a", "known", "c", "")
    assert prompt.lines("> ", ["known"], new) == ["a", "b", "c"]
    assert capsys.readouterr().out == "'a' again. Left out.\n'known' again. Left out.\n"


def test_prompt_lines_end_where_there_are_enough(types):
    types("a", "b")
    assert prompt.lines("> ", [], lambda text, taken: text, at_most=2) == ["a", "b"]


@pytest.mark.parametrize(("typed", "said"), [("y", True), ("YES", True), ("n", False), ("no", False)])
def test_prompt_yes_or_no(types, typed, said, capsys):
    types("perhaps", typed)
    assert prompt.yes("Go on?") is said
    assert "'perhaps' is none of these; allowed: yes, no. Type one of them." in capsys.readouterr().out
