"""Who plays: rules by name, so that a worker process or a results file can name them.

A name is a kind and its settings, such as `free:ratio=2.5` or `vicidial:available_only=1,max_level=4`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Final

from benchmarks.pacing.rivals.erlang import ExpectedAvailability
from benchmarks.pacing.rivals.fixed import Progressive, RatioOfFree, RatioOfLoggedIn
from benchmarks.pacing.rivals.hazard_window import HazardWindow
from benchmarks.pacing.rivals.issabel import Issabel
from benchmarks.pacing.rivals.manual import Manual
from benchmarks.pacing.rivals.vicidial import Method, Vicidial, VicidialSettings
from benchmarks.pacing.rivals.wombat import Wombat
from benchmarks.pacing.scenarios import Scenario
from benchmarks.pacing.worlds import RING_S
from dialer import pacing
from dialer.floor.state import PacingRule

OURS: Final = "ours"
CLAIRVOYANT: Final = "clairvoyant"
Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrant:
    """A rule as it stands in the tables."""

    title: str
    rule: str
    """Its name."""
    follows_target: bool = False
    """Runs differ with the target."""
    default: bool = True
    """Is run without `--full`."""


ENTRANTS: Final = (
    Entrant(title="ours", rule=OURS, follows_target=True),
    Entrant(title="manual", rule="manual"),
    Entrant(title="progressive", rule="progressive"),
    Entrant(title="1.5 calls per free agent", rule="free:ratio=1.5", default=False),
    Entrant(title="2 calls per free agent", rule="free:ratio=2"),
    Entrant(title="3 calls per free agent", rule="free:ratio=3", default=False),
    Entrant(title="1.5 calls per logged-in agent", rule="logged-in:ratio=1.5", default=False),
    Entrant(title="2 calls per logged-in agent", rule="logged-in:ratio=2", default=False),
    Entrant(title="VICIdial HARD_LIMIT", rule="vicidial:method=ADAPT_HARD_LIMIT", follows_target=True, default=False),
    Entrant(title="VICIdial AVERAGE", rule="vicidial:method=ADAPT_AVERAGE", follows_target=True, default=False),
    Entrant(title="VICIdial TAPERED", rule="vicidial:method=ADAPT_TAPERED", follows_target=True),
    Entrant(
        title="VICIdial HARD_LIMIT, available only",
        rule="vicidial:available_only=1,method=ADAPT_HARD_LIMIT",
        follows_target=True,
        default=False,
    ),
    Entrant(
        title="VICIdial TAPERED, available only",
        rule="vicidial:available_only=1,method=ADAPT_TAPERED",
        follows_target=True,
    ),
    Entrant(title="VICIdial RATIO 2", rule="vicidial:level=2,method=RATIO", default=False),
    Entrant(title="Issabel", rule="issabel"),
    Entrant(title="WombatDialer, boost 1.3", rule="wombat:boost=1.3"),
    Entrant(title="WombatDialer, boost 2", rule="wombat:boost=2", default=False),
    Entrant(title="expected availability", rule="erlang", follows_target=True),
    Entrant(title="hazard window", rule="hazard-window", follows_target=True),
    Entrant(title="clairvoyant", rule=CLAIRVOYANT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A rule whose settings are searched for each scenario, on seeds of their own."""

    title: str
    first: tuple[str, ...]
    """Names that are all tried."""
    neighbours: Callable[[str, float], tuple[str, ...]]
    """Of the best so far, at a target: names that are tried next."""
    rounds: int = 0
    """How often the best so far is asked for its neighbours."""
    follows_target: bool = False


def rule(name: str, scenario: Scenario) -> PacingRule:
    """A new rule; each run needs one of its own.

    Args:
        name: of the rule; not the clairvoyant, which needs the simulation itself.
        scenario: where it will play; some are told when the shift ends, or how long calls ring.

    Raises:
        ValueError: there is no such rule or setting.
    """
    kind, _, rest = name.partition(":")
    settings = dict(pair.split("=", 1) for pair in rest.split(",") if pair)
    if kind not in _MAKERS:
        raise ValueError(f"there is no rule {kind!r}; there are {', '.join([*_MAKERS, CLAIRVOYANT])}.")
    return _MAKERS[kind](settings, scenario)


