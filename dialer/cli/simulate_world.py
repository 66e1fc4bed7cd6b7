"""In which world is it simulated? Hours, list, staff and behaviour, each with where it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final

from dialer.cli.charts import percent
from dialer.cli.session import Session
from dialer.cli.simulate_plan import Base, Ground
from dialer.errors import SettingsError
from dialer.events import Lead
from dialer.settings import CampaignSettings, Window
from dialer.sim.behaviour import Behaviour
from dialer.sim.durations import Duration, Lognormal, Uniform
from dialer.sim.history import Learned
from dialer.sim.window import Closed, Span, Why, next_day_open, span_on

if TYPE_CHECKING:
    from dialer.store.sqlite import SqliteStore

USUAL_HOURS: Final = 3.0
"""Of a list without end, so much of the day is simulated unless asked otherwise."""
QUICK_HOURS: Final = 2.0
ENDLESS: Final = "endless"
TALK_CV: Final = 1.0
WRAP_UP_CV: Final = 0.6
RING_CV: Final = 0.35
_DAYS: Final = {
    **{name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))},
    **{f"周{name}": number for number, name in enumerate("一二三四五六日")},
}
_NAMES: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_WEEKDAYS: Final = "一二三四五六日"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked of the world; None: as it is."""

    on: str = ""
    since: time | None = None
    until: time | None = None
    hours: float | None = None
    accounts: str = ""
    answer_rate: float | None = None
    talk_s: float | None = None
    wrap_up_s: float | None = None
    ring_s: float | None = None
    breaks: str = ""
    """`none`, or LENGTH/EVERY such as 5m/90m."""
    finish_by: time | None = None
    quick: bool = False


@dataclass(slots=True, kw_only=True)
class World:
    """What is simulated, in words and in values."""

    base: Base
    grounds: list[Ground] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    finish_s: float | None = None
    """When everybody should have been tried, from the start."""


def day_name(day: date, session: Session) -> str:
    """Such as `Tuesday 2026-11-24`."""
    return session.pick(f"{day} 周{_WEEKDAYS[day.weekday()]}", f"{_NAMES[day.weekday()]} {day}")


def world_of(
    session: Session,
    campaign: CampaignSettings,
    wish: Wish,
    now_at: datetime,
    learned: Learned | None,
    store: SqliteStore | None,
) -> World:
    """Put the world together.

    Args:
        session: for the dialer's settings and the language.
        campaign: as its file says.
        wish: options.
        now_at: aware.
        learned: of the campaign's history; None: not asked for.
        store: open; None: there is none.

    Raises:
        SettingsError: nobody may be called then, or an option cannot be read.
    """
    grounds: list[Ground] = []
    notes: list[str] = []
    span = _span(session, campaign, wish, now_at)
    if span.is_cut:
        notes.append(
            session.pick(
                "时间超出了活动的拨号时段，已截短。",
                "More hours were asked for than the campaign may dial; they were cut.",
            )
        )
    accounts = _accounts(session, campaign, wish, span, store, grounds)
    finish_s = _finish_s(session, wish, span, accounts)
    span = _shortened(session, wish, span, accounts, finish_s, notes)
    behaviour = replace(_behaviour(session, campaign, wish, learned, grounds), mass_breaks=span.breaks)
    base = Base(dialer=session.settings, campaign=campaign, behaviour=behaviour, accounts=accounts, span=span)
    if finish_s is not None and finish_s > span.hours * 3600.0 + 1.0:
        ends = f"{span.end_at.astimezone(session.zone):%H:%M}"
        notes.append(
            session.pick(
                f"模拟在 {ends} 结束，早于 --finish-by；到时没有全部拨过的算未完成。",
                f"The simulated hours end at {ends}, before --finish-by; who is not tried by then counts as not tried.",
            )
        )
    return World(base=base, grounds=grounds, notes=notes, finish_s=finish_s)


# --- when ----------------------------------------------------------------------------------------------


