"""Settings and worlds for trying the simulator, and queueing theory to hold it against."""

from __future__ import annotations

import heapq
import math
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import floor_world as fw
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import CampaignSettings, DialerSettings, PacingSettings
from dialer.sim.behaviour import Behaviour, Rest
from dialer.sim.durations import Fixed
from dialer.sim.measures import RunResult
from dialer.sim.network import Latencies
from dialer.sim.oracle import Oracle
from dialer.sim.run import make_world
from dialer.sim.timeline import Timeline
from dialer.sim.world import World
from dialer.types import Mode

AT_ONCE = Latencies(ready_s=0.0, bridge_s=0.0, lease_s=0.0)
RESTLESS = Behaviour(
    break_gap_s=0.0,
    agent_speed_spread=0.0,
    login_spread_s=0.0,
    message_s=0.0,
    wrap_up=Fixed(mean_s=0.0),
    post_dial_delay=Fixed(mean_s=0.5),
    ring=Fixed(mean_s=1.0),
)
"""Agents all alike who never take a break nor wrap up; calls that are answered 1.5 s after they were placed."""
BUSY_ELSE = Rest(no_answer=0.0, busy=1.0, rejected=0.0, unreachable=0.0, invalid=0.0, congestion=0.0)


def dialer(channels: int = 2000) -> DialerSettings:
    return fw.settings(trunks=[fw.trunk(channels=channels, calls_per_s=100.0)])


def campaign(mode: Mode = Mode.PREDICTIVE, **more: Any) -> CampaignSettings:
    pacing = replace(PacingSettings(), max_calls_per_s=100.0)
    return fw.campaign(**({"mode": mode, "pacing": pacing, "wrap_up_limit_s": 600.0} | more))


def waiting(seconds: float) -> CampaignSettings:
    """A campaign whose customers wait so long in the dialplan."""
    return campaign(rules=replace(fw.RULES, legal_wait_s=seconds + 0.1))


class AtMoments:
    """Places a call at each of some moments, whatever the floor looks like."""

    def __init__(self, moments_s: Sequence[float], oracle: Oracle) -> None:
        self._moments_s, self._oracle, self._placed = moments_s, oracle, 0

    def __call__(self, view: PoolView, _: Estimates, __: PacingSettings) -> Decision:
        due = int(np.searchsorted(self._moments_s, self._oracle.now_s, side="right")) - self._placed
        calls = min(due, view.leads, view.cps_allowance)
        self._placed += calls
        return Decision(calls=calls, limit="agents", reason="a moment has come")


def poisson_arrivals(
    behaviour: Behaviour, settings: CampaignSettings, *, seed: int, agents: int, per_s: float, seconds: float
) -> World:
    """Customers who all answer, at Poisson moments: a queue of the textbooks on the real floor. Not run yet.

    In mode power, because a rule is asked at every step there; a forecast is made anew less often.
    """
    settings = replace(settings, mode=Mode.POWER)
    moments_s = 1.0 + poisson(seed, per_s, int(per_s * seconds * 1.2) + 50)
    world = make_world(
        dialer(),
        settings,
        replace(behaviour, answer_ratio=1.0),
        seed=seed,
        agents=agents,
        make_rule=lambda oracle: AtMoments(moments_s, oracle),
        latencies=AT_ONCE,
    )
    for moment_s in moments_s[moments_s < seconds].tolist():
        world.timeline.at(moment_s, _wake, world.timeline)
    return world


def poisson(seed: int, per_s: float, count: int) -> npt.NDArray[np.float64]:
    return np.cumsum(np.random.default_rng([seed, 77]).exponential(1.0 / per_s, count))


def _wake(_: Timeline) -> None:
    """Let the floor be asked at this very moment."""


def lost_ratio(result: RunResult) -> float:
    """Of those who answered, those who got no agent."""
    return (result.abandoned + result.early_hangups) / result.answered


# --- theory ------------------------------------------------------------------------------------------------


def erlang_b(servers: int, load: float) -> float:
    """The chance that all servers are taken when nobody waits. Source: Erlang 1917, by the usual recursion."""
    blocked = 1.0
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    return blocked


def erlang_c(servers: int, load: float) -> float:
    """The chance of having to wait when everybody waits. Source: Erlang 1917."""
    blocked = erlang_b(servers, load)
    return servers * blocked / (servers - load * (1.0 - blocked))


def lost_within_fixed_patience(servers: int, per_s: float, service_s: float, patience_s: float) -> float:
    """M/M/n+D: the chance of giving up when everybody waits for the same time.

    Source: Zeltyn and Mandelbaum, "Call centers with impatient customers: many-server asymptotics of the M/M/n+G
    queue", Queueing Systems 51 (2005), section 2: the density of the offered wait is
    per_s * p(n-1) * exp(per_s * integral of the patience's survival - n x / service_s).
    """
    load, drain = per_s * service_s, servers / service_s
    below = sum(math.prod((servers - 1 - k) / load for k in range(j)) for j in range(servers))
    growth = per_s - drain
    within = per_s * (math.expm1(growth * patience_s) / growth if abs(growth) > 1e-12 else patience_s)
    beyond = per_s * math.exp(growth * patience_s) / drain
    return beyond / (below + within + beyond)


def queue(
    arrivals_s: Sequence[float], services_s: Sequence[float], *, servers: int, patience_s: float
) -> list[float | None]:
    """First come, first served, in a dozen lines: how long each customer waits; None: gave up."""
    free_s = [0.0] * servers
    waits: list[float | None] = []
    for arrival_s, service_s in zip(arrivals_s, services_s, strict=False):
        wait_s = max(0.0, free_s[0] - arrival_s)
        if wait_s > patience_s:
            waits.append(None)
        else:
            waits.append(wait_s)
            heapq.heapreplace(free_s, arrival_s + wait_s + service_s)
    return waits
