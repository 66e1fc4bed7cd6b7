"""Common random numbers: the fate of call k, the habits of agent n, the temper of account m.

Every number comes from a generator seeded by (seed, stream, chunk), so that it depends on nothing that a rule does:
two rules compared with one seed dial the same customers. Numbers are drawn in chunks and read as plain floats.
"""

from __future__ import annotations

import math
from enum import IntEnum
from functools import partial
from typing import Final

import numpy as np

from dialer.sim.behaviour import Behaviour
from dialer.sim.durations import Duration, Floats

CHUNK: Final = 2048
REDRAWS: Final = 50


class Stream(IntEnum):
    """What a number is for; the order must stay, or every result changes."""

    FATE = 1
    DELAY = 2
    RING = 3
    MACHINE_RING = 4
    REJECT_RING = 5
    TALK = 6
    WRAP_UP = 7
    MACHINE_TALK = 8
    PATIENCE = 9
    DETECTION = 10
    VERDICT = 11
    DISPOSITION = 12
    PREVIEW = 13
    PICK_UP = 14
    ACCOUNT = 15
    AGENT = 16
    REFUSAL = 17


def generator(seed: int, stream: Stream, index: int) -> np.random.Generator:
    """The generator of one chunk of one stream."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, int(stream), index])))


class Column(list[float]):
    """One endless row of numbers, as far as it has been drawn."""

    def __init__(self, seed: int, stream: Stream, draw: partial[Floats]) -> None:
        """Begin with none.

        Args:
            seed: of the run.
            stream: what they are for.
            draw: is given a generator and a count.
        """
        super().__init__()
        self._seed, self._stream, self._draw = seed, stream, draw

    def of(self, index: int) -> float:
        """The number of an index; draws as far as it."""
        while index >= len(self):
            rng = generator(self._seed, self._stream, len(self) // CHUNK)
            self.extend(self._draw(rng, CHUNK).tolist())
        return self[index]


class CallDraws:
    """The fates of calls, by the order in which they are placed."""

    def __init__(self, behaviour: Behaviour, seed: int, *, ring_timeout_s: float) -> None:
        """Prepare; a column that nobody reads is never drawn.

        Args:
            behaviour: of the world.
            seed: of the run.
            ring_timeout_s: a call that is answered is answered before, from the placing.
        """

        def lasting(stream: Stream, duration: Duration) -> Column:
            return Column(seed, stream, partial(_draw, duration))

        self._missed = {True: behaviour.machine_missed_ratio, False: behaviour.person_missed_ratio}
        self.fate = Column(seed, Stream.FATE, partial(_uniform))
        """0..1: below the answer ratio a person answers; above, which of the rest."""
        self.delay = lasting(Stream.DELAY, behaviour.post_dial_delay)
        refusal = behaviour.refusal_delay
        self.refusal = self.delay if refusal is None else lasting(Stream.REFUSAL, refusal)
        self._verdict = Column(seed, Stream.VERDICT, partial(_uniform))
        self.disposition = Column(seed, Stream.DISPOSITION, partial(_uniform))
        self.account = Column(seed, Stream.ACCOUNT, partial(_normal))
        self.machine_ring = lasting(Stream.MACHINE_RING, behaviour.machine_ring)
        self.reject_ring = lasting(Stream.REJECT_RING, behaviour.reject_ring)
        self.talk = lasting(Stream.TALK, behaviour.talk)
        self.wrap_up = lasting(Stream.WRAP_UP, behaviour.wrap_up)
        self.machine_talk = lasting(Stream.MACHINE_TALK, behaviour.machine_talk)
        self.patience = lasting(Stream.PATIENCE, behaviour.patience) if behaviour.patience is not None else None
        self.detection = lasting(Stream.DETECTION, behaviour.detection)
        self.preview = lasting(Stream.PREVIEW, behaviour.preview)
        self.pick_up = lasting(Stream.PICK_UP, behaviour.pick_up)
        self.ring = Column(seed, Stream.RING, partial(self._ring, behaviour.ring, ring_timeout_s))

    def says_machine(self, index: int, *, is_machine: bool) -> bool:
        """Whether detection takes a call for a voicemail's."""
        return is_machine is not (self._verdict.of(index) < self._missed[is_machine])

    def _ring(self, ring: Duration, limit_s: float, rng: np.random.Generator, count: int) -> Floats:
        """Ringing that ends before the timeout; the delay before it counts."""
        first = len(self.ring)
        self.delay.of(first + count - 1)
        room = limit_s - np.array(self.delay[first : first + count])
        drawn = ring.draw(rng, count)
        for _ in range(REDRAWS):
            late = drawn >= room
            if not late.any():
                return drawn
            drawn[late] = ring.draw(rng, int(late.sum()))
        return np.minimum(drawn, np.maximum(0.0, 0.99 * room))


class AgentDraws:
    """One agent's habits."""

    def __init__(self, behaviour: Behaviour, seed: int, index: int) -> None:
        """Prepare.

        Args:
            behaviour: of the world.
            seed: of the run.
            index: of the agent.
        """
        self._rng = generator(seed, Stream.AGENT, index)
        self._behaviour = behaviour
        self.login_share, self.logout_share, normal = (
            self._rng.random(),
            self._rng.random(),
            self._rng.standard_normal(),
        )
        """0..1: when in the spread of their shift they come and go."""
        self.speed = math.exp(behaviour.agent_speed_spread * normal)
        self.takes_mass_break = [float(self._rng.random()) < one.share for one in behaviour.mass_breaks]

    def break_gap_s(self) -> float:
        """Until the next break."""
        return self._behaviour.break_gap_s * float(self._rng.standard_exponential())

    def break_length_s(self) -> float:
        """How long a break lasts."""
        return float(self._behaviour.break_length.draw(self._rng, 1)[0])


def _draw(duration: Duration, rng: np.random.Generator, count: int) -> Floats:
    return duration.draw(rng, count)


def _uniform(rng: np.random.Generator, count: int) -> Floats:
    return rng.random(count)


def _normal(rng: np.random.Generator, count: int) -> Floats:
    return rng.standard_normal(count)
