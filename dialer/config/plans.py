"""`plans.yaml` to rules of loans and plans, with every mistake by its line; without such a file the shipped holds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Final

from dialer.access import Role
from dialer.calling_rules import Tag
from dialer.config.plan_models import CapSection, PlansFile, PlansSection, Told
from dialer.config.problems import Problem, SettingsFileError, key_path
from dialer.config.read import read_model
from dialer.config.yaml_source import KeyPath, Source
from dialer.loans.buckets import Bucket
from dialer.loans.rules import AllocationRule, LoanRules, PenaltyRule
from dialer.plans.rules import RANKS, Affordability, Keeping, PlanRules, RateCap

NAME: Final = "plans.yaml"
HOUSE: Final = "house rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """The whole file."""

    source: str
    loans: LoanRules
    plans: PlanRules


def load_plans(folder: Path, shipped: Path, zone: tzinfo, env: Mapping[str, str] | None = None) -> PlanSettings:
    """Read `plans.yaml`.

    Args:
        folder: where the user's settings are.
        shipped: the folder of the shipped ones, for when there is no such file.
        zone: in which a moment becomes a business date.
        env: for `!env`; the process's own when None.

    Raises:
        SettingsFileError: with every problem of the file.
    """
    path = folder / NAME if (folder / NAME).is_file() else shipped / NAME
    source, file = read_model(path, PlansFile, os.environ if env is None else env, made_by="dialer init")
    problems = list(_problems(source, file))
    if problems:
        raise SettingsFileError(problems)
    return PlanSettings(source=str(path), loans=_loans(file, zone), plans=_plans(source, file.plans))


def _problems(source: Source, file: PlansFile) -> Iterator[Problem]:
    def wrong(key: KeyPath, text: str) -> Problem:
        return Problem(path=source.path, line=source.line_of(key), key=key_path(key), text=text)

    orders = file.loans.allocation
    for index, order in enumerate(orders):
        is_last = index == len(orders) - 1
        if order.up_to_days is None and not is_last:
            yield wrong(("loans", "allocation", index), "no later order is ever reached; write `up_to_days: N`")
        if order.up_to_days is not None and is_last:
            text = "the last order applies to all that are later; remove this key"
            yield wrong(("loans", "allocation", index, "up_to_days"), text)
    plans = file.plans
    for index, cap in enumerate(plans.rate_caps):
        if (cap.rate is None) == (cap.lpr is None) or (cap.lpr is None) != (cap.times is None):
            yield wrong(("plans", "rate_caps", index), "write either `rate: 24%`, or `lpr: 3.00%` and `times: 4`")
    for name in ("base", "without"):
        chances = getattr(plans.keeping, name)
        key: KeyPath = ("plans", "keeping", name)
        if missing := [bucket.value for bucket in Bucket if bucket not in chances]:
            yield wrong(key, f"{', '.join(missing)} is missing; name every bucket")
    for role in plans.ceilings:
        if role not in RANKS:
            yield wrong(
                ("plans", "ceilings", role.value), "an auditor changes nothing; name agent, supervisor or admin"
            )
    yield from _falling(source, plans)
    for key, told in _told(file):
        if told.tag is not Tag.HOUSE and not told.cite:
            yield wrong(key, "a rule that is not our own needs its source; write `cite:`, or `tag: house`")


def _falling(source: Source, plans: PlansSection) -> Iterator[Problem]:
    """A higher role may let go at least what a lower one may."""
    for lower, higher in pairwise(RANKS):
        for part, share in plans.ceilings.get(lower, {}).items():
            if share > plans.ceilings.get(higher, {}).get(part, 0):
                key: KeyPath = ("plans", "ceilings", lower.value, part.value)
                text = f"{lower.value} may let go more than {higher.value}; raise that one, or lower this"
                yield Problem(path=source.path, line=source.line_of(key), key=key_path(key), text=text)


def _told(file: PlansFile) -> Iterator[tuple[KeyPath, Told]]:
    for index, order in enumerate(file.loans.allocation):
        yield ("loans", "allocation", index), order
    yield ("loans", "penalty"), file.loans.penalty
    yield ("plans", "months"), file.plans.months
    for index, cap in enumerate(file.plans.rate_caps):
        yield ("plans", "rate_caps", index), cap


def _loans(file: PlansFile, zone: tzinfo) -> LoanRules:
    penalty = file.loans.penalty
    return LoanRules(
        allocation=tuple(
            AllocationRule(parts=one.parts, by=one.by, up_to_days=one.up_to_days, source=one.cite or HOUSE)
            for one in file.loans.allocation
        ),
        ahead=file.loans.ahead,
        penalty=PenaltyRule(
            accrue=penalty.accrue,
            rate_ratio=penalty.rate_ratio,
            most_rate=penalty.most_rate,
            days_a_year=penalty.days_a_year,
            source=penalty.cite or HOUSE,
        ),
        plan_grace_days=file.plans.grace_days,
        zone=zone,
    )


def _plans(source: Source, file: PlansSection) -> PlanRules:
    keeping = file.keeping
    return PlanRules(
        most_months=file.months.most,
        months_source=file.months.cite or HOUSE,
        lump_sum_days=file.lump_sum_days,
        first_payment_days=file.first_payment_days,
        extension_months=file.extension_months,
        least_payment=file.least_payment,
        rates=file.rates,
        caps=tuple(_cap(one) for one in file.rate_caps),
        affordability=Affordability(share_of_income=file.affordability.share_of_income, keep=file.affordability.keep),
        ceilings={role: dict(file.ceilings.get(role, {})) for role in Role if role in RANKS},
        waiver_step=file.waiver_step,
        keeping=Keeping(
            base=keeping.base,
            burden=keeping.burden,
            broken=keeping.broken,
            waived=keeping.waived,
            most=keeping.most,
            without=keeping.without,
            discount_rate=keeping.discount_rate,
            source=f"{source.path}:{source.line_of(('plans', 'keeping'))}",
        ),
        whole_from_days=file.whole_from_days,
        valid_days=file.valid_days,
    )


def _cap(file: CapSection) -> RateCap:
    rate = file.rate if file.rate is not None else (file.lpr or Decimal(0)) * (file.times or Decimal(0))
    return RateCap(id=file.id, rate=rate, on=frozenset(file.on), source=file.cite or HOUSE)
