"""How do texts become sound files that Asterisk plays?

espeak-ng speaks, sox brings it to 8 kHz, 16 bit, mono, and makes the tones. The voice is a stand-in: people
record the prompts of a real floor and put them in the same places. What has been built is remembered, so that
only what changed is built again.
"""

from __future__ import annotations

import io
import json
import subprocess
import wave
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from dialer.errors import PbxError
from dialer.pbx.install import AsteriskTools

RATE_HZ = 8000
_MANIFEST = "built.json"


class SoundError(PbxError):
    """A sound file cannot be made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Something to say.

    Attributes:
        text: Chinese characters, numbered pinyin (huan2 kuan3) or English.
        language: `zh` or `en`.
        words_per_minute: Speed of speech.
        pitch: 0 to 99; tells the people of the simulated network apart.
    """

    text: str
    language: str
    words_per_minute: int = 170
    pitch: int = 50

    @property
    def voice(self) -> str:
        """For espeak: `cmn` reads pinyin's tone numbers aloud; the pinyin voice reads no characters."""
        if self.language != "zh":
            return "en-us"
        return "cmn" if any("\u4e00" <= letter <= "\u9fff" for letter in self.text) else "cmn-latn-pinyin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tone:
    """Some notes, one after the other: (frequency in Hz, or 0 for a pause; length in s)."""

    notes: tuple[tuple[int, float], ...]


Sound = Speech | Tone


def build_sounds(
    tools: AsteriskTools, folder: Path, sounds: Mapping[str, Sound], progress: Callable[[str], None]
) -> None:
    """Bring `folder` up to date: one `<name>.wav` for each sound.

    Args:
        tools: From `ensure_asterisk`, with espeak-ng and sox.
        folder: Made if missing.
        sounds: Name, which may hold one folder (`zh/ready`), -> what it is.
        progress: Is told one sentence if anything has to be built.

    Raises:
        SoundError: espeak-ng or sox failed; what was built before stays.
    """
    built = _manifest(folder)
    wanted = {name: repr(sound) for name, sound in sounds.items()}
    missing = [name for name in sounds if built.get(name) != wanted[name] or not _file(folder, name).is_file()]
    if not missing:
        return
    progress(f"Making {len(missing)} sound files in {folder}")
    with ThreadPoolExecutor(max_workers=2) as pool:
        list(pool.map(lambda name: _build(tools, _file(folder, name), sounds[name]), missing))
    _replace(folder / _MANIFEST, json.dumps(built | wanted, ensure_ascii=False, indent=1).encode())


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.wav"


def _manifest(folder: Path) -> dict[str, str]:
    try:
        return {str(k): str(v) for k, v in json.loads((folder / _MANIFEST).read_text(encoding="utf-8")).items()}
    except (FileNotFoundError, ValueError):  # half-written or none: build everything
        return {}


def _build(tools: AsteriskTools, path: Path, sound: Sound) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    match sound:
        case Speech():
            _replace(path, _wav(_speak(tools, sound)))
        case Tone():
            _replace(path, _wav(_sing(tools, sound)))


def _speak(tools: AsteriskTools, speech: Speech) -> bytes:
    spoken = _run(
        tools,
        "espeak-ng",
        [
            "-v",
            speech.voice,
            "-s",
            str(speech.words_per_minute),
            "-p",
            str(speech.pitch),
            "--stdout",
            "--stdin",
        ],
        speech.text.encode(),
    )
    # -V1: espeak cannot know the length of a pipe and sox would warn about it
    return _run(tools, "sox", ["-V1", "--ignore-length", "-t", "wav", "-", *_RAW, "norm", "-6"], spoken)


def _sing(tools: AsteriskTools, tone: Tone) -> bytes:
    notes = [_run(tools, "sox", ["-V1", "-n", *_RAW, *_note(*note)], b"") for note in tone.notes]
    return b"".join(notes)


def _note(frequency_hz: int, length_s: float) -> list[str]:
    loudness = "0.3" if frequency_hz else "0"
    edges = ["fade", "0.005", str(length_s), "0.005"]  # a note that begins at once clicks
    return ["synth", str(length_s), "sine", str(frequency_hz or 440), *edges, "vol", loudness]


_RAW = ["-r", str(RATE_HZ), "-c", "1", "-b", "16", "-e", "signed-integer", "-t", "raw", "-"]


def _wav(samples: bytes) -> bytes:
    """Put the header on here: sox, writing to a pipe, cannot go back and fill in the length."""
    whole = io.BytesIO()
    with wave.open(whole, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples)
    return whole.getvalue()


def _run(tools: AsteriskTools, program: str, words: list[str], data: bytes) -> bytes:
    done = subprocess.run(
        [*tools.command(program), *words],
        env=tools.environment(),
        input=data,
        capture_output=True,
        check=False,
    )
    if done.returncode != 0 or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()[-300:]
        raise SoundError(f"{program} failed (exit code {done.returncode}): {said or 'no message'}")
    return done.stdout


def _replace(path: Path, data: bytes) -> None:
    """A half-written sound is never heard: it appears whole, by renaming."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".partial")
    partial.write_bytes(data)
    partial.rename(path)
