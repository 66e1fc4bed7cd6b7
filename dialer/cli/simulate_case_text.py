"""The case on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dialer.cli.charts import clock
from dialer.cli.simulate_case_view import CaseView, Level, Step, aim_text, sentence
from dialer.cli.simulate_case_words import DIMENSIONS, FIGURES, arm_text, assumptions, points, signed, spanned
from dialer.sim.case.arms import Arm
from dialer.sim.case.figures import CONTACT_RATES, Figure, Verdict
from dialer.sim.case.study import SENSITIVITY_ARMS, Dimension

STYLES = {Verdict.REACHED: "green", Verdict.UNSURE: "yellow", Verdict.MISSED: "red"}


def render(view: CaseView) -> RenderableType:
    """The whole case."""
    pick = view.lang.pick
    title = pick("案例模拟：不是现场结果", "The case, simulated: not field results")
    parts: list[RenderableType] = [Rule(Text(title, "bold"), align="left", style="bright_black")]
    grounds = _table("", "")
    for name, text in assumptions(view.study.scenario, view.lang):
        grounds.add_row(Text(name, "bright_black"), text)
    parts += [grounds, *_notes(view), Text()]
    parts += [_head(pick("先验证：人工对人工（A/A）", "First: by hand against by hand (A/A)")), _same(view), Text()]
    if view.steps:
        parts += [_head(pick("阶梯：各级水平", "The ladder: levels")), _ladder(view), Text()]
        parts += [_head(pick("阶梯：相对人工", "The ladder: over manual, the same people")), _gains(view), Text()]
        parts += [_head(pick("任务所引数字", "The figures that the mission cites")), _aims(view), Text()]
    for dimension in Dimension:
        levels = view.of(dimension)
        if levels:
            parts += [_head(pick(*DIMENSIONS[dimension])), _levels(view, levels), Text()]
    parts.append(Text(sentence(view), "bold"))
    return Group(*parts)


def _head(text: str) -> Text:
    return Text(f" {text}", "bold")


def _table(*heads: str) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), show_header=any(heads), header_style="bright_black")
    for number, head in enumerate(heads):
        table.add_column(head, justify="left" if number == 0 else "right", overflow="fold")
    if not any(heads):
        for column in table.columns:
            column.justify = "left"
    return table


def _notes(view: CaseView) -> Iterator[Text]:
    pick, work, study = view.lang.pick, view.work, view.study
    done = len(work.done.outcomes)
    took = clock(work.elapsed_s)
    yield Text(
        pick(
            f" {done}/{work.wanted} 次模拟（{work.cached} 次此前已做），本次 {took}，{work.jobs} 个进程",
            f" {done} of {work.wanted} runs ({work.cached} from before), {took} this time, {work.jobs} processes",
        ),
        "bright_black",
    )
    if view.seeds < study.seeds:
        yield Text(
            pick(
                f" 未完成：阶梯只有 {view.seeds}/{study.seeds} 个完整种子。再次运行即继续。",
                f" Not finished: {view.seeds} of {study.seeds} seeds are complete. Run it again to go on.",
            ),
            "yellow",
        )
    if study.seeds < 10:
        yield Text(
            pick(
                " 种子少于 10 个，区间偏窄，不足以下结论。",
                " Fewer than 10 seeds: intervals are too narrow to conclude from.",
            ),
            "yellow",
        )
    yield Text(
        pick(
            " 方括号为配对自助法 95% 区间（以种子为单位重抽样）。",
            " In brackets: 95 % intervals, paired bootstrap over the seeds.",
        ),
        "bright_black",
    )


def _same(view: CaseView) -> Table:
    pick = view.lang.pick
    table = _table(
        "",
        pick("对照组", "control group"),
        pick("处理组", "treated group"),
        pick("差异", "difference"),
        pick("单次试验标准差", "sd of one trial"),
        "",
    )
    for one in view.same:
        words = FIGURES[one.figure]
        table.add_row(
            pick(words.zh, words.en),
            words.text(one.first.value),
            words.text(one.second.value),
            spanned(one.difference, signed),
            "–" if one.pair_spread is None else f"{100 * one.pair_spread:.1f}%",
            Text(pick("含 0", "covers 0"), "green")
            if one.covers_zero
            else Text(pick("不含 0", "does not cover 0"), "red"),
        )
    return table


def _ladder(view: CaseView) -> Table:
    pick = view.lang.pick
    figures = (*CONTACT_RATES, Figure.CUSTOMERS, Figure.RECOVERY, Figure.OCCUPANCY, Figure.ABANDONMENT)
    heads = [pick(FIGURES[figure].zh, FIGURES[figure].en) for figure in figures]
    table = _table("", *heads, pick("违规", "breaches"))
    for step in view.steps:
        cells = [FIGURES[figure].text(step.levels[figure].value) for figure in figures]
        table.add_row(
            _named(view, step.arm), *cells, str(step.breaches), style="bright_black" if step.is_assumed else ""
        )
    if view.self_cure is not None:
        text = pick("不拨打组自愈", "paid by those whom nobody called")
        table.add_row(
            text, *[""] * 5, spanned(view.self_cure, FIGURES[Figure.RECOVERY].text), "", "", style="bright_black"
        )
    return table


def _named(view: CaseView, arm: Arm) -> str:
    return arm_text(arm, view.lang)


def _gains(view: CaseView) -> Table:
    pick = view.lang.pick
    table = _table(
        "",
        pick("账户接通", "account contact"),
        pick("客户/坐席日", "customers / agent-day"),
        pick("较上一级", "over the step before"),
        pick("净回收", "net recovery"),
        pick("净回收百分点", "net recovery, points"),
        pick("净回收，随机对照", "net recovery, by lot"),
    )
    for step in view.steps[1:]:
        table.add_row(
            _named(view, step.arm),
            spanned(step.points[Figure.ACCOUNT_CONTACT], points),
            spanned(step.gains[Figure.CUSTOMERS], signed),
            _added(step),
            spanned(step.gains[Figure.RECOVERY], signed),
            spanned(step.points[Figure.RECOVERY_GROSS], points),
            spanned(step.by_lot[Figure.RECOVERY], signed),
            style="bright_black" if step.is_assumed else "",
        )
    return table


def _added(step: Step) -> str:
    return spanned(step.added[Figure.CUSTOMERS], signed)


def _aims(view: CaseView) -> Table:
    pick = view.lang.pick
    table = _table("", "", pick("任务", "mission"), pick("模拟", "simulated"), "")
    for aim in view.aims:
        wanted, found, verdict = aim_text(view, aim)
        words = FIGURES[aim.goal.figure]
        table.add_row(
            _named(view, aim.arm),
            Text(pick(words.zh, words.en), justify="left"),
            wanted,
            found,
            Text(verdict, STYLES[aim.verdict]),
        )
    return table


def _levels(view: CaseView, levels: Sequence[Level]) -> Table:
    pick = view.lang.pick
    arms = SENSITIVITY_ARMS[1:]
    customers = [f"{_named(view, arm)}" for arm in arms]
    table = _table(
        "",
        pick("人工接通率", "manual contact"),
        pick("人工客户/坐席日", "manual customers"),
        *customers,
        pick("排序：接通率", "order: contact"),
        pick("排序：净回收", "order: net recovery"),
        pick("种子", "seeds"),
    )
    for level in levels:
        order = level.levels[Arm.ORDER]
        table.add_row(
            f"{level.variant.value:g}",
            FIGURES[Figure.ACCOUNT_CONTACT].text(level.base[Figure.ACCOUNT_CONTACT].value),
            FIGURES[Figure.CUSTOMERS].text(level.base[Figure.CUSTOMERS].value),
            *(spanned(level.gains[arm][Figure.CUSTOMERS], signed) for arm in arms),
            FIGURES[Figure.ACCOUNT_CONTACT].text(order[Figure.ACCOUNT_CONTACT].value),
            spanned(level.gains[Arm.ORDER][Figure.RECOVERY], signed),
            str(level.seeds),
        )
    return table
