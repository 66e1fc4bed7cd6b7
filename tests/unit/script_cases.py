"""People, one for each segment, and the shipped playbook, for tests of scripts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

from dialer.config.playbook import load_playbook
from dialer.scripts.choosing import Choice, choose
from dialer.scripts.model import Language, Offer, Person
from dialer.scripts.person import Known, know
from dialer.scripts.playbook import Playbook
from dialer.scripts.rendering import Rendered, render_script
from dialer.scripts.variables import values_of
from dialer.types import ContactRole, DebtorId

REPOSITORY = Path(__file__).parents[2]
SHIPPED = REPOSITORY / "config"
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
TODAY = date(2026, 3, 2)
NOWHERE = Path("/nowhere")

OFFERS = (
    Offer(kind="extension", zh="延期至4月2日，一次还1,280.50元", en="put off to 2 April, then CNY 1,280.50 at once"),
    Offer(
        kind="instalments",
        zh="分3期，每期430.00元，首期4月2日",
        en="3 instalments of CNY 430.00, the first on 2 April",
    ),
)

BASE = Person(name="欧阳晓明", days_past_due=12, amount_due=Decimal("1280.50"), product="消费贷", language="zh")


def person(**changes: object) -> Person:
    return replace(BASE, **changes)  # type: ignore[arg-type]


SEGMENTS: dict[str, Person] = {
    "third party": person(party=ContactRole.CONTACT),
    "guarantor": person(party=ContactRole.GUARANTOR),
    "disputed": person(told={"reason": "疑似被冒用"}),
    "promise open": person(promise_open=True, promised=Decimal("600.00"), promised_on=date(2026, 3, 5)),
    "temporary hardship": person(days_past_due=45, told={"reason": "失业"}),
    "unable and unwilling": person(days_past_due=70, told={"ability": "无能力", "willingness": "拒绝"}),
    "able and unwilling": person(
        days_past_due=65,
        monthly_income=Decimal("20000.00"),
        monthly_due=Decimal("3000.00"),
        promises_broken=3,
        promises_kept=1,
        promised=Decimal("1280.50"),
        promised_on=date(2026, 2, 20),
    ),
    "forgot": person(told={"reason": "忘记了"}),
    "punctual payer, a little late": person(paid_on_time=11, paid_late=1),
    "first days": person(days_past_due=3),
    "everybody else": person(days_past_due=40),
}
"""Strategy -> somebody for whom it is."""


@cache
def playbook() -> Playbook:
    return load_playbook(NOWHERE, SHIPPED, {})


def met(one: Person, debtor: int | None = None) -> tuple[Known, Choice]:
    book = playbook()
    known = know(one, book.deriving, AT, told_for_days=book.house.told_for_days)
    return known, choose(book, known, None if debtor is None else DebtorId(debtor), TODAY)


def said(one: Person, language: Language) -> Rendered:
    known, choice = met(one)
    values = values_of(
        one,
        playbook().house,
        zh=language is Language.ZH,
        today=TODAY,
        account_no="LN-2026-0042",
        offers=OFFERS,
        penalty=Decimal("12.30"),
    )
    return render_script(choice, known, playbook().lexicon, {language: values}, language=language, reader=language)


def lines(shown: Rendered) -> Iterator[str]:
    yield f"{shown.title} [{shown.script} v{shown.version}, {shown.tier}]"
    yield f"why: {shown.reason}"
    for number, step in enumerate(shown.steps, start=1):
        yield f"{number}. {step.title}{' *' if step.identity else ''}"
        yield f"   {step.say}"
        yield from (f"   - {option}" for option in step.options)
        yield from (f"   ? {ask}{f' -> {fact}' if fact else ''}" for ask, fact in step.questions)
    for answer in shown.answers:
        yield f"{'+' if answer.early else '='} {answer.heard}"
        yield f"   {answer.answer}"


def golden(language: Language) -> str:
    parts = (f"=== {name}\n" + "\n".join(lines(said(one, language))) for name, one in SEGMENTS.items())
    return "\n\n".join(parts) + "\n"
