"""The same facts again: does a fresh floor decide the same, to the last one?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dialer import pacing
from dialer.effects import Effect
from dialer.floor.floor import Floor
from dialer.floor.state import Moment, PacingRule
from dialer.pacing import Decision, Estimates, PoolView
from dialer.replay.codec import Step, decision_text
from dialer.replay.fingerprint import fingerprint
from dialer.replay.privacy import Veil
from dialer.replay.reading import Recording
from dialer.replay.recorder import Spy, essences
from dialer.settings import PacingSettings

PROGRESS_EVERY: Final = 500
"""Steps between two tellings of how far it has come."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """The first step at which the floor did something else than it did then."""

    number: int
    """Of the step, from 1."""
    then: Step
    """As recorded."""
    now: Step
    """The same fact, with what this floor makes of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a replay found."""

    facts: int
    """Up to the first difference, or all."""
    effects: int
    decisions: int
    """Of pacing: how many calls to place now."""
    spanned_s: float
    """From the first fact to the last, by the recording's own clock."""
    difference: Difference | None
    """None: all the same."""
    same_rules: bool
    """Whether the program that decided then is this one, byte for byte."""
    end: str
    """Why the recording ends; empty: it breaks off."""
    torn: bool
    """Whether its last line could not be read."""


class Watcher:
    """Somebody who looks on while a recording is replayed; override what is of interest."""

    def began(self, floor: Floor) -> None:
        """The floor has been made; read it, do not step it."""

    def decided(self, view: PoolView, estimates: Estimates, settings: PacingSettings, decision: Decision) -> None:
        """Pacing has decided, as it did then."""

    def stepped(self, now: Moment, effects: Sequence[Effect]) -> None:
        """A fact was taken, with the same effects as then."""


def verify(
    recording: Recording, *, watcher: Watcher | None = None, progress: Callable[[int], None] | None = None
) -> Verdict:
    """Feed a recording to a fresh floor and compare, until the first difference or the end.

    Args:
        recording: not read yet.
        watcher: looks on.
        progress: is told the number of facts now and then.

    Raises:
        RecordingError: a line in the middle cannot be read.
    """
    watcher = watcher or Watcher()
    spy = Spy(_watched(watcher))
    head = recording.header
    floor = Floor(head.settings, run_id=head.run, now=head.began, known={one.name: one for one in head.known}, rule=spy)
    watcher.began(floor)
    facts = effects = decisions = 0
    last_s = head.began_s
    difference: Difference | None = None
    for then in _told(recording.steps(), progress):
        facts += 1
        last_s = then.now.s
        now, answered = _again(floor, spy, then)
        if now != then:
            difference = Difference(number=facts, then=then, now=now)
            break
        watcher.stepped(then.now, answered)
        effects += len(now.effects)
        decisions += len(now.decided)
    return Verdict(
        facts=facts,
        effects=effects,
        decisions=decisions,
        spanned_s=last_s - head.began_s,
        difference=difference,
        same_rules=head.rules == fingerprint(),
        end=recording.end.reason if recording.end is not None else "",
        torn=recording.torn,
    )


def _watched(watcher: Watcher) -> PacingRule:
    def rule(view: PoolView, estimates: Estimates, settings: PacingSettings) -> Decision:
        decision = pacing.decide(view, estimates, settings)
        watcher.decided(view, estimates, settings, decision)
        return decision

    return rule


def _again(floor: Floor, spy: Spy, then: Step) -> tuple[Step, Sequence[Effect]]:
    """Feed a step's fact to the floor; the step as it is now, and its effects."""
    answered: Sequence[Effect] = ()
    raised = ""
    try:
        answered = floor.step(then.fact, then.now)
    except Exception as error:  # what ended a step then must end it now
        raised = type(error).__name__
    now = Step(
        fact=then.fact,
        now=then.now,
        effects=essences(answered, then.now.at, _PLAIN),
        decided=tuple(map(decision_text, spy.taken())),
        raised=raised,
    )
    return now, answered


def _told(steps: Iterator[Step], progress: Callable[[int], None] | None) -> Iterator[Step]:
    """The same steps; says how many there were now and then."""
    for number, step in enumerate(steps, start=1):
        yield step
        if progress is not None and number % PROGRESS_EVERY == 0:
            progress(number)


_PLAIN: Final = Veil()
"""The recording's caller ids are pseudonyms already."""
