"""How many calls to place now: pure arithmetic on a view of the floor and on what has been learned.

Rules
-----
- `preview`: none; an agent asks for each call.
- `progressive`: one call for each free agent, less the calls in the air.
- `power`: `ratio` calls for each free agent, less the calls in the air.
- `predictive`: the most calls such that the last of them, if a person answers it, still finds every agent taken
  no more often than the price allows. The price is learned (`dialer.estimates`) and raised or lowered with what
  is left of the abandonment budget. Never fewer than progressive; only as many when little has been learned yet
  or the budget is clearly overspent; never more than `max_ratio` in the air per agent.
- No mode goes past free channels, calls per second, or leads in hand.

The forecast weighs the whole distribution of answers against the whole distribution of agents becoming free, at
each moment of the next half minute; see `dialer.shortage`. It does not match sums of answer chances to agents.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import assert_never

import numpy as np

from dialer.estimates import (
    AGE_EDGES_S,
    PRIOR_DURATIONS,
    RING_BIN_S,
    RING_BINS,
    STEERING_RATIO,
    DurationModel,
    Estimates,
    observe_answer,
    observe_ring,
    observe_talk,
    observe_wrap_up,
)
from dialer.settings import PacingSettings
from dialer.shortage import Events, Floats, Shortage
from dialer.types import Mode

__all__ = [
    "Decision",
    "Estimates",
    "PoolView",
    "decide",
    "observe_answer",
    "observe_ring",
    "observe_talk",
    "observe_wrap_up",
]

STEP_S = 2.0
STEPS = 16
AHEAD_S: Floats = np.linspace(STEP_S, STEPS * STEP_S, STEPS)
"""The moments that are looked at: half a minute, as long as a call rings."""
LAG = np.arange(STEPS)[None, :] - np.arange(STEPS)[:, None]
"""Moments x moments: steps from one to the other."""
WARM_UP_CALLS = 20
"""Before so many calls have ended their ringing, nothing is known of the list."""
MEMORY_S = 240.0
MIN_MEMORY_CALLS = 256.0
"""The answer ratio is that of the last four minutes, or of so many calls if those are more."""
MARGIN_CALLS = 1.5
"""Abandoned calls kept in hand."""
BUDGET_GAIN = 1.2
OVERSPENT_GAIN = 2.0
BUDGET_SWING = (-4.0, 0.7)
"""How far what is left of the budget may move the logarithm of the price."""
MAX_PRICE = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    """One campaign on one server at one moment."""

    mode: Mode
    ready: int
    """Free agents, right now, not reserved, each counted for one campaign only."""
    talking_s: tuple[float, ...] = ()
    """Ages of the conversations of the pool's agents."""
    wrapping_s: tuple[float, ...] = ()
    """Ages of their wrap-ups."""
    ringing_s: tuple[float, ...] = ()
    """Seconds since each call was placed that is in the air and not answered."""
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
    ring_timeout_s: float = 30.0
    legal_wait_s: float = 2.0
    answered: int = 0
    """By a person, concluded, in the campaign's budget window."""
    abandoned: int = 0
    wrap_up_limit_s: float = 30.0
    """Wrap-ups end then at the latest."""

    @property
    def agents(self) -> int:
        """Agents at work, whatever they do."""
        return self.ready + len(self.talking_s) + len(self.wrapping_s)

    @property
    def in_air(self) -> int:
        """Calls that have no agent yet."""
        return len(self.ringing_s) + self.waiting

    @property
    def progressive(self) -> int:
        """One call for each free agent that has none coming."""
        return max(0, self.ready - self.in_air)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """How many calls to place now, and why not more."""

    calls: int
    limit: str
    """agents, ratio, budget, budget_spent, cold_start, trunk, calls_per_s, leads, no_agents or preview."""
    reason: str
    """Short, such as `2 of 5: budget`."""
    expected_answers: float = 0.0
    """By a person, of the calls in the air and the ones placed now."""
    expected_free: float = 0.0
    """Agents free within the look-ahead if no further call is answered."""
    expected_abandonment_ratio: float = 0.0


@dataclass(frozen=True, slots=True)
class _Forecast:
    shortage: Shortage
    answers_by: Floats
    """Moments: the chance that a call placed now has been answered by then."""
    stays: Floats
    """Moments x moments: an agent who begins to talk at the first is still taken at the second."""
    answers_in_air: float
    free_by: Floats

    def chance_lost(self, more: int) -> float:
        """The chance that one call on top of `more`, if answered, takes an agent whom somebody lacks.

        Either nobody is free when it is answered, or it holds the agent when nobody else is.
        """
        none_free = self.shortage.none_free(more)
        worst = (self.stays * none_free).max(axis=1)
        return float(_steps(self.answers_by) @ worst / max(float(self.answers_by[-1]), 1e-9))


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


