"""Finding tones and their beginnings, in files and live."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dialer.phones.ear import Ear, Heard, Hushed, Sound
from dialer.phones.tones import level_db, onset_s, read_wav, silence, sine, tone_level_db, write_wav

FRAME = 160


def _listen(samples: np.ndarray) -> list[Heard | Hushed]:
    ear = Ear()
    begins = range(0, samples.size - FRAME + 1, FRAME)
    noticed = [ear.hear(samples[begin : begin + FRAME], begin / 8000) for begin in begins]
    return [one for one in noticed if one is not None]


@pytest.mark.parametrize("begin_s", [0.0, 0.0301, 0.5, 1.23456])
@pytest.mark.parametrize("level", [-6.0, -30.0])
def test_the_onset_of_a_tone_is_found_to_a_millisecond_under_another_tone_and_noise(begin_s: float, level: float):
    noise = np.random.default_rng(7).normal(0, 1e-3, round(begin_s * 8000) + 8000)
    tone = np.concatenate([silence(begin_s), sine(1000, 1.0, level_db=level)])[: noise.size]
    other = sine(440, 3.0, level_db=level)[: noise.size]
    assert onset_s(tone + noise + other, 1000) == pytest.approx(begin_s, abs=0.0012)


def test_a_tone_that_never_sounds_has_no_onset():
    assert onset_s(sine(440, 1.0), 1000) is None
    assert onset_s(silence(0), 1000) is None


def test_the_level_of_a_tone_counts_only_that_tone():
    both = sine(440, 1.0, level_db=-12) + sine(1000, 1.0, level_db=-32)
    assert tone_level_db(both, 440) == pytest.approx(-15, abs=0.1)
    assert tone_level_db(both, 1000) == pytest.approx(-35, abs=0.1)
    assert tone_level_db(both, 2000) < -90


def test_a_wav_comes_back_as_it_was_and_other_formats_are_refused(tmp_path: Path):
    voice = sine(440, 0.5)
    assert np.max(np.abs(read_wav(write_wav(tmp_path / "a.wav", voice)) - voice)) < 1e-4
    stereo = bytearray((tmp_path / "a.wav").read_bytes())
    stereo[22] = 2
    (tmp_path / "b.wav").write_bytes(stereo)
    with pytest.raises(ValueError, match="phones need"):
        read_wav(tmp_path / "b.wav")


def test_the_ear_names_a_beep_its_pitch_its_begin_and_its_end():
    beep = np.concatenate([silence(0.1051), sine(620, 0.2), silence(0.5)])
    heard, hushed = _listen(beep)
    assert isinstance(heard, Heard)
    assert heard.sound is Sound.TONE
    assert heard.frequency_hz == pytest.approx(620, abs=10)
    assert heard.onset_s == pytest.approx(0.105, abs=0.001)
    assert isinstance(hushed, Hushed)
    assert hushed.since_s == pytest.approx(0.31, abs=0.021)


def test_the_ear_takes_a_mixture_for_speech_and_silence_for_nothing():
    mixture = sum(sine(hz, 0.3, level_db=-18) for hz in (220, 540, 1310, 2450))
    [heard] = _listen(np.concatenate([silence(0.1), mixture]))
    assert isinstance(heard, Heard)
    assert heard.sound is Sound.SPEECH
    assert _listen(silence(1.0)) == []


def test_a_click_of_one_frame_is_heard_once():
    heard, hushed = _listen(np.concatenate([silence(0.1), sine(700, 0.02), silence(0.5)]))
    assert isinstance(heard, Heard)
    assert isinstance(hushed, Hushed)
    assert level_db(sine(700, 0.02)) == pytest.approx(-15, abs=0.2)
