"""Which script for whom: the first strategy that holds, or the challenger that is tried in its stead. Pure.

Whatever strategies say, somebody who is no party to the debt gets a script for third parties, and nobody else does; so
a strategy is passed over when its script is made for another party.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from dialer.campaigns.expressions import FactValue, holds
from dialer.experiments import Experiment
from dialer.scripts.arms import arm_of
from dialer.scripts.model import Script, Strategy
from dialer.scripts.person import Known
from dialer.scripts.playbook import Playbook
from dialer.types import DebtorId


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """One strategy that was asked."""

    strategy: Strategy
    held: bool
    fits: bool
    """Its script is made for this party."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The script for a person, and why."""

    script: Script
    strategy: Strategy
    tried: tuple[Tried, ...]
    """All that were asked, in order; the last one is the one that held."""
    experiment: str = ""
    arm: str = ""
    instead_of: str = ""
    """The strategy's own script, when a challenger took its place."""


class NoScriptError(LookupError):
    """No strategy holds; the settings are checked so that this cannot be."""


def choose(playbook: Playbook, known: Known, debtor_id: DebtorId | None, today: date) -> Choice:
    """The script for a person.

    Args:
        playbook: the settings.
        known: who.
        debtor_id: for the arms of experiments; None: nobody in the store, and then no experiment.
        today: where the dialer is: experiments run for days.

    Raises:
        NoScriptError: no strategy holds.
    """
    tried: list[Tried] = []
    for strategy in playbook.strategies:
        fits = playbook.scripts[strategy.script].party is known.person.party
        held = holds(strategy.when, known.facts)
        tried.append(Tried(strategy=strategy, held=held, fits=fits))
        if held and fits:
            return _with_arm(playbook, known, strategy, tuple(tried), debtor_id, today)
    raise NoScriptError(f"no strategy holds for a {known.person.party}; add one that always does: `when: true`")


def _with_arm(
    playbook: Playbook,
    known: Known,
    strategy: Strategy,
    tried: tuple[Tried, ...],
    debtor_id: DebtorId | None,
    today: date,
) -> Choice:
    own = playbook.scripts[strategy.script]
    experiment = None if debtor_id is None else joined(playbook.experiments, strategy.script, known.facts, today)
    if experiment is None or debtor_id is None:
        return Choice(script=own, strategy=strategy, tried=tried)
    arm = arm_of(experiment, debtor_id)
    other = arm.scripts.get(strategy.script, "")
    return Choice(
        script=playbook.scripts[other] if other else own,
        strategy=strategy,
        tried=tried,
        experiment=experiment.name,
        arm=arm.name,
        instead_of=own.name if other else "",
    )


def joined(
    experiments: tuple[Experiment, ...], script: str, facts: Mapping[str, FactValue], today: date
) -> Experiment | None:
    """The experiment that tries something in a script's stead for such a person; one at most, the first of the file."""
    for experiment in experiments:
        concerned = any(script in arm.scripts for arm in experiment.arms)
        if concerned and experiment.is_on(today) and holds(experiment.when, facts):
            return experiment
    return None
