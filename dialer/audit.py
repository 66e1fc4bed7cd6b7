"""Who asked for what, and was it allowed? One entry for each request, kept where nobody can change it.

Requests over the control socket are recorded by the engine, commands that work on the files by themselves. The store
keeps the entries in a table that is only ever added to, each bound to the one before by a hash.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol

from dialer.masking import mask_text

ALLOWED: Final = "allowed"
REFUSED: Final = "refused"
MAX_DETAIL_CHARACTERS: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One request."""

    at: datetime
    """When, aware."""
    actor: str
    """A name of `users:` in dialer.yaml, else the user of the operating system."""
    role: str
    """The role under which it was asked; empty: none."""
    action: str
    """A request of the control socket (`campaign.pause`) or a command (`dialer export attempts`)."""
    subject: str = ""
    """What it is about: a campaign, an agent, a list, an account by the store's id."""
    detail: str = ""
    """`allowed` or `refused`, and what else belongs on record."""


class AuditSink(Protocol):
    """Where entries are kept; the store is the one that exists."""

    def audit(self, entry: AuditEntry) -> None:
        """Add an entry, durably.

        Raises:
            StoreError: it could not be kept; then what was asked for must not be done.
        """
        ...


def record(sink: AuditSink, entry: AuditEntry) -> None:
    """Keep an entry, without numbers and documents of people.

    Args:
        sink: where.
        entry: as it was asked; masked here, so that no caller can forget it.

    Raises:
        StoreError: it could not be kept; then what was asked for must not be done.
    """
    sink.audit(replace(entry, subject=mask_text(entry.subject), detail=mask_text(entry.detail)[:MAX_DETAIL_CHARACTERS]))
