"""What happens next to an account, and which agents may take its calls. Pure.

Rules, in order; the first that applies decides:
    1. A disposition that sets a stop flag: never again. A wrong number stops that number only: the debtor's
       next number is tried, if there is one.
    2. A promise to pay: hold until it is over, after its last day of grace (`dialer.promises.planning`). The store
       brings the account back sooner for the reminders, or as soon as the promise is judged: `dialer.store.promising`.
    3. A call-back: at the promised moment, to the same agent.
    4. The campaign's `next_steps`, in the order of the file; `dialer.campaigns.expressions` lists the facts.
    5. The campaign's `retry` table: the n-th wait for the n-th retry after this outcome; past the end, or
       without an entry, the debtor's next number, and without one the account is closed.

Whatever decides, the moment is moved to the first at which the gate will allow the dial: within calling hours
in every candidate zone, after the gap, and on another day where a daily limit is used up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from dialer.campaigns.expressions import FactValue, first_that_holds
from dialer.campaigns.wording import OUTCOMES, both, spelled
from dialer.compliance import counting, dated, hours, limits, third_parties
from dialer.leads import Lead, NextStep, Promise
from dialer.promises import planning
from dialer.settings import AgentSettings, CampaignSettings, DispositionSettings, NextStepRule, RouteRule
from dialer.types import AgentId, Counted, NextKind, Outcome, StopFlag

MOVED = both("顺延至规则允许的时间", "moved to when the calling rules allow it")
"""Why a step comes later than wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFacts:
    """What is known of a call when it is over."""

    lead: Lead
    """As it was leased, before the call."""
    outcome: Outcome
    disposition: DispositionSettings | None = None
    promise: Promise | None = None
    callback_at: datetime | None = None
    agent_id: AgentId | None = None
    talk_s: float = 0.0


def next_step(settings: CampaignSettings, facts: CallFacts, at: datetime) -> NextStep:
    """What happens next to the account of a call that ended.

    Args:
        settings: of the campaign that made the call.
        facts: the call. The debtor's zone is the lead's.
        at: the end of the call, aware.

    Returns:
        The step, with the rule that decided and a sentence for people.
    """
    plan = _Plan(settings=settings, facts=facts, at=at)
    return plan.stopped() or plan.promised() or plan.called_back() or plan.by_rule() or plan.by_retry_table()


def route(settings: CampaignSettings, lead: Lead) -> RouteRule | None:
    """The first route rule that holds for an account; None: any agent of the campaign may take its calls."""
    spot = first_that_holds(_whens(settings.routes), lead_facts(lead))
    return None if spot is None else settings.routes[spot]


def _whens(rules: tuple[RouteRule, ...] | tuple[NextStepRule, ...]) -> tuple[str, ...]:
    return tuple([rule.when for rule in rules])


def serves(agent: AgentSettings, settings: CampaignSettings) -> bool:
    """True when an agent works for a campaign: named, or of a named team, or nobody was named."""
    if not settings.agents and not settings.teams:
        return True
    return agent.id in settings.agents or (agent.team != "" and agent.team in settings.teams)


def qualified(agent: AgentSettings, rule: RouteRule | None, lead: Lead) -> bool:
    """True when an agent may take this account's calls.

    Args:
        agent: who works for the campaign; see `serves`.
        rule: what `route` said.
        lead: whose own team, set by an earlier step, is asked for too.
    """
    return able(agent, rule, lead.team, lead.skill, lead.level)


def able(agent: AgentSettings, rule: RouteRule | None, team: str, skill: str = "", level: int = 0) -> bool:
    """True when an agent may take calls of accounts under this rule that belong to this team (empty: to none).

    Args:
        agent: who works for the campaign.
        rule: of the campaign's routes; None: none holds.
        team: only this one may; empty: any.
        skill: what the debtor's assignment asks for; empty: nothing.
        level: at least so much of it.
    """
    if team and agent.team != team:
        return False
    if skill and agent.skills.get(skill, 0) < level:
        return False
    if rule is None:
        return True
    if rule.team and agent.team != rule.team:
        return False
    return not rule.skill or agent.skills.get(rule.skill, 0) >= rule.level


