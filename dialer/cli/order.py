"""`dialer order`: who is dialled next and why; work the order out anew."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from dialer.cli.init import example_folder
from dialer.cli.opening import opened
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import SettingsError
from dialer.masking import mask_account, mask_name, mask_number

if TYPE_CHECKING:
    from dialer.store.order import Learned
    from dialer.store.sqlite import SqliteStore

app = typer.Typer(
    help="Who is dialled next: expected recovery for each minute of an agent's time, by config/ordering.yaml.",
    no_args_is_help=True,
)

LONG = 20_000
"""From so many accounts or calls on it is told how far the work is."""


@app.command(epilog="Example: dialer order show june --limit 5 --lang zh")
def show(
    context: typer.Context,
    list_name: Annotated[str, typer.Argument(metavar="LIST", help="Name of the list.")],
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many accounts.")] = 10,
    unmasked: Annotated[
        bool, typer.Option("--unmasked", help="Whole names, numbers and account numbers, where you may see them.")
    ] = False,
) -> None:
    """The head of a list in the order of dialling: why each account stands there, and each number's best hours.

    The order is what was worked out last; the reasons are of this moment. Whether a rule forbids the dial is another
    question: see dialer why.
    """
    from dialer.cli.order_text import Shown, render, shown_json
    from dialer.store import order

    session = session_of(context)
    at = SystemClock().now_at()
    with opened(session) as store:
        with store.reading() as database:
            names = tuple(order.list_names(database.conn))
        if list_name not in names:
            raise SettingsError(_no_list(session, list_name, names))
        learned = _learned(session, store, at)
        with store.reading() as database:
            queue = order.head(database.conn, list_name, limit)
    shown = [
        Shown.of(
            one,
            learned,
            at,
            account=one.account_no if unmasked else mask_account(one.account_no),
            name=one.debtor_name if unmasked else mask_name(one.debtor_name),
            numbers={phone: number if unmasked else mask_number(number) for phone, number in one.phones.items()},
        )
        for one in queue
    ]
    if session.json:
        session.emit([shown_json(one, learned.settings) for one in shown])
    elif not shown:
        session.say("该名单此刻没有可拨账户。", "No account of this list may be dialled now.")
    else:
        session.out.print(render(shown, learned, session.lang))


def _no_list(session: Session, list_name: str, names: tuple[str, ...]) -> str:
    known = ", ".join(names) or session.pick("无", "none")
    return session.pick(f"没有名单 {list_name}。名单：{known}。", f"There is no list {list_name}. There are: {known}.")


@app.command(epilog="Example: dialer order refresh --list june")
def refresh(
    context: typer.Context,
    list_name: Annotated[str, typer.Option("--list", help="Only this list; default all.")] = "",
) -> None:
    """Learn from every call, and work the order of all accounts out anew; the engine may run meanwhile.

    A running engine does this by itself, some accounts in turn (`refresh` in ordering.yaml).
    """
    from dialer.store import order

    session = session_of(context)
    at = SystemClock().now_at()
    with opened(session) as store:
        if list_name:
            with store.reading() as database:
                names = tuple(order.list_names(database.conn))
            if list_name not in names:
                raise SettingsError(_no_list(session, list_name, names))
        learned = _learned(session, store, at)
        done = order.refresh(store, learned, at, list_name=list_name, progress=_Told(session, LONG))
    if session.json:
        session.emit(
            {
                "calls": learned.calls,
                "accounts": done.accounts,
                "changed": done.changed,
                "other_number": done.moved,
                "number_strength": learned.contact.number_strength,
            }
        )
        return
    session.say(
        f"学习通话 {learned.calls:,} 通；账户 {done.accounts:,} 个，名次变动 {done.changed:,}，"
        f"改拨其他号码 {done.moved:,}。",
        f"Learned from {learned.calls:,} calls; {done.accounts:,} accounts, {done.changed:,} stand elsewhere now, "
        f"{done.moved:,} go on with another number.",
        "green",
    )


def _learned(session: Session, store: SqliteStore, at: datetime) -> Learned:
    from dialer.config.caseload import load_ordering
    from dialer.order_chore import catch_up, work_out
    from dialer.store.order import Learned

    learned = Learned.fresh(load_ordering(session.config.parent, example_folder()), session.zone)
    catch_up(store, learned, at)
    work_out(store, learned, at)
    return learned


class _Told:
    """Tells now and then how many accounts are done."""

    def __init__(self, session: Session, step: int) -> None:
        self._session, self._step, self._next = session, step, step

    def __call__(self, done: int) -> None:
        if done >= self._next:
            self._next = done + self._step
            self._session.progress(self._session.pick(f"已算 {done:,} 个账户", f"{done:,} accounts done"))
