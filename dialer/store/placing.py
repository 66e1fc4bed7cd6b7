"""Of whom does a row of an application, repayment, score or contact file tell?

The first rule that fits:
- the debtor of its account, by number and lender; without a lender, where only one has that number
- the debtor of its customer id, or of the digest of its ID number
- somebody of the same name with the same first number
- in an application: a new debtor, with a new account that is closed until a list names it

Where the account says one debtor and the id another, they are one person who was known twice when no id speaks
against it, and become one: accounts, numbers, stops, calls and what else there is of the one who was known by name
only go to the other. While either is on the phone or leased the row is refused, and so is one whose id contradicts.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from dialer.accounts.fields import Field
from dialer.accounts.imported import AccountRow
from dialer.accounts.sources import SourceRow
from dialer.accounts.values import Unusable
from dialer.store.importing import debtor_for, is_somebody_else, learn_keys, owner_of
from dialer.store.statements import Statements
from dialer.types import ContactRole

_SQL = Statements("sources")
_UNKNOWN = Unusable(
    "没有这个账户或客户；请先导入申请资料或名单", "nobody has this account or id; import applications or accounts first"
)
_SEVERAL = Unusable(
    "多个委托方有同一账户编号；请加一列“委托方”", "several lenders have this account number; add a column client"
)
_CONTRADICTS = Unusable(
    "账户属于另一客户号或证件号的人", "the account belongs to a debtor with another id; one of the two is wrong"
)
_BUSY = Unusable(
    "该客户正在通话或已被租用；请稍后再导入", "the debtor is being called just now; import the row again later"
)


_JOINING = (
    *("copy_phones", "move_accounts", "move_flags", "move_attempts", "move_dispositions", "move_consents"),
    *("move_scores", "move_facts", "move_sources", "move_owners", "stop_moved"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Of whom, and of which account, a row tells."""

    debtor_id: int
    account_id: int | None
    """None: it tells of the debtor only."""
    is_new: bool = False
    """The debtor is known since this row."""


def place(connection: sqlite3.Connection, row: SourceRow) -> Placed | Unusable:
    """Find the debtor of a row, and bring together who was known twice; nobody is made."""
    account = _account(connection, row)
    if isinstance(account, Unusable):
        return account
    identities = identities_of(row)
    owner = next((found for one in identities if (found := owner_of(connection, one)) is not None), None)
    if account is None:
        debtor_id = owner if owner is not None else _namesake(connection, row)
        if debtor_id is None:
            return _UNKNOWN
        if any(is_somebody_else(connection, debtor_id, one) for one in identities):
            return _CONTRADICTS
        learn_keys(connection, debtor_id, identities)
        return Placed(debtor_id=debtor_id, account_id=None)
    account_id, debtor_id = account
    if owner is not None and owner != debtor_id:
        joined = _join(connection, debtor_id, owner)
        if isinstance(joined, Unusable):
            return joined
        debtor_id = joined
    elif any(is_somebody_else(connection, debtor_id, one) for one in identities):
        return _CONTRADICTS
    learn_keys(connection, debtor_id, identities)
    return Placed(debtor_id=debtor_id, account_id=account_id)


def place_or_make(
    connection: sqlite3.Connection, row: SourceRow, *, principal_cents: int | None, batch_id: int
) -> Placed | Unusable:
    """As `place`, for an application: whoever is not known is made."""
    found = place(connection, row)
    if isinstance(found, Unusable) and found is not _UNKNOWN:
        return found
    if isinstance(found, Unusable):
        debtor_id, known = debtor_for(connection, as_account_row(row))
        found = Placed(debtor_id=debtor_id, account_id=None, is_new=not known)
    if found.account_id is not None or not row.get(Field.ACCOUNT_NO):
        return found
    account = {
        "account_no": row.get(Field.ACCOUNT_NO),
        "client": row.get(Field.CLIENT),
        "debtor_id": found.debtor_id,
        "product": row.get(Field.PRODUCT),
        "principal_cents": principal_cents,
        "region": row.get(Field.REGION),
        "language": row.get(Field.LANGUAGE) or "zh",
        "industry": row.get(Field.INDUSTRY),
        "batch_id": batch_id,
    }
    account_id = connection.execute(_SQL["add_unlisted"], account).lastrowid
    return Placed(debtor_id=found.debtor_id, account_id=account_id, is_new=found.is_new)


def identities_of(row: SourceRow) -> tuple[str, ...]:
    """The ids by which a row names its debtor, as `debtors.identity` has them."""
    found = (row.get(Field.DEBTOR_KEY), row.get(Field.ID_NO))
    return tuple(f"key:{one}" for one in found if one)


def as_account_row(row: SourceRow) -> AccountRow:
    """What a row says of a debtor, in the form that lists have: for adding debtors and numbers."""
    identities = identities_of(row)
    own = [phone.number for phone in row.phones if phone.role is ContactRole.DEBTOR]
    first = own[0] if own else f"{row.get(Field.CLIENT)}/{row.get(Field.ACCOUNT_NO)}"
    phones = sorted(row.phones, key=lambda phone: phone.role is not ContactRole.DEBTOR)
    return AccountRow(
        account_no=row.get(Field.ACCOUNT_NO),
        client=row.get(Field.CLIENT),
        identity=identities[0] if identities else f"name:{row.get(Field.DEBTOR_NAME)}/{first}",
        debtor_name=row.get(Field.DEBTOR_NAME),
        product="",
        principal_cents=None,
        amount_due_cents=0,
        days_past_due=0,
        risk="",
        region="",
        language="",
        industry="",
        remark="",
        priority=0,
        numbers=tuple(phone.number for phone in phones),
        zones=tuple(phone.zone for phone in phones),
        roles=tuple(phone.role.value for phone in phones),
        alias=identities[1] if len(identities) > 1 else "",
        details=(),
        others_unread=0,
    )


def _account(connection: sqlite3.Connection, row: SourceRow) -> tuple[int, int] | Unusable | None:
    """The account of a row with its debtor; None: there is none yet, or the row names none."""
    if not (account_no := row.get(Field.ACCOUNT_NO)):
        return None
    wanted = {"account_no": account_no, "client": row.get(Field.CLIENT)}
    found = connection.execute(_SQL["accounts_of"], wanted).fetchall()
    match found:
        case []:
            return None
        case [(account_id, debtor_id, _)]:
            return int(account_id), int(debtor_id)
        case _:
            return _SEVERAL


def _namesake(connection: sqlite3.Connection, row: SourceRow) -> int | None:
    own = [phone.number for phone in row.phones if phone.role is ContactRole.DEBTOR]
    if not own or not row.get(Field.DEBTOR_NAME):
        return None
    of_name = {"number": own[0], "name": row.get(Field.DEBTOR_NAME)}
    found = connection.execute(Statements("import")["find_namesake"], of_name).fetchone()
    return None if found is None else int(found[0])


def _join(connection: sqlite3.Connection, of_account: int, of_id: int) -> int | Unusable:
    """Make one debtor of two who are one person; returns who is left."""
    for debtor_id, into_id in ((of_account, of_id), (of_id, of_account)):
        pair = {"debtor_id": debtor_id, "into_id": into_id}
        if connection.execute(_SQL["is_named_only"], {"debtor_id": debtor_id}).fetchone()[0]:
            if connection.execute(_SQL["is_leased"], pair).fetchone()[0]:
                return _BUSY
            for step in _JOINING:
                connection.execute(_SQL[step], pair)
            return into_id
    return _CONTRADICTS
