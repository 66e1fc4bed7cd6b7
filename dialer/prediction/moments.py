"""The moments that a forecast looks at: half a minute in steps of two seconds, as long as a call rings."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indexes = npt.NDArray[np.int64]

STEP_S = 2.0
STEPS = 16
AHEAD_S: Floats = np.linspace(STEP_S, STEPS * STEP_S, STEPS)
LAG: Indexes = np.arange(STEPS)[None, :] - np.arange(STEPS)[:, None]
"""Moments x moments: steps from one to the other."""
_LATER: Indexes = np.maximum(LAG, 0)


def along_lag(by_steps: Floats) -> Floats:
    """Moments x moments: what `by_steps` says of the steps between them; nothing when the second is earlier."""
    return np.asarray(np.where(LAG >= 0, by_steps[_LATER], 0.0))


def steps(by_moment: Floats) -> Floats:
    """Cumulative chances (last axis) to the chance of each step."""
    found = by_moment.copy()
    found[..., 1:] -= by_moment[..., :-1]
    return found
