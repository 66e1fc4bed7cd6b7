"""The `calling:` part of a campaign's file: its profiles, its own keys, and the rules that come of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

import phonenumbers

from dialer.calling_rules import CAMPAIGN, CallingRules, CampaignPeriod, Origin, PrefixRule, Profile
from dialer.compliance.merging import OwnRules, merge, wants_period
from dialer.config.models import CallingSection, CampaignFile
from dialer.config.problems import Problem, SettingsFileError, key_path
from dialer.config.profiles import load_named, windows_by_day
from dialer.config.values import MOST_DAYS
from dialer.config.yaml_source import KeyPath, Source


def calling_rules(
    source: Source, file: CampaignFile, *, region: str, today: date, env: Mapping[str, str]
) -> CallingRules:
    """What the gate will enforce for a campaign.

    Args:
        source: of the campaign's file.
        file: its content; the names of days in `calling.hours` have been checked.
        region: the dialer's country, whose numbers may be dialled where no profile says which.
        today: holidays are those of this year and the next.
        env: for `!env` in one's own profiles.

    Raises:
        SettingsFileError: with every problem of the profiles, and of what they leave together.
    """
    profiles, problems = _profiles(source, file.calling, today, env)
    if problems:
        raise SettingsFileError(problems)
    rules = merge(profiles, _own(file.calling), home=_home(region))
    problems = [*_periods(source, file.calling, profiles), *_clashes(source, file, rules)]
    if problems:
        raise SettingsFileError(problems)
    return rules


def _profiles(
    source: Source, section: CallingSection, today: date, env: Mapping[str, str]
) -> tuple[list[Profile], list[Problem]]:
    profiles: list[Profile] = []
    problems: list[Problem] = []
    for index, named in enumerate(section.profiles):
        try:
            profile = load_named(named, source.path.parent, today, env)
        except LookupError as unknown:
            problems.append(_problem(source, ("calling", "profiles", index), str(unknown.args[0])))
        except SettingsFileError as error:
            problems += error.problems
        else:
            if any(profile.name == other.name for other in profiles):
                text = f"{profile.name} is named twice; a profile of your own needs a name of its own"
                problems.append(_problem(source, ("calling", "profiles", index), text))
            profiles.append(profile)
    return profiles, problems


def _own(section: CallingSection) -> OwnRules:
    own = section.prefixes
    return OwnRules(
        windows=windows_by_day(section.hours) if section.hours else None,
        consent_overrides=section.consent_overrides,
        closed_dates=frozenset(section.closed_dates),
        on_holidays=section.on_holidays,
        close_margin_s=section.close_margin,
        attempts_per_number_per_day=section.attempts_per_number_per_day,
        attempts_per_debtor_per_day=section.attempts_per_debtor_per_day,
        conversations_per_debtor_per_day=section.conversations_per_debtor_per_day,
        min_gap_s=section.min_gap,
        min_ring_s=section.min_ring,
        legal_wait_s=section.legal_wait,
        prefixes=None if own is None else PrefixRule(allow=own.allow, deny=own.deny, origin=Origin(id="prefixes")),
        period=_period(section),
    )


def _period(section: CallingSection) -> CampaignPeriod | None:
    if (period := section.period) is None:
        return None
    return CampaignPeriod(days=(period.ends_on - period.begins_on).days + 1, begins_on=period.begins_on)


def _periods(source: Source, section: CallingSection, profiles: Iterable[Profile]) -> Iterator[Problem]:
    """A period that is none, or one that is missing."""
    period = _period(section)
    if period is not None and not 1 <= period.days <= MOST_DAYS:
        text = f"a campaign's period ends on the day it begins or later, and within {MOST_DAYS} days"
        yield _problem(source, ("calling", "period"), text)
    for profile in profiles:
        wanting = [limit.origin.id for limit in profile.limits if wants_period(limit)]
        if wanting and period is None:
            text = f"this key is missing; {wanting[0]} of {profile.name} counts over it: write begins_on and ends_on"
            yield _problem(source, ("calling", "period"), text)


def _home(region: str) -> PrefixRule:
    code = phonenumbers.country_code_for_region(region)
    return PrefixRule(allow=(f"+{code}",), origin=Origin(id="prefixes", cite=f"region {region}"))


def _clashes(source: Source, file: CampaignFile, rules: CallingRules) -> Iterator[Problem]:
    """What makes rules that could never let a call through, or that the campaign's own keys break."""
    if not rules.hours:
        text = "this key is missing; without a profile the campaign must say its hours"
        yield _problem(source, ("calling", "hours"), text)
    elif not rules.windows:
        named = ", ".join(one.origin.profile for one in rules.hours)
        yield _problem(source, ("calling",), f"the hours of {named} have none in common: nobody could ever be called")
    if not _numbers_left(rules.prefixes):
        named = ", ".join(one.origin.profile for one in rules.prefixes)
        text = f"the prefixes of {named} have none in common: no number could be called"
        yield _problem(source, ("calling", "profiles"), text)
    if file.ring_timeout < rules.min_ring_s:
        origin = rules.sources["min_ring"]
        whose = "calling.min_ring" if origin.profile == CAMPAIGN else f"min_ring of {origin.profile}"
        text = f"{file.ring_timeout:g} s is shorter than {whose}, {rules.min_ring_s:g} s"
        yield _problem(source, ("ring_timeout",), text)


def _numbers_left(rules: tuple[PrefixRule, ...]) -> bool:
    left: tuple[str, ...] = ("+",)
    for rule in rules:
        narrower = {max(one, other, key=len) for one in left for other in rule.allow or ("+",) if _touch(one, other)}
        left = tuple(narrower)
    return any(not any(one.startswith(rule.deny) for rule in rules) for one in left)


def _touch(one: str, other: str) -> bool:
    return one.startswith(other) or other.startswith(one)


def _problem(source: Source, key: KeyPath, text: str) -> Problem:
    return Problem(path=source.path, line=source.line_of(key), key=key_path(key), text=text)
