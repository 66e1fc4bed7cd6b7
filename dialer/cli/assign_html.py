"""The shares of an assignment as a page: every agent's bars before and after, and how even they are."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from dialer.caseload.fairness import Comparable, Evenness, Line, Load
from dialer.caseload.sentences import GROUNDS
from dialer.cli.assign_text import group_title, money
from dialer.cli.assign_view import MEASURES, Preview
from dialer.cli.lang import Lang
from dialer.cli.page import figure, heading, key, page, table

_STYLE: Final = """
.before { fill: var(--pale); } .after { fill: var(--blue); } .mean { stroke: var(--red); stroke-dasharray: 4 4; }
.head { font-weight: 600; }
"""
_LABEL: Final = 150
_COLUMN: Final = 244
_BAR: Final = 150
_ROW: Final = 38


def render_html(preview: Preview, lang: Lang) -> str:
    """The whole page."""
    title = lang.pick("分案", "Assignment")
    body = [f"<h1>{escape(title)}</h1>", f'<p class="muted">{escape(_subtitle(preview, lang))}</p>']
    body.append(f'<div class="figures">{"".join(_figures(preview, lang))}</div>')
    for group in preview.fairness.groups:
        if group.lines:
            body += _group(group, preview, lang)
    body += [heading(lang.pick("按规则与原因", "By rule and reason")), _grounds(preview, lang)]
    return page(title, "".join(body), lang, _STYLE)


def _subtitle(preview: Preview, lang: Lang) -> str:
    if preview.saved is None:
        return lang.pick("预览，未写入。", "A preview: nothing was written.")
    return lang.pick(
        f"已写入，{preview.saved.changed:,} 户换人。", f"Written: {preview.saved.changed:,} debtors changed hands."
    )


def _figures(preview: Preview, lang: Lang) -> list[str]:
    report, bound = preview.fairness, preview.settings.spread
    worst = max(
        (one.spread for group in report.groups if len(group.lines) > 1 for one in group.after.values()), default=0
    )
    before = max(
        (one.spread for group in report.groups if len(group.lines) > 1 for one in group.before.values()), default=0
    )
    return [
        figure(lang.pick("债务人", "debtors"), f"{preview.total:,}", ""),
        figure(lang.pick("保留", "kept"), f"{report.kept:,}", ""),
        figure(lang.pick("改分", "moved"), f"{report.moved:,}", ""),
        figure(lang.pick("新分", "given out"), f"{report.given:,}", ""),
        figure(lang.pick("待分", "waiting"), f"{preview.waiting:,}", "", "bad" if preview.waiting else "good"),
        figure(
            lang.pick("最大极差", "largest spread"),
            f"{worst * 100:.1f}%",
            lang.pick(
                f"原 {before * 100:.0f}%，上限 {bound * 100:.0f}%",
                f"was {before * 100:.0f}%, bound {bound * 100:.0f}%",
            ),
            "good" if worst <= bound + 1e-9 else "bad",
        ),
    ]


def _group(group: Comparable, preview: Preview, lang: Lang) -> list[str]:
    legend = key(
        ("--pale", lang.pick("之前", "before")),
        ("--blue", lang.pick("之后", "after")),
        ("--red", lang.pick("均值（之后）", "mean (after)")),
    )
    return [
        heading(group_title(group, lang)),
        legend,
        bars(group.lines, preview, lang),
        table(*_evenness(group, lang)),
    ]


def bars(lines: Sequence[Line], preview: Preview, lang: Lang) -> str:
    """Each agent's bars before and after, a column for each measure."""
    height = 26 + _ROW * len(lines)
    parts: list[str] = []
    for column, (measure, name) in enumerate(MEASURES.items()):
        left = _LABEL + column * _COLUMN
        parts.append(f'<text class="head" x="{left}" y="15">{escape(lang.pick(*name))}</text>')
        values = [(_value(line.before, measure), _value(line.after, measure)) for line in lines]
        most = max(max(pair) for pair in values) or 1.0
        for row, (line, (before, after)) in enumerate(zip(lines, values, strict=True)):
            y = 24 + row * _ROW
            parts += _bar(left, y, before, most, "before", _text(line.before, measure))
            parts += _bar(left, y + 15, after, most, "after", _text(line.after, measure))
        weight = sum(line.share for line in lines)
        mean = sum(after for _, after in values) / weight
        x = left + _BAR * min(1.0, mean / most)
        parts.append(f'<line class="mean" x1="{x:.1f}" x2="{x:.1f}" y1="20" y2="{height - 6}"/>')
    for row, line in enumerate(lines):
        label = f"{line.agent} {preview.names.get(line.agent, '')}" + ("" if line.share == 1 else f" ×{line.share:g}")
        y = 24 + row * _ROW + 19
        parts.append(f'<text x="{_LABEL - 10}" y="{y}" text-anchor="end">{escape(label)}</text>')
    return f'<svg viewBox="0 0 {_LABEL + 3 * _COLUMN} {height}" role="img">{"".join(parts)}</svg>'


def _bar(left: int, y: int, value: float, most: float, style: str, text: str) -> list[str]:
    length = max(1.0, _BAR * value / most)
    return [
        f'<rect class="{style}" x="{left}" y="{y}" width="{length:.1f}" height="13" rx="2"/>',
        f'<text class="muted" x="{left + length + 6:.1f}" y="{y + 11}">{escape(text)}</text>',
    ]


def _value(load: Load, measure: str) -> float:
    return float(getattr(load, measure))


def _text(load: Load, measure: str) -> str:
    return f"{load.count:,}" if measure == "count" else money(getattr(load, measure))


def _evenness(group: Comparable, lang: Lang) -> tuple[list[str], list[list[str]]]:
    heads = [lang.pick("均衡程度", "evenness"), *(lang.pick(*name) for name in MEASURES.values())]

    def row(zh: str, en: str, found: dict[str, Evenness], *, gini: bool) -> list[str]:
        cells = [
            f"{found[measure].gini:.3f}" if gini else f"{found[measure].spread * 100:.1f}%" for measure in MEASURES
        ]
        return [lang.pick(zh, en), *cells]

    before, after = dict(group.before), dict(group.after)
    return heads, [
        row("极差/均值，之前", "spread before", before, gini=False),
        row("极差/均值，之后", "spread after", after, gini=False),
        row("基尼系数，之前", "Gini before", before, gini=True),
        row("基尼系数，之后", "Gini after", after, gini=True),
    ]


def _grounds(preview: Preview, lang: Lang) -> str:
    heads = [lang.pick("规则", "rule"), lang.pick("原因", "why"), lang.pick("户数", "debtors")]
    rows = [[rule or "-", lang.pick(*GROUNDS[ground]), f"{count:,}"] for rule, ground, count in preview.grounds]
    return table(heads, rows)
