"""strategies.yaml, lexicon.yaml and scripts/ to a playbook, or everything that is wrong with them.

Each of the three that the user has not got is the shipped one. Scripts are a folder: a user who has the folder has
all of them.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dialer.campaigns.expressions import PERSON_FACTS, ExpressionError, check
from dialer.config.experiments import STRATEGIES, experiment_problems, experiments
from dialer.config.lexicon import NAME as LEXICON
from dialer.config.lexicon import load_lexicon
from dialer.config.problems import Problem, SettingsFileError
from dialer.config.read import read_model
from dialer.config.script_file import load_script
from dialer.config.script_models import DerivationSection, StrategiesFile
from dialer.config.written import Written
from dialer.scripts.checking import Finding, check_public, check_said, check_script
from dialer.scripts.lexicon import Lexicon
from dialer.scripts.model import Derivation, Kind, Script, Strategy
from dialer.scripts.person import ABILITY, DERIVED, HABIT, VALUES, WILLINGNESS
from dialer.scripts.playbook import Playbook
from dialer.scripts.rendering import WHY_NAMES
from dialer.scripts.templates import Names, mistakes
from dialer.scripts.variables import House
from dialer.types import ContactRole

SCRIPTS = "scripts"
_DAY_S = 86_400.0
_LATER: Mapping[str, Collection[str]] = {
    HABIT: (HABIT, ABILITY, WILLINGNESS),
    ABILITY: (ABILITY, WILLINGNESS),
    WILLINGNESS: (WILLINGNESS,),
}
"""Facts that are not derived yet when this one is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What there is, whatever is wrong with it."""

    playbook: Playbook | None
    """None: something is wrong."""
    scripts: tuple[Script, ...]
    """Those that can be read."""
    problems: tuple[Problem, ...]
    """What cannot be read or does not fit together."""
    findings: tuple[Finding, ...]
    """What may not be said."""


def load_playbook(folder: Path, shipped: Path, env: Mapping[str, str] | None = None) -> Playbook:
    """Read everything that decides what is said.

    Args:
        folder: where the user's settings are.
        shipped: the folder of the shipped ones, for what the user has not got.
        env: for `!env`; the process's own when None.

    Raises:
        SettingsFileError: with every problem of the files, and every text that may not be said.
    """
    seen = survey(folder, shipped, env)
    if seen.playbook is None:
        raise SettingsFileError([*seen.problems, *(as_problem(one) for one in seen.findings)])
    return seen.playbook


def as_problem(finding: Finding) -> Problem:
    """A finding as a problem of a settings file."""
    cited = f" [{finding.source}]" if finding.source else ""
    return Problem(
        path=Path(finding.place.path),
        line=finding.place.line,
        key=finding.key,
        text=f"{finding.rule}: {finding.en}{cited}",
    )


def own_or_shipped(name: str, folder: Path, shipped: Path) -> Path:
    """The user's file or folder of this name, or the shipped one."""
    return folder / name if (folder / name).exists() else shipped / name


def playbook_files(folder: Path, shipped: Path) -> tuple[Path, ...]:
    """The files of which the playbook is made, as they are now."""
    single = (own_or_shipped(name, folder, shipped) for name in (STRATEGIES, LEXICON))
    return (*single, *sorted(own_or_shipped(SCRIPTS, folder, shipped).glob("*.yaml")))


def survey(folder: Path, shipped: Path, env: Mapping[str, str] | None = None) -> Survey:
    """Read everything and go on past mistakes, to tell all of them; arguments as for `load_playbook`."""
    env = os.environ if env is None else env
    problems: list[Problem] = []
    lexicon: Lexicon | None = None
    try:
        lexicon = load_lexicon(own_or_shipped(LEXICON, folder, shipped), env)
    except SettingsFileError as error:
        problems += error.problems
    scripts: dict[str, Script] = {}
    for path in sorted(own_or_shipped(SCRIPTS, folder, shipped).glob("*.yaml")):
        try:
            script = load_script(path, env)
        except SettingsFileError as error:
            problems += error.problems
        else:
            scripts[script.name] = script
    findings = [one for script in scripts.values() for one in check_script(script, lexicon)] if lexicon else []
    playbook: Playbook | None = None
    path = own_or_shipped(STRATEGIES, folder, shipped)
    try:
        source, file = read_model(path, StrategiesFile, env, made_by="dialer init")
    except SettingsFileError as error:
        problems += error.problems
    else:
        written = Written.of(source)
        problems += [*experiment_problems(written, file), *_problems(written, file, scripts)]
        findings += _why_findings(written, file, lexicon) if lexicon else []
        if lexicon is not None and not problems and not findings:
            playbook = _playbook(written, file, scripts, lexicon, own=path.parent == folder)
    return Survey(
        playbook=playbook, scripts=tuple(scripts.values()), problems=tuple(problems), findings=tuple(findings)
    )


