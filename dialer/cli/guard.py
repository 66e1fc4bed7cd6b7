"""May this person run this command? Asked before each one, and written down: who, which, about what, allowed or not.

What a command asks of the engine is decided and recorded by the engine; what it does on the files, here. On the files
themselves their modes decide: this is for people who share one account of the machine and have a token each.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, Final

import typer

from dialer.access import MAY_UNMASK, Grant, Person, Reach, Role, denial, grant_of, identify
from dialer.audit import ALLOWED, REFUSED, AuditEntry, record
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.control_door import user_name
from dialer.errors import AccessError, SettingsError, StoreError
from dialer.masking import mask_account

COMMAND_PREFIX: Final = "dialer "
_SUBJECTS: Final = ("campaign", "list_name", "agent")
_ACCOUNTS: Final = ("account", "debtor", "who")
_SAID: Final = ("unmasked", "dry_run", "launch")
DIAGNOSES: Final = frozenset({"doctor"})
"""Must work when settings or store are broken: to say what is."""
RECORD_THEMSELVES: Final = frozenset({"store encrypt", "store decrypt", "store rekey"})
"""The store opens with one key before them and with another one after them."""


def guard(app: typer.Typer) -> None:
    """Put every command of an assembled command line behind the guard."""
    for path, command in commands(app).items():
        if command.callback is not None:
            command.callback = _guarded(path, command.callback)


def commands(app: typer.Typer, prefix: str = "") -> dict[str, Any]:
    """Every command by its words, such as `export attempts`; as typer registered it."""
    found = {}
    for command in app.registered_commands:
        name = command.name or (command.callback.__name__.replace("_", "-") if command.callback else "")
        found[f"{prefix} {name}".strip()] = command
    for group in app.registered_groups:
        if group.typer_instance is not None:
            found |= commands(group.typer_instance, f"{prefix} {group.name or ''}".strip())
    return found


def _guarded(command: str, callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def run(*arguments: Any, **options: Any) -> Any:
        session = session_of(options["context"])
        session.about = next((str(options[key]) for key in _ACCOUNTS if options.get(key)), "")
        recorded = admit(session, command, options)
        result = callback(*arguments, **options)
        if not recorded:  # the command has made the store only now
            _record(session, command, options, "")
        return result

    return run


def admit(session: Session, command: str, options: Mapping[str, Any]) -> bool:
    """Let a command pass; True when nothing is left to be recorded.

    Raises:
        AccessError: this person may not.
        StoreError: it could not be recorded.
    """
    grant = grant_of(command)
    if _is_free(session, command, grant):
        return True
    session.person = who(session)
    refused = refusal(session.person, command, grant, options)
    recorded = _record(session, command, options, refused) if refused or _is_ours(command, grant) else True
    if refused:
        raise AccessError(refused)
    return recorded


def _is_free(session: Session, command: str, grant: Grant) -> bool:
    """True where nothing is to be guarded, or where the engine guards."""
    if not session.config.is_file():
        return True  # the command will say so
    if grant.reach is Reach.NOTHING and grant.roles >= frozenset(Role):
        return True
    if grant.reach is Reach.ENGINE and session.is_remote:
        return True
    try:
        session.settings  # noqa: B018  # reading it raises
    except SettingsError:
        if command in DIAGNOSES:
            return True
        raise
    return False


def who(session: Session) -> Person | None:
    """Who runs this command."""
    os_user = user_name(os.geteuid())
    return identify(session.settings.users, os_user=os_user, token=session.token, is_owner=True)


def refusal(person: Person | None, command: str, grant: Grant, options: Mapping[str, Any]) -> str:
    """Why a command is refused; empty: it is not."""
    agent = str(options["agent"]) if command.startswith("agent ") and "agent" in options else None
    refused = denial(person, grant.roles, COMMAND_PREFIX + command, agent=agent)
    if not refused and options.get("unmasked"):
        refused = denial(person, MAY_UNMASK, f"{COMMAND_PREFIX}{command} --unmasked")
    return refused


def _is_ours(command: str, grant: Grant) -> bool:
    return grant.reach is Reach.FILES and command not in RECORD_THEMSELVES


def _record(session: Session, command: str, options: Mapping[str, Any], refused: str) -> bool:
    """Write it down; False: there is no store yet.

    Raises:
        StoreError: it could not be written.
    """
    from dialer.store.sqlite import SqliteStore

    settings = session.settings
    if not settings.store_path.is_file():
        return False
    try:
        with closing(SqliteStore.open(settings.store_path, key=settings.store_key)) as store:
            record(store, entry_of(session, command, options, refused))
    except StoreError:
        if not refused and command not in DIAGNOSES:
            raise
    return True


def entry_of(session: Session, command: str, options: Mapping[str, Any], refused: str = "") -> AuditEntry:
    """What the log says of a command."""
    subjects = [str(options[key]) for key in _SUBJECTS if options.get(key)]
    subjects += [mask_account(str(options[key])) for key in _ACCOUNTS if options.get(key)]
    person = session.person
    said = [f"{key}={options[key]}" for key in _SAID if options.get(key)]
    return AuditEntry(
        at=SystemClock().now_at(),
        actor=person.name if person else user_name(os.geteuid()),
        role=person.role if person else "",
        action=COMMAND_PREFIX + command,
        subject=" ".join(subjects),
        detail="; ".join([f"{REFUSED}: {refused}" if refused else ALLOWED, *said]),
    )
