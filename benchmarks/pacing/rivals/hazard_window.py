"""The hazard window of Electronic Information Systems (David): who will be free within the next so many seconds?

Each busy agent weighs as much as the chance to be free within a window, given how long the talk or the wrap-up has
lasted already; the chance is read off the lengths of earlier ones. Free agents weigh one each. Calls are placed until
those in the air, times the answer ratio of the whole campaign, meet the sum of the weights:

    calls = (share x free + sum of the weights - waiting) / answer ratio - calls ringing

The window grows by 0.3 s each 20 s while abandonment (last quarter of an hour, and campaign) is within its target, and
shrinks by a second when it is not; below a window of nothing the share of the free agents that is dialled for shrinks
(by 7 %, and grows back by 3 %) before the window opens again.

The answer ratio is one number for the campaign; no record has a chance of its own (see the package's docstring).

Source: US 5,640,445 and US 5,926,528, both expired. The steps of the window are this project's.
"""

from __future__ import annotations

import bisect
import math
from collections import deque
from collections.abc import Sequence

from benchmarks.pacing.rivals.asking import Backlog, Metronome
from benchmarks.pacing.rivals.seen import Recent, Watch, moved, unanswered
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings

LOOK_S = 0.5
STEER_S = 20.0
STEER_WINDOW_S = 900.0
RATIO_MEMORY_CALLS = 200.0
MIN_ANSWER_RATIO = 0.01
MAX_WINDOW_S = 20.0
LONGER_S, SHORTER_S = 0.3, 1.0
MIN_SHARE, MORE, LESS = 0.15, 1.03, 0.93
FIRST_ANSWERS = 5
REMEMBERED = 500
PRIOR = 20
"""So many lengths are believed from the start: the quantiles of an exponential with the campaign's mean."""


class Lengths:
    """Lengths of earlier talks, or wrap-ups, in order."""

    def __init__(self, mean_s: float) -> None:
        """Begin with a prior.

        Args:
            mean_s: what the campaign's settings say.
        """
        self._sorted_s = [-mean_s * math.log(1.0 - (rank + 0.5) / PRIOR) for rank in range(PRIOR)]
        self._oldest_s = deque(self._sorted_s)

    def add(self, length_s: float) -> None:
        """One more; past `REMEMBERED` the oldest is forgotten."""
        bisect.insort(self._sorted_s, length_s)
        self._oldest_s.append(length_s)
        if len(self._oldest_s) > REMEMBERED:
            self._sorted_s.pop(bisect.bisect_left(self._sorted_s, self._oldest_s.popleft()))

    def weights(self, ages_s: Sequence[float], window_s: float) -> float:
        """The sum of the chances to end within the window, given the ages.

        What has outlasted all that is remembered weighs nothing.
        """
        total = len(self._sorted_s)
        found = 0.0
        for age_s in ages_s:
            past = bisect.bisect_right(self._sorted_s, age_s)
            if past < total:
                found += (bisect.bisect_right(self._sorted_s, age_s + window_s) - past) / (total - past)
        return found


class HazardWindow:
    """Weights of agents against the mean of answers."""

    def __init__(self, *, window_s: float = 0.0, share: float = 0.6) -> None:
        """Make the rule.

        Args:
            window_s: the first window, within 0..20.
            share: of the free agents that is dialled for at first, within 0.15..1.
        """
        self.window_s = window_s
        """The window; for tests."""
        self.share = share
        self._watch = Watch()
        self._backlog = Backlog()
        self._recent = Recent(STEER_WINDOW_S)
        self._looking, self._steering = Metronome(LOOK_S), Metronome(STEER_S)
        self._answer_ratio = 0.0
        self._talks: Lengths | None = None
        self._wrap_ups: Lengths | None = None

    def __call__(self, view: PoolView, _: Estimates, campaign: PacingSettings) -> Decision:
        """How many calls to place now."""
        if not self._looking.beats(view.now_s):
            return self._watch.place(self._backlog.rest(view))
        if self._talks is None or self._wrap_ups is None:
            self._answer_ratio = campaign.initial_answer_ratio
            self._talks, self._wrap_ups = Lengths(campaign.initial_talk_s), Lengths(campaign.initial_wrap_up_s)
        seen = self._watch.look(view)
        self._recent.add(view.now_s, seen.reached, seen.abandoned)
        self._answer_ratio = moved(self._answer_ratio, seen.answers, RATIO_MEMORY_CALLS)
        for lengths, ended_s in ((self._talks, seen.talks_s), (self._wrap_ups, seen.wrap_ups_s)):
            for length_s in ended_s:
                lengths.add(length_s)
        if self._steering.beats(view.now_s):
            self._steer(view, campaign.target_abandonment_ratio)
        weights = self._talks.weights(view.talking_s, self.window_s)
        weights += self._wrap_ups.weights(view.wrapping_s, self.window_s)
        return self._watch.place(self._backlog.ask(view, self._wanted(view, weights)))

    def _wanted(self, view: PoolView, weights: float) -> int:
        available = self.share * view.ready + weights - view.waiting
        wanted = math.floor(available / max(MIN_ANSWER_RATIO, self._answer_ratio)) - unanswered(view)
        # An idle floor would otherwise never learn that its list has become better.
        return max(1, wanted) if view.ready > view.waiting and not unanswered(view) else wanted

    def _steer(self, view: PoolView, target_ratio: float) -> None:
        over = self._recent.second > target_ratio * self._recent.first or view.abandoned > target_ratio * (
            view.answered + FIRST_ANSWERS
        )
        if over and self.window_s > 0.0:
            self.window_s = max(0.0, self.window_s - SHORTER_S)
        elif over:
            self.share = max(MIN_SHARE, self.share * LESS)
        elif self.share < 1.0:
            self.share = min(1.0, self.share * MORE)
        else:
            self.window_s = min(MAX_WINDOW_S, self.window_s + LONGER_S)
