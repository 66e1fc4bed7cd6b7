"""A campaign, a schedule of faults, and what came of each."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.faults import Done, Plan, inflict
from benchmarks.chaos.judging import Findings, Patience, judge
from benchmarks.chaos.people import Behaviour
from benchmarks.chaos.stage import CALLS_PER_NUMBER, CAMPAIGN, LEGAL_WAIT_S, Stage, set_up, wait_until
from dialer.errors import DialerError
from dialer.types import AgentState

DIALS_AGAIN_WITHIN_S = 5.0
"""The promise."""
GIVES_UP_AFTER_S = 40.0
FIRST_CALLS = 5
RETRY = ("no_answer", "busy", "rejected", "unreachable", "abandoned", "early_hangup", "bridged", "congestion")
RULES: dict[str, object] = {
    "mode": "predictive",
    "pacing": {"initial_talk": "4s", "initial_wrap_up": "1s", "max_calls_per_s": 8},
    "calling": {
        "min_gap": "10s",
        "min_ring": "5s",
        "legal_wait": f"{LEGAL_WAIT_S:.0f}s",
        "attempts_per_number_per_day": CALLS_PER_NUMBER,
        "attempts_per_debtor_per_day": CALLS_PER_NUMBER,
    },
    "ring_timeout": "5s",
    "record": False,
    "wrap_up_limit": "1s",
    "retry": {outcome: ["10s"] for outcome in (*RETRY, "trunk_failed", "unknown")},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """One fault and how long until the next INVITE; None: none came."""

    done: Done
    dials_again_s: float | None


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What chaos found."""

    recoveries: list[Recovery] = field(default_factory=list)
    findings: Findings
    stuck: list[str]
    engine_deaths: list[int]
    seconds_s: float
    disk: str

    def problems(self) -> list[str]:
        """Everything that breaks a promise but slowness, which a busy machine may cause."""
        never = [f"after {r.done.plan.fault} nothing was dialled again" for r in self.recoveries if not r.dials_again_s]
        died = [f"the engine ended by itself (exit status {status})" for status in self.engine_deaths]
        return [*self.findings.problems(), *self.stuck, *never, *died]

    def slow(self, limit_s: float = DIALS_AGAIN_WITHIN_S) -> list[Recovery]:
        """Recoveries that took longer than promised."""
        return [r for r in self.recoveries if r.dials_again_s is None or r.dials_again_s > limit_s]


def run(folder: Path, runtime: Path, plans: Sequence[Plan], progress: Callable[[str], None]) -> Outcome:
    """Run a campaign through a schedule of faults.

    Args:
        folder: fresh; everything is written here and stays.
        runtime: where Asterisk is installed.
        plans: from `schedule`.
        progress: is told a line per fault.
    """
    began_s = time.monotonic()
    accounts = 150 + 20 * len(plans)
    with set_up(folder, runtime, Behaviour(), accounts=accounts, campaign=RULES, progress=progress) as stage:
        stage.engine.call("campaign.start", campaign=CAMPAIGN)
        wait_until(lambda: len(stage.calls()) >= FIRST_CALLS, "the first calls are placed", within_s=30)
        recoveries: list[Recovery] = []
        seen: set[str] = set()
        patience, stuck = Patience(), list[str]()
        for number, plan in enumerate(plans, start=1):
            time.sleep(plan.after_s)
            recoveries.append(_after(stage, inflict(stage, plan)))
            found = _judge(stage, recoveries, over=False)
            stuck += [one for one in patience.look(stage.settings.store_path) if one not in stuck]
            new = [problem for problem in (*found.problems(), *stuck) if problem not in seen]
            seen.update(new)
            progress(_line(number, len(plans), recoveries[-1], new))
        _wind_up(stage)
        return Outcome(
            recoveries=recoveries,
            findings=_judge(stage, recoveries, over=True),
            stuck=stuck,
            engine_deaths=stage.engine.deaths,
            seconds_s=time.monotonic() - began_s,
            disk="a small tmpfs" if stage.disk.is_mounted else "a limit on file sizes",
        )


def _after(stage: Stage, done: Done) -> Recovery:
    """Wait for the next INVITE."""
    deadline_s = time.monotonic() + GIVES_UP_AFTER_S
    while time.monotonic() < deadline_s:
        stage.engine.revive()
        after = [call.invited_at for call in stage.calls() if call.invited_at > done.back_at]
        if after:
            return Recovery(done=done, dials_again_s=min(after) - done.back_at)
        time.sleep(0.1)
    return Recovery(done=done, dials_again_s=None)


def _judge(stage: Stage, recoveries: Sequence[Recovery], *, over: bool) -> Findings:
    done = [recovery.done for recovery in recoveries]
    return judge(stage.settings.store_path, stage.calls(), stage.ears, done, over=over)


def _wind_up(stage: Stage) -> None:
    """Place no more calls, let the conversations end, stop the engine."""
    stage.engine.call("campaign.stop", campaign=CAMPAIGN)
    with contextlib.suppress(TimeoutError):  # what is left is found in the ledger, and told
        wait_until(lambda: _at_rest(stage), "calls and wrap-ups have ended", within_s=60)
    stage.engine.stop()


def _at_rest(stage: Stage) -> bool:
    try:
        seen = stage.engine.snapshot()
    except DialerError:
        return False
    at_work = (AgentState.TALKING, AgentState.WRAP_UP, AgentState.RESERVED)
    return seen is not None and not seen.calls and not any(row.state in at_work for row in seen.agents)


def _line(number: int, of: int, recovery: Recovery, problems: Sequence[str]) -> str:
    plan, again_s = recovery.done.plan, recovery.dials_again_s
    told = "NOT AGAIN" if again_s is None else f"dials again after {again_s:4.1f} s"
    head = f"{number:3d}/{of} {plan.fault:<17} {plan.lasts_s:4.1f} s  {told}"
    return "\n".join([head, *(f"        {problem}" for problem in problems)])
