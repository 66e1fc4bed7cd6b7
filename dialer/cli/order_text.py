"""The head of a list: every account with its reasons and its numbers' best hours, for a terminal and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from pydantic import JsonValue
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from dialer.cli.lang import Lang
from dialer.ordering import sentences
from dialer.ordering.appraisal import Appraisal
from dialer.ordering.beliefs import OrderingSettings
from dialer.ordering.cells import Cell
from dialer.ordering.contact import Chance
from dialer.store.columns import amount
from dialer.store.order import Learned, Queued

GREY: Final = "bright_black"


@dataclass(frozen=True, slots=True, kw_only=True)
class BestHours:
    """A number of the debtor."""

    number: str
    """As it may be shown."""
    chance: Chance
    """Now."""
    cells: tuple[tuple[Cell, float], ...]
    """Its best hours, with the chance of the right party then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An account near the head of the queue, as it is shown."""

    account: str
    name: str
    queued: Queued
    appraisal: Appraisal | None
    """None: its number may not be dialled now."""
    numbers: tuple[BestHours, ...]

    @classmethod
    def of(
        cls, queued: Queued, learned: Learned, at: datetime, *, account: str, name: str, numbers: dict[int, str]
    ) -> Shown:
        """Appraise an account for showing."""
        standing = queued.standing
        if standing is None:
            return cls(account=account, name=name, queued=queued, appraisal=None, numbers=())
        found = standing.appraised(learned, at)
        return cls(
            account=account,
            name=name,
            queued=queued,
            appraisal=found,
            numbers=tuple(
                BestHours(
                    number=numbers[int(str(one.number.key))],
                    chance=one.chance,
                    cells=_best(learned.contact.curve(one.number, at), learned.settings),
                )
                for one in found.chosen.candidates
            ),
        )


def _best(curve: tuple[float, ...], settings: OrderingSettings) -> tuple[tuple[Cell, float], ...]:
    """The best hours; none as long as every hour is believed to be the same."""
    cells = sentences.best_hours(curve, until_hour=settings.until_hour)
    within = sentences.best_hours(curve, until_hour=settings.until_hour, most=len(curve))
    if not cells or curve[cells[0]] <= curve[within[-1]] * 1.001:
        return ()
    return tuple((cell, curve[cell]) for cell in cells)


def render(shown: Sequence[Shown], learned: Learned, lang: Lang) -> RenderableType:
    """The head of the queue."""
    parts: list[RenderableType] = []
    for place, one in enumerate(shown, start=1):
        parts += [_head(place, one, lang), *_why(one, lang)]
        if one.numbers:
            parts.append(_numbers(one, lang))
        parts.append("")
    parts.append(
        Text(
            lang.pick(
                f"已学习 {learned.calls:,} 通通话。名次：约定回拨、优先级、每坐席分钟价值，其后同前。",
                f"Learned from {learned.calls:,} calls. Order: call-backs, priority, worth a minute, then as before.",
            ),
            GREY,
        )
    )
    return Group(*parts)


def _head(place: int, one: Shown, lang: Lang) -> Text:
    queued = one.queued
    marks = [lang.pick("约定回拨", "call-back")] if queued.callback else []
    marks += [lang.pick(f"优先级 {queued.priority}", f"priority {queued.priority}")] if queued.priority else []
    worth = f"{amount(queued.worth_cents):,}" if queued.worth_cents else lang.pick("未算", "not worked out")
    line = Text(f"{place}. {one.account} {one.name}  ", "bold")
    line.append(lang.pick(f"逾期 {queued.days_past_due} 天  ", f"{queued.days_past_due} days past due  "), "")
    line.append(lang.pick(f"排序价值 {worth}", f"ordered by {worth}"), "cyan")
    line.append("".join(f"  [{mark}]" for mark in marks), "yellow")
    return line


def _why(one: Shown, lang: Lang) -> list[Text]:
    if one.appraisal is None:
        return [Text(lang.pick("   下一个号码不可拨", "   its next number may not be dialled"), "yellow")]
    return [Text(f"   {lang.pick(*sentence)}") for sentence in sentences.explained(one.appraisal)]


def _numbers(one: Shown, lang: Lang) -> Table:
    table = Table(box=None, header_style=GREY, padding=(0, 2, 0, 3))
    for zh, en in (
        ("号码", "number"),
        ("此刻", "now"),
        ("拨过", "dialled"),
        ("未接", "in vain"),
        ("最佳时段", "best hours"),
    ):
        table.add_column(lang.pick(zh, en))
    chosen = one.appraisal.chosen.index if one.appraisal is not None else -1
    for spot, number in enumerate(one.numbers):
        chance = number.chance
        best = [f"{lang.pick(*sentences.cell_name(cell))} {sentences.percent(odds)}" for cell, odds in number.cells]
        table.add_row(
            Text(("→ " if spot == chosen else "  ") + number.number, "bold" if spot == chosen else ""),
            sentences.percent(chance.reached),
            f"{chance.dials}",
            f"{chance.since_answer}",
            Text(
                lang.pick("，", ", ").join(best) or lang.pick("尚无差别", "no difference seen yet"),
                "" if best else GREY,
            ),
        )
    return table


def shown_json(one: Shown, settings: OrderingSettings) -> JsonValue:
    """One account for programs."""
    queued, found = one.queued, one.appraisal
    told: dict[str, JsonValue] = {
        "account": one.account,
        "name": one.name,
        "days_past_due": queued.days_past_due,
        "priority": queued.priority,
        "callback": queued.callback,
        "ordered_by": str(amount(queued.worth_cents)),
    }
    if found is None:
        return told | {"worth_per_minute": None, "numbers": []}
    worth = found.worth
    return told | {
        "worth_per_minute": str(worth.per_minute),
        "answer": round(worth.answer, 4),
        "right_party": round(worth.reached, 4),
        "recovery": {"amount": str(worth.recovery.amount), "ratio": round(worth.recovery.ratio, 4)},
        "agent_s": round(worth.agent_s, 1),
        "later_weight": settings.later_weight,
        "better_later": None if worth.later is None else _cell_json(worth.later.cell, worth.later.reached),
        "gave_way": found.chosen.gave_way,
        "why": [{"zh": zh, "en": en} for zh, en in sentences.explained(found)],
        "numbers": [
            {
                "number": number.number,
                "chosen": spot == found.chosen.index,
                "right_party": round(number.chance.reached, 4),
                "dials": number.chance.dials,
                "since_answer": number.chance.since_answer,
                "best_hours": [_cell_json(cell, odds) for cell, odds in number.cells],
            }
            for spot, number in enumerate(one.numbers)
        ],
    }


def _cell_json(cell: Cell, odds: float) -> JsonValue:
    return {"hours": sentences.cell_name(cell)[1], "right_party": round(odds, 4)}
