"""`promises.yaml` to the terms of promises, every mistake by its line; without such a file the shipped one holds."""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

from dialer.config.models import Section
from dialer.config.read import read_model
from dialer.config.values import Clock, Duration, Money, wrong
from dialer.promises.terms import Reminder, Terms

NAME: Final = "promises.yaml"
_DAY_S: Final = 86_400


def _exact_ratio(value: object) -> Decimal:
    """A share from `0.95` or `95%`, to the digit."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        ratio = Decimal(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ArithmeticError:
        ratio = Decimal(-1)
    if not 0 < ratio <= 1:
        raise wrong("is not a share of the amount; write 95% or 0.95, more than nothing and not more than all")
    return ratio


def _days(value: object) -> int:
    text = value.strip() if isinstance(value, str) else ""
    if not (text.endswith("d") and text[:-1].isdecimal() and text[:-1].isascii()):
        raise wrong("is not a number of days; write 1d")
    return int(text[:-1])


Share = Annotated[Decimal, BeforeValidator(_exact_ratio)]
Days = Annotated[int, BeforeValidator(_days)]


class ReminderSection(Section):
    """One reminder."""

    days_before: Annotated[int, Field(ge=0, le=30)]
    at: Clock
    attempts: Annotated[int, Field(ge=1, le=10)] = 2
    again_after: Annotated[Duration, Field(ge=300, le=_DAY_S)] = 3 * 3600.0


class ApprovalSection(Section):
    """When a promise needs somebody's approval."""

    after_broken: Annotated[int, Field(ge=0, le=100)] = 2
    within: Annotated[Days, Field(ge=1, le=3_650)] = 365
    lapses_after: Annotated[Duration, Field(ge=3600, le=30 * _DAY_S)] = float(_DAY_S)


class PromisesFile(Section):
    """The file."""

    grace: Annotated[Days, Field(ge=0, le=30)] = 1
    kept_from: Share = Decimal("0.95")
    reminders: Annotated[tuple[ReminderSection, ...], Field(max_length=10)] = ()
    approval: ApprovalSection = ApprovalSection()
    broken_priority: Annotated[int, Field(ge=0, le=1_000_000)] = 100
    rest_after_payment: Annotated[Duration, Field(ge=0, le=30 * _DAY_S)] = float(_DAY_S)
    furthest: Annotated[Days, Field(ge=1, le=3_650)] = 30
    least: Annotated[Money, Field(gt=0)] = Decimal("1.00")


def promises_path(folder: Path, shipped: Path) -> Path:
    """The user's file, or the shipped one when there is none."""
    return folder / NAME if (folder / NAME).is_file() else shipped / NAME


def load_promises(folder: Path, shipped: Path, zone: str, env: Mapping[str, str] | None = None) -> Terms:
    """Read `promises.yaml`.

    Args:
        folder: where the user's settings are.
        shipped: the folder of the shipped ones, for when there is no such file.
        zone: in whose days promises are; the dialer's.
        env: for `!env`; the process's own when None.

    Raises:
        SettingsFileError: with every problem of the file.
    """
    path = promises_path(folder, shipped)
    _, file = read_model(path, PromisesFile, os.environ if env is None else env, made_by="dialer init")
    return Terms(
        zone=zone,
        grace_days=file.grace,
        kept_ratio=file.kept_from,
        reminders=tuple(
            Reminder(days_before=one.days_before, at=one.at, attempts=one.attempts, again_after_s=one.again_after)
            for one in file.reminders
        ),
        approval_after_broken=file.approval.after_broken,
        broken_within_days=file.approval.within,
        approval_within_s=file.approval.lapses_after,
        broken_priority=file.broken_priority,
        rest_after_payment_s=file.rest_after_payment,
        most_days=file.furthest,
        least_amount=file.least,
    )
