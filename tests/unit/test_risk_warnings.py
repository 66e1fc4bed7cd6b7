"""Early warning: which rule holds of which happening, once for the same, and what it makes of a grade."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from dialer.config.risk import load_risk
from dialer.risk.grades import Grade
from dialer.risk.warnings import Earlier, Happening, Novelty, Sign, WarningRule, findings, novelty, raised

CONFIG = Path(__file__).parents[2] / "config"
AT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)


@cache
def rules() -> tuple[WarningRule, ...]:
    return load_risk(CONFIG, CONFIG, {}).warnings


def happening(sign: Sign, value: float | None = None, before: float | None = None, times: int = 1) -> Happening:
    return Happening(sign=sign, about="x", at=AT, value=value, before=before, times=times)


@pytest.mark.parametrize(
    ("one", "held"),
    [
        (happening(Sign.UTILISATION, 0.85, 0.60), ["utilisation_jump"]),
        (happening(Sign.UTILISATION, 0.80, 0.60), ["utilisation_jump"]),  # exactly the bound
        (happening(Sign.UTILISATION, 0.79, 0.60), []),
        (happening(Sign.UTILISATION, 0.99), []),  # no idea what it was
        (happening(Sign.OVERDUE_ELSEWHERE, 1500.0), ["overdue_elsewhere"]),
        (happening(Sign.OVERDUE_ELSEWHERE, 1500.0, 1450.0), []),
        (happening(Sign.PROMISE_BROKEN), ["promise_missed"]),
        (happening(Sign.PROMISE_BROKEN, times=2), ["promise_missed", "promises_missed"]),
        (happening(Sign.PAYMENT_SHRUNK, 600.0, 1000.0), ["payments_shrink"]),
        (happening(Sign.PAYMENT_SHRUNK, 601.0, 1000.0), []),
        (happening(Sign.PAYMENT_SHRUNK, 601.0, 0.0), []),
        (happening(Sign.PAYMENT_REVERSED), ["payment_returned"]),
        (happening(Sign.CONTACTS_CHANGED, times=1), []),
        (happening(Sign.CONTACTS_CHANGED, times=2), ["contacts_changed"]),
        (happening(Sign.INCOME_FELL, 8000.0, 10000.0), ["income_fell"]),
        (happening(Sign.INCOME_FELL, 12000.0, 10000.0), []),
        (happening(Sign.INCOME_LOST), ["income_lost"]),
        (replace(happening(Sign.REPORTED), named="lawsuit"), []),
    ],
)
def test_the_shipped_rules_hold_at_their_bounds_and_not_below(one: Happening, held: list[str]) -> None:
    assert [finding.rule.id for finding in findings(rules(), one)] == held


def test_a_sign_of_any_name_has_its_own_rule() -> None:
    rule = replace(rules()[0], id="lawsuit", sign=Sign.REPORTED, named="lawsuit", at_least=0.0)
    assert findings([rule], replace(happening(Sign.REPORTED), named="lawsuit"))
    assert not findings([rule], replace(happening(Sign.REPORTED), named="divorce"))


@pytest.mark.parametrize(
    ("about", "hours", "extent", "told"),
    [
        ("x", 0, 0.25, Novelty.SAME),
        ("x", -9_000, 0.25, Novelty.SAME),  # for ever
        ("y", -1, 0.25, Novelty.AGAIN),
        ("y", -1, 0.20, Novelty.NEW),  # now it is worse
        ("y", -7 * 24, 0.25, Novelty.NEW),
        ("y", 1, 0.25, Novelty.AGAIN),  # told late
    ],
)
def test_the_same_happening_is_one_and_soon_after_only_a_worse_one_counts(
    about: str, hours: int, extent: float, told: Novelty
) -> None:
    (finding,) = findings(rules(), happening(Sign.UTILISATION, 0.85, 0.60))
    earlier = Earlier(about=about, at=AT + timedelta(hours=hours), extent=extent)
    assert novelty(finding, [earlier]) is told


def test_alerts_do_not_add_up_and_what_runs_out_gives_its_steps_back() -> None:
    assert raised(Grade.B, [1, 2, 1]) is Grade.D
    assert raised(Grade.B, [1]) is Grade.C
    assert raised(Grade.B, []) is Grade.B
    assert raised(Grade.E, [2]) is Grade.E
