"""How much could any rule gain over a price on the risk of the last call?

    python -m benchmarks.optimal_pacing [--json]

A floor small and plain enough for its optimum to be computed. A call rings through one or more stages, each for an
exponential time, and is then answered by a person with one chance. Agents are busy for exponential times. Who finds
nobody free is lost at once. Everything about the floor is known. More stages make rings more alike: the standard
deviation is all of the mean with one stage, 45 % of it with five. The state is (agents busy, calls in each stage), the
control the number of calls to place now.

- The optimum: value iteration over all controls, for a fine on each lost call; many fines trace its frontier. A control
  gains as much as the best one for its fine, to within 0.0005 of a busy agent.
- The price rule, as in `dialer.pacing`: calls are added while the chance that the last of them, when answered, finds
  every agent busy (nobody else being called) is at most the price; many prices trace its frontier.

Both frontiers are read at the same share of lost calls, straight between neighbouring points, as mixing two controls by
turns would give. No random numbers. The exit code is 1 when the price rule is more than a quarter of a point of
occupancy below the optimum anywhere.
Source: Puterman, Markov Decision Processes (1994), chapter 8 (average reward).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations_with_replacement, pairwise
from math import comb

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse import linalg as sparse_linalg

Floats = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]

PRICES = np.geomspace(0.001, 0.2, 60)
FINES_S = np.geomspace(6.0, 1000.0, 24)
"""Talk seconds that a lost call is worth."""
LOST_RATIOS = (0.01, 0.03, 0.05)
GAIN_PRECISION = 5e-4
"""Busy agents: so near is the gain of a control to that of the best one."""
PRECISION = 1e-9
CHECKED_EACH = 20
MAX_ROUNDS = 100_000
BAR_POINTS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A team and its list."""

    agents: int
    answer_ratio: float
    most_calls: int
    """In the air; `compare` refuses a floor on which a control of interest reaches it."""
    stages: int = 1
    """Of a ring."""
    busy_s: float = 170.0
    ring_s: float = 12.0


