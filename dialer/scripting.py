"""A script for whoever is reached at an account: the store's facts, the playbook and the plans put together."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Final

from dialer.access import Role
from dialer.loans.rules import LoanRules
from dialer.plans.offers import Asked as PlanAsked
from dialer.plans.proposing import propose
from dialer.plans.rules import PlanRules
from dialer.scripts.choosing import Choice, choose
from dialer.scripts.model import Language, Offer
from dialer.scripts.options import offers
from dialer.scripts.person import Known, know
from dialer.scripts.playbook import Playbook
from dialer.scripts.rendering import Rendered, render_script
from dialer.scripts.variables import values_of
from dialer.store import situations
from dialer.store.persons import Met, meet, note_shown
from dialer.types import AccountId, ContactRole, PhoneId

MOST_PLANS: Final = 20
"""So many are looked through for the best one of each kind."""
Offers = Callable[[sqlite3.Connection, AccountId], tuple[Offer, ...]]
"""The plans that the reader's role may offer for an account."""


def no_offers(_connection: sqlite3.Connection, _account_id: AccountId) -> tuple[Offer, ...]:
    """Nothing may be offered."""
    return ()


def offers_by(role: Role, *, loans: LoanRules, plans: PlanRules, today: date) -> Offers:
    """The plans that a role may agree to by itself; none while nobody knows what the debtor can pay each month.

    Args:
        role: whose ceilings hold.
        loans: how debts are booked.
        plans: what bounds a plan.
        today: where the dialer is.
    """

    def found(connection: sqlite3.Connection, account_id: AccountId) -> tuple[Offer, ...]:
        situation, means = situations.situation_of(
            connection, account_id, today=today, loans=loans, plans=plans, asked=PlanAsked()
        )
        if means.affordable is None:
            return ()
        return offers(propose(situation, role, plans, most=MOST_PLANS).best_first)

    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """For whom a script is wanted, and by whom."""

    account_id: AccountId
    at: datetime
    """Now, aware."""
    today: date
    """Where the dialer is."""
    phone_id: PhoneId | None = None
    """The number that is called; None: the account's next one."""
    party: ContactRole | None = None
    """Who is reached; None: as the number says."""
    language: Language | None = None
    """To be spoken; None: the debtor's."""
    reader: Language | None = None
    """In which the agent reads why; None: as it is spoken."""
    caller: str = ""
    """How the agent says who they are."""
    unmasked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A script that is ready to be shown."""

    met: Met
    known: Known
    choice: Choice
    shown: Rendered
    reader: Language
    """In which its reason is."""


def prepare(
    connection: sqlite3.Connection, playbook: Playbook, asked: Asked, may_offer: Offers = no_offers
) -> Prepared:
    """Choose and render a script.

    Args:
        connection: in a transaction.
        playbook: the settings.
        asked: for whom.
        may_offer: asked for plans where the script has a step for them.

    Raises:
        StoreError: there is no such account.
        ForbiddenTextError: a value made a text say what may not be said.
        TemplateValueError: a value does not fit.
    """
    met = meet(connection, asked.account_id, today=asked.today, phone_id=asked.phone_id)
    if asked.party is not None:
        met = replace(met, person=replace(met.person, party=asked.party))
    known = know(met.person, playbook.deriving, asked.at, told_for_days=playbook.house.told_for_days)
    choice = choose(playbook, known, met.debtor_id, asked.today)
    language = asked.language or Language.of(met.person.language)
    reader = asked.reader or language
    wants_options = any(step.options for step in choice.script.steps)
    values_in = partial(
        values_of,
        met.person,
        playbook.house,
        today=asked.today,
        account_no=met.account_no,
        caller=asked.caller,
        penalty=met.penalty,
        offers=may_offer(connection, asked.account_id) if wants_options else (),
        unmasked=asked.unmasked,
    )
    spoken = {one: values_in(zh=one is Language.ZH) for one in (language, reader)}
    shown = render_script(choice, known, playbook.lexicon, spoken, language=language, reader=reader)
    return Prepared(met=met, known=known, choice=choice, shown=shown, reader=reader)


def record(
    connection: sqlite3.Connection, prepared: Prepared, *, at: datetime, actor: str, source: str, attempt: str = ""
) -> bool:
    """Write down that it was shown; False: it was written down before. See `dialer.store.persons.note_shown`."""
    body = prepared.choice.script.body
    return (
        note_shown(
            connection, prepared.met, prepared.shown, body=body, at=at, actor=actor, source=source, attempt=attempt
        )
        is not None
    )
