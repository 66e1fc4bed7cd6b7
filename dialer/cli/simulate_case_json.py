"""The case for programs; the keys stay."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from dialer.cli.simulate_case_view import Aim, CaseView, Level, Same, Step, sentence
from dialer.cli.simulate_case_words import assumptions
from dialer.sim.case.arms import Arm
from dialer.sim.case.figures import Figure
from dialer.sim.case.resampling import Estimate


def as_json(view: CaseView) -> JsonValue:
    """One document."""
    scenario: dict[str, JsonValue] = dict(view.study.scenario.as_dict())
    return {
        "label": "simulation, not field results",
        "sentence": sentence(view),
        "scenario": scenario,
        "accounts_per_agent_day": view.study.scenario.load,
        "assumptions": [{"name": name, "text": text} for name, text in assumptions(view.study.scenario, view.lang)],
        "complete": view.seeds == view.study.seeds and len(view.work.done.outcomes) == view.work.wanted,
        "runs_done": len(view.work.done.outcomes),
        "runs_wanted": view.work.wanted,
        "runs_cached": view.work.cached,
        "seconds": round(view.work.elapsed_s, 1),
        "processes": view.work.jobs,
        "seeds": view.seeds,
        "seeds_wanted": view.study.seeds,
        "self_cure": None if view.self_cure is None else _estimate(view.self_cure),
        "same": [_same(one) for one in view.same],
        "ladder": [_step(one) for one in view.steps],
        "goals": [_aim(one) for one in view.aims],
        "sensitivity": [_level(one) for one in view.levels],
    }


def _estimate(one: Estimate) -> JsonValue:
    return {"value": one.value, "low": one.low, "high": one.high, "seeds": one.seeds}


def _estimates(found: Mapping[Figure, Estimate]) -> JsonValue:
    return {figure.value: _estimate(one) for figure, one in found.items()}


def _by_arm(found: Mapping[Arm, Mapping[Figure, Estimate]]) -> JsonValue:
    return {arm.value: _estimates(one) for arm, one in found.items()}


def _same(one: Same) -> JsonValue:
    return {
        "figure": one.figure.value,
        "control": _estimate(one.first),
        "treated": _estimate(one.second),
        "difference": _estimate(one.difference),
        "covers_zero": one.covers_zero,
        "sd_of_one_trial": one.pair_spread,
    }


def _step(one: Step) -> JsonValue:
    return {
        "arm": one.arm.value,
        "effect_is_assumed": one.is_assumed,
        "levels": _estimates(one.levels),
        "over_manual": _estimates(one.gains),
        "over_manual_points": _estimates(one.points),
        "over_step_before": _estimates(one.added),
        "over_control_by_lot": _estimates(one.by_lot),
        "breaches": one.breaches,
        "abandonment": one.abandonment,
        "worst_abandonment": one.worst_abandonment,
        "days_over_abandonment": one.days_over,
        "days": one.days,
        "share_of_time_without_anybody_to_dial": one.dry_share,
    }


def _aim(one: Aim) -> JsonValue:
    goal = one.goal
    return {
        "figure": goal.figure.value,
        "arm": one.arm.value,
        "mission": {"before": goal.before, "level": goal.level, "gain": goal.gain},
        "before": _estimate(one.before),
        "after": _estimate(one.after),
        "gained": _estimate(one.gained),
        "verdict": one.verdict.value,
    }


def _level(one: Level) -> JsonValue:
    return {
        "dimension": one.variant.dimension.value,
        "value": one.variant.value,
        "seeds": one.seeds,
        "days": one.variant.scenario.days,
        "accounts": one.variant.scenario.accounts,
        "manual": _estimates(one.base),
        "levels": _by_arm(one.levels),
        "over_manual": _by_arm(one.gains),
    }
