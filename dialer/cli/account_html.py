"""A debtor's page as one HTML file: nothing is fetched, and it prints well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from dialer.cli.account import Shown
from dialer.cli.account_view import Section
from dialer.cli.page import figure, heading, page
from dialer.cli.why_text import sentences

_STYLE = """
.answers { margin: 14px 0 0; padding: 10px 14px; background: #f5f6f8; border-radius: 6px; list-style: none; }
.answers li { margin: 2px 0; } .answers .may { color: var(--green); font-weight: 600; }
.answers .not { color: var(--red); font-weight: 600; }
td, th { text-align: left; } td.n, th.n { text-align: right; } tr.conflict td { background: #fdf6e7; }
td.long { white-space: normal; overflow-wrap: anywhere; }
.figures { grid-template-columns: repeat(auto-fit, minmax(140px, 1fr)); }
.figure b { font-size: 17px; white-space: normal; }
"""


_LONG = 40
"""Characters; longer cells are wrapped."""


def render_html(shown: Shown) -> str:
    """The page."""
    view = shown.view
    body = "".join(_body(shown))
    return page(view.title, body, view.lang, _STYLE)


def _body(shown: Shown) -> Iterator[str]:
    view = shown.view
    yield f"<h1>{escape(view.title)}</h1>"
    tiles = "".join(figure(label, value if len(value) <= 18 else value[:17] + "…", "") for label, value in view.head())
    yield f'<div class="figures">{tiles}</div>'
    yield from _answers(shown)
    for section in view.sections(most=None):
        yield heading(section.title)
        yield f'<div class="wide">{_table(section)}</div>'


def _answers(shown: Shown) -> Iterator[str]:
    view = shown.view
    yield heading(view.lang.pick("现在能否拨打", "May it be called now"))
    yield '<ul class="answers">'
    for one in shown.told:
        for line in sentences(one, view.lang, view.zone, unmasked=view.unmasked):
            style = "may" if "green" in str(line.style) else "not" if str(line.style).startswith("bold") else "muted"
            yield f'<li class="{style}">{escape(line.plain.strip())}</li>'
    yield "</ul>"


def _table(section: Section) -> str:
    styles = ["n" if numeric else "" for numeric in section.numeric]
    heads = "".join(
        f'<th class="{style}">{escape(head)}</th>' for head, style in zip(section.heads, styles, strict=True)
    )
    rows = "".join(_row(section, row, styles) for row in section.rows)
    return f"<table><tr>{heads}</tr>{rows}</table>"


def _row(section: Section, row: Sequence[str], styles: Sequence[str]) -> str:
    conflict = ' class="conflict"' if section.key == "facts" and row[-1] else ""
    cells = "".join(
        f'<td class="{style or ("long" if len(cell) > _LONG else "")}">{escape(cell)}</td>'
        for cell, style in zip(row, styles, strict=True)
    )
    return f"<tr{conflict}>{cells}</tr>"
