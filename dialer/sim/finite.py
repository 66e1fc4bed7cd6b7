"""A list with an end: accounts with due times, daily counters and numbers, kept as the store keeps them.

What happens next to an account, and when, comes with `SaveDisposition`, worked out by the engine's own rules; here it
is only remembered. The order of dialling is the store's: call-backs, days past due, amount, longest untouched.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final

from dialer.compliance import limits
from dialer.compliance.counting import counted
from dialer.compliance.hours import zones_of
from dialer.effects import LeaseLeads, ReleaseLease, SaveAttempt, SaveDisposition, SaveRefusal
from dialer.facts import LeadsLeased
from dialer.leads import Lead, Touch
from dialer.types import AccountId, AgentId, DebtorId, NextKind, Number, Outcome, PhoneId, StopFlag

LONG_AGO: Final = datetime(1970, 1, 1, tzinfo=UTC)
PASSING_FLAGS: Final = frozenset({StopFlag.PROMISE_OPEN, StopFlag.PLAN_PERFORMING})
"""They end with the account's hold; any other flag is for good."""


@dataclass(slots=True)
class _Day:
    """Counters of a local day."""

    day: date | None = None
    numbers: Counter[Number] = field(default_factory=Counter)
    attempts: int = 0
    conversations: int = 0


@dataclass(slots=True)
class _Debtor:
    accounts: list[_Account] = field(default_factory=list)
    today: _Day = field(default_factory=_Day)
    last_attempt_at: datetime | None = None
    touches: list[Touch] = field(default_factory=list)
    """Dials that may still count, oldest first."""
    busy: bool = False
    """One of the accounts is leased or being called."""

    def on(self, day: date) -> _Day:
        if self.today.day != day:
            self.today = _Day(day)
        return self.today


@dataclass(slots=True)
class _Account:
    lead: Lead
    numbers: list[tuple[PhoneId, Number]]
    """Usable ones, in the order in which they are tried."""
    debtor: _Debtor
    position: int = 0
    live: bool = True
    """Open or waiting; not held, closed or stopped."""
    leased: bool = False
    due_at: datetime | None = None
    """Waits for this moment."""
    attempts: int = 0
    retries: int = 0
    last_outcome: Outcome | None = None
    last_attempt_at: datetime | None = None
    callback: bool = False
    callback_agent: AgentId | None = None
    team: str = ""

    @property
    def rank(self) -> tuple[bool, int, float, datetime, int]:
        lead = self.lead
        touched_at = self.last_attempt_at or LONG_AGO
        return (not self.callback, -lead.days_past_due, -float(lead.amount_due), touched_at, lead.account_id)


