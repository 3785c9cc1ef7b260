"""Asks a person at a terminal, again until the answer will do."""

from __future__ import annotations

import readline  # noqa: F401 - lets `input` take corrections, pasting and earlier lines
from typing import Callable, Optional, Sequence, TypeVar

T = TypeVar("T")


def ask(prompt: str, accept: Callable[[str], T], default: str = "", several_lines: bool = False) -> T:
    """Returns what is typed, once it is accepted; what `accept` refuses is said, and asked again."""
    while True:
        print(f"\n{prompt}")
        text = input(f"[{default}] > " if default else "> ").strip() or default
        while several_lines and text and (line := input("> ").strip()):
            text += f" {line}"
            default = ""
        try:
            return accept(text)
        except ValueError as error:
            print(error)


def lines(prompt: str, taken: Sequence[str], accept: Callable[[str, Sequence[str]], str], at_most: Optional[int] = None) -> list[str]:
    """Returns the lines typed up to an empty one; those that `accept` refuses are said and left out."""
    lines: list[str] = []
    while (at_most is None or len(lines) < at_most) and (text := input(prompt).strip()):
        try:
            lines.append(accept(text, [*taken, *lines]))
        except ValueError as error:
            print(error)
    return lines


def yes(prompt: str, default: str = "") -> bool:
    """Returns whether the answer is yes."""
    return ask(f"{prompt} (yes, no)", lambda text: one_of(["yes", "no"])({"y": "yes", "n": "no"}.get(text.lower(), text.lower())), default) == "yes"


def one_of(allowed: Sequence[str] | dict) -> Callable[[str], str]:
    """Returns what takes one of these."""

    def accept(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"'{text}' is none of these; allowed: {', '.join(allowed)}. Type one of them.")
        return text

    return accept
