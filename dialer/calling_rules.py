"""The rules about calling as frozen values, each with where it comes from.

`dialer.config.profiles` reads profiles from YAML and merges those of a campaign with the campaign's own keys into one
`CallingRules`; `dialer.compliance` asks them. Several profiles hold together and the strictest of each rule wins:
hours are intersected, every limit holds, the longest margin, gap and ring and the shortest wait count, a third party
may be called where all that speak of it allow it, and a number where all allow its prefix.

Nothing here is legal advice. Every value is configuration with provenance: `Origin`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time
from enum import StrEnum

from dialer.types import Counted, LimitKey

CAMPAIGN = "campaign"
"""Stands where a profile's name stands, for rules out of the campaign's own keys."""


class Tag(StrEnum):
    """How well the source of a rule is known."""

    TEXT = "V"  # the rule's own text was read
    SECONDARY = "S"  # a secondary source was read: news, a law firm, a regulator's questions and answers
    MEMORY = "M"  # general knowledge, not read again
    UNSURE = "?"  # not to be presented as law
    HOUSE = "house"  # our own default


class Severity(StrEnum):
    """What the source says; the gate enforces both alike."""

    MUST = "must"
    SHOULD = "should"


class Denominator(StrEnum):
    """What abandoned calls are divided by."""

    LIVE_ANSWERS = "live_answers"  # answered by a person; 16 CFR 310.4(b)(4)(i)
    ABANDONED_AND_PASSED = "abandoned_and_passed"  # abandoned + passed to an agent; the UK's formula of 2010


class AbandonmentWindow(StrEnum):
    """Over what abandonment is measured."""

    HOUR = "hour"
    DAY = "day"
    DAYS_30 = "30 days"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a rule comes from."""

    profile: str = CAMPAIGN
    id: str
    cite: str = ""
    tag: Tag = Tag.HOUSE
    in_force_on: date | None = None
    """The rule does not hold before this local day of the debtor; None: since ever."""

    def __str__(self) -> str:
        """As records show it: `CN-BANK hours [CN-2, CN-6] (S)`."""
        cited = f" [{self.cite}]" if self.cite else ""
        return f"{self.profile} {self.id}{cited} ({self.tag})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Calling hours within one day, in the debtor's zone: opens <= t < closes. Closes 00:00: midnight."""

    opens: time
    closes: time


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalDays:
    """Consecutive calendar days in the debtor's zone; the day of the event is day 1. One day: that calendar day."""

    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignPeriod(LocalDays):
    """These very calendar days in the debtor's zone: so many from a date on, the same for every event."""

    begins_on: date | None = None
    """None: of whatever campaign the profile applies to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rolling:
    """So many seconds after the event."""

    seconds: float


LimitWindow = LocalDays | Rolling | CampaignPeriod


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How often something may happen, or for how long nothing may after something did."""

    origin: Origin
    key: LimitKey
    counts: Counted = Counted.DIAL
    window: LimitWindow
    max: int = 0
    """No further dial once so many are counted; 0 with `after`."""
    after: Counted | None = None
    """No dial at all while such an event lies within the window."""
    unless_reserved: bool = False
    """An agent who is reserved for this very call before it is dialled lifts the limit."""
    severity: Severity = Severity.MUST
    in_force_on: date | None = None
    """Not before this local day; None: since ever."""

    @property
    def what(self) -> Counted:
        """The events that count."""
        return self.counts if self.after is None else self.after

    @property
    def room(self) -> int:
        """The number of counted events at which there is no room left."""
        return self.max if self.after is None else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A number with its source."""

    value: float
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class HoursRule:
    """When one source lets debtors be called."""

    windows: Mapping[int, tuple[Window, ...]]
    """Weekday (Monday 0) -> windows; a missing day is closed."""
    consent_overrides: bool = False
    """The debtor's agreement lifts these hours."""
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """Dates on which one source has nobody called."""

    dates: Mapping[date, str]
    """Date -> what it is; empty: a date of the campaign's own."""
    origin: Origin

    @property
    def may_be_lifted(self) -> bool:
        """A house rule, which a campaign may do without; a rule with a source is not."""
        return self.origin.tag is Tag.HOUSE


