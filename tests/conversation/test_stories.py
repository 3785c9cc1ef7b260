"""Runs the conversations beside this file through the trained model, as `rasa test core --e2e` does."""

import subprocess
import sys

import pytest
import yaml

from bot import training
from bot.knowledge import ROOT

FOLDER = ROOT / "tests" / "conversation"


def test_there_are_enough_conversations():
    stories = [story["story"] for file in FOLDER.glob("test_*.yml") for story in yaml.safe_load(file.read_text())["stories"]]
    assert len(stories) >= 30 and len(set(stories)) == len(stories)


@pytest.mark.parametrize("file", sorted(path.name for path in FOLDER.glob("test_*.yml")))
def test_conversations_go_as_told(file, tmp_path):
    model = training.ensure_model()
    command = [sys.executable, "-m", "rasa", "test", "core", "--e2e", "--fail-on-prediction-errors", "--stories", str(FOLDER / file)]
    result = subprocess.run(
        [*command, "--model", str(model), "--out", str(tmp_path), "--endpoints", str(FOLDER / "endpoints.yml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    failed = tmp_path / "failed_test_stories.yml"
    assert result.returncode == 0, failed.read_text() if failed.exists() else result.stdout + result.stderr
