"""`dialer events`: what happens to accounts, as it happens, for people and programs; and who else is told of it."""

from __future__ import annotations

import asyncio
import difflib
import signal
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dialer.account_events import EventKind, StoredEvent
from dialer.cli.event_text import WORDS, About, as_json, line
from dialer.cli.opening import loan_rules, opened, use_terms
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import SettingsError
from dialer.masking import mask_text

if TYPE_CHECKING:
    import sqlite3

    from dialer.store.following import Tail
    from dialer.store.sqlite import SqliteStore
    from dialer.webhooks.office import Office

LOOK_EVERY_S: Final = 0.1
_GREY: Final = "bright_black"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: dialer events --follow --kind 'promise.*' --json | jq .payload.amount")(events)
    app.command("events kinds", epilog="Example: dialer events kinds")(kinds)
    app.command("events webhooks", epilog="Example: dialer events webhooks --json")(webhooks)
    app.command("events listen", epilog="Example: dialer events listen --port 8790")(listen)


def _kind_names(incomplete: str) -> list[str]:
    nouns = dict.fromkeys(f"{kind.partition('.')[0]}.*" for kind in EventKind)
    return [name for name in (*nouns, *EventKind) if name.startswith(incomplete)]


def events(
    context: typer.Context,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as events happen, until Ctrl-C.")] = False,
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", help="Only this kind, or promise.* ; may be repeated.", autocompletion=_kind_names),
    ] = None,
    account: Annotated[str, typer.Option("--account", help="Only of this account, or of its debtor.")] = "",
    after: Annotated[
        int | None, typer.Option("--after", min=0, help="Read on from this seq; 0: from the beginning.")
    ] = None,
    last: Annotated[int, typer.Option("--last", min=0, max=100_000, help="Without --after: the last so many.")] = 20,
    count: Annotated[int | None, typer.Option("--count", min=1, help="End after so many.")] = None,
    unmasked: Annotated[bool, typer.Option("--unmasked", help="Whole account numbers; admin and auditor.")] = False,
) -> None:
    """Show what happened to accounts, oldest first; JSON lines with --json, or when nobody reads along on a terminal.

    Every event has a seq, its place in the order of committing. A program that keeps the last one that it has seen,
    and begins again with --after, misses nothing and sees nothing twice.
    """
    session = session_of(context)
    wanted = _wanted(session, kind or ())
    in_json = session.json or not sys.stdout.isatty()
    with opened(session) as store:
        reader = _Reader(store, account, wanted)
        left = count
        for event in reader.read(after, last, follow=follow):
            about = reader.about(event)
            if in_json:
                session.emit_line(as_json(event, about, unmasked=unmasked))
            else:
                session.out.print(line(event, about, session.lang, session.zone, unmasked=unmasked), soft_wrap=True)
            left = None if left is None else left - 1
            if left == 0:
                return


def _wanted(session: Session, patterns: list[str] | tuple[str, ...]) -> frozenset[EventKind]:
    found = set() if patterns else set(EventKind)
    for pattern in patterns:
        fits = {one for one in EventKind if one == pattern or (pattern.endswith(".*") and one.startswith(pattern[:-1]))}
        if not fits:
            near = difflib.get_close_matches(pattern, _kind_names(""), n=1)
            hint_zh, hint_en = (f"是否指 {near[0]}？", f" Did you mean {near[0]}?") if near else ("", "")
            raise SettingsError(
                session.pick(
                    f"没有事件种类 {pattern}。{hint_zh} 见 dialer events kinds。",
                    f"There is no kind of event {pattern}.{hint_en} See `dialer events kinds`.",
                )
            )
        found |= fits
    return frozenset(found)


class _Reader:
    """Reads the stream for one command."""

    def __init__(self, store: SqliteStore, account: str, wanted: frozenset[EventKind]) -> None:
        from dialer.store import promised

        self._store = store
        self._wanted = wanted
        self._known: dict[int, About] = {}
        self._accounts: frozenset[int] | None = None
        self._debtors: frozenset[int] = frozenset()
        if account:
            with store.reading() as database:
                found = promised.accounts_of(database.conn, account)
            self._accounts = frozenset(one for one, _ in found)
            self._debtors = frozenset(debtor for _, debtor in found)

    def read(self, after: int | None, last: int, *, follow: bool) -> Iterator[StoredEvent]:
        """The events that are wanted, oldest first."""
        from dialer.store.following import Tail

        start = after if after is not None else (None if follow else 0)
        tail = Tail(self._store, start)
        if after is None and not follow:
            yield from self._last(tail, last)
            return
        while True:
            found = tail.new()
            yield from filter(self._fits, found)
            if not found and not follow:
                return
            if not found:
                time.sleep(LOOK_EVERY_S)

    def _last(self, tail: Tail, last: int) -> Iterator[StoredEvent]:
        from collections import deque

        kept: deque[StoredEvent] = deque(maxlen=last)
        while found := tail.new():
            kept.extend(filter(self._fits, found))
        yield from kept

    def _fits(self, event: StoredEvent) -> bool:
        if event.kind not in self._wanted:
            return False
        if self._accounts is None:
            return True
        if event.account_id is not None:
            return event.account_id in self._accounts
        return event.debtor_id in self._debtors

    def about(self, event: StoredEvent) -> About:
        """Whom an event is about."""
        if event.account_id is None and event.debtor_id is None:
            return About()
        key = event.account_id if event.account_id is not None else -(event.debtor_id or 0)
        if key not in self._known:
            with self._store.reading() as database:
                self._known[key] = _about(database.conn, event)
        return self._known[key]


