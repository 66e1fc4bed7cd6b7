"""The waterfall of a list on a terminal: from all accounts down to those that may be dialled now."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialer.cli.charts import bar
from dialer.cli.lang import Lang
from dialer.waterfall import Step, Waterfall, words

_GREY: Final = "bright_black"
_BAR: Final = 24


def render(told: Waterfall, lang: Lang, zone: ZoneInfo) -> RenderableType:
    """The steps, each with its count, and what is left."""
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    most = max([told.total, 1])
    head = lang.pick(f" 名单 {told.list_name}", f" list {told.list_name}")
    table.add_row(Text(head, "bold"), Text(f"{told.total:,}", "bold"), Text(bar(told.total / most, _BAR), "blue"), "")
    left = told.total
    for step in told.steps:
        left -= step.count
        rest = Text(_rest(step, lang, zone, told.at), _GREY)
        table.add_row(f" − {lang.pick(*words(step.key))}", f"{step.count:,}", Text(bar(left / most, _BAR), _GREY), rest)
    style = "bold green" if told.dialable else "bold yellow"
    table.add_row(Text(lang.pick(" = 现在可拨", " = dialable now"), style), Text(f"{told.dialable:,}", style),
                  Text(bar(told.dialable / most, _BAR), "green"), "")  # fmt: skip
    return Group(table)


def _rest(step: Step, lang: Lang, zone: ZoneInfo, at: datetime) -> str:
    cite = f" [{step.cite}]" if step.cite else ""
    rule = step.key.rpartition(":")[2]
    source = f"{step.profile} {rule}{cite}" if step.profile else ""
    if step.next_at is None:
        return source
    local = step.next_at.astimezone(zone)
    moment = f"{local:%H:%M}" if local.date() == at.astimezone(zone).date() else f"{local:%m-%d %H:%M}"
    return "  ".join(filter(None, (source, lang.pick(f"最早 {moment}", f"first at {moment}"))))


def as_json(told: Waterfall) -> JsonValue:
    """The same for programs."""
    return {
        "list": told.list_name,
        "at": told.at.isoformat(),
        "total": told.total,
        "steps": [
            {
                "step": step.key,
                "count": step.count,
                "zh": words(step.key)[0],
                "en": words(step.key)[1],
                "profile": step.profile or None,
                "cite": step.cite or None,
                "next_at": None if step.next_at is None else step.next_at.isoformat(),
            }
            for step in told.steps
        ],
        "dialable": told.dialable,
    }