def _span(session: Session, campaign: CampaignSettings, wish: Wish, now_at: datetime) -> Span:
    day = _day(session, campaign, wish.on, now_at)
    found = span_on(campaign.rules, session.zone, day, since=wish.since, until=wish.until)
    if isinstance(found, Closed):
        raise SettingsError(_closed(session, campaign, found, wish))
    return found


def _day(session: Session, campaign: CampaignSettings, on: str, now_at: datetime) -> date:
    today = now_at.astimezone(session.zone).date()
    if not on:
        found = next_day_open(campaign.rules, session.zone, now_at)
        if found is None:
            raise SettingsError(
                session.pick(
                    f"活动 {campaign.name} 一年内都没有可拨时段（{campaign.source} 的 calling.hours）。",
                    f"{campaign.name} may not dial at any time within a year; see calling.hours in {campaign.source}.",
                )
            )
        return found
    weekday = _DAYS.get(on.lower()[:3]) if not on[:1].isdigit() else None
    if weekday is not None:
        return today + timedelta(days=(weekday - today.weekday()) % 7)
    try:
        return date.fromisoformat(on)
    except ValueError:
        raise SettingsError(
            session.pick(f"--on {on}：应为日期或星期，如 2026-11-24、周二。",
                         f"--on {on}: write a date or a day of the week, such as 2026-11-24 or tuesday.")
        ) from None  # fmt: skip


def windows_text(windows: tuple[Window, ...]) -> str:
    """Such as `08:00-12:00, 14:00-21:30`."""
    return ", ".join(
        f"{one.opens:%H:%M}-{'24:00' if one.closes == time(0) else format(one.closes, '%H:%M')}" for one in windows
    )


def _closed(session: Session, campaign: CampaignSettings, found: Closed, wish: Wish) -> str:
    day, hours = day_name(found.day, session), windows_text(found.windows)
    match found.why:
        case Why.DATE:
            return session.pick(
                f"{day} 是 {campaign.source} 中 calling.closed_dates 所列的休息日，活动不拨号；请用 --on 选另一天。",
                f"{day} is one of calling.closed_dates in {campaign.source}: the campaign does not dial. "
                "Choose another day with --on.",
            )
        case Why.WEEKDAY:
            return session.pick(
                f"{campaign.source} 的 calling.hours 没有 {day} 的时段，活动不拨号；请用 --on 选另一天。",
                f"{day} is closed by calling.hours in {campaign.source}: the campaign does not dial. "
                "Choose another day with --on.",
            )
        case Why.OUTSIDE:
            asked = f"{wish.since or time(0):%H:%M}-{wish.until or time(0):%H:%M}"
            return session.pick(
                f"{day} 的 {asked} 不在可拨时段内：calling.hours 为 {hours}，"
                f"收尾前 {campaign.rules.close_margin_s / 60:g} 分钟不再拨号。",
                f"On {day} the campaign may not dial {asked}: calling.hours are {hours}, "
                f"less the last {campaign.rules.close_margin_s / 60:g} min (close_margin).",
            )
        case Why.MARGIN:
            return session.pick(
                f"{day} 的时段 {hours} 都不比 calling.close_margin 长，没有可拨的时间。",
                f"The hours of {day}, {hours}, are no longer than calling.close_margin; nothing can be dialled.",
            )


def _shortened(
    session: Session, wish: Wish, span: Span, accounts: object, finish_s: float | None, notes: list[str]
) -> Span:
    if wish.hours is not None:
        return span.shortened(wish.hours)
    if wish.quick:
        return span.shortened(QUICK_HOURS if finish_s is None else finish_s / 3600.0)
    if accounts is None and wish.until is None and span.hours > USUAL_HOURS:
        notes.append(
            session.pick(
                f"名单没有尽头，只模拟前 {USUAL_HOURS:g} 小时；全天请加 --until。",
                f"The list has no end, so the first {USUAL_HOURS:g} h are simulated; for more add --hours or --until.",
            )
        )
        return span.shortened(USUAL_HOURS)
    return span


