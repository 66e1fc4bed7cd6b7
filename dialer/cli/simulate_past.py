"""`--from-history`: what the campaign's own calls teach, and a real day to hold the simulation against."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Final

from dialer.cli.session import Session
from dialer.cli.simulate_plan import Key, Point
from dialer.compliance.hours import open_interval
from dialer.errors import SettingsError
from dialer.past import PastCall, Stay
from dialer.settings import CampaignSettings
from dialer.sim.behaviour import Behaviour, MassBreak
from dialer.sim.durations import Lognormal
from dialer.sim.forecast import SHARES, Figure, Forecast
from dialer.sim.history import Learned, RealDay, answers_in, learn, real_day
from dialer.sim.many import Case
from dialer.sim.samples import FEWEST_ANSWERS
from dialer.sim.window import Span, span_on

if TYPE_CHECKING:
    from dialer.store.sqlite import SqliteStore

LEARNED_FROM: Final = timedelta(days=30)
"""Before the last call."""
COMPARED: Final = (
    *("occupancy", "abandonment_ratio", "placed", "answered", "calls_per_answer"),
    *("talk_minutes", "talk_minutes_per_agent_hour", "agent_hours"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What the store holds of a campaign."""

    calls: tuple[PastCall, ...]
    stays: tuple[Stay, ...]
    learned: Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A real day, simulated as it was staffed."""

    real: RealDay
    point: Point
    learned_from_day: int
    """Of the calls that the behaviour was learned from, so many are of this very day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """How the simulation of a real day came out."""

    trial: Trial
    forecast: Forecast


def past_of(
    session: Session,
    campaign: CampaignSettings,
    store: SqliteStore | None,
    now_at: datetime,
    since: datetime | None,
) -> Past:
    """Read and learn.

    Args:
        session: for the dialer's settings and the language.
        campaign: whose calls.
        store: open; None: there is none.
        now_at: nothing later counts.
        since: nothing earlier counts; None: `LEARNED_FROM` before the last call.

    Raises:
        SettingsError: there is no store, or too little in it.
    """
    if store is None:
        raise SettingsError(
            session.pick(
                f"没有历史：{session.settings.store_path} 不存在。请去掉 --from-history，"
                "用 --answer-rate、--talk、--wrap-up 给出估计。",
                f"There is no history: no file {session.settings.store_path}. Leave --from-history out and say what "
                "you expect with --answer-rate, --talk and --wrap-up.",
            )
        )
    from dialer.store.history import agent_stays, last_call_at, past_calls

    last_at = last_call_at(store, campaign.name, now_at)
    first_at = since or (now_at if last_at is None else last_at - LEARNED_FROM)
    calls = past_calls(store, campaign.name, first_at, now_at)
    answers = answers_in(calls)
    if answers < FEWEST_ANSWERS:
        begun = f"{first_at.astimezone(session.zone):%Y-%m-%d}"
        raise SettingsError(
            session.pick(
                f"历史太少：活动 {campaign.name} 自 {begun} 起 {len(calls)} 次拨打中"
                f"只有 {answers} 次真人接听，至少需要 {FEWEST_ANSWERS} 次。请用 --since 取更早的数据、先拨一段时间，"
                "或去掉 --from-history 并给出 --answer-rate、--talk、--wrap-up。",
                f"Too little history: of {len(calls)} calls of {campaign.name} since {begun} only {answers} were "
                f"answered by a person; learning needs {FEWEST_ANSWERS}. Go further back with --since, dial for a "
                "while, or leave --from-history out and say "
                "what you expect with --answer-rate, --talk and --wrap-up.",
            )
        )
    stays = agent_stays(store, campaign.name, first_at, now_at)
    pacing = campaign.pacing
    base = Behaviour(
        answer_ratio=pacing.initial_answer_ratio,
        talk=Lognormal(mean_s=pacing.initial_talk_s),
        wrap_up=Lognormal(mean_s=pacing.initial_wrap_up_s, cv=0.6),
    )
    zones = (session.zone,)
    learned = learn(
        calls,
        stays,
        base,
        session.zone,
        codes=[entry.code for entry in campaign.dispositions],
        is_open=lambda at: open_interval(campaign.rules, zones, at) is not None,
    )
    return Past(calls=calls, stays=stays, learned=learned)


