"""What can be fuzzed: something that makes inputs and knows what must hold whatever they are."""

from __future__ import annotations

from random import Random
from typing import Protocol


class Target(Protocol):
    """One border of the program."""

    def make(self, random: Random) -> bytes:
        """An input."""
        ...

    def check(self, data: bytes) -> None:
        """Feed it; whatever is raised is a defect."""
        ...

    def close(self) -> None:
        """Give back files and sockets."""
        ...
