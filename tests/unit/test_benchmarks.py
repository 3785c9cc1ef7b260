"""What the benchmarks write and how they count, without a server."""

import asyncio
import json
import threading

import pytest
import yaml

from benchmarks import contenders, document, load, profile, scale, serving, table
from bot import career, knowledge

LONG = "how long does it take to become a coder"
PAGE = "# Speed\n\n<!-- one -->\nold\n<!-- end -->\n\ntext\n\n<!-- two -->\n<!-- end -->\n"


@pytest.fixture
def page(tmp_path):
    file = tmp_path / "performance.md"
    file.write_text(PAGE, encoding="utf-8")
    return file


def test_a_block_is_replaced_and_the_rest_stays(page):
    document.write("two", r"| \1 |", page)
    document.write("one", "new", page)
    assert page.read_text(encoding="utf-8") == ("# Speed\n\n<!-- one -->\n\nnew\n\n<!-- end -->\n\ntext\n\n<!-- two -->\n\n| \\1 |\n\n<!-- end -->\n")


def test_a_block_that_is_not_there_is_an_error_and_nothing_is_written(page):
    with pytest.raises(ValueError, match="holds 0 blocks '<!-- three -->'"):
        document.write("three", "new", page)
    assert page.read_text(encoding="utf-8") == PAGE


@pytest.mark.parametrize("block", ["serving", "profile", "imports", "encoder", "tracker store", "scale"])
def test_the_document_has_a_place_for_each_benchmark(block):
    assert document.DOCUMENT.read_text(encoding="utf-8").count(f"<!-- {block} -->") == 1


def test_questions_of_a_load_are_all_different_and_mean_the_same(tmp_path):
    lines = load.write_questions([LONG, LONG + " now"], 500, tmp_path / "questions").read_text(encoding="utf-8").splitlines()
    assert len(set(lines)) == len(lines) == 500
    assert {line.lower() for line in lines} == {f'"{LONG}"', f'"{LONG} now"'}


def result(milliseconds, replies_a_second):
    """Returns what is measured of a contender, all its figures alike."""
    run = {**dict.fromkeys(("p50", "p95", "p99", "processor ms", "MB after"), milliseconds), "replies": 10 * replies_a_second, "seconds": 10.0}
    training = dict.fromkeys(("cold s", "cold processor s", "cached s", "one example more s"), milliseconds)
    of_cores = {"faq": {"1": [run]}, "saturation": run}
    both = f"{len(contenders.all_cores().split(','))} cores" if "," in contenders.all_cores() else "1 core"
    return {both: of_cores, "start s": [milliseconds], "loaded MB": [milliseconds], "training": training}


def test_every_ratio_says_how_many_times_better_this_project_is():
    every = [contenders.rasa_default(knowledge.ROOT), *contenders.ours(knowledge.ROOT)]
    names = [contender.name for contender in every]
    ratios = serving.ratios(every, {names[0]: result(60.0, 20), names[1]: result(10.0, 120)})
    assert set(ratios.values()) == {6.0}
    assert ratios.keys() >= serving.FLOORS.keys() | serving.TARGETS.keys()
    shown = table.tables({"results": {names[0]: result(60.0, 20)}, "ratios": ratios, "plan": vars(serving.QUICK)}, serving.TARGETS, "make benchmark")
    assert "| memory | 6.0 | 1.7 |" in shown and "| start to first right answer, s | 60.0 |" in shown and "`make benchmark`" in shown


class Way:
    """A message's way with known times."""

    def __init__(self, time):
        self.time = time

    async def whole(self):
        self.time[0] += 1
        await asyncio.to_thread(self.inner)
        self.time[0] += 2

    def inner(self):
        assert threading.current_thread() is not threading.main_thread()
        self.time[0] += 4
        self.inmost()

    def inmost(self):
        self.time[0] += 8


def test_the_clock_counts_what_a_part_calls_there(monkeypatch):
    time = [0.0]
    monkeypatch.setattr(profile.time, "perf_counter", lambda: time[0])
    clock = profile.Clock()
    for name in ("whole", "inner", "inmost"):
        monkeypatch.setattr(Way, name, getattr(Way, name))
        clock.wrap(Way, name, name)
    for _ in range(2):
        asyncio.run(Way(time).whole())
    assert clock.messages == [{"whole": 3.0, "inner": 4.0, "inmost": 8.0}] * 2


def test_shares_are_of_middling_messages_and_make_up_the_whole():
    messages = [{"a": 0.001, "b": 0.002}] * 10 + [{"a": 9.0}]
    assert profile.shares(messages, 5.0) == pytest.approx({"b": 2.0, profile.HTTP: 2.0, "a": 1.0})


@pytest.fixture
def data_sets(tmp_path):
    """Public data sets as small as they may be, 40 texts of one intent each."""
    rows = [[f"where is number {number}", "find it"] for number in range(40)]
    (tmp_path / "clinc150").mkdir()
    (tmp_path / "clinc150" / "data_full.json").write_text(json.dumps({"train": rows, "test": [], "oos_test": []}), encoding="utf-8")
    (tmp_path / "banking77").mkdir()
    (tmp_path / "banking77" / "train.csv").write_text("text,category\n" + "my card is lost,lost_card?\n" * 40, encoding="utf-8")
    (tmp_path / "banking77" / "test.csv").write_text("text,category\n", encoding="utf-8")
    return tmp_path


def test_made_up_topics_are_a_sound_career(data_sets, tmp_path, monkeypatch):
    home = career.make(scale.CAREER, careers=tmp_path / "careers")
    questions, examples = scale.write_topics(home, 12, data_sets)
    monkeypatch.setattr(knowledge, "FILES", (f"{scale.CAREER}.yml", "sources.yml"))
    intents = {f"ask_{topic}" for topic in knowledge.load(home / "knowledge").topics}
    assert len(intents) == 12 and len(questions) == scale.ASKED * (12 - len(career.TOPICS))
    read = {name: yaml.safe_load((home / name).read_text(encoding="utf-8")) for name in ("domain.yml", "data/rules.yml", "data/nlu.yml")}
    texts = {entry["intent"]: entry["examples"].splitlines() for entry in read["data/nlu.yml"]["nlu"]}
    assert {len(texts[intent]) for intent in intents} == {scale.EXAMPLES}
    assert examples == sum(map(len, texts.values()))
    assert intents == {intent for entry in read["domain.yml"]["intents"] for intent in entry if intent.startswith("ask_")}
    of_rules = {
        step["intent"] for rule in read["data/rules.yml"]["rules"] for steps in rule["steps"] for step in steps.get("or", [steps]) if "intent" in step
    }
    assert intents <= of_rules