def _finish_s(session: Session, wish: Wish, span: Span, accounts: object) -> float | None:
    if wish.finish_by is None:
        return None
    if accounts is None:
        raise SettingsError(
            session.pick(
                "--finish-by 需要有尽头的名单：请先导入名单，或加 --accounts N。",
                "--finish-by needs a list with an end: import one first, or add --accounts N.",
            )
        )
    start = span.start_at.astimezone(session.zone)
    by_at = datetime.combine(start.date(), wish.finish_by, session.zone)
    if wish.finish_by == time(0):
        by_at += timedelta(days=1)
    finish_s = (by_at - start).total_seconds()
    if finish_s <= 0.0:
        raise SettingsError(
            session.pick(
                f"--finish-by {wish.finish_by:%H:%M} 早于开始时间 {start:%H:%M}。",
                f"--finish-by {wish.finish_by:%H:%M} is before the start at {start:%H:%M}.",
            )
        )
    return finish_s


# --- the list ------------------------------------------------------------------------------------------


def _accounts(
    session: Session,
    campaign: CampaignSettings,
    wish: Wish,
    span: Span,
    store: SqliteStore | None,
    grounds: list[Ground],
) -> int | tuple[Lead, ...] | None:
    option = session.pick("选项 --accounts", "option --accounts")
    endless = session.pick("没有尽头，无人被拨两次", "without end, nobody is called twice")
    if wish.accounts == ENDLESS:
        grounds.append(Ground(key="accounts", value=endless, origin=option))
        return None
    if wish.accounts:
        if not re.fullmatch(r"[1-9][0-9]{0,6}", wish.accounts):
            raise SettingsError(
                session.pick(
                    f"--accounts {wish.accounts}：应为 1 到 9999999 的整数，或 {ENDLESS}。",
                    f"--accounts {wish.accounts}: write a number from 1 to 9999999, or {ENDLESS}.",
                )
            )
        grounds.append(Ground(key="accounts", value=f"{int(wish.accounts):,}", origin=option))
        return int(wish.accounts)
    leads, total = _leads(campaign, span, session, store)
    where = session.pick(f"库中名单 {campaign.list_name}", f"list {campaign.list_name} in the store")
    if total and not leads:
        raise SettingsError(
            session.pick(
                f"名单 {campaign.list_name} 的 {total:,} 个账户当天都不可拨（已结束、搁置、停呼，或约在之后）。"
                "请导入新名单，或用 --accounts N 模拟虚构的名单。",
                f"None of the {total:,} accounts of list {campaign.list_name} may be dialled that day: they are "
                "closed, on hold, stopped or due later. Import another list, or simulate a made-up one: --accounts N.",
            )
        )
    if leads:
        value = session.pick(f"可拨 {len(leads):,}（共 {total:,}）", f"{len(leads):,} dialable of {total:,}")
        grounds.append(Ground(key="accounts", value=value, origin=where))
        return leads
    missing = session.pick(f"库中没有名单 {campaign.list_name}", f"no list {campaign.list_name} in the store")
    grounds.append(Ground(key="accounts", value=endless, origin=missing))
    return None


