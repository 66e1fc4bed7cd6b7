"""Reading a snapshot of what was learned, which may come from another version or be damaged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from dialer.prediction.moments import Floats

LARGEST: Final = 1e12
"""No count and no sum of seconds comes near it; with larger ones arithmetic fails."""


def part(snapshot: Mapping[str, object], key: str) -> Mapping[str, object]:
    """A part of a snapshot.

    Raises:
        ValueError: it is missing.
    """
    value = snapshot.get(key)
    if not isinstance(value, Mapping):
        raise ValueError(f"the snapshot of the estimates lacks {key}; start from Estimates.initial")
    return value


def number(snapshot: Mapping[str, object], key: str) -> float:
    """A finite number.

    Raises:
        ValueError: it is missing, or no such number.
    """
    return _number(snapshot.get(key), key)


def amount(snapshot: Mapping[str, object], key: str) -> float:
    """A finite number that is not below zero.

    Raises:
        ValueError: it is missing, or no such number.
    """
    found = number(snapshot, key)
    if found < 0.0:
        raise ValueError(
            f"the snapshot of the estimates has a number below zero at {key}; start from Estimates.initial"
        )
    return found


def row(snapshot: Mapping[str, object], key: str, length: int) -> Floats:
    """So many finite numbers, none below zero.

    Raises:
        ValueError: there are not so many, or some are no such numbers.
    """
    values = snapshot.get(key)
    if not isinstance(values, list) or len(values) != length:
        raise ValueError(f"the snapshot of the estimates lacks {length} numbers at {key}; start from Estimates.initial")
    found = np.array([_number(value, key) for value in values])
    if (found < 0.0).any():
        raise ValueError(f"the snapshot of the estimates has numbers below zero at {key}; start from Estimates.initial")
    return found


def _number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= LARGEST:
        raise ValueError(f"the snapshot of the estimates has no sound number at {key}; start from Estimates.initial")
    return float(value)
