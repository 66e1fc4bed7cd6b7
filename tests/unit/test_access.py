"""Roles: the whole table, and who somebody is."""

from __future__ import annotations

import itertools

import pytest

from dialer.access import (
    COMMANDS,
    MAY_UNMASK,
    REQUESTS,
    Grant,
    Person,
    Reach,
    Role,
    UserSettings,
    denial,
    grant_of,
    identify,
    roles_for,
)

ADMIN, SUPERVISOR, AGENT, AUDITOR = Role.ADMIN, Role.SUPERVISOR, Role.AGENT, Role.AUDITOR

# Written a second time, by hand, as a person of each role would read it aloud; the program's table must agree.
MAY_ASK: dict[str, str] = {
    # request: admin, supervisor, agent, auditor
    "engine.ping": "yyyy",
    "engine.stop": "yy--",
    "engine.reload": "y---",
    "board.get": "yy-y",
    "board.watch": "yy-y",
    "campaign.start": "yy--",
    "campaign.pause": "yy--",
    "campaign.resume": "yy--",
    "campaign.stop": "yy--",
    "campaign.status": "yy-y",
    "agent.list": "yy-y",
    "agent.login": "yyy-",
    "agent.logout": "yyy-",
    "agent.ready": "yyy-",
    "agent.pause": "yyy-",
    "agent.accept": "yyy-",
    "agent.skip": "yyy-",
    "agent.hang_up": "yyy-",
    "agent.dispose": "yyy-",
}


def person(role: Role) -> Person:
    return Person(name="chen", role=role, agent="agent01" if role is AGENT else "")


@pytest.mark.parametrize(("request_", "role"), list(itertools.product(MAY_ASK, Role)))
def test_each_role_may_make_exactly_the_requests_of_the_table(request_: str, role: Role) -> None:
    allowed = MAY_ASK[request_][list(Role).index(role)] == "y"
    said = denial(person(role), roles_for(request_), request_, agent="agent01")
    assert (said == "") is allowed
    if not allowed:
        needed = [one for one in Role if MAY_ASK[request_][list(Role).index(one)] == "y"]
        assert f"needs the role {' or '.join(needed)}" in said
        assert f"chen is {role}" in said


def test_the_table_of_this_test_is_complete() -> None:
    assert set(MAY_ASK) <= set(REQUESTS)
    others = set(REQUESTS) - set(MAY_ASK)
    assert all(REQUESTS[one] <= frozenset(Role) and ADMIN in REQUESTS[one] for one in others)


def test_an_admin_may_everything_and_an_auditor_changes_nothing() -> None:
    assert all(ADMIN in roles for roles in REQUESTS.values())
    assert all(ADMIN in grant.roles for grant in COMMANDS.values())
    changing = {one for one, roles in MAY_ASK.items() if roles[3] == "y"} - {"engine.ping"}
    assert changing == {"board.get", "board.watch", "campaign.status", "agent.list"}


@pytest.mark.parametrize("role", list(Role))
def test_what_no_table_names_is_the_admins(role: Role) -> None:
    assert (denial(person(role), roles_for("engine.explode"), "engine.explode") == "") is (role is ADMIN)
    assert grant_of("explode") == Grant(roles=frozenset({ADMIN}), reach=Reach.FILES)


def test_only_admins_and_auditors_see_whole_numbers() -> None:
    assert frozenset({ADMIN, AUDITOR}) == MAY_UNMASK


def test_an_agent_speaks_for_nobody_else() -> None:
    who = person(AGENT)
    assert denial(who, roles_for("agent.pause"), "agent.pause", agent="agent01") == ""
    assert "may speak for agent01 only" in denial(who, roles_for("agent.pause"), "agent.pause", agent="agent02")
    assert denial(who, roles_for("agent.pause"), "agent.pause", agent="")
    assert denial(person(SUPERVISOR), roles_for("agent.pause"), "agent.pause", agent="agent02") == ""


USERS = (
    UserSettings(name="chen", role=SUPERVISOR),
    UserSettings(name="li", role=AGENT),
    UserSettings(name="zhao", role=AGENT, agent="agent07"),
    UserSettings(name="robot", role=AUDITOR, token="token-of-robot"),
)


@pytest.mark.parametrize(
    ("os_user", "token", "found"),
    [
        ("chen", "", Person(name="chen", role=SUPERVISOR)),
        ("li", "", Person(name="li", role=AGENT, agent="li")),
        ("zhao", "", Person(name="zhao", role=AGENT, agent="agent07")),
        ("chen", "token-of-robot", Person(name="robot", role=AUDITOR)),  # what is shown outweighs who one is
        ("nobody", "token-of-robot", Person(name="robot", role=AUDITOR)),
        ("chen", "wrong", None),  # a wrong token is not made good by a name
        ("robot", "", None),  # with a token set, the name alone is not enough
        ("root", "", None),  # the owner too must be listed, once anybody is
        ("nobody", "", None),
    ],
)
def test_who_somebody_is(os_user: str, token: str, found: Person | None) -> None:
    assert identify(USERS, os_user=os_user, token=token, is_owner=os_user == "root") == found


def test_without_users_the_owner_is_admin_and_nobody_else_is_anything() -> None:
    assert identify((), os_user="dialer", token="", is_owner=True) == Person(name="dialer", role=ADMIN)
    assert identify((), os_user="other", token="", is_owner=False) is None
    assert identify((), os_user="dialer", token="guess", is_owner=True) is None
    assert "users:" in denial(None, roles_for("board.get"), "board.get")


def test_a_token_is_in_no_representation() -> None:
    assert "token-of-robot" not in repr(USERS)
