"""The words of the case in both languages: figures, steps, dimensions, assumptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from dialer.cli.lang import Lang
from dialer.sim.case.arms import ASSUMED, WAYS, Arm
from dialer.sim.case.figures import Figure, Verdict
from dialer.sim.case.resampling import Estimate
from dialer.sim.case.scenario import Scenario
from dialer.sim.case.study import Dimension


@dataclass(frozen=True, slots=True)
class Words:
    """A figure's name, formula and form."""

    zh: str
    en: str
    formula_zh: str
    formula_en: str
    is_share: bool = True
    digits: int = 1

    def text(self, value: float | None) -> str:
        """A value of it."""
        if value is None:
            return "–"
        return f"{100.0 * value:.{self.digits}f}%" if self.is_share else f"{value:,.{self.digits}f}"


FIGURES: Final[Mapping[Figure, Words]] = {
    Figure.ATTEMPT_ANSWER: Words("拨打接听率", "attempt answer rate", "真人接听 ÷ 拨打", "answers by a person / dials"),
    Figure.ACCOUNT_CONTACT: Words(
        "账户接通率",
        "account contact rate",
        "有真人与坐席通话的账户 ÷ 名单账户",
        "accounts at which a person talked with an agent / accounts",
    ),
    Figure.RIGHT_PARTY: Words(
        "本人接通账户率",
        "right-party account rate",
        "与本人通话的账户 ÷ 名单账户",
        "accounts whose debtor was spoken to / accounts",
    ),
    Figure.LIVE_SHARE: Words(
        "到席真人率",
        "live share of presented calls",
        "真人接听 ÷ 占用坐席的呼叫（人工：每次拨打）",
        "answers by a person / calls that took an agent's ear (by hand: every dial)",
    ),
    Figure.CUSTOMERS: Words(
        "每坐席日客户数",
        "customers per agent-day",
        "与本人通话的不同债务人 ÷ 坐席日",
        "distinct debtors spoken to / agent-days",
        is_share=False,
    ),
    Figure.RECOVERY: Words(
        "净回收率",
        "recovery, net of self-cure",
        "窗口内回款 ÷ 期初逾期 − 不拨打组的同一比率",
        "paid in the window / due at the start, less the same of those whom nobody called",
    ),
    Figure.RECOVERY_GROSS: Words(
        "毛回收率", "recovery, gross", "窗口内回款 ÷ 期初逾期", "paid in the window / due at the start"
    ),
    Figure.OCCUPANCY: Words("占用率", "occupancy", "（通话＋话后）÷ 在岗", "(talk + wrap-up) / at work", digits=0),
    Figure.DIALS: Words(
        "每坐席日拨打数", "dials per agent-day", "拨打 ÷ 坐席日", "dials / agent-days", is_share=False, digits=0
    ),
    Figure.ABANDONMENT: Words(
        "放弃率",
        "abandonment",
        "真人接听后无坐席 ÷ 真人接听",
        "answered by a person, no agent / answered by a person",
        digits=2,
    ),
}
VERDICTS: Final[Mapping[Verdict, tuple[str, str]]] = {
    Verdict.REACHED: ("达到", "reached"),
    Verdict.UNSURE: ("不能断言", "cannot be told"),
    Verdict.MISSED: ("未达到", "missed"),
}
DIMENSIONS: Final[Mapping[Dimension, tuple[str, str]]] = {
    Dimension.ANSWERS: ("接听几率的倍数", "odds of an answer, times"),
    Dimension.OVERHEAD: ("人工每次拨打的额外秒数", "manual overhead of a dial, s"),
    Dimension.TALK: ("平均通话秒数", "mean talk, s"),
    Dimension.TEAM: ("坐席数（负荷相同）", "agents, at the same load"),
}


def arm_text(arm: Arm, lang: Lang) -> str:
    """Its name."""
    return lang.pick(WAYS[arm].zh, WAYS[arm].en)


def short_arm(arm: Arm, lang: Lang) -> str:
    """Its name where there is little room; what is assumed has a star."""
    return lang.pick(*_SHORT[arm])


_SHORT: Final[Mapping[Arm, tuple[str, str]]] = {
    Arm.MANUAL: ("人工", "manual"),
    Arm.PROGRESSIVE: ("渐进", "progr."),
    Arm.PREDICTIVE: ("预测", "predict."),
    Arm.NUMBERS: ("＋号码", "+numbers"),
    Arm.ORDER: ("＋排序", "+order"),
    Arm.WRAP_UP: ("＋登记*", "+wrap*"),
}


