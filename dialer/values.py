"""Copies of frozen values with some fields changed, for values that are changed for every fact.

`dataclasses.replace` passes every field through `__init__`, which takes 14 µs for a `Call`; the copy made here takes
one. For type checkers it is `dataclasses.replace`, so that a wrong name or type is found before anything runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from dataclasses import replace as replace
else:
    T = TypeVar("T")

    def replace(value: T, /, **changes: object) -> T:
        """A copy of a frozen dataclass without `slots` and without `__post_init__`, some fields changed."""
        copy = object.__new__(value.__class__)
        object.__setattr__(copy, "__dict__", value.__dict__ | changes)
        return copy
