"""The telephone network and the dialplan: effects on customers' channels in, facts out, as a real Asterisk tells them.

dialled -> rang -> answered -> (screened) -> ready -> bridged ----> apart, ended
|        |                                 |-> unserved -> message played -> ended
`--------`-> ended                         `-> out of patience: ended
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dialer.compliance import gate
from dialer.effects import Bridge, HangUp, Originate
from dialer.facts import (
    BridgeEntered,
    BridgeFailed,
    BridgeLeft,
    CallRefused,
    ChannelAnswered,
    ChannelEnded,
    ChannelRang,
    CustomerReady,
    CustomerReleased,
    CustomerScreened,
    CustomerUnserved,
    MessagePlayed,
)
from dialer.sim.behaviour import Behaviour
from dialer.sim.draws import CallDraws
from dialer.sim.lines import CUSTOMER_HUNG_UP, WE_HUNG_UP, End, Fates, Line, Stage
from dialer.sim.people import People, Person
from dialer.sim.record import Record
from dialer.sim.timeline import Timeline
from dialer.types import ChannelId, Verdict

MACHINE_GRACE_S: Final = 1.0
"""The dialplan ends a voicemail's call so long after the verdict."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latencies:
    """How long effects take, in seconds; 0 is allowed."""

    ready_s: float = 0.001
    """From the answer until the customer may be bridged."""
    bridge_s: float = 0.005
    """From the wish for a bridge to both parties in it. Source: docs/asterisk.md (1-2 ms), and some for the engine."""
    lease_s: float = 0.005
    """From the wish for leads to the leads."""


LATENCIES: Final = Latencies()


