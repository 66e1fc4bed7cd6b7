"""Runs: the same again and again, the same customers for every rule, an oracle that is right."""

from __future__ import annotations

import gc
import json
import math
from dataclasses import replace
from datetime import UTC, datetime
from statistics import fmean

import pytest

from dialer import pacing
from dialer.errors import SettingsError
from dialer.facts import DispositionTold
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings
from dialer.sim.behaviour import Behaviour, BehaviourError, Curve, MassBreak, Rest, Shift, empirical
from dialer.sim.draws import CHUNK, CallDraws
from dialer.sim.durations import Empirical, Exponential, Fixed, Lognormal, Uniform
from dialer.sim.lines import Stage
from dialer.sim.many import Case, interval, simulate_many
from dialer.sim.oracle import Oracle
from dialer.sim.run import make_world, simulate
from dialer.types import AgentId, AgentState, AttemptId, DispositionCode, Mode
from sim_world import BUSY_ELSE, RESTLESS, campaign, dialer, fw
from test_facts import LIVELY, Watched

QUICK = replace(LIVELY, shifts=())


class Patient:
    """A rule with a memory: every second time it is asked it places one call."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, view: PoolView, _: Estimates, __: PacingSettings) -> Decision:
        self.asked += 1
        return Decision(calls=min(self.asked % 2, view.leads, view.progressive), limit="agents", reason="patience")


def cases() -> list[Case]:
    settings = campaign(Mode.PREDICTIVE)
    common = Case(name="ours", dialer=dialer(), campaign=settings, behaviour=QUICK, hours=0.1, agents=4)
    return [common, replace(common, name="patient", rule=Patient()), replace(common, name="list", accounts=50)]


# --- the same again ---------------------------------------------------------------------------------------


def test_the_same_arguments_give_the_same_figures_to_the_last_digit() -> None:
    first, second = ([run.results for run in simulate_many(cases(), seeds=(1, 2))] for _ in range(2))
    assert first == second
    assert len({repr(result) for results in first for result in results}) == 6


def test_the_number_of_processes_changes_nothing() -> None:
    done: list[tuple[int, int]] = []
    many = simulate_many(cases(), seeds=(1, 2), processes=2, progress=lambda *count: done.append(count))
    assert many == simulate_many(cases(), seeds=(1, 2))
    assert done == [(count, 6) for count in range(1, 7)]
    assert [run.case for run in many] == ["ours", "patient", "list"]


# --- common random numbers ---------------------------------------------------------------------------------


def fates(mode: Mode, ratio: float) -> list[tuple[float, tuple[int, int | None] | None, bool]]:
    settings = campaign(mode)
    settings = replace(settings, pacing=replace(settings.pacing, ratio=ratio))
    world = make_world(dialer(), settings, replace(QUICK, answer_ratio=0.2, answer_spread=0.0), seed=4, agents=6)
    seen = {}
    world.record.placed = lambda line: seen.update({line.index: line})  # type: ignore[method-assign]
    world.record.line_over = lambda line: None  # type: ignore[method-assign]
    world.run(900.0)
    lines = [seen[index] for index in range(len(seen))]
    return [(round(one.settled_s - one.placed_s, 6), one.end, one.is_machine) for one in lines]


def test_a_call_has_the_same_fate_whoever_places_it_and_when() -> None:
    slow, fast = fates(Mode.PROGRESSIVE, 1.0), fates(Mode.POWER, 4.0)
    assert 80 < len(slow) < len(fast)
    assert fast[: len(slow)] == slow


def test_what_one_setting_changes_leaves_the_other_numbers_alone() -> None:
    one = CallDraws(Behaviour(), 7, ring_timeout_s=30.0)
    other = CallDraws(Behaviour(talk=Exponential(mean_s=9.0)), 7, ring_timeout_s=30.0)
    index = 2 * CHUNK + 5
    assert one.fate.of(index) == other.fate.of(index)
    assert one.ring.of(index) == other.ring.of(index)
    assert one.talk.of(index) != other.talk.of(index)
    assert CallDraws(Behaviour(), 8, ring_timeout_s=30.0).fate.of(index) != one.fate.of(index)


def test_draws_have_the_means_and_bounds_that_were_asked_for() -> None:
    behaviour = Behaviour(ring=Lognormal(mean_s=12.0, cv=0.5), talk=Lognormal(mean_s=80.0, cv=1.3))
    draws = CallDraws(behaviour, 1, ring_timeout_s=18.0)
    draws.talk.of(40_000)
    assert fmean(draws.talk) == pytest.approx(80.0, rel=0.03)
    draws.ring.of(5_000)
    totals = [ring + delay for ring, delay in zip(draws.ring, draws.delay, strict=False)]
    assert max(totals) < 18.0 and min(draws.ring) > 0.0
    shares = [CallDraws(QUICK, seed, ring_timeout_s=30.0).says_machine(0, is_machine=True) for seed in range(400)]
    assert fmean(shares) == pytest.approx(0.7, abs=0.08)


# --- the oracle --------------------------------------------------------------------------------------------


class Prophet:
    """Progressive, and writes down what the oracle says."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.answers: dict[int, float] = {}
        self.frees: dict[tuple[AgentId, AttemptId], float] = {}

    def __call__(self, view: PoolView, estimates: Estimates, settings: PacingSettings) -> Decision:
        decision = pacing.decide(replace(view, mode=Mode.PROGRESSIVE), estimates, settings)
        ours = self.oracle._network
        for ahead in range(decision.calls):
            answer_s = self.oracle.answer_of_next(ahead)
            if answer_s is not None:
                self.answers[ours.placed + ahead] = answer_s
        for name, free_s in self.oracle.free_at().items():
            person = self.oracle._people.everybody[name]
            if person.state in (AgentState.RESERVED, AgentState.TALKING) and person.attempt_id is not None:
                self.frees.setdefault((name, person.attempt_id), free_s)  # the first word counts
        in_air = self.oracle.answers_in_air()
        assert len(in_air) == len(view.dialling_s) + len(view.ringing_s)
        assert all(answer_s is None or answer_s >= self.oracle.now_s for answer_s in in_air)
        return decision