@dataclass(frozen=True, slots=True, kw_only=True)
class ThirdPartyRule:
    """When a contact of the debtor may be called; one of the conditions is enough, with none of them: never."""

    own_number_invalid: bool = False
    """When no number of the debtor's own is left."""
    after_unreached: int | None = None
    """After so many dials in a row to the debtor's own numbers that reached no person."""
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class PrefixRule:
    """Which numbers may be dialled at all, by how they begin in E.164."""

    allow: tuple[str, ...]
    """One of these; empty: any."""
    deny: tuple[str, ...] = ()
    """None of these."""
    origin: Origin

    def permits(self, number: str) -> bool:
        """True when the number may be dialled."""
        return (not self.allow or number.startswith(self.allow)) and not number.startswith(self.deny)


@dataclass(frozen=True, slots=True, kw_only=True)
class AbandonmentRule:
    """How abandonment is counted and how much of it there may be."""

    max_ratio: float
    denominator: Denominator = Denominator.LIVE_ANSWERS
    windows: tuple[AbandonmentWindow, ...] = (AbandonmentWindow.DAY, AbandonmentWindow.DAYS_30)
    machine_error_ratio: float = 0.0
    """Of the verdicts `machine`, so many are believed to have been people, who count as abandoned."""
    report_ratio: float | None = None
    """A limit that is only reported against."""
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionRule:
    """For how long records are kept."""

    recording_days: int
    ledger_days: int
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One set of rules, as its file says it. What is None or empty is left to others."""

    name: str
    version: date
    digest: str
    """Of the file's content: the first 12 hexadecimal digits of its SHA-256."""
    title: str = ""
    country: str = ""
    """ISO 3166; empty: none in particular."""
    in_force_on: date | None = None
    hours: HoursRule | None = None
    closure: Closure | None = None
    """Public holidays of `country`."""
    close_margin: Value | None = None
    limits: tuple[Limit, ...] = ()
    effective_talk: Value | None = None
    third_party: ThirdPartyRule | None = None
    prefixes: PrefixRule | None = None
    abandonment: AbandonmentRule | None = None
    legal_wait: Value | None = None
    min_ring: Value | None = None
    retention: RetentionRule | None = None
    opening: tuple[str, ...] = ()
    """What the message and the first words must say."""
    notes: tuple[str, ...] = ()
    """What the source asks for that software cannot see to."""

    @property
    def stamp(self) -> str:
        """What records say of it: name, version, digest."""
        return f"{self.name} {self.version:%Y-%m-%d} {self.digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallingRules:
    """What the gate enforces for a campaign: its profiles and its own keys, the strictest of each.

    Made without profiles, as tests do, only the caps and hours given here hold.
    """

    windows: Mapping[int, tuple[Window, ...]]
    """Weekday (Monday 0) -> windows; a missing day is closed. What all of `hours` leave."""
    closed_dates: frozenset[date] = frozenset()
    """All of `closures`."""
    close_margin_s: float = 600.0
    """No dial in the last seconds before a window closes."""
    attempts_per_number_per_day: int | None = 6
    """The campaign's own cap; None: it has none, and `limits` alone hold. So the next two."""
    attempts_per_debtor_per_day: int | None = 6
    conversations_per_debtor_per_day: int | None = 3
    min_gap_s: float = 7200.0
    """Seconds between two attempts to one debtor, of all sources the longest."""
    min_ring_s: float = 20.0
    legal_wait_s: float = 2.0
    """A person who answered may wait this long for an agent, counted from the answer."""
    effective_talk_s: float = 0.0
    """A talk counts as effective from this length on."""
    limits: tuple[Limit, ...] = ()
    """Of the profiles, in their order; the campaign's caps above are limits besides, of the profile `campaign`."""
    hours: tuple[HoursRule, ...] = ()
    closures: tuple[Closure, ...] = ()
    third_parties: tuple[ThirdPartyRule, ...] = ()
    """All must allow it; none at all: no contact is called."""
    prefixes: tuple[PrefixRule, ...] = ()
    """All must permit the number; none at all: any number."""
    abandonment: AbandonmentRule | None = None
    sources: Mapping[str, Origin] = field(default_factory=dict)
    """`close_margin`, `min_gap`, `min_ring`, `legal_wait`, `effective_talk` -> where the value comes from."""
    after_consent: CallingRules | None = None
    """The same with the hours that a debtor's agreement leaves; None: agreement changes nothing."""
    profiles: tuple[Profile, ...] = ()
    before: tuple[tuple[date, CallingRules], ...] = ()
    """Earlier days have other rules: until a local day (not with it) -> those; the earliest first."""
