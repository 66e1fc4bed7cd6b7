"""When unanswered calls are given up, never before they have rung as long as the law wants.

At the campaign's ring timeout, which counts from the dial; later for a call that began to ring late. When channels are
what is short, old rings make room for fresh ones. When somebody wants it, or the agent for whom it rings is gone.
"""

from __future__ import annotations

from dialer import pacing
from dialer.calls import Call
from dialer.compliance import ringing
from dialer.effects import HangUp
from dialer.floor.state import CampaignRun, FloorState, Moment
from dialer.types import AttemptId, CallState, ChannelId, ServerName
from dialer.values import replace

AFTER_S = 0.05
"""So much after the timeout a call is given up, and after the least ring: clocks of two programs."""
_UNANSWERED = (CallState.PLACED, CallState.RINGING)


def give_up(floor: FloorState, call: Call, reason: str, now: Moment) -> None:
    """Hang up on a customer; one whose phone rings is let ring first as long as the rules want."""
    ends_s = ringing.may_end_s(floor.known[call.campaign].rules, rang_s=call.rang_s) + AFTER_S
    if call.state is CallState.RINGING and now.s < ends_s:
        floor.note(call, now, "call.ring_owed", reason)
        floor.wake(ends_s, "ring_out", call.attempt_id)
        return
    # Who answers while this is on its way is hung up on by us.
    floor.calls[call.attempt_id] = replace(call, hung_up_by_us=True)
    floor.emit(HangUp(server=call.server, channel_id=ChannelId(call.attempt_id), reason=reason))


def timed_out(floor: FloorState, attempt_id: AttemptId, now: Moment) -> None:
    """Alarm: a call's time is up; it goes if it has not been answered."""
    call = floor.calls.get(attempt_id)
    if call is None or call.state not in _UNANSWERED or call.ring_cut:
        return
    if call.cancelled or now.s >= call.placed_s + call.ring_timeout_s:
        give_up(floor, call, "nobody answered", now)


def cut_old_rings(floor: FloorState, run: CampaignRun, server: ServerName, most: int, now: Moment) -> None:
    """Channels are what is short: give up calls that have rung as long as the law wants and promise less than new ones.

    The longest ringing first; it is told as `no_answer`, which it is.
    """
    min_ring_s = run.settings.rules.min_ring_s
    old = [
        (now.s - call.rang_s, call)
        for call in floor.calls.unserved(run.settings.name)
        if call.server == server and call.state is CallState.RINGING and not call.ring_cut and call.rang_s is not None
        if now.s - call.rang_s >= min_ring_s
    ]
    if not old:
        return
    old.sort(key=lambda pair: (-pair[0], pair[1].attempt_id))
    rang_s, timeout_s = [rang_s for rang_s, _ in old], old[0][1].ring_timeout_s
    hopeless = pacing.fruitless(run.estimates, rang_s, timeout_s, min_ring_s=min_ring_s)
    for (_, call), is_fruitless in list(zip(old, hopeless, strict=True))[:most]:
        if is_fruitless:
            floor.calls[call.attempt_id] = replace(call, ring_cut=True)
            floor.note(call, now, "call.ring_cut", "its channel is needed")
            floor.emit(HangUp(server=server, channel_id=ChannelId(call.attempt_id), reason="rang long enough"))
