"""The trained model holds its floors on the held-out wordings, and no training example comes near one of them."""

import pytest
import yaml

from bot import check, evaluate, knowledge, strict_yaml, training
from bot.knowledge import INTENT_PREFIX, ROOT

UTTERANCES = yaml.safe_load(evaluate.UTTERANCES.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return evaluate.evaluate(training.ensure_model(), tmp_path_factory.mktemp("results"))


@pytest.mark.parametrize(
    ("measure", "floor"),
    [("in-scope top-1", 0.93), ("out-of-scope recall", 0.88), ("scope AUROC", 0.97), ("small talk top-1", 0.85)],
)
def test_figure_holds_its_floor(report, measure, floor):
    assert report["figures"][measure]["value"] >= floor


@pytest.mark.parametrize(("measure", "ceiling"), [("in-scope refused", 0.04), ("calibration error", 0.05)])
def test_figure_holds_its_ceiling(report, measure, ceiling):
    assert report["figures"][measure]["value"] <= ceiling


def test_typos_cost_at_most_four_points(report):
    assert report["in-scope top-1 with typos"] >= report["figures"]["in-scope top-1"]["value"] - 0.04


def test_evaluation_leaves_figures_and_plots(report, tmp_path):
    evaluate.plot(
        [evaluate.Reading("a", "ask_a", "ask_a", "ask_a", 0.9, 0.8, ()), evaluate.Reading("b", "oos_b", "oos_b", "oos_b", 0.9, 0.1, ())],
        report,
        tmp_path,
    )
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in ("evaluation.png", "confusions.png"))


def test_every_topic_has_held_out_wordings_and_out_of_scope_has_many():
    few = [topic for topic in knowledge.load().topics if len(UTTERANCES.get(INTENT_PREFIX + topic, [])) < 5]
    assert few == []
    assert sum(len(texts) for intent, texts in UTTERANCES.items() if intent.startswith("oos_") or intent in ("abuse", "crisis")) >= 200


def test_no_example_comes_near_a_held_out_wording():
    held_out = evaluate.HeldOut()
    examples = check.examples_by_intent(strict_yaml.read(ROOT / "data" / "nlu.yml"))
    near = [(example, text) for rows in examples.values() for _, example in rows if (text := held_out.near(example))]
    assert near == []


@pytest.mark.parametrize(
    ("example", "is_near"),
    [
        ("How long is the exam?", True),
        ("how LONG is the exam", True),
        ("howlong istheexam", True),
        ("how long is the exam now", True),
        ("how long is that exam", False),
        ("?", False),
    ],
)
def test_near_a_held_out_wording(tmp_path, example, is_near):
    file = tmp_path / "utterances.yml"
    file.write_text("ask_exam_length: [how long is the exam, '??']\n", encoding="utf-8")
    assert evaluate.HeldOut(file).near(example) == ("how long is the exam" if is_near else None)