class Network:
    """Every customer's line of a run.

    Args:
        timeline: where things happen.
        behaviour: of the world.
        draws: of calls.
        fates: what becomes of calls.
        people: the agents.
        record: for the measures.
        latencies: of effects.
    """

    def __init__(
        self,
        timeline: Timeline,
        behaviour: Behaviour,
        draws: CallDraws,
        fates: Fates,
        people: People,
        record: Record,
        latencies: Latencies,
    ) -> None:
        self._timeline, self._draws, self._fates, self._people = timeline, draws, fates, people
        self._record, self._latencies = record, latencies
        self._message_s = behaviour.message_s
        self.account_id = 0
        """Whom the next call is to; `Originate` does not say."""
        self.placed = 0
        """Calls so far; the next one has this index."""
        self.lines: dict[ChannelId, Line] = {}
        """Channels that live, in the order of placing."""
        timeline.on(Originate, self._originate)
        timeline.on(Bridge, self._ask_bridge)
        timeline.on(HangUp, self._hang_up)

    # --- placing and ringing ---------------------------------------------------------------------------

    def _originate(self, effect: Originate) -> None:
        timeline = self._timeline
        if not gate.recheck(effect.permit, timeline.now.at):
            refused = CallRefused(channel_id=ChannelId(effect.attempt_id), reason="the permit had expired")
            timeline.at(timeline.s, timeline.take, refused)
            return
        line = Line(self.placed, effect, timeline.s)
        self.placed += 1
        self.lines[line.channel_id] = line
        self._fates.decide(line, effect.ring_timeout_s, self.account_id)
        self._record.placed(line)
        if line.rings_s is not None:
            timeline.at(line.rings_s, self._rang, line)
        else:
            timeline.at(line.settled_s, self._settled, line)

    def _rang(self, line: Line) -> None:
        if line.stage is Stage.DIALLED:
            self._timeline.at(line.settled_s, self._settled, line)
            self._timeline.take(ChannelRang(channel_id=line.channel_id))

    def _settled(self, line: Line) -> None:
        """Answered, or not."""
        if line.stage is not Stage.DIALLED:
            return
        if line.end is not None:
            self._end(line, line.end)
            return
        timeline, draws = self._timeline, self._draws
        line.stage = Stage.UP
        self._record.off_air(line, timeline.s)
        timeline.take(ChannelAnswered(channel_id=line.channel_id, channel=line.channel))
        if line.detect:
            timeline.at(timeline.s + draws.detection.of(line.index), self._screened, line)
        elif self._latencies.ready_s > 0.0:
            timeline.at(timeline.s + self._latencies.ready_s, self._ready, line)
        else:
            self._ready(line)
        if draws.patience is not None and not line.is_machine:
            timeline.at(timeline.s + draws.patience.of(line.index), self._out_of_patience, line)

    # --- waiting ---------------------------------------------------------------------------------------

    def _screened(self, line: Line) -> None:
        if line.stage is not Stage.UP:
            return
        says_machine = self._draws.says_machine(line.index, is_machine=line.is_machine)
        verdict = Verdict.MACHINE if says_machine else Verdict.HUMAN
        self._timeline.take(CustomerScreened(channel_id=line.channel_id, verdict=verdict))
        if says_machine:
            self._record.taken_for_machine(line)
            self._timeline.at(self._timeline.s + MACHINE_GRACE_S, self._hung_up, line)
        else:
            self._ready(line)

    def _ready(self, line: Line) -> None:
        if line.stage is Stage.UP:
            line.stage = Stage.WAITING
            self._timeline.at(self._timeline.s + line.wait_s, self._unserved, line)
            self._timeline.take(CustomerReady(channel_id=line.channel_id, channel=line.channel))

    def _unserved(self, line: Line) -> None:
        if line.stage is Stage.WAITING:
            line.stage = Stage.MESSAGE
            self._timeline.at(self._timeline.s + self._message_s, self._message_over, line)
            self._timeline.take(CustomerUnserved(channel_id=line.channel_id))

    def _message_over(self, line: Line) -> None:
        if line.stage is Stage.MESSAGE:
            self._timeline.take(MessagePlayed(channel_id=line.channel_id))
            self._end(line, WE_HUNG_UP)

    def _out_of_patience(self, line: Line) -> None:
        """Nobody hangs up in the milliseconds in which the bridge is being made."""
        if line.stage in (Stage.UP, Stage.WAITING, Stage.MESSAGE) and not line.bridge_asked:
            self._end(line, CUSTOMER_HUNG_UP)

    # --- talking ---------------------------------------------------------------------------------------

    def _ask_bridge(self, effect: Bridge) -> None:
        line = self.lines.get(ChannelId(effect.attempt_id))
        if line is not None:
            line.bridge_asked = True
        self._timeline.at(self._timeline.s + self._latencies.bridge_s, self._bridge, effect)

    def _bridge(self, effect: Bridge) -> None:
        line = self.lines.get(ChannelId(effect.attempt_id))
        person = self._people.with_channel(effect.agent_channel)
        if line is None or line.stage not in (Stage.WAITING, Stage.MESSAGE, Stage.RELEASED):
            self._refuse_bridge(effect, effect.customer_channel)
        elif person is None or person.is_talking:
            line.bridge_asked = False
            self._refuse_bridge(effect, effect.agent_channel)
        else:
            self._join(line, person)

    def _refuse_bridge(self, effect: Bridge, gone: str) -> None:
        channel_id = ChannelId(effect.attempt_id)
        self._timeline.take(BridgeFailed(channel_id=channel_id, reason=f"no such channel: {gone}"))

    def _join(self, line: Line, person: Person) -> None:
        timeline, bridge_id = self._timeline, _bridge_id(line)
        line.stage, line.leg = Stage.TALKING, person.channel_id
        self._record.bridged(line, timeline.s)
        timeline.at(self._people.begin_talk(person, line), self._talk_over, line)
        timeline.take(BridgeEntered(channel_id=line.channel_id, bridge_id=bridge_id))
        timeline.take(BridgeEntered(channel_id=person.channel_id, bridge_id=bridge_id))

    def _talk_over(self, line: Line) -> None:
        """The customer hangs up; a voicemail does not, so the agent drops it."""
        if line.stage is not Stage.TALKING or line.leg is None:
            return
        if line.is_machine:
            self._people.drop_customer(line.leg)
        else:
            self._part(line)
            self._end(line, CUSTOMER_HUNG_UP)

    def _part(self, line: Line) -> None:
        """Both leave the bridge."""
        leg, line.leg = line.leg, None
        if leg is not None:
            self._people.end_talk(leg)
            self._timeline.take(BridgeLeft(channel_id=line.channel_id, bridge_id=_bridge_id(line)))
            self._timeline.take(BridgeLeft(channel_id=leg, bridge_id=_bridge_id(line)))

    # --- the end ---------------------------------------------------------------------------------------

    def _hang_up(self, effect: HangUp) -> None:
        line = self.lines.get(effect.channel_id)
        if line is not None:
            self._timeline.at(self._timeline.s, self._hung_up, line)
        else:
            self._timeline.at(self._timeline.s, self._leg_hung_up, effect.channel_id)

    def _hung_up(self, line: Line) -> None:
        if line.stage is not Stage.OVER:
            self._part(line)
            self._end(line, WE_HUNG_UP)

    def _leg_hung_up(self, leg: ChannelId) -> None:
        """An agent's leg; a customer whom it leaves behind hears the message in a moment."""
        left = next((line for line in self.lines.values() if line.leg == leg), None)
        if left is not None:
            self._part(left)
            left.stage, left.bridge_asked = Stage.RELEASED, False
        self._people.leg_ended(leg)
        if left is not None:
            self._timeline.at(self._timeline.s + left.wait_s + self._message_s, self._left_behind, left)
            self._timeline.take(CustomerReleased(channel_id=left.channel_id))

    def _left_behind(self, line: Line) -> None:
        if line.stage is Stage.RELEASED:
            self._timeline.take(MessagePlayed(channel_id=line.channel_id))
            self._end(line, WE_HUNG_UP)

    def _end(self, line: Line, end: End) -> None:
        if line.stage is Stage.DIALLED:
            self._record.off_air(line, self._timeline.s)
        line.stage = Stage.OVER
        del self.lines[line.channel_id]
        self._record.line_over(line)
        cause, sip_code = end
        self._timeline.take(ChannelEnded(channel_id=line.channel_id, cause=cause, sip_code=sip_code))


def _bridge_id(line: Line) -> str:
    return f"bridge-{line.index}"
