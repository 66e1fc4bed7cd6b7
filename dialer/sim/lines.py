"""A customer's line, and its fate: decided when the call is placed, by its number in the order of placing."""

from __future__ import annotations

import math
from bisect import bisect_right
from enum import IntEnum
from itertools import accumulate
from typing import Final

from dialer.effects import Originate
from dialer.sim.behaviour import DAY_S, Behaviour
from dialer.sim.draws import CallDraws
from dialer.types import ChannelId, TrunkName

End = tuple[int, int | None]
"""Q.850 cause and SIP code; see `docs/asterisk.md` and `dialer.ami.causes`."""
CUSTOMER_HUNG_UP: Final[End] = (0, None)
WE_HUNG_UP: Final[End] = (16, None)
TIMED_OUT: Final[End] = (19, 480)
REJECTED: Final[End] = (21, 603)
_UNRUNG: Final[tuple[End, ...]] = ((17, 486), (19, 480), (1, 404), (34, 503))
"""Busy, unreachable, invalid, congestion: the network's no, without ringing."""


class Stage(IntEnum):
    """Where a customer's channel is."""

    DIALLED = 0
    UP = 1
    WAITING = 2
    MESSAGE = 3
    TALKING = 4
    RELEASED = 5
    OVER = 6


class Line:
    """A customer's channel."""

    __slots__ = (
        "bridge_asked", "channel", "channel_id", "detect", "end", "index", "is_machine", "leg", "placed_s", "rings_s",
        "settled_s", "stage", "trunk", "wait_s", "was_bridged",
    )  # fmt: skip

    def __init__(self, index: int, effect: Originate, placed_s: float) -> None:
        self.index = index
        """Its number in the order of placing, from 0."""
        self.channel_id = ChannelId(effect.attempt_id)
        self.channel = f"PJSIP/{effect.trunk}-{index:08x}"
        self.trunk: TrunkName = effect.trunk
        self.detect = effect.detect_machines
        self.wait_s = effect.wait_s
        self.placed_s = placed_s
        self.stage = Stage.DIALLED
        self.is_machine = False
        self.rings_s: float | None = None
        """When it begins to ring; None: never."""
        self.settled_s = math.inf
        """When somebody answers, or the network or the ring timeout ends it."""
        self.end: End | None = None
        """How it ends unanswered; None: it is answered."""
        self.bridge_asked = self.was_bridged = False
        self.leg: ChannelId | None = None
        """The agent's leg with which it is bridged."""

    @property
    def answered_by_person_s(self) -> float | None:
        """When a person answers, or has answered; None: nobody will."""
        return None if self.end is not None or self.is_machine else self.settled_s


class Fates:
    """What becomes of calls.

    Args:
        behaviour: of the world.
        draws: by the order of placing.
        second_of_day: at second 0 of the run, in the dialer's zone.
    """

    def __init__(self, behaviour: Behaviour, draws: CallDraws, *, second_of_day: float) -> None:
        self._draws = draws
        self._spread = behaviour.answer_spread
        self._curve = behaviour.answers
        self._level = self._curve.points[0][1] if self._curve.is_level else None
        self._first_s = second_of_day if self._curve.over == "day" else 0.0
        rest = behaviour.rest
        shares = (rest.no_answer, rest.busy, rest.unreachable, rest.invalid, rest.congestion, rest.rejected)
        self._rest = tuple(accumulate(shares))

    def answer_ratio(self, at_s: float, account_id: int = 0) -> float:
        """The chance that a person answers a call placed at a moment; account 0: a middling one."""
        ratio = self._level
        if ratio is None:
            since_s = at_s + self._first_s
            ratio = self._curve.at(since_s % DAY_S if self._curve.over == "day" else since_s)
        if not (self._spread and account_id and 0.0 < ratio < 1.0):
            return ratio
        odds = ratio / (1.0 - ratio) * math.exp(self._spread * self._draws.account.of(account_id))
        return odds / (1.0 + odds)

    def decide(self, line: Line, ring_timeout_s: float, account_id: int) -> None:
        """Write a line's fate down, from its index and the moment of its placing alone (and the account's temper)."""
        draws, k, placed_s = self._draws, line.index, line.placed_s
        delay_s, fate = draws.delay.of(k), draws.fate.of(k)
        ratio = self.answer_ratio(placed_s, account_id)
        settled_s, end = delay_s, None
        if fate < ratio:
            settled_s += draws.ring.of(k)
        else:
            kind = bisect_right(self._rest, (fate - ratio) / (1.0 - ratio) * (1.0 + 1e-12))
            match kind:
                case 0:
                    settled_s, end = math.inf, TIMED_OUT
                case 5:
                    settled_s, end = delay_s + draws.reject_ring.of(k), REJECTED
                case 6:
                    line.is_machine = True
                    settled_s += draws.machine_ring.of(k)
                case _:
                    delay_s = settled_s = draws.refusal.of(k)
                    end = _UNRUNG[kind - 1]
        if settled_s >= ring_timeout_s:
            settled_s, end = ring_timeout_s, TIMED_OUT
        line.settled_s, line.end = placed_s + settled_s, end
        if delay_s < settled_s:
            line.rings_s = placed_s + delay_s
