"""Names of the sounds that agents hear; the sounds are made by `dialer.pbx.prompts` in Chinese and English."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class Prompt(StrEnum):
    """What is said to an agent's idle leg."""

    LOGIN = "login-ok"
    PAUSED = "paused"
    READY = "ready"
    WRAP_UP = "wrap-up"
    WRONG = "wrong-code"
    AMOUNT = "amount"
    DATE = "date"
    MOMENT = "moment"
    CONFIRM = "confirm"
    SAVED = "saved"
    PREVIEW = "preview"
    YUAN = "yuan"
    POINT = "point"
    MONTH = "month"
    DAY = "day"


def sound(prompt: str, language: str) -> str:
    """A prompt's sound as Asterisk names it."""
    return f"dialer/{language}/{prompt}"


def number_in_words(digits: str) -> tuple[str, ...]:
    """Digit by digit: unmistakable on a bad line."""
    return tuple(digits)


def amount_in_words(amount: Decimal) -> tuple[str, ...]:
    """An amount in yuan, digit by digit: 1500.50 is `1 5 0 0 point 5 0 yuan`."""
    whole, _, cents = f"{amount:.2f}".partition(".")
    said_cents = (Prompt.POINT, *number_in_words(cents)) if cents != "00" else ()
    return (*number_in_words(whole), *said_cents, Prompt.YUAN)


def date_in_words(day: date) -> tuple[str, ...]:
    """Month and day."""
    return (*number_in_words(str(day.month)), Prompt.MONTH, *number_in_words(str(day.day)), Prompt.DAY)


def time_in_words(moment: datetime) -> tuple[str, ...]:
    """Day, hour and minute in the moment's own zone."""
    return (*date_in_words(moment.date()), *number_in_words(f"{moment:%H%M}"))
