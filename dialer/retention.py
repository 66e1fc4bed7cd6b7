"""How long are records kept, and what does a removal of them prove?

Each calling profile says for how many days records must be kept; of several the longest counts, and what no profile
speaks of is kept for `HOUSE_DAYS`. The ledger's days run from a debtor's last call or import, a recording's from the
call. Nothing is removed of a debtor under legal hold (`dialer hold`), with a dispute, an open promise or plan, or a
call that limits still count; the store itself refuses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dialer.settings import CampaignSettings

HOUSE_DAYS: Final = 1_826
"""Five years. Source: calling-rules CN-7 (order of 2024-03-18 on consumer finance companies); house rule elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Periods:
    """For how long records are kept at least."""

    ledger_days: int = HOUSE_DAYS
    recording_days: int = HOUSE_DAYS

    def longer(self, other: Periods) -> Periods:
        """Both demands together."""
        return Periods(
            ledger_days=max(self.ledger_days, other.ledger_days),
            recording_days=max(self.recording_days, other.recording_days),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The periods of every campaign and list."""

    by_campaign: Mapping[str, Periods]
    by_list: Mapping[str, Periods]
    otherwise: Periods = Periods()
    """Of campaigns and lists that no file speaks of any more."""

    def of(self, campaigns: Iterable[str], lists: Iterable[str] = ()) -> Periods:
        """What holds for records of several campaigns and lists: the longest."""
        found = [self.by_campaign.get(name, self.otherwise) for name in campaigns]
        found += [self.by_list.get(name, self.otherwise) for name in lists]
        longest = found[0] if found else self.otherwise
        for each in found[1:]:
            longest = longest.longer(each)
        return longest

    @property
    def shortest(self) -> Periods:
        """Younger records are kept in any case."""
        every = [*self.by_campaign.values(), *self.by_list.values(), self.otherwise]
        return Periods(
            ledger_days=min(one.ledger_days for one in every), recording_days=min(one.recording_days for one in every)
        )


def schedule_of(campaigns: Iterable[CampaignSettings]) -> Schedule:
    """The periods that the profiles of some campaigns demand."""
    by_campaign: dict[str, Periods] = {}
    by_list: dict[str, Periods] = {}
    for campaign in campaigns:
        periods = _periods(campaign)
        by_campaign[campaign.name] = periods
        known = by_list.get(campaign.list_name)
        by_list[campaign.list_name] = periods if known is None else known.longer(periods)
    otherwise = Periods()
    for each in by_campaign.values():
        otherwise = otherwise.longer(each)
    return Schedule(by_campaign=by_campaign, by_list=by_list, otherwise=otherwise)


def _periods(campaign: CampaignSettings) -> Periods:
    rules = [profile.retention for profile in campaign.rules.profiles if profile.retention is not None]
    if not rules:
        return Periods()
    return Periods(
        ledger_days=max(rule.ledger_days for rule in rules), recording_days=max(rule.recording_days for rule in rules)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedFile:
    """A file that was deleted."""

    name: str
    size_bytes: int
    sha256: str
    """Of its content, read before it was deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovedRows:
    """What was removed or blanked in one table."""

    rows: int
    ids_sha256: str
    """SHA-256 of the rows' own ids, in order, one a line: with a backup it shows which rows they were."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What one purge removed; says nothing of whom."""

    run_id: str
    at: datetime
    actor: str
    role: str
    dry_run: bool
    before: datetime | None
    """Nothing younger than this was looked at; None: only the profiles' periods counted."""
    debtors: int
    """Their names, numbers, accounts and notes are gone."""
    removed: Mapping[str, RemovedRows] = field(default_factory=dict)
    """Table -> rows that are gone."""
    blanked: Mapping[str, RemovedRows] = field(default_factory=dict)
    """Table -> rows that stay and name nobody any more."""
    recordings: tuple[RemovedFile, ...] = ()
    facts: tuple[RemovedFile, ...] = ()
    missing_recordings: int = 0
    """Recordings that the store knew of and that were not there."""
    kept: Mapping[str, int] = field(default_factory=dict)
    """Why records past their period were kept (`hold`, `dispute`, `plan`, `open_call`, `counted`) -> debtors."""
    suppressed_numbers: int = 0
    """Numbers that may never be called, now held as digests only."""
