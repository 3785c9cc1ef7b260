"""Fuzzes one property with atheris, which changes inputs so that they reach code not reached before: coverage_guided.py NAME [options of libFuzzer]."""

from __future__ import annotations

import sys

import atheris

with atheris.instrument_imports(include=["bot"]):
    from tests.fuzz.properties import BYTES_PROPERTIES, TEXT_PROPERTIES


def main(name: str) -> None:
    """Fuzzes until told to stop by the options, or until the property does not hold, which ends the process with a status that is not 0."""

    def check(content: bytes) -> None:
        if name in TEXT_PROPERTIES:
            TEXT_PROPERTIES[name](content.decode("utf-8", "surrogateescape"))
        else:
            BYTES_PROPERTIES[name](content)

    atheris.Setup([sys.argv[0], *sys.argv[2:]], check)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1])
