"""A trunk that does nothing but fail is left alone, so that it cannot burn a list."""

from __future__ import annotations

import pytest

import floor_world as fw
from dialer.floor.state import FAULTS_TO_REST, FIRST_REST_S, LONGEST_REST_S, TrunkLoad
from dialer.settings import TrunkSettings
from dialer.types import Outcome


def a_trunk() -> TrunkLoad:
    return TrunkLoad(
        settings=TrunkSettings(name=fw.TRUNK, server=fw.MAIN, host="127.0.0.1", channels=10, calls_per_s=100)
    )


def fail(load: TrunkLoad, times: int, now_s: float) -> list[float]:
    return [load.call_ended(Outcome.TRUNK_FAILED, now_s) for _ in range(times)]


def test_five_faults_in_a_row_begin_a_rest_in_which_nothing_starts():
    load = a_trunk()
    assert fail(load, FAULTS_TO_REST, 100.0) == [0.0] * (FAULTS_TO_REST - 1) + [FIRST_REST_S]
    assert load.may_start(100.0 + FIRST_REST_S - 0.01) == 0


def test_after_the_rest_one_call_is_tried_and_its_failure_doubles_the_rest():
    load = a_trunk()
    fail(load, FAULTS_TO_REST, 100.0)
    assert load.may_start(100.0 + FIRST_REST_S) == 1
    load.in_use = 1
    assert load.may_start(100.0 + FIRST_REST_S) == 0
    assert load.call_ended(Outcome.CONGESTION, 106.0) == 2 * FIRST_REST_S


def test_calls_placed_before_the_rest_do_not_lengthen_it():
    load = a_trunk()
    fail(load, FAULTS_TO_REST, 100.0)
    assert fail(load, 20, 101.0) == [0.0] * 20
    assert load.rests_until_s == 100.0 + FIRST_REST_S


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.NO_ANSWER, Outcome.BRIDGED, Outcome.INVALID])
def test_any_call_that_reaches_the_network_clears_the_trunk(outcome: Outcome):
    load = a_trunk()
    fail(load, FAULTS_TO_REST, 100.0)
    load.call_ended(outcome, 106.0)
    assert load.may_start(107.0) > 1
    assert fail(load, FAULTS_TO_REST - 1, 107.0) == [0.0] * (FAULTS_TO_REST - 1)


def test_a_trunk_that_stays_dead_is_tried_again_at_least_every_two_minutes():
    load = a_trunk()
    now_s, rests = 100.0, []
    for _ in range(40):
        rests.append(load.call_ended(Outcome.TRUNK_FAILED, now_s))
        now_s = max(now_s, load.rests_until_s)
    assert max(rests) == LONGEST_REST_S
