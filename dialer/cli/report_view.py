"""A report with the words people know: labels of outcomes and dispositions, names of agents, figures as text.

The terminal and the HTML page draw this; neither computes anything of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from dialer.cli.charts import clock, percent
from dialer.cli.lang import Lang, outcome_word
from dialer.report import CampaignReport, Spread, ratio
from dialer.settings import CampaignSettings, DialerSettings

if TYPE_CHECKING:
    from dialer.cli.report_what_if import CannotSay, WhatIf

AGENT_HEADS: Final = (
    *(("坐席", "agent"), ("接通", "calls"), ("通话", "talk"), ("话后", "wrap-up"), ("就绪", "ready")),
    *(("小休", "paused"), ("占用率", "occupancy"), ("本人", "right party"), ("承诺", "promises")),
)
TRUNK_HEADS: Final = (
    *(("线路", "trunk"), ("拨打", "dialled"), ("应答", "answered"), ("应答率", "ASR")),
    *(("接续时延", "post-dial delay"), ("故障", "failures")),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One bar of a chart."""

    label: str
    count: int
    share: float
    """Of all bars together, 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One stretch of time."""

    at: datetime
    attempts: int
    answered: int
    answer_ratio: float | None
    abandonment_ratio: float | None
    abandonment_so_far: float | None
    """From the beginning of the span to the end of this stretch; the target holds for this."""
    abandoned: int
    """In this stretch."""
    lost_so_far: int
    """Abandoned, from the beginning of the span to the end of this stretch."""
    allowed_so_far: float
    """Target x answered, likewise."""
    agents: float
    """At work, on the mean."""
    occupancy_ratio: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A campaign's report, ready to be drawn."""

    report: CampaignReport
    title: str
    lang: Lang
    zone: ZoneInfo
    target_abandonment_ratio: float
    outcomes: tuple[Bar, ...]
    dispositions: tuple[Bar, ...]
    points: tuple[Point, ...]
    agent_names: Mapping[str, str]
    what_if: WhatIf | CannotSay | None = None
    """None: nobody asked for other targets."""

    @property
    def span(self) -> str:
        """From when to when."""
        since, until = (moment.astimezone(self.zone) for moment in (self.report.since, self.report.until))
        return f"{since:%Y-%m-%d %H:%M} – {until:%Y-%m-%d %H:%M} ({self.zone.key})"

    @property
    def figures(self) -> tuple[tuple[str, str, str], ...]:
        """Label, value and note of what is looked at first; the abandonment rate is not among them."""
        one, pick = self.report, self.lang.pick
        mean_talk = "–" if one.mean_talk_s is None else clock(one.mean_talk_s)
        p99 = f"p99 {milliseconds(one.connect_ms.p99)}"
        return (
            (pick("拨打", "dialled"), f"{one.attempts:,}", ""),
            (pick("接听", "answered"), f"{one.answered:,}", percent(one.answer_ratio, 1)),
            (pick("接通坐席", "bridged"), f"{one.bridged:,}", percent(ratio(one.bridged, one.answered), 1)),
            (pick("平均通话", "mean talk"), mean_talk, self._occupancy),
            (pick("接续 p50", "connect p50"), milliseconds(one.connect_ms.p50), p99),
            (pick("承诺", "promises"), f"{one.promises:,}", self.money(one.promised)),
        )

    @property
    def _occupancy(self) -> str:
        found = percent(self.report.occupancy_ratio)
        return self.lang.pick(f"占用 {found}", f"{found} busy")

    @property
    def budget_text(self) -> str:
        """How many were lost of how many that the target allows of so many answers."""
        one, target = self.report, self.target_abandonment_ratio
        allowed = f"{target * one.answered:,.1f}"
        return self.lang.pick(
            f"弃呼 {one.abandoned:,}，额度 {allowed}（接听 {one.answered:,} × {percent(target, 1)}）",
            f"{one.abandoned:,} lost of {allowed} allowed ({percent(target, 1)} of {one.answered:,} answered)",
        )

    @property
    def breaks_target(self) -> bool:
        """True when more people were abandoned than the campaign allows."""
        found = self.report.abandonment_ratio
        return found is not None and found > self.target_abandonment_ratio

    def money(self, amount: Decimal) -> str:
        """An amount as people write it."""
        return self.lang.pick(f"{amount:,.2f} 元", f"{amount:,.2f}")

    def agent(self, agent_id: str) -> str:
        """The agent's name, or the id of one who is not in the settings any more."""
        return self.agent_names.get(agent_id, agent_id)


def milliseconds(value: float | None) -> str:
    """A latency."""
    return "–" if value is None else f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def seconds(value: float | None) -> str:
    """A wait."""
    if value is not None and value < 1.0:
        return milliseconds(value * 1000)
    return "–" if value is None else f"{value:.2f} s"


def spread_text(spread: Spread, unit: str) -> str:
    """Quantiles in one line."""
    show = milliseconds if unit == "ms" else seconds
    parts = (("p50", spread.p50), ("p95", spread.p95), ("p99", spread.p99), ("max", spread.max))
    return "  ".join(f"{name} {show(value)}" for name, value in parts)


def bucket_for(span: timedelta) -> float:
    """Seconds per point, so that a curve has at most about a hundred points."""
    total_s = max(1.0, span.total_seconds())
    for bucket_s in (60.0, 300.0, 900.0, 3600.0, 21_600.0, 86_400.0):
        if total_s / bucket_s <= 100:
            return bucket_s
    return 604_800.0


def view_of(
    report: CampaignReport,
    campaign: CampaignSettings,
    settings: DialerSettings,
    lang: Lang,
    *,
    what_if: WhatIf | CannotSay | None = None,
) -> View:
    """Put words to a report."""
    labels = {one.code: lang.pick(one.label_zh, one.label_en) for one in campaign.dispositions}
    outcomes = {outcome_word(name, lang): count for name, count in report.by_outcome.items()}
    return View(
        report=report,
        title=campaign.title or str(campaign.name),
        lang=lang,
        zone=ZoneInfo(settings.time_zone),
        target_abandonment_ratio=campaign.pacing.target_abandonment_ratio,
        outcomes=_bars(outcomes),
        dispositions=_bars({labels.get(code, code): count for code, count in report.dispositions.items()}),  # type: ignore[call-overload]
        points=points_of(report, campaign.pacing.target_abandonment_ratio),
        agent_names={agent.id: agent.name for agent in settings.agents},
        what_if=what_if,
    )


def _bars(counts: Mapping[str, int]) -> tuple[Bar, ...]:
    total = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Bar(label=label, count=count, share=count / total) for label, count in ordered if count)


def points_of(report: CampaignReport, target: float) -> tuple[Point, ...]:
    """The curves of a report.

    Args:
        report: of a campaign.
        target: abandoned / answered, at most.
    """
    answered_so_far = accumulate(one.answered for one in report.buckets)
    abandoned_so_far = accumulate(one.abandoned for one in report.buckets)
    return tuple(
        Point(
            at=one.begins_at,
            attempts=one.attempts,
            answered=one.answered,
            answer_ratio=one.answer_ratio,
            abandonment_ratio=one.abandonment_ratio,
            abandonment_so_far=ratio(abandoned, answered),
            abandoned=one.abandoned,
            lost_so_far=abandoned,
            allowed_so_far=target * answered,
            agents=one.at_work_s / report.bucket_s,
            occupancy_ratio=one.occupancy_ratio,
        )
        for one, answered, abandoned in zip(report.buckets, answered_so_far, abandoned_so_far, strict=True)
    )