def test_the_oracle_foresees_every_answer_and_every_free_agent() -> None:
    prophets: list[Prophet] = []

    def make_rule(oracle: Oracle) -> Prophet:
        prophets.append(Prophet(oracle))
        return prophets[0]

    behaviour = Behaviour(answer_ratio=0.3, rest=BUSY_ELSE, break_gap_s=0.0, talk=Lognormal(mean_s=30.0, cv=1.0))
    watched = Watched(dialer(), campaign(), behaviour, agents=4, make_rule=make_rule)
    world, lines = watched.world, {}
    world.record.bridged = lambda line, now_s: lines.update({line.index: line})  # type: ignore[method-assign]
    world.run(1800.0)
    (prophet,) = prophets
    met = {index: line.settled_s for index, line in lines.items()}
    foreseen = {index: answer_s for index, answer_s in prophet.answers.items() if answer_s < 1795.0}
    assert len(met) > 50
    assert met == {index: pytest.approx(answer_s) for index, answer_s in foreseen.items()}
    concluded = sorted(s for s, fact in watched.facts if isinstance(fact, DispositionTold))
    wrapped_up = sorted(free_s for free_s in prophet.frees.values() if free_s < 1799.0)
    assert concluded == pytest.approx(wrapped_up, abs=0.01)  # a bridge takes 5 ms


# --- people ------------------------------------------------------------------------------------------------


def test_agents_come_go_and_take_breaks_as_their_shifts_say() -> None:
    behaviour = replace(
        RESTLESS,
        answer_ratio=0.3,
        rest=BUSY_ELSE,
        talk=Fixed(mean_s=20.0),
        shifts=(Shift(agents=3, spread_s=0.0), Shift(agents=2, login_s=600.0, logout_s=1200.0, spread_s=0.0)),
        mass_breaks=(MassBreak(at_s=1500.0, length_s=300.0),),
    )
    world = make_world(dialer(), campaign(Mode.PROGRESSIVE), behaviour, seed=1, agents=6)
    result = world.run(2400.0)
    agents = [slot.agents for slot in result.series]
    assert agents == pytest.approx([3, 3, 5, 5, 3, 0, 3, 3], abs=0.4)
    assert agents[4] >= 3.0  # who talks at the end of the shift stays until it is over
    assert world.people.everybody[AgentId("sim0006")].state is AgentState.OFFLINE
    assert result.state_s[AgentState.PAUSED] == pytest.approx(3 * 300.0)


