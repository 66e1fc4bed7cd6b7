"""The campaign of an arm and its dialer: what `case.yaml` says, the same for all but the mode.

The file is read where files may be, above this room, by the loader of every campaign: `dialer.cli.simulate_case_rules`.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from dialer.settings import AgentSettings, CampaignSettings, DialerSettings, ServerSettings, TrunkSettings
from dialer.sim.case.arms import Way
from dialer.sim.case.scenario import ZONE, Scenario
from dialer.types import AgentId, CampaignName, DispositionCode, ServerName, TrunkName

FILE: Final = Path(__file__).with_name("case.yaml")
NAME: Final = CampaignName(FILE.stem)
NO_PERSON: Final = DispositionCode("no_person")
PROMISE: Final = DispositionCode("promise")
NO_PROMISE: Final = DispositionCode("no_promise")
THIRD_PARTY: Final = DispositionCode("third_party")
WRONG_NUMBER: Final = DispositionCode("wrong_number")
_SERVER: Final = ServerName("sim")
_TRUNK: Final = TrunkName("sim")
_FOLDER: Final = FILE.parent


def dialer_settings(scenario: Scenario) -> DialerSettings:
    """A dialer with so many agents, and lines enough."""
    return DialerSettings(
        source=_FOLDER / "dialer.yaml",
        store_path=_FOLDER,
        recordings_path=_FOLDER,
        control_path=_FOLDER / "control",
        log_path=None,
        runtime_path=_FOLDER,
        time_zone=ZONE.key,
        servers=(ServerSettings(name=_SERVER, ami_secret="none"),),
        trunks=(
            TrunkSettings(
                name=_TRUNK,
                server=_SERVER,
                host="127.0.0.1",
                channels=20 + 6 * scenario.agents,
                calls_per_s=10.0 + 0.5 * scenario.agents,
            ),
        ),
        agents=tuple(
            AgentSettings(
                id=AgentId(f"sim{number:04d}"),
                name=f"坐席{number}",
                server=_SERVER,
                extension=f"{number}",
                secret="none",
            )
            for number in range(1, scenario.agents + 1)
        ),
    )


def campaign_settings(file: CampaignSettings, scenario: Scenario, way: Way) -> CampaignSettings:
    """The campaign of an arm.

    Args:
        file: the campaign as `case.yaml` has it, with the rules of its profiles.
        scenario: its limits can only be stricter than the file's.
        way: gives the mode.
    """
    target = min(scenario.abandonment, file.pacing.target_abandonment_ratio)
    return replace(
        file,
        mode=way.mode,
        ring_timeout_s=scenario.ring_timeout_s,
        pacing=replace(file.pacing, target_abandonment_ratio=target, max_calls_per_s=10.0 + 0.5 * scenario.agents),
        rules=replace(file.rules, attempts_per_debtor_per_day=scenario.dials_per_day),
    )
