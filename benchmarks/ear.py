"""What the agent's ear makes of an answer: the first sound, and the customer's own voice.

The phones tell when sound begins, by the monotonic clock, and record what they hear. The first thing that a phone hears
is the greeting at log-in; it ties the recording to the clock.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dialer.phones import tones
from dialer.phones.ear import HEARD_DB
from dialer.phones.protocol import EventName, PhoneEvent

VOICE_HZ = 2000.0
VOICE = b"\x8f\x8f\x0f\x0f" * 2000
"""Raw mu-law: a second of a loud square wave of `VOICE_HZ`, which is in no prompt and no tone."""
SETTLED_S = 0.3
"""The ear must have been quiet for so long before the answer."""
LIMIT_S = 1.0
"""A sound that begins later than this is not the call's."""
_FRAME = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class HeardCall:
    """Milliseconds from the answer.

    Attributes:
        sound_ms: To the first sample of any sound, which is the tone that tells of a call.
        voice_ms: To the first sample of the customer's voice; None when it was never heard.
    """

    sound_ms: float
    voice_ms: float | None


def hear(events: Sequence[PhoneEvent], recording: tones.Samples, answered_s: float) -> HeardCall | None:
    """What an agent heard of one call, or None when the ear was not quiet before it.

    Args:
        events: Of the agent's phone.
        recording: What the phone heard from its start on.
        answered_s: By the monotonic clock.
    """
    onset_s = _first_sound_s(events, answered_s)
    if onset_s is None:
        return None
    at_s = onset_s - _recording_began_s(events, recording)
    after = recording[round(at_s * tones.RATE_HZ) : round((at_s + LIMIT_S) * tones.RATE_HZ)]
    voice_s = tones.onset_s(after, VOICE_HZ)
    sound_ms = (onset_s - answered_s) * 1000
    return HeardCall(sound_ms=sound_ms, voice_ms=None if voice_s is None else sound_ms + voice_s * 1000)


def _first_sound_s(events: Sequence[PhoneEvent], answered_s: float) -> float | None:
    quiet_since_s = 0.0
    for event in events:
        if event.name is EventName.HUSHED:
            quiet_since_s = float(event.data["since_s"])
        elif event.name is EventName.HEARD:
            onset_s = float(event.data["onset_s"])
            if onset_s >= answered_s:
                settled = quiet_since_s <= answered_s - SETTLED_S
                return onset_s if settled and onset_s < answered_s + LIMIT_S else None
            quiet_since_s = answered_s  # until it is hushed again
    return None


def _recording_began_s(events: Sequence[PhoneEvent], recording: tones.Samples) -> float:
    """The monotonic moment of the recording's first sample."""
    first_s = next(float(event.data["onset_s"]) for event in events if event.name is EventName.HEARD)
    frames = recording[: recording.size // _FRAME * _FRAME].reshape(-1, _FRAME)
    loud = next(index for index, frame in enumerate(frames) if tones.level_db(frame) > HEARD_DB)
    sounding = np.flatnonzero(np.abs(frames[loud]) > 10 ** (HEARD_DB / 20))
    return first_s - (loud * _FRAME + int(sounding[0])) / tones.RATE_HZ
