"""Agents beside one another, each with other cases: indirect standardisation. Pure.

Rules
- Cases are alike when bucket at the call, product and grade are alike: a stratum.
- Expected of an agent is what all agents together made of cases alike: the sum over strata of the agent's cases times
  the stratum's rate. Made over expected, times the rate of all, is the agent's adjusted rate.
- Its interval takes what was made as a count (Byar) and what was expected as known.
- It says nothing of what no stratum tells, such as who gets the better hours; no ranking is drawn from it, and agents
  with fewer than `SMALLEST_CASES` cases are not shown with a rate.
Source: Breslow and Day, Statistical methods in cancer research II, IARC 1987, chapter 2.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from dialer.portfolio.intervals import poisson_interval

SMALLEST_CASES: Final = 30
"""House rule, as for cells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Cases of one agent in one stratum."""

    agent: int
    stratum: Hashable
    cases: int
    made: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjusted:
    """One agent."""

    cases: int
    made: int
    expected: float
    ratio: float | None
    """None: nothing was expected."""
    low: float | None
    high: float | None


def standardise(lines: Iterable[Cases]) -> Mapping[int, Adjusted]:
    """Adjusted rates by agent."""
    lines = tuple(lines)
    cases: dict[Hashable, int] = defaultdict(int)
    made: dict[Hashable, int] = defaultdict(int)
    for line in lines:
        cases[line.stratum] += line.cases
        made[line.stratum] += line.made
    overall = sum(made.values()) / sum(cases.values()) if sum(cases.values()) else 0.0
    agents: dict[int, list[Cases]] = defaultdict(list)
    for line in lines:
        agents[line.agent].append(line)
    expected_of = {stratum: made[stratum] / count for stratum, count in cases.items() if count}
    return {agent: _adjusted(of_agent, expected_of, overall) for agent, of_agent in agents.items()}


def _adjusted(lines: Iterable[Cases], expected_of: Mapping[Hashable, float], overall: float) -> Adjusted:
    lines = tuple(line for line in lines if line.cases)
    cases, made = sum(line.cases for line in lines), sum(line.made for line in lines)
    expected = sum(line.cases * expected_of[line.stratum] for line in lines)
    if not expected:
        return Adjusted(
            cases=sum(line.cases for line in lines), made=made, expected=0.0, ratio=None, low=None, high=None
        )
    low, high = poisson_interval(made)
    scale = overall / expected
    return Adjusted(
        cases=cases,
        made=made,
        expected=expected,
        ratio=made * scale,
        low=low * scale,
        high=min(1.0, high * scale),
    )
