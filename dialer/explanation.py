"""May an account be dialled by a campaign now, and if not: what forbids it, since when, and when it next may. Pure.

What is looked at, in this order; what forbids it longest is told first, and all that forbid are told:
    1. the account: stopped for good, closed, in a call, leased, waiting or on hold, its team
    2. the person: stop flags, a desk, an experiment, another account of the same person or number that is leased
    3. the number: it has none, it is wrong, it is on the do-not-call list
    4. the gate, as it would answer now: prefix, third party, zone, hours, limits
    5. the agents: whether anybody of the campaign may take the call

The next moment is the first at which all of them allow it, found by asking the gate again at each moment it names, with
what will count then. Nothing is forecast: calls and orders until then may put it off.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from dialer.campaigns import assignment
from dialer.compliance import gate, hours, sentences
from dialer.effects import Permit
from dialer.leads import Lead
from dialer.settings import AgentSettings, CampaignSettings
from dialer.store.why import KnownAccount, KnownPhone, KnownStop
from dialer.types import StopFlag

_TRIES: Final = 24
_STEP: Final = timedelta(minutes=15)
_FAR: Final = timedelta(days=15)
_SECOND: Final = timedelta(seconds=1)

LeadAt = Callable[[datetime], Lead]
"""The lead with what counts at a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One thing that forbids the dial."""

    rule: str
    zh: str
    en: str
    since: datetime | None = None
    """None: it is not known."""
    until: datetime | None = None
    """None with `lasts`: time alone does not end it. None without: its end is not known."""
    lasts: bool = False
    profile: str = ""
    """Whose rule it is, for the gate's."""
    cite: str = ""
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one campaign may do with an account."""

    campaign: str
    number: str
    """The one that was asked about, or is next; empty: none."""
    blocks: tuple[Block, ...]
    """Empty: it may be dialled now."""
    next_at: datetime | None
    """When it may; None: not by the passing of time."""
    checked: tuple[str, ...]
    """What a permit would list, counters included, or the counters behind the gate's no."""
    able: tuple[str, ...]
    """Agents of the campaign who may take the call, by the settings."""

    @property
    def may(self) -> bool:
        """True when it may be dialled now."""
        return not self.blocks


def explain(
    known: KnownAccount,
    campaign: CampaignSettings,
    agents: Sequence[AgentSettings],
    lead_at: LeadAt,
    at: datetime,
    *,
    phone_id: int | None = None,
    held_out: Callable[[Lead], Block | None] = lambda _: None,
) -> Answer:
    """What a campaign may do with an account.

    Args:
        known: the account.
        campaign: whose list it stands in.
        agents: all there are in the settings.
        lead_at: reads the lead; not asked when there is no number.
        at: now, aware.
        phone_id: the number that is asked about; None: the account's next one.
        held_out: says whether an experiment would leave the debtor alone as soon as somebody was about to call.
    """
    phone = known.phone(phone_id or known.next_phone_id)
    blocks = [*_account(known, campaign, at), *_person(known), *_number(known, phone)]
    staff = [one for one in agents if assignment.serves(one, campaign)]
    if phone is None:
        return Answer(campaign=campaign.name, number="", blocks=tuple(blocks), next_at=None, checked=(), able=())
    lead = lead_at(at)
    found = gate.check(lead, campaign.rules, campaign.name, at)
    if isinstance(found, gate.Refusal):
        refused = _refused(found, lead, campaign, at)
        blocks = [block for block in blocks if not _is_older(block, refused)]
        if refused.rule not in {block.rule for block in blocks}:
            blocks.append(refused)
    if (held := held_out(lead)) is not None:
        blocks.append(held)
    able = [one.id for one in staff if assignment.qualified(one, assignment.route(campaign, lead), lead)]
    if not able:
        blocks.append(_nobody(campaign, lead))
    return Answer(
        campaign=campaign.name,
        number=phone.number,
        blocks=tuple(sorted(blocks, key=_weight)),
        next_at=_next_at(blocks, campaign, lead_at, at),
        checked=found.rules if isinstance(found, Permit) else found.counters,
        able=tuple(able),
    )


def _is_older(block: Block, refused: Block) -> bool:
    """True for an earlier no by the same rule, when the one of now holds as long: it has the source and the since."""
    if block.rule != refused.rule or block.until is None or refused.until is None:
        return False
    return block.until <= refused.until


def _weight(block: Block) -> tuple[bool, float]:
    """What holds longest is told first; of two that end together the rule before the plan that was made by it."""
    if block.lasts:
        return False, 0.0
    return True, 0.0 if block.until is None else -block.until.timestamp() - bool(block.profile)


