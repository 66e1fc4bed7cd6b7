"""Recordings on disk: which there are, and what is in one, torn or not."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dialer.errors import RecordingError
from dialer.replay.codec import End, Header, NotThisFormatError, Step, decode_header, decode_line
from dialer.replay.recorder import GZIP, SUFFIX

CHUNK: Final = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A recording in a folder."""

    path: Path
    run: str
    bytes: int
    written_at: datetime
    """When it was last written to."""
    header: Header | None
    """None: it cannot be read, for `problem`."""
    problem: str = ""


class Recording:
    """One recording.

    Args:
        path: the file.

    Raises:
        RecordingError: it is missing, no recording, or of another format.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.end: End | None = None
        """How it ended, once all steps have been read; None: it breaks off."""
        self.torn = False
        """Whether something after the last step read could not be."""
        self._lines = _lines(path)
        first = next(self._lines, None)
        if first is None or not first.endswith(b"\n"):
            raise RecordingError(f"{path} holds no recording: its first line is missing or torn.")
        try:
            self.header = decode_header(first)
        except NotThisFormatError as problem:
            raise RecordingError(
                f"{path} cannot be read: {problem}. Replay it with the program that recorded it."
            ) from None

    def steps(self) -> Iterator[Step]:
        """Every step, once, in order.

        Raises:
            RecordingError: a line in the middle cannot be read.
        """
        number = 1
        held: bytes | None = None
        for line in self._lines:
            if held is not None:
                number += 1
                yield from self._decoded(held, number, last=False)
            held = line
        if held is None:
            return
        if held.endswith(b"\n"):
            yield from self._decoded(held, number + 1, last=True)
        else:
            self.torn = True

    def _decoded(self, line: bytes, number: int, *, last: bool) -> Iterator[Step]:
        try:
            found = decode_line(line)
        except NotThisFormatError as problem:
            if last:
                self.torn = True
                return
            raise RecordingError(
                f"{self.path}, line {number} cannot be read: {problem}. "
                "It was recorded by another version of the program, or the file is damaged."
            ) from None
        if isinstance(found, End):
            self.end = found
        else:
            yield found


def entries(folder: Path) -> list[Entry]:
    """The recordings of a folder, the oldest first."""
    found = []
    for path in folder.glob(f"*{SUFFIX}"):
        state = path.stat()
        header, problem = None, ""
        try:
            header = Recording(path).header
        except RecordingError as error:
            problem = str(error)
        found.append(
            Entry(
                path=path,
                run=path.name.removesuffix(SUFFIX),
                bytes=state.st_size,
                written_at=datetime.fromtimestamp(state.st_mtime, UTC),
                header=header,
                problem=problem,
            )
        )
    return sorted(found, key=lambda one: (one.written_at, one.run))


def find(folder: Path, run: str = "") -> Path:
    """The recording that somebody means.

    Args:
        folder: where they are.
        run: the run's id, the beginning of it, or a file; empty: the newest.

    Raises:
        RecordingError: there is none, or several begin like this.
    """
    if run and Path(run).is_file():
        return Path(run)
    paths = sorted(folder.glob(f"{run}*{SUFFIX}"), key=lambda path: path.stat().st_mtime)
    if not paths and run:
        raise RecordingError(f"There is no recording {run} in {folder}; `dialer replay --list` shows those there are.")
    if not paths:
        raise RecordingError(
            f"There are no recordings in {folder}. The engine makes one each time it runs, unless dialer.yaml says "
            "`facts: {record: false}`."
        )
    if run and len(paths) > 1:
        names = ", ".join(path.name.removesuffix(SUFFIX) for path in paths)
        raise RecordingError(f"Several recordings begin with {run}: {names}. Write more of it.")
    return paths[-1]


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a recording; the last one lacks its end when the file is torn."""
    rest = b""
    for data in _inflated(path):
        *whole, rest = (rest + data).split(b"\n")
        for line in whole:
            yield line + b"\n"
    if rest:
        yield rest


def _inflated(path: Path) -> Iterator[bytes]:
    stream = zlib.decompressobj(wbits=GZIP)
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield stream.decompress(chunk)
    except zlib.error:
        yield b"\0"  # damaged from here on: reads as a torn line
    except OSError as error:
        raise RecordingError(f"{path} cannot be read: {error.strerror}.") from error
