"""Agents of the case: by hand, each dial costs looking up and keying, and logging the one before."""

from __future__ import annotations

from datetime import date

from dialer.effects import SaveAgentState
from dialer.sim.case.chance import Stream, lognormal
from dialer.sim.case.replies import CaseDraws, Told
from dialer.sim.case.scenario import Scenario
from dialer.sim.people import People
from dialer.types import AgentId, AgentState

LOOK_UP_CV = 0.4
LOG_CV = 0.4


class ByHand:
    """How long agents take between one dial and the next.

    Args:
        scenario: what looking up and logging cost.
        seed: of the case.
        day: today.
    """

    def __init__(self, scenario: Scenario, seed: int, day: date) -> None:
        self._scenario, self._seed, self._day = scenario, seed, day.toordinal()
        self.owes_log = False
        """The agent who is asked about next has an unanswered dial to write down."""

    def seconds(self, index: int) -> float:
        """Before a dial; the index is that of the agent's look."""
        question = (self._seed, self._day, index)
        look_up_s = lognormal(self._scenario.look_up_s, LOOK_UP_CV, Stream.LOOK_UP, *question)
        log_s = lognormal(self._scenario.log_s, LOG_CV, Stream.LOG, *question) if self.owes_log else 0.0
        return look_up_s + log_s


class CasePeople(People):
    """Agents who log what nobody answered before they look up the next account."""

    def prepare(self, draws: CaseDraws, by_hand: ByHand | None) -> None:
        """Say how the arm works, before anybody comes.

        Args:
            draws: of the day.
            by_hand: None: nothing is done by hand.
        """
        self._by_hand = by_hand
        self._dialled: set[AgentId] = set()
        if by_hand is not None:
            draws.preview = Told(by_hand.seconds)

    def _entered(self, effect: SaveAgentState) -> None:
        if self._by_hand is not None:
            if effect.state is AgentState.RESERVED:
                self._dialled.add(effect.agent_id)
            elif effect.state is AgentState.TALKING:
                self._dialled.discard(effect.agent_id)
            elif effect.state is AgentState.PREVIEWING:
                self._by_hand.owes_log = effect.agent_id in self._dialled
                self._dialled.discard(effect.agent_id)
        super()._entered(effect)
