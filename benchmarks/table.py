"""What the comparison with Rasa's default says: tables in Markdown, and a plot."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

from benchmarks import document


def tables(measured: dict[str, Any], targets: dict[str, float], command: str) -> str:
    """Returns the tables of a run of the command."""
    results = measured["results"]
    names = list(results)
    cores = next(key for key in results[names[0]] if key.endswith(("core", "cores")))
    rows = [["", *names]]

    def add(title: str, *cells: str) -> None:
        rows.append([title, *cells])

    def each(figure: Any) -> list[str]:
        cells = []
        for name in names:
            try:
                cells.append(figure(results[name]))
            except KeyError:
                cells.append("-")
        return cells

    add("training from nothing, s", *each(lambda of: f"{of['training']['cold s']:.0f}"))
    add("training from nothing, processor s", *each(lambda of: f"{of['training']['cold processor s']:.0f}"))
    add("training, nothing changed, s", *each(lambda of: f"{of['training']['cached s']:.0f}"))
    add("training, one example more, s", *each(lambda of: f"{of['training']['one example more s']:.0f}"))
    add("start to first right answer, s", *each(lambda of: f"{statistics.median(of['start s']):.1f}"))
    add("memory when loaded, MB", *each(lambda of: f"{statistics.median(of['loaded MB']):.0f}"))
    add(f"memory after {measured['plan']['messages']:,} messages, MB", *each(lambda of: f"{of[cores]['saturation']['MB after']:.0f}"))
    for of_cores in [key for key in results[names[0]] if key.endswith(("core", "cores"))]:
        for kind, by_connections in results[names[0]][of_cores].items():
            if kind == "saturation":
                continue
            for connections in by_connections:
                add(
                    f"{_kind(kind)}, {connections} at once, {of_cores}: p50 / p95 / p99, ms",
                    *each(lambda of, runs=(of_cores, kind, connections): _percentiles(of[runs[0]][runs[1]][runs[2]])),
                )
        add(f"replies a second at saturation, {of_cores}", *each(lambda of, at=of_cores: f"{_rate(of[at]['saturation']):.1f}"))
        add(f"processor time a reply, {of_cores}, ms", *each(lambda of, at=of_cores: f"{of[at]['saturation']['processor ms']:.1f}"))
    add("held-out questions understood, %", *each(lambda of: f"{of['accuracy']['in scope']:.1f}"))
    add("out of scope noticed, %", *each(lambda of: f"{of['accuracy']['out of scope']:.1f}"))
    add("installed packages, MB", *each(lambda of: f"{of['installed MB']['packages']:.0f}"))
    add("model and compiled encoder, MB", *each(lambda of: f"{of['installed MB']['model'] + of['installed MB']['encoder']:.0f}"))
    ratios = [["times better than Rasa's default, one process", "measured", "target"]]
    for name, ratio in measured["ratios"].items():
        ratios.append([name, f"{ratio:.1f}", f"{targets[name]:.1f}" if name in targets else "-"])
    plan = measured["plan"]
    said = (
        f"Median of {plan['rounds']} rounds; Rasa's default trained for {plan['epochs']} epochs on "
        f"{'all examples' if plan['examples'] is None else str(plan['examples']) + ' examples of each intent'}."
    )
    return f"{document.table(ratios)}\n\n{document.table(rows)}\n\n{said} {document.note(command)}"


def plot(measured: dict[str, Any], file: Path) -> None:
    """Draws reply times, replies a second, start, training and memory."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    results = measured["results"]
    cores = next(key for key in next(iter(results.values())) if key.endswith(("core", "cores")))
    figure, axes = pyplot.subplots(2, 3, figsize=(15, 8))
    colors = ("#9aa0a6", "#1a73e8", "#34a853")
    for axis, figure_name in zip(axes[0], ("p50", "p95", "p99")):
        for number, (name, of) in enumerate(results.items()):
            by_connections = of[cores]["faq"]
            values = [_median(runs, figure_name) for runs in by_connections.values()]
            bars = axis.bar([place + 0.27 * (number - 1) for place in range(len(values))], values, 0.25, label=name, color=colors[number])
            axis.bar_label(bars, fmt="%.0f", fontsize=8)
        axis.set(title=f"reply time, {figure_name}", ylabel="ms", yscale="log", xticks=range(len(by_connections)), xticklabels=list(by_connections))
        axis.set_xlabel("visitors at once")
    axes[0][0].legend()
    for axis, title, value in (
        (axes[1][0], "replies a second at saturation", lambda of: _rate(of[cores]["saturation"])),
        (axes[1][1], "start to first right answer, s", lambda of: statistics.median(of["start s"])),
        (axes[1][2], f"memory after {measured['plan']['messages']:,} messages, MB", lambda of: of[cores]["saturation"]["MB after"]),
    ):
        bars = axis.bar(list(results), [value(of) for of in results.values()], color=colors)
        axis.bar_label(bars, fmt="%.4g")
        axis.set_title(title)
    figure.suptitle(cores)
    figure.tight_layout()
    figure.savefig(file, dpi=90)
    pyplot.close(figure)


def _median(runs: list[dict[str, float]], figure: str) -> float:
    return statistics.median(run[figure] for run in runs)


def _percentiles(runs: list[dict[str, float]]) -> str:
    return " / ".join(f"{_median(runs, figure):.1f}" for figure in ("p50", "p95", "p99"))


def _rate(run: dict[str, Any]) -> float:
    return run["replies"] / run["seconds"]


def _kind(kind: str) -> str:
    return {"faq": "FAQ answer, new conversation", "tenth turn": "tenth turn of a conversation", "same question": "the same question again"}[kind]
