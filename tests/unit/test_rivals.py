from __future__ import annotations

import math
from collections.abc import Iterable

import pytest

from benchmarks.pacing.lineup import CLAIRVOYANT, ENTRANTS, FAMILIES, rule, vicidial_neighbours
from benchmarks.pacing.rivals.asking import Metronome
from benchmarks.pacing.rivals.erlang import ExpectedAvailability
from benchmarks.pacing.rivals.fixed import Progressive, RatioOfFree, RatioOfLoggedIn
from benchmarks.pacing.rivals.hazard_window import HazardWindow, Lengths
from benchmarks.pacing.rivals.issabel import Issabel
from benchmarks.pacing.rivals.manual import Manual
from benchmarks.pacing.rivals.seen import Recent, Watch
from benchmarks.pacing.rivals.vicidial import Method, Vicidial, VicidialSettings
from benchmarks.pacing.rivals.wombat import Wombat
from benchmarks.pacing.scenarios import SCENARIOS
from dialer.floor.state import PacingRule
from dialer.pacing import Estimates, PoolView
from dialer.settings import PacingSettings
from dialer.types import Mode

SETTINGS = PacingSettings(
    target_abandonment_ratio=0.03, initial_answer_ratio=0.2, initial_talk_s=100.0, initial_wrap_up_s=20.0
)
ESTIMATES = Estimates.initial(SETTINGS)
ANYWHERE = SCENARIOS["agents-25"]


def view(
    now_s: float = 0.0,
    *,
    ready: int = 0,
    talking: Iterable[float] = (),
    wrapping: Iterable[float] = (),
    dialling: Iterable[float] = (),
    ringing: Iterable[float] = (),
    waiting: int = 0,
    answered: int = 0,
    abandoned: int = 0,
    channels: int = 1000,
    leads: int = 1000,
    calls_per_s: int = 1000,
) -> PoolView:
    """A floor; ages count at `now_s`."""
    return PoolView(
        mode=Mode.PREDICTIVE,
        now_s=now_s,
        ready=ready,
        talking_s=tuple(talking),
        wrapping_s=tuple(wrapping),
        dialling_s=tuple(dialling),
        ringing_s=tuple(ringing),
        waiting=waiting,
        trunk_free=channels,
        leads=leads,
        cps_allowance=calls_per_s,
        answered=answered,
        abandoned=abandoned,
    )


def asked(rival: PacingRule, *views: PoolView) -> list[int]:
    return [rival(one, ESTIMATES, SETTINGS).calls for one in views]


# --- what they share ----------------------------------------------------------------------------------------------


def test_a_loop_comes_round_at_once_and_then_on_its_own_beat_however_it_is_asked():
    loop = Metronome(2.5)
    assert [loop.beats(now_s) for now_s in (10.0, 12.4, 12.6, 15.1, 22.6)] == [1, 0, 1, 1, 3]


def test_two_views_tell_which_calls_ended_who_was_reached_and_how_long_talks_took():
    watch = Watch()
    watch.look(view(100.0, ringing=(1.0, 5.0, 5.0), talking=(30.0, 60.0), wrapping=(4.0,), abandoned=2))
    watch.place(Progressive()(view(100.0, ready=4, ringing=(1.0, 5.0, 5.0)), ESTIMATES, SETTINGS))
    # Of four calls two are gone; one of them was answered. The talk of 30 s and the wrap-up have ended.
    after = view(102.0, dialling=(2.0,), ringing=(7.0,), talking=(62.0, 1.0), wrapping=(1.5,), abandoned=3)
    seen = watch.look(after)
    assert (seen.ended, seen.talks_begun, seen.abandoned, seen.reached) == (2, 1, 1, 2)
    assert seen.talks_s == pytest.approx((31.0,))
    assert seen.wrap_ups_s == pytest.approx((5.0,))


def test_sums_forget_what_is_older_than_their_window():
    recent = Recent(60.0)
    recent.add(0.0, 5, 1)
    recent.add(59.0, 2, 0)
    assert (recent.first, recent.second) == (7, 1)
    recent.add(60.0, 0, 0)
    assert (recent.first, recent.second) == (2, 0)


@pytest.mark.parametrize(
    ("limits", "named"),
    [({"channels": 3}, "trunk"), ({"leads": 3}, "leads"), ({"calls_per_s": 3}, "calls_per_s")],
)
def test_no_rival_goes_past_channels_leads_or_calls_per_second(limits: dict[str, int], named: str):
    decision = RatioOfFree(2.0)(view(ready=5, **limits), ESTIMATES, SETTINGS)
    assert (decision.calls, decision.limit) == (3, named)


