"""False alarms are held to what is promised, and what is planted is found."""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import hypergeom

from dialer.portfolio.anomalies import LEVEL, Counted, find_anomalies, tail
from dialer.portfolio.intervals import Rate, holm, poisson_interval, rate
from dialer.portfolio.portfolio import portfolio_report
from dialer.portfolio.report import Cell, Dimension
from dialer.portfolio.standardising import Cases, standardise
from portfolio_cases import book_of, fill

SEEDS = 120


def cells_of(
    chance: Random, accounts: int, worse: dict[Dimension, str] | None = None
) -> tuple[list[Cell], Counted, Rate]:
    """A book of which one in six is late, whoever they are; in a worse part every second."""
    counts: Counter[frozenset[tuple[Dimension, str]]] = Counter()
    late: Counter[frozenset[tuple[Dimension, str]]] = Counter()
    for _ in range(accounts):
        one = {
            Dimension.REGION: f"r{int(12 * chance.random() ** 1.5)}",
            Dimension.INDUSTRY: f"i{int(8 * chance.random())}",
            Dimension.PRODUCT: f"p{int(5 * chance.random())}",
        }
        is_worse = worse is not None and all(one[key] == value for key, value in worse.items())
        is_late = chance.random() < (0.5 if is_worse else 1 / 6)
        for size in (1, 2, 3):
            for keys in combinations(one, size):
                key = frozenset((name, one[name]) for name in keys)
                counts[key] += 1
                late[key] += is_late
    regions = [key for key in counts if len(key) == 1 and next(iter(key))[0] is Dimension.REGION]
    whole = Counted(debtors=accounts, late=sum(late[key] for key in regions))
    cells = [cell(dict(key), count, late[key]) for key, count in counts.items()]
    return cells, whole, rate(whole.late, whole.debtors)


def cell(where: dict[Dimension, str], accounts: int, late: int) -> Cell:
    return Cell(
        where=where,
        accounts=accounts,
        is_suppressed=accounts < 30,
        debtors=accounts,
        late_debtors=late,
        overdue_rate=rate(late, accounts),
        later_than_30=rate(0, accounts),
        outstanding=None,
        overdue=None,
        days_to_pay=None,
        recovery_ratio=None,
    )


def test_on_books_without_differences_at_most_one_in_twenty_has_any_alarm():
    alarms = 0
    for seed in range(SEEDS):
        found, tested = find_anomalies(*cells_of(Random(seed), 1200))
        assert tested > 40
        alarms += bool(found)
    # The share of so many books may exceed 5 % by chance; by this much with a probability below 1 %.
    assert alarms / SEEDS <= LEVEL + 2.33 * (LEVEL * (1 - LEVEL) / SEEDS) ** 0.5


def test_a_worse_combination_is_told_and_the_larger_parts_that_it_makes_look_worse_are_not():
    worse = {Dimension.REGION: "r2", Dimension.INDUSTRY: "i3"}
    told = [[dict(one.where) for one in find_anomalies(*cells_of(Random(seed), 6000, worse))[0]] for seed in range(10)]
    assert all(found[:1] == [worse] for found in told)
    assert sum(len(found) for found in told) <= 12


def test_a_worse_region_is_told_as_such_and_not_by_its_industries():
    worse = {Dimension.REGION: "r1"}
    told = [[dict(one.where) for one in find_anomalies(*cells_of(Random(seed), 4000, worse))[0]] for seed in range(10)]
    assert all(found[:1] == [worse] for found in told)
    assert sum(len(found) for found in told) <= 12


def test_the_planted_part_of_a_whole_book_is_found_first(tmp_path: Path):
    fill(tmp_path / "store.sqlite", 4000, plant="region=广东,industry=制造业,times=6", alike=True)
    with book_of(tmp_path / "store.sqlite") as book:
        report = portfolio_report(book)
    assert report.anomalies
    first = report.anomalies[0]
    assert dict(first.where) == {Dimension.REGION: "广东", Dimension.INDUSTRY: "制造业"}
    assert first.times > 1.5
    assert first.false_alarm < LEVEL


@given(st.integers(1, 400), st.integers(0, 400), st.integers(1, 400), st.integers(0, 400))
def test_the_tail_is_that_of_the_hypergeometric_distribution(part: int, part_late: int, rest: int, rest_late: int):
    here = Counted(debtors=part, late=min(part, part_late))
    whole = Counted(debtors=part + rest, late=here.late + min(rest, rest_late))
    expected = float(hypergeom.sf(here.late - 1, whole.debtors, whole.late, here.debtors))
    if here.late * whole.debtors > here.debtors * whole.late:
        assert tail(here, whole) == pytest.approx(expected, rel=1e-6, abs=1e-300)
    else:
        assert tail(here, whole) == 1.0


def test_wilson_s_interval_is_the_published_one():
    # Source: Newcombe, Statist. Med. 17 (1998), 857-872, table I, method 3: 81/263, 15/148, 0/20, 1/29.
    for part, whole, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        one = rate(part, whole)
        assert (round(one.low, 4), round(one.high, 4)) == (low, high)


def test_a_count_s_interval_is_near_the_exact_one():
    # Exact Poisson limits of 10: 4.795, 18.39.
    low, high = poisson_interval(10)
    assert (low, high) == (pytest.approx(4.795, abs=0.02), pytest.approx(18.39, abs=0.02))
    assert poisson_interval(0)[0] == 0.0


def test_holm_multiplies_the_smallest_by_all_and_never_falls():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_an_agent_with_hard_cases_is_not_worse_for_them():
    # Both make 30 % of easy and 10 % of hard cases; one has mostly hard ones.
    lines = [
        Cases(agent=1, stratum="easy", cases=900, made=270),
        Cases(agent=1, stratum="hard", cases=100, made=10),
        Cases(agent=2, stratum="easy", cases=100, made=30),
        Cases(agent=2, stratum="hard", cases=900, made=90),
    ]
    adjusted = standardise(lines)
    assert adjusted[1].made / adjusted[1].cases > 2 * adjusted[2].made / adjusted[2].cases
    assert adjusted[1].ratio == pytest.approx(adjusted[2].ratio) == pytest.approx(0.2)
    assert sum(one.expected for one in adjusted.values()) == pytest.approx(400)
