"""The shipped scripts, word for word, one for each segment in both languages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from dialer.scripts.choosing import choose
from dialer.scripts.model import Kind, Language
from dialer.scripts.person import know
from dialer.types import ContactRole
from tests.unit.script_cases import AT, SEGMENTS, TODAY, golden, met, person, playbook, said

FOLDER = Path(__file__).parent / "golden"


@pytest.mark.parametrize("language", list(Language))
def test_each_segment_hears_exactly_this(language: Language) -> None:
    assert golden(language) == (FOLDER / f"scripts.{language}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", SEGMENTS)
def test_each_strategy_is_chosen_by_somebody(name: str) -> None:
    _, choice = met(SEGMENTS[name])
    assert choice.strategy.name == name


def test_every_shipped_strategy_and_script_is_in_the_golden_cases() -> None:
    assert set(SEGMENTS) == {one.name for one in playbook().strategies}
    tried = {met(one)[1].script.name for one in SEGMENTS.values()}
    calls = {one.name for one in playbook().scripts.values() if one.kind is Kind.CALL}
    assert calls - tried == {"reminder-brief"}, "only the challenger is left"


@pytest.mark.parametrize("name", SEGMENTS)
@pytest.mark.parametrize("language", list(Language))
def test_identity_comes_first_wherever_anything_is_told(name: str, language: Language) -> None:
    shown = said(SEGMENTS[name], language)
    if shown.party is ContactRole.CONTACT:
        assert not any(step.identity for step in shown.steps)
        assert not any("1,280.50" in text or "0042" in text for text in shown.texts())
        return
    assert [step.id for step in shown.opening] == ["greet", "identity"]
    assert not any("1,280.50" in step.say or "0042" in step.say for step in shown.opening)


@pytest.mark.parametrize("name", SEGMENTS)
def test_a_third_party_never_hears_what_is_the_debtors_whatever_else_is_known(name: str) -> None:
    _, choice = met(replace(SEGMENTS[name], party=ContactRole.CONTACT))
    assert choice.script.name == "third-party"


def test_hardship_offers_options_and_firm_does_not_and_forgetful_is_only_reminded() -> None:
    hardship = said(SEGMENTS["temporary hardship"], Language.ZH)
    assert [step.options for step in hardship.steps if step.options] == [
        ("延期至4月2日，一次还1,280.50元", "分3期，每期430.00元，首期4月2日")
    ]
    assert said(SEGMENTS["able and unwilling"], Language.ZH).tier == "firm"
    assert said(SEGMENTS["forgot"], Language.ZH).tier == "reminder"


@pytest.mark.parametrize(
    ("changes", "field", "value", "told"),
    [
        ({"paid_on_time": 3}, "habit", "punctual", False),
        ({"paid_on_time": 6, "paid_late": 3}, "habit", "mostly_punctual", False),
        ({"paid_on_time": 4, "paid_late": 4}, "habit", "often_late", False),
        ({"promises_broken": 2, "promises_kept": 1}, "habit", "breaks_promises", False),
        ({}, "habit", "unknown", False),
        ({"monthly_income": 6000, "monthly_due": 6001}, "ability", "unable", False),
        ({"monthly_income": 6000, "monthly_due": 3301}, "ability", "strained", False),
        ({"monthly_income": 6000, "monthly_due": 3300}, "ability", "able", False),
        ({"told": {"reason": "住院了"}}, "ability", "unable", False),
        ({"told": {"reason": "住院了", "ability": "able"}}, "ability", "able", True),
        ({"last_disposition": "refuses"}, "willingness", "unwilling", False),
        ({"told": {"willingness": "愿意配合"}, "last_disposition": "refuses"}, "willingness", "willing", True),
        ({"told": {"willingness": "不愿意"}}, "willingness", "unwilling", True),
        ({"told": {"reason": "something odd"}}, "reason", "other", True),
    ],
)
def test_what_nobody_told_is_derived_and_what_was_told_goes_before(
    changes: dict[str, object], field: str, value: str, told: bool
) -> None:
    money = {key: Decimal(str(one)) for key, one in changes.items() if key.startswith("monthly")}
    known, _ = met(person(**(changes | money)))
    (one,) = [each for each in known.derived if each.field == field]
    assert (one.value, one.told) == (value, told)
    assert told or value == "unknown" or one.rule.startswith(str(playbook().strategies[0].place.path))


def test_what_was_told_long_ago_is_not_believed_any_more() -> None:
    book = playbook()
    for days, value in ((90, "unable"), (91, "unknown")):
        one = person(told={"ability": "unable"}, told_at={"ability": AT - timedelta(days=days)})
        assert know(one, book.deriving, AT, told_for_days=90).facts["ability"] == value


def test_the_reason_names_the_facts_that_decided() -> None:
    known, choice = met(SEGMENTS["punctual payer, a little late"])
    shown = said(known.person, Language.EN)
    assert {one.name: one.value for one in shown.facts}["habit"] == "always on time"
    assert {one.name: one.how for one in shown.facts}["habit"] == "at least three instalments in time, at most one late"
    assert [one.strategy.name for one in choice.tried][-1] == "punctual payer, a little late"
    assert [one.held for one in choice.tried].count(True) == 1


def test_the_same_facts_always_choose_the_same_script() -> None:
    book = playbook()
    for one in SEGMENTS.values():
        chosen = {choose(book, know(one, book.deriving, AT), None, TODAY).script.name for _ in range(3)}
        assert len(chosen) == 1
