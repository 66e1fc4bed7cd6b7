"""What the engine and the commands need of a store. `dialer.store.sqlite` is the one that exists.

All methods are synchronous and atomic: a method either did all of it, durably, or raised `StoreError` and did
nothing. The engine calls them from one worker thread; commands from their own process at the same time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Protocol

from dialer.audit import AuditEntry
from dialer.effects import Write
from dialer.facts import AttemptBarred, DayAnswers, StopAdded
from dialer.leads import Lead
from dialer.report import ListProgress
from dialer.settings import CampaignSettings
from dialer.types import AgentId, AttemptId, CampaignName, CampaignState, Outcome, ServerName, TrunkName


@dataclass(frozen=True, slots=True, kw_only=True)
class Leased:
    """The answer to a request for leads."""

    leads: tuple[Lead, ...]
    waiting: int
    """Accounts of the campaign that become dialable later (retry, hold, hours), or are leased now."""
    next_due_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAttempt:
    """An attempt that was committed and never closed: after a crash it may be in the air."""

    attempt_id: AttemptId
    campaign: CampaignName
    server: ServerName
    trunk: TrunkName
    lead: Lead
    at: datetime
    outcome: Outcome | None
    """Set when the call closed but its disposition was never saved."""
    agent_id: AgentId | None
    talked: bool = False
    """Its history says that the customer talked with an agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopsLifted:
    """What allowing calls again has ended."""

    lifted: int
    """Flags, entries of lists and digests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumbersForbidden:
    """What a do-not-call list brought."""

    total: int
    added: int
    """Not forbidden before."""
    on_our_lists: int
    """Numbers that some debtor of ours has."""


class Store(Protocol):
    """The local store."""

    def lease(self, campaign: CampaignSettings, *, limit: int, at: datetime, lease_s: float, engine: str) -> Leased:
        """Choose the next dialable leads of a campaign and lease them to this engine.

        A lead is leased only when neither its account, its debtor nor its number is leased or in the air, no
        stop flag or do-not-call entry applies, and its `next_at` has come. Order: call-backs due, then
        priority (days past due and amount), then longest untouched.

        Args:
            campaign: whose list, retry rules and calling rules apply.
            limit: at most this many.
            at: now, aware.
            lease_s: how long the lease lasts if nobody closes or releases it.
            engine: who leases, for recovery.
        """
        ...

    def apply(self, writes: Sequence[Write], *, now: Callable[[], datetime] | None = None) -> tuple[AttemptBarred, ...]:
        """Do all writes, in order, in one durable transaction.

        Args:
            writes: what to do.
            now: tells the time inside the transaction, for permits that run out while it waits; None: they do not.

        Returns:
            The attempts that may not be made any more; nothing was written of them, and all else was.
        """
        ...

    def open_attempts(self, *, engine: str | None = None, at: datetime | None = None) -> tuple[OpenAttempt, ...]:
        """Attempts without a closing disposition, oldest first.

        Args:
            engine: only its own, and those of others that are older than any call; None: all.
            at: now, aware; needed with `engine`.
        """
        ...

    def release_leases(self, engine: str) -> int:
        """Give back every lease of an engine that is not dialled; returns how many."""
        ...

    def campaign_states(self) -> dict[CampaignName, CampaignState]:
        """The last known state of every campaign."""
        ...

    def paused_agents(self) -> dict[AgentId, str]:
        """Who was paused when the last engine ended, politely or not, and why."""
        ...

    def save_learned(self, campaign: CampaignName, *, at: datetime, learned: str) -> None:
        """Keep what pacing has learned of a campaign, in place of what was kept before.

        Args:
            campaign: whose.
            at: now, aware.
            learned: JSON; the store does not look into it.
        """
        ...

    def learned(self, campaign: CampaignName) -> str:
        """What `save_learned` kept last; empty: nothing yet."""
        ...

    def answers_by_day(
        self, campaign: CampaignName, *, at: datetime, zone: tzinfo, days: int
    ) -> tuple[DayAnswers, ...]:
        """How many people a campaign answered for, and how many of them it abandoned, oldest day first.

        Only calls that are closed count, each for the day on which it was placed. Days without any are left out.

        Args:
            campaign: whose.
            at: now, aware.
            zone: where a day begins and ends.
            days: so many, today included.
        """
        ...

    def list_progress(self, list_name: str, *, at: datetime | None = None) -> ListProgress:
        """How far a list is; `at` is the moment for what is dialable."""
        ...

    def add_stop(
        self,
        number_or_account: str,
        flag: str,
        *,
        by: str,
        at: datetime,
        note: str = "",
        until_at: datetime | None = None,
    ) -> StopAdded:
        """Forbid calls to a number (E.164) or a debtor (by account number).

        Args:
            number_or_account: whom.
            flag: why, one of `StopFlag`.
            by: who says so.
            at: now, aware.
            note: for the record.
            until_at: of a debtor only, when it ends by itself; None: for good.

        Returns:
            Whom it concerns, for leads in hand.

        Raises:
            StoreError: no such flag, no such account, or not a number in E.164.
        """
        ...

    def lift_stop(self, number_or_account: str, flag: str, *, by: str, at: datetime, note: str) -> StopsLifted:
        """Allow calls again.

        Args:
            number_or_account: whom.
            flag: which flag; empty: all of them.
            by: who says so.
            at: now, aware.
            note: why; it must be said.

        Raises:
            StoreError: no such account, or a third party has refused for ever.
        """
        ...

    def lease_one(
        self,
        campaign: CampaignSettings,
        number_or_account: str,
        *,
        at: datetime,
        lease_s: float,
        engine: str,
        agent: str = "",
    ) -> Lead | None:
        """Lease one account of a campaign's list for a call that somebody asks for.

        Args:
            campaign: whose list.
            number_or_account: a number on the list (E.164), which is then the one to dial, or an account number.
            at: now, aware.
            lease_s: as in `lease`.
            engine: likewise.
            agent: for whom; only this one's own desk does not forbid it.

        Returns:
            The lead, with whatever stop flags there are: the gate decides. None: the list has no such account.

        Raises:
            StoreError: the account, its debtor or the number is leased or in a call, somebody else works on the debtor,
                or the account is done.
        """
        ...

    def audit(self, entry: AuditEntry, *more: AuditEntry) -> None:
        """Add to the log of decisions; see `dialer.audit`."""
        ...

    def audit_head(self) -> str:
        """Where the log of decisions ends, as `dialer audit head` prints it."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...
