"""A campaign in words: what its file would do, for `dialer campaign check`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from dialer.campaigns.assignment import serves
from dialer.campaigns.expressions import CALL_FACTS, LEAD_FACTS
from dialer.campaigns.wording import OUTCOMES, percent, spelled
from dialer.compliance import limits, rulebook, sentences
from dialer.settings import CallingRules, CampaignSettings, DialerSettings, NextStepRule, Window
from dialer.types import Asks, Mode, NextKind

Language = Literal["zh", "en"]

_DAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_DAYS_EN = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A heading and the sentences below it."""

    title: str
    lines: tuple[str, ...]


def describe(campaign: CampaignSettings, dialer: DialerSettings, language: Language = "zh") -> tuple[Section, ...]:
    """What a campaign would do, in words.

    Args:
        campaign: as loaded.
        dialer: whose agents and trunks it uses.
        language: of the words; names and labels stay as they are in the files.
    """
    say = _Speech(language)
    parts = (
        (("概况", "At a glance"), _overview(campaign, say)),
        (("拨号节奏", "Pacing"), _pacing(campaign, say)),
        (("可拨打时段", "Calling hours"), _hours(campaign.rules, say)),
        (("频次上限", "Caps"), _caps(campaign.rules, say)),
        (("规则与出处", "Rules and their sources"), _sources(campaign.rules, say)),
        (("坐席", "Agents"), _agents(campaign, dialer, say)),
        (("线路", "Trunks"), _trunks(campaign, dialer, say)),
        (("按键登记", "Keypad"), _keypad(campaign, say)),
        (("通话之后", "After a call"), _next_steps(campaign, say)),
        (("重拨", "Retries"), _retries(campaign, say)),
        (("规则可用的事实", "Facts for rules"), _facts(say)),
    )
    return tuple(Section(title=say(*title), lines=tuple(lines)) for title, lines in parts)


@dataclass(frozen=True, slots=True)
class _Speech:
    """Chooses the language of a sentence."""

    language: Language

    def __call__(self, zh: str, en: str) -> str:
        return zh if self.language == "zh" else en


def _overview(campaign: CampaignSettings, say: _Speech) -> Iterable[str]:
    yield say(
        f"{campaign.name}（{campaign.title or '无标题'}），名单 {campaign.list_name}，文件 {campaign.source}",
        f"{campaign.name} ({campaign.title or 'no title'}), list {campaign.list_name}, file {campaign.source}",
    )
    yield say(
        f"自拨出起振铃至多 {spelled(campaign.ring_timeout_s)}，但开始振铃后至少 {spelled(campaign.rules.min_ring_s)}；"
        f"录音{'开' if campaign.record else '关'}；语音信箱检测{'开' if campaign.detect_machines else '关'}",
        f"rings until {spelled(campaign.ring_timeout_s)} after the dial, and for {spelled(campaign.rules.min_ring_s)} "
        "at least once it rings; "
        f"recording {'on' if campaign.record else 'off'}; "
        f"machine detection {'on' if campaign.detect_machines else 'off'}",
    )
    if campaign.detect_machines:
        yield say(
            f"注意：检测需数秒，会超过 {spelled(campaign.rules.legal_wait_s)} 的等待上限",
            f"mind: detection takes seconds and fights the wait of {spelled(campaign.rules.legal_wait_s)}",
        )
    yield say(
        f"接听后 {spelled(campaign.rules.legal_wait_s)} 内无坐席：播放 {campaign.messages.abandoned} 并挂断",
        f"no agent within {spelled(campaign.rules.legal_wait_s)} of the answer: "
        f"plays {campaign.messages.abandoned} and hangs up",
    )


