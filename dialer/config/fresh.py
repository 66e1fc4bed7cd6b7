"""Settings that are read again when their file has changed; a bad edit keeps those from before it, and says so once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from dialer.errors import SettingsError

T = TypeVar("T")
_log = structlog.stdlib.get_logger("dialer.settings")


class Fresh(Generic[T]):
    """The settings of some files as they are now.

    Args:
        load: reads them, or raises `SettingsError`.
        paths: the files.
        first: what holds until they could be read; None: the first failure is raised.
    """

    def __init__(self, load: Callable[[], T], paths: Iterable[Path], *, first: T | None = None) -> None:
        self._load = load
        self._paths = tuple(paths)
        self._known = first
        self._seen: tuple[int, ...] | None = None

    def __call__(self) -> T:
        """The settings, read again only when a file has another time than before.

        Raises:
            SettingsError: they were never sound, and there is nothing from before.
        """
        now = tuple(path.stat().st_mtime_ns if path.is_file() else 0 for path in self._paths)
        if now != self._seen or self._known is None:
            try:
                self._known = self._load()
            except SettingsError as error:
                if self._known is None:
                    raise
                _log.error("settings.rejected", reason=str(error), kept="the settings from before the edit")
            self._seen = now
        return self._known
