"""Which voice is in which recording, and when did it begin? Sine tones stand for voices; WAVs are 8 kHz mono 16-bit."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.float64]

RATE_HZ = 8000
SILENCE_DB = -100.0
_RISE_SAMPLES = 80  # 10 ms


def sine(frequency_hz: float, seconds_s: float, *, level_db: float = -12.0) -> Samples:
    """Return a sine as full-scale fractions.

    Args:
        frequency_hz: Below 4000. Whole numbers loop each second without a click.
        seconds_s: Length.
        level_db: Of its peak, below full scale.
    """
    moments_s = np.arange(round(seconds_s * RATE_HZ)) / RATE_HZ
    return np.asarray(10 ** (level_db / 20) * np.sin(2 * np.pi * frequency_hz * moments_s), dtype=np.float64)


def silence(seconds_s: float) -> Samples:
    """Return that many seconds of nothing."""
    return np.zeros(round(seconds_s * RATE_HZ))


def write_wav(path: Path, samples: Samples) -> Path:
    """Write a WAV that phones and Asterisk can play; returns `path`."""
    whole = np.clip(np.rint(samples * 32767), -32768, 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(whole.tobytes())
    return path


def read_wav(path: Path) -> Samples:
    """Return a recording as full-scale fractions, shape (samples,).

    Raises:
        ValueError: It is not 8 kHz mono 16-bit.
    """
    with wave.open(str(path), "rb") as file:
        form = (file.getframerate(), file.getnchannels(), file.getsampwidth())
        if form != (RATE_HZ, 1, 2):
            raise ValueError(f"{path} has (Hz, channels, bytes) {form}; phones need {(RATE_HZ, 1, 2)}.")
        return from_pcm(file.readframes(file.getnframes()))


def from_pcm(data: bytes) -> Samples:
    """Return little-endian 16-bit samples as full-scale fractions."""
    return np.frombuffer(data, dtype="<i2").astype(np.float64) / 32768


def level_db(samples: Samples) -> float:
    """Return the root mean square below full scale; a full-scale sine is -3."""
    power = float(np.mean(samples**2)) if samples.size else 0.0
    return 10 * float(np.log10(power)) if power > 1e-10 else SILENCE_DB


def tone_level_db(samples: Samples, frequency_hz: float, *, width_hz: float = 30.0) -> float:
    """Return how strong one tone is within samples of any length, on the scale of `level_db`."""
    if samples.size == 0:
        return SILENCE_DB
    # A window keeps a strong neighbour out of our band; 0.375 is the mean square of a Hann window.
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size))) ** 2
    near = np.abs(np.fft.rfftfreq(samples.size, 1 / RATE_HZ) - frequency_hz) <= width_hz
    power = 2 * float(np.sum(spectrum[near])) / (samples.size**2 * 0.375)
    return 10 * float(np.log10(power)) if power > 1e-10 else SILENCE_DB


def strongest_tone(samples: Samples) -> tuple[float, float]:
    """Return (frequency in Hz, its share of all power from 0 to 1); (0, 0) for silence."""
    if level_db(samples) <= SILENCE_DB:
        return 0.0, 0.0
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.size), 4 * samples.size)) ** 2
    spectrum[: max(1, round(100 / RATE_HZ * 4 * samples.size))] = 0  # hum and offsets are no tone
    peak = int(np.argmax(spectrum))
    frequency_hz = peak * RATE_HZ / (4 * samples.size)
    near = slice(max(0, peak - 8), peak + 9)  # the main lobe of the window, at four bins to one
    return frequency_hz, float(np.sum(spectrum[near]) / max(float(np.sum(spectrum)), 1e-30))


def onset_s(samples: Samples, frequency_hz: float, *, above_db: float = -35.0) -> float | None:
    """Return when a tone first begins, in seconds from the start, to about 1 ms; None if it never does.

    The tone is multiplied down to 0 Hz and averaged over 10 ms. The average crosses half its greatest height 5 ms
    after the tone began, whatever the tone's level is.

    Args:
        samples: A recording in which the tone has one level whenever it sounds.
        frequency_hz: The tone; others of up to its own level do no harm from 200 Hz away.
        above_db: Weaker than this is not the tone.
    """
    envelope = _envelope(samples, frequency_hz)
    height = float(np.max(envelope, initial=0.0))
    if height < np.sqrt(2) * 10 ** (above_db / 20):
        return None
    half_way = int(np.argmax(envelope >= height / 2))
    return max(0.0, (half_way - _RISE_SAMPLES / 2) / RATE_HZ)


def _envelope(samples: Samples, frequency_hz: float) -> Samples:
    """Amplitude of one tone over the 10 ms before each sample."""
    turning = np.exp(-2j * np.pi * frequency_hz * np.arange(samples.size) / RATE_HZ)
    total = np.concatenate([np.zeros(1), np.cumsum(samples * turning)])
    ends = np.arange(1, samples.size + 1)
    starts = np.maximum(0, ends - _RISE_SAMPLES)
    return np.asarray(2 * np.abs(total[ends] - total[starts]) / _RISE_SAMPLES, dtype=np.float64)
