"""The simulator against queueing theory: the same floor, gate and state machines, in worlds that theory can solve.

A run of the floor is held against a queue of a dozen lines that meets the same customers: each of them must fare the
same. That queue, which is fast, is held against the formulas over very many customers. So the floor agrees with theory
as closely as its queue does. What theory says of a whole floor is held against runs directly, by the spread of
independent seeds: theory lies within twice the 95 % interval, and the interval is narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from statistics import fmean

import numpy as np
import pytest

from dialer.sim.behaviour import Behaviour
from dialer.sim.draws import CallDraws
from dialer.sim.durations import Duration, Exponential, Fixed, Lognormal
from dialer.sim.many import interval
from dialer.sim.measures import RunResult
from dialer.sim.run import simulate
from dialer.types import Mode
from sim_world import (
    AT_ONCE,
    BUSY_ELSE,
    RESTLESS,
    campaign,
    dialer,
    erlang_b,
    erlang_c,
    lost_ratio,
    lost_within_fixed_patience,
    poisson,
    poisson_arrivals,
    queue,
    waiting,
)

TALKS = [Exponential(mean_s=2.0), Fixed(mean_s=2.0), Lognormal(mean_s=2.0, cv=1.5)]
NO_PATIENCE = Fixed(mean_s=0.0)


def agrees(samples: Sequence[float], theory: float, *, within: float) -> None:
    found = interval(samples)
    assert 2.0 * found.half_width <= within * theory, f"too few runs to tell: {found}"
    assert found.holds(theory, widened=2.0), f"theory {theory:.5f}, seen {found}"


# --- a customer fares on the floor as in the queue ------------------------------------------------------


@pytest.mark.parametrize(
    ("behaviour", "patience_s", "per_s"),
    [
        (replace(RESTLESS, talk=TALKS[0], patience=NO_PATIENCE), 0.0, 2.0),
        (replace(RESTLESS, talk=TALKS[2], wrap_up=Exponential(mean_s=0.5)), 1.0, 2.2),
        (replace(RESTLESS, talk=TALKS[1], patience=Fixed(mean_s=0.7)), 0.7, 3.0),
        (replace(RESTLESS, talk=TALKS[0], wrap_up=Lognormal(mean_s=0.4, cv=1.0)), 1e6, 1.7),
    ],
    ids=["loss", "wait of the dialplan", "patience", "endless wait"],
)
def test_each_customer_waits_as_in_a_queue_of_a_dozen_lines(
    behaviour: Behaviour, patience_s: float, per_s: float
) -> None:
    settings = waiting(1e6 if behaviour.patience is not None else patience_s)
    world = poisson_arrivals(behaviour, settings, seed=3, agents=5, per_s=per_s, seconds=400.0)
    result = world.run(400.0)
    draws = CallDraws(behaviour, 3, ring_timeout_s=settings.ring_timeout_s)
    services_s = [draws.talk.of(k) + draws.wrap_up.of(k) for k in range(result.placed)]
    arrivals_s = [placed_s + 1.5 for placed_s in world.record.placed_s]
    expected = queue(arrivals_s, services_s, servers=5, patience_s=patience_s)
    told = dict(world.record.served)
    seen = [next((told[s] for s in told if abs(s - arrival_s) < 1e-6), None) for arrival_s in arrivals_s]
    settled = [k for k, arrival_s in enumerate(arrivals_s) if arrival_s < 350.0]
    assert len(settled) > 500
    assert [expected[k] for k in settled] == [pytest.approx(seen[k], abs=1e-6) for k in settled]


# --- the queue is the one of the books ------------------------------------------------------------------

CUSTOMERS = 60_000


def waits_over_seeds(
    talk: Duration, *, servers: int, per_s: float, patience_s: float, seeds: int = 6
) -> list[list[float | None]]:
    found = []
    for seed in range(seeds):
        services_s = talk.draw(np.random.default_rng([seed, 78]), CUSTOMERS).tolist()
        arrivals_s = poisson(seed, per_s, CUSTOMERS).tolist()
        found.append(queue(arrivals_s, services_s, servers=servers, patience_s=patience_s)[1000:])
    return found


def lost(waits: Sequence[float | None]) -> float:
    return sum(wait_s is None for wait_s in waits) / len(waits)


@pytest.mark.parametrize("talk", TALKS, ids=["exponential", "constant", "lognormal"])
def test_loss_without_waiting_is_erlangs_whatever_the_talks_look_like(talk: Duration) -> None:
    runs = waits_over_seeds(talk, servers=5, per_s=2.0, patience_s=0.0)
    agrees([lost(waits) for waits in runs], erlang_b(5, 4.0), within=0.05)


@pytest.mark.parametrize("per_s", [2.2, 3.2])
def test_loss_after_a_fixed_wait_is_that_of_the_markov_queue_with_fixed_patience(per_s: float) -> None:
    runs = waits_over_seeds(TALKS[0], servers=5, per_s=per_s, patience_s=1.0)
    agrees([lost(waits) for waits in runs], lost_within_fixed_patience(5, per_s, 2.0, 1.0), within=0.1)


def test_customers_who_never_give_up_wait_as_long_as_erlang_says() -> None:
    runs = waits_over_seeds(TALKS[0], servers=4, per_s=1.3, patience_s=1e9)
    wait_s = erlang_c(4, 2.6) / (4 / 2.0 - 1.3)
    agrees([fmean(wait_s or 0.0 for wait_s in waits) for waits in runs], wait_s, within=0.1)


# --- what theory says of a whole floor ------------------------------------------------------------------


def test_a_floor_with_wrap_up_loses_and_is_taken_as_erlang_says() -> None:
    behaviour = replace(RESTLESS, talk=Exponential(mean_s=1.2), wrap_up=Exponential(mean_s=0.8), patience=NO_PATIENCE)
    results = [
        poisson_arrivals(behaviour, campaign(), seed=seed, agents=5, per_s=2.0, seconds=500.0).run(
            500.0, warm_up_s=20.0
        )
        for seed in range(1, 7)
    ]
    blocked = erlang_b(5, 4.0)
    agrees([lost_ratio(one) for one in results], blocked, within=0.3)
    agrees([one.occupancy for one in results], 4.0 * (1.0 - blocked) / 5, within=0.1)
    agrees([one.talk_minutes_per_agent_hour for one in results], 60.0 * 2.4 * (1.0 - blocked) / 5, within=0.1)


ONE_AGENT = replace(
    RESTLESS,
    answer_ratio=0.25,
    rest=BUSY_ELSE,
    post_dial_delay=Exponential(mean_s=2.0),
    ring=Lognormal(mean_s=3.0, cv=0.3),
    talk=Exponential(mean_s=30.0),
    wrap_up=Exponential(mean_s=10.0),
)
RINGING_S = 2.0 + 0.25 * 3.0
CYCLE_S = 2.0 / 0.25 + 3.0 + 30.0 + 10.0
"""Four delays on average, the last one with an answer after the ringing; talk; wrap-up."""


def progressive(seed: int, *, agents: int, hours: float) -> RunResult:
    settings = campaign(Mode.PROGRESSIVE)
    return simulate(
        dialer(), settings, ONE_AGENT, seed=seed, hours=hours, agents=agents, warm_up_s=60.0, latencies=AT_ONCE
    )


def test_one_agent_dialled_for_progressively_is_a_renewal_process() -> None:
    results = [progressive(seed, agents=1, hours=2.0) for seed in range(1, 7)]
    agrees([one.occupancy for one in results], 40.0 / CYCLE_S, within=0.1)
    agrees([one.idle_mean_s or 0.0 for one in results], 11.0, within=0.3)
    agrees([one.bridged / one.measured_s for one in results], 1.0 / CYCLE_S, within=0.3)
    assert all(one.abandoned == one.early_hangups == 0 for one in results)


def test_agents_dialled_for_progressively_keep_each_others_mean_cycle_and_littles_law() -> None:
    """Each has one call coming; whoever takes it, the mean cycle stays as it was."""
    results = [progressive(seed, agents=8, hours=0.5) for seed in range(7, 13)]
    agrees([one.occupancy for one in results], 40.0 / CYCLE_S, within=0.1)
    in_air = [fmean(slot.in_air for slot in one.series) for one in results]
    placed_per_s = [fmean(slot.placed / 300.0 for slot in one.series) for one in results]
    ringing_s = [calls / per_s for calls, per_s in zip(in_air, placed_per_s, strict=True)]
    agrees(ringing_s, RINGING_S, within=0.1)


def test_the_check_can_fail() -> None:
    def check(samples: Sequence[float]) -> Callable[[], None]:
        return lambda: agrees(samples, 1.0, within=0.2)

    for samples in ([1.2, 1.21, 1.19], [0.2, 1.0, 1.8]):
        with pytest.raises(AssertionError):
            check(samples)()
