"""How many accounts of a list may be dialled now, and what holds the others back: one step each, adding up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from dialer.types import CampaignName

DIALABLE = "dialable"
BEHIND = "behind"
NO_AGENT = "no_agent"
GATE = "gate:"
"""Before the rule, in steps that the gate decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Accounts that are held back by one thing, each counted once, at the first thing that holds it."""

    key: str
    """`closed`, `never:<flag>`, `leased`, `in_air`, `hold`, `waiting`, `team`, `no_number`, `stop:<flag>`, `behind`
    (another account of the same person or number goes first), `gate:<rule>`, `no_agent`."""
    count: int
    next_at: datetime | None = None
    """When the first of them comes free, as far as time alone tells."""
    profile: str = ""
    """Whose rule it is, for the gate's."""
    cite: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waterfall:
    """A list at one moment, from all its accounts down to those that may be dialled."""

    campaign: CampaignName
    list_name: str
    at: datetime
    total: int
    steps: tuple[Step, ...]
    """In the order in which they are asked."""
    dialable: int
    """total - all steps."""

    @property
    def next_at(self) -> datetime | None:
        """When the first account that only time holds back comes free."""
        return min((step.next_at for step in self.steps if step.next_at is not None), default=None)

    def held(self) -> dict[str, int]:
        """Step -> accounts, those that nothing but time or people hold back first; closed and stopped ones left out."""
        lasting = ("closed", "never:")
        wanted = [step for step in self.steps if not step.key.startswith(lasting)]
        return {step.key: step.count for step in sorted(wanted, key=lambda step: -step.count)}
