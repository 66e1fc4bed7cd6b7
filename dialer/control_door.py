"""Who stands at the control socket, may they do what they ask for, and where is it written down?

The kernel says which user of the operating system has connected (SO_PEERCRED), so nobody can claim to be another one;
a request may also bring a token. `dialer.access` says who may do what. Every request is recorded before it is done.
"""

from __future__ import annotations

import asyncio
import os
import pwd
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import structlog
from pydantic import JsonValue

from dialer.access import Person, UserSettings, denial, identify, roles_for
from dialer.audit import ALLOWED, REFUSED, AuditEntry, AuditSink, record
from dialer.clock import Clock, SystemClock
from dialer.control_requests import Request
from dialer.errors import StoreError
from dialer.masking import mask_account

_CREDENTIALS: Final = struct.Struct("3i")  # pid, uid, gid of the process that connected; unix(7)
_SUBJECTS: Final = ("campaign", "agent", "who", "account")
_PEOPLE: Final = frozenset({"who", "account"})
_SAID: Final = ("code", "drain_s")
_LONGEST_SUBJECT: Final = 100
PLUGS: Final = frozenset({"engine.stop", "campaign.pause", "campaign.stop", "agent.pause", "agent.logout"})
"""What ends or holds calls is done even when the store cannot record it: a full disk must not keep us dialling."""

_log = structlog.stdlib.get_logger("dialer.control")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who connected, as far as the kernel and `users:` say."""

    os_user: str
    person: Person | None


class HasOptions(Protocol):
    """The part of a socket that is asked."""

    def getsockopt(self, level: int, option: int, size: int, /) -> bytes:
        """As `socket.socket.getsockopt`."""
        ...


def peer_uid(connection: HasOptions) -> int:
    """The user id of the process at the other end of a unix socket, at the moment it connected."""
    _, uid, _ = _CREDENTIALS.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return int(uid)


def user_name(uid: int) -> str:
    """The name of a user of the operating system; `uid-1234` when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"uid-{uid}"


class Door:
    """Lets requests in and writes them down.

    Args:
        users: who is known at this moment; asked anew for every request, because settings are reloaded.
        sink: where requests are recorded; None: nowhere, as in tests of other things.
        clock: for the record.
    """

    def __init__(
        self,
        *,
        users: Callable[[], tuple[UserSettings, ...]] = tuple,
        sink: AuditSink | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._users = users
        self._sink = sink
        self._clock = clock or SystemClock()

    def visitor(self, uid: int, token: str) -> Visitor:
        """Who somebody is who connected under a user id and showed a token (or none)."""
        os_user = user_name(uid)
        owner = uid in (os.geteuid(), 0)
        return Visitor(os_user=os_user, person=identify(self._users(), os_user=os_user, token=token, is_owner=owner))

    async def admit(self, visitor: Visitor, request: Request) -> str:
        """Record a request, and say why it is refused; empty: it may be done.

        Raises:
            StoreError: it could not be recorded, so it must not be done.
        """
        agent = _text(request, "agent") if request.method.startswith("agent.") and request.params else None
        refused = denial(visitor.person, roles_for(request.method), request.method, agent=agent)
        if self._sink is not None:
            await self._record(self._sink, visitor, request, refused)
        return refused

    async def _record(self, sink: AuditSink, visitor: Visitor, request: Request, refused: str) -> None:
        entry = AuditEntry(
            at=self._clock.now_at(),
            actor=visitor.person.name if visitor.person else visitor.os_user,
            role=visitor.person.role if visitor.person else "",
            action=request.method[:_LONGEST_SUBJECT],
            subject=" ".join(filter(None, map(partial(_subject, request), _SUBJECTS))),
            detail="; ".join([f"{REFUSED}: {refused}" if refused else ALLOWED, *_said(request)]),
        )
        try:
            await asyncio.to_thread(record, sink, entry)  # it waits for the disk, and calls must not
        except StoreError as error:
            _log.error("audit.failed", action=entry.action, actor=entry.actor, reason=str(error))
            if request.method not in PLUGS:
                raise


def signed(request: Request, visitor: Visitor) -> dict[str, JsonValue]:
    """The parameters; where they say who asks, as the kernel or the token has it, whatever the request claims."""
    if "by" not in request.params or visitor.person is None:
        return request.params
    return {**request.params, "by": visitor.person.name}


def _text(request: Request, key: str) -> str:
    value = request.params.get(key)
    return value[:_LONGEST_SUBJECT] if isinstance(value, str) else ""


def _subject(request: Request, key: str) -> str:
    text = _text(request, key)
    return mask_account(text) if text and key in _PEOPLE else text


def _said(request: Request) -> list[str]:
    """What else of a request belongs on record; never a note, which may name people."""
    return [f"{key}={request.params[key]!s:.100}" for key in _SAID if key in request.params]