def test_made_up_agents_are_alike_the_campaigns_own() -> None:
    people = [fw.agent("a", team="gold", skills={"calm": 2}), fw.agent("b", team="gold"), fw.agent("c", team="late")]
    settings = campaign(teams=("gold",))
    world = make_world(fw.settings(people), settings, Behaviour(), seed=1, agents=5)
    assert [person.settings.skills for person in world.people.everybody.values()] == [{"calm": 2}, {}] * 2 + [
        {"calm": 2}
    ]
    own = make_world(fw.settings(people), settings, Behaviour(), seed=1)
    assert list(own.people.everybody) == ["a", "b"]


# --- figures -----------------------------------------------------------------------------------------------


def test_figures_agree_with_each_other() -> None:
    world = make_world(dialer(), campaign(Mode.POWER), QUICK, seed=2, agents=8)
    result = world.run(3600.0)
    assert result.answered == result.bridged + result.abandoned + result.early_hangups
    assert sum(slot.placed for slot in result.series) == result.placed
    assert sum(slot.answered for slot in result.series) == result.answered
    assert sum(slot.abandoned for slot in result.series) == result.abandoned
    at_work_h = sum(slot.agents for slot in result.series) * 300.0 / 3600.0
    assert at_work_h == pytest.approx(result.agent_hours)
    busy = [slot.agents * slot.occupancy for slot in result.series if slot.occupancy is not None]
    assert sum(busy) * 300.0 == pytest.approx(result.occupancy * result.agent_hours * 3600.0)
    floor_s = {}
    for agent in world.floor.state.agents.values():
        since = {agent.state: 3600.0 - agent.since_s}
        for state, seconds in [*agent.totals.by_state_s.items(), *since.items()]:
            floor_s[state] = floor_s.get(state, 0.0) + seconds
    for state, seconds in result.state_s.items():
        assert seconds == pytest.approx(floor_s[AgentState(state)]), state
    tally = next(iter(world.floor.state.campaigns.values())).tally
    assert result.abandoned == tally.abandoned and result.placed == tally.dialled
    assert 0.0 < result.wait_p50_s <= result.wait_p95_s <= result.wait_max_s
    assert result.peak_calls <= sum(result.trunk_peaks.values())


def test_a_run_leaves_nothing_that_only_the_collector_of_cycles_would_find() -> None:
    first, second = (make_world(dialer(), campaign(), QUICK, seed=seed, agents=6, accounts=400) for seed in (1, 2))
    first.run(300.0)
    gc.collect()
    second.run(1800.0)
    assert gc.collect() < 50
    assert gc.isenabled(), "a run lets it rest, not longer"


def test_a_warm_up_is_not_counted() -> None:
    def run(warm_up_s: float) -> tuple[float, int]:
        result = simulate(dialer(), campaign(Mode.POWER), QUICK, seed=2, hours=0.5, agents=4, warm_up_s=warm_up_s)
        return result.measured_s, result.placed

    whole, cut = run(0.0), run(600.0)
    assert (whole[0], cut[0]) == (1800.0, 1200.0)
    assert 0 < cut[1] < whole[1]


def test_a_run_may_begin_with_what_another_has_learned() -> None:
    taught = Estimates.initial(PacingSettings())
    taught.talk.observe(77.0)
    taught.price.observe(price=0.5, abandoned=True)
    seen: list[dict[str, object]] = []

    def watched(view: PoolView, estimates: Estimates, settings: PacingSettings) -> Decision:
        seen.append(estimates.as_dict())
        return pacing.decide(view, estimates, settings)

    simulate(dialer(), campaign(), RESTLESS, seed=1, hours=0.01, rule=watched, learned=json.dumps(taught.as_dict()))
    assert seen[0] == taught.as_dict()
    seen.clear()
    simulate(dialer(), campaign(), RESTLESS, seed=1, hours=0.01, rule=watched)
    assert seen[0] == Estimates.initial(PacingSettings()).as_dict()


def test_intervals_are_students() -> None:
    found = interval([1.0, 2.0, 3.0, 4.0])
    assert found.mean == 2.5
    assert found.half_width == pytest.approx(3.1824 * math.sqrt(5.0 / 3.0) / 2.0)
    assert found.holds(found.high) and not found.holds(found.low - 0.01)
    assert interval([1.0]).half_width == math.inf


