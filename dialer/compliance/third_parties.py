"""May a contact of the debtor be called? Only where every source that speaks of it allows it. Pure.

A debtor counts as unreached while the last dials to the debtor's own numbers, counted from the latest, were answered by
no person; one answer begins the count anew. A contact's refusal is a stop flag and for ever.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from dialer.calling_rules import CallingRules, Origin, ThirdPartyRule
from dialer.leads import Lead, Touch
from dialer.types import ContactRole, Counted

_REACHED = frozenset({Counted.HUMAN, Counted.TALK, Counted.CONVERSATION, Counted.ABANDONED})
_NOBODY_SPEAKS = ThirdPartyRule(origin=Origin(id="third_party"))


def forbidden(lead: Lead, rules: CallingRules) -> ThirdPartyRule | None:
    """The rule by which a contact may not be called yet; None when the number may be called, or is the debtor's."""
    if lead.role is not ContactRole.CONTACT:
        return None
    return next((rule for rule in rules.third_parties or (_NOBODY_SPEAKS,) if not _allows(rule, lead)), None)


def may_follow(
    lead: Lead, rules: CallingRules, counted: frozenset[Counted], at: datetime, *, number_lost: bool
) -> bool:
    """True when a contact may be called next, after a call that has just ended.

    Args:
        lead: whom the call was to, as before the call.
        rules: of the campaign.
        counted: what the call counts as.
        at: its end, aware.
        number_lost: its number turned out not to exist, or not to be the debtor's.
    """
    dial = Touch(
        at=at,
        number=lead.number,
        debtor_id=lead.debtor_id,
        account_id=lead.account_id,
        role=lead.role,
        counted=counted,
    )
    none_left = lead.own_number_invalid or (number_lost and lead.last_own_number)
    touches = (*lead.touches, dial)
    contact = replace(lead, role=ContactRole.CONTACT, touches=touches, own_number_invalid=none_left)
    return forbidden(contact, rules) is None


def unreached(lead: Lead) -> int:
    """Dials in a row, up to the latest, to the debtor's own numbers that reached no person."""
    run = 0
    for touch in reversed(lead.touches):
        if touch.debtor_id == lead.debtor_id and touch.role is ContactRole.DEBTOR:
            if touch.counted & _REACHED:
                return run
            run += 1
    return run


def _allows(rule: ThirdPartyRule, lead: Lead) -> bool:
    if rule.own_number_invalid and lead.own_number_invalid:
        return True
    return rule.after_unreached is not None and unreached(lead) >= rule.after_unreached