# --- the account ---------------------------------------------------------------------------------------


def _account(known: KnownAccount, campaign: CampaignSettings, at: datetime) -> Iterator[Block]:
    since = _decided_at(known)
    zh, en = _both(known.next_reason)
    match known.state:
        case "never" if not any(f"stop:{stop.flag}" == known.next_rule for stop in known.stops):
            yield Block(rule=known.next_rule, zh=f"不再外呼：{zh}", en=f"never again: {en}", since=since, lasts=True)
        case "closed":
            yield Block(rule=known.next_rule, zh=f"已结案：{zh}", en=f"closed: {en}", since=since, lasts=True)
    if known.in_air is not None:
        yield Block(rule="in_air", zh="该债务人或号码正在通话", en="the debtor or the number is in a call",
                    since=known.in_air[1])  # fmt: skip
    elif known.lease is not None:
        until = known.lease.until_at
        yield Block(rule="leased", zh="已由引擎取走待拨", en="an engine has it in hand", until=until)
    if known.state in ("waiting", "hold") and (known.next_at is None or known.next_at > at):
        yield _waiting(known, since, zh, en) if not _is_promised(known) else _promised(known, zh, en)
    if known.team and campaign.teams and known.team not in campaign.teams:
        yield Block(rule="team", zh=f"归 {known.team} 组，该活动没有这个组", lasts=True,
                    en=f"it belongs to team {known.team}, which the campaign has not", since=since)  # fmt: skip


def _is_promised(known: KnownAccount) -> bool:
    return known.state == "hold" and known.next_rule.startswith("promise") and known.live_promise is not None


def _promised(known: KnownAccount, zh: str, en: str) -> Block:
    """Off the dialer for a promise: until it is reminded of, or judged, or nobody has approved it."""
    promise = known.live_promise
    return Block(
        rule=known.next_rule,
        zh=zh,
        en=en,
        since=None if promise is None else promise.at,
        until=known.next_at,
        lasts=known.next_at is None,
    )


def _waiting(known: KnownAccount, since: datetime | None, zh: str, en: str) -> Block:
    last = known.refusals[-1] if known.refusals else None
    refused = last is not None and (not known.calls or last.at >= known.calls[-1].at)
    rule = last.rule if last is not None and refused else known.next_rule
    kind_zh, kind_en = ("搁置", "on hold") if known.state == "hold" else ("等待下次外呼", "waiting for its next call")
    return Block(
        rule=rule or known.state,
        zh=f"{kind_zh}：{zh}" if zh else kind_zh,
        en=f"{kind_en}: {en}" if en else kind_en,
        since=since,
        until=known.next_at,
        lasts=known.next_at is None,
    )


def _decided_at(known: KnownAccount) -> datetime | None:
    """When the account's standing was last decided, as far as it can be known."""
    moments = [call.at for call in known.calls[-1:]] + [one.at for one in known.refusals[-1:]]
    return max(moments, default=known.imported_at)


def _both(reason: str) -> tuple[str, str]:
    """A reason that was written in two languages, apart; it may have several parts."""
    pairs = [part.partition(" · ") for part in reason.split("; ")]
    return "；".join(zh for zh, _, _ in pairs), "; ".join(en or zh for zh, _, en in pairs)


# --- the person and the number -------------------------------------------------------------------------


def _person(known: KnownAccount) -> Iterator[Block]:
    for stop in known.stops:
        if stop.phone_id is None:
            yield _stop(stop, "债务人", "the debtor")
    if known.desk is not None:
        desk = known.desk
        zh, en = f"{desk.holder} 正在处理该债务人", f"{desk.holder} works on the debtor"
        yield Block(rule="desk", zh=zh, en=en, since=desk.since, until=desk.until_at)
    other = known.leased_elsewhere
    if other is not None and known.in_air is None:
        zh = f"同一人或同一号码的账户 {other.account_no} 已由引擎取走待拨"
        en = f"account {other.account_no} of the same person or number is in an engine's hands"
        yield Block(rule="leased", zh=zh, en=en, until=other.until_at)


def _number(known: KnownAccount, phone: KnownPhone | None) -> Iterator[Block]:
    if phone is None:
        yield Block(rule="no-number", zh="没有可用号码", en="there is no number that can be dialled", lasts=True)
        return
    if phone.phone_id != known.next_phone_id:
        zh, en = "不是下一个要拨的号码", "it is not the number that is next"
        yield Block(rule="other-number", zh=zh, en=en, lasts=True)
    if phone.state != "valid":
        zh, en = ("不是本人号码", "is not the debtor's") if phone.state == "wrong" else ("是空号", "does not exist")
        yield Block(rule=f"number:{phone.state}", zh=f"该号码{zh}", en=f"the number {en}", lasts=True)
    if phone.forbidden is not None:
        yield _stop(replace(phone.forbidden, flag=StopFlag.DO_NOT_CALL), "该号码", "the number")
    for stop in known.stops:
        if stop.phone_id == phone.phone_id:
            yield _stop(stop, "该号码的主人", "whoever owns the number")


