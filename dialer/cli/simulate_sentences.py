"""The answers to what was wished of a sweep, in sentences."""

from __future__ import annotations

from dialer.cli.charts import percent
from dialer.cli.simulate_answers import Answer, Goal
from dialer.cli.simulate_plan import Key
from dialer.cli.simulate_run import Outlook
from dialer.cli.simulate_view import View, tried_note
from dialer.cli.simulate_words import KEYS, fixed_text, setting_text, span_text


def answer_text(view: View, one: Answer) -> str:
    """A sentence."""
    pick, best = view.lang.pick, one.best
    where = fixed_text(dict(one.fixed), view.lang)
    where = f"{where}: " if where else ""
    zh, en = KEYS[one.key]
    value = setting_text(one.key, one.value if one.value is not None else best.settings[one.key], view.lang)
    tried = f"{setting_text(one.key, one.tried[0], view.lang)}–{setting_text(one.key, one.tried[-1], view.lang)}"
    measured = pick(
        f"占用率 {span_text('occupancy', best.forecast.figures.get('occupancy'))}，"
        f"弃呼率 {span_text('abandonment_ratio', best.forecast.figures.get('abandonment_ratio'))}",
        f"occupancy {span_text('occupancy', best.forecast.figures.get('occupancy'))}, "
        f"abandonment {span_text('abandonment_ratio', best.forecast.figures.get('abandonment_ratio'))}",
    )
    goal = _goal(view, one)
    reached = {
        Goal.FINISH: tried_note(view, best),
        Goal.HOLD: measured,
        Goal.WIDE: pick(f"峰值 {_peak(best)}；{measured}", f"peak {_peak(best)}; {measured}"),
    }[one.goal]  # fmt: skip
    nearest = {
        Goal.FINISH: tried_note(view, best),
        Goal.HOLD: measured,
        Goal.WIDE: pick(f"仍有 {percent(best.forecast.limits.get('trunk', 0.0))} 的时间受线路所限",
                        f"still held back {percent(best.forecast.limits.get('trunk', 0.0))} of the time"),
    }[one.goal]  # fmt: skip
    if one.value is not None:
        return pick(f"{where}{goal}：需要{zh} {value}（{reached}）", f"{where}{goal}: {value} {en} ({reached})")
    return pick(
        f"{where}{goal}：试过的{zh} {tried} 都不够；最接近的是 {value}（{nearest}）",
        f"{where}{goal}: none of the {tried} {en} tried; nearest is {value} ({nearest})",
    )


def _goal(view: View, one: Answer) -> str:
    pick = view.lang.pick
    match one.goal:
        case Goal.FINISH:
            return pick(f"{view.finish_by} 前全部拨过一遍", f"to have tried everybody by {view.finish_by}")
        case Goal.HOLD:
            target = setting_text(Key.TARGET, one.best.point.target, view.lang)
            floor = "" if view.occupancy is None else percent(view.occupancy)
            zh = f"弃呼率不超过 {target}" + (f" 且占用率达到 {floor}" if floor else "")
            en = f"to hold the target of {target}" + (f" at an occupancy of {floor}" if floor else "")
            return pick(zh, en)
        case Goal.WIDE:
            return pick("线路不再成为限制", "for the trunks not to hold it back")


def _peak(one: Outlook) -> str:
    figure = one.forecast.figures.get("peak_calls")
    return "–" if figure is None else f"{figure.most:,.0f}"
