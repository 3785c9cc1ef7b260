"""What the server counts while it runs, in Prometheus's text format: replies by what came of them, their time, and refusals."""

from __future__ import annotations

import bisect
import threading
from collections import Counter
from collections.abc import Iterator

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds; an answer takes some 30 ms, and a visitor is promised a reply within 5 s


class Metrics:
    """Counts of one process, from its start on."""

    def __init__(self) -> None:
        """Starts at zero."""
        self._lock = threading.Lock()
        self._replies: Counter[tuple[str, str]] = Counter()  # by channel and outcome
        self._times: dict[str, list[int]] = {}  # by channel: how many replies fell into each bucket, and into none
        self._seconds: dict[str, float] = {}  # by channel
        self._refusals: Counter[int] = Counter()  # by status

    def count_reply(self, channel: str, outcome: str, seconds: float) -> None:
        """Counts a message that was replied to."""
        with self._lock:
            self._replies[channel, outcome] += 1
            self._times.setdefault(channel, [0] * (len(BUCKETS) + 1))[bisect.bisect_left(BUCKETS, seconds)] += 1
            self._seconds[channel] = self._seconds.get(channel, 0.0) + seconds

    def count_refusal(self, status: int) -> None:
        """Counts a request that was refused at the door with an HTTP status."""
        with self._lock:
            self._refusals[status] += 1

    def text(self) -> str:
        """Returns the counts in the text format that Prometheus reads."""
        with self._lock:
            return "\n".join([*self._reply_lines(), *self._time_lines(), *self._refusal_lines(), ""])

    def _reply_lines(self) -> Iterator[str]:
        yield from _head("career_assistant_replies_total", "counter", "Messages that were replied to, by what came of them.")
        for (channel, outcome), count in sorted(self._replies.items()):
            yield f"career_assistant_replies_total{_labels(channel=channel, outcome=outcome)} {count}"

    def _time_lines(self) -> Iterator[str]:
        name = "career_assistant_reply_seconds"
        yield from _head(name, "histogram", "Time from a message at the door to its reply.")
        for channel, counts in sorted(self._times.items()):
            below = 0
            for limit, count in zip((*map(str, BUCKETS), "+Inf"), counts):
                below += count
                yield f"{name}_bucket{_labels(channel=channel, le=limit)} {below}"
            yield f"{name}_sum{_labels(channel=channel)} {self._seconds[channel]:.6f}"
            yield f"{name}_count{_labels(channel=channel)} {below}"

    def _refusal_lines(self) -> Iterator[str]:
        yield from _head("career_assistant_refusals_total", "counter", "Requests that were refused, by HTTP status.")
        for status, count in sorted(self._refusals.items()):
            yield f"career_assistant_refusals_total{_labels(status=str(status))} {count}"


SERVER = Metrics()  # this process's


def _head(name: str, kind: str, what: str) -> list[str]:
    return [f"# HELP {name} {what}", f"# TYPE {name} {kind}"]


def _labels(**labels: str) -> str:
    """Returns labels in braces. (No value has a quote, a backslash or a line feed: all are words of this project.)"""
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"
