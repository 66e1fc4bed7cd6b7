"""Opening the store for a command, with the terms of promises as they are written now; who runs the command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from dialer.access import Role
from dialer.cli.session import Session
from dialer.clock import SystemClock
from dialer.control_door import user_name

if TYPE_CHECKING:
    from dialer.loans.rules import LoanRules
    from dialer.promises.terms import Terms
    from dialer.store.sqlite import SqliteStore


@contextmanager
def opened(session: Session) -> Iterator[SqliteStore]:
    """The store of these settings.

    Raises:
        StoreError: there is none.
    """
    from dialer.store.sqlite import SqliteStore

    store = SqliteStore.open(session.settings.store_path, key=session.settings.store_key)
    try:
        yield store
    finally:
        store.close()


def terms_of(session: Session) -> Terms:
    """The terms of promises.

    Raises:
        SettingsError: with every problem of the file.
    """
    from dialer.cli.init import example_folder
    from dialer.config.promises import load_promises

    return load_promises(session.config.parent, example_folder(), session.settings.time_zone)


def use_terms(session: Session, store: SqliteStore) -> Terms:
    """Have the store judge by the terms as they are written now."""
    from dialer.store import promised

    terms = terms_of(session)
    with store.reading() as database:
        same = promised.terms_of(database.conn) == terms
    if not same:
        with store.writing() as connection:
            promised.use_terms(connection, terms, SystemClock().now_at())
    return terms


def loan_rules(session: Session) -> LoanRules:
    """By which payments are booked.

    Raises:
        SettingsError: with every problem of the file.
    """
    from dialer.cli.init import example_folder
    from dialer.config.plans import load_plans

    return load_plans(session.config.parent, example_folder(), session.zone).loans


def user_of(session: Session) -> str:
    """Who runs the command, for the record: the user, whatever agent that is."""
    return session.person.name if session.person is not None else user_name(os.geteuid())


def name_of(session: Session) -> str:
    """Who runs the command, for the record: an agent as the agent."""
    person = session.person
    if person is None:
        return user_name(os.geteuid())
    return person.agent if person.role is Role.AGENT else person.name
