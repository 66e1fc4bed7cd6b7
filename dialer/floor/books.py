"""Dictionaries that keep the questions of every step answered: who waits, who is in the air, who is being called.

`CallBook` is the only place where calls are kept, `WrapBook` the only one of wrap-ups; their side books cannot disagree
with them, because every change of them changes those too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from dialer.calls import Call
from dialer.floor.shelf import Kind
from dialer.types import AgentId, AttemptId, CallState, CampaignName, DebtorId, ServerName

T = TypeVar("T")

UNSERVED = frozenset({CallState.PLACED, CallState.RINGING, CallState.SCREENING, CallState.ANSWERED})
"""After these an agent has been found, or none will come."""


class CallBook(dict[AttemptId, Call]):
    """Calls by id. Change it by item assignment and `pop` only."""

    def __init__(self, kind_of: Callable[[Call], Kind | None] = lambda _: None) -> None:
        """Begin with none.

        Args:
            kind_of: which agents a call is for, when not just any of its campaign; see `routing.kind_of`.
        """
        super().__init__()
        self._kind_of = kind_of
        self._picky: dict[AttemptId, Kind] = {}
        self._picky_in_air: dict[tuple[CampaignName, ServerName], Counter[Kind]] = {}
        self._waiting: dict[AttemptId, None] = {}
        self._unserved: dict[CampaignName, dict[AttemptId, None]] = {}
        self._by_campaign: Counter[CampaignName] = Counter()
        self._by_debtor: Counter[DebtorId] = Counter()
        self._in_air: Counter[tuple[CampaignName, ServerName]] = Counter()

    def __setitem__(self, attempt_id: AttemptId, call: Call) -> None:
        before = self.get(attempt_id)
        if before is None:
            self._by_campaign[call.campaign] += 1
            self._by_debtor[call.lead.debtor_id] += 1
        if before is None or before.state is not call.state:
            self._file(attempt_id, before, call)
        super().__setitem__(attempt_id, call)

    def pop(self, attempt_id: AttemptId, default: Call | None = None) -> Call | None:  # type: ignore[override]
        """Take a call out."""
        before = super().pop(attempt_id, None)
        if before is None:
            return default
        self._file(attempt_id, before, None)
        _decrease(self._by_campaign, before.campaign)
        _decrease(self._by_debtor, before.lead.debtor_id)
        return before

    def _file(self, attempt_id: AttemptId, before: Call | None, after: Call | None) -> None:
        was, is_now = before is not None and before.state in UNSERVED, after is not None and after.state in UNSERVED
        if before is not None and was and not is_now:
            del self._unserved[before.campaign][attempt_id]
            _decrease(self._in_air, (before.campaign, before.server))
            self._forget_kind(before)
        if after is not None and is_now and not was:
            self._unserved.setdefault(after.campaign, {})[attempt_id] = None
            self._in_air[after.campaign, after.server] += 1
            self._note_kind(after)
        if after is not None and after.state is CallState.ANSWERED:
            self._waiting[attempt_id] = None
        else:
            self._waiting.pop(attempt_id, None)

    def waiting(self) -> list[Call]:
        """Calls that want an agent, the one answered first first."""
        if not self._waiting:
            return []
        return sorted(
            (self[attempt_id] for attempt_id in self._waiting),
            key=lambda call: (call.answered_s or 0.0, call.attempt_id),
        )

    def unserved(self, campaign: CampaignName) -> Iterable[Call]:
        """The calls of a campaign that nobody has answered or that wait for an agent."""
        return (self[attempt_id] for attempt_id in self._unserved.get(campaign, ()))

    def in_air(self, campaign: CampaignName, server: ServerName) -> int:
        """How many those are, on one server."""
        return self._in_air[campaign, server]

    def picky_in_air(self, campaign: CampaignName, server: ServerName) -> Counter[Kind]:
        """How many of them are for some agents only, by kind."""
        return self._picky_in_air.get((campaign, server), Counter())

    def sort_anew(self, campaign: CampaignName) -> None:
        """A campaign has new settings: calls in the air may be of other kinds."""
        for call in self.unserved(campaign):
            self._forget_kind(call)
            self._note_kind(call)

    def _note_kind(self, call: Call) -> None:
        kind = self._kind_of(call)
        if kind is not None:
            self._picky[call.attempt_id] = kind
            self._picky_in_air.setdefault((call.campaign, call.server), Counter())[kind] += 1

    def _forget_kind(self, call: Call) -> None:
        kind = self._picky.pop(call.attempt_id, None)
        if kind is not None:
            _decrease(self._picky_in_air[call.campaign, call.server], kind)

    def of_campaign(self, campaign: CampaignName) -> int:
        """How many calls of a campaign there are, in any state."""
        return self._by_campaign[campaign]

    def to_debtor(self, debtor_id: DebtorId) -> bool:
        """Whether somebody is being called, or talked to, already."""
        return debtor_id in self._by_debtor


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrap:
    """A conversation that waits for its disposition."""

    call: Call
    agent_id: AgentId


class WrapBook(dict[AttemptId, Wrap]):
    """Wrap-ups by the call's id. Change it by item assignment, `del` and `pop` only."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self._by_campaign: Counter[CampaignName] = Counter()
        self._by_debtor: Counter[DebtorId] = Counter()

    def __setitem__(self, attempt_id: AttemptId, wrap: Wrap) -> None:
        if attempt_id not in self:
            self._by_campaign[wrap.call.campaign] += 1
            self._by_debtor[wrap.call.lead.debtor_id] += 1
        super().__setitem__(attempt_id, wrap)

    def __delitem__(self, attempt_id: AttemptId) -> None:
        wrap = self[attempt_id]
        super().__delitem__(attempt_id)
        _decrease(self._by_campaign, wrap.call.campaign)
        _decrease(self._by_debtor, wrap.call.lead.debtor_id)

    def pop(self, attempt_id: AttemptId, default: Wrap | None = None) -> Wrap | None:  # type: ignore[override]
        """Take a wrap-up out."""
        wrap = self.get(attempt_id)
        if wrap is None:
            return default
        del self[attempt_id]
        return wrap

    def of_campaign(self, campaign: CampaignName) -> bool:
        """Whether a campaign's conversation waits for its disposition."""
        return campaign in self._by_campaign

    def of_debtor(self, debtor_id: DebtorId) -> bool:
        """Whether a conversation with somebody does."""
        return debtor_id in self._by_debtor


def _decrease(counts: Counter[T], key: T) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]
