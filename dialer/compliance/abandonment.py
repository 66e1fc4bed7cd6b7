"""How much of a campaign's answers was abandoned, as a profile counts it. Pure.

- Abandoned: a person answered and no agent came within the legal wait. A message that was played changes nothing.
- Who hangs up within the wait was not abandoned, but is a live answer.
- Where machines are detected, some of the verdicts `machine` were people. As many as the profile estimates count as
  answered and as abandoned. Source: UK-4, Ofcom's "reasoned estimate of false positives".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dialer.calling_rules import AbandonmentRule, Denominator
from dialer.types import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What became of the calls of a window of time that were answered."""

    live: int
    """By a person: abandoned, passed to an agent, or gone within the wait."""
    abandoned: int
    passed: int
    """To an agent."""
    machine_verdicts: int = 0
    """Calls that machine detection ended."""

    def __add__(self, more: Answers) -> Answers:
        """Those of both stretches of time."""
        return Answers(
            live=self.live + more.live,
            abandoned=self.abandoned + more.abandoned,
            passed=self.passed + more.passed,
            machine_verdicts=self.machine_verdicts + more.machine_verdicts,
        )

    def __sub__(self, less: Answers) -> Answers:
        """Without those of a part of the time."""
        return Answers(
            live=self.live - less.live,
            abandoned=self.abandoned - less.abandoned,
            passed=self.passed - less.passed,
            machine_verdicts=self.machine_verdicts - less.machine_verdicts,
        )


NONE = Answers(live=0, abandoned=0, passed=0)
ONE_OF: Mapping[Outcome, Answers] = {
    Outcome.BRIDGED: Answers(live=1, abandoned=0, passed=1),
    Outcome.ABANDONED: Answers(live=1, abandoned=1, passed=0),
    Outcome.EARLY_HANGUP: Answers(live=1, abandoned=0, passed=0),
    Outcome.MACHINE: Answers(live=0, abandoned=0, passed=0, machine_verdicts=1),
}
"""What one call counts as, by its outcome; every other outcome is no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The two sides of the ratio; fractions, because estimates are."""

    answered: float
    abandoned: float

    @property
    def ratio(self) -> float:
        """Abandoned / answered; 0 when nobody answered."""
        return self.abandoned / self.answered if self.answered > 0 else 0.0


def counts(answers: Answers, rule: AbandonmentRule | None) -> Counts:
    """The two sides of the ratio as a rule counts them; without a rule, abandoned and all live answers."""
    if rule is None:
        return Counts(answered=answers.live, abandoned=answers.abandoned)
    mistaken = rule.machine_error_ratio * answers.machine_verdicts
    abandoned = answers.abandoned + mistaken
    match rule.denominator:
        case Denominator.LIVE_ANSWERS:
            return Counts(answered=answers.live + mistaken, abandoned=abandoned)
        case Denominator.ABANDONED_AND_PASSED:
            return Counts(answered=abandoned + answers.passed, abandoned=abandoned)


def is_exceeded(answers: Answers, rule: AbandonmentRule) -> bool:
    """True when more was abandoned than the rule allows; exactly its ratio is allowed."""
    found = counts(answers, rule)
    return found.abandoned > rule.max_ratio * found.answered + 1e-9
