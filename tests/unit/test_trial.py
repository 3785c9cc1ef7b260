"""The model that was there is there again when a change is not kept. (With training: tests/end_to_end/test_topic.py and test_suggest.py.)"""

from __future__ import annotations

import pytest

from bot import training, trial


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setattr(training, "MODELS", tmp_path)
    file = tmp_path / "assistant-1.tar.gz"
    file.write_text("old")
    return file


def train(model):
    """Does what training does: leaves only the newer model."""
    model.unlink()
    model.with_name("assistant-2.tar.gz").write_text("new")


@pytest.mark.parametrize("error", [trial.UndoneError, KeyboardInterrupt])
@pytest.mark.parametrize("is_trained", [True, False])
def test_trial_that_is_not_kept_brings_the_model_back(model, error, is_trained):
    with pytest.raises(error), trial._kept(model):
        if is_trained:
            train(model)
        raise error("no")
    assert {file.name: file.read_text() for file in model.parent.iterdir()} == {"assistant-1.tar.gz": "old"}


def test_trial_that_is_kept_has_the_new_model(model):
    with trial._kept(model):
        train(model)
    assert {file.name: file.read_text() for file in model.parent.iterdir()} == {"assistant-2.tar.gz": "new"}
