"""What of past calls goes into a simulated world, wherever they were kept: in the store or in a recording.

Which outcomes tell something of the people called and which of the network, which states are work, and how samples
become durations and shares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Final

from dialer.sim.behaviour import Rest
from dialer.sim.durations import Duration, empirical
from dialer.types import AgentState, Outcome

FEWEST_ANSWERS: Final = 30
"""Fewer people who answered say too little to build a world on."""
FEWEST_SAMPLES: Final = 20
"""With fewer samples of a duration the simulator's own stands in."""
MOST_SAMPLES: Final = 2_000
"""Of each duration; more of them tell nothing more."""
ANSWERED: Final = frozenset({Outcome.BRIDGED, Outcome.ABANDONED, Outcome.EARLY_HANGUP})
OUR_FAULT: Final = frozenset({Outcome.TRUNK_FAILED, Outcome.CANCELLED, Outcome.UNKNOWN, Outcome.ENGINE_ERROR})
"""Outcomes that say nothing of the person called."""
REFUSED: Final = frozenset({Outcome.BUSY, Outcome.UNREACHABLE, Outcome.INVALID, Outcome.CONGESTION})
"""Outcomes that the network tells."""
BUSY: Final = (AgentState.TALKING, AgentState.WRAP_UP)
AWAY: Final = (AgentState.OFFLINE, AgentState.PAUSED, AgentState.CALLING_IN)


def known(samples: Iterable[float | None]) -> list[float]:
    """Those that there are, in seconds; none is negative."""
    return [max(0.0, sample) for sample in samples if sample is not None]


def between(first_s: float | None, second_s: float | None) -> float | None:
    """From one moment to another; None: one of them never came."""
    return None if first_s is None or second_s is None else second_s - first_s


def durations_of(found: Mapping[str, Sequence[float]]) -> dict[str, Duration]:
    """Durations by name, of whatever there are `FEWEST_SAMPLES` of."""
    return {name: empirical(_thinned(samples)) for name, samples in found.items() if len(samples) >= FEWEST_SAMPLES}


def _thinned(samples: Sequence[float]) -> Sequence[float]:
    """Every so many-th of them in order, so that no more than `MOST_SAMPLES` are left."""
    stride = max(1, -(-len(samples) // MOST_SAMPLES))
    return sorted(samples)[::stride]


def rest_of(outcomes: Iterable[Outcome], base: Rest) -> Rest:
    """What becomes of calls that no person answers; `base` when there were none."""
    kinds = {one.name for one in fields(Rest)}
    seen = Counter(str(outcome) for outcome in outcomes if str(outcome) in kinds)
    total = seen.total()
    return Rest(**{name: seen[name] / total for name in kinds}) if total else base
