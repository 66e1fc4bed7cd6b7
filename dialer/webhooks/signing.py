"""Signatures of POSTs, as Standard Webhooks has them: HMAC-SHA256 over id, moment and body. Pure.

    webhook-id: evt_42_9f86d081          the same again means the same event
    webhook-timestamp: 1772420400        seconds; what is far from now is a replay
    webhook-signature: v1,BASE64         of id.timestamp.body; several with spaces between while a secret is changed

Source: https://www.standardwebhooks.com, version 1.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from hashlib import sha256
from typing import Final

ID: Final = "webhook-id"
TIMESTAMP: Final = "webhook-timestamp"
SIGNATURE: Final = "webhook-signature"
_PREFIX: Final = "whsec_"
_VERSION: Final = "v1,"


def key_of(secret: str) -> bytes:
    """The key behind a secret: base64 after `whsec_`, else its own bytes."""
    if secret.startswith(_PREFIX):
        try:
            return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            return secret.encode()
    return secret.encode()


def sign(secret: str, message_id: str, timestamp_s: int, body: bytes) -> str:
    """The signature of a message."""
    text = f"{message_id}.{timestamp_s}.".encode() + body
    return _VERSION + base64.b64encode(hmac.digest(key_of(secret), text, sha256)).decode()


def headers(secret: str, message_id: str, timestamp_s: int, body: bytes) -> dict[str, str]:
    """The headers of a signed message."""
    return {
        ID: message_id,
        TIMESTAMP: str(timestamp_s),
        SIGNATURE: sign(secret, message_id, timestamp_s, body),
    }


def refusal(secret: str, given: Mapping[str, str], body: bytes, *, now_s: float, skew_s: float) -> str:
    """Why a message is not to be believed; empty: it is.

    Args:
        secret: of the source.
        given: the headers.
        body: exactly as it came.
        now_s: seconds since 1970.
        skew_s: so far from now its moment may be.
    """
    message_id, timestamp, signatures = given.get(ID, ""), given.get(TIMESTAMP, ""), given.get(SIGNATURE, "")
    if not message_id or len(message_id) > 200 or not message_id.isprintable():
        return f"{ID} is missing or no id"
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) <= 12):
        return f"{TIMESTAMP} is missing or no number of seconds"
    expected = sign(secret, message_id, int(timestamp), body)
    # The signature first: whoever has none is not told how our clock goes.
    if not any(hmac.compare_digest(expected.encode(), one.encode()) for one in signatures.split(" ")[:10]):
        return "the signature is wrong"
    if abs(now_s - int(timestamp)) > skew_s:
        return f"it was signed {abs(now_s - int(timestamp)):.0f} s from now, more than {skew_s:.0f} s"
    return ""
