"""From hang-up causes to outcomes, in one table (pure).

Asterisk's `Hangup` gives `Cause` (ITU-T Q.850) always and `TechCause` (the SIP status) when it has one.
The SIP status is the finer of the two, so it is asked first. Source of the pairs: RFC 3398 section 8.2.6 and the way
chan_pjsip maps replies (Asterisk 22), see `docs/asterisk.md`.
"""

from __future__ import annotations

from dialer.types import Outcome

BY_SIP_CODE: dict[int, Outcome] = {
    404: Outcome.INVALID,
    410: Outcome.INVALID,  # gone
    484: Outcome.INVALID,  # address incomplete
    485: Outcome.INVALID,  # ambiguous
    604: Outcome.INVALID,  # does not exist anywhere
    486: Outcome.BUSY,
    600: Outcome.BUSY,
    408: Outcome.NO_ANSWER,
    487: Outcome.NO_ANSWER,  # our own CANCEL at the end of the ring time
    480: Outcome.UNREACHABLE,
    403: Outcome.TRUNK_FAILED,
    401: Outcome.TRUNK_FAILED,
    407: Outcome.TRUNK_FAILED,
    488: Outcome.TRUNK_FAILED,
    606: Outcome.TRUNK_FAILED,
    420: Outcome.TRUNK_FAILED,
    603: Outcome.REJECTED,
    607: Outcome.REJECTED,  # unwanted
    608: Outcome.REJECTED,  # rejected by an analytics engine
    500: Outcome.CONGESTION,
    502: Outcome.CONGESTION,
    503: Outcome.CONGESTION,
    504: Outcome.CONGESTION,
}

BY_CAUSE: dict[int, Outcome] = {
    1: Outcome.INVALID,  # unallocated number
    22: Outcome.INVALID,  # number changed
    28: Outcome.INVALID,  # invalid number format
    17: Outcome.BUSY,
    18: Outcome.NO_ANSWER,  # no user responding
    19: Outcome.NO_ANSWER,  # no answer from user (alerted)
    16: Outcome.NO_ANSWER,  # normal clearing, of a call that nobody answered
    26: Outcome.NO_ANSWER,
    127: Outcome.NO_ANSWER,  # interworking: 487 and other 4xx
    20: Outcome.UNREACHABLE,  # subscriber absent
    21: Outcome.REJECTED,
    3: Outcome.TRUNK_FAILED,  # no route to destination
    27: Outcome.TRUNK_FAILED,  # destination out of order
    38: Outcome.CONGESTION,
    34: Outcome.CONGESTION,
    41: Outcome.CONGESTION,
    42: Outcome.CONGESTION,
    44: Outcome.CONGESTION,
    58: Outcome.TRUNK_FAILED,
    0: Outcome.NO_ANSWER,  # none given: older Asterisk at the end of the ring time
}


def outcome_of(*, cause: int, sip_code: int | None, rang: bool) -> Outcome:
    """Say what an unanswered call's end means.

    Args:
        cause: Q.850 cause of the Hangup event.
        sip_code: SIP status, when the event had one.
        rang: the far side had sent 180 or 183-as-ringing.

    Returns:
        The outcome; `UNKNOWN` for a pair in neither table, which counts as dialled.
    """
    if sip_code is not None and sip_code in BY_SIP_CODE:
        by_sip = BY_SIP_CODE[sip_code]
        # 480 after ringing is how many networks say "did not pick up".
        return Outcome.NO_ANSWER if by_sip is Outcome.UNREACHABLE and rang else by_sip
    if sip_code is not None and 500 <= sip_code <= 599:
        return Outcome.CONGESTION
    return BY_CAUSE.get(cause, Outcome.UNKNOWN)
