"""The same facts again: does a fresh floor decide the same, to the last one?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from dialer import pacing
from dialer.floor.floor import Floor
from dialer.floor.state import PacingRule
from dialer.replay.codec import Step, decision_text
from dialer.replay.fingerprint import fingerprint
from dialer.replay.privacy import Veil
from dialer.replay.reading import Recording
from dialer.replay.recorder import Spy, essences

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


def new_floor(recording: Recording, rule: PacingRule = pacing.decide) -> Floor:
    """A floor as it was when the recording began."""
    head = recording.header
    known = {one.name: one for one in head.known}
    return Floor(head.settings, run_id=head.run, now=head.began, known=known, rule=rule)


def replayed(floor: Floor, spy: Spy, then: Step) -> Step:
    """Feed a step's fact to a floor.

    Args:
        floor: whose pacing rule is `spy`.
        spy: hands over what was decided.
        then: the step as recorded.

    Returns:
        The step as it is now.
    """
    effects: Sequence[str] = ()
    raised = ""
    try:
        answered = floor.step(then.fact, then.now)
    except Exception as error:  # what ended a step then must end it now
        raised = type(error).__name__
    else:
        effects = essences(answered, then.now.at, _PLAIN)
    decided = tuple(map(decision_text, spy.taken()))
    return Step(fact=then.fact, now=then.now, effects=tuple(effects), decided=decided, raised=raised)


def verify(recording: Recording, progress: Callable[[int], None] | None = None) -> Verdict:
    """Feed a recording to a fresh floor and compare, until the first difference or the end.

    Args:
        recording: not read yet.
        progress: is told the number of facts now and then.

    Raises:
        RecordingError: a line in the middle cannot be read.
    """
    spy = Spy()
    floor = new_floor(recording, spy)
    facts = effects = decisions = 0
    last_s = recording.header.began_s
    difference: Difference | None = None
    for then in told(recording.steps(), progress):
        facts += 1
        now = replayed(floor, spy, then)
        last_s = then.now.s
        if now != then:
            difference = Difference(number=facts, then=then, now=now)
            break
        effects += len(now.effects)
        decisions += len(now.decided)
    return Verdict(
        facts=facts,
        effects=effects,
        decisions=decisions,
        spanned_s=last_s - recording.header.began_s,
        difference=difference,
        same_rules=recording.header.rules == fingerprint(),
        end=recording.end.reason if recording.end is not None else "",
        torn=recording.torn,
    )


def told(steps: Iterator[Step], progress: Callable[[int], None] | None) -> Iterator[Step]:
    """The same steps; says how many there were now and then."""
    for number, step in enumerate(steps, start=1):
        yield step
        if progress is not None and number % PROGRESS_EVERY == 0:
            progress(number)


_PLAIN = Veil()
"""The recording's caller ids are pseudonyms already."""
