"""One loan with its debtor and numbers as a list brings it, checked and normal; and what an import did.

`dialer.accounts.importing` makes these from files; `Store.import_accounts` writes them. The key of an account
is `account_no` with `client`: the same key in a later file updates the loan and never touches attempts, the
state of the account, or stop flags.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from dialer.types import ContactRole, Number


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherPhone:
    """A number at which somebody else than the debtor is reached."""

    number: Number
    zone: str
    """As in `ImportedAccount.zones`."""
    role: ContactRole


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportedAccount:
    """A row of a list after parsing: numbers in E.164, money exact, zones by IANA name."""

    account_no: str
    client: str = ""
    """The lender on whose behalf the account is worked."""
    debtor_name: str
    debtor_key: str = ""
    """An id of the debtor from outside (customer id, hash of an ID number); empty: name and first phone."""
    phones: tuple[Number, ...]
    """In the order in which they are to be tried."""
    zones: tuple[str, ...]
    """Of each phone, in the same order, its IANA time zone; commas between candidates; empty string: unknown."""
    others: tuple[OtherPhone, ...] = ()
    """Guarantors and contacts; whether they may be called, and when, the profiles say."""
    others_unread: int = 0
    """Numbers of other people that could not be read and were left out."""
    amount_due: Decimal
    """At most two decimal places."""
    principal: Decimal | None = None
    days_past_due: int = 0
    risk: str = ""
    region: str = ""
    product: str = ""
    language: str = "zh"
    industry: str = ""
    remark: str = ""
    priority: int = 0
    """Greater is called sooner, before days past due and amount."""
    alias: str = ""
    """A second id of the debtor, such as `key:id-...` beside a customer id: another file may know them by it only."""
    details: tuple[tuple[str, str], ...] = ()
    """What else the row tells: (field of `dialer.accounts.fields.DETAIL_FIELDS`, its text as `cells` writes it)."""

    def __post_init__(self) -> None:
        if len(self.phones) != len(self.zones):
            raise ValueError(f"{self.account_no}: {len(self.phones)} phones but {len(self.zones)} zones")

    @property
    def debtor_identity(self) -> str:
        """What makes two rows one debtor."""
        if self.debtor_key:
            return f"key:{self.debtor_key}"
        first = self.phones[0] if self.phones else f"{self.client}/{self.account_no}"
        return f"name:{self.debtor_name}/{first}"


class AccountRow(NamedTuple):
    """An `ImportedAccount` as the store takes a million of them: texts and whole numbers only, in one flat tuple.

    Where nothing but a tuple passes between modules, its parts are those of this class, in this order.
    """

    account_no: str
    client: str
    identity: str
    debtor_name: str
    product: str
    principal_cents: int | None
    amount_due_cents: int
    days_past_due: int
    risk: str
    region: str
    language: str
    industry: str
    remark: str
    priority: int
    numbers: tuple[str, ...]
    """The debtor's own, then those of others; each once."""
    zones: tuple[str, ...]
    roles: tuple[str, ...]
    alias: str
    details: tuple[tuple[str, str], ...]
    others_unread: int


LOAN_COLUMNS = 14
"""The parts of an `AccountRow` before its numbers."""


def row_of(account: ImportedAccount) -> AccountRow:
    """The flat form.

    Raises:
        ValueError: an amount has a fraction of a cent.
    """
    phones: dict[str, tuple[str, str]] = {}
    for number, zone in zip(account.phones, account.zones, strict=True):
        phones.setdefault(number, (zone, ContactRole.DEBTOR.value))
    for other in account.others:
        phones.setdefault(other.number, (other.zone, other.role.value))
    return AccountRow(
        account_no=account.account_no,
        client=account.client,
        identity=account.debtor_identity,
        debtor_name=account.debtor_name,
        product=account.product,
        principal_cents=None if account.principal is None else whole_cents(account.principal),
        amount_due_cents=whole_cents(account.amount_due),
        days_past_due=account.days_past_due,
        risk=account.risk,
        region=account.region,
        language=account.language,
        industry=account.industry,
        remark=account.remark,
        priority=account.priority,
        numbers=tuple(phones),
        zones=tuple(zone for zone, _ in phones.values()),
        roles=tuple(role for _, role in phones.values()),
        alias=account.alias,
        details=account.details,
        others_unread=account.others_unread,
    )


def account_of(row: AccountRow) -> ImportedAccount:
    """The row with names and types."""
    phones = list(zip(row.numbers, row.zones, row.roles, strict=True))
    own = [(Number(number), zone) for number, zone, role in phones if role == ContactRole.DEBTOR]
    return ImportedAccount(
        account_no=row.account_no,
        client=row.client,
        debtor_name=row.debtor_name,
        debtor_key=row.identity.removeprefix("key:") if row.identity.startswith("key:") else "",
        phones=tuple(number for number, _ in own),
        zones=tuple(zone for _, zone in own),
        others=tuple(
            OtherPhone(number=Number(number), zone=zone, role=ContactRole(role))
            for number, zone, role in phones
            if role != ContactRole.DEBTOR
        ),
        others_unread=row.others_unread,
        amount_due=Decimal(row.amount_due_cents).scaleb(-2),
        principal=None if row.principal_cents is None else Decimal(row.principal_cents).scaleb(-2),
        days_past_due=row.days_past_due,
        risk=row.risk,
        region=row.region,
        product=row.product,
        language=row.language,
        industry=row.industry,
        remark=row.remark,
        priority=row.priority,
        alias=row.alias,
        details=row.details,
    )


def whole_cents(amount: Decimal) -> int:
    """An amount as whole cents.

    Raises:
        ValueError: it has a fraction of a cent, which would be lost.
    """
    scaled = amount.scaleb(2)
    if scaled != scaled.to_integral_value():
        raise ValueError(f"the amount {amount} has a fraction of a cent")
    return int(scaled)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """How many accounts of a file were new, changed, or the same as before."""

    added: int
    updated: int
    unchanged: int

    @property
    def total(self) -> int:
        """All accounts of the file."""
        return self.added + self.updated + self.unchanged
