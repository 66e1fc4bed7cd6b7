"""The agents: they dial in, talk, wrap up, take breaks and go home, each by the floor's own state machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from dialer.effects import CallAgent, SaveAgentState
from dialer.facts import AgentLegUp, AgentTold, ChannelEnded, DigitPressed
from dialer.settings import AgentSettings
from dialer.sim.behaviour import Behaviour, MassBreak
from dialer.sim.concluding import Conclusions
from dialer.sim.draws import AgentDraws, CallDraws
from dialer.sim.lines import WE_HUNG_UP, Line
from dialer.sim.record import Record
from dialer.sim.timeline import Timeline
from dialer.types import AgentId, AgentState, AttemptId, ChannelId, ConnectStyle

BREAK: Final = "break"
SHORT_PAUSE_S: Final = 10.0
"""Whoever the floor itself set aside is back after this."""


class Person:
    """One agent. Moments are seconds since the start."""

    __slots__ = (
        "attempt_id", "break_number", "break_s", "called", "channel", "channel_id", "draws", "free_s", "index",
        "is_talking", "line", "logout_s", "previews", "settings", "state", "wants_out",
    )  # fmt: skip

    def __init__(self, index: int, settings: AgentSettings, draws: AgentDraws, logout_s: float) -> None:
        self.index, self.settings, self.draws, self.logout_s = index, settings, draws, logout_s
        self.state = AgentState.OFFLINE
        self.attempt_id: AttemptId | None = None
        self.channel = ""
        self.channel_id = ChannelId("")
        """Of the leg; empty: no leg."""
        self.called: ChannelId | None = None
        """The leg by which the engine is calling."""
        self.line: Line | None = None
        """The customer talked to last."""
        self.is_talking = False
        self.break_s = 0.0
        """Length of a break that waits for the end of a call."""
        self.break_number = 0
        self.wants_out = False
        self.previews = 0
        self.free_s = math.inf
        """When the next call can be taken, as far as that is settled; inf: not before a log-in."""


class People:
    """Every agent of a run.

    Args:
        timeline: where things happen.
        behaviour: of the world.
        staff: the agents, each with the moments of log-in and log-out.
        draws: of calls.
        conclusions: what agents key in.
        record: for the measures.
        seed: of the run.
        wrap_up_limit_s: the floor ends a wrap-up by then.
    """

    def __init__(
        self,
        timeline: Timeline,
        behaviour: Behaviour,
        staff: Sequence[AgentSettings],
        draws: CallDraws,
        conclusions: Conclusions,
        record: Record,
        *,
        seed: int,
        wrap_up_limit_s: float,
    ) -> None:
        self._timeline, self._behaviour, self._draws = timeline, behaviour, draws
        self._conclusions, self._record, self._wrap_up_limit_s = conclusions, record, wrap_up_limit_s
        self.everybody: dict[AgentId, Person] = {}
        self._by_leg: dict[ChannelId, Person] = {}
        self._by_channel: dict[str, Person] = {}
        for index, (settings, presence) in enumerate(zip(staff, _presence(behaviour, len(staff)), strict=True)):
            self._enrol(index, settings, AgentDraws(behaviour, seed, index), presence)
        for number, mass_break in enumerate(behaviour.mass_breaks):
            timeline.at(mass_break.at_s, self._mass_break, (number, mass_break))
        timeline.on(SaveAgentState, self._entered)
        timeline.on(CallAgent, self._called)

    def _enrol(
        self, index: int, settings: AgentSettings, draws: AgentDraws, presence: tuple[float, float, float]
    ) -> None:
        login_s, logout_s, spread_s = presence
        person = Person(index, settings, draws, logout_s + spread_s * draws.logout_share)
        self.everybody[settings.id] = person
        if math.isfinite(login_s):
            self._timeline.at(login_s + spread_s * draws.login_share, self._log_in, person)
        if math.isfinite(logout_s):
            self._timeline.at(person.logout_s, self._log_out, person)

    # --- coming and going ------------------------------------------------------------------------------

    def _log_in(self, person: Person) -> None:
        if person.settings.connect is ConnectStyle.NAILED_UP:
            self._leg_up(person, ChannelId(f"sim-leg-{person.index}"))
        else:
            self._tell(person, "login")

    def _leg_up(self, person: Person, leg: ChannelId) -> None:
        person.channel_id, person.channel = leg, f"PJSIP/{person.settings.id}-{leg}"
        self._by_leg[leg] = self._by_channel[person.channel] = person
        settings = person.settings
        self._timeline.take(
            AgentLegUp(server=settings.server, agent_id=settings.id, channel_id=leg, channel=person.channel)
        )

    def _log_out(self, person: Person) -> None:
        person.wants_out = True
        person.free_s = math.inf
        if person.state is not AgentState.OFFLINE:
            self._tell(person, "logout")

    def _called(self, effect: CallAgent) -> None:
        person = self.everybody[effect.agent_id]
        person.called = effect.leg_id
        pick_up_s = self._draws.pick_up.of(person.index)
        self._timeline.at(self._timeline.s + pick_up_s, self._pick_up, (person, effect.leg_id))

    def _pick_up(self, call: tuple[Person, ChannelId]) -> None:
        person, leg = call
        if person.called == leg:
            person.called = None
            self._leg_up(person, leg)

    def leg_ended(self, leg: ChannelId) -> None:
        """The floor hung up an agent's leg, or stopped calling one."""
        person = self._by_leg.pop(leg, None)
        if person is None:
            for one in self.everybody.values():
                one.called = None if one.called == leg else one.called
        else:
            del self._by_channel[person.channel]
            person.channel_id, person.channel = ChannelId(""), ""
        self._timeline.take(ChannelEnded(channel_id=leg, cause=WE_HUNG_UP[0]))

    # --- talking ---------------------------------------------------------------------------------------

    def with_channel(self, channel: str) -> Person | None:
        """Whose leg has this name."""
        return self._by_channel.get(channel)

    def begin_talk(self, person: Person, line: Line) -> float:
        """An agent and a customer are joined; returns when the conversation will be over."""
        talk_s = self._talk_s(person, line)
        person.line, person.is_talking = line, True
        person.free_s = self.free_after(person, line)
        return self._timeline.s + talk_s

    def free_after(self, person: Person, line: Line) -> float:
        """When an agent can take the next call who begins to talk with this customer now."""
        wrap_up_s = min(self._wrap_up_s(person, line), self._wrap_up_limit_s)
        return self._timeline.s + self._talk_s(person, line) + wrap_up_s + person.break_s

    def end_talk(self, leg: ChannelId) -> None:
        """They are apart."""
        self._by_leg[leg].is_talking = False

    def drop_customer(self, leg: ChannelId) -> None:
        """The agent keys `*0`."""
        for digit in "*0":
            self._timeline.take(DigitPressed(channel_id=leg, digit=digit))

    def _talk_s(self, person: Person, line: Line) -> float:
        column = self._draws.machine_talk if line.is_machine else self._draws.talk
        return column.of(line.index) * person.draws.speed

    def _wrap_up_s(self, person: Person, line: Line) -> float:
        return self._draws.wrap_up.of(line.index) * person.draws.speed

    def _wrapped_up(self, what: tuple[Person, AttemptId | None, Line]) -> None:
        """Unless the floor's limit was shorter."""
        person, attempt_id, line = what
        if person.state is AgentState.WRAP_UP and person.attempt_id == attempt_id:
            self._timeline.take(self._conclusions.of(person.settings.id, line, self._timeline.now.at))

    # --- states ----------------------------------------------------------------------------------------

    def _entered(self, effect: SaveAgentState) -> None:
        """The floor moved an agent; what does a person do in the new state?"""
        person = self.everybody.get(effect.agent_id)
        if person is None:
            return
        before, now_s = person.state, self._timeline.s
        person.state, person.attempt_id = effect.state, effect.attempt_id
        self._record.agent_entered(person.index, effect.state, now_s)
        match effect.state:
            case AgentState.READY:
                person.free_s = now_s
                if before in (AgentState.OFFLINE, AgentState.CALLING_IN, AgentState.PAUSED):
                    self._plan_break(person)
            case AgentState.WRAP_UP if person.line is not None:
                ends_s = now_s + self._wrap_up_s(person, person.line)
                self._timeline.at(ends_s, self._wrapped_up, (person, effect.attempt_id, person.line))
            case AgentState.PAUSED:
                length_s = person.break_s if effect.reason == BREAK else SHORT_PAUSE_S
                person.break_s, person.free_s = 0.0, now_s + length_s
                self._timeline.at(person.free_s, self._come_back, person)
            case AgentState.PREVIEWING:
                person.previews += 1
                thinks_s = self._draws.preview.of(person.previews * len(self.everybody) + person.index)
                self._timeline.at(now_s + thinks_s, self._accept, (person, person.previews))
            case AgentState.OFFLINE:
                person.free_s = math.inf
            case _:
                pass

    def _accept(self, preview: tuple[Person, int]) -> None:
        person, number = preview
        if person.state is AgentState.PREVIEWING and person.previews == number:
            self._tell(person, "accept")

    # --- breaks ----------------------------------------------------------------------------------------

    def _plan_break(self, person: Person) -> None:
        person.break_number += 1
        if self._behaviour.break_gap_s > 0.0:
            due_s = self._timeline.s + person.draws.break_gap_s()
            self._timeline.at(due_s, self._own_break, (person, person.break_number))

    def _own_break(self, plan: tuple[Person, int]) -> None:
        person, number = plan
        if person.break_number == number:
            self._take_break(person, person.draws.break_length_s())

    def _mass_break(self, what: tuple[int, MassBreak]) -> None:
        number, mass_break = what
        for person in self.everybody.values():
            if person.draws.takes_mass_break[number]:
                self._take_break(person, mass_break.length_s)

    def _take_break(self, person: Person, length_s: float) -> None:
        if person.state in (AgentState.OFFLINE, AgentState.CALLING_IN, AgentState.PAUSED) or person.wants_out:
            return
        person.free_s += max(0.0, length_s - person.break_s)
        person.break_s = max(person.break_s, length_s)
        self._tell(person, "pause", BREAK)

    def _come_back(self, person: Person) -> None:
        if person.state is AgentState.PAUSED:
            self._tell(person, "ready")

    def _tell(self, person: Person, wish: str, reason: str = "") -> None:
        self._timeline.take(AgentTold(agent_id=person.settings.id, wish=wish, reason=reason))


def _presence(behaviour: Behaviour, agents: int) -> list[tuple[float, float, float]]:
    """For each agent: log-in, log-out, and the seconds over which their group does so; inf: never."""
    if not behaviour.shifts:
        return [(0.0, math.inf, behaviour.login_spread_s)] * agents
    groups = [(one.login_s, one.logout_s, one.spread_s) for one in behaviour.shifts for _ in range(one.agents)]
    return [*groups, *[(math.inf, math.inf, 0.0)] * (agents - len(groups))][:agents]
