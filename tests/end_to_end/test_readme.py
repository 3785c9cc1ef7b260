"""The README tells the truth: its transcript is what the server says, its commands exist, each direct dependency has its reason."""

import os
import re

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib

import pytest

from bot.knowledge import ROOT

README = ROOT / "README.md"
TRANSCRIPT = re.compile(r"(<!-- transcript -->\n```text\n)(.*?)(```\n<!-- end -->)", re.DOTALL)
CONVERSATIONS = [  # none with what changes by the hour (whether the office is open) or by chance (a request's reference)
    [
        "hi",
        "wat do medical coders make",
        "and when certified?",
        "where is that from?",
        "how long is the CPC exam and what does it cost?",
        "what about the CCA",
        "what does a dental hygienist earn?",
    ],
    ["which is better for a beginner, CPC or CCA", "im 19, only high school, what should i do?", "as fast as possible", "a first job", "why?"],
    ["can someone call me", "yes", "Ana Ruiz, ana@example", "ana@ruiz.example", "can i work from home as a coder?", "no phone", "cancel"],
]


def transcript(server) -> str:
    conversations = []
    for number, questions in enumerate(CONVERSATIONS):
        lines = []
        for question in questions:
            lines.append(f"you> {question}")
            for reply in server.ask(question, f"readme-{number}"):
                lines += [f"     {line}" for line in reply["text"].split("\n")]
                if "buttons" in reply:
                    lines.append("     " + " ".join(f"[{button['title']}]" for button in reply["buttons"]))
        conversations.append("\n".join(lines) + "\n")
    return "\n".join(conversations)


def test_readme_transcript_is_what_the_server_says(server):
    said = transcript(server)
    text = README.read_text(encoding="utf-8")
    if os.environ.get("UPDATE_README"):
        README.write_text(TRANSCRIPT.sub(lambda match: match[1] + said + match[3], text), encoding="utf-8")
        text = README.read_text(encoding="utf-8")
    assert TRANSCRIPT.search(text)[2] == said, "run: UPDATE_README=1 .venv/bin/python -m pytest tests/end_to_end/test_readme.py"


def documents():
    return [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_make_targets_that_documents_name_exist(document):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(
        re.findall(
            r"\bmake ([a-z][a-z-]+)",
            "\n".join(re.findall(r"`[^`\n]+`|```.*?```", TRANSCRIPT.sub("", document.read_text(encoding="utf-8")), re.DOTALL)),
        )
    )
    assert named <= targets, f"{document.name} names {sorted(named - targets)}"


@pytest.mark.parametrize("document", documents(), ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document):
    links = [link.split("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", document.read_text(encoding="utf-8")) if "://" not in link]
    assert [link for link in links if link and not (document.parent / link).exists()] == []


def test_readme_gives_a_reason_for_each_direct_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    direct = [re.match(r"[\w.-]+", entry)[0] for entry in project["project"]["dependencies"] + project["dependency-groups"]["dev"]]
    text = README.read_text(encoding="utf-8")
    assert [name for name in direct if f"`{name}`" not in text] == []
