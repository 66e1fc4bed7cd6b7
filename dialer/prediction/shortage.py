"""How likely it is that a person answers and every agent is taken.

At each moment ahead there are so many agents promised to calls (each call in the air has been answered by then and
still talks, or not) and so many agents come free (each busy agent has, or has not). Both are sums of independent
yes-or-no events with unequal chances, Poisson-binomial distributions; what counts is the distribution of their
difference, and what n further calls do to it.

Up to `EXACT_EVENTS` events the difference is exact, held by its characteristic function, in which adding n more calls
is a power. Beyond, it is the normal distribution with Edgeworth's corrections for skewness and excess, from which it is
hardly to be told apart.
Source: Kolassa, Series Approximation Methods in Statistics, chapter 3 (lattice distributions, continuity correction).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

from dialer.prediction.moments import Floats

Complexes = npt.NDArray[np.complex128]

EXACT_EVENTS: Final = 28
_ROOT_TWO_PI: Final = 2.5066282746310002
_LOG_ROOT_TWO_PI: Final = math.log(_ROOT_TWO_PI)
_X: Floats = np.linspace(-8.0, 8.0, 3201)


def _normal() -> Floats:
    """The normal distribution function at `_X`, by Simpson's rule on each cell."""
    middle = 0.5 * (_X[1:] + _X[:-1])
    ends, middles = np.exp(-0.5 * _X * _X), np.exp(-0.5 * middle * middle)
    cells = (ends[:-1] + 4.0 * middles + ends[1:]) * ((_X[1] - _X[0]) / (6.0 * _ROOT_TWO_PI))
    return np.concatenate(([0.0], np.cumsum(cells)))


