"""A telephone network behind `FakeAmi`: every fifth number is answered, the others are busy; talks are short."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Sequence

from dialer.ami.translate import AGENT_CONTEXT
from fake_ami import Action, FakeAmi, Headers, Session

RINGS_S = 0.02
TALKS_S = 0.05
ANSWERED_EVERY = 5


class FakeNetwork:
    """Customers who are called and agents who are parked, as Asterisk tells of them.

    Args:
        fake: the peer that the engine logs in to.
        agents: on the line from the login on.
    """

    def __init__(self, fake: FakeAmi, agents: Sequence[str]) -> None:
        self.calls = 0
        self._fake = fake
        self._agents = {f"PJSIP/{agent}-00000001": agent for agent in agents}
        self._bridges = itertools.count()
        fake.handlers |= {
            "Login": self._login,
            "Originate": self._originate,
            "Bridge": self._bridge,
            "CoreShowChannels": self._list,
        }

    def _login(self, session: Session, action: Action) -> None:
        session.answer(action, "Success", Message="Authentication accepted")
        session.message([("Event", "FullyBooted")])

    def _list(self, session: Session, action: Action) -> None:
        mine = ("ActionID", action.get("ActionID"))
        session.answer(action, "Success", EventList="start", Message="Channels will follow")
        for channel, agent in self._agents.items():
            parked: Headers = [("Channel", channel), ("Uniqueid", f"agent-{agent}"), ("ChannelState", "6")]
            session.message([("Event", "CoreShowChannel"), mine, *parked, ("Context", AGENT_CONTEXT)])
        session.message([("Event", "CoreShowChannelsComplete"), mine, ("EventList", "Complete")])

    def _originate(self, session: Session, action: Action) -> None:
        session.answer(action, "Success", Message="Originate successfully queued")
        self.calls += 1
        answers = self.calls % ANSWERED_EVERY == 0
        attempt = action.get("ChannelId")
        self._event("Newstate", attempt, ChannelState="5")
        asyncio.get_running_loop().call_later(RINGS_S, self._answer if answers else self._refuse, attempt)

    def _refuse(self, attempt: str) -> None:
        self._event("Hangup", attempt, Cause="17", TechCause="486")

    def _answer(self, attempt: str) -> None:
        self._event("Newstate", attempt, ChannelState="6")
        self._event("UserEvent", attempt, UserEvent="DialerReady")

    def _bridge(self, session: Session, action: Action) -> None:
        session.answer(action, "Success", Message="Launched bridge thread")
        attempt = action.get("Channel1").removeprefix("PJSIP/")
        agent = f"agent-{self._agents[action.get('Channel2')]}"
        bridge = f"bridge-{next(self._bridges)}"
        for channel in (attempt, agent):
            self._event("BridgeEnter", channel, BridgeUniqueid=bridge)
        asyncio.get_running_loop().call_later(TALKS_S, self._part, attempt, agent, bridge)

    def _part(self, attempt: str, agent: str, bridge: str) -> None:
        for channel in (attempt, agent):
            self._event("BridgeLeave", channel, BridgeUniqueid=bridge)
        self._event("Hangup", attempt, Cause="16")

    def _event(self, name: str, channel_id: str, **headers: str) -> None:
        if not self._fake.session.transport.is_closing():
            self._fake.event(name, Uniqueid=channel_id, Channel=f"PJSIP/{channel_id}", **headers)
