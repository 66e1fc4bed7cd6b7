"""What a webhook is sent for an event: its id, and its body. Pure."""

from __future__ import annotations

import json
from hashlib import sha256

from dialer.account_events import StoredEvent


def id_of(event: StoredEvent) -> str:
    """An id that is the same whenever this event is sent, and no other's, not even after a backup was put back."""
    text = f"{event.seq}|{event.kind}|{event.at.isoformat()}|{event.account_id}|{event.debtor_id}"
    return f"evt_{event.seq}_{sha256(text.encode()).hexdigest()[:12]}"


def body_of(event: StoredEvent, account_no: str) -> bytes:
    """The event as JSON, the same bytes every time.

    Args:
        event: which.
        account_no: whole, because who is told must know whom it is about; empty: it is about no account.
    """
    told = {
        "type": event.kind.value,
        "timestamp": event.at.isoformat(),
        "data": {
            "seq": event.seq,
            "account": account_no,
            "account_id": event.account_id,
            "debtor_id": event.debtor_id,
            "actor": event.actor,
            "source": event.source,
            "payload": dict(event.payload),
        },
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def wait_s(tries: int, slowest_s: float, asked_s: float = 0.0) -> float:
    """How long to wait after so many tries that failed: a second, then twice as long each time.

    Args:
        tries: at least 1.
        slowest_s: never longer.
        asked_s: the other side asked for so long (Retry-After).
    """
    return min(slowest_s, max(2.0 ** min(tries - 1, 40), asked_s))
