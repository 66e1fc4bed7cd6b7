"""What chaos found, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.chaos.faults import Fault
from benchmarks.chaos.running import DIALS_AGAIN_WITHIN_S, Outcome, Recovery
from benchmarks.measured import percentile

_COUNTS = ("doubled", "over_cap", "lost", "cut", "silent")
_MEANING = {
    "doubled": "numbers with more INVITEs than attempts in the ledger",
    "over_cap": "numbers called more often than the cap of a day",
    "lost": "attempts never concluded, accounts still leased",
    "cut": "conversations cut while Asterisk lived",
    "silent": "people in silence beyond the legal wait (+ 1 s) while Asterisk lived",
}


def table(outcome: Outcome) -> str:
    """For people."""
    found = outcome.findings
    lines = ["", f"{'fault':<18}{'times':>6}{'median s':>10}{'p95 s':>8}{'worst s':>9}{'over 5 s':>10}"]
    for fault in Fault:
        of_kind = [r for r in outcome.recoveries if r.done.plan.fault is fault]
        if of_kind:
            lines.append(_row(str(fault), of_kind))
    lines.append(_row("all", outcome.recoveries))
    lines.append("")
    lines += [f"{name:<9}{len(getattr(found, name)):>4}  {_MEANING[name]}" for name in _COUNTS]
    lines.append(f"stuck    {len(outcome.stuck):>4}  attempts open for longer than a call can live")
    lines.append("")
    lines.append(
        f"{found.invites} INVITEs seen by SIPp, {found.attempts} attempts in the ledger; {found.answered} answered: "
        f"{found.with_agent} heard an agent, {found.with_message} the message, {found.fell_with_asterisk} were on the "
        f"line when Asterisk was killed or stopped; longest silence otherwise {found.longest_silence_s:.1f} s."
    )
    lines.append(f"{outcome.seconds_s:.0f} s in all; the disk was filled by means of {outcome.disk}.")
    lines += [f"PROBLEM: {problem}" for problem in outcome.problems()]
    return "\n".join(lines)


def _row(name: str, recoveries: Sequence[Recovery]) -> str:
    took_s = [r.dials_again_s for r in recoveries if r.dials_again_s is not None]
    over = sum(r.dials_again_s is None or r.dials_again_s > DIALS_AGAIN_WITHIN_S for r in recoveries)
    if not took_s:
        return f"{name:<18}{len(recoveries):>6}{'never':>10}{'':>8}{'':>9}{over:>10}"
    middle, most, worst = (percentile(took_s, share) for share in (0.5, 0.95, 1.0))
    return f"{name:<18}{len(recoveries):>6}{middle:>10.2f}{most:>8.2f}{worst:>9.2f}{over:>10}"


def as_json(outcome: Outcome) -> dict[str, object]:
    """For programs."""
    found = outcome.findings
    return {
        "recoveries": [
            {"fault": r.done.plan.fault, "lasted_s": r.done.plan.lasts_s, "dials_again_s": r.dials_again_s}
            for r in outcome.recoveries
        ],
        **{name: getattr(found, name) for name in _COUNTS},
        "stuck": outcome.stuck,
        "invites": found.invites,
        "attempts": found.attempts,
        "answered": found.answered,
        "longest_silence_s": round(found.longest_silence_s, 2),
        "engine_deaths": outcome.engine_deaths,
        "problems": outcome.problems(),
    }
