"""Who may look after a debtor: skill and team as the rule wants them, and nobody about whom they complained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dialer.campaigns.expressions import first_that_holds
from dialer.caseload.case import Case, facts
from dialer.caseload.rules import AssignmentRule, AssignmentSettings
from dialer.settings import AgentSettings
from dialer.types import AgentId

Spots = NDArray[np.intp]
"""Places in the sequence of agents."""
_ALWAYS = "days_without_contact >= 0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """The agents of one rule, as places in the sequence of agents."""

    within: Spots
    """Who should look after its debtors."""
    able: frozenset[int]
    """Who may: those, and the ones with more skill than needed or of another team."""
    beyond: Spots
    """Who may and should not."""


def meets(agent: AgentSettings, rule: AssignmentRule) -> bool:
    """True when an agent may look after debtors of a rule: team, name and the floor of the skill."""
    if rule.team and agent.team != rule.team:
        return False
    if rule.agents and agent.id not in rule.agents:
        return False
    return not rule.skill or agent.skills.get(rule.skill, 0) >= rule.level


def pool_of(rule: AssignmentRule, agents: Sequence[AgentSettings]) -> Pool:
    """Who may look after the debtors of a rule."""
    able = [spot for spot, agent in enumerate(agents) if meets(agent, rule)]
    within = [spot for spot in able if _is_within(agents[spot], rule)]
    beyond = [spot for spot in able if not _is_within(agents[spot], rule)]
    # With nobody within, those beyond are who there is.
    if not within:
        within, beyond = beyond, []
    return Pool(within=_spots(within), able=frozenset(able), beyond=_spots(beyond))


def _is_within(agent: AgentSettings, rule: AssignmentRule) -> bool:
    if rule.prefer and agent.team != rule.prefer:
        return False
    return rule.up_to is None or agent.skills.get(rule.skill, 0) <= rule.up_to


def _spots(found: list[int]) -> Spots:
    return np.array(found, dtype=np.intp)


def rule_of(case: Case, settings: AssignmentSettings) -> int | None:
    """Which rule is the first that holds of a debtor; None: not one."""
    return first_that_holds(tuple([rule.when or _ALWAYS for rule in settings.rules]), facts(case))


def may_keep(case: Case, agent_id: AgentId | None) -> bool:
    """False when the debtor complained about this agent."""
    return agent_id is not None and agent_id not in case.avoid
