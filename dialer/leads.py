"""An account that is about to be dialled, and what becomes of it: values that facts and effects carry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from dialer.types import AccountId, AgentId, ContactRole, Counted, DebtorId, NextKind, Number, PhoneId, StopFlag


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """One earlier dial, as limits count it."""

    at: datetime
    """When it was placed; aware UTC."""
    number: Number
    debtor_id: DebtorId
    account_id: AccountId
    role: ContactRole = ContactRole.DEBTOR
    counted: frozenset[Counted] = frozenset({Counted.DIAL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """An account and the number to try next, leased from the store with all that a decision needs."""

    account_id: AccountId
    account_no: str
    debtor_id: DebtorId
    debtor_name: str
    phone_id: PhoneId
    number: Number
    zone: str
    """IANA time zone of the debtor; empty: unknown, and then nobody may call."""
    days_past_due: int = 0
    amount_due: Decimal = Decimal(0)
    risk: str = ""
    region: str = ""
    language: str = "zh"
    product: str = ""
    team: str = ""
    """Set by an assignment rule: only this team may take the call."""
    callback_agent: AgentId | None = None
    """Whom a call-back was promised to."""
    attempts_total: int = 0
    """Attempts on this account so far, over all numbers."""
    retries: int = 0
    """Attempts since the last conversation or import that ended in the same outcome as the last one."""
    number_attempts_today: int = 0
    """Dials to this number since the debtor's local midnight, over all campaigns."""
    debtor_attempts_today: int = 0
    debtor_conversations_today: int = 0
    last_attempt_at: datetime | None = None
    """The last dial to any number of this debtor."""
    stop_flags: frozenset[StopFlag] = frozenset()
    other_numbers: int = 0
    """Further valid numbers of this debtor, those of contacts too."""
    other_contacts: int = 0
    """Of those: contacts', which are only tried where the rules allow it."""
    role: ContactRole = ContactRole.DEBTOR
    """Who is reached at the number."""
    touches: tuple[Touch, ...] = ()
    """Every dial of the last 31 days to any number of the debtor, or to this number, oldest first."""
    consented_until: datetime | None = None
    """The debtor agreed, in person, to be called until then at hours that a rule leaves to agreement."""
    own_number_invalid: bool = False
    """No number of the debtor's own is left that may reach them; a third party may then be called where rules allow."""
    last_own_number: bool = False
    """This is the debtor's own number, and the only one that is left; told where there are `other_contacts`."""
    owner: AgentId | None = None
    """Who looks after the debtor: takes the call when free."""
    owner_team: str = ""
    """Whose turn it is when the owner is not free."""
    skill: str = ""
    """What the debtor's assignment asks of whoever takes the call; empty: nothing."""
    level: int = 0
    """At least so much of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A promise to pay."""

    amount: Decimal
    due_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What happens next to an account, and which rule said so."""

    kind: NextKind
    at: datetime | None = None
    """Earliest moment of the next attempt, for `retry`, `other_number`, `callback` and `hold`."""
    team: str = ""
    agent_id: AgentId | None = None
    rule: str
    reason: str
    """A sentence for people: why."""
