"""What is believed before anything was learned, and how much it takes to believe otherwise: settings of the order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType

from dialer.types import ContactRole

_RIGHT_PARTY = MappingProxyType({ContactRole.DEBTOR: 0.7, ContactRole.GUARANTOR: 0.7, ContactRole.CONTACT: 0.05})
_RECOVERY = MappingProxyType(
    {"M0": 0.30, "M1": 0.20, "M2": 0.12, "M3": 0.08, "M4": 0.05, "M5": 0.04, "M6": 0.03, "M7": 0.015}
)
_GRADES = MappingProxyType({"A": 1.5, "B": 1.25, "C": 1.0, "D": 0.75, "E": 0.5})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactBelief:
    """Of the chance that a number is answered, and by the right party.

    Strengths are in dials: with as many dials seen, what was seen and what was believed weigh the same.
    """

    answer_ratio: float = 0.3
    """Answered by a person / dialled, at any hour: no hour is believed better before it was seen to be."""
    answer_strength: float = 50.0
    hour_strength: float = 60.0
    """Of the chance of all hours, for one block of hours of everybody, and of a block for one weekday of it."""
    group_strength: float = 60.0
    """Of everybody's chance, for a region; of a region's, for a segment in it."""
    number_strength: float = 6.0
    """Of its group's chance, for a number, as long as too few numbers have been dialled to learn it."""
    number_hour_strength: float = 6.0
    """Of the number's chance at other hours, for one block of hours of it."""
    right_party: Mapping[ContactRole, float] = field(default_factory=lambda: _RIGHT_PARTY)
    """The right party answers / a person answers, by who is reached at the number."""
    right_party_strength: float = 20.0
    number_right_party_strength: float = 3.0
    number_half_life_days: float = 45.0
    """After so long what a number did counts half: a number that was dead may be in use again."""
    group_half_life_days: float = 90.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoveryBelief:
    """Of what talking with the right party brings."""

    by_bucket: Mapping[str, float] = field(default_factory=lambda: _RECOVERY)
    """Bucket -> paid within the window / due, once the right party was reached."""
    by_grade: Mapping[str, float] = field(default_factory=lambda: _GRADES)
    """Grade of risk -> a factor on it."""
    otherwise: float = 0.10
    """Of a bucket that is not named."""
    strength: float = 30.0
    """Accounts reached: with as many seen, what they paid and what was believed weigh the same."""
    broken_promise: float = 0.7
    """A factor for each promise that was broken, three at most."""
    most_due: Decimal = Decimal(1_000_000)
    """Of an amount above this nothing more is expected; a slip of the key should not lead the list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a dial costs of an agent's time, in seconds."""

    dial_s: float = 6.0
    """An agent's waiting time, shared out over the dials that it takes."""
    other_party_s: float = 30.0
    """A person answers who is not the debtor, with the note on it."""
    talk_s: float = 150.0
    wrap_up_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberChoice:
    """When the next number is tried in place of one that is not answered."""

    after_unanswered: int = 4
    """Dials in a row without an answer before another number may take its place."""
    better_by: float = 1.2
    """Its chance must be so many times that of the one before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderingSettings:
    """`config/ordering.yaml`."""

    contact: ContactBelief = ContactBelief()
    recovery: RecoveryBelief = RecoveryBelief()
    costs: Costs = Costs()
    numbers: NumberChoice = NumberChoice()
    later_weight: float = 0.5
    """How much a better hour later today counts against a dial now (0..1); 0: only this moment counts."""
    until_hour: int = 20
    """Hours of today from here on count as no chance any more."""
    window_days: int = 30
    """What was paid so many days after the right party was reached counts as recovered by it."""
    refresh_s: float = 60.0
    """How often some of the accounts are worked out anew while the engine runs; 0: only when told to."""
    accounts_per_refresh: int = 20_000
    """So many at a time, in turn, so that the engine's own work waits for nothing."""
