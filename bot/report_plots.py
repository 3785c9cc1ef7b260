"""The plots of the report, as SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot import outcomes
from bot.report import Report

TOPICS_DRAWN = 15  # the page's table has all
DAYS_DRAWN = 62
# Told apart by the colour-blind, and in grey.
COLOURS = dict(zip(outcomes.OUTCOMES, ("#2c6fbb", "#f0b93a", "#c8553d", "#7b5ea7", "#c3cad3", "#1c2733")))
WORDS = {
    outcomes.ANSWERED: "answered",
    outcomes.CLARIFIED: "asked what is meant",
    outcomes.DECLINED: "refused",
    outcomes.HANDED_OVER: "handed over",
    outcomes.TALK: "talk and forms",
    outcomes.FAILED: "no reply",
}
BY_DAY = "Messages by day"
STYLE = {
    "svg.fonttype": "none",  # text stays text
    "text.parse_math": False,  # a dollar sign is one
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9aa5b1",
    "axes.labelcolor": "#5b6875",
    "xtick.color": "#5b6875",
    "ytick.color": "#1c2733",
}


def plots(report: Report) -> Iterator[tuple[str, str]]:
    """Yields heading and SVG of each plot for which there is something to draw."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    for heading, draw in (
        (BY_DAY, _draw_days),
        ("Most asked topics", _draw_topics),
        ("Topics by day", _draw_topics_by_day),
        ("Helpful or not", _draw_helpful),
    ):
        with pyplot.rc_context({**STYLE, "svg.hashsalt": heading}):  # so that no two plots of the page have an id in common
            figure, axes = pyplot.subplots(figsize=(5.2, 3.6), layout="constrained")
            if draw(report, axes):
                yield heading, _svg(figure)
            pyplot.close(figure)


def _svg(figure: Any) -> str:
    drawn = io.StringIO()
    figure.savefig(drawn, format="svg", metadata={key: None for key in ("Creator", "Date", "Format", "Type")})
    return re.sub(r"<metadata>.*?</metadata>", "", drawn.getvalue()[drawn.getvalue().index("<svg") :], flags=re.DOTALL)


def _draw_days(report: Report, axes: Any) -> bool:
    days = report.days[-DAYS_DRAWN:]
    below = [0] * len(days)
    for outcome in outcomes.OUTCOMES:
        counts = [report.traffic.outcomes[day, outcome] for day in days]
        axes.bar(range(len(days)), counts, bottom=below, width=0.85, color=COLOURS[outcome], label=WORDS[outcome])
        below = [low + count for low, count in zip(below, counts)]
    _name_days(axes, days)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9, columnspacing=1.2, handlelength=1.2)
    return any(below)


def _name_days(axes: Any, days: Sequence[Any], names: int = 6, middle: float = 0) -> None:
    step = max(1, -(-len(days) // names))
    axes.set_xticks([place + middle for place in range(0, len(days), step)], [f"{day.day} {day:%b}" for day in days[::step]])


def _draw_topics(report: Report, axes: Any) -> bool:
    top = report.traffic.by_topic().most_common(TOPICS_DRAWN)[::-1]
    bars = axes.barh([str(place) for place in range(len(top))], [count for _, count in top], color=COLOURS[outcomes.ANSWERED], height=0.75)
    axes.set_yticks(range(len(top)), [report.label(topic) for topic, _ in top])
    axes.bar_label(bars, padding=3, fontsize=9, color="#5b6875")
    _bare(axes)
    return bool(top)


def _draw_topics_by_day(report: Report, axes: Any) -> bool:
    days = report.days[-DAYS_DRAWN:]
    top = [topic for topic, _ in report.traffic.by_topic().most_common(TOPICS_DRAWN)]
    if not top:
        return False
    counts = [[report.traffic.topics[day, topic] for day in days] for topic in top]
    drawn = axes.pcolormesh(counts, cmap="Blues", vmin=0, edgecolors="white", linewidth=0.5)
    axes.set_yticks([place + 0.5 for place in range(len(top))], [report.label(topic) for topic in top])
    axes.invert_yaxis()
    _name_days(axes, days, 4, 0.5)
    axes.tick_params(length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    bar = axes.figure.colorbar(drawn, ax=axes, pad=0.02, aspect=30)
    bar.outline.set_visible(False)
    bar.solids.set_edgecolor("face")
    bar.solids.set_rasterized(False)  # a picture inside the plot would be one more thing to allow the page to load
    bar.ax.yaxis.get_major_locator().set_params(integer=True)
    return True


def _draw_helpful(report: Report, axes: Any) -> bool:
    ratings = report.ratings
    rated = sorted({topic for topic, _ in ratings}, key=lambda topic: (ratings[topic, True] + ratings[topic, False], topic))[-TOPICS_DRAWN:]
    helpful, not_helpful = ([ratings[topic, what] for topic in rated] for what in (True, False))
    axes.barh(range(len(rated)), helpful, height=0.75, color=COLOURS[outcomes.ANSWERED], label="helpful")
    axes.barh(range(len(rated)), not_helpful, left=helpful, height=0.75, color=COLOURS[outcomes.DECLINED], label="not helpful")
    axes.set_yticks(range(len(rated)), [report.label(topic) for topic in rated])
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.tick_params(axis="y", length=0)
    axes.figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=9)
    return bool(rated)


def _bare(axes: Any) -> None:
    """Takes away what the figures at the bars say."""
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    axes.margins(x=0.1)
