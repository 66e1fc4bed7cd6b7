"""What does a rival's number become on our floor? Bounded by channels, calls per second and leads, as anybody is."""

from __future__ import annotations

from dialer.pacing import Decision, PoolView

NOT_YET = Decision(calls=0, limit="not_yet", reason="0: not_yet")
"""The peer's own loop has not come round."""


def ask(view: PoolView, wanted: int) -> Decision:
    """Place `wanted` calls, or as many of them as there is room for.

    Args:
        view: the campaign at this moment.
        wanted: calls; below zero counts as none.

    Returns:
        The decision.
    """
    room, name = min(
        (view.trunk_free, "trunk"), (view.cps_allowance, "calls_per_s"), (view.leads, "leads"), key=lambda pair: pair[0]
    )
    calls = max(0, min(wanted, room))
    limit = name if calls < wanted else "rule"
    return Decision(calls=calls, limit=limit, reason=f"{calls} of {max(0, wanted)}: {limit}")


class Backlog:
    """Calls of a peer's last round that the limit per second has held back; they follow as fast as it allows."""

    def __init__(self) -> None:
        self._owed = 0

    def ask(self, view: PoolView, wanted: int) -> Decision:
        """A new round: place `wanted` calls; what was left of the round before is forgotten."""
        decision = ask(view, wanted)
        self._owed = wanted - decision.calls if decision.limit == "calls_per_s" else 0
        return decision

    def rest(self, view: PoolView) -> Decision:
        """Between rounds: what is left of the last one."""
        return self.ask(view, self._owed) if self._owed > 0 else NOT_YET


class Metronome:
    """A loop of so many seconds, driven by whatever moments it is asked at."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._due_s: float | None = None

    def beats(self, now_s: float) -> int:
        """How often the loop came round since it was asked last; once at the first time.

        Args:
            now_s: monotonic seconds.
        """
        if self._due_s is None:
            self._due_s = now_s + self._every_s
            return 1
        if now_s < self._due_s:
            return 0
        count = 1 + int((now_s - self._due_s) / self._every_s)
        self._due_s += count * self._every_s
        return count
