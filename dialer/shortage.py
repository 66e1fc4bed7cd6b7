"""How likely it is that a person answers and every agent is taken: the arithmetic under `dialer.pacing`.

At each moment ahead there are so many agents promised to calls (each call in the air has been answered by then
and still talks, or not) and so many agents come free (each busy agent has, or has not). Both are sums of
independent yes-or-no events with unequal chances, Poisson-binomial distributions. Their difference is held by
its characteristic function, in which adding n more calls is a power: no distribution is rounded to a mean, and
a trial of another n costs a few multiplications.

Groups of up to `EXACT_TERMS` events are multiplied out exactly. Larger ones become the binomial with the same
mean and variance, from which they are hardly to be told apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Complexes = npt.NDArray[np.complex128]

EXACT_TERMS = 24
MAX_SIZE = 8192
SPREAD_SIGMAS = 6.0


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Frequencies of a window of `size` whole numbers around zero, and what reads probabilities off them."""

    size: int
    angles: Floats
    turns: Complexes
    """exp(i angle) - 1: a characteristic function is a product of 1 + p x turn."""
    at_least_zero: Complexes
    """Dotted with a characteristic function: P(sum >= 0)."""
    above_zero: Complexes
    """Likewise E(max(sum, 0))."""


@lru_cache(maxsize=16)
def spectrum(size: int) -> Spectrum:
    """The spectrum of a window of `size` (even) whole numbers."""
    half = size // 2
    angles = 2.0 * np.pi * np.arange(half + 1) / size
    weight = np.where((np.arange(half + 1) == 0) | (np.arange(half + 1) == half), 1.0, 2.0) / size
    upper = np.arange(size) < half
    return Spectrum(
        size=size,
        angles=angles,
        turns=np.exp(1j * angles) - 1.0,
        at_least_zero=weight * np.fft.rfft(upper),
        above_zero=weight * np.fft.rfft(np.arange(size) * upper),
    )


@dataclass(frozen=True, slots=True)
class Events:
    """Independent yes-or-no events, seen at each moment."""

    chances: Floats
    """Kinds of events x moments, each within 0..1."""
    counts: Floats | None = None
    """How many there are of each kind; None: one of each."""

    @property
    def total(self) -> int:
        """How many events there are."""
        return len(self.chances) if self.counts is None else int(self.counts.sum())

    def mean(self) -> Floats:
        """Moments: the expected number that say yes."""
        return self._summed(self.chances)

    def squares(self) -> Floats:
        """Moments: the sum of the squared chances; the mean less this is the variance."""
        return self._summed(self.chances * self.chances)

    def product(self, turns: Complexes) -> Complexes:
        """Moments x frequencies: the characteristic functions of how many say yes.

        Args:
            turns: of a spectrum; conjugated for events that count down.
        """
        if self.total <= EXACT_TERMS:
            each = (
                self.chances if self.counts is None else np.repeat(self.chances, self.counts.astype(np.int64), axis=0)
            )
            exact: Complexes = np.multiply.reduce(1.0 + each[:, :, None] * turns, axis=0)
            return exact
        mean = np.maximum(self.mean(), 1e-12)
        chance = np.maximum(self.squares() / mean, 1e-12)
        return _power(chance[:, None], (mean / chance)[:, None], turns)

    def _summed(self, rows: Floats) -> Floats:
        return np.asarray(rows.sum(axis=0) if self.counts is None else self.counts @ rows)


def _power(chance: Floats, trials: Floats, turns: Complexes) -> Complexes:
    """(1 + chance x turn) to the power of trials, by polar form: real functions are several times as fast."""
    east, north = 1.0 + chance * turns.real, chance * turns.imag
    length = np.exp(0.5 * trials * np.log(east * east + north * north + 1e-300))
    angle = trials * np.arctan2(north, east)
    return np.asarray(length * np.cos(angle) + 1j * (length * np.sin(angle)))


class Shortage:
    """Agents asked for less agents there, at each moment ahead, for any number of further calls."""

    def __init__(self, *, free: int, asked: Events, freed: tuple[Events, ...], newcomer: Floats) -> None:
        """Weigh the calls in the air against the agents.

        Args:
            free: agents there now, less calls that wait for one already; may be negative.
            asked: calls in the air: each occupies an agent then, or not.
            freed: groups of busy agents: each is free by then, or not.
            newcomer: moments: the chance that a call placed now occupies an agent then.
        """
        asked_mean = asked.mean()
        freed_means = [group.mean() for group in freed]
        self._newcomer = newcomer
        self._mean = asked_mean - sum(freed_means, np.zeros_like(asked_mean)) - free
        self._variance = asked_mean - asked.squares()
        for mean, group in zip(freed_means, freed, strict=True):
            self._variance = self._variance + mean - group.squares()
        self._spectrum = spectrum(self._window())
        turns = self._spectrum.turns
        self._known: Complexes = np.exp(-1j * free * self._spectrum.angles) * asked.product(turns)
        for group in freed:
            self._known = self._known * group.product(turns.conj())
        self._doublings: list[Complexes] = [1.0 + newcomer[:, None] * turns]

    def _window(self) -> int:
        """A power of two that holds all that may well happen."""
        reach = float((np.abs(self._mean) + SPREAD_SIGMAS * np.sqrt(np.maximum(self._variance, 0.0))).max()) + 8.0
        size = 32
        while size < 2.0 * reach and size < MAX_SIZE:
            size *= 2
        return size

    def none_free(self, more: int) -> Floats:
        """For each moment, the chance that every agent is taken when `more` calls are placed now."""
        found = (self._distribution(more) @ self._spectrum.at_least_zero).real
        return np.asarray(np.where(self._overflows(more), 1.0, np.minimum(np.maximum(found, 0.0), 1.0)))

    def expected(self, more: int) -> Floats:
        """For each moment, the expected number of people without an agent when `more` calls are placed now."""
        found = (self._distribution(more) @ self._spectrum.above_zero).real
        mean = np.maximum(self._mean + more * self._newcomer, 0.0)
        return np.asarray(np.where(self._overflows(more), mean, np.maximum(found, 0.0)))

    def _distribution(self, more: int) -> Complexes:
        """With `more` calls: their factor to the power of `more`, bit by bit."""
        found = self._known
        for bit in range(more.bit_length()):
            if bit == len(self._doublings):
                self._doublings.append(self._doublings[-1] * self._doublings[-1])
            if more >> bit & 1:
                found = found * self._doublings[bit]
        return found

    def _overflows(self, more: int) -> npt.NDArray[np.bool_]:
        """Where so many calls are more than the window holds: a shortage beyond doubt."""
        mean = self._mean + more * self._newcomer
        variance = self._variance + more * self._newcomer * (1.0 - self._newcomer)
        return np.asarray(mean + SPREAD_SIGMAS * np.sqrt(np.maximum(variance, 0.0)) > self._spectrum.size / 2)
