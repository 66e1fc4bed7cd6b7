"""How late is a loan? Days past due, and the bucket (账龄) that they fall into.

Days past due are counted from the due date, and only once the days of grace are over: an instalment due on the 1st with
three days of grace is current up to the 4th and four days past due on the 5th. A loan is as late as its oldest
instalment that is not paid.

    M0 current, grace included     M1 1-30      M2 31-60     M3 61-90
    M4 91-120                      M5 121-150   M6 151-180   M7 more than 180
    within M1, for cash loans:     S1 1-7       S2 8-15      S3 16-30
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final, Protocol


class Bucket(StrEnum):
    """How late, in steps of a month."""

    M0 = "M0"
    M1 = "M1"
    M2 = "M2"
    M3 = "M3"
    M4 = "M4"
    M5 = "M5"
    M6 = "M6"
    M7 = "M7"


class SubBucket(StrEnum):
    """How late within the first month."""

    S1 = "S1"
    S2 = "S2"
    S3 = "S3"


LAST_DAY: Final[tuple[tuple[Bucket, int], ...]] = (
    (Bucket.M0, 0),
    (Bucket.M1, 30),
    (Bucket.M2, 60),
    (Bucket.M3, 90),
    (Bucket.M4, 120),
    (Bucket.M5, 150),
    (Bucket.M6, 180),
)
"""Bucket -> its last day past due; beyond the last one is M7. Source: usual practice of lenders, house rule."""
SUB_LAST_DAY: Final[tuple[tuple[SubBucket, int], ...]] = ((SubBucket.S1, 7), (SubBucket.S2, 15), (SubBucket.S3, 30))
"""The same within M1. Source: usual practice of cash loans, house rule."""


class Due(Protocol):
    """What has a due date and may be paid."""

    @property
    def due_on(self) -> date:
        """When it is due."""

    @property
    def is_paid(self) -> bool:
        """Nothing of it is left to pay."""


def bucket_of(days_past_due: int) -> Bucket:
    """The bucket of a number of days past due; 0 and less is current."""
    return next((bucket for bucket, last in LAST_DAY if days_past_due <= last), Bucket.M7)


def sub_bucket_of(days_past_due: int) -> SubBucket | None:
    """The part of M1 that a number of days falls into; None: current, or later than M1."""
    if days_past_due <= 0:
        return None
    return next((bucket for bucket, last in SUB_LAST_DAY if days_past_due <= last), None)


def days_of(bucket: Bucket) -> tuple[int, int | None]:
    """The first and the last day past due of a bucket; no last one: open."""
    names = [one for one, _ in LAST_DAY]
    if bucket not in names:
        return LAST_DAY[-1][1] + 1, None
    index = names.index(bucket)
    return (LAST_DAY[index - 1][1] + 1 if index else 0), LAST_DAY[index][1]


def days_late(due_on: date, today: date, grace_days: int = 0) -> int:
    """For how many days something that is not paid has been past due; 0: within its grace, or not yet due."""
    days = (today - due_on).days
    return days if days > grace_days else 0


def days_past_due(instalments: Iterable[Due], today: date, grace_days: int = 0) -> int:
    """How late a loan is: as late as its oldest instalment that is not paid; 0: current.

    Args:
        instalments: in any order.
        today: the business date.
        grace_days: days after the due date in which nothing is late.
    """
    return max((days_late(one.due_on, today, grace_days) for one in instalments if not one.is_paid), default=0)
