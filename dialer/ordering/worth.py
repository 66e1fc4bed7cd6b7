"""What a dial is worth: what it is expected to recover, for each minute of an agent's time that it is expected to take.

    worth = chance of the right party x recovery / agent minutes
    agent seconds = a share of waiting + answers by others x their seconds + right parties x (talk + wrap-up)

A dial now that is not answered may cost the better hour later today, because a number is not dialled for ever on one
day. So of a better chance later a share counts against this dial (`later_weight`); it never counts below a tenth of its
own value, because an agent who waits recovers nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal

from dialer.ordering.beliefs import Costs, RecoveryBelief
from dialer.ordering.cells import Cell

CENT = Decimal("0.01")
LEAST_SHARE = 0.1
"""Of its own value, for a dial that a better hour later today speaks against (house rule)."""
MOST_BROKEN = 3
"""Broken promises that count."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """An account as far as what it may bring goes."""

    amount_due: Decimal
    bucket: str
    """M0, M1 ... M7."""
    grade: str = ""
    """Of risk, A (best) to E; empty: not known."""
    broken_promises: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What reaching the right party is expected to bring."""

    ratio: float
    """Of the amount due (0..1)."""
    amount: Decimal
    seen: int
    """Accounts that the ratio was learned from; 0: it is a belief."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Later:
    """A better hour of the same day."""

    cell: Cell
    reached: float
    """The chance of the right party then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worth:
    """What a dial is worth, and why."""

    per_minute: Decimal
    """Expected recovery for each minute of an agent's time, in the account's currency: what the order goes by."""
    expected: Decimal
    """Expected recovery of the dial, whenever else it may be dialled."""
    agent_s: float
    answer: float
    reached: float
    recovery: Recovery
    later: Later | None = None
    """What speaks for waiting; None: no hour of today that is left is better."""


class RecoveryModel:
    """What those who were reached paid, by bucket and grade."""

    def __init__(self, belief: RecoveryBelief | None = None) -> None:
        """Begin with what is believed.

        Args:
            belief: settings; None: the usual ones.
        """
        self.belief = belief or RecoveryBelief()
        self._seen: dict[tuple[str, ...], tuple[int, float]] = {}

    def observe(self, owed: Owed, paid: Decimal, times: int = 1) -> None:
        """The right party of an account was reached, and the window after it is over.

        Args:
            owed: as it stood when they were reached.
            paid: in the window.
            times: so many accounts of one bucket and grade, told together: `owed` and `paid` are their means.
        """
        ratio = min(1.0, float(paid / owed.amount_due)) if owed.amount_due > 0 else 0.0
        for key in ((owed.bucket,), (owed.bucket, owed.grade)):
            count, total = self._seen.get(key, (0, 0.0))
            self._seen[key] = (count + times, total + ratio * times)

    def expected(self, owed: Owed) -> Recovery:
        """What reaching the right party is expected to bring: of its bucket, then of its grade in it."""
        belief = self.belief
        count, total = self._seen.get((owed.bucket,), (0, 0.0))
        believed = belief.by_bucket.get(owed.bucket, belief.otherwise)
        ratio = (total + belief.strength * believed) / (count + belief.strength)
        ratio *= belief.by_grade.get(owed.grade, 1.0)
        count, total = self._seen.get((owed.bucket, owed.grade), (0, 0.0))
        ratio = (total + belief.strength * ratio) / (count + belief.strength)
        ratio *= belief.broken_promise ** min(owed.broken_promises, MOST_BROKEN)
        ratio = min(max(ratio, 0.0), 1.0)
        due = min(max(owed.amount_due, Decimal(0)), belief.most_due)
        return Recovery(ratio=ratio, amount=_cents(float(due) * ratio), seen=count)


def worth(
    *,
    answer: float,
    reached: float,
    recovery: Recovery,
    costs: Costs,
    later: Later | None = None,
    later_weight: float = 0.0,
) -> Worth:
    """What a dial is worth.

    Args:
        answer: the chance that a person answers (0..1).
        reached: the chance that the right party does, at most `answer`.
        recovery: what that is expected to bring.
        costs: of an agent's time.
        later: the best hour of today that is left, if it is better than this one; see `best_later`.
        later_weight: how much it counts (0..1).
    """
    agent_s = costs.dial_s + (answer - reached) * costs.other_party_s + reached * (costs.talk_s + costs.wrap_up_s)
    given_up = later_weight * (later.reached - reached) if later is not None else 0.0
    counted = max(reached - max(given_up, 0.0), LEAST_SHARE * reached)
    brings = float(recovery.amount)
    return Worth(
        per_minute=_cents(60.0 * counted * brings / agent_s),
        expected=_cents(reached * brings),
        agent_s=agent_s,
        answer=answer,
        reached=reached,
        recovery=recovery,
        later=later,
    )


def best_later(chances: Mapping[Cell, float], cell: Cell) -> Later | None:
    """The best hour of today that is left, if it is better than this one.

    Args:
        chances: of the right party, now and in the cells of today that are left.
        cell: now.
    """
    best = max(chances, key=chances.__getitem__)
    return None if chances[best] <= chances[cell] else Later(cell=best, reached=chances[best])


def _cents(value: float) -> Decimal:
    return Decimal(value).quantize(CENT, rounding=ROUND_HALF_EVEN)