def _stop(stop: KnownStop, who_zh: str, who_en: str) -> Block:
    zh, en = sentences.STOPS[StopFlag(stop.flag)]
    return Block(
        rule=f"stop:{stop.flag}",
        zh=f"{who_zh}{zh}",
        en=f"{who_en} {en}",
        since=stop.at,
        until=stop.until_at,
        lasts=stop.until_at is None,
    )


# --- the gate and the agents ---------------------------------------------------------------------------


def _refused(refusal: gate.Refusal, lead: Lead, campaign: CampaignSettings, at: datetime) -> Block:
    return Block(
        rule=refusal.rule,
        zh=refusal.reason_zh,
        en=refusal.reason_en,
        since=_refused_since(refusal, lead, campaign, at),
        until=refusal.until_at,
        lasts=refusal.until_at is None,
        profile=refusal.profile,
        cite=refusal.cite,
        tag=refusal.tag,
    )


def _refused_since(refusal: gate.Refusal, lead: Lead, campaign: CampaignSettings, at: datetime) -> datetime | None:
    if refusal.until_at is None:
        return None
    if refusal.rule in ("hours", "closing_margin", "closed_date"):
        return _closed_since(lead, campaign, at)
    return _full_since(refusal, lead, campaign, at)


def _closed_since(lead: Lead, campaign: CampaignSettings, at: datetime) -> datetime | None:
    """When the hours last ended: looked for backwards, then narrowed down to the second."""
    zones, rules = hours.zones_of(lead.zone), campaign.rules

    def is_open(moment: datetime) -> bool:
        return hours.next_opening(rules, zones, moment) == moment

    closed_at = at
    while not is_open(open_at := closed_at - _STEP):
        closed_at = open_at
        if closed_at < at - _FAR:
            return None
    while closed_at - open_at > _SECOND:
        middle = open_at + (closed_at - open_at) / 2
        open_at, closed_at = (middle, closed_at) if is_open(middle) else (open_at, middle)
    return closed_at.replace(microsecond=0)


def _full_since(refusal: gate.Refusal, lead: Lead, campaign: CampaignSettings, at: datetime) -> datetime | None:
    """The dial that used a limit up: the newest without which there would be room."""
    for left in range(len(lead.touches) - 1, -1, -1):
        earlier = lead.touches[:left]
        last_at = max((one.at for one in earlier if one.debtor_id == lead.debtor_id), default=None)
        before = replace(
            lead,
            touches=earlier,
            number_attempts_today=0,
            debtor_attempts_today=0,
            debtor_conversations_today=0,
            last_attempt_at=last_at,
        )
        found = gate.check(before, campaign.rules, campaign.name, at)
        if isinstance(found, Permit) or found.rule != refusal.rule:
            return lead.touches[left].at
    return None


def _nobody(campaign: CampaignSettings, lead: Lead) -> Block:
    rule = assignment.route(campaign, lead)
    if rule is None and lead.skill:
        zh = f"没有坐席达到分案要求：{lead.skill} ≥ {lead.level}"
        en = f"no agent of the campaign has the skill that the assignment asks for: {lead.skill} at least {lead.level}"
    elif rule is None and not lead.team:
        zh, en = "没有坐席为该活动工作", "no agent works for the campaign"
    elif rule is None:
        zh, en = f"活动中没有 {lead.team} 组的坐席", f"no agent of the campaign is of team {lead.team}"
    else:
        zh, en = f"没有坐席符合分案规则 {rule.name}", f"no agent of the campaign meets route {rule.name}"
    return Block(rule="no-agent", zh=zh, en=en, lasts=True)


def _next_at(blocks: Sequence[Block], campaign: CampaignSettings, lead_at: LeadAt, at: datetime) -> datetime | None:
    if any(block.lasts for block in blocks):
        return None
    moment = max([at, *(block.until for block in blocks if block.until is not None)])
    for _ in range(_TRIES):
        found = gate.check(lead_at(moment), campaign.rules, campaign.name, moment)
        if isinstance(found, Permit):
            return moment
        if found.until_at is None:
            return None
        moment = max(found.until_at, moment + _SECOND)
    return None