def _bounded(view: PoolView, wanted: int, hoped: int, limit: str, forecast: _Forecast | None = None) -> Decision:
    """`wanted` calls, or fewer where channels, calls per second or leads do not suffice."""
    room, name = min(
        (view.trunk_free, "trunk"), (view.cps_allowance, "calls_per_s"), (view.leads, "leads"), key=lambda pair: pair[0]
    )
    calls = max(0, min(wanted, room))
    bound = name if calls < wanted else limit
    reason = f"{calls} of {max(hoped, calls)}: {bound}"
    if forecast is None:
        return Decision(calls=calls, limit=bound, reason=reason)
    answers = forecast.answers_in_air + calls * float(forecast.answers_by[-1])
    lost = float(forecast.shortage.expected(calls).max())
    return Decision(
        calls=calls,
        limit=bound,
        reason=reason,
        expected_answers=answers,
        expected_free=view.ready + float(forecast.free_by[-1]),
        expected_abandonment_ratio=min(1.0, lost / answers) if answers > 1e-9 else 0.0,
    )


def _predictive(view: PoolView, e: Estimates, settings: PacingSettings) -> Decision:
    ceiling = max(view.progressive, math.floor(settings.max_ratio * view.agents) - view.in_air)
    if e.ring.count < WARM_UP_CALLS:
        return _bounded(view, view.progressive, ceiling, "cold_start")
    if _is_spent(view, settings):
        return _bounded(view, view.progressive, ceiling, "budget_spent")
    forecast = _look_ahead(view, e)
    calls = _most_calls(forecast, _price(view, e, settings), view.progressive, ceiling)
    return _bounded(view, calls, ceiling, "budget" if calls < ceiling else "ratio", forecast)


def _is_spent(view: PoolView, settings: PacingSettings) -> bool:
    """The campaign is over its target by more than chance: one call and the spread of so many abandoned ones.

    Up to there the price does it. A stop at the very target makes the price wind up while nothing is abandoned and
    burst when it ends: with 25 agents it cost four points of occupancy on the yardstick.
    """
    allowed = settings.target_abandonment_ratio * view.answered
    return settings.target_abandonment_ratio <= 0.0 or view.abandoned > allowed + 1.0 + math.sqrt(allowed)


def _price(view: PoolView, e: Estimates, settings: PacingSettings) -> float:
    """Abandoned calls that one more answered call may be worth."""
    allowed = STEERING_RATIO * settings.target_abandonment_ratio * view.answered
    left = allowed - view.abandoned - MARGIN_CALLS
    gain = BUDGET_GAIN if left > 0.0 else OVERSPENT_GAIN
    low, high = BUDGET_SWING
    swing = min(max(gain * left / math.sqrt(allowed + 1.0), low), high)
    return min(MAX_PRICE, math.exp(e.log_price + swing))


def _most_calls(forecast: _Forecast, price: float, floor: int, ceiling: int) -> int:
    """The most calls, `floor` at least, of which even the last one is worth its price. Gallops, then halves."""
    good, bad, stride = floor, ceiling + 1, 1
    while good + stride <= ceiling:
        if forecast.chance_lost(good + stride - 1) > price:
            bad = good + stride
            break
        good += stride
        stride *= 2
    while bad - good > 1:
        middle = (good + bad) // 2
        if forecast.chance_lost(middle - 1) > price:
            bad = middle
        else:
            good = middle
    return good


def _look_ahead(view: PoolView, e: Estimates) -> _Forecast:
    """Weigh the calls in the air against the agents who come free, moment by moment."""
    # A call is answered half a step before its moment, on average, and then waits for an agent as long as it may.
    grace_s = view.legal_wait_s - 0.5 * STEP_S
    wrap_ended = _ended_by(view.wrapping_s, grace_s, e.wrap_up, limit_s=view.wrap_up_limit_s)
    talk_ended = _ended_by(view.talking_s, grace_s, e.talk)
    freed = _after(talk_ended, wrap_ended[-1])
    share = min(max(view.agents_shared, 0.0), 1.0)
    from_wrap, from_talk = Events(share * wrap_ended[:-1]), Events(share * freed[:-1])
    stays = _along_lag(1.0 - np.concatenate(([0.0], freed[-1][:-1])))
    answered_by, counts = _answered_by(view, e)
    asked = _steps(answered_by) @ stays
    return _Forecast(
        shortage=Shortage(
            free=view.ready - view.waiting,
            asked=Events(asked[:-1], counts),
            freed=(from_wrap, from_talk),
            newcomer=asked[-1],
        ),
        answers_by=answered_by[-1],
        stays=stays,
        answers_in_air=float(counts @ answered_by[:-1, -1]),
        free_by=from_wrap.mean() + from_talk.mean(),
    )


