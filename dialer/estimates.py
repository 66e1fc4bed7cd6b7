"""What pacing has learned of a campaign: how calls ring out, how long agents are busy, what a price costs.

Learned in place, from what the floor tells; nothing here knows a clock: the caller says how long things took.
`dialer.pacing` decides by it. It survives a restart by `as_dict` and `from_dict`.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from dialer.prediction.durations import DurationModel
from dialer.prediction.moments import Floats, along_lag, steps
from dialer.prediction.odds import OddsModel
from dialer.prediction.price import PriceModel
from dialer.prediction.reading import part
from dialer.prediction.rings import USUAL_MEMORY, RingModel
from dialer.prediction.settling import EndedCall, Settling
from dialer.settings import PacingSettings

FRESH_SHARE: Final = 0.05
FRESH_MOST: Final = 200
NEGLIGIBLE: Final = 0.004
"""Moments at which so small a part of the answers comes are not looked at."""
FRESH_COUNT: Final = 4
"""What was worked out is worked out again after so large a share, and number, of new observations; or `FRESH_MOST`."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """All that a forecast looks up, by age; see `RingTables` and `DurationModel.ended_by` for the rows."""

    kept: Floats
    others_kept: Floats
    answered_soon: Floats
    """Ages of calls: answered within the look-ahead, if a person will answer."""
    occupies: Floats
    """Ages of calls x moments: answered by then and not dealt with yet, if a person will answer.

    Only the moments are kept at which a call placed now may well be answered: what happens then is all that counts.
    """
    free_by: Floats
    """Ages of talks, then of wrap-ups, x moments: the agent is free by then."""
    freed_soon: Floats
    """Likewise: free within the look-ahead."""
    answer_steps: Floats
    """Moments: when a call placed now is answered, if a person will answer it; chances that sum to 1."""
    ring_s: float
    """How long a call is in the air, on average."""
    learned: tuple[int, int, int]
    """Observations of rings, talks and wrap-ups that it rests on."""
    asked_for: tuple[float, float]


class Estimates:
    """What has been learned of a campaign."""

    def __init__(self, settings: PacingSettings) -> None:
        """What is believed before the first call; also spelled `Estimates.initial`."""
        self.ring = RingModel(settings.initial_answer_ratio)
        self.odds = OddsModel()
        self.talk = DurationModel(settings.initial_talk_s)
        self.wrap_up = DurationModel(settings.initial_wrap_up_s)
        self.price = PriceModel()
        self._settling = Settling()
        self._outlook: Outlook | None = None

    @classmethod
    def initial(cls, settings: PacingSettings) -> Estimates:
        """What is believed before the first call."""
        return cls(settings)

    def call_ended(self, call: EndedCall, now_s: float) -> None:
        """A call stopped ringing; learned when no call that was placed before it can still ring.

        Args:
            call: tell an answer at once, not only when the conversation is over.
            now_s: monotonic.
        """
        self._settling.add(call, now_s)
        self.settle(now_s)

    def settle(self, now_s: float) -> None:
        """Learn from the calls that ended and are old enough; infinity: from all of them."""
        for call in self._settling.settled(now_s):
            self._learn(call)

    def _learn(self, call: EndedCall) -> None:
        would_answer = float(call.answered)
        if call.is_cut and call.rang_s is not None and not call.answered:
            would_answer = self.ring.observe_cut(dialled_s=call.dialled_s, rang_s=call.rang_s, odds=call.odds)
        else:
            self.ring.observe(dialled_s=call.dialled_s, rang_s=call.rang_s, answered=call.answered)
        if call.marks:
            ratio = self.ring.answer_ratio(USUAL_MEMORY)
            self.odds.observe(call.marks, answered=would_answer, answer_ratio=ratio)

    def outlook(self, *, grace_s: float, wrap_up_limit_s: float, talking_s: Floats, wrapping_s: Floats) -> Outlook:
        """What a forecast looks up; worked out anew when enough has been learned since.

        Args:
            grace_s: an agent who comes free so much after a moment is still in time for it.
            wrap_up_limit_s: wrap-ups end then at the latest.
            talking_s: ages of the conversations that run now, which say something of how long they last.
            wrapping_s: ages of the wrap-ups that run now.
        """
        known, asked_for = self._outlook, (grace_s, wrap_up_limit_s)
        learned = (self.ring.count, self.talk.count, self.wrap_up.count)
        if known is None or known.asked_for != asked_for or _stale(known.learned, learned):
            wrap_up = self.wrap_up.ended_by(wrapping_s, grace_s=grace_s, limit_s=wrap_up_limit_s)
            talk = self.talk.ended_by(talking_s, grace_s=grace_s)
            known = self._outlook = _worked_out(self.ring, talk, wrap_up, learned, asked_for)
        return known

    def as_dict(self) -> dict[str, object]:
        """Plain lists and numbers, for a JSON snapshot: every call that ended is in it."""
        whole = copy.deepcopy(self)
        whole.settle(math.inf)
        return {
            "ring": whole.ring.as_dict(),
            "odds": whole.odds.as_dict(),
            "talk": whole.talk.as_dict(),
            "wrap_up": whole.wrap_up.as_dict(),
            "price": whole.price.as_dict(),
        }

    @classmethod
    def from_dict(cls, snapshot: Mapping[str, object], settings: PacingSettings) -> Estimates:
        """The inverse of `as_dict`.

        Raises:
            ValueError: a part is missing, no number, or of another length than this version keeps. Start from
                `initial` then.
        """
        found = cls(settings)
        found.ring.restore(part(snapshot, "ring"))
        found.odds.restore(part(snapshot, "odds"))
        found.talk.restore(part(snapshot, "talk"))
        found.wrap_up.restore(part(snapshot, "wrap_up"))
        found.price.restore(part(snapshot, "price"))
        return found


def _stale(known: tuple[int, int, int], learned: tuple[int, int, int]) -> bool:
    return any(
        now - then > min(then * FRESH_SHARE, FRESH_MOST) + FRESH_COUNT for then, now in zip(known, learned, strict=True)
    )


def _worked_out(
    ring: RingModel,
    talk: tuple[Floats, Floats],
    wrap_up: tuple[Floats, Floats],
    learned: tuple[int, int, int],
    asked_for: tuple[float, float],
) -> Outlook:
    rings = ring.tables()
    # What follows begins half a step before its moment on average: between the chances for `lag` and `lag + 1` steps.
    half_later = wrap_up[1].copy()
    half_later[1:] += wrap_up[1][:-1]
    after = along_lag(0.5 * half_later)
    handled_by = steps(talk[1]) @ after
    stays = along_lag(1.0 - np.concatenate(([0.0], handled_by[:-1])))
    answer_steps = steps(rings.answered_by[0])
    matters = np.flatnonzero(answer_steps > NEGLIGIBLE * answer_steps.sum())
    return Outlook(
        kept=rings.kept,
        others_kept=rings.others_kept,
        answered_soon=rings.answered_by[:, -1].copy(),
        occupies=np.ascontiguousarray((steps(rings.answered_by) @ stays)[:, matters]),
        free_by=np.ascontiguousarray(np.concatenate((steps(talk[0]) @ after, wrap_up[0]))[:, matters]),
        freed_soon=np.concatenate((steps(talk[0]) @ after, wrap_up[0]))[:, -1].copy(),
        answer_steps=answer_steps[matters] / answer_steps[matters].sum(),
        ring_s=ring.mean_s(),
        learned=learned,
        asked_for=asked_for,
    )
