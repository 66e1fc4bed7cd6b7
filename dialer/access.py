"""Who may ask for what? The roles, and what each may do over the control socket and on the command line.

    admin       everything
    supervisor  the floor and its lists: start, steer and stop campaigns, agents and the engine; import; reports, masked
    agent       their own place: log in and out, pause, accept, say what came of a call
    auditor     sees everything, whole numbers too, and changes nothing

What no table names only an admin may ask for. Who somebody is: a token that they show, else their user of the operating
system, both out of `users:` in dialer.yaml. Without such a section whoever can open the files is admin, as the files'
modes have it.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

TOKEN_VARIABLE: Final = "DIALER_TOKEN"
"""Environment variable with a person's token; `DIALER_TOKEN_FILE` names a file that holds it."""


class Role(StrEnum):
    """What somebody is to the dialer."""

    ADMIN = "admin"
    SUPERVISOR = "supervisor"
    AGENT = "agent"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSettings:
    """One person or program of `users:`."""

    name: str
    """The user of the operating system, unless there is a token."""
    role: Role
    agent: str = ""
    """The agent of dialer.yaml that a person of role `agent` is; empty: the one of the same name."""
    token: str = field(default="", repr=False)
    """Not empty: only who shows it is this user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who asks."""

    name: str
    role: Role
    agent: str = ""
    """The only agent that somebody of role `agent` may speak for."""


_ALL: Final = frozenset(Role)
_ADMIN: Final = frozenset({Role.ADMIN})
_STEER: Final = frozenset({Role.ADMIN, Role.SUPERVISOR})
_LOOK: Final = frozenset({Role.ADMIN, Role.SUPERVISOR, Role.AUDITOR})
_BOOKS: Final = frozenset({Role.ADMIN, Role.AUDITOR})
_PLACE: Final = frozenset({Role.ADMIN, Role.SUPERVISOR, Role.AGENT})

MAY_UNMASK: Final = _BOOKS
"""Who may see whole numbers, names and account numbers, when they say `--unmasked`."""

REQUESTS: Final[Mapping[str, frozenset[Role]]] = {
    "engine.ping": _ALL,
    "engine.stop": _STEER,  # pulling the plug must never wait for an administrator
    "engine.reload": _ADMIN,
    "board.get": _LOOK,
    "board.watch": _LOOK,
    "campaign.start": _STEER,
    "campaign.pause": _STEER,
    "campaign.resume": _STEER,
    "campaign.stop": _STEER,
    "campaign.status": _LOOK,
    "agent.list": _LOOK,
    "stop.add": _STEER,
    "stop.lift": _STEER,
    **dict.fromkeys(
        (
            *("agent.login", "agent.logout", "agent.ready", "agent.pause"),
            *("agent.accept", "agent.skip", "agent.hang_up", "agent.dispose", "agent.call"),
        ),
        _PLACE,
    ),
}
"""Request of the control socket -> who may make it."""


