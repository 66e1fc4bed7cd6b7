"""The list under work, as the store keeps it: who is due, what was counted, which numbers are left. The product side.

An account is leased in the arm's order, with all its dials, for the rules to count. What happens next to it comes with
`SaveDisposition`, worked out by the engine's own rules, and is only remembered here. Payments close an account the next
morning, or make it smaller.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal

from dialer.compliance.counting import counted
from dialer.effects import LeaseLeads, ReleaseLease, SaveAttempt, SaveDisposition, SaveRefusal
from dialer.facts import LeadsLeased
from dialer.leads import Lead, Touch
from dialer.ordering.cells import cell_at
from dialer.sim.case.listed import Listed
from dialer.sim.case.orders import Order, Rank, Standing
from dialer.sim.case.scenario import ZONE
from dialer.types import NextKind, Number, Outcome, PhoneId, StopFlag

_BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
_LATE = time(17, 45)
"""Some minutes before the last dial of a day."""
_UNDER_WAY = counted(None)
ANSWERED = frozenset({Outcome.BRIDGED, Outcome.ABANDONED, Outcome.EARLY_HANGUP})


@dataclass(slots=True)
class _Account:
    listed: Listed
    place: int
    lead: Lead
    phones: list[tuple[PhoneId, Number]]
    left: Decimal
    position: int = 0
    live: bool = True
    leased: bool = False
    due_at: datetime | None = None
    attempts: int = 0
    retries: int = 0
    last_outcome: Outcome | None = None
    last_attempt_at: datetime | None = None
    touches: list[Touch] = field(default_factory=list)
    """Every dial, oldest first: a case is shorter than rules look back."""
    day: date | None = None
    dials: Counter[Number] = field(default_factory=Counter)
    """Of the day, by number."""
    conversations: int = 0

    def standing(self) -> Standing:
        tried_at = self.last_attempt_at
        return Standing(
            listed=self.listed,
            place=self.place,
            phones=tuple(phone_id for phone_id, _ in self.phones),
            position=self.position,
            tried_s=0.0 if tried_at is None else (tried_at - _BEGINNING).total_seconds(),
            left=float(self.left / self.listed.amount_due),
        )

    def on(self, day: date) -> None:
        if self.day != day:
            self.day, self.conversations = day, 0
            self.dials.clear()


class Book:
    """The accounts of one arm.

    Args:
        listed: in the order of the list.
        order: who is next.
    """

    def __init__(self, listed: Iterable[Listed], order: Order) -> None:
        self._order = order
        self._accounts = {
            one.index: _Account(one, place, one.lead(), list(one.phones()), one.amount_due)
            for place, one in enumerate(listed)
        }
        self._open: list[tuple[Rank, int, int]] = []
        """Rank, account, index of its number."""
        self._due: list[tuple[datetime, int]] = []
        self._ranked: object = None
        self.dry = 0
        """Times at which leads were asked for, well before closing, and nobody might be dialled."""

    def begin(self, at: datetime, paid: Iterable[tuple[int, Decimal]]) -> None:
        """A new day: payments are posted, leases of yesterday are over, the order is worked out anew.

        Args:
            at: the morning.
            paid: account and amount of what has arrived since.
        """
        for index, amount in paid:
            account = self._accounts[index]
            account.left -= amount
            account.live = account.live and account.left > 0
        for account in self._accounts.values():
            account.leased = False
        self._order.begin(at)
        self._ranked = None

    # --- leasing ---------------------------------------------------------------------------------------

    def lease(self, wish: LeaseLeads, at: datetime) -> LeadsLeased:
        """The next accounts in the arm's order."""
        self._rank_all(at)
        while self._due and self._due[0][0] <= at:
            due_at, index = heapq.heappop(self._due)
            if self._accounts[index].due_at == due_at:
                self._push(self._accounts[index], at)
        chosen: list[Lead] = []
        while self._open and len(chosen) < wish.limit:
            _, index, number = heapq.heappop(self._open)
            account = self._accounts[index]
            if account.leased or not account.live or (account.due_at is not None and account.due_at > at):
                continue
            account.position = number if number < len(account.phones) else account.position
            account.leased, account.due_at = True, None
            chosen.append(self._lead(account, at))
        self.dry += not chosen and at.astimezone(ZONE).time() < _LATE
        next_due_at = self._due[0][0] if self._due else None
        return LeadsLeased(campaign=wish.settings.name, leads=tuple(chosen), waiting=1, next_due_at=next_due_at)

    def _rank_all(self, at: datetime) -> None:
        """At the start of the day; by value also when the hours in which chances are learned change."""
        local = at.astimezone(ZONE)
        period = cell_at(local) if self._order.by_value else local.date()
        if self._ranked == period:
            return
        self._ranked = period
        self._open, self._due = [], []
        for index, account in self._accounts.items():
            if not account.live or account.leased:
                continue
            if account.due_at is not None and account.due_at > at:
                self._due.append((account.due_at, index))
            else:
                rank, number = self._order.rank(account.standing(), at)
                self._open.append((rank, index, number))
        heapq.heapify(self._open)
        heapq.heapify(self._due)

    def _push(self, account: _Account, at: datetime) -> None:
        if account.live and not account.leased:
            rank, number = self._order.rank(account.standing(), at)
            heapq.heappush(self._open, (rank, account.listed.index, number))

    def _lead(self, account: _Account, at: datetime) -> Lead:
        account.on(at.astimezone(ZONE).date())
        phone_id, number = account.phones[account.position]
        return replace(
            account.lead,
            phone_id=phone_id,
            number=number,
            amount_due=account.left,
            attempts_total=account.attempts,
            retries=account.retries,
            number_attempts_today=account.dials[number],
            debtor_attempts_today=account.dials.total(),
            debtor_conversations_today=account.conversations,
            last_attempt_at=account.last_attempt_at,
            other_numbers=len(account.phones) - 1,
            touches=tuple(account.touches),
        )

    def release(self, effect: ReleaseLease) -> None:
        """Undialled; later, if a moment is named."""
        account = self._accounts[int(effect.account_id)]
        if account.leased:
            account.leased = False
            self._wait(account, effect.not_before_at)

    def refused(self, effect: SaveRefusal) -> None:
        """A no that time does not change."""
        if effect.until_at is None:
            self._accounts[int(effect.lead.account_id)].live = False

    def _wait(self, account: _Account, due_at: datetime | None) -> None:
        if not account.live:
            return
        # Whoever is given back comes up again at once, as a due time that has passed does.
        account.due_at = due_at or _BEGINNING
        heapq.heappush(self._due, (account.due_at, account.listed.index))

    # --- calls -----------------------------------------------------------------------------------------

    def attempted(self, effect: SaveAttempt) -> None:
        """Counts against every cap from now on."""
        lead = effect.lead
        account = self._accounts[int(lead.account_id)]
        account.on(effect.at.astimezone(ZONE).date())
        account.attempts += 1
        account.dials[lead.number] += 1
        account.last_attempt_at = effect.at
        account.touches.append(
            Touch(
                at=effect.at,
                number=lead.number,
                debtor_id=lead.debtor_id,
                account_id=lead.account_id,
                role=lead.role,
                counted=_UNDER_WAY,
            )
        )

    def concluded(self, effect: SaveDisposition, *, no_person: bool) -> None:
        """A call is over; the next step, as the rules gave it.

        Args:
            effect: with the next step.
            no_person: the agent keyed that nobody was there.
        """
        account, step = self._accounts[int(effect.lead.account_id)], effect.next_step
        account.leased = False
        ended = counted(effect.outcome, conversation=effect.conversation)
        account.touches[-1] = replace(account.touches[-1], counted=ended)
        answered = effect.outcome in ANSWERED and not no_person
        at, phone_id = account.last_attempt_at or effect.at, effect.lead.phone_id
        self._order.heard(account.listed, phone_id, at, answered=answered, right_party=effect.right_party)
        if effect.conversation:
            account.conversations += 1
            account.retries, account.last_outcome = 0, None
        else:
            account.retries = account.retries + 1 if account.last_outcome is effect.outcome else 1
            account.last_outcome = effect.outcome
        if effect.outcome is Outcome.INVALID or effect.stop is StopFlag.WRONG_NUMBER:
            self._drop(account, phone_id)
        elif step.kind is NextKind.OTHER_NUMBER:
            account.position = (account.position + 1) % len(account.phones)
        if not account.phones or step.kind in (NextKind.CLOSED, NextKind.NEVER):
            account.live = False
        self._wait(account, step.at)

    def _drop(self, account: _Account, phone_id: PhoneId) -> None:
        """A number that is nobody's, or somebody else's, is dialled no more."""
        before = account.position
        account.phones = [one for one in account.phones if one[0] != phone_id]
        account.position = before % len(account.phones) if account.phones else 0
