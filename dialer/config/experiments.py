"""Experiments of strategies.yaml; only those that are active, and only out of the user's own file.

The shipped file never experiments on anybody: somebody has to write it down first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from dialer.campaigns.expressions import ACCOUNT_FACTS, ExpressionError, check
from dialer.config.problems import Problem, SettingsFileError
from dialer.config.read import read_model
from dialer.config.script_models import ExperimentSection, StrategiesFile
from dialer.config.written import Written
from dialer.experiments import CHAMPION, HOLD_OUT, Arm, Experiment
from dialer.scripts.arms import PLACES

STRATEGIES = "strategies.yaml"
_DAY_S = 86_400.0
_MAY_BE_ACTIVE = re.compile(r"active:\s*(?!false\b)")


def load_hold_outs(folder: Path, env: Mapping[str, str]) -> tuple[Experiment, ...]:
    """Active experiments that leave somebody alone, for campaigns; none without a file of the user's own.

    Raises:
        SettingsFileError: with every problem of the experiments.
    """
    path = folder / STRATEGIES
    try:
        stamp, text = path.stat(), path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        return ()  # `dialer script check` says what is wrong with it
    if _MAY_BE_ACTIVE.search(text) is None:
        return ()  # nobody is experimented on, so it need not be read each time that a campaign is
    return _hold_outs(path, stamp.st_mtime_ns, stamp.st_size, tuple(sorted(env.items())))


@lru_cache(maxsize=8)
def _hold_outs(path: Path, _changed_ns: int, _size: int, env: tuple[tuple[str, str], ...]) -> tuple[Experiment, ...]:
    """Kept as long as the file is the same: every campaign asks."""
    source, file = read_model(path, StrategiesFile, dict(env), made_by="dialer init")
    written = Written.of(source)
    problems = list(experiment_problems(written, file))
    if problems:
        raise SettingsFileError(problems)
    return tuple(one for one in experiments(written, file) if one.hold_share)


def experiments(written: Written, file: StrategiesFile) -> tuple[Experiment, ...]:
    """Those that are active, in the order of the file."""
    return tuple(_experiment(written, spot, one) for spot, one in enumerate(file.experiments) if one.active)


def _experiment(written: Written, spot: int, one: ExperimentSection) -> Experiment:
    held = [] if one.hold_out is None else [Arm(name=HOLD_OUT, share=_places(one.hold_out.share))]
    tried = [Arm(name=name, share=_places(arm.share), scripts=arm.scripts) for name, arm in one.challengers.items()]
    rest = PLACES - sum(arm.share for arm in (*held, *tried))
    return Experiment(
        name=one.name,
        salt=one.salt,
        when=one.when,
        begins_on=one.begins_on,
        ends_on=one.ends_on,
        arms=(*held, *tried, Arm(name=CHAMPION, share=rest)),
        hold_days=0 if one.hold_out is None else round(one.hold_out.length / _DAY_S),
        source=str(written.place(("experiments", spot))),
    )


def _places(share: float) -> int:
    return round(share * PLACES)


def experiment_problems(written: Written, file: StrategiesFile) -> Iterator[Problem]:
    """What is wrong with experiments by themselves, active or not."""
    names: list[str] = []
    for spot, one in enumerate(file.experiments):
        key = ("experiments", spot)
        if one.name in names:
            yield written.problem((*key, "name"), f'"{one.name}" was there before; every name is given once')
        names.append(one.name)
        try:
            check(one.when, ACCOUNT_FACTS, {})
        except ExpressionError as problem:
            yield written.problem((*key, "when"), f"`{one.when}`: {problem}")
        if one.ends_on < one.begins_on:
            yield written.problem((*key, "ends_on"), "it ends before it begins")
        if one.hold_out is None and not one.challengers:
            yield written.problem(key, "it tries nothing; write `hold_out:` or `challengers:`")
        yield from _share_problems(written, spot, one)


def _share_problems(written: Written, spot: int, one: ExperimentSection) -> Iterator[Problem]:
    key = ("experiments", spot)
    shares: dict[tuple[str, ...], float] = {}
    if one.hold_out is not None:
        shares[("hold_out",)] = one.hold_out.share
    shares |= {("challengers", name): arm.share for name, arm in one.challengers.items()}
    for part, share in shares.items():
        if share <= 0 or abs(share * PLACES - round(share * PLACES)) > 1e-6:
            yield written.problem(
                (*key, *part, "share"), "a share is a whole number of hundredths of a percent above 0"
            )
        if part[-1] in _RESERVED and part[0] == "challengers":
            yield written.problem(
                (*key, *part), f"`{part[-1]}` has a meaning of its own; give the challenger another name"
            )
    if sum(shares.values()) >= 1:
        yield written.problem(key, "the shares leave nothing for the champion; let them add up to less than 100%")


_RESERVED: Collection[str] = (HOLD_OUT, CHAMPION)
