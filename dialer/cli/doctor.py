"""`dialer doctor`: is everything there that calls need, and if not, what is to be done?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import typer
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dialer.cli.check_machine import check_campaigns, check_machine
from dialer.cli.checks import Check, Health, Text2, bad, ok
from dialer.cli.session import Session, session_of
from dialer.errors import SettingsError

_MARKS: Final = {
    Health.OK: ("✔", "green"),
    Health.WARNING: ("!", "yellow"),
    Health.FAILED: ("✘", "bold red"),
    Health.SKIPPED: ("–", "bright_black"),
}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: dialer doctor")(doctor)


def doctor(context: typer.Context) -> None:
    """Check settings, store, disk, and every Asterisk; exit status 1 when something will not work."""
    session = session_of(context)
    checks: list[Check] = []
    table = _table()
    for check in _all(session):
        checks.append(check)
        _add(table, check, session)
    failed = sum(check.health is Health.FAILED for check in checks)
    warned = sum(check.health is Health.WARNING for check in checks)
    if session.json:
        session.emit({"sound": not failed, "checks": [_as_json(check) for check in checks]})
    else:
        session.out.print(table)
        _verdict(session, failed, warned)
    if failed:
        raise typer.Exit(1)


def _all(session: Session) -> Iterator[Check]:
    from dialer.cli.check_server import check_server

    try:
        settings = session.settings
    except SettingsError as error:
        for line in str(error).splitlines():
            advice = Text2(
                zh=f"修改 {session.config}，或运行 dialer init。", en=f"Mend {session.config}, or `dialer init`."
            )
            yield bad("config", Text2(zh=line, en=line), advice)
        return
    yield ok("config", f"{session.config} 没有问题", f"{session.config} is sound")
    yield from check_campaigns(session)
    yield from check_machine(settings, session)
    for server in settings.servers:
        yield from check_server(settings, server)


def _table() -> Table:
    table = Table.grid(padding=(0, 1, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True, style="bright_black")
    table.add_column(overflow="fold")
    return table


def _add(table: Table, check: Check, session: Session) -> None:
    mark, style = _MARKS[check.health]
    said = Text(check.said.of(session.lang), style="" if check.health is Health.OK else style)
    if check.advice is not None and check.health is not Health.OK:
        said.append(f"\n→ {check.advice.of(session.lang)}", "default")
    table.add_row(Text(mark, style), f"{check.place} {check.name}".strip(), said)


def _verdict(session: Session, failed: int, warned: int) -> None:
    if failed:
        session.say(f"{failed} 项失败，{warned} 项警告。", f"{failed} failed, {warned} warnings.", "bold red")
    elif warned:
        session.say(f"可以拨打；{warned} 项警告。", f"Fit to dial; {warned} warnings.", "yellow")
    else:
        session.say("一切正常。", "All is well.", "bold green")


def _as_json(check: Check) -> JsonValue:
    return {
        "name": check.name,
        "place": check.place,
        "health": check.health.value,
        "said_zh": check.said.zh,
        "said_en": check.said.en,
        "advice_zh": check.advice.zh if check.advice else None,
        "advice_en": check.advice.en if check.advice else None,
    }
