"""What pacing has learned of a campaign: how calls ring out, how long agents are busy, what abandonment costs.

Values only: each `observe_...` returns a new `Estimates`. Nothing here knows a clock; the caller says how long
things took. `dialer.pacing` decides by them.

- Ringing is a race between "a person answers" and "it ends otherwise": a histogram of each, and the chance
  that a person wins. That chance drifts over a day, so it is kept over several memories; a long memory which
  a shorter one contradicts is overwritten by it.
- Talks and wrap-ups are hazards, constant within pieces, that lean on a prior until there is evidence.
- The price is what one abandoned call may cost in answered calls; it creeps until the target is met.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dialer.settings import PacingSettings

RING_BIN_S = 0.5
RING_BINS = 128
"""Rings of 64 s and more share the last bin."""
MEMORIES = (64.0, 256.0, 1024.0, 4096.0)
"""Calls over which the answer ratio is averaged; see `RingModel.answer_ratio`."""
CONTRADICTION_SIGMAS = 3.2
AGE_EDGES_S = (
    *(0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 75.0, 90.0, 110.0),
    *(130.0, 160.0, 200.0, 250.0, 300.0, 400.0, 500.0, 700.0, 1000.0, 1500.0, 2000.0),
)
"""Where the pieces of a hazard begin; the last one has no end."""
PRIOR_CALLS = 12.0
PRIOR_DURATIONS = 2.0
FORGET_RINGS = 4000.0
FORGET_DURATIONS = 2000.0
"""Past so many observations a histogram is halved, so that last week fades."""
STEERING_RATIO = 0.93
"""The price aims at this share of the target, since a spent budget cannot be bought back."""
PRICE_STEP = 0.1
PRICE_RANGE = (1e-4, 0.6)

FloatRow = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class RingModel:
    """How calls stop ringing."""

    answered: FloatRow
    """By a person; weight per bin of `RING_BIN_S` since the call was placed."""
    otherwise: FloatRow
    answered_sums: FloatRow
    """Discounted answers, one for each of `MEMORIES`."""
    call_sums: FloatRow
    count: int = 0
    """Calls observed, never forgotten; the prior is not among them."""

    def answer_ratio(self, memory: float) -> float:
        """The chance that a person answers, over about the last `memory` calls."""
        for size, answers, calls in zip(MEMORIES, self.answered_sums, self.call_sums, strict=True):
            if size >= memory:
                return answers / calls
        return self.answered_sums[-1] / self.call_sums[-1]


@dataclass(frozen=True, slots=True)
class DurationModel:
    """How long something lasts: ends and time spent, for each piece of `AGE_EDGES_S`."""

    prior_mean_s: float
    ends: FloatRow
    spent_s: FloatRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimates:
    """What has been learned of a campaign; survives a restart by `as_dict` and `from_dict`."""

    ring: RingModel
    talk: DurationModel
    wrap_up: DurationModel
    log_price: float
    target_ratio: float
    """The target that the price aims at."""

    @classmethod
    def initial(cls, settings: PacingSettings) -> Estimates:
        """What is believed before the first call."""
        return cls(
            ring=_initial_ring(settings.initial_answer_ratio),
            talk=_initial_duration(settings.initial_talk_s),
            wrap_up=_initial_duration(settings.initial_wrap_up_s),
            log_price=math.log(_clamped(1.5 * settings.target_abandonment_ratio, *PRICE_RANGE)),
            target_ratio=settings.target_abandonment_ratio,
        )

    def aimed_at(self, settings: PacingSettings) -> Estimates:
        """The same knowledge under settings whose target may have changed; for a reload, or after `from_dict`."""
        target = settings.target_abandonment_ratio
        if target == self.target_ratio or min(target, self.target_ratio) <= 0.0:
            return replace(self, target_ratio=target)
        moved = _clamped(math.exp(self.log_price) * target / self.target_ratio, *PRICE_RANGE)
        return replace(self, target_ratio=target, log_price=math.log(moved))

    def as_dict(self) -> dict[str, object]:
        """Plain lists and numbers, for a JSON snapshot."""
        return {
            "ring_answered": list(self.ring.answered),
            "ring_otherwise": list(self.ring.otherwise),
            "answered_sums": list(self.ring.answered_sums),
            "call_sums": list(self.ring.call_sums),
            "count": self.ring.count,
            "talk": [self.talk.prior_mean_s, *self.talk.ends, *self.talk.spent_s],
            "wrap_up": [self.wrap_up.prior_mean_s, *self.wrap_up.ends, *self.wrap_up.spent_s],
            "log_price": self.log_price,
            "target_ratio": self.target_ratio,
        }

    @classmethod
    def from_dict(cls, snapshot: Mapping[str, object]) -> Estimates:
        """The inverse of `as_dict`.

        Raises:
            ValueError: a part is missing, no number, or of another length than this version keeps. Start from
                `initial` then.
        """
        return cls(
            ring=RingModel(
                answered=_row(snapshot, "ring_answered", RING_BINS),
                otherwise=_row(snapshot, "ring_otherwise", RING_BINS),
                answered_sums=_row(snapshot, "answered_sums", len(MEMORIES)),
                call_sums=_row(snapshot, "call_sums", len(MEMORIES)),
                count=int(_number(snapshot.get("count"), "count")),
            ),
            talk=_duration(snapshot, "talk"),
            wrap_up=_duration(snapshot, "wrap_up"),
            log_price=_number(snapshot.get("log_price"), "log_price"),
            target_ratio=_number(snapshot.get("target_ratio"), "target_ratio"),
        )


def observe_ring(e: Estimates, *, ring_s: float, answered: bool) -> Estimates:
    """A call ended its ringing; tell it at that moment, or the answered ones are learned too late.

    Args:
        e: what was known.
        ring_s: seconds since the call was placed.
        answered: by a person; False: busy, no answer, failed, or a machine.
    """
    ring = e.ring
    spot = max(0, min(int(ring_s / RING_BIN_S), RING_BINS - 1))
    answers, calls = _remember(ring, answered)
    return replace(
        e,
        ring=RingModel(
            answered=_added(ring.answered, spot, FORGET_RINGS) if answered else ring.answered,
            otherwise=ring.otherwise if answered else _added(ring.otherwise, spot, FORGET_RINGS),
            answered_sums=answers,
            call_sums=calls,
            count=ring.count + 1,
        ),
    )


def observe_talk(e: Estimates, *, talk_s: float) -> Estimates:
    """A conversation ended after `talk_s` seconds."""
    return replace(e, talk=_lasted(e.talk, talk_s))


def observe_wrap_up(e: Estimates, *, wrap_up_s: float) -> Estimates:
    """A wrap-up ended after `wrap_up_s` seconds."""
    return replace(e, wrap_up=_lasted(e.wrap_up, wrap_up_s))


def observe_answer(e: Estimates, *, abandoned: bool) -> Estimates:
    """One call that a person answered was concluded: the price creeps up, or drops for an abandoned one."""
    low, high = PRICE_RANGE
    moved = e.log_price + PRICE_STEP * (STEERING_RATIO * e.target_ratio - abandoned)
    return replace(e, log_price=_clamped(moved, math.log(low), math.log(high)))


def _initial_ring(answer_ratio: float) -> RingModel:
    ratio = _clamped(answer_ratio, 0.01, 0.99)
    centres = [(spot + 0.5) * RING_BIN_S for spot in range(RING_BINS)]
    return RingModel(
        answered=_bell(centres, median_s=12.5, sigma=0.45),
        otherwise=_bell(centres, median_s=22.0, sigma=0.4),
        answered_sums=(PRIOR_CALLS * ratio,) * len(MEMORIES),
        call_sums=(PRIOR_CALLS,) * len(MEMORIES),
    )


def _bell(centres: Sequence[float], *, median_s: float, sigma: float) -> FloatRow:
    """A lognormal shape that weighs `PRIOR_CALLS`."""
    heights = [math.exp(-0.5 * (math.log(centre / median_s) / sigma) ** 2) / centre for centre in centres]
    total = sum(heights)
    return tuple(PRIOR_CALLS * height / total for height in heights)


def _initial_duration(mean_s: float) -> DurationModel:
    nothing = (0.0,) * len(AGE_EDGES_S)
    return DurationModel(prior_mean_s=max(mean_s, 0.1), ends=nothing, spent_s=nothing)


def _remember(ring: RingModel, answered: bool) -> tuple[FloatRow, FloatRow]:
    """One more call in every memory; a memory that the next shorter one contradicts is replaced by it."""
    answers: list[float] = []
    calls: list[float] = []
    for memory, old_answers, old_calls in zip(MEMORIES, ring.answered_sums, ring.call_sums, strict=True):
        keep = 1.0 - 1.0 / memory
        now_answers, now_calls = keep * old_answers + answered, keep * old_calls + 1.0
        if answers and _contradicted(now_answers / now_calls, answers[-1] / calls[-1], calls[-1]):
            now_answers, now_calls = answers[-1], calls[-1]
        answers.append(now_answers)
        calls.append(now_calls)
    return tuple(answers), tuple(calls)


def _contradicted(long_ratio: float, short_ratio: float, short_calls: float) -> bool:
    deviation = math.sqrt(max(long_ratio * (1.0 - long_ratio), 0.01) / short_calls)
    return abs(short_ratio - long_ratio) > CONTRADICTION_SIGMAS * deviation


def _added(weights: FloatRow, spot: int, forget_at: float) -> FloatRow:
    more = (*weights[:spot], weights[spot] + 1.0, *weights[spot + 1 :])
    return more if sum(more) <= forget_at else tuple(0.5 * weight for weight in more)


def _lasted(model: DurationModel, seconds: float) -> DurationModel:
    upper = (*AGE_EDGES_S[1:], math.inf)
    spans = tuple(
        spent + max(0.0, min(seconds, end) - start)
        for spent, start, end in zip(model.spent_s, AGE_EDGES_S, upper, strict=True)
    )
    piece = max(0, sum(edge <= seconds for edge in AGE_EDGES_S) - 1)
    ends = (*model.ends[:piece], model.ends[piece] + 1.0, *model.ends[piece + 1 :])
    if sum(ends) > FORGET_DURATIONS:
        ends, spans = tuple(0.5 * end for end in ends), tuple(0.5 * span for span in spans)
    return replace(model, ends=ends, spent_s=spans)


def _clamped(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _number(value: object, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"the snapshot of the estimates has no number at {key}; start from Estimates.initial")
    return float(value)


def _row(snapshot: Mapping[str, object], key: str, length: int) -> FloatRow:
    values = snapshot.get(key)
    if not isinstance(values, list) or len(values) != length:
        raise ValueError(f"the snapshot of the estimates lacks {length} numbers at {key}; start from Estimates.initial")
    return tuple(_number(value, key) for value in values)


def _duration(snapshot: Mapping[str, object], key: str) -> DurationModel:
    pieces = len(AGE_EDGES_S)
    values = _row(snapshot, key, 1 + 2 * pieces)
    return DurationModel(prior_mean_s=values[0], ends=values[1 : 1 + pieces], spent_s=values[1 + pieces :])
