"""The engine in a process of its own, so that its CPU time and memory are its own, driven through some campaigns."""

from __future__ import annotations

import asyncio
import cProfile
import multiprocessing
import os
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measured import Spread, rss_mb
from dialer import app, log
from dialer.engine import Engine
from dialer.facts import CampaignTold, DispositionTold
from dialer.settings import DialerSettings
from dialer.types import AgentState, CampaignName, CampaignState, DispositionCode

LOOK_EVERY_S = 0.05
AGENTS_WITHIN_S = 30.0
OVER_WITHIN_S = 30.0
STEADY_AFTER_S = 10.0
"""When the engine has reached its working size."""
_OVER = (CampaignState.STOPPED, CampaignState.FINISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the engine is to do.

    Attributes:
        settings: Of the floor.
        campaigns: One after the other.
        agents: How many must be ready before the first.
        seconds_s: How long each campaign places calls.
        dispose: Conclude conversations at once; else the campaign's wrap-up limit does.
        profile: Where to write what cProfile saw, if anywhere.
    """

    settings: DialerSettings
    campaigns: tuple[str, ...]
    agents: int
    seconds_s: float
    dispose: bool
    profile: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineFigures:
    """What the engine's process used for one campaign."""

    campaign: str
    began_at: datetime
    stopped_at: datetime
    """When it was told to place no more calls."""
    cpu_s: float
    """From the launch to the end of the last call."""
    rss_steady_mb: float | None
    """After `STEADY_AFTER_S`; None when the campaign was shorter."""
    rss_end_mb: float
    store_steady_mb: float | None
    """The store's file at the same moments: SQLite keeps up to 64 MiB of its pages in memory."""
    store_end_mb: float
    loop_late_ms: Spread | None
    """How much later than asked the event loop woke a sleeper."""


def run_engine(order: Order, beside: Callable[[], None] = lambda: None) -> list[EngineFigures]:
    """Run an order to its end in a new process.

    Args:
        order: what to do.
        beside: is called every half second meanwhile, in this process.

    Raises:
        RuntimeError: Agents did not log in, or calls did not end.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        running = pool.submit(_in_process, order)
        while not running.done():
            beside()
            time.sleep(0.5)
        return running.result()


def _in_process(order: Order) -> list[EngineFigures]:
    log.configure(order.settings.log_path)
    if order.profile is None:
        return asyncio.run(_drive(order))
    profile = cProfile.Profile()
    try:
        return profile.runcall(asyncio.run, _drive(order))
    finally:
        profile.dump_stats(order.profile)


async def _drive(order: Order) -> list[EngineFigures]:
    async with app.running(order.settings) as engine:
        await _until(lambda: _ready(engine) >= order.agents, AGENTS_WITHIN_S, f"{order.agents} agents to log in")
        return [await _campaign(engine, name, order) for name in order.campaigns]


def _ready(engine: Engine) -> int:
    return sum(row.state is AgentState.READY for row in engine.snapshot().agents)


async def _campaign(engine: Engine, name: str, order: Order) -> EngineFigures:
    began_at, began_s, cpu_s = datetime.now(UTC), time.monotonic(), time.process_time()
    late_ms: list[float] = []
    rss_steady_mb = store_steady_mb = None
    store = order.settings.store_path
    await engine.launch(name)
    while (passed_s := time.monotonic() - began_s) < order.seconds_s:
        await _look(engine, late_ms, dispose=order.dispose)
        if rss_steady_mb is None and passed_s >= STEADY_AFTER_S:
            rss_steady_mb, store_steady_mb = rss_mb(os.getpid()), _size_mb(store)
    stopped_at = datetime.now(UTC)
    await engine.tell(CampaignTold(campaign=CampaignName(name), state=CampaignState.STOPPING))
    deadline_s = time.monotonic() + OVER_WITHIN_S
    while not _is_over(engine, name):
        await _look(engine, [], dispose=order.dispose)
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"The calls of {name} did not end: {engine.snapshot().calls[:3]}")
    return EngineFigures(
        campaign=name,
        began_at=began_at,
        stopped_at=stopped_at,
        cpu_s=time.process_time() - cpu_s,
        rss_steady_mb=rss_steady_mb,
        rss_end_mb=rss_mb(os.getpid()),
        store_steady_mb=store_steady_mb,
        store_end_mb=_size_mb(store),
        loop_late_ms=Spread.of(late_ms),
    )


def _size_mb(store: Path) -> float:
    """The store without its log, which is written over again and again; pages get here within a thousand of them."""
    return round(store.stat().st_size / 1e6, 1)


def _is_over(engine: Engine, name: str) -> bool:
    return any(row.name == name and row.state in _OVER for row in engine.snapshot().campaigns)


async def _look(engine: Engine, late_ms: list[float], *, dispose: bool) -> None:
    """Sleep a little, note how late that ended, and conclude the conversations that are over."""
    due_s = time.monotonic() + LOOK_EVERY_S
    await asyncio.sleep(LOOK_EVERY_S)
    late_ms.append((time.monotonic() - due_s) * 1000)
    if dispose:
        # Read where it lies: a snapshot takes over 1 ms, and twenty of them a second would be measured with the rest.
        agents = list(engine._floor.state.agents.values())
        for agent in agents:
            if agent.state is AgentState.WRAP_UP:
                await engine.tell(DispositionTold(agent_id=agent.settings.id, code=DispositionCode("done")))


async def _until(holds: Callable[[], bool], within_s: float, what: str) -> None:
    deadline_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise RuntimeError(f"Waited {within_s:.0f} s in vain for {what}.")
        await asyncio.sleep(LOOK_EVERY_S)
