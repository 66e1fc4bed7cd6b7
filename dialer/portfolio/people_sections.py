"""Sections about calls, promises and agents."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import Any

from dialer.portfolio.counting import Book
from dialer.portfolio.intervals import Rate, rate
from dialer.portfolio.report import AgentLine, PromiseMonth, Reach
from dialer.portfolio.standardising import SMALLEST_CASES, Adjusted, Cases, standardise

_NOTHING = Adjusted(cases=0, made=0, expected=0.0, ratio=None, low=None, high=None)


def promises(book: Book) -> tuple[PromiseMonth, ...]:
    """Promises by the month in which they fell due; only months with any that were judged."""
    months: dict[int, dict[str, tuple[int, int, int]]] = defaultdict(dict)
    for month, status, count, cents, paid in book.counts.rows("promises_by_month"):
        months[month][book.word("status", status)] = (count, int(cents), int(paid))
    lines = [_promise_month(month, by_status) for month, by_status in sorted(months.items())]
    return tuple(line for line in lines if line.kept.whole)


def _promise_month(month: int, by_status: dict[str, tuple[int, int, int]]) -> PromiseMonth:
    judged = [by_status.get(status, (0, 0, 0)) for status in ("kept", "partly_kept", "broken")]
    promised, paid = sum(cents for _, cents, _ in judged), sum(paid for *_, paid in judged)
    return PromiseMonth(
        month=date(month // 12, month % 12 + 1, 1),
        kept=rate(judged[0][0], sum(count for count, *_ in judged)),
        partly_kept=judged[1][0],
        broken=judged[2][0],
        kept_amount_ratio=paid / promised if promised else None,
    )


def reach(book: Book) -> Reach:
    """What the attempts of the last days reached."""
    (row,) = book.counts.rows("reached")
    count, answered, _, right, promised, accounts, reached, right_accounts, promised_accounts = map(int, row)
    return Reach(
        month=None,
        attempts=count,
        answered=rate(answered, count),
        right_party=rate(right, answered),
        promised=rate(promised, right),
        accounts=accounts,
        accounts_answered=rate(reached, accounts),
        accounts_right_party=rate(right_accounts, accounts),
        accounts_promised=promised_accounts,
    )


def reach_by_month(book: Book) -> tuple[Reach, ...]:
    """The same month by month."""
    return tuple(
        Reach(
            month=date(month // 12, month % 12 + 1, 1),
            attempts=count,
            answered=rate(answered, count),
            right_party=rate(right, answered),
            promised=rate(promised, right),
            accounts=accounts,
            accounts_answered=rate(reached, accounts),
            accounts_right_party=rate(right_accounts, accounts),
            accounts_promised=0,
        )
        for row in book.counts.rows("reached_by_month")
        for month, count, answered, right, promised, accounts, reached, right_accounts in (map(int, row),)
    )


def agents(book: Book) -> tuple[AgentLine, ...]:
    """Agents by name, each beside what was to be expected of their cases."""
    promised = standardise(_cases(book, "agent_cases"))
    kept = standardise(_cases(book, "agent_promises"))
    lines = [
        _agent_line(book.word("agent", agent), promised.get(agent, _NOTHING), kept.get(agent, _NOTHING))
        for agent in promised.keys() | kept.keys()
    ]
    return tuple(sorted(lines, key=lambda line: line.agent))


def _cases(book: Book, name: str) -> list[Cases]:
    rows: list[tuple[Any, ...]] = book.counts.rows(name)
    return [
        Cases(agent=agent, stratum=(bucket, product, risk), cases=count, made=made)
        for agent, bucket, product, risk, count, made in rows
    ]


def _agent_line(agent: str, promised: Adjusted, kept: Adjusted) -> AgentLine:
    small, few = promised.cases < SMALLEST_CASES, kept.cases < SMALLEST_CASES
    return AgentLine(
        agent=agent,
        conversations=promised.cases,
        promised=_rate(promised, small=small),
        expected_promises=promised.expected,
        adjusted_promise_ratio=None if small else promised.ratio,
        adjusted_low=None if small else promised.low,
        adjusted_high=None if small else promised.high,
        judged=kept.cases,
        kept=_rate(kept, small=few),
        expected_kept=kept.expected,
        adjusted_kept_ratio=None if few else kept.ratio,
        adjusted_kept_low=None if few else kept.low,
        adjusted_kept_high=None if few else kept.high,
        is_suppressed=small,
    )


def _rate(one: Adjusted, *, small: bool) -> Rate:
    return Rate(part=0, whole=one.cases, ratio=None, low=0.0, high=1.0) if small else rate(one.made, one.cases)
