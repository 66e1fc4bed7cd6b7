"""Frozen values with many fields, made and copied fast, for values that are made or changed for every fact.

A frozen dataclass's own `__init__` takes 14 µs for a `Call`, and `dataclasses.replace` goes through it; what is made
here takes one. To type checkers these are the class itself and `dataclasses.replace`, so that a wrong name or type is
found before anything runs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

if TYPE_CHECKING:
    from dataclasses import replace as replace

    def make(kind: Callable[P, T], /, *args: P.args, **values: P.kwargs) -> T:
        """A value of this class."""
        return kind(*args, **values)

else:

    def make(kind: type[T], /, **values: object) -> T:
        """A frozen dataclass without `slots`, `__post_init__` and default factories; its class keeps the defaults."""
        new = object.__new__(kind)
        object.__setattr__(new, "__dict__", values)
        return new

    def replace(value: T, /, **changes: object) -> T:
        """A copy of a frozen dataclass without `slots` and without `__post_init__`, some fields changed."""
        copy = object.__new__(value.__class__)
        object.__setattr__(copy, "__dict__", value.__dict__ | changes)
        return copy
