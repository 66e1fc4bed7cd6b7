"""Every figure of the portfolio report, computed again from the rows in the plainest way."""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from dialer.loans.buckets import bucket_of
from dialer.portfolio.counting import Book
from dialer.portfolio.courses import month_ends
from dialer.portfolio.portfolio import accounts_of, portfolio_report
from dialer.portfolio.report import Cell, Dimension, PortfolioReport
from portfolio_cases import TODAY, ZONE, Plain, book_of, days_between, fill, plain_book

ACCOUNTS = 1200


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("portfolio") / "store.sqlite"
    fill(path, ACCOUNTS)
    return path


@pytest.fixture(scope="module")
def book(path: Path) -> Iterator[Book]:
    with book_of(path) as book:
        yield book


@pytest.fixture(scope="module")
def report(book: Book) -> PortfolioReport:
    return portfolio_report(book)


@pytest.fixture(scope="module")
def plain(path: Path) -> list[Plain]:
    return plain_book(path)


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fewer, for what looks at every day."""
    path = tmp_path_factory.mktemp("few") / "store.sqlite"
    fill(path, 300, seed=3)
    return path


@pytest.fixture(scope="module")
def report_of_few(few: Path) -> PortfolioReport:
    with book_of(few) as book:
        return portfolio_report(book)


@pytest.fixture
def rows(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


def cents(amount: Decimal | None) -> int:
    return int((amount or Decimal(0)) * 100)


def test_the_standing_is_that_of_the_rows(report: PortfolioReport, plain: list[Plain]):
    on_book = [one for one in plain if one.is_on_book(TODAY)]
    late = [one.days_late(TODAY) for one in on_book]
    standing = report.standing
    assert standing.accounts == len(on_book) == standing.overdue_rate.whole
    assert standing.overdue_rate.part == sum(days > 0 for days in late)
    assert standing.later_than_30.part == sum(days > 30 for days in late)
    assert standing.later_than_90.part == sum(days > 90 for days in late)
    assert cents(standing.outstanding) == sum(one.outstanding(TODAY) for one in on_book)
    assert cents(standing.overdue) == sum(one.overdue(TODAY) for one in on_book)
    assert standing.overdue_rate.part > 100  # or the rest proves little


def test_the_overdue_accounts_are_those_that_plain_sql_counts(report: PortfolioReport, rows: sqlite3.Connection):
    found = rows.execute(
        """SELECT a.region, a.industry, count(*), sum(late) FROM accounts a JOIN (
               SELECT account_id, max(due_on < :today AND (paid_on IS NULL OR paid_on > :today)) AS late,
                      max(paid_on IS NULL OR paid_on > :today) AS open
               FROM instalments GROUP BY account_id) USING (account_id)
           WHERE open GROUP BY a.region, a.industry""",
        {"today": TODAY.isoformat()},
    ).fetchall()
    cells = {
        (cell.where[Dimension.REGION], cell.where[Dimension.INDUSTRY]): cell
        for cell in report.cells
        if set(cell.where) == {Dimension.REGION, Dimension.INDUSTRY}
    }
    assert len(cells) == len(found) > 100
    for region, industry, count, late in found:
        cell = cells[region, industry]
        assert cell.accounts == count
        assert cell.is_suppressed == (count < 30)
        assert cell.overdue_rate.part == (late if count >= 30 else 0)


def test_people_are_counted_once_and_late_with_any_loan(report: PortfolioReport, rows: sqlite3.Connection):
    found = rows.execute(
        """SELECT count(*), sum(late) FROM (
               SELECT a.debtor_id, max(i.due_on < :today) AS late FROM accounts a JOIN instalments i USING (account_id)
               WHERE i.paid_on IS NULL OR i.paid_on > :today GROUP BY a.debtor_id)""",
        {"today": TODAY.isoformat()},
    ).fetchone()
    assert found == (report.standing.debtors, report.standing.late_debtors)
    for one in (Dimension.REGION, Dimension.INDUSTRY):
        told = [cell for cell in report.cells if set(cell.where) == {one} and not cell.is_suppressed]
        assert sum(cell.debtors for cell in told) <= report.standing.debtors
        assert all(cell.late_debtors <= cell.debtors <= cell.accounts for cell in told)


def test_single_dimensions_add_up_to_the_whole(report: PortfolioReport):
    for one in Dimension:
        cells = [cell for cell in report.cells if set(cell.where) == {one}]
        assert sum(cell.accounts for cell in cells) == report.standing.accounts


def test_repayment_period_and_recovery_of_a_cell_are_those_of_the_rows(
    report: PortfolioReport, plain: list[Plain], book: Book
):
    opening, closing = book.marks[-2:]
    checked = 0
    for cell in report.cells:
        if cell.is_suppressed or len(cell.where) != 1:
            continue
        members = [one for one in plain if belongs(one, cell)]
        took = [
            max(0, (paid - due).days)
            for one in members
            for due, paid, *_ in one.instalments
            if paid is not None and TODAY - timedelta(days=365) <= due < TODAY
        ]
        assert cell.days_to_pay == pytest.approx(sum(took) / len(took))
        owed = [(one.overdue(opening), cash(one, opening, closing)) for one in members if one.is_on_book(opening)]
        total = sum(due for due, _ in owed)
        if total:
            assert cell.recovery_ratio == pytest.approx(sum(min(due, came) for due, came in owed) / total)
        checked += 1
    assert checked > 20


def belongs(one: Plain, cell: Cell) -> bool:
    mine = {Dimension.REGION: one.region, Dimension.INDUSTRY: one.industry, Dimension.PRODUCT: one.product}
    return all(mine[key] == value for key, value in cell.where.items())


def cash(one: Plain, after: date, until: date) -> int:
    return sum(amount for day, amount in one.payments if after < day <= until)


def test_buckets_and_moves_are_those_of_the_rows(report: PortfolioReport, plain: list[Plain], book: Book):
    counted = Counter((line.on, line.bucket) for line in report.buckets for _ in range(line.accounts))
    expected: Counter[tuple[date, str]] = Counter()
    money: dict[tuple[str, str], int] = defaultdict(int)
    moved: Counter[tuple[str, str]] = Counter()
    for one in plain:
        states = {}
        for mark in (*book.marks, TODAY):
            if one.is_on_book(mark):
                states[mark] = bucket_of(one.days_late(mark)).value
                expected[mark, states[mark]] += 1
        for before, after in zip(book.marks[-4:], book.marks[-3:], strict=False):
            if before in states:
                move = (states[before], states.get(after, "repaid"))
                moved[move] += 1
                money[move] += one.outstanding(before)
    assert counted == expected
    assert {(move.before, move.after): move.accounts for move in report.moves} == dict(moved)
    assert {(move.before, move.after): cents(move.outstanding) for move in report.moves} == dict(money)
    assert report.moves_months == 3
    for bucket in {move.before for move in report.moves}:
        assert sum(move.ratio for move in report.moves if move.before == bucket) == pytest.approx(1.0)


def test_a_roll_rate_is_the_next_bucket_over_the_bucket_before(report: PortfolioReport):
    balance = {(line.on, line.bucket): line.outstanding for line in report.buckets}
    marks = month_ends(TODAY, 13)
    for one in report.roll_rates:
        before = balance.get((marks[marks.index(one.on) - 1], one.before))
        if before:
            assert one.ratio == pytest.approx(float(balance.get((one.on, one.after), Decimal(0)) / before))
        else:
            assert one.ratio is None


def test_vintages_are_found_again_by_looking_at_every_day(report_of_few: PortfolioReport, few: Path):
    report, plain = report_of_few, plain_book(few)
    hits: dict[int, dict[tuple[date, int], int]] = {30: defaultdict(int), 90: defaultdict(int)}
    paid_out: dict[date, int] = defaultdict(int)
    for one in plain:
        month = one.disbursed.replace(day=1)
        paid_out[month] += one.principal
        for limit in (30, 90):
            first = first_later(one, limit)
            if first is not None:
                on_book = (first.year - month.year) * 12 + first.month - month.month
                hits[limit][month, on_book] += one.outstanding(first - timedelta(days=1))
    assert len(report.vintages) > 100
    for point in report.vintages:
        for limit, ratio in ((30, point.ever_30), (90, point.ever_90)):
            so_far = sum(hits[limit][point.month, months] for months in range(point.months_on_book + 1))
            assert ratio == pytest.approx(so_far / paid_out[point.month])
    last = {point.month: point.months_on_book for point in report.vintages}
    assert all((TODAY.year - day.year) * 12 + TODAY.month - day.month == months + 1 for day, months in last.items())


def first_later(one: Plain, limit: int) -> date | None:
    begin = min(due for due, *_ in one.instalments)
    return next((day for day in days_between(begin, TODAY) if one.days_late_before(day) > limit), None)


def test_days_to_cure_are_those_of_the_times_in_which_anything_was_late(report: PortfolioReport, plain: list[Plain]):
    durations: list[tuple[int, bool]] = []
    for one in plain:
        late: list[list[date]] = []
        for due, paid, *_ in sorted(one.instalments, key=lambda each: each[0]):
            end = min(paid or date.max, TODAY + timedelta(days=1))
            if due >= TODAY or end <= due:
                continue
            if late and due < late[-1][1]:
                late[-1][1] = max(late[-1][1], end)
            else:
                late.append([due, end])
        durations += [((min(end, TODAY) - begin).days, end <= TODAY) for begin, end in late]
    everybody = next(cure for cure in report.cures if not cure.product)
    assert everybody.spells == len(durations) > 300
    late = 1.0
    for days in range(1, 91):
        at_risk = sum(took >= days for took, _ in durations)
        late *= 1 - sum(took == days and cured for took, cured in durations) / at_risk
        if days in everybody.cured_by:
            assert everybody.cured_by[days] == pytest.approx(1 - late)


def test_promises_are_those_of_plain_sql(report: PortfolioReport, rows: sqlite3.Connection):
    found = rows.execute(
        """SELECT substr(due_on, 1, 7), sum(status = 'kept'), sum(status = 'partly_kept'), sum(status = 'broken'),
                  1.0 * sum(min(paid_cents, amount_cents)) / sum(amount_cents)
           FROM promises WHERE status IN ('kept', 'partly_kept', 'broken') GROUP BY 1 ORDER BY 1"""
    ).fetchall()
    told = [
        (one.month.strftime("%Y-%m"), one.kept.part, one.partly_kept, one.broken, pytest.approx(one.kept_amount_ratio))
        for one in report.promises
    ]
    assert told == found
    assert len(found) > 6


_RECENT = "date(t.at, '+8 hours') >= date(:today, '-90 days') AND date(t.at, '+8 hours') <= :today"


def test_what_calls_reached_is_what_plain_sql_counts(report: PortfolioReport, rows: sqlite3.Connection):
    person = "t.outcome IN ('bridged', 'abandoned', 'early_hangup')"
    (found,) = rows.execute(
        f"""SELECT count(*), sum({person}), sum(d.right_party), sum(p.promise_id IS NOT NULL),
                   count(DISTINCT t.account_id), count(DISTINCT CASE WHEN {person} THEN t.account_id END),
                   count(DISTINCT CASE WHEN d.right_party THEN t.account_id END)
            FROM attempts t JOIN dispositions d USING (attempt_id) LEFT JOIN promises p USING (attempt_id)
            WHERE {_RECENT}""",
        {"today": TODAY.isoformat()},
    ).fetchall()
    one = report.reach
    assert found == (
        *(one.attempts, one.answered.part, one.right_party.part, one.promised.part, one.accounts),
        *(one.accounts_answered.part, one.accounts_right_party.part),
    )
    assert one.attempts > 200


def test_the_map_of_hours_is_what_plain_sql_counts(report: PortfolioReport, rows: sqlite3.Connection):
    found = rows.execute(
        f"""SELECT (strftime('%w', t.at, '+8 hours') + 6) % 7 + 1, CAST(strftime('%H', t.at, '+8 hours') AS INTEGER),
                   count(*), sum(d.right_party)
            FROM attempts t JOIN dispositions d USING (attempt_id) WHERE {_RECENT} GROUP BY 1, 2 ORDER BY 1, 2""",
        {"today": TODAY.isoformat()},
    ).fetchall()
    told = [(one.weekday, one.hour, one.right_party.whole) for one in report.hours]
    assert told == [row[:3] for row in found]
    for one, (*_, count, right) in zip(report.hours, found, strict=True):
        assert one.is_suppressed == (count < 30)
        assert one.right_party.part == (right if count >= 30 else 0)


def test_recovery_month_by_month_is_that_of_the_rows(report: PortfolioReport, plain: list[Plain], book: Book):
    marks = book.marks
    for line, (opening, closing) in zip(report.recovery, pairwise(marks), strict=True):
        owed = [(one.overdue(opening), cash(one, opening, closing)) for one in plain if one.is_on_book(opening)]
        assert line.month == closing.replace(day=1)
        assert cents(line.opening) == sum(due for due, _ in owed)
        assert cents(line.recovered) == sum(min(due, came) for due, came in owed)


def test_what_is_expected_of_an_agent_is_what_all_make_of_the_same_cases(
    report: PortfolioReport, plain: list[Plain], rows: sqlite3.Connection
):
    by_id = {one.account_id: one for one in plain}
    calls = []
    for account_id, at, agent, promised in rows.execute(
        f"""SELECT t.account_id, t.at, t.agent_id, p.promise_id IS NOT NULL
            FROM attempts t JOIN dispositions d USING (attempt_id) LEFT JOIN promises p USING (attempt_id)
            WHERE d.right_party AND {_RECENT}""",
        {"today": TODAY.isoformat()},
    ):
        one, day = by_id[account_id], datetime.fromisoformat(at).astimezone(ZONE).date()
        calls.append((agent, (bucket_of(one.days_late(day)), one.product, one.risk), promised))
    cases, made = Counter(case for _, case, _ in calls), Counter(case for _, case, yes in calls if yes)
    assert len(report.agents) > 5
    for line in report.agents:
        mine = [case for agent, case, _ in calls if agent == line.agent]
        expected = sum(made[case] / cases[case] for case in mine)
        got = sum(yes for agent, _, yes in calls if agent == line.agent)
        assert line.conversations == len(mine)
        assert line.expected_promises == pytest.approx(expected)
        if len(mine) >= 30 and expected:
            assert line.adjusted_promise_ratio == pytest.approx(got / expected * sum(made.values()) / len(calls))


def test_the_drill_down_shows_the_accounts_that_the_cell_counts(
    book: Book, report: PortfolioReport, plain: list[Plain]
):
    cell = max((one for one in report.cells if len(one.where) == 1), key=lambda one: one.overdue_rate.part)
    found = accounts_of(book, cell.where, 10_000)
    members = {one.account_id: one for one in plain if belongs(one, cell) and one.is_on_book(TODAY)}
    assert {one.account_id for one in found} == set(members)
    assert [one.days_past_due for one in found] == sorted((one.days_past_due for one in found), reverse=True)
    assert sum(one.days_past_due > 0 for one in found) == cell.overdue_rate.part
    for one in found:
        assert one.days_past_due == members[one.account_id].days_late(TODAY)
        assert cents(one.outstanding) == members[one.account_id].outstanding(TODAY)
