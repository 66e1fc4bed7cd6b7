"""Every rule of a profile or a campaign in one sentence, with its source. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from dialer.calling_rules import (
    CAMPAIGN,
    AbandonmentRule,
    CallingRules,
    Closure,
    Denominator,
    HoursRule,
    Limit,
    Origin,
    PrefixRule,
    Profile,
    ThirdPartyRule,
    Value,
    Window,
)
from dialer.compliance import limits, sentences
from dialer.compliance.sentences import span

_DAYS_ZH = ("周一", "周二", "周三", "周四", "周五", "周六", "周日")
_DAYS_EN = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One rule."""

    origin: Origin
    zh: str
    en: str


def of_profile(profile: Profile) -> tuple[Entry, ...]:
    """Every rule of a profile, in the order of its file."""
    return tuple(_dated(entry) for entry in _of_profile(profile))


def of_campaign(rules: CallingRules) -> tuple[Entry, ...]:
    """Every rule that holds for a campaign: its profiles', then its own."""
    return (*(entry for profile in rules.profiles for entry in of_profile(profile)), *_own(rules))


def _dated(entry: Entry) -> Entry:
    begins_on = entry.origin.in_force_on
    if begins_on is None:
        return entry
    return replace(entry, zh=f"{entry.zh}（{begins_on} 起）", en=f"{entry.en}, from {begins_on} on")


def windows_text(windows: Mapping[int, Sequence[Window]], days: Sequence[str] = _DAYS_EN) -> str:
    """Windows as files write them: `mon-sat 09:00-20:00`."""
    groups: list[tuple[int, int, tuple[Window, ...]]] = []
    for day in sorted(windows):
        hours = tuple(windows[day])
        if groups and groups[-1][1] == day - 1 and groups[-1][2] == hours:
            groups[-1] = (groups[-1][0], day, hours)
        else:
            groups.append((day, day, hours))
    parts = [
        f"{days[first] if first == last else f'{days[first]}-{days[last]}'} {', '.join(map(_window, hours))}"
        for first, last, hours in groups
    ]
    return "; ".join(parts)


def _window(window: Window) -> str:
    closes = f"{window.closes:%H:%M}"
    return f"{window.opens:%H:%M}-{'24:00' if closes == '00:00' else closes}"


def _of_profile(profile: Profile) -> Iterator[Entry]:
    if profile.hours is not None:
        yield _hours(profile.hours)
    if profile.closure is not None:
        yield _closure(profile.closure, profile.country)
    yield from (_limit(limit) for limit in profile.limits)
    if profile.third_party is not None:
        yield _third_party(profile.third_party)
    if profile.prefixes is not None:
        yield _prefixes(profile.prefixes)
    if profile.abandonment is not None:
        yield _abandonment(profile.abandonment)
    for value, zh, en in (
        (profile.close_margin, "时段结束前 {} 起不再拨出", "no dial in the last {} before hours end"),
        (profile.effective_talk, "通话满 {} 即为有效通话", "a talk of {} or more is effective"),
        (profile.legal_wait, "接听后等待坐席至多 {}", "at most {} from the answer to an agent"),
        (profile.min_ring, "未接来电至少振铃 {}", "an unanswered call rings for at least {}"),
    ):
        if value is not None:
            yield _value(value, zh, en)
    if profile.retention is not None:
        kept = profile.retention
        yield Entry(
            origin=kept.origin,
            zh=f"录音保存 {kept.recording_days} 天，呼叫记录保存 {kept.ledger_days} 天",
            en=f"recordings are kept for {kept.recording_days} days, the ledger for {kept.ledger_days}",
        )


