"""Under which heading does `dialer --help` list a command? By what somebody comes to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import typer

PANELS: Final[Mapping[str, tuple[str, ...]]] = {
    "Set up 安装": ("init", "doctor", "asterisk", "carrier", "store", "demo-data"),
    "Debtors 债务人": ("import", "account", "why", "stop-calling", "allow", "consent", "desk"),
    "Calls 外呼": ("campaign", "serve", "run", "stop", "reload", "board", "agent", "softphone"),
    "Collections 催收": ("assign", "order", "script", "promise", "plan", "plans", "loan"),
    "What happens 事件与预警": ("event", "events", "events kinds", "events webhooks", "events listen", "risk", "alert"),
    "Looking ahead and back 预测与报表": (
        *("simulate", "simulate case", "report", "report portfolio", "replay", "export"),
    ),
    "Records 留存与审计": ("audit", "hold", "holds", "purge"),
}
"""Heading -> commands and groups of commands, in the order in which they are shown."""


def arrange(app: typer.Typer) -> None:
    """Give every command of the root its heading, and put them in order; one that has none is a KeyError."""
    places = {
        name: (panel, at) for at, (panel, name) in enumerate((p, n) for p, names in PANELS.items() for n in names)
    }
    for command in app.registered_commands:
        command.rich_help_panel = places[_name(command)][0]
    for group in app.registered_groups:
        group.rich_help_panel = places[_name(group)][0]
    app.registered_commands.sort(key=lambda one: places[_name(one)][1])
    app.registered_groups.sort(key=lambda one: places[_name(one)][1])


def _name(one: typer.models.CommandInfo | typer.models.TyperInfo) -> str:
    if one.name:
        return str(one.name)
    callback = one.callback if isinstance(one, typer.models.CommandInfo) else None
    return callback.__name__.replace("_", "-") if callback is not None else ""
