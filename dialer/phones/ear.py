"""What does an agent hear, and from which moment on? A pure listener, fed one frame of audio at a time.

    quiet --a frame above HEARD_DB--> gathering --JUDGED_FRAMES or silence--> sounding --QUIET_FRAMES--> quiet
                                                  says Heard                             says Hushed

A frame that is delivered now is what a loudspeaker plays from now on, so its first sample is heard now and its last
one 20 ms later. A moment is good to the jitter of the clock that delivers the frames, usually 1 to 3 ms.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dialer.phones.tones import RATE_HZ, SILENCE_DB, Samples, level_db, strongest_tone

HEARD_DB = -45.0
JUDGED_FRAMES = 4
QUIET_FRAMES = 10
_TONAL_SHARE = 0.85


class Sound(StrEnum):
    """Kinds of sound."""

    TONE = "tone"
    SPEECH = "speech"


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Something began to sound.

    Attributes:
        sound: One steady tone, or anything else.
        onset_s: Monotonic time at which its first sample reaches the ear.
        frequency_hz: Of the strongest part.
        level_db: Below full scale.
    """

    sound: Sound
    onset_s: float
    frequency_hz: float
    level_db: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Hushed:
    """It is quiet again.

    Attributes:
        since_s: Monotonic time of the last sound.
    """

    since_s: float


class Ear:
    """Tells beeps and speech in a stream of frames; call `hear` for each."""

    def __init__(self) -> None:
        self._gathered: list[Samples] = []
        self._onset_s = 0.0
        self._sounding = False
        self._quiet_frames = 0

    def hear(self, frame: Samples, now_s: float) -> Heard | Hushed | None:
        """Take one frame.

        Args:
            frame: Full-scale fractions, shape (samples,).
            now_s: Monotonic time at which the frame begins to be played.
        """
        loud = level_db(frame) > HEARD_DB
        self._quiet_frames = 0 if loud else self._quiet_frames + 1
        if self._sounding:
            return self._until_quiet(frame, now_s)
        if loud and not self._gathered:
            self._onset_s = now_s + _first_sound(frame) / RATE_HZ
        if loud or self._gathered:
            self._gathered.append(frame)
        if len(self._gathered) >= JUDGED_FRAMES or (self._gathered and not loud):
            return self._judge()
        return None

    def _judge(self) -> Heard:
        whole = np.concatenate(self._gathered)
        self._gathered, self._sounding = [], True
        sounding = whole[_first_sound(whole) :]
        frequency_hz, share = strongest_tone(sounding)
        return Heard(
            sound=Sound.TONE if share >= _TONAL_SHARE else Sound.SPEECH,
            onset_s=self._onset_s,
            frequency_hz=round(frequency_hz, 1),
            level_db=round(level_db(sounding), 1),
        )

    def _until_quiet(self, frame: Samples, now_s: float) -> Hushed | None:
        if self._quiet_frames < QUIET_FRAMES:
            return None
        self._sounding = False
        return Hushed(since_s=now_s - (QUIET_FRAMES - 1) * frame.size / RATE_HZ)


def _first_sound(frame: Samples) -> int:
    """Index of the first sample that stands out of silence; 0 if none does."""
    loud = np.flatnonzero(np.abs(frame) > 10 ** (HEARD_DB / 20))
    return int(loud[0]) if loud.size and level_db(frame) > SILENCE_DB else 0