def _own(rules: CallingRules) -> Iterator[Entry]:
    yield from (_hours(rule) for rule in rules.hours if rule.origin.profile == CAMPAIGN)
    yield from (_closure(rule, "") for rule in rules.closures if rule.origin.profile == CAMPAIGN)
    yield from (_limit(limit) for limit in limits.of(rules) if limit.origin.profile == CAMPAIGN)
    yield from (_prefixes(rule) for rule in rules.prefixes if rule.origin.profile == CAMPAIGN)
    for name, seconds, zh, en in (
        ("close_margin", rules.close_margin_s, "时段结束前 {} 起不再拨出", "no dial in the last {} before hours end"),
        ("legal_wait", rules.legal_wait_s, "接听后等待坐席至多 {}", "at most {} from the answer to an agent"),
        ("min_ring", rules.min_ring_s, "未接来电至少振铃 {}", "an unanswered call rings for at least {}"),
    ):
        origin = rules.sources.get(name, Origin(id=name))
        if origin.profile == CAMPAIGN:
            yield _value(Value(value=seconds, origin=origin), zh, en)


def _hours(rule: HoursRule) -> Entry:
    zh, en = windows_text(rule.windows, _DAYS_ZH), windows_text(rule.windows)
    if rule.consent_overrides:
        zh, en = f"{zh}（债务人同意者除外）", f"{en}, unless the debtor agreed otherwise"
    return Entry(origin=rule.origin, zh=f"可拨打 {zh}", en=f"may be called {en}")


def _closure(rule: Closure, country: str) -> Entry:
    if country:
        zh, en = f"{country} 公众假日停呼", f"not on public holidays of {country}"
    else:
        dates = ", ".join(f"{day:%Y-%m-%d}" for day in sorted(rule.dates))
        zh, en = f"停呼日：{dates}", f"closed on {dates}"
    return Entry(origin=rule.origin, zh=zh, en=en)


def _limit(limit: Limit) -> Entry:
    zh, en = sentences.limit_rule(limit)
    return Entry(origin=limit.origin, zh=zh, en=f"{en} ({limit.severity})")


def _third_party(rule: ThirdPartyRule) -> Entry:
    zh, en = [], []
    if rule.own_number_invalid:
        zh.append("本人号码均失效")
        en.append("no number of the debtor's own is left")
    if rule.after_unreached is not None:
        zh.append(f"连续 {rule.after_unreached} 次未联系上本人")
        en.append(f"{rule.after_unreached} dials in a row did not reach the debtor")
    if not zh:
        return Entry(origin=rule.origin, zh="不得联系第三方", en="contacts are never called")
    return Entry(
        origin=rule.origin,
        zh=f"仅当{'或'.join(zh)}方可联系第三方，对方拒绝即永久停止",
        en=f"contacts are called only when {' or '.join(en)}, and never after a refusal",
    )


def _prefixes(rule: PrefixRule) -> Entry:
    allowed = ", ".join(rule.allow) or "+"
    few = ", ".join(rule.deny[:8]) + (", ..." if len(rule.deny) > 8 else "")
    return Entry(
        origin=rule.origin,
        zh=f"只拨 {allowed} 开头的号码" + (f"，{few} 除外" if rule.deny else ""),
        en=f"only numbers that begin with {allowed}" + (f", not with {few}" if rule.deny else ""),
    )


def _abandonment(rule: AbandonmentRule) -> Entry:
    live = rule.denominator is Denominator.LIVE_ANSWERS
    windows = ", ".join(rule.windows)
    zh = f"弃呼至多 {rule.max_ratio * 100:g}%（除以{'真人接听数' if live else '弃呼与转接坐席之和'}；{windows}）"
    most, whole = f"{rule.max_ratio * 100:g}%", "live answers" if live else "abandoned + passed"
    en = f"at most {most} of {whole} abandoned per {windows}"
    if rule.machine_error_ratio:
        en += f", counting {rule.machine_error_ratio * 100:g}% of machine verdicts as abandoned"
        zh += f"，语音信箱判定的 {rule.machine_error_ratio * 100:g}% 计为弃呼"
    return Entry(origin=rule.origin, zh=zh, en=en)


def _value(value: Value, zh: str, en: str) -> Entry:
    span_zh, span_en = span(value.value)
    return Entry(origin=value.origin, zh=zh.format(span_zh), en=en.format(span_en))