def _pacing(campaign: CampaignSettings, say: _Speech) -> Iterable[str]:
    pacing = campaign.pacing
    match campaign.mode:
        case Mode.PREVIEW:
            limit = spelled(campaign.preview_limit_s)
            yield say(
                f"预览：坐席先看案件，{limit} 内决定是否拨打",
                f"preview: an agent sees the account first and has {limit} to accept",
            )
        case Mode.PROGRESSIVE:
            yield say("渐进：每个空闲坐席一通呼叫", "progressive: one call per free agent")
        case Mode.POWER:
            yield say(
                f"倍率：每个空闲坐席 {pacing.ratio:g} 通呼叫",
                f"power: {pacing.ratio:g} calls per free agent",
            )
        case Mode.PREDICTIVE:
            yield say(
                f"预测：放弃率目标至多 {percent(pacing.target_abandonment_ratio)}，"
                f"在途呼叫至多为坐席数的 {pacing.max_ratio:g} 倍",
                f"predictive: at most {percent(pacing.target_abandonment_ratio)} abandoned, "
                f"never more than {pacing.max_ratio:g} calls in the air per agent",
            )
            if pacing.day_ends is not None:
                yield say(
                    f"放弃额度按坐席 {pacing.day_ends:%H:%M} 下班安排",
                    f"the abandonment budget is planned up to {pacing.day_ends:%H:%M}, when the agents go home",
                )
            yield say(
                f"有数据之前按接通率 {percent(pacing.initial_answer_ratio)}、通话 {spelled(pacing.initial_talk_s)}、"
                f"话后 {spelled(pacing.initial_wrap_up_s)} 估计",
                f"until there is evidence: {percent(pacing.initial_answer_ratio)} answer, "
                f"talk {spelled(pacing.initial_talk_s)}, wrap-up {spelled(pacing.initial_wrap_up_s)}",
            )
    yield say(
        f"每秒至多 {pacing.max_calls_per_s:g} 通",
        f"at most {pacing.max_calls_per_s:g} new calls a second",
    )


def _hours(rules: CallingRules, say: _Speech) -> Iterable[str]:
    for day in range(7):
        windows = rules.windows.get(day, ())
        shown = ", ".join(_window(window) for window in windows) or say("停呼", "closed")
        yield f"{say(_DAYS_ZH[day], _DAYS_EN[day])}  {shown}"
    yield say(
        f"按债务人当地时间；时段结束前 {spelled(rules.close_margin_s)} 起不再拨出",
        f"in the debtor's local time; no dial in the last {spelled(rules.close_margin_s)} before closing",
    )
    if rules.closed_dates:
        dates = ", ".join(f"{day:%Y-%m-%d}" for day in sorted(rules.closed_dates))
        yield say(f"停呼日：{dates}", f"closed on {dates}")


def _window(window: Window) -> str:
    closes = f"{window.closes:%H:%M}"
    return f"{window.opens:%H:%M}-{'24:00' if closes == '00:00' else closes}"


def _caps(rules: CallingRules, say: _Speech) -> Iterable[str]:
    for limit in limits.of(rules):
        zh, en = sentences.limit_rule(limit)
        yield say(f"{zh}  ({limits.name(limit)})", f"{en}  ({limits.name(limit)})")
    gap = spelled(rules.min_gap_s)
    yield say(f"两次外呼至少间隔 {gap}", f"at least {gap} between two dials")


def _sources(rules: CallingRules, say: _Speech) -> Iterable[str]:
    if not rules.profiles:
        yield say(
            "注意：未引用任何规则集，仅活动自身的设置有效",
            "mind: there is no rule profile; only the campaign's own keys hold",
        )
    for profile in rules.profiles:
        yield f"{profile.stamp}  {profile.title}"
    for entry in rulebook.of_campaign(rules):
        origin = entry.origin
        where = f"  [{origin.cite}]" if origin.cite else ""
        yield f"{origin.profile} {origin.id}: {say(entry.zh, entry.en)}{where} ({origin.tag})"


def _agents(campaign: CampaignSettings, dialer: DialerSettings, say: _Speech) -> Iterable[str]:
    crew = [agent for agent in dialer.agents if serves(agent, campaign)]
    if not crew:
        yield say("没有坐席：不会拨出任何电话", "there are none: not a single call will be placed")
    for agent in crew:
        skills = ", ".join(f"{skill} {level}" for skill, level in agent.skills.items())
        yield f"{agent.id}  {agent.name}  {agent.team or '-'}  {skills or '-'}"
    for route in campaign.routes:
        able = [
            agent.id
            for agent in crew
            if (not route.team or agent.team == route.team)
            and (not route.skill or agent.skills.get(route.skill, 0) >= route.level)
        ]
        who = ", ".join(able) or say("无人，此类案件将无人接听", "nobody, so these accounts wait for ever")
        yield say(f"“{route.name}”（{route.when}）仅限：{who}", f"{route.name!r} ({route.when}) only to: {who}")


