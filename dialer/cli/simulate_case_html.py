"""The case as one HTML file: the ladder with intervals, sensitivities as lines, the A/A, and what was assumed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from html import escape

from dialer.cli.charts import clock, percent
from dialer.cli.page import figure, heading, page, table
from dialer.cli.simulate_case_svg import Bar, bars_svg
from dialer.cli.simulate_case_view import SHOWN, CaseView, Level, aim_text, sentence
from dialer.cli.simulate_case_words import (
    DIMENSIONS,
    FIGURES,
    arm_text,
    assumptions,
    points,
    short_arm,
    signed,
    spanned,
)
from dialer.cli.simulate_svg import Dot, Line, key_html, lines_svg
from dialer.sim.case.arms import WAYS, Arm
from dialer.sim.case.figures import Figure, Verdict
from dialer.sim.case.resampling import Estimate
from dialer.sim.case.study import SENSITIVITY_ARMS, Dimension

TILES = {
    Figure.ATTEMPT_ANSWER: ("拨打接听率", "attempts answered"),
    Figure.ACCOUNT_CONTACT: ("账户接通率", "account contact"),
    Figure.RIGHT_PARTY: ("本人接通率", "right party"),
    Figure.LIVE_SHARE: ("到席真人率", "live, of presented"),
    Figure.CUSTOMERS: ("客户/坐席日", "customers a day"),
    Figure.RECOVERY: ("净回收", "net recovery"),
}
STYLES = {Verdict.REACHED: "good", Verdict.UNSURE: "", Verdict.MISSED: "bad"}


def render_html(view: CaseView) -> str:
    """The page."""
    return page(view.lang.pick("案例模拟", "The case, simulated"), "".join(_body(view)), view.lang)


def _body(view: CaseView) -> Iterator[str]:
    pick, scenario = view.lang.pick, view.study.scenario
    yield f"<h1>{escape(pick('案例模拟：不是现场结果', 'The case, simulated: not field results'))}</h1>"
    under = pick(
        f"{view.seeds} 个种子 · 每组 {scenario.accounts:,} 个账户 · {scenario.agents} 名坐席 × {scenario.days} 天",
        f"{view.seeds} seeds · {scenario.accounts:,} accounts an arm · {scenario.agents} agents × {scenario.days} days",
    )
    yield f'<div class="muted">{escape(under)}</div><p>{escape(sentence(view))}</p>'
    yield from (f'<p class="note">{escape(note)}</p>' for note in _notes(view))
    if view.steps:
        yield from _tiles(view)
        yield from _ladder(view)
    yield from _same(view)
    for dimension in Dimension:
        levels = view.of(dimension)
        if len(levels) > 1:
            yield from _levels(view, dimension, levels)
    yield heading(pick("前提与假设", "What was assumed"))
    yield f'<div class="words">{table((), list(assumptions(scenario, view.lang)))}</div>'
    yield heading(pick("各级做法", "What each step does"))
    steps = [(arm_text(arm, view.lang), pick(WAYS[arm].zh_more, WAYS[arm].en_more)) for arm in view.study.arms]
    yield f'<div class="words">{table((), steps)}</div>'
    yield heading(pick("公式", "Formulas"))
    formulas = [(pick(words.zh, words.en), pick(words.formula_zh, words.formula_en)) for words in FIGURES.values()]
    yield f'<div class="words">{table((), formulas)}</div>'
    yield f'<div class="key">{escape(_closing(view))}</div>'


def _notes(view: CaseView) -> Iterator[str]:
    pick = view.lang.pick
    if view.seeds < view.study.seeds:
        yield pick(
            f"未完成：{view.seeds}/{view.study.seeds} 个种子。",
            f"Not finished: {view.seeds} of {view.study.seeds} seeds are complete.",
        )
    if view.study.seeds < 10:
        yield pick(
            "种子少于 10 个，区间偏窄，不足以下结论。",
            "Fewer than 10 seeds: intervals are too narrow to conclude from.",
        )


def _closing(view: CaseView) -> str:
    took = clock(view.work.elapsed_s)
    done = len(view.work.done.outcomes)
    return view.lang.pick(
        f"{done} 次模拟（{view.work.cached} 次此前已做），本次 {took}，{view.work.jobs} 个进程。"
        "区间：按种子配对刀切法 95%（学生 t）。",
        f"{done} runs ({view.work.cached} from before), {took} this time, {view.work.jobs} processes. "
        "Intervals: 95 %, Student's t, paired jackknife over the seeds.",
    )


# --- the goals -----------------------------------------------------------------------------------------


def _tiles(view: CaseView) -> Iterator[str]:
    """The highest step without an assumption against what the mission cites."""
    pick = view.lang.pick
    arm = view.aims[0].arm
    yield heading(pick(f"任务所引数字：{WAYS[arm].zh}", f"The figures that the mission cites: {WAYS[arm].en}"))
    tiles = []
    for aim in view.aims:
        if aim.arm is not arm:
            continue
        words, (wanted, _, verdict) = FIGURES[aim.goal.figure], aim_text(view, aim)
        value = words.text(aim.after.value) if aim.goal.level is not None else signed(aim.gained.value)
        tiles.append(figure(pick(*TILES[aim.goal.figure]), value, f"{wanted} · {verdict}", STYLES[aim.verdict]))
    yield f'<div class="figures">{"".join(tiles)}</div>'
    rows = []
    for aim in view.aims:
        wanted, found, verdict = aim_text(view, aim)
        words = FIGURES[aim.goal.figure]
        rows.append((arm_text(aim.arm, view.lang), pick(words.zh, words.en), wanted, found, verdict))
    heads = ("", "", pick("任务", "mission"), pick("模拟", "simulated"), "")
    yield f'<div class="wide">{table(heads, rows)}</div>'


# --- the ladder ----------------------------------------------------------------------------------------


def _ladder(view: CaseView) -> Iterator[str]:
    pick = view.lang.pick
    for which, goal in ((Figure.ACCOUNT_CONTACT, 0.85), (Figure.RIGHT_PARTY, 0.85)):
        words = FIGURES[which]
        yield heading(pick(f"阶梯：{words.zh}", f"The ladder: {words.en}"))
        shown = [(arm_text(step.arm, view.lang), step.levels[which], step.is_assumed) for step in view.steps]
        yield _chart(_bars(shown, words.text), percent, goal)
    for which, goal in ((Figure.CUSTOMERS, 0.5), (Figure.RECOVERY, 0.3)):
        words = FIGURES[which]
        title = pick(f"阶梯：{words.zh}，相对人工", f"The ladder: {words.en}, over manual")
        yield heading(title)
        shown = [(arm_text(step.arm, view.lang), step.gains[which], step.is_assumed) for step in view.steps[1:]]
        yield _chart(_bars(shown, signed), lambda value: f"{100 * value:+.0f}%", goal)
    legend = pick(
        "虚线：任务所引数字。空心：效果为假设。", "Dashed: what the mission cites. Hollow: the effect is assumed."
    )
    yield f'<div class="key">{escape(legend)}</div>'
    yield heading(pick("阶梯：全部数字", "The ladder: all figures"))
    heads = ["", *(short_arm(step.arm, view.lang) for step in view.steps)]
    rows = [
        [pick(FIGURES[one].zh, FIGURES[one].en), *(_cell(step.levels[one], FIGURES[one].text) for step in view.steps)]
        for one in SHOWN
    ]
    rows.append([pick("违规（重新计数）", "breaches, recounted"), *(str(step.breaches) for step in view.steps)])
    over = (f"{step.days_over}/{step.days}" for step in view.steps)
    rows.append([pick("当日弃呼超 3% 的天数（重新计数）", "days with more than 3% abandoned, recounted"), *over])
    dry = (percent(step.dry_share) for step in view.steps)
    rows.append([pick("无人可拨的时间", "time with nobody to dial"), *dry])
    yield f'<div class="wide words">{table(heads, rows)}</div>'
    if view.self_cure is not None:
        cured = spanned(view.self_cure, FIGURES[Figure.RECOVERY].text)
        text = pick(f"不拨打组自愈：{cured}", f"Paid by those whom nobody called: {cured}")
        yield f'<div class="key">{escape(text)}</div>'
    yield from _shares(view)


def _shares(view: CaseView) -> Iterator[str]:
    pick = view.lang.pick
    heads = (
        "",
        pick("账户接通，百分点", "contact, points"),
        pick("客户/坐席日", "customers"),
        pick("较上一级", "over the step before"),
        pick("净回收", "net recovery"),
        pick("较上一级", "over the step before"),
        pick("绝对值", "absolute"),
        pick("随机对照", "by lot"),
    )
    rows = [
        (
            short_arm(step.arm, view.lang),
            _cell(step.points[Figure.ACCOUNT_CONTACT], points),
            _cell(step.gains[Figure.CUSTOMERS], signed),
            _cell(step.added[Figure.CUSTOMERS], signed),
            _cell(step.gains[Figure.RECOVERY], signed),
            _cell(step.added[Figure.RECOVERY], signed),
            _cell(step.points[Figure.RECOVERY_GROSS], points),
            _cell(step.by_lot[Figure.RECOVERY], signed),
        )
        for step in view.steps[1:]
    ]
    yield heading(pick("每一级的贡献", "What each step brings"))
    yield f'<div class="wide words">{table(heads, rows)}</div>'
    legend = pick(
        "相对人工，同一批债务人；“随机对照”为与另一组随机债务人（人工）相比的净回收。",
        "Over manual, the same debtors in both; by lot: net recovery over the control group, who are others.",
    )
    yield f'<div class="key">{escape(legend)}</div>'


def _cell(found: Estimate, form: Callable[[float], str]) -> str:
    """May break before the interval, not within it."""
    return spanned(found, form).replace(", ", ",\u00a0")


def _bars(shown: Iterable[tuple[str, Estimate, bool]], form: Callable[[float], str]) -> list[Bar]:
    """Label, value, and whether its effect is assumed; what is a ratio to nothing is left out."""
    bars = []
    for label, found, faded in shown:
        if found.value is not None:
            low, high = (found.value if one is None else one for one in (found.low, found.high))
            bars.append(Bar(label=label, value=found.value, low=low, high=high, text=form(found.value), faded=faded))
    return bars


def _chart(bars: Sequence[Bar], form: Callable[[float], str], goal: float | None) -> str:
    return bars_svg(bars, form, goal=goal) if bars else ""


# --- A/A and sensitivities -----------------------------------------------------------------------------


def _same(view: CaseView) -> Iterator[str]:
    pick = view.lang.pick
    yield heading(pick("人工对人工（A/A）：差异应含 0", "By hand against by hand (A/A): differences should cover 0"))
    shown = [(pick(FIGURES[one.figure].zh, FIGURES[one.figure].en), one.difference, False) for one in view.same]
    yield _chart(_bars(shown, signed), signed, None)
    heads = (
        "",
        pick("对照组", "control group"),
        pick("处理组", "treated group"),
        pick("差异", "difference"),
        pick("单次试验标准差", "sd of one trial"),
        pick("含 0", "covers 0"),
    )
    rows = [
        (
            pick(FIGURES[one.figure].zh, FIGURES[one.figure].en),
            FIGURES[one.figure].text(one.first.value),
            FIGURES[one.figure].text(one.second.value),
            spanned(one.difference, signed),
            "–" if one.pair_spread is None else f"{100 * one.pair_spread:.1f}%",
            pick("是", "yes") if one.covers_zero else pick("否", "no"),
        )
        for one in view.same
    ]
    yield table(heads, rows)


def _levels(view: CaseView, dimension: Dimension, levels: Sequence[Level]) -> Iterator[str]:
    pick, arms = view.lang.pick, SENSITIVITY_ARMS[1:]
    name = pick(*DIMENSIONS[dimension])
    yield heading(pick(f"敏感性：{name}", f"Sensitivity: {name}"))
    lines = [
        Line(
            name=arm_text(arm, view.lang),
            dots=tuple(_dot(level.variant.value, level.gains[arm][Figure.CUSTOMERS]) for level in levels),
        )
        for arm in arms
    ]
    yield lines_svg(
        lines,
        x_text=lambda value: f"{value:g}",
        y_text=lambda value: f"{100 * value:+.0f}%",
        x_label=pick("每坐席日客户数，相对人工", "customers per agent-day, over manual"),
        limits=(0.5,),
    )
    yield key_html(lines)
    heads = (
        name,
        pick("人工接通率", "manual contact"),
        *(f"{arm_text(arm, view.lang)}" for arm in arms),
        pick("排序：接通率", "order: contact"),
        pick("排序：净回收", "order: net recovery"),
        pick("种子", "seeds"),
    )
    rows = [
        (
            f"{level.variant.value:g}",
            FIGURES[Figure.ACCOUNT_CONTACT].text(level.base[Figure.ACCOUNT_CONTACT].value),
            *(spanned(level.gains[arm][Figure.CUSTOMERS], signed) for arm in arms),
            FIGURES[Figure.ACCOUNT_CONTACT].text(level.levels[Arm.ORDER][Figure.ACCOUNT_CONTACT].value),
            spanned(level.gains[Arm.ORDER][Figure.RECOVERY], signed),
            str(level.seeds),
        )
        for level in levels
    ]
    yield f'<div class="wide">{table(heads, rows)}</div>'


def _dot(x: float, found: Estimate) -> Dot:
    return Dot(x=x, y=found.value, low=found.low, high=found.high)
