"""What becomes of a dial, and of a conversation: the world's replies. Knows the truth.

A reply depends on whom, which number, the day and the hour, never on the arm: two arms that dial the same number in the
same hour hear the same. How a conversation goes depends on which one it is with that debtor, and on the agent.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from dialer.facts import DispositionTold
from dialer.leads import Lead
from dialer.sim.behaviour import Behaviour
from dialer.sim.case import campaign
from dialer.sim.case.chance import Stream, lognormal, uniform
from dialer.sim.case.money import Money
from dialer.sim.case.nature import HOURS, Nature
from dialer.sim.case.nature import Line as Kind
from dialer.sim.case.scenario import OPENS, ZONE, Scenario
from dialer.sim.case.truth import Hidden, Truth
from dialer.sim.concluding import Conclusions
from dialer.sim.draws import CallDraws, Column
from dialer.sim.lines import REJECTED, TIMED_OUT, Fates, Line
from dialer.types import AgentId, DispositionCode, PhoneId

BUSY: Final = (17, 486)
UNREACHABLE: Final = (19, 480)
INVALID: Final = (1, 404)
OTHER_WRAP_UP: Final = 0.5
"""Of the wrap-up after a talk with the debtor: after one with somebody else; likewise the next one."""
MACHINE_WRAP_UP: Final = 0.15


@dataclass(frozen=True, slots=True)
class Reply:
    """What a dial meets."""

    debtor: int
    kind: Kind
    machine: bool = False
    right_party: bool = False
    talk_s: float = 0.0
    wrap_up_s: float = 0.0


class Replies:
    """The people behind the numbers of one group, from day to day.

    Args:
        truth: of everybody.
        nature: of the world.
        scenario: of the case.
        money: of the group.
        by_hand: agents hear announcements that the network does not tell.
        wrap_up_s: mean, after a talk with the debtor.
    """

    def __init__(
        self, truth: Truth, nature: Nature, scenario: Scenario, money: Money, *, by_hand: bool, wrap_up_s: float
    ) -> None:
        self._truth, self._nature, self._scenario, self.money = truth, nature, scenario, money
        self._by_hand, self._wrap_up_s = by_hand, wrap_up_s
        self._level = math.log(scenario.answer_odds)
        self.talks: Counter[int] = Counter()
        """With each debtor, so far."""
        self.conversations: Counter[int] = Counter()
        """With anybody at a debtor's numbers, so far."""
        self.said: dict[int, Reply] = {}
        """Of the day's calls that are answered, by the line's index."""
        self.promises: list[tuple[int, datetime, date]] = []
        """Debtor, when it was made, the day it falls due."""
        self.day = date.min

    def begin(self, day: date) -> None:
        """A new day, with new lines."""
        self.day = day
        self.said.clear()

    def hear(self, line: Line, phone_id: PhoneId, at: datetime) -> tuple[float, float, tuple[int, int | None] | None]:
        """The fate of a dial.

        Args:
            line: is told whether a machine answers.
            phone_id: the number.
            at: when it is placed.

        Returns:
            Seconds to the ringing (infinite: none), seconds to the answer or the end, and the end; None: answered.
        """
        index, rank = divmod(int(phone_id), 10)
        one = self._truth.debtors[index]
        hour = at.astimezone(ZONE).hour
        question = (self._truth.seed, index, rank, self.day.toordinal(), hour)
        delay_s = lognormal(2.3, 0.35, Stream.DELAY, *question)
        kind = one.lines[rank]
        if kind is Kind.DEAD:
            told = self._by_hand or uniform(self._truth.seed, Stream.DEAD, index, rank) < self._nature.dead_told
            return (math.inf, delay_s + 2.0, INVALID) if told else (delay_s, math.inf, TIMED_OUT)
        chance = self._chance(one, rank, hour, self.conversations[index])
        draw = uniform(Stream.ANSWER, *question)
        if draw < chance:
            self.said[line.index] = self._person(index, rank, kind, question)
            return delay_s, delay_s + lognormal(11.0, 0.35, Stream.RING, *question), None
        return self._nobody(line, index, kind, delay_s, question)

    def _chance(self, one: Hidden, rank: int, hour: int, conversations: int) -> float:
        usual = HOURS[one.habit][min(max(hour - OPENS.hour, 0), len(HOURS[one.habit]) - 1)]
        log_odds = math.log(usual / (1.0 - usual)) + one.temper + one.line_tempers[rank] + self._level
        log_odds += conversations * math.log(self._nature.wary)
        return 1.0 / (1.0 + math.exp(-log_odds))

    def _person(self, index: int, rank: int, kind: Kind, question: Sequence[int]) -> Reply:
        nature = self._nature
        shares = {Kind.OWN: nature.own_right_party, Kind.SHARED: nature.shared_right_party}
        right_party = uniform(Stream.WHO, *question) < shares.get(kind, 0.0)
        talk = self.talks[index] + 1 if right_party else -1 - self.conversations[index]
        of_talk = (self._truth.seed, index, talk)
        mean_s = self._scenario.talk_s if right_party else nature.other_talk_s
        wrap_up_s = self._wrap_up_s * (1.0 if right_party else OTHER_WRAP_UP)
        return Reply(
            debtor=index,
            kind=kind,
            right_party=right_party,
            talk_s=lognormal(mean_s, nature.talk_cv, Stream.TALK, *of_talk),
            wrap_up_s=lognormal(wrap_up_s, nature.wrap_up_cv, Stream.WRAP_UP, *of_talk),
        )

    def _nobody(
        self, line: Line, index: int, kind: Kind, delay_s: float, question: Sequence[int]
    ) -> tuple[float, float, tuple[int, int | None] | None]:
        nature, draw = self._nature, uniform(Stream.WHY_NOT, *question)
        for share, what in (
            (nature.machine, None),
            (nature.busy, BUSY),
            (nature.unreachable, UNREACHABLE),
            (nature.rejected, REJECTED),
        ):
            if draw >= share:
                draw -= share
                continue
            if what is None:
                line.is_machine = True
                wrap_up_s = self._wrap_up_s * MACHINE_WRAP_UP
                self.said[line.index] = Reply(
                    debtor=index, kind=kind, machine=True, talk_s=nature.machine_talk_s, wrap_up_s=wrap_up_s
                )
                return delay_s, delay_s + 1.0 + 22.0 * uniform(Stream.RING, *question), None
            if what is REJECTED:
                return delay_s, delay_s + lognormal(6.0, 0.5, Stream.RING, *question), what
            return math.inf, delay_s + 1.0, what
        return delay_s, math.inf, TIMED_OUT


