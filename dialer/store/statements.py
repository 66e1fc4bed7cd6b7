"""SQL by name: every statement is in a file of `dialer/store/sql`, where a DBA can read and run it.

A file holds statements, each under a line `-- name: its_name`; `Statements("lease")` reads `lease.sql`.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

_NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


class Statements:
    """The statements of one file, as constants: `sql["lead"]`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._by_name = _read(name)

    def __getitem__(self, name: str) -> str:
        try:
            return self._by_name[name]
        except KeyError:
            raise KeyError(f"no statement `{name}` in {self._name}.sql") from None

    def names(self) -> tuple[str, ...]:
        """The names in the file's order."""
        return tuple(self._by_name)


@cache
def _read(name: str) -> dict[str, str]:
    text = (files("dialer.store") / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    parts = _NAME.split(text)[1:]
    return {title: body.strip().removesuffix(";") for title, body in zip(parts[::2], parts[1::2], strict=True)}
