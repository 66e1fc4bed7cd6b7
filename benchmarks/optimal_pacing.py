"""How much could any rule gain over a price on the risk of the last call?

    python -m benchmarks.optimal_pacing [--json]

A floor small and plain enough for its optimum to be computed: calls ring for exponential times and are answered by a
person with one chance, agents are busy for exponential times, who finds nobody free is lost at once, everything about
the floor is known. Its state is (agents busy, calls in the air), its control the number of calls to keep in the air.

- The optimum: policy iteration over all controls, for a fine on each lost call; many fines trace its frontier.
- The price rule, as in `dialer.pacing`: calls are added while the chance that the last of them, when answered, finds
  every agent busy (nobody else being called) is at most the price; many prices trace its frontier.

Both frontiers are read at the same share of lost calls, straight between neighbouring points, as mixing two controls by
turns would give. Exact arithmetic, no random numbers. The exit code is 1 when the price rule is more than a quarter of
a point of occupancy below the optimum anywhere.
Source: Puterman, Markov Decision Processes (1994), chapter 8 (average reward).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

PRICES = np.geomspace(0.001, 0.2, 160)
FINES_S = np.geomspace(4.0, 1000.0, 48)
"""Talk seconds that a lost call is worth."""
LOST_RATIOS = (0.01, 0.03, 0.05)
PRECISION = 1e-9
MAX_ROUNDS = 200
BAR_POINTS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A team and its list."""

    agents: int
    answer_ratio: float
    busy_s: float = 170.0
    ring_s: float = 12.0
    most_calls: int = 48
    """In the air; enough that no control wants more."""


