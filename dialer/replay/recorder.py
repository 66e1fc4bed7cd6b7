"""The engine's side of a recording: every step goes into a queue, and a thread of its own writes it down.

Nothing here may slow or stop the floor. `note` appends to a queue and returns. The thread encodes a few steps at a
time, so that it never holds the interpreter for long. While the disk is full it keeps what it has and tries again; when
it has too much, the recording ends there. Either is said once in the log.

A recording is one gzip stream, flushed every few seconds: `zcat` reads it even while it is being written, and a crash
costs its last seconds only.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
import zlib
from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from dialer import pacing, private
from dialer.effects import Effect
from dialer.facts import Fact
from dialer.floor.state import Moment, PacingRule
from dialer.pacing import Decision, Estimates, PoolView
from dialer.replay.codec import End, Header, Step, decision_text, encode_end, encode_header, encode_step
from dialer.replay.essence import essence
from dialer.replay.fingerprint import fingerprint, program
from dialer.replay.privacy import Veil
from dialer.settings import CampaignSettings, DialerSettings, FactsSettings, PacingSettings
from dialer.types import CampaignName

SUFFIX: Final = ".facts.gz"
WRITE_EVERY_S: Final = 0.5
FLUSH_EVERY_S: Final = 5.0
"""A flush costs about a hundred bytes; a crash costs what was not flushed."""
AT_A_TIME: Final = 16
"""Steps that are encoded before the interpreter is offered to others."""
MOST_WAITING: Final = 200_000
"""Steps kept in memory while nothing can be written: a few hundred megabytes at the most."""
GZIP: Final = 31
"""zlib's window size with a gzip header."""

_log = structlog.stdlib.get_logger("dialer.engine")


class Spy:
    """A pacing rule that remembers what the rule inside it decided."""

    def __init__(self, rule: PacingRule = pacing.decide) -> None:
        self._rule = rule
        self._decided: list[Decision] = []

    def __call__(self, view: PoolView, estimates: Estimates, settings: PacingSettings) -> Decision:
        """Decide as the rule inside does."""
        decision = self._rule(view, estimates, settings)
        self.remember(decision)
        return decision

    def remember(self, decision: Decision) -> None:
        """Take down a decision that was made elsewhere."""
        self._decided.append(decision)

    def taken(self) -> Sequence[Decision]:
        """What was decided since the last call of this."""
        if not self._decided:
            return ()
        decided, self._decided = self._decided, []
        return decided


class Recorder:
    """Writes one run of an engine down.

    Args:
        settings: where to; None: nothing is written.
        run_id: of the engine; names the file.
        began: when the floor was made.
        dialer: the settings with which it was made.
        known: the campaigns with which it was made.
    """

    def __init__(
        self,
        settings: FactsSettings | None,
        *,
        run_id: str,
        began: Moment,
        dialer: DialerSettings,
        known: Mapping[CampaignName, CampaignSettings],
    ) -> None:
        self.rule = Spy()
        """Give this to the floor as its pacing rule."""
        self._settings = settings
        self._veil = Veil()
        self._header = Header(
            run=run_id,
            program=program(),
            rules=fingerprint(),
            began_s=began.s,
            began_at=began.at,
            settings=self._veil.settings(dialer),
            known=tuple(self._veil.campaign(one) for one in known.values()),
        )
        self._steps: deque[_Noted] = deque()
        self._over = settings is None or not settings.record
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._file = -1
        self._bytes = b""
        """Compressed, not written yet."""
        self._written = 0
        self._failed = False
        self._reason = ""
        self._flushed_s = 0.0
        self._stream = zlib.compressobj(6, wbits=GZIP)

    def begin(self) -> None:
        """Start writing; what was noted before is written too."""
        if self._over or self._settings is None:
            return
        try:
            folder = self._settings.folder
            private.make_folder(folder)
            forget_old(folder, keep_s=self._settings.keep_s, now_s=time.time())
            path = folder / f"{self._header.run}{SUFFIX}"
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        except OSError as error:
            self._give_up(f"{error.filename}: {error.strerror}")
            return
        self._thread = threading.Thread(target=self._run, name="facts", daemon=True)
        self._thread.start()

    def note(
        self, fact: Fact, now: Moment, effects: Sequence[Effect] = (), *, raised: BaseException | None = None
    ) -> None:
        """Take down one step of the floor.

        Args:
            fact: what it was given.
            now: when.
            effects: what it answered; must not be changed afterwards.
            raised: the error by which the step ended instead.
        """
        decided = self.rule.taken()
        if not self._over:
            self._steps.append((fact, now, effects, decided, "" if raised is None else type(raised).__name__))

    def close(self, reason: str = "engine stopped") -> None:
        """Write what is left and the last line; returns within a few seconds in any case."""
        if self._thread is None:
            return
        self._reason = reason
        self._closing.set()
        self._thread.join(timeout=10.0)

    # --- the thread ------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._add(encode_header(self._header))
            while not self._closing.wait(WRITE_EVERY_S) and not self._over:
                if not self._failed:
                    self._encode()
                self._write()
            if not self._over:
                self._encode()
                self._add(encode_end(End(reason=self._reason, steps=self._written)))
                self._bytes += self._stream.flush(zlib.Z_FINISH)
                self._write()
        except Exception:
            _log.exception("facts.error")
            self._give_up("an error; see the log")
        finally:
            os.close(self._file)

    def _encode(self) -> None:
        """Turn what waits into bytes, with pauses in which the floor may run."""
        while self._steps:
            for _ in range(min(AT_A_TIME, len(self._steps))):
                self._add(encode_step(self._step(self._steps.popleft())))
                self._written += 1
            time.sleep(0.0)
        now_s = time.monotonic()
        if now_s >= self._flushed_s + FLUSH_EVERY_S:
            self._flushed_s = now_s
            self._bytes += self._stream.flush(zlib.Z_SYNC_FLUSH)

    def _step(self, noted: _Noted) -> Step:
        fact, now, effects, decided, raised = noted
        return Step(
            fact=self._veil.fact(fact),
            now=now,
            effects=essences(effects, now.at, self._veil),
            decided=tuple(map(decision_text, decided)),
            raised=raised,
        )

    def _add(self, line: bytes) -> None:
        self._bytes += self._stream.compress(line)

    def _write(self) -> None:
        """Write what is encoded; keep it when that cannot be."""
        try:
            while self._bytes:
                self._bytes = self._bytes[os.write(self._file, self._bytes) :]
        except OSError as error:
            if not self._failed:
                _log.warning("facts.not_written", reason=error.strerror, waiting=len(self._steps))
            self._failed = True
            if len(self._steps) > MOST_WAITING:
                self._give_up(str(error.strerror))
        else:
            if self._failed:
                _log.info("facts.written_again")
            self._failed = False

    def _give_up(self, reason: str) -> None:
        _log.error("facts.not_recorded", reason=reason, run=self._header.run, steps=self._written)
        self._over = True
        self._steps.clear()


_Noted = tuple[Fact, Moment, Sequence[Effect], Sequence[Decision], str]


def essences(effects: Sequence[Effect], at: datetime, veil: Veil) -> tuple[str, ...]:
    """The lines by which a step's effects are compared."""
    return tuple(essence(effect, at, veil.caller_id) for effect in effects)


def forget_old(folder: Path, *, keep_s: float, now_s: float) -> None:
    """Remove recordings that were last written longer ago than `keep_s`."""
    for path in folder.glob(f"*{SUFFIX}"):
        with contextlib.suppress(OSError):
            if path.stat().st_mtime < now_s - keep_s:
                path.unlink()
