"""`risk.yaml` to settings, with every mistake by its line; without such a file the shipped one holds."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from pathlib import Path

from dialer.config.problems import Problem, SettingsFileError, key_path
from dialer.config.read import read_model
from dialer.config.risk_models import BinSection, CardSection, RiskFile, TrainingSection, WarningSection
from dialer.config.yaml_source import KeyPath, Source
from dialer.risk.bins import Bins
from dialer.risk.features import FEATURES, Kind
from dialer.risk.grades import ORDER, Grade
from dialer.risk.scorecard import Card, CardFeature, CardKind
from dialer.risk.settings import DriftSettings, RiskSettings, Scale, TrainingSettings
from dialer.risk.warnings import COUNTED, MEASURED, Sign, WarningRule

NAME = "risk.yaml"
_DAY_S = 86_400.0
_ATTRIBUTES = tuple(sorted({one.attribute for one in FEATURES.values() if one.attribute}))


def load_risk(folder: Path, shipped: Path, env: Mapping[str, str] | None = None) -> RiskSettings:
    """Read `risk.yaml`.

    Args:
        folder: where the user's settings are.
        shipped: the folder of the shipped ones, for when there is no such file.
        env: for `!env`; the process's own when None.

    Raises:
        SettingsFileError: with every problem of the file.
    """
    path = folder / NAME if (folder / NAME).is_file() else shipped / NAME
    source, file = read_model(path, RiskFile, os.environ if env is None else env, made_by="dialer init")
    problems = list(_problems(source, file))
    if problems:
        raise SettingsFileError(problems)
    return RiskSettings(
        source=str(path),
        excluded=frozenset(file.excluded),
        training=_training(file.training),
        scale=Scale(even=file.scale.even, double=file.scale.double),
        chances=tuple((grade, file.grades[grade]) for grade in ORDER[:-1]),
        drift=DriftSettings(watch=file.drift.watch, alarm=file.drift.alarm),
        rules=_card(file.card),
        warnings=tuple(_warning(one) for one in file.warnings),
    )


def _training(file: TrainingSection) -> TrainingSettings:
    return TrainingSettings(
        horizon_days=round(file.horizon / _DAY_S),
        paid_share=file.paid_share,
        every_days=round(file.every / _DAY_S),
        test_share=file.test_share,
        most_bins=file.most_bins,
        fewest_share=file.fewest_share,
        fewest_bad=file.fewest_bad,
        strength=file.strength,
        draws=file.draws,
        seed=file.seed,
    )


def _card(file: CardSection) -> Card:
    return Card(
        kind=CardKind.RULES,
        base=file.base,
        factor=1.0,
        features=tuple(_feature(name, lines) for name, lines in file.features.items()),
        cuts=tuple((grade, file.grades[grade]) for grade in ORDER[:-1]),
    )


def _feature(name: str, lines: tuple[BinSection, ...]) -> CardFeature:
    kind = FEATURES[name].kind
    edges = tuple(line.below for line in lines if line.below is not None)
    groups = tuple(line.any_of for line in lines if line.any_of)
    return CardFeature(
        name=name,
        bins=Bins(kind=kind, edges=edges, categories=groups),
        weights=tuple(line.costs for line in lines),
        sources=tuple(line.source for line in lines),
    )


def _warning(one: WarningSection) -> WarningRule:
    return WarningRule(
        id=one.id,
        sign=one.sign,
        named=one.named or "",
        at_least=one.at_least,
        within_s=one.within,
        steps=one.steps,
        lasts_s=one.lasts,
        answer_within_s=one.answer_within,
        again_after_s=one.again_after,
        priority=one.priority,
        source=one.source,
    )


# --- mistakes ------------------------------------------------------------------------------------------


def _problems(source: Source, file: RiskFile) -> Iterator[Problem]:
    def wrong(key: KeyPath, text: str) -> Problem:
        return Problem(path=source.path, line=source.line_of(key), key=key_path(key), text=text)

    for index, name in enumerate(file.excluded):
        if name not in _ATTRIBUTES:
            yield wrong(("excluded", index), _no_such(name, "an attribute", _ATTRIBUTES))
    if file.drift.alarm <= file.drift.watch:
        yield wrong(("drift", "alarm"), "it must be greater than `watch`")
    yield from (wrong(("grades", *key), text) for key, text in _grades(file.grades, rising=True))
    yield from (wrong(("card", "grades", *key), text) for key, text in _grades(file.card.grades, rising=False))
    for name, lines in file.card.features.items():
        yield from (wrong(("card", "features", name, *key), text) for key, text in _feature_problems(file, name, lines))
    seen: set[str] = set()
    for index, one in enumerate(file.warnings):
        yield from (wrong(("warnings", index, *key), text) for key, text in _warning_problems(one, seen))
        seen.add(one.id)


def _no_such(name: str, what: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f'"{name}" is not {what}.{hint} There are {", ".join(known)}'


def _grades(bounds: Mapping[Grade, float], *, rising: bool) -> Iterator[tuple[KeyPath, str]]:
    missing = [grade for grade in ORDER[:-1] if grade not in bounds]
    if missing:
        yield (), f"a bound is missing for {', '.join(missing)}; give one each for A, B, C and D"
        return
    if ORDER[-1] in bounds:
        yield (str(ORDER[-1]),), "E is what is left; remove its bound"
    for better, worse in pairwise(ORDER[:-1]):
        if (bounds[worse] > bounds[better]) is not rising or bounds[worse] == bounds[better]:
            order = "greater" if rising else "lower"
            yield (str(worse),), f"the bound of {worse} must be {order} than that of {better}"


def _feature_problems(file: RiskFile, name: str, lines: tuple[BinSection, ...]) -> Iterator[tuple[KeyPath, str]]:
    if name not in FEATURES:
        yield (), _no_such(name, "a feature", tuple(FEATURES))
        return
    feature = FEATURES[name]
    if feature.attribute in file.excluded:
        yield (), f'it tells "{feature.attribute}", which is excluded; remove it here or there'
    if len(lines) < 2 or not lines[0].unknown or not lines[-1].rest:
        yield (), "begin with `unknown: true` and end with `rest: true`, so that every account has its points"
        return
    for index, line in enumerate(lines):
        told = (line.unknown, line.below is not None, bool(line.any_of), line.rest)
        if sum(told) != 1:
            yield (index,), "say one of `unknown: true`, `below: N`, `any_of: [...]` and `rest: true`"
        elif (line.unknown and index > 0) or (line.rest and index < len(lines) - 1):
            yield (index,), "`unknown` stands first and `rest` last"
        elif feature.kind is Kind.NUMBER and line.any_of:
            yield (index, "any_of"), f"{name} is a number; write `below: N`"
        elif feature.kind is Kind.CATEGORY and line.below is not None:
            yield (index, "below"), f"{name} is a text; write `any_of: [...]`"
    edges = [(index, line.below) for index, line in enumerate(lines) if line.below is not None]
    for (_, lower), (index, upper) in pairwise(edges):
        if upper <= lower:
            yield (index, "below"), f"{upper:g} is not above the line before; bounds go from low to high"


def _warning_problems(one: WarningSection, seen: Collection[str]) -> Iterator[tuple[KeyPath, str]]:
    if one.id in seen:
        yield ("id",), f'"{one.id}" is already the id of another rule'
    if (one.sign is Sign.REPORTED) is not (one.named is not None):
        yield ("named",), "`named` goes with `sign: reported`, and says which sign is meant"
    if one.sign in MEASURED and not 0 < one.at_least <= 1:
        yield ("at_least",), "it is a share here; write 20% or 0.2"
    if one.sign in COUNTED and (one.at_least < 1 or one.at_least != int(one.at_least)):
        yield ("at_least",), "it is a number of times here; write 1, 2, ..."