FLOORS = (
    Floor(agents=3, answer_ratio=0.3, most_calls=24),
    Floor(agents=3, answer_ratio=0.3, most_calls=14, stages=3),
    Floor(agents=3, answer_ratio=0.3, most_calls=11, stages=5),
    Floor(agents=5, answer_ratio=0.2, most_calls=48),
    Floor(agents=5, answer_ratio=0.2, most_calls=24, stages=2),
    Floor(agents=5, answer_ratio=0.6, most_calls=24),
    Floor(agents=5, answer_ratio=0.6, most_calls=14, stages=3),
    Floor(agents=5, answer_ratio=0.6, most_calls=10, stages=5),
    Floor(agents=10, answer_ratio=0.35, most_calls=48),
    Floor(agents=10, answer_ratio=0.35, most_calls=34, stages=2),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a control gives in the long run."""

    occupancy: float
    lost_ratio: float
    """Of those who answer."""
    calls: int
    """The most that are ever in the air."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both rules at one share of lost calls."""

    floor: Floor
    lost_ratio: float
    optimum: float
    """Occupancy."""
    price_rule: float

    @property
    def points_short(self) -> float:
        """Of occupancy, in hundredths."""
        return 100.0 * (self.optimum - self.price_rule)


class States:
    """All that a floor can be in: a row for each number of busy agents, a column for each placing of calls in stages.

    Values of states are arrays of rows x columns. A control says, as such an array, to which column to go at once, by
    placing calls.
    """

    def __init__(self, floor: Floor) -> None:
        """Number the columns, those with fewer calls first."""
        self.floor = floor
        self.busy = np.arange(floor.agents + 1)[:, None]
        placings = [
            tuple(stages.count(stage) for stage in range(floor.stages))
            for total in range(floor.most_calls + 1)
            for stages in combinations_with_replacement(range(floor.stages), total)
        ]
        self.calls: Indexes = np.array(placings, dtype=np.int64)
        """Columns x stages."""
        self.total: Indexes = self.calls.sum(axis=1)
        self.shape = (floor.agents + 1, len(placings))
        edges = [comb(total + floor.stages - 1, floor.stages) for total in range(floor.most_calls + 2)]
        self.by_total = [slice(first, last) for first, last in pairwise(edges)]
        """For each number of calls its columns."""
        columns = {placing: column for column, placing in enumerate(placings)}
        one = np.eye(floor.stages, dtype=np.int64)

        def moved(by: Indexes) -> Indexes:
            return np.array([columns.get(tuple(row), -1) for row in (self.calls + by).tolist()], dtype=np.int64)

        self.one_more = moved(one[0])
        """The column with one more call in its first stage; -1 where there is none."""
        stay = np.arange(len(placings))
        self.next_stage = [
            np.where(self.calls[:, stage] > 0, moved(one[stage + 1] - one[stage]), stay)
            for stage in range(floor.stages - 1)
        ]
        """For each stage but the last: the column after one call has gone on."""
        self.one_less = np.where(self.calls[:, -1] > 0, moved(-one[-1]), stay)
        """The column after one call has ended."""
        rate = floor.stages / floor.ring_s
        self.moves: list[tuple[Floats, Indexes, Indexes]] = [
            (self._of_all(self.busy / floor.busy_s), np.maximum(self.busy - 1, 0), stay),
            *(
                (self._of_all(rate * self.calls[:, stage]), self.busy, there)
                for stage, there in enumerate(self.next_stage)
            ),
            (self._of_all(rate * self.calls[:, -1] * (1.0 - floor.answer_ratio)), self.busy, self.one_less),
            (
                self._of_all(rate * self.calls[:, -1] * floor.answer_ratio),
                np.minimum(self.busy + 1, floor.agents),
                self.one_less,
            ),
        ]
        """(rate per second, row after it, column after it) of all that may happen next; answers are the last."""
        self.all_rates: Floats = sum((rate for rate, _, _ in self.moves), np.zeros(self.shape))
        self.lost_rate: Floats = np.where(self.busy == floor.agents, self.moves[-1][0], 0.0)

    def _of_all(self, rate: npt.NDArray[np.floating]) -> Floats:
        return np.broadcast_to(rate, self.shape).astype(np.float64)

    def drift(self, values: Floats) -> Floats:
        """The rates of all that may happen next times the values there, summed."""
        found = np.zeros(self.shape)
        for rate, rows, columns in self.moves:
            found += rate * values[rows, columns]
        return found

    def unchanged(self) -> Indexes:
        """The control that places nothing."""
        return np.tile(np.arange(self.shape[1]), (self.shape[0], 1))


def compare(floor: Floor) -> Iterator[Comparison]:
    """Both frontiers of a floor at the shares of `LOST_RATIOS`.

    Raises:
        ValueError: a control that is read there would place more than `most_calls`.
    """
    states = States(floor)
    risk = risk_of_one_more(states)
    ours = [outcome(states, price_control(states, risk, price)) for price in PRICES]
    best: list[Point] = []
    worth = np.zeros(states.shape)
    for fine_s in FINES_S:
        control, worth = optimal_control(states, fine_s, worth)
        best.append(outcome(states, control))
    _refuse_hindered(floor, ours)
    _refuse_hindered(floor, best)
    for lost_ratio in LOST_RATIOS:
        yield Comparison(
            floor=floor,
            lost_ratio=lost_ratio,
            optimum=occupancy_at(best, lost_ratio),
            price_rule=occupancy_at(ours, lost_ratio),
        )


def _refuse_hindered(floor: Floor, points: Sequence[Point]) -> None:
    highest = min(point.lost_ratio for point in points if point.lost_ratio >= max(LOST_RATIOS))
    if any(point.calls >= floor.most_calls for point in points if point.lost_ratio <= highest):
        raise ValueError(f"{floor}: some controls place all of most_calls, so that it hinders them; raise it.")


def risk_of_one_more(states: States) -> Floats:
    """The chance that one more call, when answered, finds every agent busy, nobody else being called."""
    rate = states.floor.stages / states.floor.ring_s
    risk = np.broadcast_to((states.busy == states.floor.agents).astype(np.float64), states.shape)
    for _ in range(states.floor.stages):  # of the further call, the last one first
        later, risk = risk, np.zeros(states.shape)
        for _ in range(MAX_ROUNDS):
            known, risk = risk, (rate * later + states.drift(risk)) / (rate + states.all_rates)
            if np.abs(risk - known).max() < PRECISION:
                break
        else:
            raise ArithmeticError(f"The risk of {states.floor} was not found in {MAX_ROUNDS} rounds.")
    return risk


def price_control(states: States, risk: Floats, price: float) -> Indexes:
    """Place calls while the risk of the last one is at most the price, progressive at least.

    Args:
        states: of the floor.
        risk: what `risk_of_one_more` finds.
        price: 0 is progressive.
    """
    free = states.floor.agents - states.busy
    control = states.unchanged()
    for columns in reversed(states.by_total[:-1]):
        wanted = (risk[:, columns] <= price) | (states.total[columns] < free)
        control[:, columns] = np.where(wanted, control[:, states.one_more[columns]], control[:, columns])
    return control


def optimal_control(states: States, fine_s: float, worth: Floats | None = None) -> tuple[Indexes, Floats]:
    """Place calls so that talk less fines is the most in the long run.

    Args:
        states: of the floor.
        fine_s: talk seconds that a lost call is worth.
        worth: of the states, relative to the first, for another fine; what to begin with.

    Returns:
        The control, and what each state is worth under it.

    Raises:
        ArithmeticError: not found in `MAX_ROUNDS`.
    """
    gain = states.busy - fine_s * states.lost_rate
    clock = float(states.all_rates.max())
    worth = np.zeros(states.shape) if worth is None else worth
    for done in range(MAX_ROUNDS):
        _, best = _placed(states, worth)
        better = (gain + states.drift(best) + (clock - states.all_rates) * best) / clock
        change = better - worth
        worth = better - better[0, 0]
        if done % CHECKED_EACH == 0 and clock * float(change.max() - change.min()) < GAIN_PRECISION:
            return _placed(states, worth)[0], worth
    raise ArithmeticError(f"The best control of {states.floor} for {fine_s:g} s was not found in {MAX_ROUNDS} rounds.")


def _placed(states: States, worth: Floats) -> tuple[Indexes, Floats]:
    """The best columns to go to by placing calls, and what is gained by it."""
    control, best = states.unchanged(), worth.copy()
    for columns in reversed(states.by_total[:-1]):
        more = states.one_more[columns]
        better = best[:, more] > best[:, columns] + PRECISION
        best[:, columns] = np.where(better, best[:, more], best[:, columns])
        control[:, columns] = np.where(better, control[:, more], control[:, columns])
    if control[0, 0] == 0:  # nobody busy and nobody called is no place to stay
        control[0, 0], best[0, 0] = control[0, states.one_more[0]], best[0, states.one_more[0]]
    return control, best


def outcome(states: States, control: Indexes) -> Point:
    """The long run under a control, by the stationary distribution of its Markov chain."""
    rows, columns = np.indices(states.shape)
    here = (rows * states.shape[1] + columns).ravel()
    size = here.size

    def placed(to_rows: Indexes, to_columns: Indexes) -> Indexes:
        to_rows, to_columns = np.broadcast_arrays(to_rows, to_columns)
        found: Indexes = (to_rows * states.shape[1] + control[to_rows, to_columns]).ravel()
        return found

    there = [np.broadcast_to(placed(*np.broadcast_arrays(*to)), size) for _, *to in states.moves]
    rates = np.concatenate([rate.ravel() for rate, _, _ in states.moves])
    chain = sparse.csr_array((rates, (np.tile(here, len(there)), np.concatenate(there))), shape=(size, size))
    reached = csgraph.breadth_first_order(chain, control[0, 0], return_predecessors=False)
    chain = chain[reached][:, reached]
    balance = (chain - sparse.diags_array(chain.sum(axis=1))).T.tolil()
    balance[-1] = 1.0  # one of the equations follows from the others: the shares sum to 1 in its place
    shares = sparse_linalg.spsolve(balance.tocsc(), np.eye(1, len(reached), len(reached) - 1).ravel())
    lost, answers = states.lost_rate.ravel()[reached], states.moves[-1][0].ravel()[reached]
    return Point(
        occupancy=float(shares @ (reached // states.shape[1])) / states.floor.agents,
        lost_ratio=float(shares @ lost) / float(shares @ answers),
        calls=int(states.total[reached % states.shape[1]].max()),
    )


def occupancy_at(points: Sequence[Point], lost_ratio: float) -> float:
    """A frontier read at a share of lost calls."""
    frontier = sorted(points, key=lambda point: point.lost_ratio)
    return float(
        np.interp(lost_ratio, [point.lost_ratio for point in frontier], [point.occupancy for point in frontier])
    )


def main() -> None:
    """Print the table; exit code 1 when the bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one object instead of a table")
    wanted = parser.parse_args()
    found = [comparison for floor in FLOORS for comparison in compare(floor)]
    if wanted.json:
        print(json.dumps([asdict(one) | {"points_short": one.points_short} for one in found]))
    else:
        print("agents  answering  stages  lost   optimum  price rule  points short")
        for one in found:
            print(
                f"{one.floor.agents:6d} {one.floor.answer_ratio:9.0%} {one.floor.stages:7d} {one.lost_ratio:6.0%} "
                f"{one.optimum:8.2%} {one.price_rule:10.2%} {one.points_short:12.2f}"
            )
    raise SystemExit(1 if max(one.points_short for one in found) > BAR_POINTS else 0)


if __name__ == "__main__":
    main()
