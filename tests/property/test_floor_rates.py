"""When a limit per second lets the next call go: not a moment too early, and not too late."""

from __future__ import annotations

from collections import deque

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialer.floor.state import next_start_s, starts_left


@given(per_s=st.sampled_from([0.2, 0.5, 1.0, 3.0, 7.5, 20.0, 110.0]), steps=st.integers(5, 300))
def test_calls_placed_as_soon_as_the_limit_opens_are_as_many_as_it_allows_and_no_more(per_s: float, steps: int) -> None:
    placed_s: deque[float] = deque()
    now_s, starts = 100.0, []
    for _ in range(steps):
        opens_s = next_start_s(placed_s, per_s, now_s)
        if opens_s > now_s:
            assert starts_left(deque(placed_s), per_s, (now_s + opens_s) / 2) == 0, "it had opened before"
        now_s = opens_s
        left = starts_left(placed_s, per_s, now_s)
        assert left > 0
        placed_s.extend([now_s] * left)
        starts += [now_s] * left
    window_s = max(1.0, 1.0 / per_s)
    most = max(1, int(per_s))
    assert all(later >= earlier + window_s for earlier, later in zip(starts, starts[most:], strict=False))
    assert len(starts) == pytest.approx(most * (now_s - starts[0]) / window_s, abs=most)
