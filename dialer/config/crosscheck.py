"""What no single value shows: references, doubles, and rules that could never work."""

from __future__ import annotations

import difflib
import ipaddress
import itertools
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import time
from zoneinfo import available_timezones

from dialer.access import Role
from dialer.campaigns import expressions
from dialer.config.models import CampaignFile, DialerFile, DispositionSection, RouteSection, ServerSection
from dialer.config.problems import Problem, key_path
from dialer.config.values import parse_days
from dialer.config.yaml_source import KeyPath, Source
from dialer.settings import DialerSettings
from dialer.types import NextKind, Outcome, StopFlag

_LONGEST_SOCKET_PATH = 100  # the kernel's limit is 108 bytes, with a little for temporary names


@dataclass(frozen=True, slots=True)
class _Marker:
    """Makes problems of one file."""

    source: Source

    def __call__(self, key: KeyPath, text: str) -> Problem:
        return Problem(path=self.source.path, line=self.source.line_of(key), key=key_path(key), text=text)


def dialer_problems(source: Source, file: DialerFile) -> Iterator[Problem]:
    """What is wrong between the parts of `dialer.yaml`."""
    wrong = _Marker(source)
    if file.time_zone not in available_timezones():
        yield wrong(("time_zone",), _not_one(file.time_zone, available_timezones(), "a time zone"))
    control = str((source.path.parent / file.paths.control).resolve())
    if len(control.encode()) > _LONGEST_SOCKET_PATH:
        yield wrong(("paths", "control"), f"{control} is too long for a socket; choose a shorter path")
    yield from _server_problems(wrong, file)
    yield from _trunk_problems(wrong, file)
    yield from _endpoint_problems(wrong, file)
    yield from _extension_problems(wrong, file)
    yield from _user_problems(wrong, file)


def _server_problems(wrong: _Marker, file: DialerFile) -> Iterator[Problem]:
    for name, server in file.servers.items():
        key: KeyPath = ("servers", name)
        if server.rtp_end - server.rtp_start < 3:
            yield wrong((*key, "rtp_end"), f"{server.rtp_end} leaves no room above rtp_start {server.rtp_start}")
        yield from _tls_problems(wrong, key, server)
        if server.private and not _is_loopback(server.host):
            yield wrong((*key, "host"), f'"{server.host}" is not this machine; a private server needs 127.0.0.1')
    for kind in ("trunks", "agents", "supervisors"):
        for name, part in getattr(file, kind).items():
            key = (kind, name, "server")
            if part.server is None and len(file.servers) > 1:
                yield wrong(key, f"this key is missing; name one of {', '.join(file.servers)}")
            elif part.server is not None and part.server not in file.servers:
                yield wrong(key, _not_one(part.server, file.servers, "a server"))


def _tls_problems(wrong: _Marker, key: KeyPath, server: ServerSection) -> Iterator[Problem]:
    if server.private and server.tls:
        yield wrong((*key, "tls"), "a private server's manager is on loopback and has no TLS; remove this key")
    if server.private and server.encrypt_phones and not server.sip_tls_port:
        text = "keys of encrypted audio travel in SIP, so SIP must be encrypted too; set sip_tls_port"
        yield wrong((*key, "encrypt_phones"), text)
    if server.sip_tls_port and not (server.certificate and server.private_key):
        yield wrong((*key, "sip_tls_port"), "TLS needs certificate and private_key, each the name of a PEM file")
    for name in ("ca_file", "certificate", "private_key"):
        if (text := getattr(server, name)) is not None:
            path = (wrong.source.path.parent / text).expanduser()
            if not path.is_file():
                yield wrong((*key, name), f"there is no file {path}")
            elif name == "private_key" and path.stat().st_mode & 0o077:
                yield wrong((*key, name), f"others may read {path}; run chmod 600 {path}")


