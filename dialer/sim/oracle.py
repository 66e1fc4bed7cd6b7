"""What nobody can know: the future of calls and agents, for the clairvoyant rules of benchmarks.

A rule gets an oracle only from `run.simulate(make_rule=...)`; `pacing.decide` and every other rule that is a plain
function of the view have no way to one. It only looks; nothing can be changed through it.
"""

from __future__ import annotations

from dialer.sim.draws import CallDraws
from dialer.sim.lines import Fates, Stage
from dialer.sim.network import Network
from dialer.sim.people import People, Person
from dialer.sim.timeline import Timeline
from dialer.types import AgentId, AgentState, ChannelId


class Oracle:
    """Looks into a run.

    Args:
        timeline: the clock.
        network: the calls.
        people: the agents.
        fates: of the calls to come.
        draws: the same.
        ring_timeout_s: of the campaign.
    """

    def __init__(
        self,
        timeline: Timeline,
        network: Network,
        people: People,
        fates: Fates,
        draws: CallDraws,
        ring_timeout_s: float,
    ) -> None:
        self._timeline, self._network, self._people = timeline, network, people
        self._fates, self._draws, self._ring_timeout_s = fates, draws, ring_timeout_s

    @property
    def now_s(self) -> float:
        """Seconds since the start."""
        return self._timeline.s

    def answers_in_air(self) -> list[float | None]:
        """For each call that rings, in the order of placing: when a person answers; None: nobody will."""
        lines = self._network.lines.values()
        return [line.answered_by_person_s for line in lines if line.stage is Stage.DIALLED]

    def answer_of_next(self, ahead: int) -> float | None:
        """When a person answers the call after the next `ahead` calls, if all are placed now; None: nobody will.

        With `Behaviour.answer_spread` it speaks of a middling account.
        """
        index, draws, now_s = self._network.placed + ahead, self._draws, self._timeline.s
        if draws.fate.of(index) >= self._fates.answer_ratio(now_s):
            return None
        after_s = draws.delay.of(index) + draws.ring.of(index)
        return now_s + after_s if after_s < self._ring_timeout_s else None

    def free_at(self) -> dict[AgentId, float]:
        """When each agent can take a call: now for those who can; inf for those who are not coming back.

        Breaks that are not begun yet and log-outs to come are not looked into, nor calls that will be given.
        """
        return {name: self._free_at(person) for name, person in self._people.everybody.items()}

    def _free_at(self, person: Person) -> float:
        now_s = self._timeline.s
        if person.state is AgentState.READY:
            return now_s
        if person.state is AgentState.RESERVED and person.attempt_id is not None:
            line = self._network.lines.get(ChannelId(person.attempt_id))
            return now_s if line is None else self._people.free_after(person, line)
        return max(now_s, person.free_s)