_UPPER_TAIL: Floats = 1.0 - _normal()
_FROM_SUMS: Floats = np.array(
    [  # sums of p, p^2, p^3, p^4 over all events, then with signs
        [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        [1.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        [0.0, 0.0, 0.0, 0.0, 1.0, -3.0, 2.0, 0.0],
        [1.0, -7.0, 12.0, -6.0, 0.0, 0.0, 0.0, 0.0],
    ]
)
"""Cumulants of a sum of yes-or-no events."""


@dataclass(frozen=True, slots=True)
class _Spectrum:
    """Frequencies of a window of whole numbers, and what reads probabilities off them."""

    angles: Floats
    turns: Complexes
    """exp(i angle) - 1: a characteristic function is a product of 1 + p x turn."""
    at_least_zero: Complexes
    """Dotted with a characteristic function: P(sum >= 0)."""


@lru_cache(maxsize=512)
def _spectrum(size: int, lowest: int) -> _Spectrum:
    """The spectrum of a window of `size` (even) whole numbers that begins at `lowest` (0 or less)."""
    half = size // 2
    frequencies = np.arange(half + 1)
    angles = 2.0 * np.pi * frequencies / size
    weight = np.where((frequencies == 0) | (frequencies == half), 1.0, 2.0) / size
    upper = np.arange(size) < size + lowest
    return _Spectrum(angles=angles, turns=np.exp(1j * angles) - 1.0, at_least_zero=weight * np.fft.rfft(upper))


class Shortage:
    """Agents asked for less agents there, at each moment ahead, for any number of further calls."""

    def __init__(self, *, free: int, asked: Floats, freed: Floats, newcomer: Floats, doubt: float = 0.0) -> None:
        """Weigh the calls in the air against the agents.

        Args:
            free: agents there now, less calls that wait for one already; may be negative.
            asked: calls in the air x moments: the chance that each occupies an agent then.
            freed: busy agents x moments: the chance that each is free by then.
            newcomer: moments: the chance that a call placed now occupies an agent then.
            doubt: the relative variance of all those chances together, which are all mistaken in the same direction; it
                counts where there are too many events for the exact distribution.
        """
        self._free, self._asked, self._freed, self._newcomer = free, asked, freed, newcomer
        self._exact = len(asked) + len(freed) <= EXACT_EVENTS
        if not self._exact:
            self._cumulants = _cumulants(asked, freed)
            self._each_more = _cumulants(newcomer[None, :], freed[:0])
            self._cumulants[0] -= free
            self._asked_mean = asked.sum(axis=0)
            self._doubt = doubt

    def none_free(self, fewest: int, most: int, stride: int = 1) -> Floats:
        """The chance that every agent is taken.

        Args:
            fewest: further calls.
            most: further calls.
            stride: look at every so many-th number between them.

        Returns:
            Numbers of further calls x moments.
        """
        if self._exact:
            return self._exactly(fewest, most)[::stride]
        more = np.arange(fewest, most + 1, stride, dtype=np.float64)[:, None]
        cumulants = self._cumulants[:, None, :] + more * self._each_more[:, None, :]
        cumulants[1] += self._doubt * (self._asked_mean + more * self._newcomer) ** 2
        return _normal_tail(cumulants)

    def _exactly(self, fewest: int, most: int) -> Floats:
        lowest = min(-self._free - len(self._freed), 0)
        highest = max(len(self._asked) + most - self._free, 0)
        spectrum = _spectrum(8 * ((highest - lowest) // 8 + 1), lowest)
        one_more: Complexes = 1.0 + self._newcomer[:, None] * spectrum.turns
        by_number = np.empty((most - fewest + 1, *one_more.shape), dtype=np.complex128)
        by_number[0] = self._known(spectrum) * one_more**fewest
        by_number[1:] = one_more
        np.multiply.accumulate(by_number, axis=0, out=by_number)
        return np.asarray(np.minimum(np.maximum((by_number @ spectrum.at_least_zero).real, 0.0), 1.0))

    def _known(self, spectrum: _Spectrum) -> Complexes:
        """Moments x frequencies: the characteristic function without further calls."""
        asked: Complexes = 1.0 + self._asked[:, :, None] * spectrum.turns
        freed: Complexes = 1.0 + self._freed[:, :, None] * spectrum.turns.conj()
        both: Complexes = np.multiply.reduce(asked, axis=0) * np.multiply.reduce(freed, axis=0)
        return np.asarray(both * np.exp(-1j * self._free * spectrum.angles))


def _cumulants(up: Floats, down: Floats) -> Floats:
    """Four cumulants x moments of the number of events of `up` that say yes less those of `down`."""
    chances = np.concatenate((up, down))
    squares = chances * chances
    powers = np.concatenate((chances, squares, squares * chances, squares * squares), axis=1)
    sums: Floats = (_signs(len(up), len(down)) @ powers).reshape(8, -1)
    return _FROM_SUMS @ sums


@lru_cache(maxsize=4096)
def _signs(up: int, down: int) -> Floats:
    """Plus for each event; and plus or minus, by its side."""
    signs = np.ones((2, up + down))
    signs[1, up:] = -1.0
    return signs


def _normal_tail(cumulants: Floats) -> Floats:
    """P(X >= 0) for a whole-numbered X of these four cumulants (first axis)."""
    mean, variance, third, fourth = cumulants
    scale = -1.0 / np.sqrt(np.maximum(variance, 1e-6))  # downwards, so that small x is a small chance
    x, inverse = (mean + 0.5) * scale, scale * scale
    squared = x * x
    skew = third * (inverse * scale) * (-1.0 / 6.0)
    excess = fourth * (inverse * inverse) * (1.0 / 24.0)
    corrections = skew * (squared - 1.0) + x * (
        excess * (squared - 3.0) + 0.5 * skew * skew * ((squared - 10.0) * squared + 15.0)
    )
    above = np.interp(x, _X, _UPPER_TAIL) + np.exp(-0.5 * squared - _LOG_ROOT_TWO_PI) * corrections
    return np.asarray(np.minimum(np.maximum(above, 0.0), 1.0))