def _trunk_problems(wrong: _Marker, file: DialerFile) -> Iterator[Problem]:
    for name, trunk in file.trunks.items():
        server = file.servers.get(trunk.server or next(iter(file.servers)))
        if trunk.srtp and trunk.transport != "tls":
            text = "keys of encrypted audio travel in SIP, so SIP must be encrypted too; set transport: tls"
            yield wrong(("trunks", name, "srtp"), text)
        if trunk.transport == "tls" and server is not None and server.private and not server.sip_tls_port:
            yield wrong(("trunks", name, "transport"), "tls needs sip_tls_port at the trunk's server")


def _endpoint_problems(wrong: _Marker, file: DialerFile) -> Iterator[Problem]:
    """Trunks, agents and supervisors are endpoints of one Asterisk and share its names."""
    taken: dict[str, str] = {}
    for kind in ("trunks", "agents", "supervisors"):
        for name in getattr(file, kind):
            if name in taken:
                yield wrong((kind, name), f'"{name}" is already the name of one of the {taken[name]}')
            taken.setdefault(name, kind)


def _user_problems(wrong: _Marker, file: DialerFile) -> Iterator[Problem]:
    if file.users and not any(user.role is Role.ADMIN for user in file.users.values()):
        yield wrong(("users",), "nobody is admin, so nobody could mend the settings; give one user `role: admin`")
    if file.paths.control_group and not file.users:
        text = "with a group on the control socket say in `users:` what its members may do"
        yield wrong(("paths", "control_group"), text)
    tokens: dict[str, str] = {}
    for name, user in file.users.items():
        agent = user.agent or name
        if user.role is Role.AGENT and agent not in file.agents:
            yield wrong(("users", name), _not_one(agent, file.agents, "an agent; write `agent: ID`"))
        if user.role is not Role.AGENT and user.agent:
            yield wrong(("users", name, "agent"), "only a user of role agent is one of the agents; remove this key")
        if user.token and user.token in tokens:
            yield wrong(("users", name, "token"), f"it is the same as that of {tokens[user.token]}; make another one")
        tokens.setdefault(user.token, name)


def _extension_problems(wrong: _Marker, file: DialerFile) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for name, agent in file.agents.items():
        if agent.extension in taken:
            text = f"{agent.extension} is already the extension of {taken[agent.extension]}"
            yield wrong(("agents", name, "extension"), text)
        taken.setdefault(agent.extension, name)


def campaign_problems(source: Source, file: CampaignFile, dialer: DialerSettings) -> Iterator[Problem]:
    """What is wrong between the parts of a campaign, and between it and `dialer.yaml`."""
    wrong = _Marker(source)
    yield from _reference_problems(wrong, file, dialer)
    yield from _hours_problems(wrong, file)
    yield from _disposition_problems(wrong, file.dispositions)
    if file.default_disposition not in file.dispositions:
        yield wrong(("default_disposition",), _not_one(file.default_disposition, file.dispositions, "a disposition"))
    yield from _rule_problems(wrong, file)
    yield from _route_problems(wrong, file.routes, dialer)


def _reference_problems(wrong: _Marker, file: CampaignFile, dialer: DialerSettings) -> Iterator[Problem]:
    teams = {agent.team for agent in dialer.agents if agent.team}
    known: tuple[tuple[str, Collection[str], Collection[str], str], ...] = (
        ("trunks", file.trunks, [trunk.name for trunk in dialer.trunks], "a trunk"),
        ("agents", file.agents, [agent.id for agent in dialer.agents], "an agent"),
        ("teams", file.teams, teams, "a team of any agent"),
    )
    for kind, named, allowed, what in known:
        for index, name in enumerate(named):
            if name not in allowed:
                yield wrong((kind, index), _not_one(name, allowed, f"{what} in {dialer.source}"))


