"""Leads in hand that not just any agent may take: in order, and by kind, so that those for nobody are passed over."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterator
from operator import itemgetter

from dialer.leads import Lead
from dialer.types import AgentId

Kind = tuple[str, str, AgentId | None, str, int]
"""Route rule, team, the agent of a call-back, and the skill and its level that the debtor's assignment asks for.

Leads of one kind may be taken by the same agents."""


class PickyShelf:
    """A line of leads, each with its kind."""

    def __init__(self) -> None:
        """Begin with none."""
        self._leads: deque[Lead] = deque()
        self._kinds: deque[Kind] = deque()
        self._counts: Counter[Kind] = Counter()

    def __len__(self) -> int:
        """How many there are."""
        return len(self._leads)

    def __iter__(self) -> Iterator[Lead]:
        """In order."""
        return iter(self._leads)

    def append(self, lead: Lead, kind: Kind) -> None:
        """Put a lead last."""
        self._leads.append(lead)
        self._kinds.append(kind)
        self._counts[kind] += 1

    def appendleft(self, lead: Lead, kind: Kind) -> None:
        """Put a lead first."""
        self._leads.appendleft(lead)
        self._kinds.appendleft(kind)
        self._counts[kind] += 1

    def popleft(self) -> Lead:
        """Take the first one."""
        kind = self._kinds.popleft()
        self._counts[kind] -= 1
        if not self._counts[kind]:
            del self._counts[kind]
        return self._leads.popleft()

    def remove(self, lead: Lead) -> None:
        """Take a lead out, wherever it stands."""
        spot = self._leads.index(lead)
        self.rotate(spot)
        self.popleft()
        self.rotate(-spot)

    def clear(self) -> None:
        """Take all out."""
        self._leads.clear()
        self._kinds.clear()
        self._counts.clear()

    def rotate(self, count: int) -> None:
        """Let the first so many leads stand last; a negative count: the last ones first."""
        self._leads.rotate(-count)
        self._kinds.rotate(-count)

    def first_but(self, kinds: Collection[Kind], *, within: int) -> tuple[int, Kind] | None:
        """Where, among the first so many, the first lead of another kind than these stands, and its kind."""
        found = ((self._spot(kind, within), kind) for kind in self._counts if kind not in kinds)
        return min((one for one in found if one[0] < within), key=itemgetter(0), default=None)

    def _spot(self, kind: Kind, within: int) -> int:
        try:
            return self._kinds.index(kind, 0, within)
        except ValueError:
            return within