class Reach(StrEnum):
    """What a command touches, hence who writes it down."""

    NOTHING = "nothing"  # neither data nor the engine
    FILES = "files"  # store, recordings or secrets: the command records itself
    ENGINE = "engine"  # asks over the control socket: the engine records it


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Who may run a command, and what it touches."""

    roles: frozenset[Role]
    reach: Reach


def _grants(reach: Reach, roles: frozenset[Role], *commands: str) -> dict[str, Grant]:
    return dict.fromkeys(commands, Grant(roles=roles, reach=reach))


COMMANDS: Final[Mapping[str, Grant]] = {
    **_grants(Reach.NOTHING, _ALL, "init", "asterisk install", "asterisk status", "carrier status", "store new-key"),
    **_grants(Reach.NOTHING, _ALL, "campaign profiles", "simulate case"),
    **_grants(Reach.NOTHING, _LOOK, "campaign check", "campaign list"),
    **_grants(Reach.NOTHING, _STEER, "carrier up", "carrier down", "asterisk up", "asterisk down"),
    **_grants(Reach.NOTHING, _PLACE, "softphone"),
    **_grants(Reach.NOTHING, _ALL, "script check", "script list", "script try"),
    **_grants(Reach.FILES, _ALL, "script show"),
    **_grants(Reach.NOTHING, _ALL, "loan schedule"),
    **_grants(Reach.FILES, _ALL, "loan check", "plans list", "plans show"),
    **_grants(Reach.FILES, _PLACE, "plan", "plans sign"),
    **_grants(Reach.FILES, _STEER, "loan pay", "loan reverse", "loan age", "plans approve", "plans cancel"),
    **_grants(Reach.FILES, _LOOK, "script arm", "script versions"),
    **_grants(Reach.FILES, _LOOK, "doctor", "report", "report portfolio", "replay", "simulate"),
    **_grants(Reach.FILES, _LOOK, "export attempts", "export accounts"),
    **_grants(Reach.FILES, _LOOK, "why"),
    **_grants(Reach.FILES, _ALL, "account show", "account find"),
    **_grants(Reach.FILES, _LOOK, "assign show", "order show"),
    **_grants(Reach.FILES, _STEER, "assign run", "assign override", "assign release", "order refresh"),
    **_grants(Reach.FILES, _STEER, "demo-data"),
    **_grants(Reach.FILES, _BOOKS, "audit head", "audit verify", "audit export"),
    **_grants(Reach.FILES, _STEER, "import", "serve", "run", "stop-calling", "allow", "consent"),
    **_grants(
        Reach.FILES,
        _ADMIN,
        "asterisk render",
        "purge",
        "store encrypt",
        "store decrypt",
        "store rekey",
    ),
    **_grants(Reach.FILES, _BOOKS, "hold", "holds"),
    **_grants(Reach.NOTHING, _ALL, "events kinds", "promise terms"),
    **_grants(Reach.FILES, _ALL, "events", "promise list", "promise show", "desk list"),
    **_grants(Reach.FILES, _LOOK, "events webhooks"),
    **_grants(Reach.FILES, _STEER, "events listen", "promise judge", "promise approve", "promise cancel"),
    **_grants(Reach.FILES, _PLACE, "event post", "promise make", "promise renegotiate", "desk take", "desk leave"),
    **_grants(Reach.NOTHING, _LOOK, "risk check"),
    **_grants(Reach.FILES, _LOOK, "risk models", "risk compare", "risk show", "risk report"),
    **_grants(Reach.FILES, _STEER, "risk train", "risk promote", "risk score", "risk react"),
    **_grants(Reach.FILES, _ALL, "alert list", "alert show"),
    **_grants(Reach.FILES, _PLACE, "alert ack"),
    **_grants(Reach.ENGINE, _LOOK, "board", "agent list", "campaign status"),
    **_grants(Reach.ENGINE, _ADMIN, "reload"),
    **_grants(Reach.ENGINE, _STEER, "stop", "campaign start", "campaign pause", "campaign resume", "campaign stop"),
    **_grants(
        *(Reach.ENGINE, _PLACE),
        *("agent login", "agent logout", "agent ready", "agent pause", "agent accept", "agent skip", "agent dispose"),
        *("agent call",),
    ),
}
"""Command -> who may run it. A command that is missing is an admin's, and is recorded."""

_UNLISTED: Final = Grant(roles=_ADMIN, reach=Reach.FILES)


def grant_of(command: str) -> Grant:
    """Who may run a command, such as `export attempts`."""
    return COMMANDS.get(command, _UNLISTED)


def roles_for(request: str) -> frozenset[Role]:
    """Who may make a request over the control socket."""
    return REQUESTS.get(request, _ADMIN)


def identify(users: Iterable[UserSettings], *, os_user: str, token: str, is_owner: bool) -> Person | None:
    """Who is this? None: nobody that `users:` knows.

    Args:
        users: of dialer.yaml; none at all: the owner is admin.
        os_user: the name of the user of the operating system.
        token: what was shown; empty: nothing. A wrong one is not made good by a user's name.
        is_owner: the files or the engine belong to that user.
    """
    known = tuple(users)
    if token:
        found = [one for one in known if one.token and hmac.compare_digest(one.token.encode(), token.encode())]
        return _person(found[0]) if found else None
    if not known:
        return Person(name=os_user, role=Role.ADMIN) if is_owner else None
    return next((_person(one) for one in known if one.name == os_user and not one.token), None)


def _person(user: UserSettings) -> Person:
    agent = (user.agent or user.name) if user.role is Role.AGENT else ""
    return Person(name=user.name, role=user.role, agent=agent)


def denial(who: Person | None, roles: frozenset[Role], asked: str, *, agent: str | None = None) -> str:
    """Why a request is refused, as a sentence; empty: it is allowed.

    Args:
        who: who asks; None: nobody known.
        roles: who may.
        asked: the request or command, for the sentence.
        agent: the agent that it is about; None: it is about none.
    """
    needed = " or ".join(role for role in Role if role in roles)
    if who is None:
        return f"`{asked}` needs the role {needed}; `users:` in dialer.yaml does not know you, or the token is wrong."
    if who.role not in roles:
        return f"`{asked}` needs the role {needed}; {who.name} is {who.role}."
    if agent is not None and who.role is Role.AGENT and agent != who.agent:
        return f"`{asked}` for {agent} needs the role admin or supervisor; {who.name} may speak for {who.agent} only."
    return ""
