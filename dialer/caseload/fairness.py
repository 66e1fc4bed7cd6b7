"""How evenly debtors are shared: count, amount and expected value of every agent, before and after."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from dialer.caseload.assigning import Assignment
from dialer.caseload.case import Case
from dialer.caseload.load import Load as Load
from dialer.types import AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Evenness:
    """How even the shares of some agents are."""

    spread: float
    """(largest - smallest) / mean; 0: all the same."""
    gini: float
    """0: all the same; near 1: one has everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One agent, before and after."""

    agent: AgentId
    team: str
    share: float
    before: Load
    after: Load


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparable:
    """Agents who may look after the same debtors, with how even their shares are by each measure."""

    rules: tuple[str, ...]
    lines: tuple[Line, ...]
    before: Mapping[str, Evenness]
    after: Mapping[str, Evenness]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fairness:
    """The report."""

    groups: tuple[Comparable, ...]
    unassigned_before: Load
    unassigned_after: Load
    before: Mapping[str, Evenness]
    """Of all agents together, who need not be able to do the same."""
    after: Mapping[str, Evenness]
    kept: int
    moved: int
    given: int
    """To an agent, who had none."""


def fairness(
    assignment: Assignment, teams: Mapping[AgentId, str], shares: Mapping[AgentId, float] | None = None
) -> Fairness:
    """Compare what agents look after with what they looked after.

    Args:
        assignment: decided.
        teams: every agent, with the team.
        shares: of a full share, for those who work less; loads are compared per full share.
    """
    shares = shares or {}
    decisions = assignment.decisions
    before = _loads((one.case.owner, one.case) for one in decisions)
    after = _loads((one.agent, one.case) for one in decisions)
    lines = [
        Line(
            agent=agent,
            team=team,
            share=shares.get(agent, 1.0),
            before=before.get(agent, Load()),
            after=after.get(agent, Load()),
        )
        for agent, team in teams.items()
    ]
    return Fairness(
        groups=tuple(_groups(lines, assignment.pools)),
        unassigned_before=sum((load for agent, load in before.items() if agent not in teams), Load()),
        unassigned_after=after.get(None, Load()),
        before=_evenness([line.before for line in lines], lines),
        after=_evenness([line.after for line in lines], lines),
        kept=sum(one.agent is not None and not one.changed for one in decisions),
        moved=sum(one.changed and one.case.owner is not None for one in decisions),
        given=sum(one.case.owner is None and one.agent is not None for one in decisions),
    )


def _loads(owned: Iterable[tuple[AgentId | None, Case]]) -> dict[AgentId | None, Load]:
    sums: dict[AgentId | None, list[Decimal]] = {}
    for agent, case in owned:
        known = sums.setdefault(agent, [Decimal(0), Decimal(0), Decimal(0)])
        known[0] += 1
        known[1] += case.amount_due
        known[2] += case.expected
    return {
        agent: Load(count=int(count), amount=amount, expected=expected)
        for agent, (count, amount, expected) in sums.items()
    }


def _groups(lines: Sequence[Line], pools: Mapping[AgentId, Collection[str]]) -> Iterable[Comparable]:
    found: dict[tuple[str, ...], list[Line]] = {}
    for line in lines:
        found.setdefault(tuple(sorted(pools.get(line.agent, ()))), []).append(line)
    for rules, theirs in found.items():
        yield Comparable(
            rules=rules,
            lines=tuple(theirs),
            before=_evenness([line.before for line in theirs], theirs),
            after=_evenness([line.after for line in theirs], theirs),
        )


def _evenness(loads: Sequence[Load], lines: Sequence[Line]) -> dict[str, Evenness]:
    return {
        "count": evenness([load.count / line.share for load, line in zip(loads, lines, strict=True)]),
        "amount": evenness([float(load.amount) / line.share for load, line in zip(loads, lines, strict=True)]),
        "expected": evenness([float(load.expected) / line.share for load, line in zip(loads, lines, strict=True)]),
    }


def evenness(values: Sequence[float]) -> Evenness:
    """How even some shares are.

    Args:
        values: not below 0.
    """
    total = sum(values)
    if not total:
        return Evenness(spread=0.0, gini=0.0)
    mean, n = total / len(values), len(values)
    ranked = sum(rank * value for rank, value in enumerate(sorted(values), start=1))
    return Evenness(spread=(max(values) - min(values)) / mean, gini=2.0 * ranked / (n * total) - (n + 1) / n)
