"""Conditions of next-step, route, strategy and assignment rules: rule-engine expressions over fixed sets of facts.

An expression sees the facts listed here and nothing else: no attributes, no built-in functions, no clock and
no chance, so that the same facts always give the same answer. Everything that can be wrong with one is found
when the settings are loaded.

The language itself is in `rule_language`, which is imported with the first expression: building its grammar takes
longer than most commands.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Literal

FactValue = str | bool | int | float | Decimal

TEXT, NUMBER, YES_NO = "text", "number", "yes/no"

LEAD_FACTS: Mapping[str, str] = {
    "days_past_due": NUMBER,
    "amount_due": NUMBER,
    "risk": TEXT,
    "region": TEXT,
    "product": TEXT,
    "language": TEXT,
    "team": TEXT,
    "attempts": NUMBER,
    "number_attempts_today": NUMBER,
    "debtor_attempts_today": NUMBER,
    "conversations_today": NUMBER,
    "other_numbers": NUMBER,
}
"""What a route rule may ask about: the account before it is called."""

CALL_FACTS: Mapping[str, str] = {
    **LEAD_FACTS,
    "outcome": TEXT,
    "disposition": TEXT,
    "right_party": YES_NO,
    "conversation": YES_NO,
    "retries": NUMBER,
    "talk_s": NUMBER,
    "agent": TEXT,
    "hour": NUMBER,
    "weekday": NUMBER,
}
"""What a next-step rule may ask about: the account and the call that just ended.

The counts include that call; `hour` (0-23) and `weekday` (Monday 0) are the debtor's local time."""

PERSON_FACTS: Mapping[str, str] = {
    "party": TEXT,
    "days_past_due": NUMBER,
    "amount_due": NUMBER,
    "risk": TEXT,
    "region": TEXT,
    "product": TEXT,
    "industry": TEXT,
    "occupation": TEXT,
    "language": TEXT,
    "income_known": YES_NO,
    "monthly_income": NUMBER,
    "monthly_due": NUMBER,
    "promises_kept": NUMBER,
    "promises_broken": NUMBER,
    "promise_open": YES_NO,
    "paid_on_time": NUMBER,
    "paid_late": NUMBER,
    "last_disposition": TEXT,
    "habit": TEXT,
    "reason": TEXT,
    "ability": TEXT,
    "willingness": TEXT,
}
"""What a strategy may ask about: the person whom somebody is about to speak with. Numbers not known are 0.

`paid_on_time` and `paid_late` count instalments; see `dialer.scripts.person` for what is derived."""

ACCOUNT_FACTS: Mapping[str, str] = {
    name: kind
    for name, kind in LEAD_FACTS.items()
    if name in ("days_past_due", "amount_due", "risk", "region", "product", "language")
}
"""What an experiment may ask about, before a call and in it: no counters, so that nobody moves in and out by being
called."""

CASE_FACTS: Mapping[str, str] = {
    "days_past_due": NUMBER,
    "bucket": TEXT,
    "amount_due": NUMBER,
    "expected": NUMBER,
    "accounts": NUMBER,
    "risk": TEXT,
    "region": TEXT,
    "product": TEXT,
    "language": TEXT,
    "owner": TEXT,
    "owner_team": TEXT,
    "promise_open": YES_NO,
    "promises_broken": NUMBER,
    "complained": YES_NO,
    "days_without_contact": NUMBER,
}
"""What an assignment rule may ask about: a debtor with all accounts, before somebody is to look after them.

`days_past_due` is the oldest account's, `amount_due` and `expected` are sums, `risk` is the worst grade, `product` that
of the largest account; `days_without_contact` counts from the last right-party contact, or from when the owner got the
debtor if that was later."""


class ExpressionError(ValueError):
    """An expression that cannot be asked; the message says what is wrong and what is allowed."""


Subject = Literal["lead", "call", "person", "case"]
KNOWN: Mapping[Subject, Mapping[str, str]] = {
    "lead": LEAD_FACTS,
    "call": CALL_FACTS,
    "person": PERSON_FACTS,
    "case": CASE_FACTS,
}
"""What may be asked about each subject."""
_MARKS: Mapping[str, Subject] = {"outcome": "call", "party": "person", "days_without_contact": "case"}
"""A fact that only one subject has."""


def subject_of(facts: Collection[str]) -> Subject:
    """What some facts are about, by a name that only these have."""
    return next((subject for mark, subject in _MARKS.items() if mark in facts), "lead")


def holds(when: str, facts: Mapping[str, FactValue]) -> bool:
    """Whether a condition is true of some facts.

    Args:
        when: an expression that `check` accepted.
        facts: every fact of one subject, such as `CALL_FACTS`, by name.

    Returns:
        False, too, when these facts allow no answer, as in a division by a count that is zero.
    """
    return first_that_holds((when,), facts) is not None


def first_that_holds(whens: tuple[str, ...], facts: Mapping[str, FactValue]) -> int | None:
    """Which of some conditions is the first that is true of some facts; see `holds`. None: not one."""
    if not whens:
        return None
    from dialer.campaigns import rule_language

    return rule_language.first_that_holds(whens, facts, subject_of(facts))


def check(when: str, known: Mapping[str, str], allowed: Mapping[str, Collection[str]]) -> None:
    """Find out what is wrong with a condition before anybody relies on it.

    Args:
        when: the expression.
        known: the facts it may use, `CALL_FACTS`, `LEAD_FACTS`, `PERSON_FACTS` or a part of one of them.
        allowed: for facts with few possible values, those values; comparing with another is an error.

    Raises:
        ExpressionError: syntax, an unknown fact, a comparison that can never hold, or not a condition at all.
    """
    from dialer.campaigns import rule_language

    rule_language.check(when, known, allowed)
