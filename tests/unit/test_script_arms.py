"""Champion, challenger and hold-out: stable, recomputable by anybody, and dealt evenly."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from datetime import date
from itertools import pairwise

import pytest
from scipy.stats import chi2_contingency, chisquare

from dialer.experiments import CHAMPION, HOLD_OUT, Arm, Experiment
from dialer.scripts.arms import PLACES, arm_of, is_held_out, place_of
from dialer.scripts.choosing import choose
from dialer.scripts.person import know
from dialer.types import DebtorId
from tests.unit.script_cases import AT, SEGMENTS, TODAY, playbook

EXPERIMENT = Experiment(
    name="brief-reminder",
    salt="1",
    when="days_past_due <= 15",
    begins_on=date(2026, 1, 1),
    ends_on=date(2026, 12, 31),
    arms=(
        Arm(name=HOLD_OUT, share=500),
        Arm(name="brief", share=2_000, scripts={"reminder": "reminder-brief"}),
        Arm(name=CHAMPION, share=7_500),
    ),
    hold_days=7,
)
PEOPLE = range(1, 20_001)


def test_the_place_is_what_the_documentation_says() -> None:
    for debtor in (1, 42, 987_654_321):
        digest = hashlib.sha256(f"brief-reminder/1/{debtor}".encode()).hexdigest()
        assert place_of("brief-reminder", "1", DebtorId(debtor)) == int(digest[:16], 16) % 10_000
    assert [place_of("brief-reminder", "1", DebtorId(n)) for n in (1, 2, 3)] == [6813, 5858, 6778]


@pytest.mark.parametrize("salt", ["1", "2", "2026a", "缓催"])
def test_places_are_uniform(salt: str) -> None:
    hundredths = Counter(place_of("uniform", salt, DebtorId(n)) * 100 // PLACES for n in PEOPLE)
    assert len(hundredths) == 100
    assert chisquare(list(hundredths.values())).pvalue > 0.001


@pytest.mark.parametrize("salt", ["1", "2", "2026a"])
def test_arms_have_their_shares(salt: str) -> None:
    seen = Counter(arm_of(replace(EXPERIMENT, salt=salt), DebtorId(n)).name for n in PEOPLE)
    expected = {arm.name: arm.share * len(PEOPLE) / PLACES for arm in EXPERIMENT.arms}
    assert chisquare([seen[name] for name in expected], list(expected.values())).pvalue > 0.001


def test_a_new_salt_or_name_deals_anew_independently_of_the_old_one() -> None:
    for other in (replace(EXPERIMENT, salt="2"), replace(EXPERIMENT, name="other")):
        pairs = Counter((arm_of(EXPERIMENT, DebtorId(n)).name, arm_of(other, DebtorId(n)).name) for n in PEOPLE)
        names = [arm.name for arm in EXPERIMENT.arms]
        table = [[pairs[one, two] for two in names] for one in names]
        assert chi2_contingency(table).pvalue > 0.001


def test_neighbours_are_dealt_independently() -> None:
    arms = [arm_of(EXPERIMENT, DebtorId(n)).name == CHAMPION for n in PEOPLE]
    pairs = Counter(pairwise(arms))
    assert chi2_contingency([[pairs[a, b] for b in (False, True)] for a in (False, True)]).pvalue > 0.001


def test_a_greater_share_moves_nobody_out_of_the_arms_before_it() -> None:
    grown = replace(EXPERIMENT, arms=(*EXPERIMENT.arms[:1], replace(EXPERIMENT.arms[1], share=4_000),
                                      replace(EXPERIMENT.arms[2], share=5_500)))  # fmt: skip
    for n in PEOPLE[:2_000]:
        if is_held_out(EXPERIMENT, DebtorId(n)):
            assert is_held_out(grown, DebtorId(n))
        if arm_of(EXPERIMENT, DebtorId(n)).name == "brief":
            assert arm_of(grown, DebtorId(n)).name == "brief"


def test_the_challenger_gets_its_script_and_everybody_else_the_strategys_own() -> None:
    book = replace(playbook(), experiments=(EXPERIMENT,))
    known = know(SEGMENTS["first days"], book.deriving, AT)
    seen = Counter()
    for n in PEOPLE[:400]:
        choice = choose(book, known, DebtorId(n), TODAY)
        assert choice.arm == arm_of(EXPERIMENT, DebtorId(n)).name
        assert choice.script.name == ("reminder-brief" if choice.arm == "brief" else "reminder")
        assert choice.instead_of == ("reminder" if choice.arm == "brief" else "")
        seen[choice.arm] += 1
    assert set(seen) == {HOLD_OUT, "brief", CHAMPION}


@pytest.mark.parametrize(
    "changes",
    [{"ends_on": date(2026, 3, 1)}, {"begins_on": date(2026, 3, 3)}, {"when": "days_past_due > 15"}],
)
def test_nobody_is_experimented_on_outside_of_the_experiment(changes: dict[str, object]) -> None:
    book = replace(playbook(), experiments=(replace(EXPERIMENT, **changes),))  # type: ignore[arg-type]
    known = know(SEGMENTS["first days"], book.deriving, AT)
    for n in PEOPLE[:50]:
        choice = choose(book, known, DebtorId(n), TODAY)
        assert (choice.script.name, choice.arm) == ("reminder", "")


def test_the_shipped_settings_experiment_on_nobody() -> None:
    assert playbook().experiments == ()