class CaseFates(Fates):
    """Fates of lines by what their numbers really are."""

    def __init__(
        self,
        behaviour: Behaviour,
        draws: CallDraws,
        replies: Replies,
        now: Callable[[], datetime],
        *,
        min_ring_s: float,
    ) -> None:
        super().__init__(behaviour, draws, second_of_day=0.0)
        self._replies, self._now, self._min_ring_s = replies, now, min_ring_s
        self.lead: Lead | None = None
        """Whom the next call is to."""

    def decide(self, line: Line, ring_timeout_s: float, account_id: int) -> None:
        """Write a line's fate down."""
        assert self.lead is not None and self.lead.account_id == account_id
        rings_s, settled_s, end = self._replies.hear(line, self.lead.phone_id, self._now())
        # Who begins to ring late rings for as long as the rules want, as the engine has it.
        given_up_s = ring_timeout_s if math.isinf(rings_s) else max(ring_timeout_s, rings_s + self._min_ring_s)
        if settled_s >= given_up_s:
            settled_s, end = given_up_s, TIMED_OUT
            self._replies.said.pop(line.index, None)
            line.is_machine = False
        line.settled_s, line.end = line.placed_s + settled_s, end
        if rings_s < settled_s:
            line.rings_s = line.placed_s + rings_s


class Told(Column):
    """A column whose numbers are the replies' own."""

    def __init__(self, tell: Callable[[int], float]) -> None:
        list.__init__(self)
        self._tell = tell

    def of(self, index: int) -> float:
        """The number of a line."""
        return self._tell(index)


class CaseDraws(CallDraws):
    """How long talks and wrap-ups last, by what was said."""

    def __init__(self, behaviour: Behaviour, seed: int, replies: Replies, *, ring_timeout_s: float) -> None:
        super().__init__(behaviour, seed, ring_timeout_s=ring_timeout_s)
        said = replies.said
        self.talk = self.machine_talk = Told(lambda index: said[index].talk_s)
        self.wrap_up = Told(lambda index: said[index].wrap_up_s)


class CaseConclusions(Conclusions):
    """What agents key in: what was really said."""

    def __init__(self, replies: Replies, skills: dict[AgentId, float]) -> None:
        self._replies, self._skills = replies, skills

    def of(self, agent_id: AgentId, line: Line, at: datetime) -> DispositionTold:
        """At the end of the wrap-up."""
        replies, reply = self._replies, self._replies.said[line.index]
        if reply.machine:
            return _told(agent_id, campaign.NO_PERSON)
        replies.conversations[reply.debtor] += 1
        if reply.kind is Kind.STRANGER:
            return _told(agent_id, campaign.WRONG_NUMBER)
        if not reply.right_party:
            return _told(agent_id, campaign.THIRD_PARTY)
        replies.talks[reply.debtor] += 1
        talk = replies.talks[reply.debtor]
        promise = replies.money.talked(reply.debtor, talk, self._skills[agent_id], replies.day)
        if promise is None:
            return _told(agent_id, campaign.NO_PROMISE)
        replies.promises.append((reply.debtor, at, promise.due_on))
        return DispositionTold(agent_id=agent_id, code=campaign.PROMISE, promise=promise)


def _told(agent_id: AgentId, code: DispositionCode) -> DispositionTold:
    return DispositionTold(agent_id=agent_id, code=code)
