"""A study: the world, the points of a sweep, perhaps a real day; checked before the first run, made a view after."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from dialer.cli.session import Session
from dialer.cli.simulate_answers import answers_of
from dialer.cli.simulate_hours import Wish, day_name
from dialer.cli.simulate_past import Past, Trial, TrialResult, past_of, trial_of
from dialer.cli.simulate_plan import MOST_POINTS, Base, Ground, Key, Point, Setting, points_of, swept
from dialer.cli.simulate_run import Work
from dialer.cli.simulate_view import View
from dialer.cli.simulate_words import setting_text
from dialer.cli.simulate_world import World, world_of
from dialer.errors import SettingsError
from dialer.settings import CampaignSettings
from dialer.sim.window import Span
from dialer.types import Mode

if TYPE_CHECKING:
    from dialer.store.sqlite import SqliteStore

Sweeps = Mapping[Key, tuple[Setting, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """What was asked of history."""

    wanted: bool = False
    day: date | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What will be run."""

    campaign: CampaignSettings
    world: World
    points: tuple[Point, ...]
    trial: Trial | None

    @property
    def plan(self) -> tuple[Point, ...]:
        """The points, and the real day after them."""
        return self.points if self.trial is None else (*self.points, self.trial.point)


def study_of(
    session: Session, campaign: CampaignSettings, wish: Wish, sweeps: Sweeps, learning: Learning, now_at: datetime
) -> Study:
    """Put a study together.

    Args:
        session: for the dialer's settings and the language.
        campaign: as its file says.
        wish: of the world.
        sweeps: what was given on the command line.
        learning: of history.
        now_at: aware.

    Raises:
        SettingsError: something does not fit; the message says what to do.
    """
    if not learning.wanted and (learning.day or learning.since):
        option = "--day" if learning.day else "--since"
        raise SettingsError(
            session.pick(f"{option} 只与 --from-history 一起使用。", f"{option} goes with --from-history; add it.")
        )
    with _store(session) as store:
        past = past_of(session, campaign, store, now_at, learning.since) if learning.wanted else None
        world = world_of(session, campaign, wish, now_at, None if past is None else past.learned, store)
    trial = None if past is None else _trial(session, campaign, past, learning, now_at, world)
    _check(session, campaign, world.base, sweeps)
    points = points_of(world.base, sweeps)
    if len(points) > MOST_POINTS:
        raise SettingsError(
            session.pick(
                f"共 {len(points)} 种组合，最多 {MOST_POINTS}；请减少取值或加大步长。",
                f"These are {len(points)} combinations, more than {MOST_POINTS}; give fewer values or longer steps.",
            )
        )
    world.notes += _notes(session, points, sweeps)
    world.grounds[:0] = _grounds(session, campaign, world.base, sweeps)
    world.grounds[:] = [_swept_ground(session, one, points) for one in world.grounds]
    return Study(campaign=campaign, world=world, points=points, trial=trial)


@contextmanager
def _store(session: Session) -> Iterator[SqliteStore | None]:
    """The store, when there is one."""
    if not session.settings.store_path.is_file():
        yield None
        return
    from dialer.store.sqlite import SqliteStore

    store = SqliteStore.open(session.settings.store_path, key=session.settings.store_key)
    try:
        yield store
    finally:
        store.close()


def _trial(
    session: Session, campaign: CampaignSettings, past: Past, learning: Learning, now_at: datetime, world: World
) -> Trial | None:
    trial = trial_of(session, campaign, past, now_at, learning.day)
    if trial is None:
        world.notes.append(
            session.pick(
                "最近一天没有现有坐席的通话，无法与实际比较。",
                "On the last day none of today's agents talked, so there is no real day to compare with.",
            )
        )
    learned = past.learned
    first, last = (at.astimezone(session.zone).date() for at in (learned.first_at, learned.last_at))
    world.grounds.append(
        Ground(
            key="history",
            value=session.pick(
                f"{learned.calls:,} 次拨打，{learned.answers:,} 次接听",
                f"{learned.calls:,} calls, {learned.answers:,} answered",
            ),
            origin=f"{first} – {last}",
        )
    )
    return trial


def _check(session: Session, campaign: CampaignSettings, base: Base, sweeps: Sweeps) -> None:
    if Key.AGENTS not in sweeps and not base.staff:
        raise SettingsError(
            session.pick(
                f"活动 {campaign.name} 没有坐席（{campaign.source} 的 agents、teams）；请加 --agents N。",
                f"Nobody works for {campaign.name}: see agents and teams in {campaign.source}, or add --agents N.",
            )
        )
    modes = {str(mode) for mode in sweeps.get(Key.MODE, (campaign.mode.value,))}
    if Key.RATIO in sweeps and Mode.POWER not in modes:
        raise SettingsError(
            session.pick(
                "--ratio 只在比率式 power 下起作用；请加 --mode power。", "--ratio is for mode power; add --mode power."
            )
        )


