"""What of an assignment is shown: the sums, the reasons counted, the shares, and some debtors who change hands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dialer.caseload.assigning import UNASSIGNED, Assignment, Decision, Ground
from dialer.caseload.fairness import Fairness, fairness
from dialer.caseload.rules import AssignmentSettings
from dialer.settings import AgentSettings
from dialer.store.assigning import Saved
from dialer.types import AgentId

MEASURES: Mapping[str, tuple[str, str]] = {
    "count": ("户数", "debtors"),
    "amount": ("应还", "amount due"),
    "expected": ("预计收回", "expected"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """An assignment, as it is shown."""

    settings: AssignmentSettings
    names: Mapping[AgentId, str]
    fairness: Fairness
    total: int
    waiting: int
    grounds: tuple[tuple[str, Ground, int], ...]
    """Rule, ground, how many; rules in the order of the file."""
    shown: tuple[Decision, ...]
    """Some who change hands, or wait."""
    changing: int
    """How many there are of them."""
    saved: Saved | None
    """None: nothing was written."""

    @classmethod
    def of(
        cls,
        found: Assignment,
        settings: AssignmentSettings,
        agents: Sequence[AgentSettings],
        *,
        agent: str = "",
        limit: int = 20,
        saved: Saved | None = None,
    ) -> Preview:
        """Sum up an assignment.

        Args:
            found: decided.
            settings: by which.
            agents: who there is.
            agent: show only what this one gets or gives away; empty: all.
            limit: show so many; 0: all.
            saved: what was written.
        """
        counts = Counter((one.rule, one.ground) for one in found.decisions)
        places = {rule.name: at for at, rule in enumerate(settings.rules)}
        changing = [
            one
            for one in found.decisions
            if (one.changed or one.ground in UNASSIGNED) and agent in ("", one.agent, one.case.owner)
        ]
        changing.sort(
            key=lambda one: (one.agent is None, places.get(one.rule, -1), one.agent or "", -one.case.amount_due)
        )
        return cls(
            settings=settings,
            names={one.id: one.name for one in agents},
            fairness=fairness(found, {one.id: one.team for one in agents}, settings.capacity.share),
            total=len(found.decisions),
            waiting=sum(one.ground in UNASSIGNED for one in found.decisions),
            grounds=tuple(
                (rule, ground, count)
                for (rule, ground), count in sorted(
                    counts.items(), key=lambda item: (places.get(item[0][0], -1), -item[1])
                )
            ),
            shown=tuple(changing if not limit else changing[:limit]),
            changing=len(changing),
            saved=saved,
        )
