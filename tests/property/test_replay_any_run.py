"""Whatever happened to a floor, its recording replays to the last decision, in any process."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from dialer.floor.floor import Floor
from dialer.pacing import Decision, Estimates, PoolView, decide
from dialer.replay.reading import Recording, entries
from dialer.replay.recorder import Recorder
from dialer.replay.verify import verify
from dialer.settings import FactsSettings, PacingSettings

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "unit"))
import floor_world as fw
import test_floor_stateful as stateful

VERIFY = """
import sys
from pathlib import Path
from dialer.replay.reading import Recording, entries
from dialer.replay.verify import verify
for entry in entries(Path(sys.argv[1])):
    verdict = verify(Recording(entry.path))
    assert verdict.difference is None, verdict.difference
    assert verdict.end and verdict.same_rules
"""


class RecordedFloor(stateful.FloorMachine):
    """The floor at its worst moment, its history kept so that it can be recorded."""

    folder: Path
    numbers = itertools.count()

    def _new_floor(self) -> Floor:
        self.decided: list[tuple[int, Decision]] = []
        known = {one.name: one for one in stateful.campaigns().values()}
        people = stateful.dialer_settings(stateful.PEOPLE)
        return Floor(people, run_id="r1", now=self.now(fw.START_S), known=known, rule=self._decide)

    def _decide(self, view: PoolView, estimates: Estimates, pacing: PacingSettings) -> Decision:
        decision = decide(view, estimates, pacing)
        self.decided.append((len(self.history), decision))
        return decision

    def _same_facts_same_effects(self) -> None:
        """In place of the machine's own check, which needs no file."""
        self._record()

    def _record(self) -> None:
        recorder = Recorder(
            FactsSettings(folder=self.folder),
            run_id="r1",
            began=self.now(fw.START_S),
            dialer=stateful.dialer_settings(stateful.PEOPLE),
            known={one.name: one for one in stateful.campaigns().values()},
        )
        recorder.begin()
        decided = iter([*self.decided, (len(self.history), None)])
        due, decision = next(decided)
        for number, (fact, now, effects) in enumerate(self.history):
            while due == number and decision is not None:
                recorder.rule.remember(decision)
                due, decision = next(decided)
            recorder.note(fact, now, effects)
        recorder.close()
        path = self.folder / "r1.facts.gz"
        verdict = verify(Recording(path))
        assert verdict.difference is None, verdict.difference
        assert verdict.facts == len(self.history)
        assert verdict.decisions == len(self.decided)
        path.rename(self.folder / f"{next(self.numbers):04d}.facts.gz")


def test_any_run_replays_to_the_last_decision_whatever_the_hashes(tmp_path: Path) -> None:
    class Here(RecordedFloor):
        folder = tmp_path

    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Here,
        settings=settings(
            max_examples=40,
            stateful_step_count=60,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
    assert len(entries(tmp_path)) >= 20
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", VERIFY, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
