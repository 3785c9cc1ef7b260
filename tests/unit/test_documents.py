"""The documents name commands, options, targets, files and headings that there are."""

from __future__ import annotations

import argparse
import re
import shlex

import pytest
import yaml

from bot import cli
from bot.knowledge import ROOT

DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")] + sorted((ROOT / "docs").glob("*.md"))
TEXTS = {document.relative_to(ROOT).as_posix(): document.read_text(encoding="utf-8") for document in DOCUMENTS}
TARGETS = set(re.findall(r"(?m)^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8")))
SERVICES = yaml.safe_load((ROOT / "deploy" / "compose.yml").read_text(encoding="utf-8"))["services"]
# Programs that are not ours, and what runs the commands that are shown of them.
OTHERS = {
    "cat": "tests/end_to_end/test_privacy_page.py",
    "curl": "tests/end_to_end/test_readme.py and test_edit.py ask the same addresses",
    "docker": "tests/unit/test_deploy.py reads the file and tests/cluster runs what it starts; the tests have no Docker",
    "for": "likewise",
    ".venv/bin/rasa": "tests/end_to_end/test_start.py",
}


def shown() -> list[tuple[str, str]]:
    """Returns the commands that stand after a prompt, and those of ours that stand in sentences, each with its document."""
    commands = []
    for name, text in TEXTS.items():
        for block in re.findall(r"```console\n(.*?)```", text, re.DOTALL):
            commands += [(name, line) for line in re.findall(r"(?m)^\$ (.*)$", block)]
        commands += [(name, words) for words in re.findall(r"`[^`\n]*?\b(python -m bot [a-z][^`\n]*)`", text)]
        commands += [(name, words) for words in re.findall(r"`(?:[A-Z_]+=\S+ )*(make [a-zA-Z][^`\n]*)`", text)]
    return list(dict.fromkeys(commands))


@pytest.fixture
def parse(monkeypatch):
    """Reads arguments of `python -m bot` as the program does, and does no more; what the program would refuse ends the test."""

    class Parsed(Exception):
        pass

    def parse_args(parser, arguments=None):
        parse_all(parser, arguments)
        raise Parsed

    def parse(arguments: list[str]) -> None:
        with pytest.raises(Parsed):
            cli.main(arguments)

    parse_all = argparse.ArgumentParser.parse_args
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    return parse


@pytest.mark.parametrize(("document", "command"), shown())
def test_command_can_be_given(document, command, parse):
    words = shlex.split(command.removesuffix("&"), comments=True)
    while re.fullmatch(r"[A-Z_]+=.*", words[0]):
        words.pop(0)
    if words[1:3] == ["-m", "bot"]:
        parse(words[3:])
    elif words[0] == "make":
        assert [word for word in words[1:] if "=" not in word and word not in TARGETS] == []
    else:
        assert words[0] in OTHERS, f"{document}: {command} is run by no test"
        assert set(re.findall(r"\b(?:rasa|actions)-\d", command)) <= set(SERVICES)


def test_editors_commands_are_in_their_guide():
    guide = TEXTS["docs/editor.md"]
    assert [command for command in ("ask", "facts", "diff", "topic new") if f"python -m bot {command}" not in guide] == []


def headings(text: str) -> set[str]:
    """Returns the anchors of a document, as GitHub makes them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"(?m)^#+ (.*)$", text)}


@pytest.mark.parametrize("document", TEXTS)
def test_links_lead_somewhere(document):
    folder = (ROOT / document).parent
    for file, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]*))?\)", TEXTS[document]):
        target = (folder / file).resolve() if file else ROOT / document
        assert target.exists(), file
        assert not anchor or anchor in headings(target.read_text(encoding="utf-8")), f"{file}#{anchor}"


@pytest.mark.parametrize("document", TEXTS)
def test_files_that_are_named_exist(document):
    named = re.findall(r"`((?:actions|bot|benchmarks|data|deploy|docs|schema|tests|widget)/[\w./*-]+)`", TEXTS[document])
    assert [name for name in named if not list(ROOT.glob(name)) and not name.startswith("deploy/secrets/")] == []