def _vicidial(settings: Settings, scenario: Scenario) -> PacingRule:
    usual = VicidialSettings()
    unknown = set(settings) - {field.name for field in fields(usual)}
    if unknown:
        raise ValueError(f"the rule vicidial has no setting {', '.join(sorted(unknown))}.")
    limit = settings.get("drop_limit_ratio")
    return Vicidial(
        VicidialSettings(
            method=Method(settings.get("method", usual.method)),
            available_only=settings.get("available_only") == "1",
            level=float(settings.get("level", usual.level)),
            min_level=float(settings.get("min_level", usual.min_level)),
            max_level=float(settings.get("max_level", usual.max_level)),
            intensity=float(settings.get("intensity", usual.intensity)),
            difference_target=float(settings.get("difference_target", usual.difference_target)),
            drop_limit_ratio=None if limit is None else float(limit),
            shift_hours=scenario.hours,
        )
    )


def _ratio_of(settings: Settings, key: str) -> float:
    if set(settings) != {key}:
        raise ValueError(f"this rule has one setting, {key}; it was given {dict(settings)}.")
    return float(settings[key])


def _plain(make: Callable[[], PacingRule]) -> Callable[[Settings, Scenario], PacingRule]:
    def of(settings: Settings, _: Scenario) -> PacingRule:
        if settings:
            raise ValueError(f"this rule has no settings here; it was given {dict(settings)}.")
        return make()

    return of


_MAKERS: Final[dict[str, Callable[[Settings, Scenario], PacingRule]]] = {
    OURS: _plain(lambda: pacing.decide),
    "manual": _plain(Manual),
    "progressive": _plain(Progressive),
    "free": lambda settings, _: RatioOfFree(_ratio_of(settings, "ratio")),
    "logged-in": lambda settings, _: RatioOfLoggedIn(_ratio_of(settings, "ratio")),
    "vicidial": _vicidial,
    "issabel": _plain(lambda: Issabel(ring_s=RING_S)),
    "wombat": lambda settings, _: Wombat(boost=_ratio_of(settings, "boost")),
    "erlang": _plain(lambda: ExpectedAvailability(ring_s=RING_S)),
    "hazard-window": _plain(HazardWindow),
}

RATIOS: Final = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 14.0, 20.0)
_DEFAULT_LEVELS: Final = (1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0)
_AVAILABLE_LEVELS: Final = (1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 12.0, 16.0)
_INTENSITIES: Final = (-0.4, -0.2, 0.0, 0.2, 0.4)
_DIFFERENCES: Final = (-2.0, -1.0, 0.0, 1.0, 2.0)
_LIMITS: Final = (0.25, 0.5, 0.75, 1.0)


def vicidial_name(settings: Settings) -> str:
    """The name of a VICIdial with settings: sorted, so that there is one name for each."""
    return "vicidial:" + ",".join(f"{key}={settings[key]}" for key in sorted(settings))


def vicidial_neighbours(name: str, target_ratio: float) -> tuple[str, ...]:
    """Names that differ from one in a single setting; the maximum level by a step.

    The drop limit may be tighter than the target, which an administrator who keeps to it will make it.
    """
    settings = dict(pair.split("=", 1) for pair in name.partition(":")[2].split(","))
    levels = _AVAILABLE_LEVELS if settings.get("available_only") == "1" else _DEFAULT_LEVELS
    level = float(settings.get("max_level", VicidialSettings().max_level))
    beside = [max((one for one in levels if one < level), default=level)]
    beside += [min((one for one in levels if one > level), default=level)]
    choices: dict[str, Iterable[str]] = {
        "method": [method for method in Method if method is not Method.RATIO],
        "max_level": [f"{one:g}" for one in beside],
        "intensity": [f"{one:g}" for one in _INTENSITIES],
        "difference_target": [f"{one:g}" for one in _DIFFERENCES],
        "drop_limit_ratio": [f"{share * target_ratio:g}" for share in _LIMITS],
    }
    usual = {"intensity": "0", "difference_target": "0", "drop_limit_ratio": f"{target_ratio:g}"}
    found = []
    for key, texts in choices.items():
        for text in texts:
            varied = {**settings, key: text}
            found.append(vicidial_name({one: value for one, value in varied.items() if usual.get(one) != value}))
    return tuple(one for one in dict.fromkeys(found) if one != name)


def _none(_: str, __: float) -> tuple[str, ...]:
    return ()


FAMILIES: Final = (
    Family(title="calls per free agent, tuned", first=tuple(f"free:ratio={one:g}" for one in RATIOS), neighbours=_none),
    Family(title="WombatDialer, tuned", first=tuple(f"wombat:boost={one:g}" for one in RATIOS), neighbours=_none),
    Family(
        title="VICIdial, tuned",
        first=tuple(
            vicidial_name({"method": Method.HARD_LIMIT, "available_only": counting, "max_level": f"{level:g}"})
            for counting, levels in (("0", _DEFAULT_LEVELS), ("1", _AVAILABLE_LEVELS))
            for level in levels
        ),
        neighbours=vicidial_neighbours,
        rounds=2,
        follows_target=True,
    ),
)
