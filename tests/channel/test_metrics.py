"""The metrics of the server, as Prometheus would fetch them."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from bot import metrics
from bot.metrics import Metrics

SECRET = "m" * 32
SAMPLE = re.compile(r'([a-z_]+)\{((?:[a-z_]+="[^"\\\n]*",?)+)\} ([0-9.]+)')


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Returns the samples of an exposition by name and label values, after looking that it is well formed."""
    assert text.endswith("\n") and "\n\n" not in text
    kinds: dict[str, str] = {}
    found: dict[tuple[str, ...], float] = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            continue
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds, "all of a metric stands together"
            kinds[name] = kind
            continue
        match = SAMPLE.fullmatch(line)
        assert match, line
        name = match[1]
        assert name in kinds or re.sub(r"_(bucket|sum|count)$", "", name) in kinds, line
        key = (name, *re.findall(r'="([^"]*)"', match[2]))
        assert key not in found, line
        found[key] = float(match[3])
    return found


@pytest.fixture(autouse=True)
def counted(monkeypatch) -> Metrics:
    fresh = Metrics()
    monkeypatch.setattr(metrics, "SERVER", fresh)
    return fresh


@pytest.fixture
def fetch(client):
    def read():
        response = client.widget("GET", "/metrics")
        assert response.status == 200 and response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert response.headers["Cache-Control"] == "no-store"
        return samples(response.body.decode())

    return read


def test_metrics_count_replies_by_channel_and_outcome(client, agent, fetch):
    from tests.channel.stub_server import say

    replies = {
        "pay": [say("It is so.\nSource: coding guide (2025)")],
        "parking": [say("No.", utter_action="utter_decline_oos_college")],
        "hm": [say("Which?", utter_action="utter_which_topic")],
        "a person": [say("Here.", utter_action="utter_contact")],
        "hi": [say("Hello.", utter_action="utter_greet")],
        "nothing": [],
    }
    agent.answer = lambda text: replies[text]
    for text in [*replies, "pay"]:
        assert client.rest(text).status == 200
    token = client.open()
    client.write(token, "parking")
    found = fetch()
    of = "career_assistant_replies_total"
    assert {key[1:]: count for key, count in found.items() if key[0] == of} == {
        ("rest", "answered"): 2,
        ("rest", "declined"): 1,
        ("rest", "clarified"): 1,
        ("rest", "handed over"): 1,
        ("rest", "talk"): 1,
        ("rest", "failed"): 1,
        ("widget", "declined"): 1,
    }
    assert found["career_assistant_reply_seconds_count", "rest"] == 7
    assert found["career_assistant_reply_seconds_bucket", "widget", "+Inf"] == 1


def test_metrics_count_an_action_that_fails(client, agent, fetch):
    def broken(text):
        raise RuntimeError("broken")

    agent.answer = broken
    assert client.rest("pay").status == 200
    assert fetch()["career_assistant_replies_total", "rest", "failed"] == 1


def test_metrics_count_refusals_by_status(client, fetch):
    client.rest(42)
    client.call("GET", "/nowhere")
    client.widget("GET", "/messages", token="forged")
    client.widget("GET", "/messages", token="forged")
    assert {key[1]: count for key, count in fetch().items() if key[0] == "career_assistant_refusals_total"} == {"400": 1, "404": 1, "401": 2}


def test_metrics_histogram_is_cumulative(counted):
    for seconds in (0.001, 0.05, 0.0500001, 3, 60):
        counted.count_reply("rest", "answered", seconds)
    found = samples(counted.text())
    buckets = [count for key, count in found.items() if key[0] == "career_assistant_reply_seconds_bucket"]
    assert buckets == [1, 2, 3, 3, 3, 3, 3, 4, 5], "at most so many seconds, the limit included"
    assert found["career_assistant_reply_seconds_sum", "rest"] == pytest.approx(63.101)


def test_metrics_of_a_new_server_are_empty(fetch):
    assert fetch() == {}


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_metrics_are_refused_to_whom_a_proxy_speaks_for(client, header):
    response = client.widget("GET", "/metrics", **{header.replace("-", "_"): "203.0.113.7"})
    assert response.status == 403
    assert response.body == {"error": "The metrics are for this machine only. With BOT_METRICS_SECRET set, they are for all who send it."}


def test_metrics_with_a_secret_are_for_who_knows_it(start, agent, monkeypatch):
    monkeypatch.setenv("BOT_METRICS_SECRET", SECRET)
    client = start(agent)
    for wrong in (None, "x" * 32, SECRET[:-1]):
        response = client.widget("GET", "/metrics", token=wrong)
        assert (response.status, response.body) == (
            401,
            {"error": "The secret is missing or wrong. Send it in the header Authorization: Bearer <secret>."},
        )
    assert client.widget("GET", "/metrics", token=SECRET, X_Forwarded_For="203.0.113.7").status == 200


def test_metrics_secret_that_is_none_is_refused(monkeypatch, folder):
    from rasa.shared.exceptions import RasaException

    from bot.channels.widget import WidgetInput

    monkeypatch.setenv("BOT_SESSION_SECRET", "s" * 32)
    monkeypatch.setenv("BOT_METRICS_SECRET", "short")
    with pytest.raises(RasaException, match="BOT_METRICS_SECRET: has 5 characters"):
        WidgetInput(folder)


def test_metrics_are_counted_from_many_threads(counted):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: counted.count_reply("rest", "answered", 0.1), range(4000)))
    assert Counter({key[-1]: count for key, count in samples(counted.text()).items() if key[0].endswith("_total")}) == {"answered": 4000}
