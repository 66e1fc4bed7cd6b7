"""From hang-up causes to outcomes."""

from __future__ import annotations

import pytest

from dialer.ami.causes import BY_CAUSE, BY_SIP_CODE, outcome_of
from dialer.types import Outcome

ANSWERED = {Outcome.BRIDGED, Outcome.ABANDONED, Outcome.EARLY_HANGUP, Outcome.MACHINE}


@pytest.mark.parametrize(
    ("cause", "sip_code", "rang", "expected"),
    [
        (17, 486, True, Outcome.BUSY),
        (16, 600, False, Outcome.BUSY),
        (1, 404, False, Outcome.INVALID),
        (28, 484, False, Outcome.INVALID),
        (16, 487, True, Outcome.NO_ANSWER),  # our own CANCEL at the end of the ring time
        (127, None, True, Outcome.NO_ANSWER),
        (0, None, True, Outcome.NO_ANSWER),
        (20, 480, False, Outcome.UNREACHABLE),  # switched off
        (20, 480, True, Outcome.NO_ANSWER),  # rang out, says the network
        (21, 603, True, Outcome.REJECTED),
        (21, None, False, Outcome.REJECTED),
        (34, 503, False, Outcome.CONGESTION),
        (38, 599, False, Outcome.CONGESTION),
        (21, 403, False, Outcome.TRUNK_FAILED),
        (3, None, False, Outcome.TRUNK_FAILED),
        (16, 486, True, Outcome.BUSY),  # the SIP status is the finer of the two
        (17, 433, False, Outcome.BUSY),  # a status in no table leaves it to the cause
        (111, None, False, Outcome.UNKNOWN),
        (111, 499, False, Outcome.UNKNOWN),
    ],
)
def test_an_end_without_an_answer_means(cause: int, sip_code: int | None, rang: bool, expected: Outcome) -> None:
    assert outcome_of(cause=cause, sip_code=sip_code, rang=rang) is expected


def test_no_end_without_an_answer_ever_counts_as_one() -> None:
    assert not {*BY_CAUSE.values(), *BY_SIP_CODE.values()} & ANSWERED


def test_every_cause_of_q850_and_every_status_gives_some_outcome() -> None:
    for cause in range(128):
        for sip_code in (None, *range(300, 700)):
            assert outcome_of(cause=cause, sip_code=sip_code, rang=False) not in ANSWERED
