"""Chaos on the real Asterisk: `scripts/chaos --kills 25 --seed 1`; exits with 1 when a promise was broken."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.chaos.faults import Fault, schedule
from benchmarks.chaos.running import Outcome, run
from benchmarks.chaos.telling import as_json, table
from benchmarks.measured import machine

REPOSITORY = Path(__file__).resolve().parents[2]


def main() -> int:
    """Run the command line."""
    parser = _parser()
    options = parser.parse_args()
    if options.kills < 1:
        parser.error(f"--kills {options.kills}: at least 1 is needed")
    plans = [
        plan for plan in schedule(options.kills, options.seed, stop_s=options.stop_s) if options.only in plan.fault
    ]
    if not plans:  # a run that does nothing would find every promise kept
        parser.error(
            f"none of {options.kills} faults contains {options.only!r}; take more --kills, and for --only a part of "
            + ", ".join(Fault)
        )

    def say(line: str) -> None:
        if not options.json:
            print(line, flush=True)

    say(f"{len(plans)} faults, seed {options.seed}")
    with tempfile.TemporaryDirectory(prefix="dialer-chaos-") as folder:
        outcome = run(options.folder or Path(folder), REPOSITORY / ".runtime", plans, say)
    _print(outcome, options.json)
    broken = bool(outcome.problems()) or (options.strict and bool(outcome.slow()))
    return 1 if broken else 0


def _print(outcome: Outcome, as_object: bool) -> None:
    if as_object:
        print(json.dumps(as_json(outcome) | {"machine": machine()}, ensure_ascii=False, indent=1))
    else:
        print(table(outcome))
        print(machine())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=25, help="how many faults (default 25)")
    parser.add_argument("--seed", type=int, default=1, help="of the schedule (default 1)")
    parser.add_argument(
        "--stop-s", type=float, default=None, help="how long SIGSTOP holds engine or Asterisk, such as 60"
    )
    parser.add_argument("--only", default="", help="only faults whose name contains this, such as SIGSTOP")
    parser.add_argument("--folder", type=Path, default=None, help="where to keep logs and ledger; default: nowhere")
    parser.add_argument("--strict", action="store_true", help="a recovery slower than 5 s counts as a broken promise")
    parser.add_argument("--json", action="store_true", help="one object instead of text")
    return parser


if __name__ == "__main__":
    sys.exit(main())
