"""Settings of assignment: ordered rules, who is kept, how much an agent may hold, and how even shares should be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dialer.types import AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentRule:
    """If `when` holds of a debtor, these agents may look after them. Rules are tried in order; the first wins."""

    name: str
    when: str = ""
    """A rule-engine expression over `expressions.CASE_FACTS`; empty: always."""
    skill: str = ""
    """Of dialer.yaml; empty: none is needed."""
    level: int = 0
    """At least so much of it, whatever happens."""
    up_to: int | None = None
    """Agents with more of it only take what those within it have no room for; None: no such bound."""
    prefer: str = ""
    """Agents of other teams only take what those of this team have no room for; empty: no such bound."""
    team: str = ""
    """Only this team; empty: any."""
    agents: tuple[AgentId, ...] = ()
    """Only these; empty: anybody else who may."""
    source: str = ""
    """file:line, for explanations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepSettings:
    """When a debtor stays with whom they know."""

    promise: bool = True
    """With the agent who holds a live promise."""
    prior_owner: bool = True
    move_after_days: int = 14
    """So many days without a right-party contact, and somebody else has a try; 0: never."""
    rebalance: bool = False
    """Prior owners give debtors away as well, to even out the shares; promises and overrides stay."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacitySettings:
    """How many debtors an agent may look after."""

    debtors: int = 500
    """Each, unless named."""
    agents: Mapping[AgentId, int] = field(default_factory=dict)
    share: Mapping[AgentId, float] = field(default_factory=dict)
    """Of a full share, for those who work less; 1 unless named."""

    def of(self, agent_id: AgentId) -> int:
        """How many debtors this one may look after."""
        return self.agents.get(agent_id, self.debtors)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentSettings:
    """`config/assignment.yaml`."""

    rules: tuple[AssignmentRule, ...]
    keep: KeepSettings = KeepSettings()
    capacity: CapacitySettings = CapacitySettings()
    spread: float = 0.10
    """Between the largest and the smallest share of agents who may look after the same debtors, by their mean."""
    avoid_days: int = 180
    """After a complaint, nobody who had to do with the debtor before it gets them for so long."""
