"""What the commands of loans and plans need: `plans.yaml`, the store, one account, who runs the command."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from dialer.access import Role
from dialer.cli.init import example_folder
from dialer.cli.session import Session
from dialer.errors import SettingsError
from dialer.masking import mask_account, mask_name

if TYPE_CHECKING:
    from sqlite3 import Connection

    from dialer.config.plans import PlanSettings
    from dialer.types import AccountId

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="Account number.")]
Client = Annotated[str, typer.Option("--client", help="The lender, where two of them use the same number.")]
Unmasked = Annotated[bool, typer.Option("--unmasked", help="Whole names and account numbers; admin and auditor.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Whose account it is, as may be shown."""

    account_id: AccountId
    account_no: str
    client: str
    debtor_name: str


def plan_settings(session: Session) -> PlanSettings:
    """`plans.yaml` beside `dialer.yaml`, or the shipped one.

    Raises:
        SettingsError: with every problem of the file.
    """
    from dialer.config.plans import load_plans

    return load_plans(session.config.parent, example_folder(), session.zone)


def named(connection: Connection, account_no: str, client: str, *, unmasked: bool) -> Named:
    """One account.

    Raises:
        StoreError: there is none, or two lenders use the number and none is named.
    """
    from dialer.store.books import SQL
    from dialer.store.promised import account_of

    account_id = account_of(connection, account_no.strip(), client)
    rows = connection.execute(SQL["accounts_of_number"], {"account_no": account_no.strip()}).fetchall()
    lender, name = next((lender, name) for one, lender, name in rows if one == account_id)
    return Named(
        account_id=account_id,
        account_no=account_no.strip() if unmasked else mask_account(account_no),
        client=lender,
        debtor_name=name if unmasked else mask_name(name),
    )


def role(session: Session) -> Role:
    """The role of whoever runs this command; without `users:` the owner of the files is admin."""
    return session.person.role if session.person is not None else Role.ADMIN


def told_amount(session: Session, text: str, option: str) -> Decimal | None:
    """An amount of an option; empty: None.

    Raises:
        SettingsError: it is no amount.
    """
    if not text:
        return None
    try:
        found = Decimal(text.replace(",", ""))
        if found.is_finite() and found >= 0 and found == found.quantize(Decimal("0.01")):
            return found.quantize(Decimal("0.01"))
    except InvalidOperation:
        pass
    raise SettingsError(
        session.pick(
            f"{option} {text} 不是金额，请写成 1200.00 这样的形式。",
            f"{option} {text} is no amount; write it like 1200.00.",
        )
    )