# --- without memory -----------------------------------------------------------------------------------------------


def test_progressive_places_a_call_for_each_free_agent_without_one():
    assert asked(Progressive(), view(ready=5, ringing=(1.0, 2.0), waiting=1)) == [2]


def test_a_ratio_of_free_agents_counts_calls_in_the_air():
    assert asked(RatioOfFree(2.5), view(ready=3, ringing=(1.0, 2.0), talking=(9.0,) * 4)) == [7 - 2]


def test_a_ratio_of_logged_in_agents_counts_all_agents_and_all_calls():
    busy = view(ready=3, ringing=(1.0, 2.0), waiting=1, talking=(9.0,) * 4, wrapping=(3.0,))
    assert asked(RatioOfLoggedIn(1.5), busy) == [12 - 3 - 4]


def test_wombat_takes_the_floor_of_boost_times_free_agents_and_stops_while_somebody_waits():
    # The vendor's own example: seven agents, boost 1.3, nine numbers at once.
    assert asked(Wombat(boost=1.3), view(ready=7), view(ready=7, waiting=1)) == [9, 0]
    assert asked(Wombat(boost=1.3, max_waiting=1), view(ready=7, waiting=1)) == [8]


def test_by_hand_an_agent_reads_dials_notes_down_and_reads_again():
    manual = Manual(preview_s=12.0, fail_s=6.0)
    assert asked(manual, view(0.0, ready=2), view(11.9, ready=2), view(12.0, ready=2)) == [0, 0, 2]
    assert asked(manual, view(20.0, ready=2, ringing=(8.0, 8.0))) == [0]
    # One call failed at 22 s: 6 s of notes and 12 s of reading later it is dialled again.
    after = [view(now_s, ready=2, ringing=(now_s - 12.0,)) for now_s in (22.0, 39.9, 40.0)]
    assert asked(manual, *after) == [0, 0, 1]


def test_by_hand_an_agent_who_comes_from_a_talk_only_reads():
    manual = Manual(preview_s=12.0, fail_s=6.0)
    asked(manual, view(0.0, ready=1), view(12.0, ready=1))
    asked(manual, view(20.0, ready=1, ringing=(8.0,)), view(22.0, talking=(0.5,)))
    assert asked(manual, view(60.0, ready=1), view(71.9, ready=1), view(72.0, ready=1)) == [0, 0, 1]


# --- VICIdial -----------------------------------------------------------------------------------------------------


def vicidial(**settings: object) -> Vicidial:
    return Vicidial(VicidialSettings(**settings))  # type: ignore[arg-type]


def live(rival: Vicidial, seconds: range, **floor: object) -> list[float]:
    """The level after each second on a floor that stays as it is."""
    levels = []
    for second in seconds:
        rival(view(float(second), **floor), ESTIMATES, SETTINGS)  # type: ignore[arg-type]
        levels.append(rival.level)
    return levels


def test_vicidial_fills_level_times_counted_agents_and_counts_talks_on_both_sides():
    # round(2 x (3 free + 4 talking)) = 14, less 5 in the air and 4 talked on; wrap-ups are paused there.
    busy = view(ready=3, talking=(9.0,) * 4, wrapping=(2.0,) * 5, ringing=(1.0,) * 4, waiting=1)
    assert asked(vicidial(method=Method.RATIO, level=2.0), busy) == [5]
    # Available only: round(2 x 3) = 6, less 5 in the air.
    assert asked(vicidial(method=Method.RATIO, level=2.0, available_only=True), busy) == [1]


def test_vicidial_places_calls_each_two_and_a_half_seconds_only():
    places = asked(vicidial(method=Method.RATIO, level=2.0), *(view(now_s, ready=4) for now_s in (0.0, 1.0, 2.4, 2.5)))
    assert places == [8, 0, 0, 8]


def test_vicidial_moves_its_level_every_fifteen_seconds_by_the_mean_difference_over_agents():
    # 4 free, 1 waiting, 10 agents: 3 / 10 up. The loop comes round at once, and then each 15 s.
    floor = {"ready": 4, "waiting": 1, "talking": (5.0,) * 5, "wrapping": (1.0,)}
    levels = live(vicidial(method=Method.HARD_LIMIT), range(31), **floor)
    assert levels[0] == pytest.approx(1.3)
    assert levels[14] == pytest.approx(1.3)
    assert levels[15] == pytest.approx(1.69)
    assert levels[30] == pytest.approx(1.69 * 1.3)


