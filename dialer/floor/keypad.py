"""What an agent's DTMF digits do.

    any time      *2 ready, *1 and a digit: pause for that reason (in a call: afterwards)
    in a call     *0 drops the customer and keeps the agent
    preview       1 dials, 9 skips
    wrap-up       the campaign's codes, then what the code asks for; # ends an entry, 1 confirms, 2 begins anew

A wrong digit is answered by a tone and the entry begins again; nothing is saved before it is whole.
"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from dialer.agents import Agent, Entry, Stage
from dialer.campaigns import dispositions
from dialer.campaigns.dispositions import Invalid, Match, Wrong
from dialer.compliance.hours import zones_of
from dialer.floor import previewing, shift
from dialer.floor.prompts import Prompt, amount_in_words, date_in_words, time_in_words
from dialer.floor.state import FloorState, Moment
from dialer.floor.wrapping import dispose, say
from dialer.settings import CampaignSettings
from dialer.types import AgentId, AgentState, Asks
from dialer.values import replace

DIGIT_PAUSE_S = 2.0
"""An entry that could go on is taken as it is after this long without a digit."""


def digit_pressed(floor: FloorState, agent: Agent, digit: str, now: Moment) -> None:
    """Take one digit from an agent's phone."""
    asked_amount = agent.state is AgentState.WRAP_UP and agent.entry.stage is Stage.AMOUNT
    if agent.star or (digit == "*" and not asked_amount):
        _command(floor, agent, digit, now)
    elif agent.state is AgentState.WRAP_UP:
        _wrap_up_digit(floor, agent, digit, now)
    elif agent.state is AgentState.PREVIEWING:
        previewing.digit(floor, agent, digit, now)
    elif agent.state in (AgentState.READY, AgentState.PAUSED):
        say(floor, agent, Prompt.WRONG)


def _command(floor: FloorState, agent: Agent, digit: str, now: Moment) -> None:
    star = agent.star + digit
    floor.agents[agent.settings.id] = agent = replace(agent, star="")
    match star:
        case "*" | "*1":
            floor.agents[agent.settings.id] = replace(agent, star=star)
        case "*0":
            shift.hang_up_customer(floor, agent, now)
        case "*2":
            shift.wish_ready(floor, agent, now)
        case _ if star.startswith("*1") and star[2:] in floor.settings.pause_reasons:
            shift.wish_pause(floor, agent, floor.settings.pause_reasons[star[2:]], now)
        case _:
            say(floor, agent, Prompt.WRONG)


def _wrap_up_digit(floor: FloorState, agent: Agent, digit: str, now: Moment) -> None:
    if agent.campaign is None:
        return
    settings, entry = floor.known[agent.campaign], agent.entry
    ended = digit == "#"
    entry = replace(entry, digits=entry.digits if ended else entry.digits + digit, since_s=now.s)
    _put(floor, agent, entry)
    match entry.stage:
        case Stage.CODE:
            _code(floor, agent, entry, settings, now, final=ended)
        case Stage.CONFIRM:
            _confirm(floor, agent, entry, digit, now)
        case _ if ended:
            _asked(floor, agent, entry, settings, now)
        case _:
            pass


def _code(
    floor: FloorState, agent: Agent, entry: Entry, settings: CampaignSettings, now: Moment, *, final: bool
) -> None:
    match dispositions.match(settings.dispositions, entry.digits, final=final):
        case Match(disposition=found):
            match found.asks:
                case Asks.NOTHING:
                    dispose(floor, agent, found.code, now, by="dtmf")
                    say(floor, floor.agents[agent.settings.id], Prompt.SAVED)
                case Asks.PROMISE:
                    _ask(floor, agent, Entry(stage=Stage.AMOUNT, code=found.code, since_s=now.s), Prompt.AMOUNT)
                case Asks.CALLBACK:
                    _ask(floor, agent, Entry(stage=Stage.MOMENT, code=found.code, since_s=now.s), Prompt.MOMENT)
        case Wrong():
            _refuse(floor, agent, Entry(since_s=now.s))
        case _:
            floor.wake(now.s + DIGIT_PAUSE_S, "digits", agent.settings.id)


def _asked(floor: FloorState, agent: Agent, entry: Entry, settings: CampaignSettings, now: Moment) -> None:
    """An entry was ended by #: check it and ask for the next, or for confirmation."""
    zone = _zone(floor, agent)
    again = replace(entry, digits="")
    match entry.stage:
        case Stage.AMOUNT:
            amount = dispositions.parse_amount(entry.digits, settings)
            if isinstance(amount, Invalid):
                _refuse(floor, agent, again, Prompt.AMOUNT)
            else:
                asked = replace(again, stage=Stage.DATE, amount_digits=entry.digits)
                _ask(floor, agent, asked, Prompt.DATE)
        case Stage.DATE:
            today = now.at.astimezone(zone).date()
            promise = dispositions.parse_promise(entry.amount_digits, entry.digits, today, settings)
            if isinstance(promise, Invalid):
                _refuse(floor, agent, again, Prompt.DATE)
            else:
                told = (*amount_in_words(promise.amount), *date_in_words(promise.due_on), Prompt.CONFIRM)
                _ask(floor, agent, replace(again, stage=Stage.CONFIRM, promise=promise), *told)
        case _:
            moment = dispositions.parse_callback(entry.digits, now.at, zone)
            if isinstance(moment, Invalid):
                _refuse(floor, agent, again, Prompt.MOMENT)
            else:
                told = (*time_in_words(moment.astimezone(zone)), Prompt.CONFIRM)
                _ask(floor, agent, replace(again, stage=Stage.CONFIRM, callback_at=moment), *told)


def _confirm(floor: FloorState, agent: Agent, entry: Entry, digit: str, now: Moment) -> None:
    if digit == "1" and entry.code is not None:
        dispose(floor, agent, entry.code, now, by="dtmf", promise=entry.promise, callback_at=entry.callback_at)
        say(floor, floor.agents[agent.settings.id], Prompt.SAVED)
    elif digit == "2":
        _ask(floor, agent, Entry(since_s=now.s), Prompt.WRAP_UP)
    else:
        _refuse(floor, agent, replace(entry, digits=""), Prompt.CONFIRM)


def digits_overdue(floor: FloorState, agent_id: AgentId, now: Moment) -> None:
    """Alarm: no further digit came after one that could have been the whole code."""
    agent = floor.agents.get(agent_id)
    if agent is None or agent.state is not AgentState.WRAP_UP or agent.campaign is None:
        return
    entry = agent.entry
    if entry.stage is Stage.CODE and entry.digits and now.s >= entry.since_s + DIGIT_PAUSE_S:
        _code(floor, agent, entry, floor.known[agent.campaign], now, final=True)


def _zone(floor: FloorState, agent: Agent) -> ZoneInfo:
    wrap = floor.wraps.get(agent.attempt_id) if agent.attempt_id is not None else None
    zones = zones_of(wrap.call.lead.zone) if wrap is not None else ()
    return zones[0] if zones else ZoneInfo(floor.settings.time_zone)


def _put(floor: FloorState, agent: Agent, entry: Entry) -> None:
    floor.agents[agent.settings.id] = replace(agent, entry=entry)


def _ask(floor: FloorState, agent: Agent, entry: Entry, *prompts: str) -> None:
    _put(floor, agent, entry)
    say(floor, agent, *prompts)


def _refuse(floor: FloorState, agent: Agent, entry: Entry, *prompts: str) -> None:
    _put(floor, agent, entry)
    say(floor, agent, Prompt.WRONG, *prompts)
