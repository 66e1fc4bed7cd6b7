"""Fair shares: so much of the count, of the amount and of the expected value for each agent.

Loads are kept as shares of the whole, so that the three weigh alike. Debtors are given out largest first, those whom
few may take before the others, each to the agent for whom the sum of the squares of all loads grows least (a longest-
processing-time list schedule). Then agents who may look after the same debtors swap some, until their loads are as
even as was asked for or no swap makes them more even.
Source: Graham, Bounds on Multiprocessing Timing Anomalies (1969), for the list schedule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialer.caseload.eligible import Spots

Floats = NDArray[np.float64]
MEASURES = ("count", "amount", "expected")
CANDIDATES = 160
"""Of an agent's debtors so many are looked at for a swap."""
ROUNDS = 1_000
"""Swaps within one group of agents, at most."""
INSIDE = 0.45
"""Of the spread: so far from the mean a share counts as even."""
TIE_BREAK = 0.001
"""How much less what is inside the bound counts than what is outside."""
LEAST_GAIN = 1e-9
"""A swap that makes two agents more even by less is none."""


class Loads:
    """What every agent has so far, as shares of the whole."""

    def __init__(self, sizes: Floats, shares: Floats, capacity: NDArray[np.int64], held: Floats) -> None:
        """Begin with what agents have anyway.

        Args:
            sizes: debtors x measures: count, amount, expected value.
            shares: agents: of a full share, above 0.
            capacity: agents: how many debtors each may have.
            held: agents x measures: of debtors about whom nothing is decided now.
        """
        totals = sizes.sum(axis=0) + held.sum(axis=0)
        totals = np.where(totals > 0, totals, 1.0)
        self.sizes = sizes / totals
        self.shares = shares
        self.capacity = capacity
        self.loads = held / totals
        self.counts = held[:, 0].astype(np.int64)

    def add(self, case: int, agent: int) -> None:
        """Give a debtor to an agent."""
        self.loads[agent] += self.sizes[case]
        self.counts[agent] += 1

    def remove(self, case: int, agent: int) -> None:
        """Take a debtor from an agent."""
        self.loads[agent] -= self.sizes[case]
        self.counts[agent] -= 1

    def has_room(self, agent: int) -> bool:
        """Whether an agent may have one more."""
        return bool(self.counts[agent] < self.capacity[agent])

    def best(self, case: int, agents: Spots, but: frozenset[int] = frozenset()) -> int | None:
        """To whom of some agents a debtor should go; None: nobody has room."""
        size = self.sizes[case]
        costs = (2.0 * (self.loads[agents] @ size) + size @ size) / self.shares[agents]
        costs[self.counts[agents] >= self.capacity[agents]] = np.inf
        for spot in but:
            costs[agents == spot] = np.inf
        if not len(agents) or np.isinf(costs[least := int(costs.argmin())]):
            return None
        return int(agents[least])

    def levels(self, agents: Spots) -> Floats:
        """Agents x measures: loads by what would be even, 1 for everybody."""
        loads = self.loads[agents] / self.shares[agents][:, None]
        means = loads.mean(axis=0)
        return np.where(means > 0, loads / np.where(means > 0, means, 1.0), 1.0)


@dataclass(slots=True)
class Group:
    """Agents who may look after the same debtors."""

    agents: Spots
    owned: dict[int, list[int]]
    """Agent -> those of its debtors that may be moved."""
    may: Callable[[int, int], bool]
    """Whether a debtor may go to an agent."""


def even_out(loads: Loads, group: Group, *, spread: float) -> list[tuple[int, int]]:
    """Swap debtors within a group of agents until their shares are even enough, or no swap makes them more even.

    Args:
        loads: changed in place, as are the group's debtors.
        group: the agents and what may be moved.
        spread: (largest - smallest) / mean, of every measure.

    Returns:
        The moves: debtor and new agent, in order.
    """
    moves: list[tuple[int, int]] = []
    stuck: set[tuple[int, int]] = set()
    for _ in range(ROUNDS):
        swap = next(
            (found for pair in _uneven(loads, group, spread) if (found := _swap(loads, group, pair, stuck, spread))),
            None,
        )
        if swap is None:
            break
        stuck.clear()
        moves += _moved(loads, group, swap)
    return moves