def _trunks(campaign: CampaignSettings, dialer: DialerSettings, say: _Speech) -> Iterable[str]:
    used = [trunk for trunk in dialer.trunks if trunk.name in campaign.trunks]
    for trunk in used:
        ids = ", ".join(trunk.caller_ids) or say("无主叫号码", "no caller id")
        yield say(
            f"{trunk.name}  {trunk.host}:{trunk.port}  {trunk.channels} 路，每秒 {trunk.calls_per_s:g} 通  {ids}",
            f"{trunk.name}  {trunk.host}:{trunk.port}  {trunk.channels} channels, {trunk.calls_per_s:g} calls/s  {ids}",
        )
    total = sum(trunk.channels for trunk in used)
    crew = sum(serves(agent, campaign) for agent in dialer.agents)
    wanted = round(crew * campaign.pacing.max_ratio)
    if campaign.mode is Mode.PREDICTIVE and wanted > total:
        yield say(
            f"注意：{crew} 名坐席最多需要 {wanted} 路，线路只有 {total} 路",
            f"mind: {crew} agents could use {wanted} channels and there are {total}",
        )


def _keypad(campaign: CampaignSettings, say: _Speech) -> Iterable[str]:
    for one in sorted(campaign.dispositions, key=lambda one: one.digits):
        notes = []
        if one.asks is Asks.PROMISE:
            notes.append(say("再输入金额 # 日期 #", "then amount # date #"))
        if one.asks is Asks.CALLBACK:
            notes.append(say("再输入时间 #", "then time #"))
        if one.stop is not None:
            notes.append(say(f"停呼标记 {one.stop.value}", f"stop flag {one.stop.value}"))
        if any(other.digits.startswith(one.digits) and other is not one for other in campaign.dispositions):
            notes.append(say("需以 # 结束", "end with #"))
        yield "  ".join((f"{one.digits:>2}", say(one.label_zh, one.label_en), one.code, *notes))
    yield say(
        f"{spelled(campaign.wrap_up_limit_s)} 内未登记则记为 {campaign.default_disposition}",
        f"nothing keyed within {spelled(campaign.wrap_up_limit_s)}: {campaign.default_disposition}",
    )


def _next_steps(campaign: CampaignSettings, say: _Speech) -> Iterable[str]:
    yield say(
        f"先看停呼标记、承诺（至多 {campaign.promise_max_days} 天，至少 {campaign.promise_min_amount}）与约定回拨",
        f"stop flags, promises (at most {campaign.promise_max_days} days, at least "
        f"{campaign.promise_min_amount}) and call-backs go first",
    )
    for number, rule in enumerate(campaign.next_steps, start=1):
        yield f"{number}. {rule.name}: {rule.when} -> {_step(rule, say)}  ({rule.source})"


def _step(rule: NextStepRule, say: _Speech) -> str:
    after = say(f"{spelled(rule.after_s)} 后", f"after {spelled(rule.after_s)} ") if rule.after_s else ""
    match rule.then:
        case NextKind.RETRY:
            return after + say("重拨", "retry")
        case NextKind.OTHER_NUMBER:
            return after + say("拨下一个号码，没有则结束", "the next number, or close")
        case NextKind.CALLBACK:
            return after + say("由同一坐席回拨", "call back by the same agent")
        case NextKind.TEAM:
            return after + say(f"转团队 {rule.team}", f"to the team {rule.team}")
        case NextKind.HOLD:
            return after + say("解除等待", "wake from holding")
        case NextKind.CLOSED:
            return say("结束", "close")
        case NextKind.NEVER:
            return say("永不再呼", "never again")


def _retries(campaign: CampaignSettings, say: _Speech) -> Iterable[str]:
    for outcome, (zh, en) in OUTCOMES.items():
        waits = campaign.retry_after_s.get(outcome, ())
        shown = ", ".join(spelled(wait_s) for wait_s in waits)
        end = say("换号或结束", "next number or close")
        yield f"{outcome.value} {say(zh, en)}: {f'{shown}, ' if shown else ''}{end}"
    shortest = min((wait_s for waits in campaign.retry_after_s.values() for wait_s in waits), default=None)
    if shortest is not None and shortest < campaign.rules.min_gap_s:
        yield say(
            f"短于 {spelled(campaign.rules.min_gap_s)} 的等待会被最小间隔延长",
            f"waits shorter than {spelled(campaign.rules.min_gap_s)} are stretched to it by min_gap",
        )


def _facts(say: _Speech) -> Iterable[str]:
    yield "routes: " + ", ".join(f"{name} ({kind})" for name, kind in LEAD_FACTS.items())
    extra = ", ".join(f"{name} ({kind})" for name, kind in CALL_FACTS.items() if name not in LEAD_FACTS)
    yield say(f"next_steps 另有: {extra}", f"next_steps also: {extra}")
