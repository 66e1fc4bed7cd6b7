"""Folders and files that only their owner may open, whatever the umask is."""

from __future__ import annotations

import os
from pathlib import Path


def make_folder(path: Path) -> None:
    """Make a folder with mode 0700, and those above it that are missing; what is there is left as it is."""
    for folder in reversed((path, *path.parents)):
        if not folder.exists():
            folder.mkdir(mode=0o700, exist_ok=True)


def opener(path: str, flags: int) -> int:
    """For `open`: a file that is made is its owner's (0600)."""
    return os.open(path, flags | os.O_CLOEXEC, 0o600)