def _answered_by(view: PoolView, e: Estimates) -> tuple[Floats, Floats]:
    """The chances that a person has answered by each moment, given that the call still rings.

    Returns:
        Ages x moments, for each age that calls in the air have, and last for a call placed now; and how many
        calls there are of each age.
    """
    bins = (np.array(view.ringing_s, dtype=np.float64) / RING_BIN_S).astype(np.int64)
    ages, counts = np.unique(np.minimum(np.maximum(bins, 0), RING_BINS - 1), return_counts=True)
    now = np.append(ages, 0)
    then = np.minimum(now[:, None] + (AHEAD_S / RING_BIN_S).astype(np.int64), RING_BINS)
    answered_weights, other_weights = np.array(e.ring.answered), np.array(e.ring.otherwise)
    answered, otherwise = _cumulative(answered_weights), _cumulative(other_weights)
    ratio = e.ring.answer_ratio(_trusted_calls(answered_weights + other_weights, len(bins)))
    still = ratio * (1.0 - answered[now]) + (1.0 - ratio) * (1.0 - otherwise[now])
    gained = ratio * (answered[then] - answered[now][:, None]) / np.maximum(still, 1e-4)[:, None]
    return np.minimum(np.maximum(gained, 0.0), 1.0), counts.astype(np.float64)


def _trusted_calls(weights: Floats, in_air: int) -> float:
    """How many calls the answer ratio is averaged over: the last minutes', by Little's law."""
    mean_ring_s = float(weights @ (np.arange(RING_BINS) + 0.5)) * RING_BIN_S / float(weights.sum())
    return max(MIN_MEMORY_CALLS, MEMORY_S * in_air / mean_ring_s)


def _cumulative(weights: Floats) -> Floats:
    sums = np.concatenate(([0.0], np.cumsum(weights)))
    return np.asarray(sums / sums[-1])


def _ended_by(
    running_s: tuple[float, ...], grace_s: float, model: DurationModel, *, limit_s: float = math.inf
) -> Floats:
    """Ages x moments: the chance that what has lasted so long has ended `grace_s` after the moment at the latest.

    The last row is that of one which begins now, without grace.
    """
    edges = np.array(AGE_EDGES_S)
    ages_s = np.array((*running_s, 0.0))
    hazard = _hazard(model, edges, ages_s)
    summed = np.concatenate(([0.0], np.cumsum(hazard[:-1] * np.diff(edges))))

    def risk(age_s: Floats) -> Floats:
        past_last = np.maximum(age_s - edges[-1], 0.0) * hazard[-1]
        return np.asarray(np.interp(age_s, edges, summed) + past_last)

    then_s = ages_s[:, None] + np.maximum(AHEAD_S + grace_s, 0.0)
    then_s[-1] = AHEAD_S
    ended = 1.0 - np.exp(risk(ages_s)[:, None] - risk(then_s))
    return np.asarray(np.where(then_s >= limit_s, 1.0, ended))


def _hazard(model: DurationModel, edges: Floats, running_s: Floats) -> Floats:
    """Ends per second in each piece, leaning on the mean; what still runs counts as time spent."""
    widths = np.append(np.diff(edges), np.inf)
    running_spent = np.minimum(np.maximum(running_s[:, None] - edges, 0.0), widths).sum(axis=0)
    ends, spent = np.array(model.ends), np.array(model.spent_s) + running_spent
    overall = (ends.sum() + PRIOR_DURATIONS) / (spent.sum() + PRIOR_DURATIONS * model.prior_mean_s)
    return np.asarray((ends + 1.0) / (spent + 1.0 / overall))


def _after(first_ended_by: Floats, second_ended_by: Floats) -> Floats:
    """Rows x moments: the chance that something which follows what `first_ended_by` tells of has ended too."""
    # It begins half a step before its moment on average: between the chances for `lag` and `lag + 1` steps.
    half_later = second_ended_by.copy()
    half_later[1:] += second_ended_by[:-1]
    return np.asarray(_steps(first_ended_by) @ _along_lag(0.5 * half_later))


def _along_lag(by_steps: Floats) -> Floats:
    """Moments x moments: what `by_steps` says of the steps between them; nothing when the second is earlier."""
    return np.asarray(np.where(LAG >= 0, by_steps[np.maximum(LAG, 0)], 0.0))


def _steps(by_moment: Floats) -> Floats:
    """Cumulative chances (last axis) to the chance of each step."""
    steps = by_moment.copy()
    steps[..., 1:] -= by_moment[..., :-1]
    return steps
