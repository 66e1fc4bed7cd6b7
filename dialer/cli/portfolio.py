"""`dialer report portfolio`: what the whole book says, on a terminal, as a page or tables, and down to the accounts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import JsonValue, TypeAdapter
from rich.table import Table

from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import SettingsError

if TYPE_CHECKING:
    from dialer.portfolio.counting import Book
    from dialer.portfolio.report import Dimension
    from dialer.store.sqlite import SqliteStore

_OUT: Final = "Where to"
_DOWN: Final = "Down to the accounts"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "report portfolio",
        epilog="Example: dialer report portfolio --html portfolio.html   then, for what stands out: "
        "dialer report portfolio --cell region=河南,industry=建筑业",
    )(report_portfolio)


def report_portfolio(
    context: typer.Context,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A page to look at or to print.", rich_help_panel=_OUT)
    ] = None,
    csv: Annotated[
        Path | None, typer.Option(metavar="DIR", help="A CSV file for each section.", rich_help_panel=_OUT)
    ] = None,
    xlsx: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A worksheet for each section.", rich_help_panel=_OUT)
    ] = None,
    cell: Annotated[
        str,
        typer.Option(
            metavar="WHERE",
            help="The accounts of a part, the latest first: region=...,industry=...,product=...",
            rich_help_panel=_DOWN,
        ),
    ] = "",
    limit: Annotated[
        int, typer.Option(min=1, max=1_000_000, help="At most so many accounts.", rich_help_panel=_DOWN)
    ] = 30,
    unmasked: Annotated[
        bool,
        typer.Option(
            "--unmasked", help="Whole names and account numbers, for people who may see them.", rich_help_panel=_DOWN
        ),
    ] = False,
    today: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Business date; default today.", show_default=False),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=1000, help="Calls and promises of so many days count.")] = 90,
    months: Annotated[int, typer.Option(min=4, max=60, help="Month ends to look back at.")] = 13,
    anew: Annotated[
        bool, typer.Option("--anew", help="Read everything again, also what was kept to be quick.")
    ] = False,
) -> None:
    """Where the book is late and getting later: buckets and roll rates, vintages, regions, industries and products.

    Also how long until a loan is up to date again, promises kept, contact and recovery, agents with their cases taken
    into account, the best hours to call, and parts of the book that are worse than chance explains. Needs loans with
    schedules: dialer import applications, repayments. Rates of parts of fewer than 30 are not told.
    """
    from dialer.portfolio.portfolio import portfolio_report

    session = session_of(context)
    where = where_of(session, cell)
    with opened(session, today, days=days, months=months, anew=anew) as (store, book):
        if where:
            _show_cell(session, store, book, where, limit=limit, unmasked=unmasked, csv=csv)
            return
        report = portfolio_report(book)
    written = _write(session, report, html=html, csv=csv, xlsx=xlsx)
    if session.json:
        plain: JsonValue = TypeAdapter(type(report)).dump_python(report, mode="json")
        session.emit(plain)
    elif not written:
        from dialer.cli.portfolio_text import render_portfolio

        session.out.print(render_portfolio(report, session.lang, session.out.width))


@contextmanager
def opened(
    session: Session, today: datetime | None = None, *, days: int = 90, months: int = 13, anew: bool = False
) -> Iterator[tuple[SqliteStore, Book]]:
    """The store and its book, ready to be asked."""
    from dialer.portfolio.counting import Scope, open_book
    from dialer.portfolio.memory import keep_memory
    from dialer.portfolio.snapshot import load
    from dialer.store.sqlite import SqliteStore

    keep_memory()
    now_at = SystemClock().now_at()
    day = today.date() if today is not None else now_at.astimezone(session.zone).date()
    store = SqliteStore.open(session.settings.store_path, key=session.settings.store_key)
    try:
        portfolio = load(store, now_at, anew=anew, progress=session.progress)
        book = open_book(portfolio, Scope(today=day, zone=session.zone, months=months, call_days=days))
        try:
            yield store, book
        finally:
            book.counts.close()
    finally:
        store.close()


def where_of(session: Session, text: str) -> dict[Dimension, str]:
    """Read `region=河南,industry=建筑业`; empty: no cell was asked for.

    Raises:
        SettingsError: a key is unknown, or has no value.
    """
    from dialer.portfolio.report import Dimension

    where: dict[Dimension, str] = {}
    for pair in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, value = (piece.strip() for piece in pair.partition("="))
        if name not in set(Dimension) or not value:
            raise SettingsError(
                session.pick(
                    f"--cell {pair}：请写 {'=…、'.join(Dimension)}=…，以逗号分隔，如 region=河南,industry=建筑业。",
                    f"--cell {pair}: write {'=..., '.join(Dimension)}=..., with commas between, such as "
                    "region=河南,industry=建筑业.",
                )
            )
        where[Dimension(name)] = value
    return where


def _write(session: Session, report: object, *, html: Path | None, csv: Path | None, xlsx: Path | None) -> bool:
    """Write what was asked for; False: nothing was."""
    from dialer.cli.portfolio_tables import write_csv_folder, write_workbook
    from dialer.portfolio.report import PortfolioReport

    assert isinstance(report, PortfolioReport)
    paths: list[Path] = []
    if html is not None:
        from dialer.cli.portfolio_html import render_portfolio_html

        html.write_text(render_portfolio_html(report, session.lang), encoding="utf-8")
        paths.append(html)
    if csv is not None:
        paths += write_csv_folder(report, session.lang, csv)
    if xlsx is not None:
        write_workbook(report, session.lang, xlsx)
        paths.append(xlsx)
    for path in paths:
        session.say(f"已写入 {path}", f"Written to {path}", "green")
    return bool(paths)


def _show_cell(
    session: Session,
    store: SqliteStore,
    book: Book,
    where: dict[Dimension, str],
    *,
    limit: int,
    unmasked: bool,
    csv: Path | None,
) -> None:
    from dialer.cli.portfolio_cell import cell_rows, write_cell

    rows = cell_rows(session, store, book, where, limit=limit, unmasked=unmasked)
    if csv is not None:
        write_cell(session, rows, csv)
    if session.json:
        plain: list[JsonValue] = [dict(row) for row in rows]
        session.emit(plain)
        return
    if csv is None:
        session.out.print(_cell_table(session, rows))
        session.say(
            f"{len(rows):,} 户（--limit 可看更多）；单户：dialer account show 账号",
            f"{len(rows):,} accounts (--limit for more); one of them: dialer account show ACCOUNT",
        )


def _cell_table(session: Session, rows: list[dict[str, JsonValue]]) -> Table:
    heads = (("账号", "Account"), ("姓名", "Name"), ("账龄", "Bucket"), ("逾期天数", "Days"), ("逾期金额", "Overdue"),
             ("剩余本金", "Outstanding"), ("风险", "Grade"), ("坐席", "Agent"))  # fmt: skip
    table = Table(box=None, padding=(0, 2, 0, 0))
    for number, (zh, en) in enumerate(heads):
        table.add_column(
            session.pick(zh, en), justify="right" if 3 <= number <= 5 else "left", header_style="bright_black"
        )
    for row in rows:
        table.add_row(*(str(row[name]) for name in ("account_no", "name", "bucket", "days_past_due", "overdue",
                                                    "outstanding", "risk", "agent")))  # fmt: skip
    return table