class FiniteList:
    """The accounts of one campaign's list."""

    def __init__(self, leads: Iterable[Lead]) -> None:
        """All of them are open.

        Args:
            leads: the accounts; `other_numbers` of each are made up, and attempts that they count are believed.
        """
        self._accounts: dict[AccountId, _Account] = {}
        self._debtors: dict[DebtorId, _Debtor] = {}
        self._open: list[tuple[tuple[bool, int, float, datetime, int], AccountId]] = []
        self._due: list[tuple[datetime, AccountId]] = []
        for lead in leads:
            debtor = self._debtors.setdefault(lead.debtor_id, _Debtor())
            account = _Account(lead=lead, numbers=_numbers(lead), debtor=debtor, team=lead.team)
            account.attempts, account.retries = lead.attempts_total, lead.retries
            account.last_attempt_at = debtor.last_attempt_at = lead.last_attempt_at
            account.callback_agent, account.callback = lead.callback_agent, lead.callback_agent is not None
            debtor.accounts.append(account)
            self._accounts[lead.account_id] = account
            self._open.append((account.rank, lead.account_id))
        heapq.heapify(self._open)
        self._waiting = self._leased = 0
        self._unfinished = len(self._accounts)
        self._untried = set(self._accounts)

    @property
    def untried(self) -> int | None:
        """Accounts that nobody has dialled yet in this run, and that may still be."""
        return len(self._untried)

    @property
    def unfinished(self) -> int | None:
        """Accounts that are open or wait to be called again; those on hold are not."""
        return self._unfinished

    # --- leasing ---------------------------------------------------------------------------------------

    def lease(self, wish: LeaseLeads, at: datetime) -> LeadsLeased:
        """The next dialable leads in the order of dialling, one for each debtor."""
        while self._due and self._due[0][0] <= at:
            self._open_again(*heapq.heappop(self._due))
        teams, aside = wish.settings.teams, []
        chosen: list[Lead] = []
        look_back = limits.look_back(wish.settings.rules) if wish.settings.rules.limits else None
        while self._open and len(chosen) < wish.limit:
            entry = heapq.heappop(self._open)
            account = self._accounts[entry[1]]
            if entry[0] != account.rank or account.leased or account.due_at is not None or not account.live:
                continue  # it went another way since it stood here
            if account.debtor.busy or (account.team and teams and account.team not in teams):
                aside.append(entry)
                continue
            account.leased = account.debtor.busy = True
            chosen.append(self._lead(account, at, look_back))
        for entry in aside:
            heapq.heappush(self._open, entry)
        self._leased += len(chosen)
        waiting = self._waiting + self._leased - len(chosen) + (len(aside) if len(chosen) < wish.limit else 0)
        while self._due and self._accounts[self._due[0][1]].due_at != self._due[0][0]:
            heapq.heappop(self._due)  # it went another way since it stood here
        next_due_at = self._due[0][0] if self._due else None
        return LeadsLeased(campaign=wish.settings.name, leads=tuple(chosen), waiting=waiting, next_due_at=next_due_at)

    def _lead(self, account: _Account, at: datetime, look_back: timedelta | None) -> Lead:
        """As it is leased; without limits of profiles the counters of the day say all, and asking them is cheaper."""
        phone_id, number = account.numbers[account.position]
        today = account.debtor.on(_local_day(account.lead, at))
        return replace(
            account.lead,
            phone_id=phone_id,
            number=number,
            team=account.team,
            callback_agent=account.callback_agent,
            attempts_total=account.attempts,
            retries=account.retries,
            number_attempts_today=today.numbers[number],
            debtor_attempts_today=today.attempts,
            debtor_conversations_today=today.conversations,
            last_attempt_at=account.debtor.last_attempt_at,
            other_numbers=len(account.numbers) - account.position - 1,
            touches=_recent(account.debtor.touches, at - look_back) if look_back else (),
        )

    def release(self, effect: ReleaseLease) -> None:
        """Undialled; later, if a moment is named."""
        account = self._accounts[effect.account_id]
        if account.leased:
            self._unlease(account)
            if account.live and account.due_at is None:
                self._reopen(account, effect.not_before_at)

    def refused(self, effect: SaveRefusal) -> None:
        """A no that time does not change puts the account on hold."""
        if effect.until_at is None:
            self._finish(self._accounts[effect.lead.account_id])

    # --- calls -----------------------------------------------------------------------------------------

    def attempted(self, effect: SaveAttempt) -> None:
        """Counts against every cap from now on."""
        account = self._accounts[effect.lead.account_id]
        self._untried.discard(effect.lead.account_id)
        today = account.debtor.on(_local_day(effect.lead, effect.at))
        today.attempts += 1
        today.numbers[effect.lead.number] += 1
        account.attempts += 1
        account.last_attempt_at = account.debtor.last_attempt_at = effect.at
        lead = effect.lead
        account.debtor.touches.append(
            Touch(
                at=effect.at,
                number=lead.number,
                debtor_id=lead.debtor_id,
                account_id=lead.account_id,
                role=lead.role,
                counted=counted(Outcome.UNKNOWN),
            )
        )

    def concluded(self, effect: SaveDisposition) -> None:
        """The next step, as the rules gave it."""
        account, step = self._accounts[effect.lead.account_id], effect.next_step
        self._unlease(account)
        if account.debtor.touches:
            ended = counted(effect.outcome, conversation=effect.conversation)
            account.debtor.touches[-1] = replace(account.debtor.touches[-1], counted=ended)
        if effect.conversation:
            account.debtor.on(_local_day(effect.lead, effect.at)).conversations += 1
            account.retries, account.last_outcome = 0, None
        else:
            account.retries = account.retries + 1 if account.last_outcome is effect.outcome else 1
            account.last_outcome = effect.outcome
        account.callback = step.kind is NextKind.CALLBACK
        account.callback_agent = step.agent_id if account.callback else None
        account.team = step.team or account.team
        if effect.outcome is Outcome.INVALID or effect.stop is StopFlag.WRONG_NUMBER:
            self._drop_number(account, effect.lead)
        elif step.kind is NextKind.OTHER_NUMBER:
            account.position = (account.position + 1) % len(account.numbers)
        self._take_step(account, effect)
        if effect.stop is not None and effect.stop not in PASSING_FLAGS | {StopFlag.WRONG_NUMBER}:
            for other in account.debtor.accounts:
                self._finish(other)

    def _take_step(self, account: _Account, effect: SaveDisposition) -> None:
        step = effect.next_step
        match step.kind:
            case _ if not account.live or not account.numbers:
                self._finish(account)
            case NextKind.CLOSED | NextKind.NEVER:
                self._finish(account)
            case NextKind.HOLD:
                self._finish(account)
                self._wait(account, step.at)
            case _:
                self._reopen(account, step.at or effect.at)

    # --- where an account stands -----------------------------------------------------------------------

    def _reopen(self, account: _Account, due_at: datetime | None) -> None:
        if due_at is not None:
            self._wait(account, due_at)
        else:
            heapq.heappush(self._open, (account.rank, account.lead.account_id))

    def _wait(self, account: _Account, due_at: datetime | None) -> None:
        if due_at is not None:
            self._waiting += account.due_at is None
            account.due_at = due_at
            heapq.heappush(self._due, (due_at, account.lead.account_id))

    def _open_again(self, due_at: datetime, account_id: AccountId) -> None:
        account = self._accounts[account_id]
        if account.due_at != due_at:
            return
        account.due_at = None
        self._waiting -= 1
        self._unfinished += not account.live
        account.live = True
        heapq.heappush(self._open, (account.rank, account_id))

    def _finish(self, account: _Account) -> None:
        """No more calls, or none before a hold ends."""
        self._unfinished -= account.live
        self._untried.discard(account.lead.account_id)
        self._waiting -= account.due_at is not None
        account.live, account.due_at = False, None

    def _unlease(self, account: _Account) -> None:
        self._leased -= account.leased
        account.leased = account.debtor.busy = False

    def _drop_number(self, account: _Account, lead: Lead) -> None:
        """Nobody of this debtor's accounts tries it again; one that has no other is finished."""
        for one in account.debtor.accounts:
            at = next((n for n, (_, number) in enumerate(one.numbers) if number == lead.number), None)
            if at is None:
                continue
            del one.numbers[at]
            if one.position > at:
                one.position -= 1
            one.position = one.position % len(one.numbers) if one.numbers else 0
            if not one.numbers and one is not account:
                self._finish(one)


def _numbers(lead: Lead) -> list[tuple[PhoneId, Number]]:
    """The lead's number, and made-up further ones."""
    more = [(PhoneId(-lead.phone_id * 10 - n), Number(f"{lead.number}{n}")) for n in range(lead.other_numbers)]
    return [(lead.phone_id, lead.number), *more]


def _recent(touches: list[Touch], since: datetime) -> tuple[Touch, ...]:
    """Older ones are dropped: a list has one campaign, whose rules do not change."""
    while touches and touches[0].at < since:
        del touches[0]
    return tuple(touches)


def _local_day(lead: Lead, at: datetime) -> date:
    zones = zones_of(lead.zone)
    return (at.astimezone(zones[0]) if zones else at).date()
