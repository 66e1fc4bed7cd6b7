"""In which world is it simulated? Hours, list, staff and behaviour, each with where it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from dialer.cli.charts import percent
from dialer.cli.session import Session
from dialer.cli.simulate_hours import Wish, finish_s_of, shortened, span_of
from dialer.cli.simulate_plan import Base, Ground
from dialer.errors import SettingsError
from dialer.leads import Lead
from dialer.settings import CampaignSettings
from dialer.sim.behaviour import Behaviour
from dialer.sim.durations import Duration, Lognormal, Uniform
from dialer.sim.history import Learned
from dialer.sim.window import Span

if TYPE_CHECKING:
    from dialer.store.sqlite import SqliteStore

ENDLESS: Final = "endless"
TALK_CV: Final = 1.0
WRAP_UP_CV: Final = 0.6
RING_CV: Final = 0.35


@dataclass(slots=True, kw_only=True)
class World:
    """What is simulated, in words and in values."""

    base: Base
    grounds: list[Ground] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    finish_s: float | None = None
    """When everybody should have been tried, from the start."""


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
    span = span_of(session, campaign, wish, now_at)
    if span.is_cut:
        notes.append(
            session.pick(
                "时间超出了活动的拨号时段，已截短。",
                "More hours were asked for than the campaign may dial; they were cut.",
            )
        )
    accounts = _accounts(session, campaign, wish, span, store, grounds)
    finish_s = finish_s_of(session, wish, span, accounts)
    span = shortened(session, wish, span, accounts, finish_s, notes)
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
