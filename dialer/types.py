"""Ids and enumerations that every room shares.

`Outcome` and `Disposition` are two things: an outcome is what the network and the engine saw, a
disposition is what an agent (or a rule) concluded. A call can be answered and still end `abandoned`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NewType

AttemptId = NewType("AttemptId", str)
"""Ours, chosen before the call; it is the ChannelId, hence the Uniqueid, of the customer's channel."""
ChannelId = NewType("ChannelId", str)
"""An Asterisk Uniqueid. Every `AttemptId` is one; agents' legs that dialled in have Asterisk's own."""
AgentId = NewType("AgentId", str)
CampaignName = NewType("CampaignName", str)
ServerName = NewType("ServerName", str)
TrunkName = NewType("TrunkName", str)
AccountId = NewType("AccountId", int)
DebtorId = NewType("DebtorId", int)
PhoneId = NewType("PhoneId", int)
Number = NewType("Number", str)
"""A phone number in E.164, with the plus sign."""
DispositionCode = NewType("DispositionCode", str)


class Mode(StrEnum):
    """How a campaign decides when to dial."""

    PREVIEW = "preview"  # an agent sees the account first and says when
    PROGRESSIVE = "progressive"  # one call per free agent
    POWER = "power"  # a fixed ratio of calls per free agent
    PREDICTIVE = "predictive"  # as many as the forecast allows


class ConnectStyle(StrEnum):
    """How an agent's phone takes part."""

    NAILED_UP = "nailed_up"  # one leg for the whole shift
    RING = "ring"  # the phone is called for every call


class CallState(StrEnum):
    """Where a customer's call is. See `dialer.calls`."""

    PLACED = "placed"  # committed to the store and sent to Asterisk
    RINGING = "ringing"
    SCREENING = "screening"  # up, but the dialplan (or machine detection) has not handed it over yet
    ANSWERED = "answered"  # a person waits for an agent
    CONNECTING = "connecting"  # an agent is reserved and the bridge was asked for
    TALKING = "talking"
    RELEASED = "released"  # talked to, hung up on by us, or hearing the message: no agent will come
    CLOSED = "closed"


class AgentState(StrEnum):
    """What an agent is doing. See `dialer.agents`."""

    OFFLINE = "offline"
    CALLING_IN = "calling_in"  # the engine is calling the agent's phone for a login
    READY = "ready"
    PREVIEWING = "previewing"  # an account is offered, the agent decides
    RESERVED = "reserved"  # belongs to one call, not bridged yet
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


class CampaignState(StrEnum):
    """Whether a campaign may place calls."""

    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"  # places no more calls; ends when the last call does
    STOPPED = "stopped"
    FINISHED = "finished"  # the list has nothing left, now or later


class Outcome(StrEnum):
    """What the network and the engine saw of an attempt."""

    BRIDGED = "bridged"  # a person answered and talked with an agent
    ABANDONED = "abandoned"  # a person answered and no agent came within the legal wait
    EARLY_HANGUP = "early_hangup"  # a person answered and hung up within the legal wait, before an agent
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    INVALID = "invalid"  # the number does not exist
    UNREACHABLE = "unreachable"  # switched off or out of coverage
    CONGESTION = "congestion"
    TRUNK_FAILED = "trunk_failed"  # the call never reached the network
    CANCELLED = "cancelled"  # we gave it up before anyone answered
    ENGINE_ERROR = "engine_error"
    UNKNOWN = "unknown"  # counted as dialled


class Verdict(StrEnum):
    """What machine detection said."""

    HUMAN = "human"
    MACHINE = "machine"
    UNSURE = "unsure"  # treated as a person


class StopFlag(StrEnum):
    """A reason never to call, whatever the campaign says."""

    DO_NOT_CALL = "do_not_call"
    REFUSED = "refused"
    COMPLAINT = "complaint"
    DISPUTE = "dispute"
    PAID = "paid"
    WRONG_NUMBER = "wrong_number"
    DECEASED = "deceased"
    ATTORNEY = "attorney"
    PLAN_PERFORMING = "plan_performing"
    PROMISE_OPEN = "promise_open"
    HOLD_OUT = "hold_out"  # left alone for a while by an experiment (缓催)


class ContactRole(StrEnum):
    """Who is reached at a number, as far as is known."""

    DEBTOR = "debtor"
    GUARANTOR = "guarantor"
    CONTACT = "contact"  # a third party, who must not learn of the debt


class Counted(StrEnum):
    """What a limit may count. One dial can be several of these."""

    DIAL = "dial"  # every call placed, whatever became of it; one whose fate is unknown too
    UNANSWERED = "unanswered"  # rang and no person answered
    CONNECTED = "connected"  # the number was reached: rang, a machine, a person; not busy, not out of service
    HUMAN = "human"  # a person answered
    TALK = "talk"  # an effective talk: a person and an agent or a robot spoke
    CONVERSATION = "conversation"  # with the debtor, about the debt
    ABANDONED = "abandoned"  # a person answered and nobody was there
    MACHINE = "machine"


class LimitKey(StrEnum):
    """Whose dials a limit adds up; never a caller id, a line, an agent or a campaign."""

    NUMBER = "number"
    DEBTOR = "debtor"  # all numbers
    DEBT = "debt"  # all numbers, about this debt
    CONTACT = "contact"  # third parties of the debtor


class Asks(StrEnum):
    """What else an agent must key in with a disposition."""

    NOTHING = "nothing"
    PROMISE = "promise"  # an amount and a date
    CALLBACK = "callback"  # a moment


class NextKind(StrEnum):
    """What happens next to an account."""

    RETRY = "retry"
    OTHER_NUMBER = "other_number"
    CALLBACK = "callback"  # at a promised moment, to the same agent when free
    TEAM = "team"  # leaves this campaign's pool for a team's
    HOLD = "hold"  # waits for an event such as a promise falling due
    CLOSED = "closed"
    NEVER = "never"  # a stop flag is set
