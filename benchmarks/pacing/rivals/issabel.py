"""Issabel's (once Elastix') call centre dialer, predictive and overcommitting.

Each 3 s: free agents, plus those whom it takes to come free soon, less callers in the queue, less calls not answered
yet; then divided by the share of calls that were answered in the last 30 minutes, which is taken as 20 % if it is less,
and as nothing to divide by before ten calls. An agent comes free soon when `1 - exp(-(talked + ring) / mean talk)` is
at least 97 %: the chance that a talk is that short, not that one which has lasted so long ends now. Before ten talks
have ended nobody is taken to come free. There is no limit of abandonment, and wrap-up is not known.

Calls in the air are taken off before the division, as there: with an answer ratio of a fifth, five calls for one free
agent, and none again until they are over.

Source: read in Predictor.class.php and CampaignProcess.class.php of its callcenter module; nothing of it is copied.
"""

from __future__ import annotations

import math

from benchmarks.pacing.rivals.asking import Backlog, Metronome
from benchmarks.pacing.rivals.seen import Recent, Watch, unanswered
from dialer.pacing import Decision, Estimates, PoolView
from dialer.settings import PacingSettings

EVERY_S = 3.0
HISTORY_S = 1800.0
MIN_CALLS, MIN_TALKS = 10, 10
MIN_ANSWER_RATIO = 0.2
CERTAINTY = 0.97


class Issabel:
    """Counts of agents, a mean and a ratio."""

    def __init__(self, *, ring_s: float = 12.5, predictive: bool = True, overcommit: bool = True) -> None:
        """Make the rule.

        Args:
            ring_s: mean seconds from placing a call to a person's answer, which the peer learns.
            predictive: count agents who come free soon.
            overcommit: divide by the answer ratio.
        """
        self._ring_s = ring_s
        self._predictive = predictive
        self._overcommit = overcommit
        self._watch = Watch()
        self._backlog = Backlog()
        self._history = Recent(HISTORY_S)
        self._loop = Metronome(EVERY_S)
        self._talks = 0
        self._talked_s = 0.0

    def __call__(self, view: PoolView, _: Estimates, __: PacingSettings) -> Decision:
        """How many calls to place now; none until the loop comes round."""
        if not self._loop.beats(view.now_s):
            return self._watch.place(self._backlog.rest(view))
        seen = self._watch.look(view)
        self._history.add(view.now_s, seen.ended, seen.reached)
        self._talks += len(seen.talks_s)
        self._talked_s += sum(seen.talks_s)
        wanted = max(0, view.ready + self._soon_free(view) - view.waiting)
        return self._watch.place(self._backlog.ask(view, self._overcommitted(max(0, wanted - unanswered(view)))))

    def _soon_free(self, view: PoolView) -> int:
        if not self._predictive or self._talks < MIN_TALKS:
            return 0
        mean_s = max(1.0, self._talked_s / self._talks)
        enough_s = -mean_s * math.log(1.0 - CERTAINTY) - self._ring_s
        return sum(talked_s >= enough_s for talked_s in view.talking_s)

    def _overcommitted(self, wanted: int) -> int:
        calls, answers = self._history.first, self._history.second
        if not self._overcommit or calls < MIN_CALLS or answers <= 0:
            return wanted
        return round(wanted / max(MIN_ANSWER_RATIO, answers / calls))
