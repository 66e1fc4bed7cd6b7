"""The list in memory against the store: the same calls, the same leads, all day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import datetime, time
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from dialer import pacing
from dialer.calling_rules import Limit, LocalDays, Origin
from dialer.effects import LeaseLeads, ReleaseLease, SaveAttempt, SaveDisposition, SaveRefusal
from dialer.facts import LeadsLeased
from dialer.leads import Lead, Touch
from dialer.settings import CampaignSettings, Window
from dialer.sim.behaviour import Behaviour, Rest
from dialer.sim.durations import Lognormal
from dialer.sim.finite import FiniteList
from dialer.sim.network import LATENCIES
from dialer.sim.world import World
from dialer.store.leasing import read_lead
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId, LimitKey, Mode, NextKind, Number, Outcome, PhoneId
from sim_world import BUSY_ELSE, campaign, dialer, fw
from store_cases import account, stocked
from test_facts import Watched

RETRIES = {
    Outcome.NO_ANSWER: (300.0, 900.0),
    Outcome.BUSY: (120.0, 120.0, 600.0),
    Outcome.ABANDONED: (600.0,),
    Outcome.REJECTED: (),
    Outcome.BRIDGED: (400.0, 900.0),
}
MIXED = Behaviour(
    answer_ratio=0.3,
    rest=Rest(no_answer=0.5, busy=0.2, rejected=0.1, unreachable=0.05, invalid=0.15, congestion=0.0),
    talk=Lognormal(mean_s=20.0, cv=1.0),
    wrap_up=Lognormal(mean_s=5.0, cv=1.0),
    break_gap_s=0.0,
    dispositions=(("no_result", 0.3), ("promise", 0.2), ("callback", 0.2), ("refused", 0.2), ("complaint", 0.1)),
)


def settings(**more: object) -> CampaignSettings:
    rules = replace(fw.RULES, min_gap_s=60.0, attempts_per_number_per_day=4, conversations_per_debtor_per_day=2)
    often = Limit(origin=Origin(id="often"), key=LimitKey.NUMBER, window=LocalDays(days=2), max=4)
    rules = replace(rules, limits=(often,))
    values = {"rules": rules, "retry_after_s": RETRIES, "mode": Mode.POWER} | more
    return campaign(**values)  # type: ignore[arg-type]


class Both:
    """The list in memory, which the run goes by, and the store, which is told the same and must answer the same."""

    def __init__(self, store: SqliteStore, leads: tuple[Lead, ...]) -> None:
        self.store, self.memory = store, FiniteList(leads)
        self.numbers: dict[AccountId, tuple[PhoneId, Number, tuple[Touch, ...]]] = {}
        self.compared = self.leads = 0

    @property
    def unfinished(self) -> int | None:
        return self.memory.unfinished

    @property
    def untried(self) -> int | None:
        return self.memory.untried

    def lease(self, wish: LeaseLeads, at: datetime) -> LeadsLeased:
        mine = self.memory.lease(wish, at)
        theirs = self.store.lease(wish.settings, limit=wish.limit, at=at, lease_s=6000.0, engine="sim")
        self.numbers |= {one.account_id: (one.phone_id, one.number, one.touches) for one in theirs.leads}
        assert [one.account_no for one in mine.leads] == [one.account_no for one in theirs.leads], at
        for one, other in zip(mine.leads, theirs.leads, strict=True):
            assert different(one, other) == {}, (at, one.account_no)
        assert (mine.waiting, mine.next_due_at) == (theirs.waiting, theirs.next_due_at), at
        self.compared += 1
        self.leads += len(mine.leads)
        return mine

    def release(self, effect: ReleaseLease) -> None:
        self.memory.release(effect)
        self.store.apply([effect])

    def attempted(self, effect: SaveAttempt) -> None:
        self.memory.attempted(effect)
        self.store.apply([replace(effect, lead=self._stored(effect.lead))])

    def concluded(self, effect: SaveDisposition) -> None:
        self.memory.concluded(effect)
        self.store.apply([replace(effect, lead=self._stored(effect.lead))])

    def refused(self, effect: SaveRefusal) -> None:
        self.memory.refused(effect)
        self.store.apply([replace(effect, lead=self._stored(effect.lead))])

    def _stored(self, lead: Lead) -> Lead:
        phone_id, number, touches = self.numbers[lead.account_id]
        return replace(lead, phone_id=phone_id, number=number, touches=touches)


def told_apart(lead: Lead) -> list[tuple[object, ...]]:
    """Earlier dials, each with whether it went to the number that is dialled next.

    What each counted as is left out: the store is not told here how the calls ended.
    """
    return [(one.at, one.number == lead.number, one.account_id, one.role) for one in lead.touches]


def different(one: Lead, other: Lead) -> dict[str, tuple[object, object]]:
    """Fields that are not the same, but for the number itself: the list in memory makes further numbers up."""
    pairs = {item.name: (getattr(one, item.name), getattr(other, item.name)) for item in fields(one)}
    pairs["touches"] = (told_apart(one), told_apart(other))
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1] and name not in ("phone_id", "number")}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.create(tmp_path / "store.db")
    yield store
    store.close()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_list_in_memory_leases_what_the_store_leases(store: SqliteStore, seed: int) -> None:
    single = [account(f"A{n}", 4 * n, *range(4 * n + 1, 4 * n + 1 + n % 3), days=n % 5, due="2") for n in range(80)]
    # Two accounts of one debtor with one number.
    double = [account(f"B{n}", 500 + n // 2, debtor=f"d{n // 2}", days=n % 4, due=f"{1 + n % 3}") for n in range(40)]
    accounts = single + double
    of_list = replace(settings(), list_name="spring")
    stocked(store, accounts)
    start_at = datetime.fromisoformat("2026-03-02T02:00:00+00:00")
    with store.reading() as database:
        found = database.execute("SELECT account_id FROM accounts").fetchall()
        leads = [read_lead(database.conn, one, at=start_at, midnights={}) for (one,) in found]
    both = Both(store, tuple(leads))
    world = World(
        fw.settings(fw.crowd(6), [fw.trunk(channels=30)]),
        of_list,
        MIXED,
        seed=seed,
        accounts=both,
        rule=pacing.decide,
        start_at=start_at,
        latencies=LATENCIES,
    )
    world.run(1.5 * 3600.0)
    assert both.compared > 80 and both.leads > 250


def test_a_finite_list_is_worked_to_its_end_and_the_run_with_it() -> None:
    no_caps = replace(fw.RULES, attempts_per_number_per_day=99, attempts_per_debtor_per_day=99)
    behaviour = replace(MIXED, dispositions=(("no_result", 0.6), ("promise", 0.2), ("complaint", 0.2)))
    watched = Watched(dialer(), settings(rules=no_caps), behaviour, agents=5, accounts=60)
    result = watched.world.run(4 * 3600.0)
    assert result.done_s is not None and result.done_s == result.measured_s < 4 * 3600.0
    assert result.accounts_left == 0
    last = {one.lead.account_id: one.next_step.kind for one in fw.of(SaveDisposition, watched.effects)}
    assert len(last) == 60
    assert set(last.values()) == {NextKind.CLOSED, NextKind.NEVER, NextKind.HOLD}
    assert max(Counter(one.lead.account_id for one in fw.of(SaveAttempt, watched.effects)).values()) > 3


def test_nobody_is_called_again_before_the_gap_is_over() -> None:
    watched = Watched(dialer(), settings(), MIXED, agents=5, accounts=60)
    watched.world.run(2 * 3600.0)
    placed_at: dict[AccountId, list[datetime]] = {}
    for one in fw.of(SaveAttempt, watched.effects):
        placed_at.setdefault(one.lead.account_id, []).append(one.at)
    gaps = [(later - sooner).total_seconds() for row in placed_at.values() for sooner, later in pairwise(row)]
    assert len(gaps) > 50
    assert min(gaps) >= 60.0


def test_an_endless_list_calls_nobody_twice_and_gives_returned_leads_again() -> None:
    watched = Watched(dialer(), settings(), MIXED, agents=5)
    watched.world.run(1800.0)
    dialled = [one.lead.number for one in fw.of(SaveAttempt, watched.effects)]
    assert len(dialled) == len(set(dialled)) > 300
    returned = {one.account_id for one in fw.of(ReleaseLease, watched.effects)}
    assert len(returned) > 100
    assert max(one.lead.account_id for one in fw.of(SaveAttempt, watched.effects)) < 1.2 * len(dialled) + len(returned)
    assert watched.world.run(1900.0).accounts_left is None


def test_dialling_ends_with_the_calling_hours() -> None:
    hours = dict.fromkeys(range(7), (Window(opens=time(9), closes=time(10)),))
    rules = replace(fw.RULES, windows=hours)
    for accounts in (None, 2000):
        watched = Watched(dialer(), campaign(Mode.POWER, rules=rules), MIXED, agents=5, accounts=accounts)
        result = watched.world.run(2 * 3600.0)
        last_at = max(one.at for one in fw.of(SaveAttempt, watched.effects))
        local_at = last_at.astimezone(ZoneInfo("Asia/Shanghai"))
        assert time(9, 55) < local_at.time() < time(10)
        assert result.accounts_left is None or result.accounts_left > 0
        assert len(fw.of(SaveRefusal, watched.effects)) <= 2000


def test_accounts_differ_in_temper_when_asked_for() -> None:
    def answers(spread: float) -> Counter[int]:
        no_caps = replace(fw.RULES, min_gap_s=0.0, attempts_per_number_per_day=99, attempts_per_debtor_per_day=99)
        retry = dict.fromkeys((Outcome.NO_ANSWER, Outcome.BUSY, Outcome.REJECTED), (60.0,) * 30)
        of_list = settings(rules=no_caps, retry_after_s=retry)
        behaviour = replace(MIXED, answer_spread=spread, rest=BUSY_ELSE)
        watched = Watched(dialer(), of_list, behaviour, agents=20, accounts=300)
        watched.world.run(1800.0)
        return Counter(one.lead.account_id for one in fw.of(SaveAttempt, watched.effects))

    alike, differing = answers(0.0), answers(2.0)
    assert max(differing.values()) > max(alike.values()) + 2
