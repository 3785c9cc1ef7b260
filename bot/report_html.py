"""The report as one page: everything inside it, nothing loaded, all that visitors typed escaped."""

from __future__ import annotations

from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from bot import outcomes, report_plots
from bot.knowledge import INTENT_PREFIX
from bot.report import Group, Report, tables
from bot.report_plots import WORDS

GROUPS_SHOWN = 12  # at once; the others open on demand
ROWS_SHOWN = 100  # of a list; the CSV files have all
UNANSWERED = {"clarified": WORDS[outcomes.CLARIFIED], "declined": WORDS[outcomes.DECLINED], "wrong": "called wrong"}
STYLE = """
:root { color-scheme: light; --ink: #1c2733; --soft: #5b6875; --line: #dde3ea; --paper: #fff; --ground: #f4f6f9; --blue: #2c6fbb; }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
main { max-width: 1120px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 4px; }
h2 { font-size: 1.25rem; line-height: 1.3; margin: 0 0 4px; }
p { margin: 0 0 12px; }
.soft { color: var(--soft); }
nav { margin: 12px 0 20px; display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: .9375rem; }
a { color: var(--blue); }
section, .tiles > div { background: var(--paper); border: 1px solid var(--line); border-radius: 10px; }
section { padding: 20px; margin: 16px 0; }
.tiles { display: flex; flex-wrap: wrap; gap: 12px; margin: 0; }
.tiles > div { flex: 1 1 190px; padding: 14px 16px; }
.tiles dt { color: var(--soft); font-size: .875rem; line-height: 1.3; }
.tiles dd { margin: 4px 0 0; font-size: 1.75rem; line-height: 1.1; font-weight: 650; font-variant-numeric: tabular-nums; }
.tiles small { display: block; font-size: .8125rem; line-height: 1.35; font-weight: 400; color: var(--soft); margin-top: 4px; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 440px), 1fr)); gap: 16px; }
.plots section { margin: 0; }
figure { margin: 8px 0 0; }
figure svg { display: block; width: 100%; height: auto; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { padding: 7px 10px 7px 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th { font-weight: 600; color: var(--soft); font-size: .8125rem; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.number + td, th.number + th { padding-left: 10px; }
td.words { min-width: 14rem; overflow-wrap: anywhere; }
.stacked td:not(.number, .words) { min-width: 5.5rem; }
.groups { list-style: none; margin: 0; padding: 0; }
.groups > li { display: grid; grid-template-columns: 3.5rem 1fr; gap: 0 12px; padding: 10px 0; border-bottom: 1px solid var(--line); }
.groups .times { font-size: 1.375rem; font-weight: 650; text-align: right; line-height: 1.2; font-variant-numeric: tabular-nums; }
.groups .heading { font-weight: 600; overflow-wrap: anywhere; }
.groups ul { margin: 4px 0 0; padding-left: 1.2em; overflow-wrap: anywhere; }
summary { cursor: pointer; color: var(--blue); }
details { margin-top: 8px; }
.groups details { margin-top: 2px; font-size: .9375rem; }
@media (max-width: 600px) { main { padding: 16px 10px 48px; } section { padding: 14px; } .groups > li { grid-template-columns: 2.25rem 1fr; } .tiles > div { flex-basis: 40%; } .tiles dd { font-size: 1.5rem; }
  .stacked thead { display: none; } .stacked tr { display: block; padding: 8px 0; border-bottom: 1px solid var(--line); }
  .stacked td, .stacked td.number, .stacked td.words, .stacked td.number + td { display: block; padding: 2px 0; border: 0; text-align: left; white-space: normal; }
  .stacked td::before { content: attr(data-title) ": "; color: var(--soft); } .stacked td:empty { display: none; } }
@media print { body { background: none; } section, .tiles > div { break-inside: avoid; } nav { display: none; } }
"""


def page(report: Report) -> str:
    """Returns the page."""
    of = tables(report)
    title = f"What visitors ask: {report.site.widget.title}, {report.site.college}"
    sections = {
        "unanswered": ("Questions without an answer", _unanswered(report)),
        "topics": ("All topics", _details(f"Show all {len(of['topics']) - 1} topics", _table(of["topics"]))),
        "unhelpful": ("Answers marked as not helpful", _list(of["unhelpful"], "No answer was marked as not helpful.", "question", "comment")),
        "unsure": (
            "Answered with low confidence",
            _note("Read with less than 50 % confidence, but answered. If the topic is not the right one, the wording is worth an example.")
            + _list(of["unsure"], "No question was answered with low confidence.", "wording"),
        ),
        "figures": (
            "Figures to renew",
            _note(
                f"A figure whose year lies more than {report.site.figures_dated_after_years} years back is marked as dated in the answers "
                "(figures_dated_after_years in settings.yml)."
            )
            + _list(of["figures"], "No figure is dated.", "measure"),
        ),
    }
    links = "".join(f'<a href="#{name}">{escape(heading)}</a>' for name, (heading, _) in sections.items())
    body = "".join(f'<section id="{name}"><h2>{escape(heading)}</h2>{content}</section>' for name, (heading, content) in sections.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        # Were anything to slip through the escaping, it could neither run nor load.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="robots" content="noindex"><title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>'
        f'<h1>{escape(title)}</h1><p class="soft">{escape(_period(report))}</p>'
        f"{_tiles(report)}<nav>{links}</nav>{_plots(report, of['days'])}{body}</main></body></html>\n"
    )


def _period(report: Report) -> str:
    zone = report.site.office.timezone
    since, until = (moment.astimezone(ZoneInfo(zone)) for moment in (report.since, report.until))
    return f"{since:%d %B %Y, %H:%M} to {until:%d %B %Y, %H:%M} ({zone}). Personal data in questions is masked."


