"""Where a number stands among those of its debtor: their own first, then a guarantor's, then a contact's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from dialer.types import ContactRole

FIRST_RANK: Final[Mapping[str, int]] = {
    ContactRole.DEBTOR.value: 0,
    ContactRole.GUARANTOR.value: 1000,
    ContactRole.CONTACT.value: 2000,
}
"""Whose number -> the rank of the first of them."""