def _leads(
    campaign: CampaignSettings, span: Span, session: Session, store: SqliteStore | None
) -> tuple[tuple[Lead, ...], int]:
    """Who may be dialled that day, and how many accounts the list has."""
    if store is None:
        return (), 0
    from dialer.store.history import leads_for

    midnight_at = span.start_at.astimezone(session.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    leads = leads_for(store, campaign.list_name, midnight_at, span.end_at)
    return leads, store.list_progress(campaign.list_name).total


# --- behaviour -----------------------------------------------------------------------------------------


def _behaviour(
    session: Session, campaign: CampaignSettings, wish: Wish, learned: Learned | None, grounds: list[Ground]
) -> Behaviour:
    pacing = campaign.pacing
    base = Behaviour(
        answer_ratio=pacing.initial_answer_ratio,
        talk=Lognormal(mean_s=pacing.initial_talk_s, cv=TALK_CV),
        wrap_up=Lognormal(mean_s=pacing.initial_wrap_up_s, cv=WRAP_UP_CV),
    )
    found = base if learned is None else learned.behaviour
    chosen: dict[str, object] = {}
    if wish.answer_rate is not None:
        chosen["answer_ratio"] = wish.answer_rate
    for name, mean_s, cv in (
        ("talk", wish.talk_s, TALK_CV),
        ("wrap_up", wish.wrap_up_s, WRAP_UP_CV),
        ("ring", wish.ring_s, RING_CV),
    ):
        if mean_s is not None:
            chosen[name] = Lognormal(mean_s=mean_s, cv=cv)
    if wish.breaks:
        chosen["break_length"], chosen["break_gap_s"] = _breaks(session, wish.breaks, found)
    behaviour = replace(found, **chosen)  # type: ignore[arg-type]
    origins = _Origins(session, learned, frozenset(chosen), campaign.source.name)
    answers = behaviour.answers.points
    low, high = min(ratio for _, ratio in answers), max(ratio for _, ratio in answers)
    text = percent(low, 1) if low == high else f"{percent(low, 1)} – {percent(high, 1)}"
    grounds.append(Ground(key="answer_rate", value=text, origin=origins.of("answer_ratio", "initial_answer_ratio")))
    for name, key in (("talk", "initial_talk"), ("wrap_up", "initial_wrap_up"), ("ring", "")):
        value: Duration = getattr(behaviour, name)
        grounds.append(Ground(key=name, value=f"{value.mean_s:.0f} s", origin=origins.of(name, key)))
    grounds.append(Ground(key="breaks", value=_breaks_text(session, behaviour), origin=origins.of("break_length", "")))
    return behaviour


@dataclass(frozen=True, slots=True)
class _Origins:
    """Where a number of the behaviour came from."""

    session: Session
    learned: Learned | None
    chosen: frozenset[str]
    source: str
    """Name of the campaign's file."""

    def of(self, name: str, key: str) -> str:
        pick = self.session.pick
        if name in self.chosen:
            option = {"answer_ratio": "answer-rate", "wrap_up": "wrap-up", "break_length": "breaks"}.get(name, name)
            return pick(f"选项 --{option}", f"option --{option}")
        samples = 0 if self.learned is None else self.learned.samples.get(name, 0)
        if samples:
            what = {"answer_ratio": ("次拨打", "calls"), "break_length": ("次小休", "breaks")}
            zh, en = what.get(name, ("个样本", "samples"))
            return pick(f"历史：{samples:,} {zh}", f"history: {samples:,} {en}")
        thin = pick("（历史样本太少）", ", history has too little") if self.learned is not None else ""
        if key:
            return f"{self.source}: pacing.{key}{thin}"
        return pick("模拟器的默认值", "stand-in of the simulator") + thin


def _breaks(session: Session, text: str, behaviour: Behaviour) -> tuple[Duration, float]:
    from dialer.config.values import parse_duration

    if text.lower() in ("none", "no", "0", "无"):
        return behaviour.break_length, 0.0
    try:
        length_s, every_s = (parse_duration(part.strip()) for part in text.split("/"))
        if not (length_s > 0.0 and every_s > 0.0):
            raise ValueError
    except ValueError:
        raise SettingsError(
            session.pick(
                f"--breaks {text}：应写作 每次时长/间隔，如 5m/90m，或 none。",
                f"--breaks {text}: write LENGTH/EVERY, such as 5m/90m, or none.",
            )
        ) from None
    return Uniform(low_s=0.5 * length_s, high_s=1.5 * length_s), every_s


def _breaks_text(session: Session, behaviour: Behaviour) -> str:
    if not behaviour.break_gap_s:
        return session.pick("无", "none")
    length, every = behaviour.break_length.mean_s / 60.0, behaviour.break_gap_s / 60.0
    return session.pick(f"约每 {every:.0f} 分钟休 {length:.1f} 分钟", f"{length:.1f} min about every {every:.0f} min")