def _tiles(report: Report) -> str:
    traffic = report.traffic
    said = len(report.feedback)
    helpful = sum(one.helpful for one in report.feedback)
    per = traffic.messages / len(traffic.conversations) if traffic.conversations else 0
    unanswered = sum(group.times for group in report.groups) + report.not_grouped
    tiles: list[tuple[str, str, str]] = [
        ("Conversations", f"{len(traffic.conversations):,}", f"{traffic.messages:,} messages, {per:.1f} in each"),
        *(
            (WORDS[name].capitalize(), _share(traffic.outcome(name), traffic.messages), f"{traffic.outcome(name):,} messages")
            for name in outcomes.OUTCOMES
        ),
        ("Without an answer", f"{unanswered:,}", f"questions, of {len(report.groups):,} meanings"),
        ("Helpful", _share(helpful, said), f"{helpful:,} of {said:,} answers rated" if said else "no answer was rated"),
        ("Contact requests", f"{sum(report.contacts.values()):,}", "confirmed in the form"),
    ]
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(more)}</small></dd></div>" for name, value, more in tiles)
    return f'<dl class="tiles">{cells}</dl>'


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}".replace("%", " %") if whole else "–"


def _unanswered(report: Report) -> str:
    if not report.groups:
        return _note("Every question was answered.")
    text = _note("Asked back, refused, or the answer was called wrong. What means much the same is together; the most asked first.")
    often = [_group(report, group) for group in report.groups if group.times > 1][:ROWS_SHOWN]
    once = [group for group in report.groups if group.times == 1]
    text += f'<ol class="groups">{"".join(often[:GROUPS_SHOWN])}</ol>'
    if further := often[GROUPS_SHOWN:]:
        text += _details(f"{len(further)} more meanings", f'<ol class="groups">{"".join(further)}</ol>')
    if once:
        listed = "".join(f"<li>{escape(group.heading)}</li>" for group in once[:ROWS_SHOWN])
        beyond = f" (the first {ROWS_SHOWN}; the CSV files have all)" if len(once) > ROWS_SHOWN else ""
        text += _details(f"{len(once)} asked once{beyond}", f"<ul>{listed}</ul>")
    if report.not_grouped:
        text += _note(f"{report.not_grouped} questions in rarer wordings were not grouped. Take a shorter period to see them.")
    return text


def _group(report: Report, group: Group) -> str:
    came = ", ".join(f"{count} {UNANSWERED[outcome]}" for outcome, count in group.outcomes.most_common())
    read_as = ", ".join(_name(report, intent) for intent, _ in group.read_as.most_common(3))
    others = "".join(
        f"<li>{escape(wording)}{f' ({times} times)' if times > 1 else ''}</li>" for wording, times in group.wordings.most_common(ROWS_SHOWN)
    )
    more = _details(f"{len(group.wordings)} wordings", f"<ul>{others}</ul>") if len(group.wordings) > 1 else ""
    people = f"{group.conversations} conversation{'s' if group.conversations > 1 else ''}"
    return (
        f'<li><div class="times">{group.times}</div><div><div class="heading">{escape(group.heading)}</div>'
        f'<div class="soft">{escape(f"{came} · {people} · read as {read_as}")}</div>{more}</div></li>'
    )


def _name(report: Report, intent: str) -> str:
    """Returns an intent as it is read: a topic by its label, a kind that is refused by its own words."""
    if intent.startswith(INTENT_PREFIX):
        return f"“{report.label(intent.removeprefix(INTENT_PREFIX))}”"
    return intent.removeprefix("oos_").replace("_", " ") or "nothing"


def _note(sentence: str) -> str:
    return f'<p class="soft">{escape(sentence)}</p>'


def _details(summary: str, content: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"


def _list(rows: list[list[Any]], if_empty: str, *words: str) -> str:
    """Returns a table of the first rows, or that there are none."""
    if len(rows) == 1:
        return _note(if_empty)
    table = _table(rows[: ROWS_SHOWN + 1], *words)
    return table + (_note(f"{len(rows) - 1 - ROWS_SHOWN} more are in the CSV file (--csv FOLDER).") if len(rows) - 1 > ROWS_SHOWN else "")


def _table(rows: list[list[Any]], *words: str) -> str:
    """Returns a table; its first row is the head.

    Args:
        words: the columns with sentences, which need room; with any, the cells stand below each other on a phone.
    """
    head, *body = rows
    kinds = [
        "words" if name in words else "number" if body and all(isinstance(row[column], (int, float)) for row in body) else ""
        for column, name in enumerate(head)
    ]

    titles = [name.capitalize() for name in head]
    heads = "".join(f"<th{f' class={kind}' if kind else ''}>{escape(title)}</th>" for title, kind in zip(titles, kinds))
    lines = []
    for row in body:
        cells = (
            f'<td{f" class={kind}" if kind else ""} data-title="{escape(title)}">{escape(str(cell)).replace("_", "_<wbr>")}</td>'
            for cell, kind, title in zip(row, kinds, titles)
        )
        lines.append(f"<tr>{''.join(cells)}</tr>")
    table = f"<table{' class=stacked' if words else ''}><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _plots(report: Report, days: list[list[Any]]) -> str:
    """Returns the plots, each in a section of its own."""
    found: list[str] = []
    for heading, svg in report_plots.plots(report):
        below = _details("As a table", _table(days)) if heading == report_plots.BY_DAY else ""
        found.append(f'<section><h2>{escape(heading)}</h2><figure role="img" aria-label="{escape(heading)}">{svg}</figure>{below}</section>')
    return f'<div class="plots">{"".join(found)}</div>' if found else _note("Nobody has written in this time.")
