"""Down from a cell of the portfolio to its accounts: who they are stands in the store, not in the columns."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

from pydantic import JsonValue

from dialer.cli.session import Session
from dialer.loans.buckets import bucket_of
from dialer.masking import mask_account, mask_name
from dialer.portfolio.counting import Book
from dialer.portfolio.portfolio import accounts_of
from dialer.portfolio.report import Dimension
from dialer.store.sqlite import SqliteStore
from dialer.store.statements import Statements

_SQL = Statements("portfolio")


def cell_rows(
    session: Session, store: SqliteStore, book: Book, where: Mapping[Dimension, str], *, limit: int, unmasked: bool
) -> list[dict[str, JsonValue]]:
    """The accounts of a cell, the latest first.

    Raises:
        SettingsError: no account has such a region, industry or product.
    """
    found = accounts_of(book, where, limit)
    with store.reading() as database:
        names = {
            one.account_id: database.conn.execute(_SQL["who"], {"account_id": one.account_id}).fetchone()
            for one in found
        }
    rows: list[dict[str, JsonValue]] = []
    for one in found:
        account_no, client, name, risk, agent = names[one.account_id]
        rows.append(
            {
                "account_no": account_no if unmasked else mask_account(account_no),
                "client": client,
                "name": name if unmasked else mask_name(name),
                "bucket": bucket_of(one.days_past_due).value,
                "days_past_due": one.days_past_due,
                "overdue": f"{one.overdue:.2f}",
                "outstanding": f"{one.outstanding:.2f}",
                "risk": risk,
                "agent": agent,
            }
        )
    return rows


def write_cell(session: Session, rows: list[dict[str, JsonValue]], folder: Path) -> None:
    """Write the accounts to `accounts.csv` in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "accounts.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        if rows:
            writer.writerow(rows[0])
        writer.writerows(row.values() for row in rows)
    session.say(f"已写入 {path}", f"Written to {path}", "green")
