"""When channels are what is short: old rings make room for fresh ones."""

from __future__ import annotations

from dialer import pacing
from dialer.events import HangUp
from dialer.floor.state import CampaignRun, FloorState, Moment
from dialer.types import CallState, ChannelId, ServerName
from dialer.values import replace


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
