"""The words on the command line of `dialer simulate` as values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Final

from dialer.cli.ranges import Kind, RangeError, parse
from dialer.cli.session import Session
from dialer.cli.simulate_plan import Key, Setting
from dialer.config.values import parse_clock, parse_duration, parse_ratio
from dialer.errors import SettingsError
from dialer.types import Mode

KINDS: Final[Mapping[Key, Kind]] = {
    Key.AGENTS: Kind(low=1, high=2000, is_whole=True, example="12, 5,10,20, 5..40 / 5..40:5"),
    Key.TARGET: Kind(low=0.0001, high=0.5, example="3%, 1%,3% / 0.01..0.05:0.01"),
    Key.ANSWER_RATE: Kind(low=0.001, high=1, example="25%, 10%..50%:10% / 0.1..0.5:0.1"),
    Key.RATIO: Kind(low=0.1, high=20, example="1.5, 1..3:0.5"),
    Key.TRUNKS: Kind(low=1, high=10000, is_whole=True, example="30, 20..80:10"),
}
"""What each option takes; bounds are house rules against slips of the hand."""


def sweeps_of(session: Session, texts: Mapping[Key, str]) -> dict[Key, tuple[Setting, ...]]:
    """The values of each option that was given.

    Raises:
        SettingsError: one cannot be read.
    """
    found: dict[Key, tuple[Setting, ...]] = {}
    for key, text in texts.items():
        if not text:
            continue
        if key is Key.MODE:
            found[key] = _modes(session, text)
            continue
        try:
            found[key] = parse(text, KINDS[key])
        except RangeError as error:
            option = f"--{key.replace('_', '-')}"
            raise SettingsError(
                session.pick(f"{option} {error.text}：{error.zh}。", f"{option} {error.text}: {error.en}.")
            ) from None
    return found


def _modes(session: Session, text: str) -> tuple[Setting, ...]:
    found: list[Setting] = []
    for name in (part.strip().lower() for part in text.replace("，", ",").split(",")):
        if name not in set(Mode):
            known = ", ".join(Mode)
            raise SettingsError(session.pick(f"--mode {name}：可选 {known}。", f"--mode {name}: choose of {known}."))
        if name not in found:
            found.append(name)
    return tuple(found)


def time_of(session: Session, option: str, text: str) -> time | None:
    """A time of day; None: not given.

    Raises:
        SettingsError: it cannot be read.
    """
    if not text:
        return None
    try:
        return parse_clock(text)
    except ValueError:
        raise SettingsError(
            session.pick(f"{option} {text}：应为时间，如 18:00。", f"{option} {text}: write a time, such as 18:00.")
        ) from None


def seconds_of(session: Session, option: str, text: str) -> float | None:
    """A duration above 0, in seconds; None: not given.

    Raises:
        SettingsError: it cannot be read.
    """
    if not text:
        return None
    try:
        seconds = parse_duration(text)
    except ValueError:
        seconds = 0.0
    if seconds <= 0.0:
        raise SettingsError(
            session.pick(
                f"{option} {text}：应为时长，如 90s、2m。", f"{option} {text}: write a duration, such as 90s or 2m."
            )
        )
    return seconds


def ratio_of(session: Session, option: str, text: str) -> float | None:
    """A ratio from 0 to 1; None: not given.

    Raises:
        SettingsError: it cannot be read.
    """
    if not text:
        return None
    try:
        return parse_ratio(text)
    except ValueError:
        raise SettingsError(
            session.pick(f"{option} {text}：应为比率，如 80%。", f"{option} {text}: write a ratio, such as 80%.")
        ) from None
