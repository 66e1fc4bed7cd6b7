"""A process that tells one webhook until it is killed: `python webhook_sender.py STORE URL SECRET`."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC
from pathlib import Path

from dialer.clock import SystemClock
from dialer.loans.rules import HOUSE
from dialer.store.sqlite import SqliteStore
from dialer.webhook_settings import HookSettings, WebhookSettings
from dialer.webhooks.office import Office


def main(path: str, url: str, secret: str) -> None:
    hook = WebhookSettings(name="ledger", url=url, secret=secret, from_start=True)
    office = Office(
        load=lambda: HookSettings(webhooks=(hook,)),
        open_store=lambda: SqliteStore.open(Path(path)),
        rules=lambda: HOUSE,
        zone=UTC,
        clock=SystemClock(),
    )
    asyncio.run(office.work())


if __name__ == "__main__":
    main(*sys.argv[1:])
