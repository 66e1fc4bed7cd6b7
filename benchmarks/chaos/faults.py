"""The faults: how each is done, and when what it broke is back."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from enum import StrEnum
from random import Random

from benchmarks.chaos.stage import Stage
from dialer.errors import PbxError


class Fault(StrEnum):
    """What is done to a running campaign."""

    KILL_ENGINE = "kill -9 engine"
    KILL_ASTERISK = "kill -9 Asterisk"
    KILL_BOTH = "kill -9 both"
    CUT_AMI = "AMI link cut"
    STOP_ENGINE = "SIGSTOP engine"
    STOP_ASTERISK = "SIGSTOP Asterisk"
    DISK_FULL = "disk full"
    STORE_LOCKED = "store locked"
    CLOCK_BACK = "clock set back"


SPARES_ASTERISK = frozenset(Fault) - {Fault.KILL_ASTERISK, Fault.KILL_BOTH, Fault.STOP_ASTERISK}
"""Faults in which no conversation may be cut and no person may wait longer than the rules allow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One fault to come.

    Attributes:
        fault: Which.
        after_s: So long after the dialer has recovered from the one before.
        lasts_s: How long it lasts, or how long a supervisor takes to start again what was killed.
        back_s: How far the clock is set back.
    """

    fault: Fault
    after_s: float
    lasts_s: float
    back_s: float


PHONES_NOTICE_S = 2.5
"""An Asterisk that was stopped for longer has lost the agents' legs: the phones have noticed, or it calls them dead."""

_LASTS_S: dict[Fault, tuple[float, float]] = {
    Fault.KILL_ENGINE: (0.0, 2.5),
    Fault.KILL_ASTERISK: (0.0, 1.0),
    Fault.KILL_BOTH: (0.0, 1.0),
    Fault.CUT_AMI: (0.0, 4.0),
    Fault.STOP_ENGINE: (0.5, 5.0),
    Fault.STOP_ASTERISK: (0.5, 2.5),
    Fault.DISK_FULL: (1.0, 5.0),
    Fault.STORE_LOCKED: (1.0, 6.0),
    Fault.CLOCK_BACK: (3.0, 6.0),
}
_WEIGHTS: dict[Fault, int] = {
    fault: {Fault.KILL_ENGINE: 4, Fault.KILL_BOTH: 2, Fault.KILL_ASTERISK: 2}.get(fault, 1) for fault in Fault
}


def schedule(kills: int, seed: int, *, stop_s: float | None = None) -> list[Plan]:
    """Which faults when; the same for the same seed. Every kind comes before any comes a second time too many.

    Args:
        kills: How many faults.
        seed: Of chance.
        stop_s: How long SIGSTOP holds the engine or Asterisk; None: some seconds.
    """
    chance = Random(seed)
    kinds: list[Fault] = []
    while len(kinds) < kills:
        hand = [fault for fault, weight in _WEIGHTS.items() for _ in range(weight)]
        chance.shuffle(hand)
        first = list(dict.fromkeys(hand))
        kinds += first if not kinds else hand
    return [_plan(fault, chance, stop_s) for fault in kinds[:kills]]


