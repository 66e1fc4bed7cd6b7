"""`dialer demo-data`: a made-up lender's book as files, to try everything on."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final
from zoneinfo import ZoneInfo

import typer
from rich.table import Table

from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import SettingsError

if TYPE_CHECKING:
    from dialer.made_up.book import BookPlan
    from dialer.made_up.files import Written


_LENDERS_ZONE: Final = ZoneInfo("Asia/Shanghai")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "demo-data",
        epilog="Example: dialer demo-data --accounts 3000 --seed 1 --to demo-data && "
        "dialer import applications demo-data/applications.csv",
    )(demo_data)


def demo_data(
    context: typer.Context,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Folder for the files; it is made.", show_default=False)
    ] = None,
    into_store: Annotated[
        bool,
        typer.Option(
            "--into-store",
            help="Put it into the store at once, with calls of the past; only into one without accounts.",
        ),
    ] = False,
    accounts: Annotated[int, typer.Option(min=1, max=10_000_000, help="How many loans.")] = 3000,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same files.")] = 1,
    today: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Business date; default today.", show_default=False)
    ] = None,
    months: Annotated[int, typer.Option(min=1, max=120, help="How far back the first loans were paid out.")] = 18,
    plant: Annotated[
        str,
        typer.Option(
            metavar="WHERE", help="Make a part of the book worse, to be found: region=河南,industry=建筑业,times=3."
        ),
    ] = "",
    current_kept: Annotated[
        float,
        typer.Option(min=0.0, max=1.0, help="Share kept of those with nothing overdue; 0.3 makes a book in trouble."),
    ] = 1.0,
    alike: Annotated[
        bool, typer.Option("--alike", help="Region, industry and product make no difference; for tests.")
    ] = False,
) -> None:
    """Make up people, loans with schedules, payments, scores and contacts: no such people or numbers exist.

    Five files as a lender's departments send them: applications (GB18030), repayments, scores (English headers),
    contacts (XLSX) and accounts, the list of those who are overdue. The importers read them as they are.
    """
    from dialer.made_up.book import BookPlan, Plant
    from dialer.made_up.files import write_files

    session = session_of(context)
    day = today.date() if today is not None else SystemClock().now_at().astimezone(_LENDERS_ZONE).date()
    plan = BookPlan(
        accounts=accounts,
        seed=seed,
        today=day,
        months=months,
        differences=not alike,
        plant=Plant.parse(plant) if plant else None,
        current_kept=current_kept,
    )
    if (to is None) != into_store:
        raise SettingsError(
            session.pick("请给出 --to 目录，或 --into-store，二者之一。", "Give either --to DIR or --into-store.")
        )
    if to is None:
        _fill(session, plan)
        return
    written: tuple[Written, ...] = write_files(plan, to)
    if session.json:
        session.emit([{"file": str(one.path), "rows": one.rows} for one in written])
        return
    _show(session, [(str(one.path), one.rows) for one in written], session.pick("文件", "File"))
    _say_next(session, written)


def _fill(session: Session, plan: BookPlan) -> None:
    """Put the book into the store.

    Raises:
        SettingsError: the store has accounts already: made-up ones must not stand among real ones.
    """
    from dialer.made_up.filling import Filling, fill_store
    from dialer.store.filling import next_ids
    from dialer.store.sqlite import SqliteStore

    store = SqliteStore.create(session.settings.store_path, key=session.settings.store_key)
    try:
        with store.reading() as database:
            taken = next_ids(database.conn)["account"]
        if taken:
            raise SettingsError(
                session.pick(
                    f"{session.settings.store_path} 已有账户；请换一个 store_path，以免真假混杂。",
                    f"{session.settings.store_path} has accounts already; set another store_path, so that made-up "
                    "ones do not stand among them.",
                )
            )
        counts = fill_store(
            store, plan, Filling(), lambda made: session.progress(f"{made:,} / {plan.accounts:,}") if made else None
        )
    finally:
        store.close()
    if session.json:
        session.emit(dict(counts))
        return
    _show(session, list(counts.items()), session.pick("表", "Table"))
    session.say("接着：dialer report portfolio", "Next: dialer report portfolio")


def _show(session: Session, rows: list[tuple[str, int]], head: str) -> None:
    table = Table(head, box=None)
    table.add_column(session.pick("行数", "Rows"), justify="right")
    for path, count in rows:
        table.add_row(path, f"{count:,}")
    session.out.print(table)


def _say_next(session: Session, written: tuple[Written, ...]) -> None:
    kinds = " ".join(one.path.stem for one in written)
    session.say(
        f"接着依次执行：dialer import 种类 文件（{kinds}）。",
        f"Next, for each: dialer import KIND FILE ({kinds}).",
    )