def _hours_problems(wrong: _Marker, file: CampaignFile) -> Iterator[Problem]:
    seen: dict[int, str] = {}
    for text, windows in file.calling.hours.items():
        key: KeyPath = ("calling", "hours", text)
        try:
            days = parse_days(text)
        except ValueError as problem:
            yield wrong(key, str(problem))
            continue
        for day in days:
            if day in seen:
                yield wrong(key, f'it shares a day with "{seen[day]}"; name every day once')
                break
        seen.update(dict.fromkeys(days, text))
        ordered = sorted(windows, key=lambda window: window.opens)
        for earlier, later in itertools.pairwise(ordered):
            if earlier.closes > later.opens or earlier.closes == time(0):
                yield wrong(key, f"the window from {later.opens:%H:%M} begins before the one before it ends")


def _disposition_problems(wrong: _Marker, dispositions: Mapping[str, DispositionSection]) -> Iterator[Problem]:
    taken: dict[str, str] = {}
    for code, one in dispositions.items():
        if one.digits in taken:
            yield wrong(("dispositions", code, "digits"), f'"{one.digits}" is already the code of {taken[one.digits]}')
        taken.setdefault(one.digits, code)
        if one.stop is StopFlag.PROMISE_OPEN:
            yield wrong(("dispositions", code, "stop"), '"promise_open" is set by a promise; write asks: promise')
        if one.stop is StopFlag.HOLD_OUT:
            yield wrong(("dispositions", code, "stop"), '"hold_out" is set by an experiment, not by a call')


def _rule_problems(wrong: _Marker, file: CampaignFile) -> Iterator[Problem]:
    allowed = {"outcome": [outcome.value for outcome in Outcome], "disposition": list(file.dispositions)}
    for index, rule in enumerate(file.next_steps):
        key: KeyPath = ("next_steps", index)
        yield from _expression_problems(wrong, (*key, "when"), rule.when, expressions.CALL_FACTS, allowed)
        if rule.then is NextKind.TEAM and rule.team is None:
            yield wrong((*key, "team"), "this key is missing; `then: team` needs the team's name")
        if rule.then is not NextKind.TEAM and rule.team is not None:
            yield wrong((*key, "team"), f"only `then: team` uses it, and this rule says `{rule.then.value}`")
    yield from _double_names(wrong, "next_steps", [rule.name for rule in file.next_steps])


def _route_problems(wrong: _Marker, routes: tuple[RouteSection, ...], dialer: DialerSettings) -> Iterator[Problem]:
    skills = {skill for agent in dialer.agents for skill in agent.skills}
    teams = {agent.team for agent in dialer.agents if agent.team}
    for index, route in enumerate(routes):
        key: KeyPath = ("routes", index)
        yield from _expression_problems(wrong, (*key, "when"), route.when, expressions.LEAD_FACTS, {})
        if route.skill is None and route.team is None:
            yield wrong(key, "it asks for nothing; give it a skill, a team or both")
        if route.skill is not None and route.skill not in skills:
            yield wrong((*key, "skill"), _not_one(route.skill, skills, f"a skill of any agent in {dialer.source}"))
        if route.team is not None and route.team not in teams:
            yield wrong((*key, "team"), _not_one(route.team, teams, f"a team of any agent in {dialer.source}"))
    yield from _double_names(wrong, "routes", [route.name for route in routes])


def _expression_problems(
    wrong: _Marker,
    key: KeyPath,
    when: str,
    known: Mapping[str, str],
    allowed: Mapping[str, Collection[str]],
) -> Iterator[Problem]:
    try:
        expressions.check(when, known, allowed)
    except expressions.ExpressionError as problem:
        yield wrong(key, f"`{when}`: {problem}")


def _double_names(wrong: _Marker, kind: str, names: list[str]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield wrong((kind, index, "name"), f'"{name}" is already the name of another rule')


def _not_one(value: str, allowed: Collection[str], what: str) -> str:
    near = difflib.get_close_matches(value, allowed, n=1)
    if near:
        return f'"{value}" is not {what}. Did you mean {near[0]}?'
    shown = ", ".join(sorted(allowed)) if 0 < len(allowed) <= 20 else ""
    return f'"{value}" is not {what}' + (f"; there are {shown}" if shown else "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