def test_vicidial_samples_each_second_and_looks_back_fifteen():
    rival = vicidial(method=Method.HARD_LIMIT, level=2.0)
    live(rival, range(1), ready=0, talking=(5.0,) * 10)
    live(rival, range(1, 9), ready=5, talking=(5.0,) * 5)
    live(rival, range(9, 16), ready=0, talking=(5.0,) * 10)
    # Seconds 1..15: eight of them with 5 free.
    assert rival.level == pytest.approx(2.0 * (1.0 + 5.0 * 8 / 15 / 10))


@pytest.mark.parametrize(
    ("ready", "waiting", "settings", "factor"),
    [
        (5, 0, {"intensity": 0.2}, 1.0 + 0.5 * 1.2),
        (5, 0, {"intensity": -0.2}, 1.0 + 0.5 * 0.8),
        (0, 2, {"intensity": 0.2}, 1.0 - 0.2 * 0.8),
        (0, 2, {"intensity": -0.2}, 1.0 - 0.2 * 1.2),
        (5, 0, {"difference_target": -2.0}, 1.3),
        (5, 0, {"difference_target": 1.0}, 1.6),
    ],
)
def test_vicidial_scales_the_move_by_intensity_and_shifts_it_by_the_target(
    ready: int, waiting: int, settings: dict[str, float], factor: float
):
    rival = vicidial(method=Method.HARD_LIMIT, level=1.5, **settings)
    live(rival, range(1), ready=ready, waiting=waiting, talking=(5.0,) * (10 - ready))
    assert rival.level == pytest.approx(1.5 * factor)


def test_vicidial_stays_between_one_and_its_maximum():
    assert live(vicidial(max_level=2.2), range(40), ready=10)[-1] == 2.2
    assert live(vicidial(level=1.1), range(40), waiting=5, talking=(5.0,) * 10)[-1] == 1.0


def after_calls(rival: Vicidial, *, answered: int, abandoned: int, calls: int, second: int = 60) -> float:
    """The level after a minute in which so many calls ended; the floor is such that nothing moves otherwise."""
    floor = {"ready": 1, "waiting": 1, "talking": (5.0,) * 9, "leads": 0}
    for now in range(second):
        ringing = [0.9] * calls if now == second - 2 else []
        rival(view(float(now), ringing=ringing, **floor), ESTIMATES, SETTINGS)  # type: ignore[arg-type]
    for now in range(second, second + 16):
        rival(view(float(now), answered=answered, abandoned=abandoned, **floor), ESTIMATES, SETTINGS)  # type: ignore[arg-type]
    return rival.level


@pytest.mark.parametrize(
    ("method", "level"),
    # Brakes act at 60 s and at 75 s.
    [(Method.HARD_LIMIT, 1.0), (Method.AVERAGE, 2.0), (Method.TAPERED, 8.0 * (4.0 - 1 / 60) * (4.0 - 1 / 48) / 100)],
)
def test_vicidial_brakes_by_its_method_when_the_days_drops_are_over_the_limit(method: Method, level: float):
    rival = vicidial(method=method, level=8.0, max_level=8.0, shift_hours=4.0)
    assert after_calls(rival, answered=100, abandoned=4, calls=51) == pytest.approx(level)


def test_vicidial_does_not_brake_for_the_day_at_its_limit_or_before_fifty_calls():
    assert after_calls(vicidial(level=2.0), answered=100, abandoned=3, calls=51) == 2.0
    assert after_calls(vicidial(level=2.0), answered=100, abandoned=9, calls=50) == 2.0


def test_vicidial_halves_its_level_when_more_than_half_of_a_minutes_calls_were_dropped():
    rival = vicidial(level=8.0, max_level=8.0, drop_limit_ratio=1.0)
    assert after_calls(rival, answered=100, abandoned=11, calls=21) == pytest.approx(2.0)
    spared = vicidial(level=8.0, max_level=8.0, drop_limit_ratio=1.0)
    assert after_calls(spared, answered=100, abandoned=11, calls=20) == pytest.approx(8.0)


