"""How are several values of one option written? `12`, `5,10,20`, `5..40`, `5..40:5`, and with per cent: `1%..5%:2%`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

MOST_STEPS: Final = 8
"""A span without a step is walked in at most so many."""
MOST_VALUES: Final = 60
_NICE: Final = (Decimal(1), Decimal(2), Decimal(5))
_NUMBER: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*(%?)")


class RangeError(ValueError):
    """A value or span that cannot be read; the message tells what was wrong and what to write, in both languages."""

    def __init__(self, text: str, zh: str, en: str) -> None:
        super().__init__(f"{text}: {en}")
        self.text, self.zh, self.en = text, zh, en


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What values an option takes."""

    low: float
    high: float
    is_whole: bool = False
    example: str

    def check(self, text: str, value: Decimal) -> None:
        """Raise `RangeError` unless the value is allowed."""
        if self.is_whole and value != value.to_integral_value():
            raise RangeError(text, f"应为整数，如 {self.example}", f"give whole numbers, such as {self.example}")
        if not Decimal(str(self.low)) <= value <= Decimal(str(self.high)):
            allowed = f"{self.low:g}..{self.high:g}"
            raise RangeError(
                text, f"超出范围 {allowed}；如 {self.example}", f"it is not within {allowed}; write {self.example}"
            )


def parse(text: str, kind: Kind) -> tuple[float, ...]:
    """All values that an option names, smallest first, each once.

    Args:
        text: values and spans with a comma between them; `low..high:step`, the step may be left out.
        kind: what is allowed.

    Raises:
        RangeError: it cannot be read, or a value is not allowed.
    """
    found: set[Decimal] = set()
    for part in text.replace("，", ",").split(","):
        found.update(_part(part.strip(), kind))
    if len(found) > MOST_VALUES:
        raise RangeError(
            text, f"共 {len(found)} 个值，最多 {MOST_VALUES}；请加大步长", f"{len(found)} values; take longer steps"
        )
    return tuple(float(value) for value in sorted(found))


def _part(part: str, kind: Kind) -> list[Decimal]:
    span, colon, step_text = part.partition(":")
    low_text, dots, high_text = span.partition("..")
    if not dots:
        if colon:
            raise RangeError(part, f"步长只用于区间，如 {kind.example}", f"a step needs a span, such as {kind.example}")
        return [_number(low_text, part, kind)]
    low, high = _number(low_text, part, kind), _number(high_text, part, kind)
    if low > high:
        raise RangeError(part, "起点大于终点，请对调", "it begins above its end; turn it round")
    step = _step(step_text, part, kind) if colon else _usual_step(low, high, kind)
    count = int((high - low) / step) if step else 0
    if count > MOST_VALUES:
        raise RangeError(part, f"超过 {MOST_VALUES} 个值；请加大步长", f"over {MOST_VALUES} values; take longer steps")
    if colon:
        return [low + number * step for number in range(count + 1)]
    # Without a step of one's own the values are round, and both ends are among them.
    first = (low / step).to_integral_value("ROUND_CEILING") if step else Decimal(0)
    inner = [(first + number) * step for number in range(count + 2)]
    return sorted({low, high, *(value for value in inner if low <= value <= high)})


def _number(text: str, part: str, kind: Kind) -> Decimal:
    value = _bare(text, part, kind)
    kind.check(part, value)
    return value


def _bare(text: str, part: str, kind: Kind) -> Decimal:
    found = _NUMBER.fullmatch(text.strip())
    if found is None:
        raise RangeError(part, f"无法读取；如 {kind.example}", f"it cannot be read; write {kind.example}")
    return Decimal(found[1]) / 100 if found[2] else Decimal(found[1])


def _step(text: str, part: str, kind: Kind) -> Decimal:
    step = _bare(text, part, kind)
    if step <= 0:
        raise RangeError(part, f"步长应大于 0；如 {kind.example}", f"a step is above 0; write {kind.example}")
    if kind.is_whole and step != step.to_integral_value():
        raise RangeError(part, f"步长应为整数；如 {kind.example}", f"give a whole step, such as {kind.example}")
    return step


def _usual_step(low: Decimal, high: Decimal, kind: Kind) -> Decimal:
    """The least of 1, 2, 5 times a power of ten that takes few steps."""
    if high == low:
        return Decimal(0)
    least = (high - low) / MOST_STEPS
    power = Decimal(10) ** math.floor(math.log10(least))
    step = next(value for value in (one * power * ten for ten in (1, 10) for one in _NICE) if value >= least)
    return max(step, Decimal(1)) if kind.is_whole else step
