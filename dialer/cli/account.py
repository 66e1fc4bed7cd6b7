"""`dialer account`: everything that is known of one debtor, on one page; and finding whom somebody means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dialer.cli.opening import opened
from dialer.cli.session import Session, session_of
from dialer.errors import SettingsError, StoreError
from dialer.masking import mask_account, mask_name, mask_number

if TYPE_CHECKING:
    from dialer.cli.account_view import AccountView
    from dialer.cli.why import Told
    from dialer.known_facts import Known, Said
    from dialer.store.account_page import Row

MOST_FOUND: Final = 50
_LEAST_CHARS: Final = 2
_WHOLE: Final = ("account_no", "number", "amount_due")
"""Cut short, they tell nothing."""

app = typer.Typer(help="One debtor on one page, and finding whom somebody means.", no_args_is_help=True)
Unmasked = Annotated[
    bool, typer.Option("--unmasked", help="Whole numbers and names; only for people who may see them.")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page, and why its account may or may not be called."""

    view: AccountView
    told: tuple[Told, ...]


@app.command(epilog="Example: dialer account show 20260001 --html page.html --lang zh")
def show(
    context: typer.Context,
    account: Annotated[str, typer.Argument(metavar="ACCOUNT|NUMBER", help="An account, or a number of somebody.")],
    client: Annotated[str, typer.Option(help="The lender, where several have this account number.")] = "",
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the page as HTML.")] = None,
    unmasked: Unmasked = False,
) -> None:
    """Show loans, instalments, payments, contacts, calls, promises, scores, facts with sources, events, and why."""
    from dialer.cli.account_html import render_html
    from dialer.cli.account_text import render

    session = session_of(context)
    shown = _read(session, account.strip(), client.strip(), unmasked=unmasked)
    if html is not None:
        html.write_text(render_html(shown), encoding="utf-8")
    if session.json:
        session.emit(_as_json(shown))
    elif html is not None:
        session.say(f"已写入 {html}。", f"Written to {html}.", "green")
    else:
        session.out.print(render(shown))


@app.command(epilog="Example: dialer account find 王小 --json; a name, an account, or four digits of a number")
def find(
    context: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="Part of a name, an account or a phone number.")],
    unmasked: Unmasked = False,
) -> None:
    """Find accounts by a part of the debtor's or a contact's name, of the account's or of a phone number."""
    from dialer.store import account_page

    session = session_of(context)
    wanted = text.strip()
    if len(wanted) < _LEAST_CHARS:
        raise SettingsError(session.pick("请至少给出两个字。", "Give at least two characters."))
    with opened(session) as store, store.reading() as database:
        found = account_page.find(database.conn, wanted, most=MOST_FOUND + 1)
    rows = [_line(one, unmasked=unmasked) for one in found[:MOST_FOUND]]
    if session.json:
        session.emit([dict(row) for row in rows])
        return
    if not rows:
        session.say("没有找到。", "Nothing was found.", "yellow")
        return
    session.out.print(_found_table(session, rows))
    if len(found) > MOST_FOUND:
        session.say(f"只显示前 {MOST_FOUND} 个。", f"Only the first {MOST_FOUND} are shown.", "bright_black")


def _read(session: Session, asked: str, client: str, *, unmasked: bool) -> Shown:
    from dialer.cli.account_view import AccountView
    from dialer.cli.why import campaigns_of, tell
    from dialer.store import account_page
    from dialer.types import AccountId

    with opened(session) as store:
        told = [
            one
            for one in tell(session, store, asked, campaigns_of(session, ""), unmasked=unmasked)
            if not client or one.known.client == client
        ]
        lenders = sorted({one.known.client for one in told})
        if not told or (len(lenders) > 1 and len({one.known.account_no for one in told}) == 1):
            raise StoreError(_which(session, asked, client, lenders))
        with store.reading() as database:
            page = account_page.read(database.conn, AccountId(told[0].known.account_id))
    return Shown(view=AccountView(page=page, lang=session.lang, zone=session.zone, unmasked=unmasked), told=tuple(told))


def _which(session: Session, asked: str, client: str, lenders: Sequence[str]) -> str:
    shown = mask_account(asked)
    if not lenders:
        return session.pick(
            f"委托方 {client} 没有账户 {shown}。", f"The lender {client} has no account {shown}; leave --client out."
        )
    names = ", ".join(lenders)
    return session.pick(
        f"多个委托方有账户 {shown}：请用 --client 指定其一：{names}。",
        f"Several lenders have an account {shown}; give one with --client: {names}.",
    )


# --- finding --------------------------------------------------------------------------------------------


def _line(row: Row, *, unmasked: bool) -> Mapping[str, JsonValue]:
    shown = dict(row)
    shown["amount_due"] = f"{int(str(shown.pop('amount_due_cents'))) / 100:.2f}"
    shown.pop("account_id")
    if not unmasked:
        masks = (("account_no", mask_account), ("debtor", mask_name), ("number", mask_number))
        shown |= {name: mask(str(shown[name])) if shown[name] else "" for name, mask in masks}
    return shown


def _found_table(session: Session, rows: Sequence[Mapping[str, JsonValue]]) -> Table:
    from dialer.cli.account_words import COLUMNS, WORDS

    table = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0))
    heads = {**COLUMNS, "debtor": ("姓名", "name"), "owner": ("负责人", "owner"), "amount_due": ("欠款", "due")}
    names = [name for name in rows[0] if any(row[name] not in (None, "") for row in rows)]
    for name in names:
        numeric = name in ("amount_due", "days_past_due")
        table.add_column(session.pick(*heads[name]), justify="right" if numeric else "left", no_wrap=name in _WHOLE)
    for row in rows:
        cells = (str(value if value is not None else "") for value in map(row.get, names))
        table.add_row(*(Text(session.pick(*WORDS.get(cell, (cell, cell)))) for cell in cells))
    return table


# --- JSON -----------------------------------------------------------------------------------------------


def _as_json(shown: Shown) -> JsonValue:
    view, page = shown.view, shown.view.page
    return {
        **{name: _value(view, name, value) for name, value in page.account.items() if not name.endswith("_id")},
        "facts": [_fact_json(view, one) for one in (*page.facts.values(), *page.account_facts.values())],
        "conflicts": view.conflicts,
        **{
            key: [{name: _value(view, name, value) for name, value in row.items()} for row in rows]
            for key, rows in page.tables.items()
        },
        "why": [
            {
                "account": one.account_no,
                "campaign": answer.campaign,
                "may": answer.may,
                "reasons": [
                    {"rule": block.rule, "zh": one.plain(block.zh), "en": one.plain(block.en)}
                    for block in answer.blocks
                ],
                "next_at": None if answer.next_at is None else answer.next_at.isoformat(),
            }
            for one in shown.told
            for answer in one.answers
        ],
    }


def _value(view: AccountView, name: str, value: str | int | float | None) -> JsonValue:
    if name.endswith("_cents"):
        return None if value is None else f"{int(value) / 100:.2f}"
    return view.private(name, value) if isinstance(value, str) else value


def _fact_json(view: AccountView, known: Known) -> JsonValue:
    return {
        "field": known.field,
        **_said_json(view, known.field, known.believed),
        "others": [_said_json(view, known.field, one) for one in known.others],
        "conflicts": len(known.conflicts),
    }


def _said_json(view: AccountView, field: str, said: Said) -> dict[str, JsonValue]:
    return {
        "value": view.fact(field, said),
        "source": said.source,
        "at": said.at.isoformat(),
        "file": said.file,
        "said_by": said.said_by,
    }
