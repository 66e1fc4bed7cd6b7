"""What is told about a campaign, a list and an account: plain values, filled by `dialer.store.reports`.

Ratios are None where nothing was counted, never 0: an empty campaign abandons nobody and serves nobody.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from dialer.types import AgentId, CampaignName, Outcome, TrunkName

ANSWERED_BY_PERSON = frozenset({Outcome.BRIDGED, Outcome.ABANDONED, Outcome.EARLY_HANGUP})
NOT_CARRIED = frozenset({Outcome.TRUNK_FAILED, Outcome.CONGESTION, Outcome.ENGINE_ERROR})
"""Outcomes that speak of the line or of us and not of the debtor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListProgress:
    """How far a list is. `total` = `done` + `waiting` + `dialable_now`."""

    total: int
    done: int
    """Closed, never again, or on hold."""
    waiting: int
    """Become dialable later, or are leased or in the air now."""
    dialable_now: int
    on_hold: int
    """Of those done."""
    never: int
    """Of those done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryLine:
    """One thing that happened to an account."""

    at: datetime
    client: str
    event: str
    """`noun.verb`, such as `attempt.placed`."""
    detail: str
    attempt_id: str
    number: str
    agent_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """How a measured quantity is spread; nearest-rank quantiles, None without a measurement."""

    count: int
    p50: float | None
    p95: float | None
    p99: float | None
    max: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLine:
    """One agent in the span. Calls are of the campaign, times are of the agent whatever the campaign."""

    agent_id: AgentId
    calls: int
    """Bridged."""
    talk_s: float
    """Of those calls."""
    wrap_up_s: float
    logged_in_s: float
    paused_s: float
    ready_s: float
    occupancy_ratio: float | None
    """(talking + wrap-up) / (logged in - paused), by the agent's own states."""
    right_party: int
    promises: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkLine:
    """One trunk in the span."""

    trunk: TrunkName
    attempts: int
    answered: int
    """By anything, a machine too."""
    answer_seizure_ratio: float | None
    post_dial_delay_s: float | None
    """Mean, from placing to ringing, where it rang."""
    failures: int
    """Outcomes of `NOT_CARRIED`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBucket:
    """Attempts placed in one stretch of time."""

    begins_at: datetime
    attempts: int
    answered: int
    """By a person."""
    abandoned: int
    at_work_s: float = 0.0
    """Logged in and not paused, all agents together, by their own states within the stretch."""
    busy_s: float = 0.0
    """Of that: talking and wrap-up."""

    @property
    def answer_ratio(self) -> float | None:
        """Answered by a person / attempts."""
        return ratio(self.answered, self.attempts)

    @property
    def abandonment_ratio(self) -> float | None:
        """Abandoned / answered by a person."""
        return ratio(self.abandoned, self.answered)

    @property
    def occupancy_ratio(self) -> float | None:
        """(Talking + wrap-up) / (logged in - paused), of the agents whom the report names."""
        return ratio(self.busy_s, self.at_work_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignReport:
    """A campaign over a span of time: attempts placed in it and what became of them."""

    campaign: CampaignName
    since: datetime
    until: datetime
    attempts: int
    by_outcome: Mapping[str, int]
    """Outcome -> attempts; `open`: not closed yet."""
    answered: int
    """By a person."""
    bridged: int
    abandoned: int
    wait_s: Spread
    """Answered by a person: from the answer to the bridge, or to the end of waiting."""
    connect_ms: Spread
    talk_s: float
    mean_talk_s: float | None
    dispositions: Mapping[str, int]
    promises: int
    promised: Decimal
    agents: tuple[AgentLine, ...]
    trunks: tuple[TrunkLine, ...]
    bucket_s: float
    buckets: tuple[TimeBucket, ...]
    """From `since` on without gaps, to the last one with an attempt."""
    progress: ListProgress

    @property
    def occupancy_ratio(self) -> float | None:
        """(Talking + wrap-up) / (logged in - paused), all agents together, to the last stretch with an attempt."""
        return ratio(sum(bucket.busy_s for bucket in self.buckets), sum(bucket.at_work_s for bucket in self.buckets))

    @property
    def answer_ratio(self) -> float | None:
        """Answered by a person / attempts."""
        return ratio(self.answered, self.attempts)

    @property
    def abandonment_ratio(self) -> float | None:
        """Abandoned / answered by a person."""
        return ratio(self.abandoned, self.answered)


def ratio(part: float, whole: float) -> float | None:
    """`part / whole`; None when there is no whole."""
    return part / whole if whole > 0 else None


def spread(values: Sequence[float]) -> Spread:
    """How values are spread; in any order."""
    ordered = sorted(values)

    def quantile(share: float) -> float | None:
        return ordered[math.ceil(share * len(ordered)) - 1] if ordered else None

    return Spread(
        count=len(ordered),
        p50=quantile(0.50),
        p95=quantile(0.95),
        p99=quantile(0.99),
        max=ordered[-1] if ordered else None,
    )