# --- what cannot be ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Behaviour(answer_ratio=1.2), "answer_ratio is 1.2; give a ratio"),
        (lambda: Behaviour(break_gap_s=-1.0), "break_gap_s is -1; give a number, 0 or more"),
        (lambda: Behaviour(dispositions=(("a", 0.5),)), "add up to 0.5"),
        (lambda: Rest(busy=0.5), "add up to 1.38"),
        (lambda: Curve(points=()), "no points"),
        (lambda: Curve(points=((2.0, 0.1), (1.0, 0.1))), "order of time"),
        (lambda: Curve(points=((2.0, -0.1),)), "the curve at 2 s is -0.1"),
        (lambda: Shift(agents=0), "0 agents"),
        (lambda: Shift(agents=1, login_s=9.0, logout_s=8.0), "from 9 to 8 s"),
        (lambda: MassBreak(at_s=1.0, length_s=0.0), "lasts 0 s"),
        (lambda: Lognormal(mean_s=0.0), "mean_s is 0"),
        (lambda: Fixed(mean_s=math.nan), "mean_s is nan"),
        (lambda: Uniform(low_s=2.0, high_s=1.0), "2 to 1 s is no span"),
        (lambda: Empirical(()), "no samples"),
        (lambda: empirical([1.0, -1.0]), "a sample is -1"),
    ],
)
def test_a_world_that_cannot_be_is_refused_with_the_reason(make: object, says: str) -> None:
    with pytest.raises(BehaviourError, match=says) as caught:
        make()  # type: ignore[operator]
    assert isinstance(caught.value, SettingsError)


def test_what_does_not_fit_together_is_refused() -> None:
    def run(behaviour: Behaviour = QUICK, **more: object) -> None:
        simulate(dialer(), campaign(), behaviour, **({"seed": 1, "hours": 0.1, "agents": 2} | more))  # type: ignore[arg-type]

    with pytest.raises(BehaviourError, match="shifts need 3 agents, but there are 2"):
        run(replace(QUICK, shifts=(Shift(agents=3),)))
    with pytest.raises(BehaviourError, match="nope is not a disposition of spring; use no_result"):
        run(replace(QUICK, dispositions=(("nope", 1.0),)))
    with pytest.raises(BehaviourError, match="nobody works"):
        run(agents=0)
    with pytest.raises(BehaviourError, match="leaves nothing"):
        run(warm_up_s=360.0)


def test_a_curve_goes_straight_between_points_and_jumps_at_steps() -> None:
    curve = Curve(points=((10.0, 0.2), (20.0, 0.4), (20.0, 0.1), (30.0, 0.1)))
    assert [curve.at(s) for s in (0.0, 15.0, 20.0, 25.0, 99.0)] == pytest.approx([0.2, 0.3, 0.1, 0.1, 0.1])


def test_answers_follow_the_curve_of_the_day() -> None:
    """The run begins at midnight in Shanghai; people answer from the second quarter of an hour on."""
    night = Curve(points=((0.0, 0.0), (900.0, 0.0), (900.0, 1.0)), over="day")
    result = simulate(
        dialer(),
        campaign(Mode.PROGRESSIVE),
        replace(RESTLESS, answer_ratio=night),
        seed=1,
        hours=1.0 / 3.0,
        agents=2,
        start_at=datetime(2026, 3, 9, 16, 0, tzinfo=UTC),
    )
    assert [slot.answered > 0 for slot in result.series] == [False, False, False, True]


def test_lines_end_where_they_began_to_be_counted() -> None:
    world = make_world(dialer(), campaign(Mode.POWER), QUICK, seed=3, agents=4)
    world.run(600.0)
    assert {line.stage for line in world.network.lines.values()} <= set(Stage) - {Stage.OVER}
    assert sum(world.record.trunk_calls.values()) == len(world.network.lines)


def test_the_drawn_dispositions_come_in_the_shares_asked_for() -> None:
    behaviour = replace(QUICK, patience=None, dispositions=(("promise", 0.25), ("refused", 0.75)))
    watched = Watched(dialer(), campaign(Mode.PROGRESSIVE), replace(behaviour, rest=BUSY_ELSE), agents=20)
    watched.world.run(3600.0)
    codes = [fact.code for _, fact in watched.facts if isinstance(fact, DispositionTold)]
    assert len(codes) > 400
    assert codes.count(DispositionCode("promise")) / len(codes) == pytest.approx(0.25, abs=0.06)
