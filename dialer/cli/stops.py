"""`dialer stop-calling`, `allow` and `consent`: whom nobody may call, at once; and lifting it, with a reason."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from dialer.cli.agent import told
from dialer.cli.opening import opened, user_of
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.control_client import NoEngineError
from dialer.errors import SettingsError
from dialer.types import StopFlag

if TYPE_CHECKING:
    pass

Who = Annotated[
    str, typer.Argument(metavar="ACCOUNT|NUMBER", help="Account number, or a number with country code, like +86139...")
]
Note = Annotated[str, typer.Option("--note", help="For the record.")]
Until = Annotated[
    datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="The last day, in the dialer's zone.")
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("stop-calling", epilog="Example: dialer stop-calling LN-2026-0042 --flag deceased --note 家属告知")(
        stop_calling
    )
    app.command(epilog='Example: dialer allow LN-2026-0042 --flag plan_performing --reason "missed instalment"')(allow)
    app.command(epilog="Example: dialer consent LN-2026-0042 --until 2026-12-31 --note 书面同意")(consent)


def _flags(incomplete: str) -> list[str]:
    return [flag.value for flag in StopFlag if flag.startswith(incomplete)]


def stop_calling(
    context: typer.Context,
    who: Who,
    flag: Annotated[str, typer.Option(help="Why; see docs/supervisors.md.", autocompletion=_flags)] = "do_not_call",
    note: Note = "",
    until: Until = None,
) -> None:
    """Never call a number, or the debtor of an account, again; it holds at once, for calls in preparation too."""
    session = session_of(context)
    until_at = _end_of(session, until)
    wish: dict[str, JsonValue] = {"who": who, "flag": flag, "note": note, "by": user_of(session)}
    if until_at is not None:
        wish["until_at"] = until_at.isoformat()
    if not _asked_engine(session, "stop.add", wish):
        with opened(session) as store:
            at = SystemClock().now_at()
            store.add_stop(who, flag, by=user_of(session), at=at, note=note, until_at=until_at)
        told(session, {"reports": []})


def allow(
    context: typer.Context,
    who: Who,
    reason: Annotated[str, typer.Option(help="Why; kept on record.", show_default=False)],
    flag: Annotated[str, typer.Option(help="Only this flag; default all.", autocompletion=_flags)] = "",
) -> None:
    """Allow calls again. What a third party refused nobody can allow."""
    session = session_of(context)
    if not _asked_engine(session, "stop.lift", {"who": who, "flag": flag, "note": reason, "by": user_of(session)}):
        with opened(session) as store:
            done = store.lift_stop(who, flag, by=user_of(session), at=SystemClock().now_at(), note=reason)
        told(session, {"reports": [{"event": "stop.lifted", "text": "", "fields": {"lifted": str(done.lifted)}}]})


def consent(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT", help="Account number.")],
    until: Until = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="The debtor agrees no more.")] = False,
    note: Note = "",
) -> None:
    """Note that a debtor agreed to be called at hours that a rule leaves to agreement, and until when."""
    session = session_of(context)
    until_at, at = _end_of(session, until), SystemClock().now_at()
    if withdraw == (until_at is not None):
        raise SettingsError(
            session.pick("请给出 --until 日期，或 --withdraw，二者之一。", "Give either --until or --withdraw.")
        )
    with opened(session) as store:
        if until_at is not None:
            store.give_consent(account, until_at=until_at, by=user_of(session), at=at, note=note)
        else:
            store.withdraw_consent(account, by=user_of(session), at=at, note=note)
    told(session, {"reports": []})


def _asked_engine(session: Session, method: str, wish: dict[str, JsonValue]) -> bool:
    """Have the running engine do it, so that leads in hand go back at once; False: no engine runs."""
    try:
        told(session, session.client().call(method, **wish))
    except NoEngineError:
        return False
    return True


def _end_of(session: Session, day: datetime | None) -> datetime | None:
    """The midnight that ends a day."""
    return None if day is None else datetime.combine(day.date() + timedelta(days=1), time(0), session.zone)
