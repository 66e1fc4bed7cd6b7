"""What a campaign's own calls teach, read from a store that an engine's writes have filled; and figures of runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import fmean
from zoneinfo import ZoneInfo

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import floor_world as fw
from dialer.past import PastCall, Stay
from dialer.sim.behaviour import Behaviour, Rest
from dialer.sim.durations import Empirical, Lognormal, Uniform
from dialer.sim.forecast import forecast
from dialer.sim.history import Learned, learn, real_day
from dialer.sim.measures import RunResult
from dialer.sim.run import simulate
from dialer.sim.samples import FEWEST_SAMPLES
from dialer.store.history import agent_stays, last_call_at, leads_for, past_calls
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentId, AgentState, Mode, Outcome
from lived_day import live

SHANGHAI = ZoneInfo("Asia/Shanghai")
START_AT = fw.EPOCH  # ten in the morning
HOURS = 1.5
END_AT = START_AT + timedelta(hours=HOURS)
CREW = tuple(fw.crowd(5))
TRUTH = Behaviour(
    answer_ratio=0.35,
    talk=Lognormal(mean_s=40.0, cv=0.7),
    wrap_up=Lognormal(mean_s=12.0, cv=0.4),
    ring=Lognormal(mean_s=7.0, cv=0.3),
    rest=Rest(no_answer=0.5, busy=0.3, rejected=0.2, unreachable=0.0, invalid=0.0, congestion=0.0),
    break_gap_s=600.0,
    break_length=Uniform(low_s=60.0, high_s=180.0),
    agent_speed_spread=0.0,
)
SPRING = fw.campaign(mode=Mode.PROGRESSIVE, record=False, wrap_up_limit_s=600.0)


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SqliteStore, RunResult]]:
    """An hour and a half of five people."""
    store = SqliteStore.create(tmp_path_factory.mktemp("store") / "store.db")
    dialer = fw.settings(CREW)
    result = live(store, dialer, SPRING, TRUTH, start_at=START_AT, hours=HOURS, accounts=900, seed=11)
    yield store, result
    store.close()


def taught(store: SqliteStore) -> Learned:
    calls = past_calls(store, SPRING.name, START_AT, END_AT)
    codes = [entry.code for entry in SPRING.dispositions]
    return learn(calls, agent_stays(store, SPRING.name, START_AT, END_AT), Behaviour(), SHANGHAI, codes=codes)


def test_history_teaches_how_the_world_was(lived: tuple[SqliteStore, RunResult]) -> None:
    store, result = lived
    learned = taught(store)
    found = learned.behaviour
    assert learned.left_out == ()
    assert learned.answers == pytest.approx(result.answered, abs=len(CREW))  # some were still talking
    assert [ratio for _, ratio in found.answers.points] == pytest.approx([0.35] * len(found.answers.points), abs=0.08)
    for name in ("talk", "wrap_up", "ring"):
        assert isinstance(getattr(found, name), Empirical)
        assert getattr(found, name).mean_s == pytest.approx(getattr(TRUTH, name).mean_s, rel=0.2), name
    assert found.break_gap_s == pytest.approx(TRUTH.break_gap_s, rel=0.5)
    assert found.rest.busy == pytest.approx(TRUTH.rest.busy, abs=0.1)
    assert found.rest.invalid == 0.0
    assert learned.samples["talk"] == pytest.approx(result.bridged, abs=len(CREW))
    assert {code for code, _ in found.dispositions} <= {entry.code for entry in SPRING.dispositions}


def test_a_real_day_has_the_figures_of_the_day(lived: tuple[SqliteStore, RunResult]) -> None:
    store, result = lived
    calls = past_calls(store, SPRING.name, START_AT, END_AT)
    stays = agent_stays(store, SPRING.name, START_AT, END_AT)
    day = real_day(START_AT.astimezone(SHANGHAI).date(), calls, stays, SHANGHAI)
    assert day is not None
    assert day.agents == tuple(sorted(agent.id for agent in CREW))
    assert day.hours == pytest.approx(HOURS, abs=0.1)
    assert day.figures["occupancy"] == pytest.approx(result.occupancy, abs=0.01)
    assert day.figures["abandonment_ratio"] == pytest.approx(result.abandonment_ratio, abs=1e-3)
    assert day.figures["answered"] == pytest.approx(result.answered, abs=len(CREW))
    assert day.figures["placed"] == pytest.approx(result.placed, abs=len(CREW))  # not those still in the air
    assert day.figures["agent_hours"] == pytest.approx(result.agent_hours, rel=0.02)
    assert real_day(START_AT.date() + timedelta(days=1), calls, stays, SHANGHAI) is None


def test_a_day_simulated_from_what_it_taught_is_like_it(lived: tuple[SqliteStore, RunResult]) -> None:
    store, result = lived
    behaviour = taught(store).behaviour
    runs = [
        simulate(fw.settings(CREW), SPRING, behaviour, seed=seed, hours=HOURS, start_at=START_AT) for seed in range(3)
    ]
    assert fmean(run.occupancy for run in runs) == pytest.approx(result.occupancy, abs=0.06)
    assert fmean(run.answered for run in runs) == pytest.approx(result.answered, rel=0.15)


def test_the_list_for_a_day_leaves_out_who_may_not_be_called_then(lived: tuple[SqliteStore, RunResult]) -> None:
    store, result = lived
    tomorrow = START_AT + timedelta(days=1)
    leads = leads_for(store, SPRING.list_name, tomorrow, tomorrow + timedelta(hours=8))
    progress = store.list_progress(SPRING.list_name, at=tomorrow + timedelta(hours=8))
    assert 0 < len(leads) <= progress.total - progress.done
    assert len(leads) == pytest.approx(progress.dialable_now, abs=20)  # some are leased
    assert sum(lead.attempts_total for lead in leads) > 0
    assert all(lead.debtor_name == "" and lead.number.startswith("+861390") for lead in leads)
    assert last_call_at(store, SPRING.name, END_AT) is not None
    assert last_call_at(store, SPRING.name, START_AT) is None
    assert result.accounts_left is not None


def test_too_few_samples_leave_the_stand_ins(lived: tuple[SqliteStore, RunResult]) -> None:
    calls = past_calls(lived[0], SPRING.name, START_AT, END_AT)
    answered = [call for call in calls if call.talk_s is not None][: FEWEST_SAMPLES - 1]
    learned = learn(answered, (), TRUTH, SHANGHAI)
    assert {"talk", "wrap_up", "ring", "break_length"} <= set(learned.left_out)
    assert learned.behaviour.talk is TRUTH.talk
    assert learned.behaviour.break_gap_s == TRUTH.break_gap_s


def call(hour: int, outcome: Outcome = Outcome.NO_ANSWER) -> PastCall:
    return PastCall(at=datetime(2026, 3, 10, hour, 30, tzinfo=SHANGHAI).astimezone(UTC), outcome=outcome)


def test_the_answer_ratio_is_by_the_hour_and_thin_hours_are_taken_together() -> None:
    def hour(number: int, calls: int, answered: int) -> list[PastCall]:
        return [call(number, Outcome.ABANDONED if one < answered else Outcome.NO_ANSWER) for one in range(calls)]

    calls = [*hour(9, 200, 20), *hour(10, 60, 30), *hour(11, 60, 30), *hour(18, 300, 90), *hour(19, 10, 10)]
    curve = learn(calls, (), Behaviour(), SHANGHAI).behaviour.answers
    assert curve.over == "day"
    assert [round(ratio, 3) for _, ratio in curve.points] == [0.1, 0.5, round(100 / 310, 3)]
    assert curve.points[0][0] == 9.5 * 3600
    assert curve.points[1][0] == 11.0 * 3600


def test_our_own_faults_say_nothing_of_people() -> None:
    calls = [*(call(9, Outcome.ABANDONED) for _ in range(50)), *(call(9, Outcome.TRUNK_FAILED) for _ in range(50))]
    assert learn(calls, (), Behaviour(), SHANGHAI).behaviour.answers.points[0][1] == 1.0


def test_a_pause_while_the_hours_are_closed_is_no_break() -> None:
    def stay(state: AgentState, since: int, until: int) -> Stay:
        at = datetime(2026, 3, 10, tzinfo=SHANGHAI).astimezone(UTC)
        return Stay(
            agent_id=AgentId("anna"),
            state=state,
            from_at=at + timedelta(minutes=since),
            to_at=at + timedelta(minutes=until),
        )

    day = [stay(AgentState.PAUSED, 470, 480), stay(AgentState.READY, 480, 720), stay(AgentState.PAUSED, 720, 840)]
    day += [
        stay(state, 840 + 10 * n, 850 + 10 * n)
        for n, state in enumerate([AgentState.READY, AgentState.PAUSED] * FEWEST_SAMPLES)
    ]
    day += [stay(AgentState.READY, 1300, 1301), stay(AgentState.OFFLINE, 1301, 1400)]
    calls = [call(9, Outcome.ABANDONED)]
    noon = datetime(2026, 3, 10, 13, 0, tzinfo=SHANGHAI)
    found = learn(calls, day, Behaviour(), SHANGHAI, is_open=lambda at: at != noon).behaviour
    assert isinstance(found.break_length, Empirical)
    assert set(found.break_length.samples_s) == {600.0}
    assert found.break_gap_s == pytest.approx((240 + 201) * 60 / FEWEST_SAMPLES)


# --- figures over runs ---------------------------------------------------------------------------------


def test_abandonment_is_pooled_with_the_interval_of_a_ratio(lived: tuple[SqliteStore, RunResult]) -> None:
    base = lived[1]
    runs = [replace(base, abandoned=lost, answered=answered) for lost, answered in ((0, 10), (30, 300), (9, 90))]
    told = forecast(runs, 0.05)
    figure = told.figures["abandonment_ratio"]
    assert figure.mean == 39 / 400
    assert (figure.least, figure.most, told.over_target) == (0.0, 0.1, 2)
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < 0.1 < figure.high
    # The run with ten answers hardly counts: the plain mean of ratios would be 0.067, and its interval 0.29 wide.
    assert figure.high - figure.low < 0.04


def test_a_single_run_has_no_interval_and_an_endless_list_no_end(lived: tuple[SqliteStore, RunResult]) -> None:
    told = forecast([replace(lived[1], accounts_left=None, done_s=None)], 0.03)
    assert told.figures["occupancy"].low is None
    assert told.finished is None
    assert "done_s" not in told.figures


def test_what_held_pacing_back_adds_up_to_the_time_in_which_it_dialled(lived: tuple[SqliteStore, RunResult]) -> None:
    told = forecast([lived[1]], 0.03)
    assert sum(told.limits.values()) == pytest.approx(1.0)
    assert next(iter(told.limits)) == "agents"
    assert sum(lived[1].limit_s.values()) <= HOURS * 3600.0
    narrow = simulate(
        fw.settings(CREW, trunks=[fw.trunk(channels=2)]), SPRING, TRUTH, seed=1, hours=0.2, start_at=START_AT
    )
    assert forecast([narrow], 0.03).limits["trunk"] > 0.5
