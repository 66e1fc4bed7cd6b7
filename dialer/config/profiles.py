"""Rule profiles: those that are shipped by name, one's own by path, each read, checked and made into a value."""

from __future__ import annotations

import difflib
import hashlib
import os
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from dialer import compliance
from dialer.calling_rules import (
    AbandonmentRule,
    Closure,
    HoursRule,
    Limit,
    Origin,
    PrefixRule,
    Profile,
    RetentionRule,
    Tag,
    ThirdPartyRule,
    Value,
    Window,
)
from dialer.config.problems import Problem, SettingsFileError, key_path
from dialer.config.profile_models import LimitSection, ProfileFile, SecondsSection, Sourced
from dialer.config.public_holidays import public_holidays, this_and_next
from dialer.config.read import read_model
from dialer.config.values import parse_days
from dialer.config.yaml_source import KeyPath, Source

DEFAULT = "CN-BANK"
"""Applies to a campaign that names no profiles."""
SHIPPED = Path(str(compliance.__file__)).parent / "profiles"


def shipped_names() -> tuple[str, ...]:
    """The profiles that come with the dialer."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))


def load_named(named: str, beside: Path, today: date, env: Mapping[str, str]) -> Profile:
    """A profile as a campaign names it.

    Args:
        named: a shipped one, or the path of a file ending in .yaml, relative to the campaign's.
        beside: the folder of the campaign's file.
        today: closed dates are those of this year and the next.
        env: for `!env`.

    Raises:
        SettingsFileError: with every problem of the file.
        LookupError: there is no such profile; the text says what there is.
    """
    is_path = named.endswith((".yaml", ".yml"))
    path = Path(os.path.normpath(beside / Path(named).expanduser())) if is_path else SHIPPED / f"{named}.yaml"
    if not path.is_file() or (path.parent == SHIPPED and named not in shipped_names()):
        raise LookupError(_no_such(named, path))
    return load_profile(path, today, env)


def load_profile(path: Path, today: date, env: Mapping[str, str]) -> Profile:
    """Read one profile.

    Raises:
        SettingsFileError: with every problem of the file.
    """
    source, file = read_model(path, ProfileFile, env, made_by="dialer campaign profiles CN-BANK --yaml")
    problems = list(_problems(source, file))
    if problems:
        raise SettingsFileError(problems)
    return _profile(file, hashlib.sha256(path.read_bytes()).hexdigest()[:12], today)


def load_shipped(today: date) -> tuple[Profile, ...]:
    """Every profile that comes with the dialer."""
    return tuple(load_profile(SHIPPED / f"{name}.yaml", today, {}) for name in shipped_names())


def windows_by_day(days: Mapping[str, tuple[Window, ...]]) -> dict[int, tuple[Window, ...]]:
    """Weekday (Monday 0) -> windows in order, from names of days as files write them."""
    return {
        day: tuple(sorted(windows, key=lambda window: window.opens))
        for text, windows in days.items()
        for day in parse_days(text)
    }


def _no_such(named: str, path: Path) -> str:
    names = shipped_names()
    if named.endswith((".yaml", ".yml")):
        return f'"{named}": there is no file {path}; write its path relative to this file'
    near = difflib.get_close_matches(named.upper(), names, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return (
        f'"{named}" is no profile.{hint} There are {", ".join(names)}; or write the path of your own, ending in .yaml'
    )


def _problems(source: Source, file: ProfileFile) -> Iterator[Problem]:
    def wrong(key: KeyPath, text: str) -> Problem:
        return Problem(path=source.path, line=source.line_of(key), key=key_path(key), text=text)

    if file.hours is not None:
        for text in file.hours.days:
            try:
                parse_days(text)
            except ValueError as problem:
                yield wrong(("hours", "days", text), str(problem))
    if file.holidays is not None:
        if file.country is None:
            yield wrong(("holidays",), "whose? Name the `country` of the profile")
        elif not _has_holidays(file.country):
            yield wrong(
                ("country",), f'"{file.country}" has no public holidays here; write closed_dates in the campaign'
            )
    seen: set[str] = set()
    for index, limit in enumerate(file.limits):
        key: KeyPath = ("limits", index)
        if limit.id in seen:
            yield wrong((*key, "id"), f'"{limit.id}" is already the id of another limit')
        seen.add(limit.id)
        if limit.after is None and limit.max is None:
            yield wrong(key, "it limits nothing; write `max: N`, or `after: conversation` for a pause after one")
        if limit.after is not None and limit.max is not None:
            yield wrong((*key, "max"), "with `after` no dial at all is allowed in the window; remove one of the two")
    for name in ("hours", "close_margin", "third_party", "prefixes", "abandonment", "legal_wait", "min_ring"):
        part = getattr(file, name)
        if isinstance(part, Sourced) and part.tag is not Tag.HOUSE and not part.cite:
            yield wrong((name,), "a rule that is not our own needs its source; write `cite:`, or `tag: house`")
    for index, limit in enumerate(file.limits):
        if limit.tag is not Tag.HOUSE and not limit.cite:
            yield wrong(
                ("limits", index), "a rule that is not our own needs its source; write `cite:`, or `tag: house`"
            )


def _has_holidays(country: str) -> bool:
    try:
        public_holidays(country, (2026,))
    except KeyError:
        return False
    return True


def _profile(file: ProfileFile, digest: str, today: date) -> Profile:
    return Profile(
        name=file.profile,
        version=file.version,
        digest=digest,
        title=file.title,
        country=file.country or "",
        in_force_on=file.in_force_on,
        hours=_hours(file),
        closure=_closure(file, today),
        close_margin=_value(file, "close_margin", file.close_margin),
        limits=tuple(_limit(file, one) for one in file.limits),
        effective_talk=_value(file, "effective_talk", file.effective_talk),
        third_party=_third_party(file),
        prefixes=_prefixes(file),
        abandonment=_abandonment(file),
        legal_wait=_value(file, "legal_wait", file.legal_wait),
        min_ring=_value(file, "min_ring", file.min_ring),
        retention=_retention(file),
        opening=file.opening,
        notes=file.notes,
    )


def _origin(file: ProfileFile, key: str, part: Sourced) -> Origin:
    return Origin(
        profile=file.profile,
        id=part.id or key,
        cite=", ".join(part.cite),
        tag=part.tag,
        in_force_on=part.in_force_on or file.in_force_on,
    )


def _value(file: ProfileFile, key: str, part: SecondsSection | None) -> Value | None:
    return None if part is None else Value(value=part.value, origin=_origin(file, key, part))


def _hours(file: ProfileFile) -> HoursRule | None:
    if (part := file.hours) is None:
        return None
    return HoursRule(
        windows=windows_by_day(part.days),
        consent_overrides=part.consent_overrides,
        origin=_origin(file, "hours", part),
    )


def _closure(file: ProfileFile, today: date) -> Closure | None:
    if (part := file.holidays) is None:
        return None
    dates = public_holidays(file.country or "", this_and_next(today))
    return Closure(dates=dates, origin=_origin(file, "holidays", part))


def _third_party(file: ProfileFile) -> ThirdPartyRule | None:
    if (part := file.third_party) is None:
        return None
    return ThirdPartyRule(
        own_number_invalid=part.own_number_invalid,
        after_unreached=part.after_unreached,
        origin=_origin(file, "third_party", part),
    )


def _prefixes(file: ProfileFile) -> PrefixRule | None:
    if (part := file.prefixes) is None:
        return None
    return PrefixRule(allow=part.allow, deny=part.deny, origin=_origin(file, "prefixes", part))


def _abandonment(file: ProfileFile) -> AbandonmentRule | None:
    if (part := file.abandonment) is None:
        return None
    return AbandonmentRule(
        max_ratio=part.max,
        denominator=part.denominator,
        windows=part.windows,
        machine_error_ratio=part.machine_errors,
        report_ratio=part.report,
        origin=_origin(file, "abandonment", part),
    )


def _retention(file: ProfileFile) -> RetentionRule | None:
    if (part := file.retention) is None:
        return None
    return RetentionRule(
        recording_days=part.recording_days,
        ledger_days=part.ledger_days,
        origin=_origin(file, "retention", part),
    )


def _limit(file: ProfileFile, one: LimitSection) -> Limit:
    origin = _origin(file, one.id, one)
    return Limit(
        origin=origin,
        key=one.key,
        counts=one.counts,
        window=one.window,
        max=one.max or 0,
        after=one.after,
        unless_reserved=one.unless == "agent_reserved",
        severity=one.severity,
        in_force_on=origin.in_force_on,
    )
