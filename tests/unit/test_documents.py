"""The documents name commands that there are, and the editors' commands are documented."""

from __future__ import annotations

import re

import pytest

from bot import cli
from bot.knowledge import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture
def commands(capsys):
    with pytest.raises(SystemExit):
        cli.main(["--help"])
    return set(re.findall(r"(?m)^    ([a-z-]+)(?: |$)", capsys.readouterr().out))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_commands_that_documents_name_exist(document, commands):
    assert set(re.findall(r"python -m bot ([a-z][a-z-]+)", document.read_text(encoding="utf-8"))) <= commands


def test_editors_commands_are_in_their_guide():
    guide = (ROOT / "docs" / "editor.md").read_text(encoding="utf-8")
    assert [command for command in ("ask", "facts", "diff", "topic new") if f"python -m bot {command}" not in guide] == []
