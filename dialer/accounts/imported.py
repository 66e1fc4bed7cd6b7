"""One loan with its debtor and numbers as a list brings it, checked and normal; and what an import did.

`dialer.accounts.importing` makes these from files; `Store.import_accounts` writes them. The key of an account
is `account_no` with `client`: the same key in a later file updates the loan and never touches attempts, the
state of the account, or stop flags.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

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
