"""What do the people who are called hear? Every packet of audio that Asterisk sends them comes to one port here.

A call is known by the port that Asterisk sends its audio from, which its INVITE named. Agents' phones play one loud
tone without a pause, so a conversation, the recorded message and silence can be told apart by the audio alone.
"""

from __future__ import annotations

import math
import socket
import struct
import threading
import time
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

RATE_HZ: Final = 8000
JOINED_S: Final = 0.3
"""A pause of this length within speech or between two packets is none."""
_HEADER_BYTES = 12
_LOUD_SHARE = 0.6
_AUDIBLE_SHARE = 0.1


@dataclass(slots=True)
class Sound:
    """A stretch of one kind of sound; moments are seconds since the epoch."""

    from_at: float
    to_at: float
    agent: bool
    """An agent's tone; else the message."""


@dataclass(slots=True)
class _Line:
    sounds: list[Sound] = field(default_factory=list)


class Ears:
    """The ears of all people; `port` goes into their answers. Use it in a `with`."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.settimeout(0.2)
        self.port = int(self._socket.getsockname()[1])
        self._lines: dict[int, _Line] = {}
        self._open = True
        self._thread = threading.Thread(target=self._listen, name="ears", daemon=True)

    def __enter__(self) -> Ears:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._open = False
        self._thread.join()
        self._socket.close()

    def heard(self, audio_port: int, from_at: float, to_at: float) -> list[Sound]:
        """What came from a port of Asterisk within some time, oldest first."""
        line = self._lines.get(audio_port)
        sounds = list(line.sounds) if line is not None else []
        return [sound for sound in sounds if sound.to_at >= from_at and sound.from_at <= to_at]

    def _listen(self) -> None:
        while self._open:
            try:
                data, (_, port) = self._socket.recvfrom(2048)
            except TimeoutError:
                continue
            if len(data) <= _HEADER_BYTES or data[1] & 0x7F != 0:
                continue
            self._take(port, data[_HEADER_BYTES:], time.time())

    def _take(self, port: int, coded: bytes, at: float) -> None:
        size = len(coded)
        loud = size - len(coded.translate(None, _LOUD_CODES))
        if size - len(coded.translate(None, _QUIET_CODES)) > size * (1 - _AUDIBLE_SHARE):
            return
        agent = loud > size * _LOUD_SHARE
        sounds = self._lines.setdefault(port, _Line()).sounds
        if sounds and at - sounds[-1].to_at < JOINED_S and (sounds[-1].agent or not agent):
            sounds[-1].to_at = at  # a moment of anything else within the agent's tone is that tone
        else:
            sounds.append(Sound(from_at=at, to_at=at, agent=agent))


def write_tone(path: Path, *, frequency_hz: float = 500.0, seconds_s: float = 2.0) -> Path:
    """A WAV of one loud tone that joins with itself without a click: what agents say."""
    samples = [
        max(-26000, min(26000, round(60000 * math.sin(2 * math.pi * frequency_hz * index / RATE_HZ))))
        for index in range(round(RATE_HZ * seconds_s))
    ]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


def _amplitude(code: int) -> int:
    """Of a mu-law code, 0 to 32124."""
    value = ~code & 0xFF
    return (((value & 0x0F) << 3) + 132 << (value >> 4 & 7)) - 132


_LOUD_CODES = bytes(code for code in range(256) if _amplitude(code) > 6000)
_QUIET_CODES = bytes(code for code in range(256) if _amplitude(code) < 200)