def _playbook(
    written: Written, file: StrategiesFile, scripts: Mapping[str, Script], lexicon: Lexicon, *, own: bool
) -> Playbook:
    house = file.house
    return Playbook(
        version=file.version,
        house=House(
            bank_zh=house.bank.zh,
            bank_en=house.bank.en,
            office_zh=house.office.zh,
            office_en=house.office.en,
            callback=house.callback,
            pay_within_days=round(house.pay_within / _DAY_S),
            told_for_days=round(house.told_for / _DAY_S),
        ),
        lexicon=lexicon,
        scripts=scripts,
        strategies=tuple(
            Strategy(
                name=one.name,
                when=one.when,
                script=one.script,
                why=written.said(one.why, ("strategies", spot, "why")),
                place=written.place(("strategies", spot)),
            )
            for spot, one in enumerate(file.strategies)
        ),
        deriving={field: _derivations(written, field, getattr(file.deriving, field)) for field in DERIVED},
        experiments=experiments(written, file) if own else (),
    )


def _derivations(written: Written, field: str, rules: tuple[DerivationSection, ...]) -> tuple[Derivation, ...]:
    return tuple(
        Derivation(
            value=one.value,
            when=one.when,
            why=written.said(one.why, ("deriving", field, spot, "why")),
            place=written.place(("deriving", field, spot)),
        )
        for spot, one in enumerate(rules)
    )


# --- what does not fit together ------------------------------------------------------------------------


def _problems(written: Written, file: StrategiesFile, scripts: Mapping[str, Script]) -> Iterator[Problem]:
    for field in DERIVED:
        known = {name: kind for name, kind in PERSON_FACTS.items() if name not in _LATER[field]}
        for spot, one in enumerate(getattr(file.deriving, field)):
            key = ("deriving", field, spot)
            if one.value not in VALUES[field]:
                yield written.problem(
                    (*key, "value"), f'"{one.value}" is no {field}. It can be {", ".join(VALUES[field])}'
                )
            yield from _condition(written, (*key, "when"), one.when, known)
    for spot, strategy in enumerate(file.strategies):
        yield from _condition(written, ("strategies", spot, "when"), strategy.when, PERSON_FACTS)
        yield from _script_problem(written, ("strategies", spot, "script"), strategy.script, scripts)
    yield from _gaps(written, file, scripts)
    yield from _challenger_problems(written, file, scripts)


def _condition(written: Written, key: tuple[str | int, ...], when: str, known: Mapping[str, str]) -> Iterator[Problem]:
    try:
        check(when, known, VALUES)
    except ExpressionError as problem:
        yield written.problem(key, f"`{when}`: {problem}")


def _script_problem(
    written: Written, key: tuple[str | int, ...], name: str, scripts: Mapping[str, Script]
) -> Iterator[Problem]:
    script = scripts.get(name)
    if script is None:
        near = difflib.get_close_matches(name, scripts, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        yield written.problem(key, f'there is no sound script "{name}".{hint} There are {", ".join(scripts)}')
    elif script.kind is not Kind.CALL:
        yield written.problem(key, f'"{name}" is a message, not a script for a call')


def _gaps(written: Written, file: StrategiesFile, scripts: Mapping[str, Script]) -> Iterator[Problem]:
    """Whoever is on the line, some strategy must hold."""
    for party in ContactRole:
        always = ("true", f"party == '{party}'")
        if not any(
            " ".join(one.when.replace('"', "'").split()) in always
            and one.script in scripts
            and scripts[one.script].party is party
            for one in file.strategies
        ):
            text = f"no strategy always holds for a {party}; end with one of `when: party == '{party}'`"
            yield written.problem(("strategies",), f"{text} and a script made for a {party}")


def _challenger_problems(written: Written, file: StrategiesFile, scripts: Mapping[str, Script]) -> Iterator[Problem]:
    busy: dict[str, list[int]] = {}
    for spot, one in enumerate(file.experiments):
        for name, arm in one.challengers.items():
            for script, other in arm.scripts.items():
                key = ("experiments", spot, "challengers", name, "scripts", script)
                missing = [
                    *_script_problem(written, key, script, scripts),
                    *_script_problem(written, key, other, scripts),
                ]
                yield from missing
                if not missing and (scripts[script].party, scripts[script].tier) != (
                    scripts[other].party,
                    scripts[other].tier,
                ):
                    yield written.problem(key, f'"{other}" is for another party or of another tier than "{script}"')
        for script in dict.fromkeys(script for arm in one.challengers.values() for script in arm.scripts):
            for earlier in busy.get(script, []):
                before = file.experiments[earlier]
                if one.active and before.begins_on <= one.ends_on and one.begins_on <= before.ends_on:
                    text = f'"{before.name}" tries something in the stead of "{script}" on the same days'
                    yield written.problem(("experiments", spot), text)
            if one.active:
                busy.setdefault(script, []).append(spot)


def _why_findings(written: Written, file: StrategiesFile, lexicon: Lexicon) -> Iterator[Finding]:
    """Reasons are held to the lexicon like all that agents read, and the house's names, which anybody hears."""
    names = Names(known=WHY_NAMES)
    for part in ("bank", "office"):
        for wording in written.said(getattr(file.house, part), ("house", part)).both():
            yield from check_public(wording, lexicon)
    for spot, one in enumerate(file.strategies):
        for wording in written.said(one.why, ("strategies", spot, "why")).both():
            yield from check_said(wording, lexicon, mistakes(wording, names))
    for field in DERIVED:
        for spot, rule in enumerate(getattr(file.deriving, field)):
            for wording in written.said(rule.why, ("deriving", field, spot, "why")).both():
                yield from check_said(wording, lexicon, mistakes(wording, Names(known=())))
