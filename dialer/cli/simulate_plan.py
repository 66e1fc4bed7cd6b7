"""What exactly is simulated: the cases of a sweep, and where each of their numbers comes from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import product
from typing import Final

from dialer.campaigns import assignment
from dialer.leads import Lead
from dialer.settings import CampaignSettings, DialerSettings, TrunkSettings
from dialer.sim.behaviour import Behaviour
from dialer.sim.many import Case
from dialer.sim.window import Span
from dialer.types import Mode, TrunkName

Setting = float | str
"""A value of what is swept: a number, or a mode's name."""


class Key(StrEnum):
    """What can be swept, in the order of the columns; the last one varies quickest."""

    MODE = "mode"
    TARGET = "target"
    RATIO = "ratio"
    ANSWER_RATE = "answer_rate"
    TRUNKS = "trunks"
    AGENTS = "agents"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A number of the simulated world, and where it came from."""

    key: str
    value: str
    """As people read it."""
    origin: str
    """As people read it: an option, the campaign's file, the store, history, or a stand-in of the simulator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One case of a sweep."""

    settings: Mapping[Key, Setting]
    """All of them, swept or not; `ratio` in mode power only."""
    case: Case
    work: float
    """How much there is to compute, in agent-hours."""

    @property
    def target(self) -> float:
        """Abandonment at most."""
        return self.case.campaign.pacing.target_abandonment_ratio


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """The campaign as it is, before anything is swept."""

    dialer: DialerSettings
    campaign: CampaignSettings
    behaviour: Behaviour
    accounts: int | tuple[Lead, ...] | None
    span: Span

    @property
    def staff(self) -> int:
        """The campaign's own agents."""
        return sum(assignment.serves(agent, self.campaign) for agent in self.dialer.agents)

    @property
    def channels(self) -> int:
        """Of the campaign's trunks together."""
        return sum(trunk.channels for trunk in self.trunks)

    @property
    def trunks(self) -> tuple[TrunkSettings, ...]:
        """The campaign's."""
        return tuple(trunk for trunk in self.dialer.trunks if trunk.name in self.campaign.trunks)


MOST_POINTS: Final = 400


def points_of(base: Base, sweeps: Mapping[Key, Sequence[Setting]]) -> tuple[Point, ...]:
    """Every combination of the swept values.

    Args:
        base: what is not swept.
        sweeps: what was asked for on the command line -> its values; one value is a setting.
    """
    keys = [key for key in Key if key in sweeps]
    return tuple(
        _point(base, dict(zip(keys, values, strict=True))) for values in product(*(sweeps[key] for key in keys))
    )


def swept(points: Sequence[Point]) -> tuple[Key, ...]:
    """What takes more than one value, in the order of the columns."""
    return tuple(key for key in Key if len({point.settings.get(key) for point in points}) > 1)


def _point(base: Base, chosen: Mapping[Key, Setting]) -> Point:
    campaign, dialer, behaviour = base.campaign, base.dialer, base.behaviour
    pacing = campaign.pacing
    if Key.MODE in chosen:
        campaign = replace(campaign, mode=Mode(str(chosen[Key.MODE])))
    if Key.TARGET in chosen:
        pacing = replace(pacing, target_abandonment_ratio=float(chosen[Key.TARGET]))
    if Key.RATIO in chosen:
        pacing = replace(pacing, ratio=float(chosen[Key.RATIO]))
    if Key.ANSWER_RATE in chosen:
        behaviour = replace(behaviour, answer_ratio=float(chosen[Key.ANSWER_RATE]))
    if Key.TRUNKS in chosen:
        dialer = with_channels(dialer, campaign.trunks, int(chosen[Key.TRUNKS]))
    agents = int(chosen[Key.AGENTS]) if Key.AGENTS in chosen else None
    campaign = replace(campaign, pacing=pacing)
    settings = _settings(base, campaign, chosen)
    return Point(
        settings=settings,
        case=Case(
            name=" ".join(f"{key}={value}" for key, value in settings.items()),
            dialer=dialer,
            campaign=campaign,
            behaviour=behaviour,
            hours=base.span.hours,
            agents=agents,
            accounts=base.accounts,
            start_at=base.span.start_at,
        ),
        work=base.span.hours * (base.staff if agents is None else agents),
    )


def _settings(base: Base, campaign: CampaignSettings, chosen: Mapping[Key, Setting]) -> dict[Key, Setting]:
    level = base.behaviour.answers
    own: dict[Key, Setting] = {
        Key.MODE: campaign.mode.value,
        Key.TARGET: campaign.pacing.target_abandonment_ratio,
        Key.TRUNKS: base.channels,
        Key.AGENTS: base.staff,
    }
    if campaign.mode is Mode.POWER:
        own[Key.RATIO] = campaign.pacing.ratio
    if level.is_level:
        own[Key.ANSWER_RATE] = level.points[0][1]
    found = own | dict(chosen)
    return {key: found[key] for key in Key if key in found}


def with_channels(dialer: DialerSettings, names: Sequence[TrunkName], channels: int) -> DialerSettings:
    """The dialer whose trunks of these names have so many channels together, in the proportions that they have."""
    trunks = [trunk for trunk in dialer.trunks if trunk.name in names]
    shares = dict(zip((trunk.name for trunk in trunks), _shared(trunks, channels), strict=True))
    return replace(
        dialer,
        trunks=tuple(replace(trunk, channels=shares.get(trunk.name, trunk.channels)) for trunk in dialer.trunks),
    )


def _shared(trunks: Sequence[TrunkSettings], channels: int) -> Iterator[int]:
    whole, given, taken = sum(trunk.channels for trunk in trunks), 0, 0
    for trunk in trunks:
        taken += trunk.channels
        upto = round(channels * taken / whole) if whole else 0
        yield upto - given
        given = upto
