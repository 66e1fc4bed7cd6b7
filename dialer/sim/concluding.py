"""What agents key in after a conversation: one of the campaign's dispositions, by chance."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import accumulate
from typing import Final
from zoneinfo import ZoneInfo

from dialer.facts import DispositionTold
from dialer.leads import Promise
from dialer.settings import CampaignSettings, DispositionSettings
from dialer.sim.behaviour import Behaviour, BehaviourError
from dialer.sim.draws import CallDraws
from dialer.sim.lines import Line
from dialer.types import AgentId, Asks

PROMISED_AFTER: Final = timedelta(days=3)
CALLED_BACK_AFTER: Final = timedelta(hours=3)
PROMISED: Final = Decimal(500)


class Conclusions:
    """What is concluded of conversations.

    Args:
        campaign: whose dispositions.
        behaviour: how often which.
        draws: of calls.
        zone: in which promises' days are counted.

    Raises:
        BehaviourError: a disposition is not one of the campaign's.
    """

    def __init__(self, campaign: CampaignSettings, behaviour: Behaviour, draws: CallDraws, zone: ZoneInfo) -> None:
        self._campaign, self._draws, self._zone = campaign, draws, zone
        chosen = list(_named(campaign, behaviour) if behaviour.dispositions else _likely(campaign, behaviour))
        self._entries = [entry for entry, _ in chosen]
        self._up_to = list(accumulate(share for _, share in chosen))
        self._machine = next(_nobody(campaign), _default(campaign))

    def of(self, agent_id: AgentId, line: Line, at: datetime) -> DispositionTold:
        """What an agent says of a call, at the end of the wrap-up."""
        entry = self._machine if line.is_machine else self._drawn(self._draws.disposition.of(line.index))
        promise = callback_at = None
        if entry.asks is Asks.PROMISE:
            amount = max(PROMISED, self._campaign.promise_min_amount)
            promise = Promise(amount=amount, due_on=(at.astimezone(self._zone) + PROMISED_AFTER).date())
        elif entry.asks is Asks.CALLBACK:
            callback_at = at + CALLED_BACK_AFTER
        return DispositionTold(agent_id=agent_id, code=entry.code, promise=promise, callback_at=callback_at)

    def _drawn(self, chance: float) -> DispositionSettings:
        return self._entries[min(bisect_right(self._up_to, chance * self._up_to[-1]), len(self._entries) - 1)]


def _named(campaign: CampaignSettings, behaviour: Behaviour) -> Iterator[tuple[DispositionSettings, float]]:
    known = {entry.code: entry for entry in campaign.dispositions}
    for code, share in behaviour.dispositions:
        entry = next((one for name, one in known.items() if name == code), None)
        if entry is None:
            raise BehaviourError(f"{code} is not a disposition of {campaign.name}; use {', '.join(known)}.")
        yield entry, share


def _likely(campaign: CampaignSettings, behaviour: Behaviour) -> Iterator[tuple[DispositionSettings, float]]:
    """Promises, other words with the debtor, words with others; what stops an account for good is left out."""
    lasting = [entry for entry in campaign.dispositions if entry.stop is None]
    promises = [entry for entry in lasting if entry.asks is Asks.PROMISE]
    spoken = [entry for entry in lasting if entry.right_party and entry.asks is Asks.NOTHING]
    others = [entry for entry in lasting if not entry.right_party and entry.asks is Asks.NOTHING]
    promised = behaviour.right_party_ratio * behaviour.promise_ratio
    for group, share in (
        (promises, promised),
        (spoken, behaviour.right_party_ratio - promised),
        (others, 1.0 - behaviour.right_party_ratio),
    ):
        entries = group or [_default(campaign)]
        yield from ((entry, share / len(entries)) for entry in entries)


def _nobody(campaign: CampaignSettings) -> Iterator[DispositionSettings]:
    """What says that nobody was there."""
    for entry in campaign.dispositions:
        if not (entry.right_party or entry.conversation or entry.stop) and entry.asks is Asks.NOTHING:
            yield entry


def _default(campaign: CampaignSettings) -> DispositionSettings:
    return next(entry for entry in campaign.dispositions if entry.code == campaign.default_disposition)
