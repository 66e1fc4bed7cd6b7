"""A page in the house's look: its style sheet, its frame, and the few pieces that every page is made of.

Nothing is fetched; whatever comes from people is escaped here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import zip_longest
from typing import Final

from dialer.cli.lang import Lang

STYLE: Final = """
:root { --ink: #1c2430; --muted: #6a7483; --line: #e3e7ec; --blue: #2f6fde; --pale: #c9dbf8; --green: #1e8e5a;
  --red: #c6362c; --amber: #b7791f; }
* { box-sizing: border-box; }
body { margin: 0; background: #f5f6f8; color: var(--ink); font: 15px/1.5 system-ui, "PingFang SC", "Microsoft YaHei",
  "Noto Sans CJK SC", "Noto Sans SC", sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 980px; margin: 24px auto; padding: 28px 36px; background: #fff; border-radius: 8px;
  box-shadow: 0 1px 3px rgb(0 0 0 / 12%); }
h1 { font-size: 24px; margin: 0; } h2 { font-size: 16px; margin: 28px 0 8px; }
.muted, text.muted, tspan.muted { color: var(--muted); fill: var(--muted); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(118px, 1fr)); gap: 10px; margin: 20px 0 6px; }
.figure { border: 1px solid var(--line); border-radius: 6px; padding: 10px 12px; }
.figure b { display: block; font-size: 22px; line-height: 1.25; white-space: nowrap; }
.figure span { font-size: 12.5px; color: var(--muted); display: block; min-height: 1.5em; white-space: nowrap; }
.good b { color: var(--green); } .bad b { color: var(--red); }
.progress { height: 10px; border-radius: 5px; background: var(--line); overflow: hidden; margin: 6px 0; }
.progress i { display: block; height: 100%; background: var(--green); }
.two { display: grid; grid-template-columns: 1fr 1fr; gap: 28px; } .two > div { min-width: 0; }
svg { width: 100%; height: auto; display: block; font-size: 12.5px; }
svg text { fill: var(--ink); } .number { font-weight: 600; }
.outcome { fill: var(--blue); } .disposition { fill: var(--green); }
.attempts { fill: var(--pale); } .answered { fill: var(--blue); }
.grid { stroke: var(--line); } .target { stroke: var(--red); stroke-dasharray: 5 4; }
.sofar { fill: none; stroke: var(--ink); stroke-width: 2; } .under { fill: var(--green); } .over { fill: var(--red); }
.key { font-size: 12.5px; color: var(--muted); } .key i { display: inline-block; width: 11px; height: 11px;
  margin: 0 5px 0 14px; border-radius: 2px; vertical-align: -1px; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: right; font-weight: 500; color: var(--muted); } th:first-child, td:first-child { text-align: left; }
th, td { padding: 5px 8px; border-bottom: 1px solid var(--line); } td { text-align: right; white-space: nowrap; }
:root { --off: #b7791f; }
.note { color: var(--off); margin: 8px 0 0; } .answers { margin: 0; padding-left: 18px; }
td.off, li.off { color: var(--off); } td.good, li.good { color: var(--green); }
svg.stroke { display: inline-block; width: 26px; height: 10px; margin: 0 6px 0 14px; vertical-align: 0; }
.wide { overflow-x: auto; } .wide table { font-size: 12.5px; } .wide :is(th, td) { padding: 5px 6px; }
.words td { text-align: left; white-space: normal; }
@media (max-width: 700px) { .two { grid-template-columns: 1fr; } main { padding: 16px; } }
@media print { body { background: #fff; font-size: 12px; }
  main { box-shadow: none; margin: 0; padding: 0; max-width: none; }
  h2 { break-after: avoid; } svg, tr, .figures { break-inside: avoid; } @page { margin: 14mm; } }
"""


def page(title: str, body: str, lang: Lang, style: str = "") -> str:
    """A whole page.

    Args:
        title: of the window.
        body: HTML, already escaped.
        lang: of its readers.
        style: rules after those of every page.
    """
    return (
        f'<!doctype html>\n<html lang="{lang.pick("zh-CN", "en")}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title>"
        f"<style>{STYLE}{style}</style></head><body><main>{body}</main></body></html>\n"
    )


def heading(text: str) -> str:
    """A heading within the page."""
    return f"<h2>{escape(text)}</h2>"


def figure(label: str, value: str, note: str, style: str = "") -> str:
    """A tile with one number; style `good` or `bad` colours it."""
    return (
        f'<div class="figure {style}"><span>{escape(label)}</span><b>{escape(value)}</b>'
        f"<span>{escape(note)}</span></div>"
    )


def key(*entries: tuple[str, str]) -> str:
    """What the colours of a chart mean: name of a colour of the style sheet, and text."""
    drawn = (f'<i style="background:var({colour})"></i>{escape(text)}' for colour, text in entries)
    return f'<div class="key">{"".join(drawn)}</div>'


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], styles: Sequence[str] = ()) -> str:
    """A table; the second cells of its rows take the styles."""
    head = f"<tr>{''.join(f'<th>{escape(text)}</th>' for text in heads)}</tr>" if heads else ""
    body = "".join(_row(row, style) for row, style in zip_longest(rows, styles, fillvalue=""))
    return f"<table>{head}{body}</table>"


def _row(cells: Sequence[str], style: str) -> str:
    drawn = (
        f'<td class="{style}">{escape(text)}</td>' if style and number == 1 else f"<td>{escape(text)}</td>"
        for number, text in enumerate(cells)
    )
    return f"<tr>{''.join(drawn)}</tr>"