FLOORS = (
    Floor(agents=3, answer_ratio=0.3),
    Floor(agents=5, answer_ratio=0.2),
    Floor(agents=5, answer_ratio=0.6),
    Floor(agents=10, answer_ratio=0.35),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What a control gives in the long run."""

    occupancy: float
    lost_ratio: float
    """Of those who answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Both rules at one share of lost calls."""

    agents: int
    answer_ratio: float
    lost_ratio: float
    optimum: float
    """Occupancy."""
    price_rule: float

    @property
    def points_short(self) -> float:
        """Of occupancy, in hundredths."""
        return 100.0 * (self.optimum - self.price_rule)


def compare(floor: Floor) -> Iterator[Comparison]:
    """Both frontiers of a floor at the shares of `LOST_RATIOS`."""
    best = [outcome(floor, optimal_control(floor, fine_s)) for fine_s in FINES_S]
    ours = [outcome(floor, price_control(floor, price)) for price in PRICES]
    for lost_ratio in LOST_RATIOS:
        yield Comparison(
            agents=floor.agents,
            answer_ratio=floor.answer_ratio,
            lost_ratio=lost_ratio,
            optimum=occupancy_at(best, lost_ratio),
            price_rule=occupancy_at(ours, lost_ratio),
        )


def price_control(floor: Floor, price: float) -> list[int]:
    """Calls to keep in the air, by the number of busy agents: as many as the price allows, progressive at least."""
    risk = _risk_of_one_more(floor)
    return [
        max(int(np.searchsorted(risk[busy], price, side="right")), floor.agents - busy)
        for busy in range(floor.agents + 1)
    ]


def optimal_control(floor: Floor, fine_s: float) -> list[int]:
    """Calls to keep in the air that make talk less fines the most in the long run, by policy iteration."""
    shape = (floor.agents + 1, floor.most_calls + 1)
    placed = np.tile(np.arange(shape[1]), (shape[0], 1))
    """Busy agents x calls in the air: calls in the air after placing."""
    placed[0, 0] = 1
    for _ in range(MAX_ROUNDS):
        worth = _worth(floor, fine_s, placed)
        # The best number at or above each: the running argmax from the right.
        better = np.empty_like(placed)
        better[:, -1] = shape[1] - 1
        for calls in range(shape[1] - 2, -1, -1):
            rows = np.arange(shape[0])
            later = better[:, calls + 1]
            better[:, calls] = np.where(worth[rows, later] > worth[rows, calls] + PRECISION, later, calls)
        better[0, 0] = max(better[0, 0], 1)
        if (better == placed).all():
            break
        placed = better
    return [int(row[0]) for row in placed]


def _worth(floor: Floor, fine_s: float, placed: npt.NDArray[np.int64]) -> Floats:
    """Busy agents x calls in the air after placing: what being there is worth over the long run, relative to one."""
    shape = placed.shape
    busy, calls = (axis.ravel() for axis in np.indices(shape))
    full = busy == floor.agents
    moves = (
        (busy / floor.busy_s, np.maximum(busy - 1, 0), calls),
        (calls * (1 - floor.answer_ratio) / floor.ring_s, busy, np.maximum(calls - 1, 0)),
        (calls * floor.answer_ratio / floor.ring_s, np.minimum(busy + 1, floor.agents), np.maximum(calls - 1, 0)),
    )
    states = np.arange(busy.size)
    balance = np.zeros((busy.size, busy.size))
    for rate, next_busy, next_calls in moves:
        there = next_busy * shape[1] + placed[next_busy, next_calls]
        np.add.at(balance, (states, there), rate)
        balance[states, states] -= rate
    balance[0, :2] = -1.0, 1.0  # nobody busy and nobody called is no place to stay: a call is placed at once
    reference = int(placed[0, 0])
    balance[:, reference] = -1.0  # its worth is zero; the gain per second stands in its place
    gain = busy - fine_s * moves[2][0] * full
    worth: Floats = np.linalg.solve(balance, -gain.astype(np.float64))
    worth[reference] = 0.0
    return worth.reshape(shape)


def outcome(floor: Floor, control: Sequence[int]) -> Point:
    """The long run under a control, by the stationary distribution of its Markov chain."""
    at: dict[tuple[int, int], int] = {}
    order: list[tuple[int, int]] = []

    def spot(busy: int, calls: int) -> int:
        state = (busy, max(calls, control[busy]))
        if state not in at:
            at[state] = len(order)
            order.append(state)
        return at[state]

    spot(0, 0)
    rates: list[tuple[int, int, float]] = []
    for here, (busy, calls) in enumerate(order):  # `order` grows while it is walked
        answers, fails = calls * floor.answer_ratio / floor.ring_s, calls * (1 - floor.answer_ratio) / floor.ring_s
        rates += [
            (here, spot(max(busy - 1, 0), calls), busy / floor.busy_s),
            (here, spot(busy, max(calls - 1, 0)), fails),
            (here, spot(min(busy + 1, floor.agents), max(calls - 1, 0)), answers),
        ]
    balance = np.zeros((len(order), len(order)))
    for here, there, rate in rates:
        balance[there, here] += rate
        balance[here, here] -= rate
    balance[-1] = 1.0
    shares = np.linalg.solve(balance, np.eye(len(order))[-1])
    busy_of, calls_of = np.array(order).T
    answers_of = shares * calls_of
    return Point(
        occupancy=float(shares @ busy_of) / floor.agents,
        lost_ratio=float(answers_of[busy_of == floor.agents].sum() / answers_of.sum()),
    )


def occupancy_at(points: Sequence[Point], lost_ratio: float) -> float:
    """A frontier read at a share of lost calls."""
    frontier = sorted(points, key=lambda point: point.lost_ratio)
    return float(
        np.interp(lost_ratio, [point.lost_ratio for point in frontier], [point.occupancy for point in frontier])
    )


def _risk_of_one_more(floor: Floor) -> Floats:
    """Busy agents x calls in the air: the chance that one more call, when answered, finds every agent busy."""
    call_rate, risk = 1.0 / floor.ring_s, np.zeros((floor.agents + 1, floor.most_calls + 1))
    for calls in range(floor.most_calls + 1):
        for busy in range(floor.agents + 1):
            flow = call_rate * (busy == floor.agents)
            if calls:
                answered = risk[min(busy + 1, floor.agents), calls - 1]
                other = floor.answer_ratio * answered + (1 - floor.answer_ratio) * risk[busy, calls - 1]
                flow += calls * call_rate * other
            if busy:
                flow += busy / floor.busy_s * risk[busy - 1, calls]
            risk[busy, calls] = flow / (call_rate * (1 + calls) + busy / floor.busy_s)
    return risk


def main() -> None:
    """Print the table; exit code 1 when the bar is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="one object instead of a table")
    wanted = parser.parse_args()
    found = [comparison for floor in FLOORS for comparison in compare(floor)]
    if wanted.json:
        print(json.dumps([asdict(one) | {"points_short": one.points_short} for one in found]))
    else:
        print("agents  answering  lost   optimum  price rule  points short")
        for one in found:
            print(
                f"{one.agents:6d} {one.answer_ratio:9.0%} {one.lost_ratio:6.0%} {one.optimum:8.2%} "
                f"{one.price_rule:10.2%} {one.points_short:12.2f}"
            )
    raise SystemExit(1 if max(one.points_short for one in found) > BAR_POINTS else 0)


if __name__ == "__main__":
    main()
