"""Champion and challenger: which arm of an experiment a debtor is in, for whoever works it out again. Pure.

    place = first 8 bytes of SHA-256("EXPERIMENT/SALT/DEBTOR") as a big-endian number, modulo 10,000
    arm   = the first, in the order of the file, at whose end the sum of shares is beyond that place

So an arm depends on the name of the experiment, its salt and the debtor's number in the store, and on nothing else: not
on the day, the agent, the account or the order of calls. Whoever changes shares moves some people to another arm; a
new salt or name deals everybody anew. The modulo favours no place by more than 1 in 10^15.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from dialer.experiments import HOLD_OUT, Arm, Experiment
from dialer.types import DebtorId

PLACES: Final = 10_000


def place_of(experiment: str, salt: str, debtor_id: DebtorId) -> int:
    """From 0 to 9,999; see the module."""
    digest = sha256(f"{experiment}/{salt}/{debtor_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % PLACES


def arm_of(experiment: Experiment, debtor_id: DebtorId) -> Arm:
    """The arm of a debtor."""
    place, end = place_of(experiment.name, experiment.salt, debtor_id), 0
    for arm in experiment.arms:
        end += arm.share
        if place < end:
            return arm
    raise ValueError(f"the shares of {experiment.name} add up to {end} of {PLACES}")


def is_held_out(experiment: Experiment, debtor_id: DebtorId) -> bool:
    """Whether an experiment leaves a debtor alone."""
    return experiment.hold_share > 0 and arm_of(experiment, debtor_id).name == HOLD_OUT