def trial_of(
    session: Session, campaign: CampaignSettings, past: Past, now_at: datetime, day: date | None
) -> Trial | None:
    """The real day to hold the simulation against; None: the last one cannot be simulated.

    Args:
        session: for the dialer's settings.
        campaign: with today's settings.
        past: as read.
        now_at: the last day before today is taken, or today if there is no other.
        day: another one.

    Raises:
        SettingsError: nothing happened on the day that was asked for.
    """
    days = sorted({call.at.astimezone(session.zone).date() for call in past.calls})
    today = now_at.astimezone(session.zone).date()
    chosen = day or next((one for one in reversed(days) if one < today), days[-1])
    real = real_day(chosen, past.calls, past.stays, session.zone)
    staff = {agent.id: agent for agent in session.settings.agents}
    gone = () if real is None else tuple(agent for agent in real.agents if agent not in staff)
    if real is None or len(gone) == len(real.agents):
        if day is None:
            return None
        known = ", ".join(str(one) for one in days[-5:])
        raise SettingsError(
            session.pick(
                f"{chosen} 没有可比较的数据：当天没有拨打，或没有现有坐席通话。有数据的日子：{known}。",
                f"There is nothing to compare with on {chosen}: nobody was called, or none of today's agents talked. "
                f"Days with calls: {known}.",
            )
        )
    agents = tuple(agent for agent in real.agents if agent in staff)
    shifts = tuple(shift for agent, shift in zip(real.agents, real.shifts, strict=True) if agent in staff)
    open_hours = span_on(campaign.rules, session.zone, chosen)
    breaks = _breaks(open_hours, real) if isinstance(open_hours, Span) else ()
    settings = replace(campaign, agents=agents, teams=())
    case = Case(
        name=str(chosen),
        dialer=replace(session.settings, agents=tuple(staff[agent] for agent in agents)),
        campaign=settings,
        behaviour=replace(past.learned.behaviour, shifts=shifts, mass_breaks=breaks),
        hours=real.hours,
        start_at=real.start_at,
    )
    of_day = sum(call.at.astimezone(session.zone).date() == chosen for call in past.calls)
    point = Point(settings={Key.AGENTS: len(agents)}, case=case, work=real.hours * len(agents))
    return Trial(real=real, point=point, learned_from_day=of_day)


def _breaks(open_hours: Span, real: RealDay) -> tuple[MassBreak, ...]:
    """The closed hours of that day, from when its first agent logged in."""
    early_s = (open_hours.start_at - real.start_at).total_seconds()
    found = (replace(one, at_s=one.at_s + early_s) for one in open_hours.breaks if one.at_s + early_s > 0.0)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One figure of the real day beside its forecast."""

    name: str
    real: float
    figure: Figure | None
    """None: no run has it."""
    low: float | None
    """A single day lies between these in 95 of 100 cases; None: too few runs to say."""
    high: float | None

    @property
    def is_as_forecast(self) -> bool | None:
        """Whether the day is one that the simulation might have made; None: it cannot be said."""
        return None if self.low is None or self.high is None else self.low <= self.real <= self.high


def compared(result: TrialResult) -> tuple[Compared, ...]:
    """The figures that both have."""
    return tuple(
        _compared(name, result.trial.real.figures[name], result.forecast.figures.get(name))
        for name in COMPARED
        if name in result.trial.real.figures
    )


def _compared(name: str, real: float, figure: Figure | None) -> Compared:
    """One day varies more than the mean of some does: by the root of their number and one more."""
    if figure is None or figure.low is None or figure.high is None:
        return Compared(name=name, real=real, figure=figure, low=None, high=None)
    half_width = max(figure.high - figure.mean, figure.mean - figure.low) * math.sqrt(figure.runs + 1.0)
    high = figure.mean + half_width
    return Compared(
        name=name,
        real=real,
        figure=figure,
        low=max(0.0, figure.mean - half_width),
        high=min(1.0, high) if name in SHARES else high,
    )
