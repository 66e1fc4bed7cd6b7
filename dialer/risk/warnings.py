"""Early warning: what has just happened, held against the rules that make a grade worse. Pure.

Rules
- A rule asks for one sign and a bound of it. Every rule that holds raises an alert of its own.
- A grade becomes worse by the most steps that any rule now in force asks for, counted from the grade that the scorecard
  gives; so two alerts do not add up, and what runs out gives its steps back.
- The same happening twice is one: it has the same `about`, for ever. Another one of the same rule and debtor within
  `again_after_s` is counted with the first and does not alert again, unless it is worse.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dialer.risk.grades import Grade, worse_by


class Sign(StrEnum):
    """What a rule watches for, and what its bound means."""

    UTILISATION = "utilisation"  # credit in use, risen by so much of the limit
    OVERDUE_ELSEWHERE = "overdue_elsewhere"  # an amount newly overdue at another lender
    PROMISE_BROKEN = "promise_broken"  # so many within the window
    PAYMENT_SHRUNK = "payment_shrunk"  # below the mean of the three before by so much of it
    PAYMENT_REVERSED = "payment_reversed"  # so many within the window
    CONTACTS_CHANGED = "contacts_changed"  # so many changes of address, employer or numbers within the window
    INCOME_FELL = "income_fell"  # below what was known by so much of it
    INCOME_LOST = "income_lost"  # work or income gone; no bound
    REPORTED = "reported"  # any other sign that is reported, by its name; no bound


MEASURED = frozenset({Sign.UTILISATION, Sign.PAYMENT_SHRUNK, Sign.INCOME_FELL})
"""Signs whose bound is a ratio."""
COUNTED = frozenset({Sign.PROMISE_BROKEN, Sign.PAYMENT_REVERSED, Sign.CONTACTS_CHANGED})
"""Signs whose bound is a number of times within the window."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningRule:
    """One rule of `warnings:`."""

    id: str
    sign: Sign
    named: str = ""
    """Of `reported`: which sign."""
    at_least: float = 0.0
    """The bound, in the sign's own unit; money in units of the currency."""
    within_s: float
    """For counts, and for what a value is compared with."""
    steps: int
    """Grades worse."""
    lasts_s: float
    """How long the grade stays worse."""
    answer_within_s: float
    """Until somebody must have acknowledged."""
    again_after_s: float
    priority: int = 0
    """At least this for the account while it lasts; greater is called sooner."""
    source: str
    """Where the rule comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """One event, with what it has to be compared with."""

    sign: Sign
    about: str
    """What makes two reports the same happening."""
    at: datetime
    named: str = ""
    value: float | None = None
    """Now: a share of the limit, an amount, a month's income."""
    before: float | None = None
    """What was known before, in the same unit; None: nothing."""
    times: int = 1
    """Within the window, this one included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that holds of a happening."""

    rule: WarningRule
    happening: Happening
    extent: float
    """By how much, in the unit of the rule's bound; of two findings the greater is the worse."""


def extent_of(happening: Happening) -> float | None:
    """How much of its sign a happening is, in the unit of the bound; None: it cannot be told."""
    value, before = happening.value, happening.before
    match happening.sign:
        case Sign.UTILISATION:
            return None if value is None or before is None else value - before
        case Sign.PAYMENT_SHRUNK | Sign.INCOME_FELL:
            return None if value is None or before is None or before <= 0 else 1.0 - value / before
        case Sign.OVERDUE_ELSEWHERE:
            return None if value is None else value - (before or 0.0)
        case Sign.PROMISE_BROKEN | Sign.PAYMENT_REVERSED | Sign.CONTACTS_CHANGED:
            return float(happening.times)
        case Sign.INCOME_LOST | Sign.REPORTED:
            return 1.0


def findings(rules: Iterable[WarningRule], happening: Happening) -> tuple[Finding, ...]:
    """The rules that a happening meets, in their order.

    Args:
        rules: of the settings.
        happening: what came, compared for the rule's window where rules count.
    """
    extent = extent_of(happening)
    return tuple(
        Finding(rule=rule, happening=happening, extent=extent)
        for rule in rules
        if extent is not None and _meets(rule, happening, extent)
    )


def _meets(rule: WarningRule, happening: Happening, extent: float) -> bool:
    if rule.sign is not happening.sign or (rule.sign is Sign.REPORTED and rule.named != happening.named):
        return False
    return extent > 0 and extent >= rule.at_least - 1e-9  # shares are decimals, which binary numbers only come near to


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """An alert of the same rule and debtor that was raised before."""

    about: str
    at: datetime
    extent: float


class Novelty(StrEnum):
    """What a finding is beside those before it."""

    NEW = "new"
    SAME = "same"  # the same happening once more: nothing is done
    AGAIN = "again"  # soon after one that was no better: counted with it


def novelty(finding: Finding, earlier: Iterable[Earlier]) -> Novelty:
    """Whether a finding raises an alert, beside the earlier ones of its rule and debtor."""
    happening, known = finding.happening, tuple(earlier)
    if any(one.about == happening.about for one in known):
        return Novelty.SAME
    for one in known:
        since_s = (happening.at - one.at).total_seconds()
        if abs(since_s) < finding.rule.again_after_s and finding.extent <= one.extent + 1e-9:
            return Novelty.AGAIN
    return Novelty.NEW


def raised(base: Grade, steps_in_force: Iterable[int]) -> Grade:
    """The grade of an account: the scorecard's, made worse by the alerts in force.

    Args:
        base: by the scorecard.
        steps_in_force: of each alert that still lasts.
    """
    return worse_by(base, max(steps_in_force, default=0))
