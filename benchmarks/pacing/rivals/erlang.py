"""The textbook's expected availability, with the knob that its users turn.

    calls = caution x (free + busy x (1 - exp(-ring / handling))) / answer ratio - calls in the air

`busy` agents end after `handling` seconds (talk and wrap-up) on average and without memory; by the time a call placed
now is answered, `ring` seconds on, that many are expected to be free. One answer ratio of the whole campaign (of the
last 200 calls or so); no record has a chance of its own. `caution` is moved each 30 s: down by a tenth when the last
quarter of an hour or the campaign is over its target, else up by three hundredths.

Source: the formula is folklore, in print for instance in Korolev, Anisimov and Ristock (2008) and Samuelson,
Interfaces 29(5), 1999; the steps of the knob are this project's.
"""

from __future__ import annotations

import math

from benchmarks.pacing.rivals.asking import Backlog, Metronome
from benchmarks.pacing.rivals.seen import Recent, Watch, moved
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings

LOOK_S = 0.5
STEER_S = 30.0
STEER_WINDOW_S = 900.0
RATIO_MEMORY_CALLS = 200.0
DURATION_MEMORY = 50.0
MIN_ANSWER_RATIO = 0.01
CAUTION = (0.1, 1.3)
LESS, MORE = 0.9, 1.03
FIRST_ANSWERS = 5
"""So many answers are credited to a young campaign, whose first abandoned call would else stop it."""


class ExpectedAvailability:
    """Means against means."""

    def __init__(self, *, ring_s: float = 12.5, caution: float = 0.5) -> None:
        """Make the rule.

        Args:
            ring_s: mean seconds from placing a call to a person's answer; measured once by the operator.
            caution: the knob's first position, within 0.1..1.3.
        """
        self._ring_s = ring_s
        self.caution = caution
        """The knob; for tests."""
        self._watch = Watch()
        self._backlog = Backlog()
        self._recent = Recent(STEER_WINDOW_S)
        self._looking, self._steering = Metronome(LOOK_S), Metronome(STEER_S)
        self._answer_ratio: float | None = None
        self._talk_s: float | None = None
        self._wrap_up_s: float | None = None

    def __call__(self, view: PoolView, _: Estimates, campaign: PacingSettings) -> Decision:
        """How many calls to place now."""
        if not self._looking.beats(view.now_s):
            return self._watch.place(self._backlog.rest(view))
        self._learn(view, campaign)
        if self._steering.beats(view.now_s):
            self._steer(view, campaign.target_abandonment_ratio)
        return self._watch.place(self._backlog.ask(view, self._wanted(view)))

    def _wanted(self, view: PoolView) -> int:
        handling_s = max(1.0, (self._talk_s or 0.0) + (self._wrap_up_s or 0.0))
        busy = len(view.talking_s) + len(view.wrapping_s)
        free = view.ready + busy * (1.0 - math.exp(-self._ring_s / handling_s))
        ratio = max(MIN_ANSWER_RATIO, self._answer_ratio or 0.0)
        return math.floor(self.caution * free / ratio) - view.in_air

    def _learn(self, view: PoolView, campaign: PacingSettings) -> None:
        if self._answer_ratio is None or self._talk_s is None or self._wrap_up_s is None:
            self._answer_ratio = campaign.initial_answer_ratio
            self._talk_s, self._wrap_up_s = campaign.initial_talk_s, campaign.initial_wrap_up_s
        seen = self._watch.look(view)
        self._recent.add(view.now_s, seen.reached, seen.abandoned)
        self._answer_ratio = moved(self._answer_ratio, seen.answers, RATIO_MEMORY_CALLS)
        self._talk_s = moved(self._talk_s, seen.talks_s, DURATION_MEMORY)
        self._wrap_up_s = moved(self._wrap_up_s, seen.wrap_ups_s, DURATION_MEMORY)

    def _steer(self, view: PoolView, target_ratio: float) -> None:
        over_lately = self._recent.second > target_ratio * self._recent.first
        over_all = view.abandoned > target_ratio * (view.answered + FIRST_ANSWERS)
        low, high = CAUTION
        self.caution = max(low, self.caution * LESS) if over_lately or over_all else min(high, self.caution * MORE)
