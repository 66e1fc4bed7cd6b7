"""What was lost, doubled, stuck, cut or left in silence? The ledger against what people saw and heard."""

from __future__ import annotations

import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.chaos.faults import SPARES_ASTERISK, Done, Fault, spans
from benchmarks.chaos.hearing import Ears, Sound
from benchmarks.chaos.people import EndedBy, SeenCall, invites
from benchmarks.chaos.stage import CALLS_PER_NUMBER, LEGAL_WAIT_S

SLACK_S = 1.0
"""Beyond the legal wait: the dialplan's next step, the first packet of the message, and a busy machine."""
HICCUP_S = 1.0
"""A phone's audio may stumble for so long on a busy machine without anybody having ended the conversation."""
LIVES_AT_MOST_S = 90.0
"""No call of these people lives longer, with ringing, talk, wrap-up and a crash between."""


@dataclass(slots=True, kw_only=True)
class Patience:
    """Which attempts are open for too long, by this process's clock: the engine's is set back now and then."""

    since_s: dict[str, float] = field(default_factory=dict)

    def look(self, store: Path) -> list[str]:
        """Those that have been open since an earlier look too long ago."""
        with _ledger(store) as database:
            rows = database.execute("SELECT attempt_id FROM attempts WHERE disposed_at IS NULL").fetchall()
        now_s = time.monotonic()
        self.since_s = {attempt_id: self.since_s.get(attempt_id, now_s) for (attempt_id,) in rows}
        ages_s = {attempt_id: now_s - since_s for attempt_id, since_s in self.since_s.items()}
        return [f"{one} has been open for long" for one, age_s in ages_s.items() if age_s > LIVES_AT_MOST_S]


@dataclass(slots=True, kw_only=True)
class Findings:
    """Everything that must not be, each as sentences; and the counts beside."""

    doubled: list[str] = field(default_factory=list)
    over_cap: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    cut: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    invites: int = 0
    attempts: int = 0
    answered: int = 0
    with_agent: int = 0
    with_message: int = 0
    fell_with_asterisk: int = 0
    longest_silence_s: float = 0.0

    def problems(self) -> list[str]:
        """All of them."""
        return [*self.doubled, *self.over_cap, *self.lost, *self.cut, *self.silent]


def judge(store: Path, calls: Sequence[SeenCall], ears: Ears, done: Sequence[Done], *, over: bool) -> Findings:
    """Hold everything against everything.

    Args:
        store: the ledger's file.
        calls: what the network saw; must have been read before the ledger is.
        ears: what people heard.
        done: the faults so far.
        over: the campaign has ended; nothing may be under way any more.
    """
    found = Findings(invites=len(calls))
    _books(found, store, calls, over=over)
    asterisk_faults = list(spans(done, frozenset(Fault) - SPARES_ASTERISK))
    for call in calls:
        _one(found, call, ears, asterisk_faults)
    return found


def _books(found: Findings, store: Path, calls: Sequence[SeenCall], *, over: bool) -> None:
    with _ledger(store) as database:
        dialled = Counter(row[0].lstrip("+") for row in database.execute("SELECT number FROM attempts"))
        found.attempts = dialled.total()
        for number, count in invites(calls).items():
            if count > dialled[number]:
                found.doubled.append(f"{number}: {count} INVITEs, {dialled[number]} attempts in the ledger")
            if count > CALLS_PER_NUMBER:
                found.over_cap.append(f"{number}: {count} INVITEs on a day, the cap is {CALLS_PER_NUMBER}")
        if over:
            found.lost += _not_at_rest(database)


def _ledger(store: Path) -> closing[sqlite3.Connection]:
    """The store as any command opens it, writable: whoever closes it last clears up its log, and must not be wrong."""
    return closing(sqlite3.connect(store, timeout=20))


def _not_at_rest(database: sqlite3.Connection) -> Iterator[str]:
    for attempt_id, at in database.execute("SELECT attempt_id, at FROM attempts WHERE disposed_at IS NULL"):
        yield f"{attempt_id} of {at} was never concluded"
    for account_no, by in database.execute("SELECT account_no, leased_by FROM accounts WHERE leased_by IS NOT NULL"):
        yield f"account {account_no} is still leased by {by}"
    query = """SELECT account_no FROM accounts WHERE state = 'waiting' AND next_at > datetime('now', '+2 days')
               OR state = 'hold'"""
    for (account_no,) in database.execute(query):
        yield f"account {account_no} waits for nothing that would come"


def _one(found: Findings, call: SeenCall, ears: Ears, asterisk_faults: Sequence[tuple[float, float]]) -> None:
    """One person's call, from the answer to the end."""
    if call.answered_at is None:
        return
    found.answered += 1
    fault = next((span for span in asterisk_faults if _meets(call, span)), None)
    if fault is not None:
        found.fell_with_asterisk += 1
        return
    if call.ended_at is None:
        return  # goes on
    sounds = ears.heard(call.audio_port, call.answered_at, call.ended_at)
    found.with_agent += any(sound.agent for sound in sounds)
    found.with_message += not any(sound.agent for sound in sounds) and bool(sounds)
    silence_s = max(_silences(call.answered_at, sounds, call.ended_at))
    found.longest_silence_s = max(found.longest_silence_s, silence_s)
    if silence_s > LEGAL_WAIT_S + SLACK_S:
        found.silent.append(f"{call.number}: {silence_s:.1f} s of silence ({_words(call, sounds)})")
    talks = [sound for sound in sounds if sound.agent]
    if talks and (
        call.ended_at - talks[-1].to_at > HICCUP_S + HICCUP_S * (call.ended_by is EndedBy.PERSON)
        or call.ended_by is EndedBy.DIALER
    ):
        found.cut.append(f"{call.number}: the conversation was cut ({_words(call, sounds)})")


def _meets(call: SeenCall, span: tuple[float, float]) -> bool:
    """Whether a call was under way when Asterisk was killed or stopped."""
    return call.invited_at <= span[1] and span[0] <= (call.ended_at or float("inf"))


def _silences(from_at: float, sounds: Sequence[Sound], to_at: float) -> Iterator[float]:
    at = from_at
    for sound in sounds:
        yield sound.from_at - at
        at = max(at, sound.to_at)
    yield to_at - at


def _words(call: SeenCall, sounds: Sequence[Sound]) -> str:
    """A call as a line: what was heard from which second after the answer to which, and who ended it."""
    answered_at = call.answered_at or 0.0
    heard = [
        f"{'agent' if sound.agent else 'message'} {sound.from_at - answered_at:.1f}-{sound.to_at - answered_at:.1f}"
        for sound in sounds
    ]
    ended_s = (call.ended_at or answered_at) - answered_at
    at = f"answered at {answered_at:.1f}"
    return f"{at}, {', '.join(heard) or 'nothing heard'}, ended by the {call.ended_by} after {ended_s:.1f} s"