def lead_facts(lead: Lead) -> Mapping[str, FactValue]:
    """The facts of an account by the names that expressions use."""
    return {
        "days_past_due": lead.days_past_due,
        "amount_due": lead.amount_due,
        "risk": lead.risk,
        "region": lead.region,
        "product": lead.product,
        "language": lead.language,
        "team": lead.team,
        "attempts": lead.attempts_total,
        "number_attempts_today": lead.number_attempts_today,
        "debtor_attempts_today": lead.debtor_attempts_today,
        "conversations_today": lead.debtor_conversations_today,
        "other_numbers": lead.other_numbers,
    }


def call_facts(facts: CallFacts, at: datetime) -> Mapping[str, FactValue]:
    """The facts of a call that ended by the names that expressions use; the counts include the call."""
    lead, disposition = facts.lead, facts.disposition
    zones = hours.zones_of(lead.zone)
    local = at.astimezone(zones[0]) if zones else at
    return {
        **lead_facts(lead),
        "attempts": lead.attempts_total + 1,
        "number_attempts_today": lead.number_attempts_today + 1,
        "debtor_attempts_today": lead.debtor_attempts_today + 1,
        "conversations_today": _conversations_today(facts),
        "outcome": facts.outcome.value,
        "disposition": disposition.code if disposition else "",
        "right_party": disposition is not None and disposition.right_party,
        "conversation": disposition is not None and disposition.conversation,
        "retries": lead.retries,
        "talk_s": facts.talk_s,
        "agent": facts.agent_id or "",
        "hour": local.hour,
        "weekday": local.weekday(),
    }


def _conversations_today(facts: CallFacts) -> int:
    """With the call that just ended counted in."""
    talked = facts.disposition is not None and facts.disposition.conversation
    return facts.lead.debtor_conversations_today + int(talked)


