"""How long things last: a few shapes, each a frozen value that draws from a generator it is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from dialer.errors import SettingsError

Floats: TypeAlias = npt.NDArray[np.float64]


class BehaviourError(SettingsError):
    """A world that cannot be; the message names the field, what was wrong, and what is allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lognormal:
    """Many short, a few long: how talks, wrap-ups and ringing mostly look."""

    mean_s: float
    cv: float = 1.0
    """Coefficient of variation: standard deviation over mean."""

    def __post_init__(self) -> None:
        _positive("mean_s", self.mean_s)
        _positive("cv", self.cv)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """`count` draws, in seconds."""
        variance = math.log1p(self.cv**2)
        location = math.log(self.mean_s) - 0.5 * variance
        return np.asarray(np.exp(location + math.sqrt(variance) * rng.standard_normal(count)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Exponential:
    """No memory: the case of the textbooks."""

    mean_s: float

    def __post_init__(self) -> None:
        _positive("mean_s", self.mean_s)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """`count` draws, in seconds."""
        return np.asarray(self.mean_s * rng.standard_exponential(count))


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """Always the same; 0 is allowed."""

    mean_s: float

    def __post_init__(self) -> None:
        if not (math.isfinite(self.mean_s) and self.mean_s >= 0.0):
            raise BehaviourError(f"mean_s is {self.mean_s:g}; give seconds, 0 or more.")

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """`count` times the same."""
        return np.full(count, self.mean_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Uniform:
    """Anything between two bounds, alike."""

    low_s: float
    high_s: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.low_s <= self.high_s < math.inf:
            raise BehaviourError(f"{self.low_s:g} to {self.high_s:g} s is no span; give 0 <= low_s <= high_s.")

    @property
    def mean_s(self) -> float:
        """The middle."""
        return 0.5 * (self.low_s + self.high_s)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """`count` draws, in seconds."""
        return np.asarray(self.low_s + (self.high_s - self.low_s) * rng.random(count))


@dataclass(frozen=True, slots=True)
class Empirical:
    """What was seen before, such as a campaign's own talk times; each alike."""

    samples_s: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.samples_s:
            raise BehaviourError("there are no samples; give at least one duration in seconds.")
        worst = min(self.samples_s)
        if not (worst >= 0.0 and math.isfinite(sum(self.samples_s))):
            raise BehaviourError(f"a sample is {worst:g}; give seconds, 0 or more.")

    @property
    def mean_s(self) -> float:
        """Their mean."""
        return sum(self.samples_s) / len(self.samples_s)

    def draw(self, rng: np.random.Generator, count: int) -> Floats:
        """`count` of the samples, in seconds."""
        return np.array(self.samples_s)[rng.integers(0, len(self.samples_s), count)]


Duration: TypeAlias = Lognormal | Exponential | Fixed | Uniform | Empirical


def empirical(samples_s: Sequence[float]) -> Empirical:
    """Durations as they were seen."""
    return Empirical(tuple(float(one) for one in samples_s))


def _positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0.0):
        raise BehaviourError(f"{name} is {value:g}; give a number greater than 0.")