def _notes(session: Session, points: Sequence[Point], sweeps: Sweeps) -> Iterator[str]:
    modes = {point.case.campaign.mode for point in points}
    if len(sweeps.get(Key.TARGET, ())) > 1 and Mode.PREDICTIVE not in modes:
        yield session.pick(
            "目标弃呼率只影响预测式；其他模式下各行相同。",
            "Only mode predictive heeds the target; in the others the lines differ in nothing else.",
        )
    if len({one.settings.get(Key.RATIO) for one in points}) > 1 and len(modes) > 1:
        yield session.pick("拨打比只影响比率式。", "Only mode power heeds the ratio.")


def _grounds(session: Session, campaign: CampaignSettings, base: Base, sweeps: Sweeps) -> Iterator[Ground]:
    """What of the campaign is set on the command line, and what is its own."""
    pick, lang = session.pick, session.lang
    own: dict[Key, Setting] = {
        Key.AGENTS: base.staff,
        Key.MODE: campaign.mode.value,
        Key.TARGET: campaign.pacing.target_abandonment_ratio,
        Key.TRUNKS: base.channels,
    }
    file, dialer_file = campaign.source.name, session.settings.source.name
    origins = {
        Key.AGENTS: pick("活动自己的坐席", "the campaign's own"),
        Key.MODE: f"{file}: mode",
        Key.TARGET: f"{file}: pacing.target_abandonment",
        Key.TRUNKS: f"{dialer_file}: channels",
    }
    for key, value in own.items():
        text = setting_text(key, value, lang)
        if key in sweeps:
            origin = pick(f"选项 --{key}", f"option --{key}")
            text = ", ".join(setting_text(key, one, lang) for one in sweeps[key])
        else:
            origin = origins[key]
        yield Ground(key=str(key), value=text, origin=origin)
    per_s = min(campaign.pacing.max_calls_per_s, sum(trunk.calls_per_s for trunk in base.trunks))
    yield Ground(key="calls_per_s", value=f"{per_s:g}", origin=f"{file}, {dialer_file}")


def _swept_ground(session: Session, one: Ground, points: Sequence[Point]) -> Ground:
    """A swept answer rate is not the first one alone."""
    if one.key != str(Key.ANSWER_RATE):
        return one
    values = sorted({float(rate) for point in points if (rate := point.settings.get(Key.ANSWER_RATE)) is not None})
    if len(values) < 2:
        return one
    text = ", ".join(setting_text(Key.ANSWER_RATE, value, session.lang) for value in values)
    return Ground(key=one.key, value=text, origin=one.origin)


def view_of(session: Session, study: Study, work: Work, *, finish_by: str, occupancy: float | None) -> View | None:
    """What was done of a study, ready to be shown; None: nothing.

    Args:
        session: for the language and the zone.
        study: what was to be run.
        work: what was run.
        finish_by: as it was asked for.
        occupancy: wished at least.
    """
    found = [work.outlook(number, study.world.finish_s) for number in range(len(study.points))]
    outlooks = tuple(one for one in found if one is not None)
    if not outlooks:
        return None
    tried = work.outlook(len(study.points)) if study.trial is not None else None
    columns = swept([one.point for one in outlooks])
    span = study.world.base.span
    return View(
        campaign=study.campaign,
        lang=session.lang,
        zone=session.zone,
        span=_span_text(session, span),
        start_at=span.start_at,
        grounds=tuple(study.world.grounds),
        notes=(*study.world.notes, *_interrupted(session, work)),
        seeds=work.seeds,
        outlooks=outlooks,
        swept=columns,
        answers=answers_of(outlooks, columns, occupancy),
        finish_by=finish_by,
        occupancy=occupancy,
        trial=TrialResult(trial=study.trial, forecast=tried.forecast) if study.trial and tried else None,
    )


def _interrupted(session: Session, work: Work) -> Iterator[str]:
    if work.interrupted:
        yield session.pick(
            f"已中断：{work.wanted} 次模拟完成了 {work.done} 次。",
            f"Stopped: {work.done} of {work.wanted} runs are done.",
        )


def _span_text(session: Session, span: Span) -> str:
    first, last = (at.astimezone(session.zone) for at in (span.start_at, span.end_at))
    ends = "24:00" if last.date() > first.date() and f"{last:%H:%M}" == "00:00" else f"{last:%H:%M}"
    return f"{day_name(first.date(), session)} {first:%H:%M}–{ends}"
