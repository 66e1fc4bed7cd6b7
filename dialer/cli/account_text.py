"""A debtor's page on a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialer.cli.account import Shown
from dialer.cli.account_view import AccountView, Section
from dialer.cli.why_text import sentences

_GREY = "bright_black"


def render(shown: Shown) -> RenderableType:
    """The page."""
    view = shown.view
    parts: list[RenderableType] = [Text(view.title, "bold"), _head(view)]
    for one in shown.told:
        if len(shown.told) > 1:
            parts.append(Text(f"{one.account_no} {one.known.client}", _GREY))
        parts += sentences(one, view.lang, view.zone, unmasked=view.unmasked)
    for section in view.sections():
        parts += [Text("\n" + section.title, style="bold cyan"), _table(view, section)]
    return Group(*parts)


def _head(view: AccountView) -> Table:
    table = Table(box=None, header_style=_GREY, padding=(0, 3, 0, 0))
    for label, _ in view.head():
        table.add_column(label, overflow="fold")
    table.add_row(*(Text(value, "bold") for _, value in view.head()))
    return table


def _table(view: AccountView, section: Section) -> Table:
    table = Table(box=None, header_style=_GREY, padding=(0, 2, 0, 0))
    for head, numeric in zip(section.heads, section.numeric, strict=True):
        table.add_column(head, overflow="fold", justify="right" if numeric else "left")
    for row in section.rows:
        style = "yellow" if section.key == "facts" and row[-1] else ""
        table.add_row(*(Text(cell, style) for cell in row))
    if section.earlier:
        table.caption = view.lang.pick(
            f"更早还有 {section.earlier} 行，见 --html 或 --json", f"{section.earlier} earlier ones: --html or --json"
        )
    return table