def test_vicidial_looks_at_drops_once_a_minute_only():
    rival = vicidial(method=Method.AVERAGE, level=4.0, max_level=4.0)
    after_calls(rival, answered=100, abandoned=0, calls=51)
    floor = {"ready": 1, "waiting": 1, "talking": (5.0,) * 9, "answered": 100, "abandoned": 9, "leads": 0}
    assert live(rival, range(76, 120), **floor)[-1] == 4.0
    assert live(rival, range(120, 121), **floor)[-1] == 2.0


def test_what_a_limit_per_second_holds_back_of_a_round_follows_until_the_next_round():
    rival = vicidial(method=Method.RATIO, level=2.0)
    views = [view(0.1 * step, ready=5, ringing=(0.1,) * (3 * step), calls_per_s=3) for step in range(5)]
    # Round 2 x 5 = 10; the floor of one view has no more room than three at a time.
    assert asked(rival, *views) == [3, 3, 3, 1, 0]


def test_vicidial_tapers_to_one_when_the_shift_is_over():
    rival = vicidial(method=Method.TAPERED, level=8.0, max_level=8.0, shift_hours=1 / 120)
    assert after_calls(rival, answered=100, abandoned=4, calls=51) == 1.0


def test_vicidial_in_mode_ratio_never_moves():
    assert live(vicidial(method=Method.RATIO, level=2.0), range(60), ready=10)[-1] == 2.0


# --- Issabel ------------------------------------------------------------------------------------------------------


def taught(issabel: Issabel, *, talks: int, calls: int, answers: int) -> float:
    """Let it see talks of 100 s, and calls of which some are answered; returns the moment."""
    issabel(view(0.0, talking=(98.5,) * talks, ringing=(5.0,) * calls), ESTIMATES, SETTINGS)
    issabel(view(3.0, talking=(0.5,) * answers), ESTIMATES, SETTINGS)
    return 6.0


def test_issabel_divides_free_agents_by_the_answer_ratio_but_by_a_fifth_at_least():
    for answers, expected in ((20, 6), (4, 15)):
        issabel = Issabel()
        now_s = taught(issabel, talks=0, calls=40, answers=answers)
        assert asked(issabel, view(now_s, ready=3)) == [expected]


def test_issabel_takes_queued_callers_and_calls_in_the_air_off_before_it_divides():
    issabel = Issabel()
    now_s = taught(issabel, talks=0, calls=40, answers=20)
    assert asked(issabel, view(now_s, ready=5, waiting=1, ringing=(1.0, 1.0))) == [4]


def test_issabel_counts_agents_whose_talk_is_longer_than_nearly_all_talks():
    # 1 - exp(-(x + 12.5) / 100) >= 0.97 from x = 338.2 s on.
    limit_s = -100.0 * math.log(0.03) - 12.5
    for talked_s, expected in ((limit_s - 1.0, 0), (limit_s + 1.0, 1)):
        issabel = Issabel(ring_s=12.5, overcommit=False)
        now_s = taught(issabel, talks=10, calls=0, answers=0)
        assert asked(issabel, view(now_s, talking=(talked_s,))) == [expected]
    beginner = Issabel(overcommit=False)
    now_s = taught(beginner, talks=9, calls=0, answers=0)
    assert asked(beginner, view(now_s, talking=(limit_s + 1.0,))) == [0]


# --- means and windows --------------------------------------------------------------------------------------------


def test_expected_availability_sets_expected_agents_against_the_answer_ratio():
    # 0.5 x (4 + 6 x (1 - exp(-12.5 / 120))) / 0.2 = 11.48, less 3 in the air.
    busy = view(ready=4, talking=(50.0,) * 4, wrapping=(5.0,) * 2, ringing=(1.0,) * 3)
    rival = ExpectedAvailability(ring_s=12.5, caution=0.5)
    first = asked(rival, busy)
    assert rival.caution == pytest.approx(0.515)
    expected = 0.515 * (4 + 6 * (1 - math.exp(-12.5 / 120))) / 0.2 - 3
    assert first == [math.floor(expected)]


def test_expected_availability_becomes_careful_over_the_target_and_bold_within():
    rival = ExpectedAvailability(caution=1.0)
    asked(rival, view(0.0, ready=1), view(30.0, ready=1, answered=100, abandoned=5))
    assert rival.caution == pytest.approx(1.03 * 0.9)


def test_expected_availability_remembers_a_bad_spell_for_a_quarter_of_an_hour():
    rival = ExpectedAvailability(caution=1.0)
    good = {"ready": 1, "answered": 10_000}
    asked(rival, view(0.0, abandoned=0, **good), view(20.0, abandoned=5, **good), view(30.0, abandoned=5, **good))
    assert rival.caution == pytest.approx(1.03 * 0.9)
    asked(rival, view(910.0, abandoned=5, **good), view(930.0, abandoned=5, **good))
    assert rival.caution == pytest.approx(1.03 * 0.9 * 0.9 * 1.03)


