"""How many calls to place now: pure arithmetic on a view of the floor and on what has been learned.

Rules
-----
- `preview`: none; an agent asks for each call.
- `progressive`: one call for each free agent, less the calls in the air.
- `power`: `ratio` calls for each free agent, less the calls in the air.
- `predictive`: the most calls such that the last of them, if a person answers it, still finds every agent taken
  no more often than the price allows. The price is what spends the abandonment budget evenly to its end, by what
  prices have cost so far. Never fewer than progressive; never more than `max_ratio` in the air per agent.
- No mode goes past free channels, calls per second, or leads in hand.

The forecast weighs the whole distribution of answers against the whole distribution of agents becoming free, at
each moment of the next half minute, and bounds a chance over both: see `dialer.prediction`. It does not match sums of
answer chances to agents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

import numpy as np

from dialer.estimates import Estimates
from dialer.prediction import durations, holding, rings
from dialer.prediction.budget import Budget, Spending, answers_to_come, spend
from dialer.prediction.moments import STEP_S, Floats, Indexes
from dialer.prediction.shortage import Shortage
from dialer.settings import PacingSettings
from dialer.types import Mode

__all__ = ["Budget", "Decision", "Estimates", "PoolView", "decide", "fruitless"]

MEMORY_S: Final = 240.0
MIN_MEMORY_CALLS: Final = 400.0
"""The answer ratio is that of the last four minutes, or of so many calls if those are more."""
MAX_PRICE: Final = 0.5
CHUNK: Final = 8
"""So many numbers of calls are weighed at once."""
USUAL_OCCUPANCY: Final = 0.8
"""Tells how many answers to expect before there were any."""
OPEN_ENDED_S: Final = 1800.0
"""A campaign whose end is unknown spends as if it ended so long from now, over and over,"""
OPEN_ENDED_SURELY: Final = 0.5
"""and counts on this part of the answers until then only: whenever it does end, it is under its target."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    """One campaign on one server at one moment."""

    mode: Mode
    now_s: float = 0.0
    """Monotonic; for rules that keep time. `decide` does not read it."""
    ready: int
    """Free agents, right now, not reserved, each counted for one campaign only."""
    talking_s: Sequence[float] = ()
    """Ages of the conversations of the pool's agents."""
    wrapping_s: Sequence[float] = ()
    """Ages of their wrap-ups."""
    dialling_s: Sequence[float] = ()
    """Seconds since each call was placed that does not ring yet."""
    ringing_s: Sequence[float] = ()
    """Seconds that each call has been ringing that rings and is not answered."""
    dialling_odds: Sequence[float] = ()
    """For each of `dialling_s`: the factor on the odds of an answer; empty: 1 for all. See `dialer.prediction.odds`."""
    ringing_odds: Sequence[float] = ()
    """Likewise for `ringing_s`."""
    next_odds: float = 1.0
    """Likewise for the calls to be placed now."""
    waiting: int
    """Answered customers without an agent, or in machine detection."""
    trunk_free: int
    """Free channels over the pool's trunks."""
    leads: int
    """Leads in hand."""
    cps_allowance: int
    """Calls that may start now under the limits per second."""
    agents_shared: float = 1.0
    """The share (0..1) of agents who come free on which this campaign may count."""
    legal_wait_s: float = 2.0
    answered: int = 0
    """By a person, concluded, since the campaign was launched."""
    abandoned: int = 0
    elapsed_s: float = 0.0
    """Since the campaign was launched."""
    left_s: float | None = None
    """Until it will dial no more today; None: not known."""
    budgets: tuple[Budget, ...] = ()
    """The windows whose abandonment counts; empty: the campaign since its launch."""
    wrap_up_limit_s: float = math.inf
    """Wrap-ups end then at the latest."""

    @property
    def agents(self) -> int:
        """Agents at work, whatever they do."""
        return self.ready + len(self.talking_s) + len(self.wrapping_s)

    @property
    def in_air(self) -> int:
        """Calls that have no agent yet."""
        return len(self.dialling_s) + len(self.ringing_s) + self.waiting

    @property
    def progressive(self) -> int:
        """One call for each free agent that has none coming."""
        return max(0, self.ready - self.in_air)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How many calls to place now, and why not more."""

    calls: int
    limit: str
    """agents, ratio, budget, trunk, calls_per_s, leads, no_agents or preview."""
    reason: str
    """Short, such as `2 of 5: budget`."""
    most: int = 0
    """The most calls in question: the 5 of `2 of 5`."""
    short_of: int = 0
    """Mode `predictive`: calls that were wanted and for which there was no channel, or no room within calls per second;
    `limit` says which."""
    expected_answers: float = 0.0
    """By a person within half a minute, of the calls in the air and the ones placed now."""
    expected_free: float = 0.0
    """Agents free within half a minute if no further call is answered."""
    price: float = 0.0
    """The chance of being lost that the last call was allowed; tell it to `Estimates.price` with each answer."""
    aim: float = 0.0
    """Abandoned / answered that the price is meant to give for now."""
    budget: str = ""
    """The window that sets the aim."""
    budget_left: float = 0.0
    """Abandoned calls that it still allows, counting the answers to come."""


def decide(view: PoolView, e: Estimates, settings: PacingSettings) -> Decision:
    """How many calls to place now.

    Args:
        view: the campaign on one server at this moment.
        e: what has been learned of the campaign.
        settings: of the campaign.

    Returns:
        The decision; the same for the same arguments.
    """
    if view.mode is Mode.PREVIEW:
        return Decision(calls=0, limit="preview", reason="0: preview")
    if view.agents == 0:
        return Decision(calls=0, limit="no_agents", reason="0: no_agents")
    match view.mode:
        case Mode.PROGRESSIVE:
            return _bounded(view, view.progressive, view.progressive, "agents")
        case Mode.POWER:
            wanted = max(0, math.floor(settings.ratio * view.ready + 1e-9) - view.in_air)
            return _bounded(view, wanted, wanted, "agents" if wanted == view.progressive else "ratio")
        case Mode.PREDICTIVE:
            return _predictive(view, e, settings)
        case _:
            assert_never(view.mode)


def _bounded(view: PoolView, wanted: int, hoped: int, limit: str) -> Decision:
    """`wanted` calls, or fewer where channels, calls per second or leads do not suffice."""
    calls, bound = _within_limits(view, wanted, limit)
    most = max(hoped, calls)
    return Decision(calls=calls, limit=bound, reason=f"{calls} of {most}: {bound}", most=most)


def _within_limits(view: PoolView, wanted: int, limit: str) -> tuple[int, str]:
    room, name = min(
        (view.trunk_free, "trunk"), (view.cps_allowance, "calls_per_s"), (view.leads, "leads"), key=lambda pair: pair[0]
    )
    calls = max(0, min(wanted, room))
    return calls, name if calls < wanted else limit


def _predictive(view: PoolView, e: Estimates, settings: PacingSettings) -> Decision:
    ceiling = max(view.progressive, math.floor(settings.max_ratio * view.agents) - view.in_air)
    forecast = _Forecast(view, e)
    spending = _spending(view, e, settings, forecast.answers_in_air)
    price = min(MAX_PRICE, spending.aim / e.price.factor)
    wanted = forecast.most_calls(price, view.progressive, ceiling)
    if spending.left <= 0.0:  # nothing may be lost any more: one call for each free agent, however safe a further one
        wanted = min(wanted, view.progressive)
    calls, bound = _within_limits(view, wanted, "budget" if wanted < ceiling else "ratio")
    most = max(ceiling, calls)
    return Decision(
        calls=calls,
        limit=bound,
        reason=f"{calls} of {most}: {bound}",
        most=most,
        short_of=wanted - calls if bound in ("trunk", "calls_per_s") else 0,
        expected_answers=forecast.answers_in_air + calls * forecast.answer_chance,
        expected_free=view.ready + forecast.agents_freed,
        price=price,
        aim=spending.aim,
        budget=spending.budget,
        budget_left=spending.left,
    )


def _spending(view: PoolView, e: Estimates, settings: PacingSettings, answers_in_air: float) -> Spending:
    left_s, surely = (OPEN_ENDED_S, OPEN_ENDED_SURELY) if view.left_s is None else (view.left_s, 1.0)
    expected_per_s = USUAL_OCCUPANCY * view.agents / (e.talk.mean_s() + e.wrap_up.mean_s())
    to_come = answers_to_come(view.answered, view.elapsed_s, left_s, expected_per_s)
    budgets = view.budgets or (Budget(name="campaign", answered=view.answered, abandoned=view.abandoned),)
    return spend(budgets, settings.target_abandonment_ratio, to_come, surely=surely, under_way=answers_in_air)


def fruitless(e: Estimates, rang_s: Sequence[float], ring_timeout_s: float, *, min_ring_s: float = 0.0) -> list[bool]:
    """Whether calls that ring bring fewer answers for each second of their channel than fresh ones in their place.

    Args:
        e: what has been learned of the campaign.
        rang_s: how long each has been ringing.
        ring_timeout_s: they are given up then at the latest.
        min_ring_s: they may be given up then at the earliest.
    """
    return holding.fruitless(e.ring, rang_s, ring_timeout_s, min_ring_s=min_ring_s)


class _Forecast:
    """The calls in the air weighed against the agents who come free, moment by moment."""

    def __init__(self, view: PoolView, e: Estimates) -> None:
        talking_s, wrapping_s = np.array(view.talking_s), np.array(view.wrapping_s)
        # A call is answered half a step before its moment, on average, and then waits for an agent as long as it may.
        outlook = e.outlook(
            grace_s=view.legal_wait_s - 0.5 * STEP_S,
            wrap_up_limit_s=view.wrap_up_limit_s,
            talking_s=talking_s,
            wrapping_s=wrapping_s,
        )
        memory = max(MIN_MEMORY_CALLS, MEMORY_S * view.in_air / outlook.ring_s)
        ratio = e.ring.answer_ratio(memory)
        calls, odds = _calls_in_air(view, ratio / (1.0 - ratio))
        kept = odds * outlook.kept[calls]
        answers = kept / (kept + outlook.others_kept[calls])
        newcomer_odds = ratio / (1.0 - ratio) * view.next_odds
        newcomer = newcomer_odds / (1.0 + newcomer_odds)
        busy, share = _busy_agents(talking_s, wrapping_s), min(max(view.agents_shared, 0.0), 1.0)
        self.answers_in_air = float(answers @ outlook.answered_soon[calls])
        self.answer_chance = newcomer * float(outlook.answered_soon[0])
        self.agents_freed = share * float(outlook.freed_soon[busy].sum())
        self._weights = outlook.answer_steps
        self._shortage = Shortage(
            free=view.ready - view.waiting,
            asked=answers[:, None] * outlook.occupies[calls],
            freed=outlook.free_by[busy] * share if share < 1.0 else outlook.free_by[busy],
            newcomer=newcomer * outlook.occupies[0],
            doubt=e.ring.doubt(memory),
        )

    def most_calls(self, price: float, floor: int, ceiling: int) -> int:
        """The most calls, `floor` at least, of which even the last one is worth its price."""
        good, reach = floor, CHUNK
        while good < ceiling:  # several numbers at once, in growing strides, then between the last two
            stride = max(1, min(reach, ceiling - good) // CHUNK)
            fine = self._chances_lost(good, min(good + stride * CHUNK, ceiling) - 1, stride) <= price
            if fine.all():
                good, reach = good + stride * (len(fine) - 1) + 1, reach * CHUNK
            else:
                risky = int(fine.argmin())
                ceiling = good + stride * risky
                good, reach = (ceiling - stride + 1 if risky else good), ceiling - good
        return good

    def _chances_lost(self, fewest: int, most: int, stride: int = 1) -> Floats:
        """For `fewest` to `most` further calls: the chance that one on top, when answered, finds nobody free."""
        return np.asarray(self._shortage.none_free(fewest, most, stride) @ self._weights)


def _calls_in_air(view: PoolView, odds: float) -> tuple[Indexes, Floats]:
    """The rows of the outlook that calls in the air stand in, and their odds of an answer from the start."""
    since_s = np.array((*view.dialling_s, *view.ringing_s), dtype=np.float64)
    rows = np.minimum((since_s * (1.0 / rings.BIN_S)).astype(np.int64), rings.BINS - 1)
    rows[len(view.dialling_s) :] += rings.BINS
    dialling_odds = view.dialling_odds or (1.0,) * len(view.dialling_s)
    ringing_odds = view.ringing_odds or (1.0,) * len(view.ringing_s)
    return rows, odds * np.array((*dialling_odds, *ringing_odds), dtype=np.float64)


def _busy_agents(talking_s: Floats, wrapping_s: Floats) -> Indexes:
    """The rows of the outlook that busy agents stand in."""
    since_s = np.concatenate((talking_s, wrapping_s))
    rows = np.minimum((since_s * (1.0 / STEP_S)).astype(np.int64), durations.AGES - 1)
    rows[len(talking_s) :] += durations.AGES
    return rows