def _plan(fault: Fault, chance: Random, stop_s: float | None) -> Plan:
    lasts_s = chance.uniform(*_LASTS_S[fault])
    if fault in (Fault.STOP_ENGINE, Fault.STOP_ASTERISK) and stop_s is not None:
        lasts_s = stop_s
    return Plan(fault=fault, after_s=chance.uniform(0.5, 3.5), lasts_s=lasts_s, back_s=chance.uniform(5.0, 3600.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """One fault that was done; moments are seconds since the epoch.

    Attributes:
        plan: As planned.
        from_at: When it began.
        up_at: When what was killed, stopped or taken away was there again.
        back_at: When everything that the engine depends on was there again, an agent's leg included.
    """

    plan: Plan
    from_at: float
    up_at: float
    back_at: float


def inflict(stage: Stage, plan: Plan) -> Done:
    """Do a fault and undo it; returns when what the engine depends on is back."""
    from_at, from_s = time.time(), time.monotonic()
    _DO[plan.fault](stage, plan)
    up_at = back_at = time.time()
    if plan.fault in (Fault.KILL_ASTERISK, Fault.KILL_BOTH) or (
        plan.fault is Fault.STOP_ASTERISK and plan.lasts_s > PHONES_NOTICE_S
    ):
        back_at = max(up_at, _agents_back(stage, from_s))
    if plan.fault is Fault.CLOCK_BACK:
        back_at = from_at  # nothing is missing: it must go on dialling with whatever clock it has
    return Done(plan=plan, from_at=from_at, up_at=up_at, back_at=back_at)


def _agents_back(stage: Stage, from_s: float, *, within_s: float = 30.0) -> float:
    """Nobody can be called without an agent: when the first phone has noticed and dialled in again."""
    deadline_s = time.monotonic() + within_s
    while (back_s := stage.agents_back_s(from_s)) is None:
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"No phone came back within {within_s:.0f} s.")
        time.sleep(0.02)
    return time.time() - (time.monotonic() - back_s)


def _kill_engine(stage: Stage, plan: Plan) -> None:
    stage.engine.kill()
    time.sleep(plan.lasts_s)
    stage.engine.start()


def _kill_asterisk(stage: Stage, plan: Plan) -> None:
    _kill(stage)
    time.sleep(plan.lasts_s)
    _start_asterisk(stage)


def _kill_both(stage: Stage, plan: Plan) -> None:
    stage.engine.kill()
    _kill(stage)
    time.sleep(plan.lasts_s)
    stage.engine.start()
    _start_asterisk(stage)


def _kill(stage: Stage) -> None:
    pid = stage.asterisk.pid()
    if pid is not None:
        os.kill(pid, signal.SIGKILL)


def _start_asterisk(stage: Stage) -> None:
    stage.asterisk.stop()  # only clears up after the dead one
    for attempt in range(3):
        try:
            stage.asterisk.start()
        except PbxError:
            if attempt == 2:
                raise
            time.sleep(0.2)  # a probe of somebody else's search for a free port
        else:
            return


def _cut_ami(stage: Stage, plan: Plan) -> None:
    stage.wire.cut()
    time.sleep(plan.lasts_s)
    stage.wire.mend()


def _stop_engine(stage: Stage, plan: Plan) -> None:
    stage.engine.signal(signal.SIGSTOP)
    time.sleep(plan.lasts_s)
    stage.engine.signal(signal.SIGCONT)


def _stop_asterisk(stage: Stage, plan: Plan) -> None:
    pid = stage.asterisk.pid()
    if pid is not None:
        os.kill(pid, signal.SIGSTOP)
        time.sleep(plan.lasts_s)
        os.kill(pid, signal.SIGCONT)


def _fill_disk(stage: Stage, plan: Plan) -> None:
    stage.disk.fill(stage.engine.pid)
    time.sleep(plan.lasts_s)
    stage.disk.clear()


def _lock_store(stage: Stage, plan: Plan) -> None:
    with closing(sqlite3.connect(stage.settings.store_path, timeout=10, isolation_level=None)) as database:
        database.execute("BEGIN IMMEDIATE")
        time.sleep(plan.lasts_s)
        database.execute("ROLLBACK")


def _set_clock_back(stage: Stage, plan: Plan) -> None:
    """Back, and after some calls forward again, as a time server would correct it."""
    stage.engine.set_clock(-plan.back_s)
    time.sleep(plan.lasts_s)
    stage.engine.set_clock(0.0)


_DO: dict[Fault, Callable[[Stage, Plan], None]] = {
    Fault.KILL_ENGINE: _kill_engine,
    Fault.KILL_ASTERISK: _kill_asterisk,
    Fault.KILL_BOTH: _kill_both,
    Fault.CUT_AMI: _cut_ami,
    Fault.STOP_ENGINE: _stop_engine,
    Fault.STOP_ASTERISK: _stop_asterisk,
    Fault.DISK_FULL: _fill_disk,
    Fault.STORE_LOCKED: _lock_store,
    Fault.CLOCK_BACK: _set_clock_back,
}


def spans(done: Sequence[Done], kinds: frozenset[Fault]) -> Iterator[tuple[float, float]]:
    """When faults of some kinds lasted."""
    for one in done:
        if one.plan.fault in kinds:
            yield one.from_at, one.up_at
