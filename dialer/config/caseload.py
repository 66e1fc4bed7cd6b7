"""`assignment.yaml` and `ordering.yaml` to settings, every mistake by its line; without one the shipped one holds."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from dialer.campaigns.expressions import CASE_FACTS, ExpressionError, check
from dialer.caseload.rules import AssignmentRule, AssignmentSettings, CapacitySettings, KeepSettings
from dialer.config.caseload_models import AssignmentFile, AssignmentRuleSection, OrderingFile
from dialer.config.problems import Problem, SettingsFileError, key_path
from dialer.config.read import read_model
from dialer.config.yaml_source import KeyPath, Source
from dialer.loans.buckets import Bucket
from dialer.ordering.beliefs import ContactBelief, Costs, NumberChoice, OrderingSettings, RecoveryBelief
from dialer.settings import DialerSettings
from dialer.types import AgentId

ASSIGNMENT: Final = "assignment.yaml"
ORDERING: Final = "ordering.yaml"
_DAY_S: Final = 86_400.0


def load_assignment(
    folder: Path, shipped: Path, dialer: DialerSettings, env: Mapping[str, str] | None = None
) -> AssignmentSettings:
    """Read `assignment.yaml`.

    Args:
        folder: where the user's settings are.
        shipped: the folder of the shipped ones, for when there is no such file.
        dialer: whose agents, teams and skills the file may name.
        env: for `!env`; the process's own when None.

    Raises:
        SettingsFileError: with every problem of the file.
    """
    path = folder / ASSIGNMENT
    own = path.is_file()
    source, file = read_model(path if own else shipped / ASSIGNMENT, AssignmentFile, _env(env), made_by="dialer init")
    problems = [*_problems(source, file), *(_unknown(source, file, dialer) if own else ())]
    if problems:
        raise SettingsFileError(problems)
    return AssignmentSettings(
        rules=tuple(_rule(source, spot, one) for spot, one in enumerate(file.rules)),
        keep=KeepSettings(
            promise=file.keep.promise,
            prior_owner=file.keep.prior_owner,
            move_after_days=round(file.keep.move_after / _DAY_S),
            rebalance=file.keep.rebalance,
        ),
        capacity=CapacitySettings(
            debtors=file.capacity.debtors,
            agents={AgentId(name): most for name, most in file.capacity.agents.items()},
            share={AgentId(name): share for name, share in file.capacity.share.items()},
        ),
        spread=file.spread,
        avoid_days=round(file.avoid_after_complaint / _DAY_S),
    )


def _env(env: Mapping[str, str] | None) -> Mapping[str, str]:
    return os.environ if env is None else env


def _rule(source: Source, spot: int, one: AssignmentRuleSection) -> AssignmentRule:
    return AssignmentRule(
        name=one.name,
        when=one.when or "",
        skill=one.skill or "",
        level=one.level or 0,
        up_to=one.up_to,
        prefer=one.prefer or "",
        team=one.team or "",
        agents=tuple(AgentId(name) for name in one.agents),
        source=f"{source.path}:{source.line_of(('rules', spot))}",
    )


def _wrong(source: Source, key: KeyPath, text: str) -> Problem:
    return Problem(path=source.path, line=source.line_of(key), key=key_path(key), text=text)


def _problems(source: Source, file: AssignmentFile) -> Iterator[Problem]:
    names: list[str] = []
    for spot, rule in enumerate(file.rules):
        key: KeyPath = ("rules", spot)
        if rule.name in names:
            yield _wrong(source, (*key, "name"), f'"{rule.name}" is already the name of another rule')
        names.append(rule.name)
        yield from _when_problems(source, key, rule.when, is_last=spot == len(file.rules) - 1)
        for asked in ("level", "up_to"):
            if getattr(rule, asked) is not None and rule.skill is None:
                yield _wrong(source, (*key, asked), "of which skill? Name it under `skill`")
        if rule.skill is not None and rule.level is None:
            yield _wrong(source, (*key, "skill"), "how much of it is needed? Write `level: 1` or more")
        if rule.up_to is not None and rule.up_to < (rule.level or 0):
            yield _wrong(source, (*key, "up_to"), f"{rule.up_to} is below the level {rule.level} that is needed")


def _when_problems(source: Source, key: KeyPath, when: str | None, *, is_last: bool) -> Iterator[Problem]:
    if when is None:
        if not is_last:
            yield _wrong(source, key, "it holds of everybody, so no later rule is ever reached; give it a `when`")
        return
    try:
        check(when, CASE_FACTS, {"bucket": [bucket.value for bucket in Bucket]})
    except ExpressionError as problem:
        yield _wrong(source, (*key, "when"), f"`{when}`: {problem}")


def _unknown(source: Source, file: AssignmentFile, dialer: DialerSettings) -> Iterator[Problem]:
    """Names that dialer.yaml does not know."""
    skills = {skill for agent in dialer.agents for skill in agent.skills}
    teams = {agent.team for agent in dialer.agents if agent.team}
    agents = {str(agent.id) for agent in dialer.agents}
    for spot, rule in enumerate(file.rules):
        key: KeyPath = ("rules", spot)
        asked = (
            ("skill", (rule.skill,), skills, "a skill of any agent"),
            ("prefer", (rule.prefer,), teams, "a team of any agent"),
            ("team", (rule.team,), teams, "a team of any agent"),
            ("agents", rule.agents, agents, "an agent"),
        )
        for name, values, known, what in asked:
            for value in values:
                if value is not None and value not in known:
                    yield _wrong(source, (*key, name), _not_one(value, known, f"{what} in {dialer.source}"))
    for part in ("agents", "share"):
        for value in getattr(file.capacity, part):
            if value not in agents:
                text = _not_one(value, agents, f"an agent in {dialer.source}")
                yield _wrong(source, ("capacity", part, value), text)


def _not_one(value: str, known: Collection[str], what: str) -> str:
    near = difflib.get_close_matches(value, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(sorted(known)) or 'none'}."
    return f'"{value}" is not {what}. {hint}'


def load_ordering(folder: Path, shipped: Path, env: Mapping[str, str] | None = None) -> OrderingSettings:
    """Read `ordering.yaml`.

    Args:
        folder: where the user's settings are.
        shipped: the folder of the shipped ones, for when there is no such file.
        env: for `!env`; the process's own when None.

    Raises:
        SettingsFileError: with every problem of the file.
    """
    path = folder / ORDERING if (folder / ORDERING).is_file() else shipped / ORDERING
    _, file = read_model(path, OrderingFile, _env(env), made_by="dialer init")
    return OrderingSettings(
        contact=_contact(file),
        recovery=_recovery(file),
        costs=Costs(
            dial_s=file.costs.dial,
            other_party_s=file.costs.other_party,
            talk_s=file.costs.talk,
            wrap_up_s=file.costs.wrap_up,
        ),
        numbers=NumberChoice(after_unanswered=file.numbers.after_unanswered, better_by=file.numbers.better_by),
        later_weight=file.later_weight,
        until_hour=file.until_hour,
        window_days=round(file.recovery.window / _DAY_S),
        refresh_s=file.refresh,
        accounts_per_refresh=file.accounts_per_refresh,
    )


def _contact(file: OrderingFile) -> ContactBelief:
    usual, told = ContactBelief(), file.contact
    return ContactBelief(
        answer_ratio=told.answer_ratio,
        answer_strength=told.answer_strength,
        hour_strength=told.hour_strength,
        group_strength=told.group_strength,
        number_strength=told.number_strength,
        number_hour_strength=told.number_hour_strength,
        right_party={**usual.right_party, **told.right_party},
        right_party_strength=told.right_party_strength,
        number_right_party_strength=told.number_right_party_strength,
        number_half_life_days=told.number_half_life / _DAY_S,
        group_half_life_days=told.group_half_life / _DAY_S,
    )


def _recovery(file: OrderingFile) -> RecoveryBelief:
    usual, told = RecoveryBelief(), file.recovery
    found = RecoveryBelief(
        by_bucket={**usual.by_bucket, **{bucket.value: ratio for bucket, ratio in told.by_bucket.items()}},
        by_grade={**usual.by_grade, **told.by_grade},
        otherwise=told.otherwise,
        strength=told.strength,
        broken_promise=told.broken_promise,
    )
    return found if told.most_due is None else replace(found, most_due=told.most_due)