def _about(connection: sqlite3.Connection, event: StoredEvent) -> About:
    from dialer.store import promised

    number, name = promised.named(connection, account_id=event.account_id, debtor_id=event.debtor_id)
    return About(account_no=number, name=name)


def kinds(context: typer.Context) -> None:
    """Show every kind of event there is."""
    session = session_of(context)
    if session.json:
        session.emit([{"kind": kind.value, "zh": WORDS[kind][0], "en": WORDS[kind][1]} for kind in EventKind])
        return
    for kind in EventKind:
        session.out.print(Text.assemble((f"{kind.value:<24}", "bold"), session.pick(*WORDS[kind])))


def webhooks(context: typer.Context) -> None:
    """Show who is told by webhook, how far, and what was not taken."""
    from dialer.config.webhooks import load_webhooks
    from dialer.store import outbox

    session = session_of(context)
    settings = load_webhooks(session.config.parent)
    with opened(session) as store, store.reading() as database:
        standing = outbox.standing(database.conn)
        told = {one.name: outbox.waiting(database.conn, one.name, one.kinds) for one in settings.webhooks}
    rows: list[JsonValue] = []
    for one in settings.webhooks:
        mark = standing.get(one.name)
        rows.append(
            {
                "webhook": one.name,
                "url": one.url,
                "told_to": mark.seq if mark else None,
                "told_at": mark.told_at.isoformat() if mark and mark.told_at else None,
                "waiting": told[one.name],
                "tries": mark.tries if mark else 0,
                "next_at": mark.next_at.isoformat() if mark and mark.next_at else None,
                "error": mask_text(mark.error) if mark else "",
                "given_up": list(mark.given_up) if mark else [],
            }
        )
    if session.json:
        session.emit(rows)
        return
    if not rows:
        session.say("没有配置推送；见 config/webhooks.yaml。", "Nobody is told; see config/webhooks.yaml.", _GREY)
        return
    table = Table(box=None, header_style=_GREY)
    for zh, en in (
        ("名称", "webhook"),
        ("已送至", "told to"),
        ("待送", "waiting"),
        ("失败", "tries"),
        ("放弃", "given up"),
    ):
        table.add_column(session.pick(zh, en), justify="left" if en == "webhook" else "right")
    table.add_column(session.pick("错误", "error"), overflow="fold")
    for row in rows:
        assert isinstance(row, dict)
        given_up = row["given_up"]
        assert isinstance(given_up, list)
        numbers = (row["told_to"], row["waiting"], row["tries"] or "", len(given_up) or "")
        table.add_row(str(row["webhook"]), *("—" if one is None else str(one) for one in numbers), str(row["error"]))
    session.out.print(table)


def listen(
    context: typer.Context,
    host: Annotated[str | None, typer.Option(help="Where; default from webhooks.yaml.", show_default=False)] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="0: any that is free.", show_default=False)
    ] = None,
) -> None:
    """Take signed POSTs of the sources in webhooks.yaml, and tell webhooks, without an engine; until Ctrl-C.

    A running engine does both by itself, the taking with `listen.enabled`.
    """
    from dataclasses import replace

    from dialer import log
    from dialer.config.webhooks import load_webhooks
    from dialer.webhooks.office import Office

    session = session_of(context)
    settings = load_webhooks(session.config.parent)
    if not settings.listen.sources:
        raise SettingsError(
            session.pick(
                f"{session.config.parent / 'webhooks.yaml'} 中没有来源（listen.sources）。",
                f"{session.config.parent / 'webhooks.yaml'} names no source under listen.sources.",
            )
        )
    with opened(session) as store:
        use_terms(session, store)
    chosen = replace(
        settings.listen,
        enabled=True,
        host=host or settings.listen.host,
        port=settings.listen.port if port is None else port,
    )
    log.configure(session.settings.log_path)
    office = Office(
        load=lambda: replace(load_webhooks(session.config.parent), listen=chosen),
        open_store=lambda: _open(session),
        rules=lambda: loan_rules(session),
        zone=session.zone,
        clock=SystemClock(),
        said=lambda where: session.say(f"监听 {where}，Ctrl-C 结束。", f"Listening on {where}; Ctrl-C ends.", "green"),
    )
    asyncio.run(_until_stopped(office))


def _open(session: Session) -> SqliteStore:
    from dialer.store.sqlite import SqliteStore

    return SqliteStore.open(session.settings.store_path, key=session.settings.store_key)


async def _until_stopped(office: Office) -> None:
    task = asyncio.create_task(office.work())
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        await task
    except asyncio.CancelledError:
        return
