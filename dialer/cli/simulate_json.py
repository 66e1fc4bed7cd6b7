"""A forecast for programs. The keys are documented in docs/simulate.md and stay."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import JsonValue

from dialer.cli.simulate_answers import Answer
from dialer.cli.simulate_past import TrialResult, compared
from dialer.cli.simulate_plan import Key, Setting
from dialer.cli.simulate_run import Outlook, Work
from dialer.cli.simulate_sentences import answer_text
from dialer.cli.simulate_view import View
from dialer.sim.forecast import Figure, Forecast


def as_json(view: View, work: Work) -> JsonValue:
    """Everything that a forecast says."""
    case = view.outlooks[0].point.case
    return {
        "campaign": str(view.campaign.name),
        "start_at": view.start_at.astimezone(view.zone).isoformat(),
        "hours": case.hours,
        "complete": not work.interrupted,
        "runs_done": work.done,
        "runs_wanted": work.wanted,
        "world": [{"key": one.key, "value": one.value, "origin": one.origin} for one in view.grounds],
        "notes": list(view.notes),
        "swept": [str(key) for key in view.swept],
        "points": [_point(one) for one in view.outlooks],
        "answers": [_answer(view, one) for one in view.answers],
        "real_day": None if view.trial is None else _trial(view.trial),
    }


def _point(one: Outlook) -> JsonValue:
    told = one.forecast
    return {
        "settings": _settings(one.settings.items()),
        "runs": told.runs,
        "holds_target": one.holds_target,
        "runs_over_target": told.over_target,
        "runs_tried": told.tried,
        "runs_tried_by": one.tried_by,
        "runs_finished": told.finished,
        "held_back_by": dict(told.limits),
        "figures": _figures(told),
        "day": [
            {
                "start_s": part.start_s,
                "occupancy": part.occupancy,
                "agents": part.agents,
                "in_air": part.in_air,
                "placed": part.placed,
                "answered": part.answered,
                "abandoned": part.abandoned,
            }
            for part in told.day
        ],
    }


def _settings(items: Iterable[tuple[Key, Setting]]) -> dict[str, JsonValue]:
    return {str(key): value for key, value in items}


def _figures(told: Forecast) -> dict[str, JsonValue]:
    return {name: _figure(figure) for name, figure in told.figures.items()}


def _figure(one: Figure) -> JsonValue:
    return {
        "mean": one.mean,
        "low": one.low,
        "high": one.high,
        "least": one.least,
        "most": one.most,
        "runs": one.runs,
    }


def _answer(view: View, one: Answer) -> JsonValue:
    return {
        "goal": str(one.goal),
        "key": str(one.key),
        "fixed": _settings(one.fixed.items()),
        "value": one.value,
        "tried": list(one.tried),
        "text": answer_text(view, one),
    }


def _trial(result: TrialResult) -> JsonValue:
    trial = result.trial
    return {
        "day": trial.real.day.isoformat(),
        "agents": len(trial.real.agents),
        "hours": trial.real.hours,
        "runs": result.forecast.runs,
        "calls_learned_from_this_day": trial.learned_from_day,
        "figures": {
            one.name: {
                "real": one.real,
                "forecast": None if one.figure is None else _figure(one.figure),
                "day_low": one.low,
                "day_high": one.high,
                "as_forecast": one.is_as_forecast,
            }
            for one in compared(result)
        },
    }