@lru_cache(maxsize=1024)
def _why_again(outcome: Outcome, wait_s: float, retry: int, of: int) -> str:
    zh, en = OUTCOMES[outcome]
    after = spelled(wait_s)
    return both(f"{zh}，{after} 后第 {retry}/{of} 次重拨", f"{en}: retry {retry} of {of} after {after}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """One call's way through the rules at the top of this module."""

    settings: CampaignSettings
    facts: CallFacts
    at: datetime

    def stopped(self) -> NextStep | None:
        disposition = self.facts.disposition
        if disposition is None or disposition.stop is None:
            return None
        rule = f"stop:{disposition.stop.value} ({self._key('dispositions', disposition.code)})"
        if disposition.stop is StopFlag.WRONG_NUMBER and self._others():
            why = both("号码非本人，换下一个号码", "wrong number: the debtor's next number")
            return self._other_number(self.at, rule, why)
        why = both(f"登记为“{disposition.label_zh}”，不再外呼", f"{disposition.label_en}: never called again")
        return NextStep(kind=NextKind.NEVER, rule=rule, reason=why)

    def promised(self) -> NextStep | None:
        promise = self.facts.promise
        if promise is None:
            return None
        day = planning.comes_back_on(promise.due_on)
        wanted = max((datetime.combine(day, time(0), zone) for zone in self._zones()), default=self.at)
        why = both(
            f"承诺 {promise.due_on} 还款 {promise.amount}，宽限 {planning.GRACE_DAYS} 天",
            f"promised {promise.amount} by {promise.due_on}, {planning.GRACE_DAYS} day of grace",
        )
        return self._scheduled(NextKind.HOLD, wanted, f"promise ({self.settings.source})", why)

    def called_back(self) -> NextStep | None:
        wanted = self.facts.callback_at
        if wanted is None:
            return None
        why = both("与客户约定回拨", "a call-back was agreed")
        rule = f"callback ({self.settings.source})"
        return self._scheduled(NextKind.CALLBACK, wanted, rule, why, agent_id=self.facts.agent_id)

    def by_rule(self) -> NextStep | None:
        rules = self.settings.next_steps
        spot = first_that_holds(_whens(rules), call_facts(self.facts, self.at)) if rules else None
        return None if spot is None else self._obeyed(rules[spot])

    def _obeyed(self, rule: NextStepRule) -> NextStep:
        name = f"{rule.name} ({rule.source or self.settings.source})"
        why = both(f"规则“{rule.name}”：{rule.when}", f"rule {rule.name!r} holds")
        wanted = self.at + timedelta(seconds=rule.after_s)
        match rule.then:
            case NextKind.CLOSED | NextKind.NEVER:
                return NextStep(kind=rule.then, rule=name, reason=why)
            case NextKind.OTHER_NUMBER:
                return self._other_number(wanted, name, why)
            case NextKind.TEAM:
                return self._scheduled(rule.then, wanted, name, why, team=rule.team)
            case NextKind.CALLBACK:
                return self._scheduled(rule.then, wanted, name, why, agent_id=self.facts.agent_id)
            case NextKind.RETRY | NextKind.HOLD:
                return self._scheduled(rule.then, wanted, name, why)

    def by_retry_table(self) -> NextStep:
        outcome, retries = self.facts.outcome, self.facts.lead.retries
        waits = self.settings.retry_after_s.get(outcome, ())
        rule = self._key("retry", outcome.value)
        if retries >= len(waits):
            zh, en = OUTCOMES[outcome]
            why = both(f"{zh}，重拨 {retries} 次后用尽", f"{en}: no retry left after {retries}")
            return self._other_number(self.at, rule, why)
        wait_s = waits[retries]
        why = _why_again(outcome, wait_s, retries + 1, len(waits))
        return self._scheduled(NextKind.RETRY, self.at + timedelta(seconds=wait_s), rule, why)

    def _other_number(self, wanted: datetime, rule: str, why: str) -> NextStep:
        if self._others():
            return self._scheduled(NextKind.OTHER_NUMBER, wanted, rule, why)
        closed = both("无其他号码，结束", "no other number is left, so the account is closed")
        return NextStep(kind=NextKind.CLOSED, rule=rule, reason=f"{why}; {closed}")

    def _scheduled(
        self,
        kind: NextKind,
        wanted: datetime,
        rule: str,
        why: str,
        *,
        team: str = "",
        agent_id: AgentId | None = None,
    ) -> NextStep:
        allowed_at = hours.next_opening(self.settings.rules, self._zones(), max(wanted, *self._limits(kind), self.at))
        if allowed_at is None:
            closed = both("债务人无可拨打时段", "no calling hours for this debtor")
            return NextStep(kind=NextKind.CLOSED, rule=rule, reason=f"{why}; {closed}")
        if allowed_at > wanted:
            why = f"{why}; {MOVED}"
        return NextStep(kind=kind, at=allowed_at, team=team, agent_id=agent_id, rule=rule, reason=why)

    def _limits(self, kind: NextKind) -> Iterator[datetime]:
        """Moments before which the gate would refuse the next dial."""
        rules, lead, zones = self.settings.rules, self.facts.lead, self._zones()
        yield self.at + timedelta(seconds=rules.min_gap_s)
        same_number = kind is not NextKind.OTHER_NUMBER
        yield limits.room_after(rules, lead, self._counted(), zones, self.at, same_number=same_number)

    def _others(self) -> int:
        """Further numbers that may be tried: contacts' only where the rules now allow them."""
        lead, disposition = self.facts.lead, self.facts.disposition
        if not lead.other_contacts:
            return lead.other_numbers
        is_wrong = disposition is not None and disposition.stop is StopFlag.WRONG_NUMBER
        lost = is_wrong or self.facts.outcome is Outcome.INVALID
        rules = dated.in_force(self.settings.rules, self._zones(), self.at)
        allowed = third_parties.may_follow(lead, rules, self._counted(), self.at, number_lost=lost)
        return lead.other_numbers if allowed else lead.other_numbers - lead.other_contacts

    def _counted(self) -> frozenset[Counted]:
        """What the call counts as."""
        talked = self.facts.disposition is not None and self.facts.disposition.conversation
        return counting.counted(self.facts.outcome, conversation=talked)

    def _zones(self) -> tuple[ZoneInfo, ...]:
        return hours.zones_of(self.facts.lead.zone)

    def _key(self, section: str, name: str) -> str:
        return f"{section}.{name} ({self.settings.source})"
