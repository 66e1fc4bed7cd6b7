"""A person out of `FACT=VALUE` words, to try strategies on."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Final

from dialer.campaigns.expressions import NUMBER, PERSON_FACTS, YES_NO
from dialer.scripts.choosing import Choice, choose
from dialer.scripts.model import Language, Person
from dialer.scripts.person import ABILITY, HABIT, REASON, VALUES, WILLINGNESS, Known, know
from dialer.scripts.playbook import Playbook
from dialer.scripts.rendering import Rendered, render_script
from dialer.scripts.variables import values_of
from dialer.types import ContactRole

_TOLD: Final = (HABIT, REASON, ABILITY, WILLINGNESS)
_NOT_GIVEN: Final = ("income_known",)
"""Follows from another one."""
_WHOLE: Final = ("days_past_due", "promises_kept", "promises_broken", "paid_on_time", "paid_late")
_SAMPLE: Final = Person(
    name="王小明",
    days_past_due=12,
    amount_due=Decimal("1280.50"),
    product="",
    promised=None,
    promised_on=None,
)
"""What nobody gave; the name is made up."""


def person_of(words: Sequence[str], party: ContactRole | None) -> Person:
    """A person of whom this much is known.

    Args:
        words: `reason=unemployment`, `monthly_income=8,000` ...
        party: who they are; None: as the words say, else the debtor.

    Raises:
        ValueError: an unknown fact, or a value that it cannot have; the text says what is known.
    """
    known = {name for name in PERSON_FACTS if name not in _NOT_GIVEN}
    given: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        name, value = name.strip(), value.strip()
        if not equals or name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            listed = ", ".join(fact for fact in PERSON_FACTS if fact in known)
            raise ValueError(f"`{word}` is no FACT=VALUE that is known.{hint} Facts: {listed}")
        allowed = VALUES.get(name)
        if allowed is not None and value not in allowed:
            raise ValueError(f"{name} is never `{value}`. It can be {', '.join(allowed)}")
        given[name] = value
    told = {name: given.pop(name) for name in _TOLD if name in given}
    role = ContactRole(given.pop("party", "debtor"))
    values = {name: _value(name, text) for name, text in given.items()}
    if values.get("promise_open"):
        values |= {"promised": _SAMPLE.amount_due, "promised_on": date(2026, 1, 31)}
    names = {one.name for one in fields(Person)}
    made = replace(_SAMPLE, told=told, party=party or role)
    return replace(made, **{name: value for name, value in values.items() if name in names})  # type: ignore[arg-type]


def _value(name: str, text: str) -> object:
    kind = PERSON_FACTS[name]
    if kind == YES_NO:
        if text.lower() not in ("yes", "no", "true", "false"):
            raise ValueError(f"{name} is yes or no, not `{text}`")
        return text.lower() in ("yes", "true")
    if kind != NUMBER:
        return text
    try:
        number = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise ValueError(f"{name} is a number, not `{text}`") from None
    if not number.is_finite() or number < 0:
        raise ValueError(f"{name} is a number from 0 on, not `{text}`")
    return int(number) if name in _WHOLE else number


def rendered(
    playbook: Playbook, person: Person, at: datetime, today: date, language: Language | None, reader: str
) -> tuple[Known, Choice, Rendered]:
    """What is known, chosen and said."""
    known = know(person, playbook.deriving, at)
    choice = choose(playbook, known, None, today)
    spoken, read = language or Language.of(person.language), Language(reader)
    put: Callable[[Language], Mapping[str, object]] = lambda one: values_of(  # noqa: E731
        person, playbook.house, zh=one is Language.ZH, today=today, account_no="DEMO-0042"
    )
    values = {one: put(one) for one in (spoken, read)}
    return known, choice, render_script(choice, known, playbook.lexicon, values, language=spoken, reader=read)
