"""The shape of a profile's file. Nothing outside this package sees it; `docs/compliance.md` explains the keys."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from dialer.calling_rules import AbandonmentWindow, Denominator, LocalDays, Rolling, Severity, Tag
from dialer.config.models import Section, Text, Texts
from dialer.config.values import Day, Duration, Prefixes, Ratio, Windows, parse_local_window
from dialer.types import Counted, LimitKey

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
Days = Annotated[int, Field(ge=1, le=36_500)]
LocalWindow = Annotated[LocalDays | Rolling, BeforeValidator(parse_local_window)]


class Sourced(Section):
    """Anything with a source."""

    id: Id | None = None
    cite: Texts = ()
    tag: Tag
    in_force_on: Day | None = None


class HoursSection(Sourced):
    """When debtors may be called."""

    days: Annotated[dict[str, Windows], Field(min_length=1)]
    consent_overrides: bool = False


class HolidaysSection(Sourced):
    """Public holidays of the profile's country are closed dates."""


class SecondsSection(Sourced):
    """A length of time."""

    value: Duration


class LimitSection(Sourced):
    """One limit."""

    id: Id
    key: LimitKey
    counts: Counted = Counted.DIAL
    window: LocalWindow
    max: Annotated[int, Field(ge=1, le=1_000)] | None = None
    after: Counted | None = None
    unless: Literal["agent_reserved"] | None = None
    severity: Severity = Severity.MUST


class ThirdPartySection(Sourced):
    """When contacts may be called."""

    own_number_invalid: bool = False
    after_unreached: Annotated[int, Field(ge=1, le=100)] | None = None


class PrefixesSection(Sourced):
    """Which numbers may be dialled."""

    allow: Annotated[Prefixes, Field(min_length=1)]
    deny: Prefixes = ()


class AbandonmentSection(Sourced):
    """How abandonment is counted."""

    max: Ratio
    denominator: Denominator = Denominator.LIVE_ANSWERS
    windows: Annotated[tuple[AbandonmentWindow, ...], Field(min_length=1)] = (
        AbandonmentWindow.DAY,
        AbandonmentWindow.DAYS_30,
    )
    machine_errors: Ratio = 0.0
    report: Ratio | None = None


class RetentionSection(Sourced):
    """For how long records are kept."""

    recording_days: Days
    ledger_days: Days


class ProfileFile(Section):
    """`dialer/compliance/profiles/NAME.yaml`, or one's own."""

    profile: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9-]{1,30}$")]
    version: Day
    title: Text
    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] | None = None
    in_force_on: Day | None = None
    hours: HoursSection | None = None
    holidays: HolidaysSection | None = None
    close_margin: SecondsSection | None = None
    limits: tuple[LimitSection, ...] = ()
    effective_talk: SecondsSection | None = None
    third_party: ThirdPartySection | None = None
    prefixes: PrefixesSection | None = None
    abandonment: AbandonmentSection | None = None
    legal_wait: SecondsSection | None = None
    min_ring: SecondsSection | None = None
    retention: RetentionSection | None = None
    opening: Texts = ()
    notes: Texts = ()
