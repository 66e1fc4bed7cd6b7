"""Which settings and which rules were in force from when on? Written into the log of decisions before they are used."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from pathlib import Path

from dialer.audit import AuditEntry
from dialer.settings import CampaignSettings, DialerSettings
from dialer.store.api import Store
from dialer.store.audit import ENGINE, detail_of


def record_settings(store: Store, at: datetime, used: Iterable[DialerSettings | CampaignSettings]) -> None:
    """Note settings with the digests of their files, and of every rule profile that a campaign's rules are made of.

    Args:
        store: open; call this in its thread.
        at: now, aware.
        used: settings as they were just read.

    Raises:
        StoreError: it could not be noted; then they must not be used.
    """
    entries = [_entry(at, one) for one in used]
    if entries:
        store.audit(*entries)


def _entry(at: datetime, used: DialerSettings | CampaignSettings) -> AuditEntry:
    subject, profiles = "dialer", None
    if isinstance(used, CampaignSettings):
        subject, profiles = f"campaign:{used.name}", [profile.stamp for profile in used.rules.profiles]
    detail = detail_of({"file": used.source.name, "sha256": _digest(used.source), "profiles": profiles})
    return AuditEntry(at=at, actor=ENGINE, role="", action="settings.used", subject=subject, detail=detail)


def _digest(path: Path) -> str | None:
    """None: the file is gone, and what was read of it holds."""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None