def test_lengths_weigh_an_agent_by_the_chance_to_end_within_the_window_given_the_age():
    lengths = Lengths(1e-6)  # a prior far below
    for length_s in (10.0, 20.0, 30.0, 40.0):
        lengths.add(length_s)
    # Past 15 s there are 20, 30 and 40; two of them end by 35.
    assert lengths.weights((15.0,), 20.0) == pytest.approx(2 / 3)
    assert lengths.weights((15.0, 35.0), 20.0) == pytest.approx(2 / 3 + 1.0)
    assert lengths.weights((50.0,), 20.0) == 0.0


def test_the_hazard_window_sets_free_agents_and_weights_against_the_mean_answer_ratio():
    # A floor of free agents only: (0.618 x 10 - 1 waiting) / 0.2 - 2 ringing; 0.6 was moved by 3 %.
    rival = HazardWindow(share=0.6)
    assert asked(rival, view(ready=10, waiting=1, ringing=(1.0, 2.0))) == [math.floor((0.618 * 10 - 1) / 0.2) - 2]


def test_the_hazard_window_opens_within_the_target_and_closes_over_it():
    rival = HazardWindow(share=1.0)
    asked(rival, *(view(20.0 * step, ready=1) for step in range(5)))
    assert rival.window_s == pytest.approx(1.5)
    asked(rival, view(100.0, ready=1, answered=10, abandoned=3), view(120.0, ready=1, answered=10, abandoned=3))
    assert (rival.window_s, rival.share) == (0.0, 1.0)
    asked(rival, view(140.0, ready=1, answered=10, abandoned=3))
    assert rival.share == pytest.approx(0.93)


# --- all of them --------------------------------------------------------------------------------------------------

NAMES = [entrant.rule for entrant in ENTRANTS if entrant.rule != CLAIRVOYANT]


@pytest.mark.parametrize("name", NAMES)
def test_a_rule_answers_the_same_to_the_same_views(name: str):
    def day() -> list[int]:
        rival, ringing, calls = rule(name, ANYWHERE), list[float](), list[int]()
        for step in range(400):
            now_s = 0.5 * step
            ringing = [age_s + 0.5 for age_s in ringing if age_s < 15.0 + (step % 7)]
            answered, abandoned = step // 3, step // 90
            floor = view(
                now_s,
                ready=3 + step % 5,
                talking=[now_s - began for began in range(0, int(now_s), 20)],
                ringing=ringing,
                waiting=step % 11 == 0,
                answered=answered,
                abandoned=abandoned,
            )
            calls.append(rival(floor, ESTIMATES, SETTINGS).calls)
            ringing += [0.0] * calls[-1]
        return calls

    first = day()
    assert first == day()
    assert sum(first) > 0


def test_every_candidate_of_every_family_can_be_made():
    for family in FAMILIES:
        for name in (*family.first, *family.neighbours(family.first[-1], 0.03)):
            rule(name, ANYWHERE)


def test_neighbours_differ_in_one_setting_levels_by_a_step_and_limits_by_the_target():
    names = vicidial_neighbours("vicidial:available_only=1,max_level=3,method=ADAPT_HARD_LIMIT", 0.03)
    levels = {name for name in names if "max_level=3," not in name}
    assert levels == {
        f"vicidial:available_only=1,max_level={level},method=ADAPT_HARD_LIMIT" for level in ("2.5", "3.5")
    }
    assert "vicidial:available_only=1,drop_limit_ratio=0.015,max_level=3,method=ADAPT_HARD_LIMIT" in names
    assert all(name.count("=") <= 4 for name in names)
    tighter = vicidial_neighbours("vicidial:available_only=1,intensity=0.2,max_level=3,method=ADAPT_HARD_LIMIT", 0.03)
    assert "vicidial:available_only=1,max_level=3,method=ADAPT_HARD_LIMIT" in tighter


@pytest.mark.parametrize("name", ["nobody", "free:ratio=1,boost=2", "progressive:ratio=1", "vicidial:lvl=2"])
def test_a_rule_or_setting_that_is_not_there_is_refused(name: str):
    with pytest.raises(ValueError, match=r"there is no rule|setting"):
        rule(name, ANYWHERE)