@dataclass(frozen=True, slots=True)
class _Swap:
    high: int
    low: int
    gives: int | None
    takes: int | None


def _uneven(loads: Loads, group: Group, spread: float) -> Iterator[tuple[int, int]]:
    """Pairs of agents of whom one has too much and the other too little, the largest difference first."""
    levels = loads.levels(group.agents)
    gaps = levels.max(axis=0) - levels.min(axis=0)
    for measure in np.argsort(-gaps, kind="stable"):
        if gaps[measure] > spread:
            order = np.argsort(levels[:, measure], kind="stable")
            for low in order[:2]:
                for high in order[:-3:-1]:
                    if levels[high, measure] > levels[low, measure]:
                        yield int(group.agents[high]), int(group.agents[low])


def _swap(
    loads: Loads, group: Group, pair: tuple[int, int], stuck: set[tuple[int, int]], spread: float
) -> _Swap | None:
    """What two agents should swap: a debtor of each, or one only; None: nothing would be more even."""
    if pair in stuck:
        return None
    high, low = pair
    gives = _some(loads, [case for case in group.owned[high] if group.may(case, low)])
    takes = _some(loads, [case for case in group.owned[low] if group.may(case, high)])
    after, before = _unevenness(loads, group, pair, gives, takes, spread)
    if not loads.has_room(low):
        after[:-1, -1] = np.inf
    if not loads.has_room(high):
        after[-1, :-1] = np.inf
    row, column = divmod(int(after.argmin()), after.shape[1])
    if not after[row, column] < before - LEAST_GAIN:
        stuck.add(pair)
        return None
    return _Swap(
        high,
        low,
        gives[row] if row < len(gives) else None,
        takes[column] if column < len(takes) else None,
    )


def _unevenness(
    loads: Loads, group: Group, pair: tuple[int, int], gives: list[int], takes: list[int], spread: float
) -> tuple[Floats, float]:
    """How uneven two agents would be after every swap, and how uneven they are; last row and column: nothing."""
    even = loads.loads[group.agents].sum(axis=0) / loads.shares[group.agents].sum()
    even = np.where(even > 0, even, 1.0)
    nothing = np.zeros((1, len(MEASURES)))
    given = np.vstack((loads.sizes[gives], nothing)) / even
    taken = np.vstack((loads.sizes[takes], nothing)) / even
    change = given[:, None, :] - taken[None, :, :]
    high, low = (loads.loads[agent] / even for agent in pair)
    of_high, of_low = (loads.shares[agent] for agent in pair)
    after = _strain((high - change) / of_high, spread) + _strain((low + change) / of_low, spread)
    return after, float(_strain(high / of_high, spread) + _strain(low / of_low, spread))


def _strain(levels: Floats, spread: float) -> Floats:
    """How far shares are from even: above all what is outside the bound, in the measure that is worst.

    Everybody within half a spread of the mean is within a spread of each other, so what is inside hardly counts.
    """
    off = np.abs(levels - 1.0)
    outside = np.maximum(off - INSIDE * spread, 0.0)
    return np.asarray((outside**2 + TIE_BREAK * off**2).sum(axis=-1))


def _some(loads: Loads, cases: list[int]) -> list[int]:
    """Debtors of all sizes, at most `CANDIDATES`."""
    if len(cases) <= CANDIDATES:
        return cases
    by_size = np.array(cases)[np.lexsort((cases, loads.sizes[cases].sum(axis=1)))]
    return [int(by_size[int(spot)]) for spot in np.linspace(0, len(by_size) - 1, CANDIDATES)]


def _moved(loads: Loads, group: Group, swap: _Swap) -> list[tuple[int, int]]:
    moves = []
    for case, source, target in ((swap.gives, swap.high, swap.low), (swap.takes, swap.low, swap.high)):
        if case is None:
            continue
        loads.remove(case, source)
        loads.add(case, target)
        group.owned[source].remove(case)
        group.owned[target].append(case)
        moves.append((case, target))
    return moves