def spanned(found: Estimate, form: Callable[[float], str]) -> str:
    """`41.2% [40.1, 42.3]`: the unit stands once."""
    if found.value is None:
        return "–"
    if found.low is None or found.high is None:
        return form(found.value)
    low, high = (form(one).rstrip("% p") for one in (found.low, found.high))
    return f"{form(found.value)} [{low}, {high}]"


def signed(value: float | None) -> str:
    """A relative difference: `+12.3%`."""
    return "–" if value is None else f"{100.0 * value:+.1f}%"


def points(value: float) -> str:
    """A difference of shares: `+3.2 pp`."""
    return f"{100.0 * value:+.1f} pp"


def assumptions(scenario: Scenario, lang: Lang) -> Iterator[tuple[str, str]]:
    """What it rests on: (name, text)."""
    pick, one = lang.pick, scenario
    most = one.dials_per_day
    cap_zh = "" if most is None else f"、另加每债务人每日最多 {most} 拨"
    cap_en = "" if most is None else f", besides at most {most} dials a day to one debtor"
    yield (
        pick("规模", "size"),
        pick(
            f"每组 {one.accounts:,} 个账户，{one.agents} 名坐席 × {one.days} 天 × 9 小时；"
            f"每坐席日 {one.load:.0f} 个账户",
            f"{one.accounts:,} accounts in each group, {one.agents} agents × {one.days} days × 9 h; "
            f"{one.load:.0f} accounts for each agent-day",
        ),
    )
    yield (
        pick("各组相同", "the same in every arm"),
        pick(
            f"名单、坐席工时、9:00–18:00、随产品提供的规则 CN-BANK{cap_zh}、"
            f"振铃 {one.ring_timeout_s:g} 秒、放弃率 ≤ {100 * one.abandonment:g}%",
            f"list, rostered hours, 9:00-18:00, the shipped rules CN-BANK{cap_en}, "
            f"{one.ring_timeout_s:g} s of ringing, abandonment at most {100 * one.abandonment:g}%",
        ),
    )
    yield (
        pick("人工基线", "manual baseline"),
        pick(
            f"查户与手拨 {one.look_up_s:g} 秒，听完振铃，无人接听登记 {one.log_s:g} 秒，话后 {one.wrap_up_s:g} 秒；"
            "按名单顺序循环，听到空号提示即换号",
            f"{one.look_up_s:g} s to look up and key in, the ringing heard out, {one.log_s:g} s to log a dial that "
            f"nobody answered, {one.wrap_up_s:g} s of wrap-up; down the list in turn; a dead number that is "
            "heard is dropped",
        ),
    )
    yield (
        pick("隐藏真相（猜测）", "hidden truth (guesses)"),
        pick(
            f"四种接听习惯、号码真伪、能力与意愿、自愈、承诺与兑现；平均通话 {one.talk_s:g} 秒；"
            f"接听几率 × {one.answer_odds:g}。"
            "产品看不到；各组相同；未按任何真实数据校准",
            f"four habits of answering, what numbers really are, ability, willingness, self-cure, promises made and "
            f"kept; mean talk {one.talk_s:g} s; odds of an answer × {one.answer_odds:g}. Unseen by the product, the "
            "same for every arm, fitted to nobody's data",
        ),
    )
    yield (
        pick("最佳时段", "best hours"),
        pick("从“各时段相同”的先验学起，逐日保留", "learned from a prior of every hour alike; kept from day to day"),
    )
    for arm in ASSUMED:
        yield (
            pick(f"假设：{WAYS[arm].zh}", f"ASSUMED: {WAYS[arm].en}"),
            pick(
                f"话后从 {one.wrap_up_s:g} 秒缩短到 {one.auto_wrap_up_s:g} 秒是输入，不是结果；目标以其下一级判定",
                f"wrap-up of {one.auto_wrap_up_s:g} s in place of {one.wrap_up_s:g} s is put in, not found; the "
                "goals are judged without it",
            ),
        )
    yield (
        pick("未模拟", "left out"),
        pick(
            "短信提醒、还款方案、技能分派的效果（若写入即为假设）；号码标记、线路故障；疲劳",
            "effects of reminders, plans and skills (they would be put in by hand); marked caller IDs, faults of "
            "lines; people who tire",
        ),
    )
