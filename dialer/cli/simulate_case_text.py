"""The case on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from dialer.cli.charts import clock, percent
from dialer.cli.simulate_case_view import CaseView, Level, aim_text, sentence
from dialer.cli.simulate_case_words import DIMENSIONS, FIGURES, assumptions, points, short_arm, signed, spanned
from dialer.sim.case.arms import ASSUMED, Arm
from dialer.sim.case.figures import CONTACT_RATES, Figure, Verdict
from dialer.sim.case.study import SENSITIVITY_ARMS, Dimension

LEVELS = (
    *CONTACT_RATES,
    Figure.CUSTOMERS,
    Figure.RECOVERY,
    Figure.RECOVERY_GROSS,
    Figure.OCCUPANCY,
    Figure.DIALS,
    Figure.ABANDONMENT,
)
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
        parts += [_head(pick("阶梯：各级水平", "The ladder: levels")), _ladder(view), *_footnote(view), Text()]
        over, before = (
            pick("相对人工，同一批人", "over manual, the same people"),
            pick("相对上一级", "over the step before"),
        )
        parts += [_head(pick(f"阶梯：{over}", f"The ladder: {over}")), _gains(view), *_by_lot(view), Text()]
        parts += [_head(pick(f"阶梯：{before}", f"The ladder: {before}")), _gains(view, added=True), Text()]
        top = next(short_arm(aim.arm, view.lang) for aim in view.aims)
        title = pick(f"任务所引数字：{top}（不含假设）", f"The figures that the mission cites: {top}, nothing assumed")
        parts += [_head(title), _aims(view), Text()]
    for dimension in Dimension:
        levels = view.of(dimension)
        if levels:
            name, seeds = pick(*DIMENSIONS[dimension]), max(level.seeds for level in levels)
            title = pick(
                f"敏感性：{name}；每坐席日客户数相对人工（{seeds} 个种子）",
                f"Sensitivity: {name}; customers per agent-day over manual ({seeds} seeds)",
            )
            parts += [_head(title), _levels(view, levels), Text()]
    parts.append(Text(sentence(view), "bold"))
    return Group(*parts)


def _head(text: str) -> Text:
    return Text(f" {text}", "bold")


def _table(*heads: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 1), show_header=any(heads), header_style="bright_black")
    for number, head in enumerate(heads):
        is_number = number > 0 and any(heads)
        justify: Literal["left", "right"] = "left" if number == 0 else "right"
        table.add_column(head, justify=justify, overflow="fold", no_wrap=is_number)
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
            " 方括号为 95% 区间（学生 t，以种子为单位的配对刀切法）。",
            " In brackets: 95 % intervals, Student's t, paired jackknife over the seeds.",
        ),
        "bright_black",
    )


def _same(view: CaseView) -> Table:
    pick = view.lang.pick
    table = _table(
        "",
        pick("对照组", "control"),
        pick("处理组", "treated"),
        pick("差异", "difference"),
        pick("单次标准差", "sd of one"),
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
            Text(pick("含 0", "covers 0"), "green") if one.covers_zero else Text(pick("不含 0", "not 0"), "red"),
        )
    return table


def _ladder(view: CaseView) -> Table:
    """Figures down, steps across."""
    pick = view.lang.pick
    table = _table("", *(short_arm(step.arm, view.lang) for step in view.steps))
    for figure in LEVELS:
        words = FIGURES[figure]
        table.add_row(pick(words.zh, words.en), *(words.text(step.levels[figure].value) for step in view.steps))
    table.add_row(pick("违规（重新计数）", "breaches, recounted"), *(str(step.breaches) for step in view.steps))
    over = (f"{step.days_over}/{step.days}" for step in view.steps)
    table.add_row(pick("当日弃呼超 3% 的天数（重新计数）", "days with more than 3% abandoned, recounted"), *over)
    dry = (percent(step.dry_share) for step in view.steps)
    table.add_row(pick("无人可拨的时间", "time with nobody to dial"), *dry)
    return table


def _footnote(view: CaseView) -> Iterator[Text]:
    pick = view.lang.pick
    if view.self_cure is not None:
        cured = spanned(view.self_cure, FIGURES[Figure.RECOVERY].text)
        yield Text(
            pick(f" 不拨打组自愈 {cured}", f" Paid by those whom nobody called: {cured}"),
            "bright_black",
        )
    if any(step.is_assumed for step in view.steps):
        text = pick(" * 效果为假设，不是结果", " * The effect of this step is assumed, not found")
        yield Text(text, "bright_black")


def _gains(view: CaseView, *, added: bool = False) -> Table:
    """Over manual, or over the step before."""
    pick = view.lang.pick
    table = _table(
        "",
        pick("账户接通", "contact") if added else pick("账户接通，百分点", "contact, points"),
        pick("客户/坐席日", "customers"),
        pick("净回收", "net recovery"),
    )
    for step in view.steps[1:]:
        found = step.added if added else step.gains
        contact = found[Figure.ACCOUNT_CONTACT]
        table.add_row(
            short_arm(step.arm, view.lang),
            spanned(contact, signed) if added else spanned(step.points[Figure.ACCOUNT_CONTACT], _points),
            spanned(found[Figure.CUSTOMERS], signed),
            spanned(found[Figure.RECOVERY], signed),
            style="bright_black" if step.is_assumed else "",
        )
    return table


def _by_lot(view: CaseView) -> Iterator[Text]:
    """The trial as a bank would run it: other people, by lot."""
    plain = [step for step in view.steps if not step.is_assumed]
    top, pick = plain[-1], view.lang.pick
    customers, recovery = (spanned(top.by_lot[one], signed) for one in (Figure.CUSTOMERS, Figure.RECOVERY))
    net = spanned(top.points[Figure.RECOVERY_GROSS], points)
    gross = spanned(top.gains[Figure.RECOVERY_GROSS], signed)
    name = short_arm(top.arm, view.lang)
    yield Text(
        pick(
            f" {name}：回收绝对值 {net}，毛回收相对 {gross}；"
            f"与另一组随机债务人相比：客户 {customers}，净回收 {recovery}",
            f" {name}: recovery {net} absolute, gross {gross} relative; against other debtors, by lot: "
            f"customers {customers}, net recovery {recovery}",
        ),
        "bright_black",
    )


def _aims(view: CaseView) -> Table:
    """How the highest step without an assumption stands to them."""
    pick = view.lang.pick
    table = _table("", pick("任务", "mission"), pick("模拟", "simulated"), "")
    for aim in view.aims:
        if aim.arm in ASSUMED:
            continue
        wanted, found, verdict = aim_text(view, aim)
        words = FIGURES[aim.goal.figure]
        table.add_row(pick(words.zh, words.en), wanted, found, Text(verdict, STYLES[aim.verdict]))
    return table


def _levels(view: CaseView, levels: Sequence[Level]) -> Table:
    """Levels down; gains of customers per agent-day over manual across."""
    pick = view.lang.pick
    arms = SENSITIVITY_ARMS[1:]
    table = _table(
        "",
        pick("人工接通", "manual contact"),
        *(short_arm(arm, view.lang) for arm in arms),
        pick("＋排序接通", "+order contact"),
    )
    for level in levels:
        contact = FIGURES[Figure.ACCOUNT_CONTACT]
        table.add_row(
            f"{level.variant.value:g}",
            contact.text(level.base[Figure.ACCOUNT_CONTACT].value),
            *(spanned(level.gains[arm][Figure.CUSTOMERS], _whole) for arm in arms),
            contact.text(level.levels[Arm.ORDER][Figure.ACCOUNT_CONTACT].value),
        )
    return table


def _points(value: float) -> str:
    return f"{100.0 * value:+.1f}"


def _whole(value: float) -> str:
    return f"{100.0 * value:+.0f}%"
