"""On which day, and from when to when, is it simulated? The options against the campaign's calling hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from dialer.cli.session import Session
from dialer.errors import SettingsError
from dialer.settings import CampaignSettings, Window
from dialer.sim.window import Closed, Span, Why, next_day_open, span_on

USUAL_HOURS: Final = 3.0
"""Of a list without end, so much of the day is simulated unless asked otherwise."""
QUICK_HOURS: Final = 2.0
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


def day_name(day: date, session: Session) -> str:
    """Such as `Tuesday 2026-11-24`."""
    return session.pick(f"{day} 周{_WEEKDAYS[day.weekday()]}", f"{_NAMES[day.weekday()]} {day}")


def span_of(session: Session, campaign: CampaignSettings, wish: Wish, now_at: datetime) -> Span:
    """The stretch that was asked for, within the calling hours.

    Raises:
        SettingsError: nobody may be called then, or the day cannot be read.
    """
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


def shortened(
    session: Session, wish: Wish, span: Span, accounts: object, finish_s: float | None, notes: list[str]
) -> Span:
    """As much of a stretch as is simulated; what was not asked for in so many words goes into the notes."""
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


def finish_s_of(session: Session, wish: Wish, span: Span, accounts: object) -> float | None:
    """When everybody should have been tried, in seconds from the start; None: not asked for.

    Raises:
        SettingsError: the list has no end, or the moment is before the start.
    """
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
