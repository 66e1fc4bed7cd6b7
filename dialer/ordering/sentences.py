"""Why an account stands where it stands in the order, for people: Chinese and English."""

from __future__ import annotations

from collections.abc import Sequence

from dialer.ordering.appraisal import Appraisal
from dialer.ordering.cells import Cell, hours_of, weekday_of
from dialer.ordering.contact import Chance
from dialer.ordering.shrinking import Curve

Sentence = tuple[str, str]
"""Chinese, English."""

WEEKDAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
WEEKDAYS_EN = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def percent(chance: float) -> str:
    """A chance as people read it: `12%`, `0.8%`."""
    return f"{chance * 100:.0f}%" if chance >= 0.1 else f"{chance * 100:.1f}%"


def cell_name(cell: Cell) -> Sentence:
    """A cell of the week: `周二 18–20 点`, `Tue 18-20`."""
    first, end = hours_of(cell)
    day = weekday_of(cell)
    return f"{WEEKDAYS_ZH[day]} {first}–{end} 点", f"{WEEKDAYS_EN[day]} {first}-{end}"


def explained(appraisal: Appraisal) -> tuple[Sentence, ...]:
    """Why an account is worth what it is worth, in the order of the reckoning."""
    found, chance = appraisal.worth, appraisal.chosen.best.chance
    return (
        _reached(appraisal.cell, chance),
        _history(chance),
        *_number(appraisal),
        (
            f"接通本人后预计收回 {found.recovery.amount:,}（应还的 {percent(found.recovery.ratio)}，"
            + ("经验值" if not found.recovery.seen else f"参考 {found.recovery.seen} 户")
            + "）",
            f"reaching them is expected to bring {found.recovery.amount:,} "
            f"({percent(found.recovery.ratio)} of what is due, "
            + ("as believed" if not found.recovery.seen else f"with {found.recovery.seen} accounts like it")
            + ")",
        ),
        *_later(appraisal),
        (
            f"每次拨打约占坐席 {found.agent_s:.0f} 秒，每坐席分钟值 {found.per_minute:,}",
            f"a dial takes about {found.agent_s:.0f} s of an agent: {found.per_minute:,} a minute",
        ),
    )


def _reached(cell: Cell, chance: Chance) -> Sentence:
    zh, en = cell_name(cell)
    return (
        f"{zh}接通本人的机会 {percent(chance.reached)}（接听 {percent(chance.answer)} × 是本人 "
        f"{percent(chance.right_party)}）",
        f"chance of the right party {en}: {percent(chance.reached)} (answered {percent(chance.answer)} x the right "
        f"party {percent(chance.right_party)})",
    )


def _history(chance: Chance) -> Sentence:
    chain_zh = f"全体 {percent(chance.everybody)}，地区 {percent(chance.region)}，分组 {percent(chance.segment)}"
    chain_en = (
        f"everybody {percent(chance.everybody)}, the region {percent(chance.region)}, "
        f"the segment {percent(chance.segment)}"
    )
    if not chance.dials:
        return f"此号码未拨过；该时段接听率：{chain_zh}", f"never dialled; answers at this hour: {chain_en}"
    return (
        f"此号码拨过 {chance.dials} 次，连续 {chance.since_answer} 次未接；该时段接听率：{chain_zh}",
        f"dialled {chance.dials} times, the last {chance.since_answer} in vain; answers at this hour: {chain_en}",
    )


def _number(appraisal: Appraisal) -> Sequence[Sentence]:
    chosen = appraisal.chosen
    if not chosen.gave_way:
        return ()
    spot = chosen.index + 1
    return (
        (
            f"原号码久拨不应，改拨第 {spot} 个号码",
            f"the number before is never answered and gives way to number {spot}",
        ),
    )


def _later(appraisal: Appraisal) -> Sequence[Sentence]:
    later = appraisal.worth.later
    if later is None:
        return ()
    zh, en = cell_name(later.cell)
    return (
        (
            f"今天 {zh}更好（{percent(later.reached)}），此刻因此减分",
            f"{en} today is better ({percent(later.reached)}), which counts against a dial now",
        ),
    )


def best_hours(curve: Curve, *, first_hour: int = 8, until_hour: int = 20, most: int = 3) -> tuple[Cell, ...]:
    """The best cells of a week, best first, within hours of the day.

    Args:
        curve: chances over the week.
        first_hour: cells that begin before it are left out.
        until_hour: and those that end after it.
        most: how many.
    """
    cells = [Cell(cell) for cell in range(len(curve))]
    within = [cell for cell in cells if first_hour <= hours_of(cell)[0] and hours_of(cell)[1] <= until_hour]
    return tuple(sorted(within, key=lambda cell: (-curve[cell], cell))[:most])
