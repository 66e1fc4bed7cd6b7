"""The judge of chaos sees what it is there to see; each of these once over a made-up log, ledger and ear."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from benchmarks.chaos.faults import Done, Fault, schedule
from benchmarks.chaos.hearing import Ears, Sound
from benchmarks.chaos.judging import Findings, judge
from benchmarks.chaos.people import EndedBy, SeenCall, seen_calls

NUMBER = "8619900000001"


class Heard(Ears):
    """Ears that heard what the test says."""

    def __init__(self, *sounds: Sound) -> None:
        self._sounds = list(sounds)

    def heard(self, audio_port: int, from_at: float, to_at: float) -> list[Sound]:
        return self._sounds


def agent(from_at: float, to_at: float) -> Sound:
    return Sound(from_at=from_at, to_at=to_at, agent=True)


def message(from_at: float, to_at: float) -> Sound:
    return Sound(from_at=from_at, to_at=to_at, agent=False)


def call(ended_by: EndedBy = EndedBy.PERSON, ended_at: float = 110.0) -> SeenCall:
    return SeenCall(
        call_id="c1",
        number=NUMBER,
        audio_port=4000,
        invited_at=99.0,
        answered_at=100.0,
        ended_at=ended_at,
        ended_by=ended_by,
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A ledger with one attempt, concluded."""
    path = tmp_path / "store.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.executescript(
            f"""CREATE TABLE attempts (attempt_id, number, at, disposed_at);
            CREATE TABLE accounts (account_no, state, next_at, leased_by);
            INSERT INTO attempts VALUES ('att-1', '+{NUMBER}', '2026-11-24T03:00:00.000000Z', 'then');
            INSERT INTO accounts VALUES ('C1', 'closed', NULL, NULL);"""
        )
    return path


def change(store: Path, statement: str) -> None:
    with closing(sqlite3.connect(store)) as database:
        database.execute(statement)
        database.commit()


def of(store: Path, seen: SeenCall, *sounds: Sound, done: tuple[Done, ...] = ()) -> Findings:
    return judge(store, [seen], Heard(*sounds), done, over=True)


def test_a_served_call_is_no_finding(store: Path):
    found = of(store, call(), agent(101.0, 109.9))
    assert (found.problems(), found.with_agent, found.answered) == ([], 1, 1)


def test_more_invites_than_attempts_are_doubled_and_over_the_cap(store: Path):
    found = judge(store, [call()] * 3, Heard(agent(101.0, 109.9)), (), over=True)
    assert found.doubled == [f"{NUMBER}: 3 INVITEs, 1 attempts in the ledger"]
    assert len(found.over_cap) == 1


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE attempts SET disposed_at = NULL",
        "UPDATE accounts SET leased_by = 'engine'",
        "UPDATE accounts SET state = 'waiting', next_at = '2199-01-01T00:00:00.000000Z'",
        "UPDATE accounts SET state = 'hold'",
    ],
)
def test_what_is_not_at_rest_in_the_end_is_lost(store: Path, statement: str):
    change(store, statement)
    assert len(of(store, call(), agent(101.0, 109.9)).lost) == 1


def test_silence_is_found_wherever_it_is(store: Path):
    assert len(of(store, call()).silent) == 1
    assert len(of(store, call(), message(105.0, 109.9)).silent) == 1
    assert of(store, call(ended_at=104.0), message(102.3, 103.8)).silent == []


def test_a_conversation_that_the_dialer_ends_or_lets_fall_silent_is_cut(store: Path):
    assert len(of(store, call(EndedBy.DIALER), agent(101.0, 109.9)).cut) == 1
    assert len(of(store, call(), agent(101.0, 107.0)).cut) == 1


def test_what_falls_with_asterisk_is_counted_and_not_blamed(store: Path):
    [plan] = [one for one in schedule(9, 1) if one.fault is Fault.KILL_ASTERISK]
    done = Done(plan=plan, from_at=105.0, up_at=107.0, back_at=107.5)
    found = of(store, call(), agent(101.0, 105.0), done=(done,))
    assert (found.problems(), found.fell_with_asterisk) == ([], 1)
    later = Done(plan=plan, from_at=115.0, up_at=117.0, back_at=117.5)
    assert len(of(store, call(), agent(101.0, 105.0), done=(later,)).cut) == 1


def test_a_schedule_is_its_seeds_and_has_every_kind_of_fault():
    assert schedule(25, 3) == schedule(25, 3) != schedule(25, 4)
    assert {plan.fault for plan in schedule(9, 3)} == set(Fault)


def test_sipps_log_is_read_up_to_the_line_that_is_being_written(tmp_path: Path):
    log = tmp_path / "invites.txt"
    log.write_text(
        "INVITE 2026-11-24\t03:00:00.1\t100.125 id-1 +8619900000001 4000\n"
        "INVITE 2026-11-24\t03:00:00.2\t100.250 id-2 +8619900000002 4002\n"
        "ANSWER 2026-11-24\t03:00:00.3\t101.5 id-1\n"
        "HUNGUP 2026-11-24\t03:00:00.3\t102.5 id-1\n"
        "INVITE 2026-11-24\t03:00:00.2\t103.250 id-3 +86199",
        encoding="ascii",
    )
    first, second = seen_calls(log)
    assert (first.number, first.audio_port, first.invited_at) == ("+8619900000001", 4000, 100.125)
    assert (first.answered_at, first.ended_at, first.ended_by) == (101.5, 102.5, EndedBy.DIALER)
    assert (second.answered_at, second.ended_by) == (None, EndedBy.NOBODY)
