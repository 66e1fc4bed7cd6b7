"""A scenario in the simulator's words: settings of the floor, and how its world behaves.

The same for every rule: the legal wait, the ring timeout, the channels. Where the product has limits that would help or
hinder one rule they are out of the way: no limit of the calls per agent, wrap-ups as long as they take, channels and
calls per second in plenty unless the scenario is about them. What a campaign believes at first is what its settings say
by default, in every scenario, and mostly wrong; the cold start counts.
"""

from __future__ import annotations

import math
from dataclasses import fields, replace
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.pacing.scenarios import Scenario
from dialer.settings import (
    AgentSettings,
    CallingRules,
    CampaignSettings,
    DialerSettings,
    DispositionSettings,
    MessageSettings,
    PacingSettings,
    ServerSettings,
    TrunkSettings,
    Window,
)
from dialer.sim.behaviour import Behaviour, Curve, MassBreak, Rest, Shift
from dialer.sim.durations import Exponential, Lognormal
from dialer.sim.run import SOME_DAY_AT
from dialer.types import AgentId, CampaignName, DispositionCode, Mode, ServerName, TrunkName

SERVER, TRUNK = ServerName("main"), TrunkName("trunk")
PLENTY_CHANNELS_PER_AGENT = 60
PLENTY_CALLS_PER_S = 200.0
PLENTY_CALLS_PER_S_AND_AGENT = 4.0
"""A peer's round places all its calls within some hundredths of a second at this rate; see `asking.Backlog`."""
WRAP_UP_LIMIT_S = 600.0
MAX_RATIO = 50.0
NO_RESULT = DispositionCode("no_result")
RING_S = Behaviour().post_dial_delay.mean_s + Behaviour().ring.mean_s
"""From placing a call to a person's answer, on average."""
_FOLDER = Path("/nowhere")


def people(scenario: Scenario) -> int:
    """How many agents there are, one shift after the other."""
    return sum(shift.agents for shift in scenario.shifts)


def dialer_settings(scenario: Scenario) -> DialerSettings:
    """One server, one trunk, all agents of all shifts."""
    calls_per_s = _plenty_per_s(scenario) if scenario.calls_per_s is None else scenario.calls_per_s
    channels = PLENTY_CHANNELS_PER_AGENT * people(scenario) if scenario.channels is None else scenario.channels
    return DialerSettings(
        source=_FOLDER / "dialer.yaml",
        store_path=_FOLDER / "store",
        recordings_path=_FOLDER,
        control_path=_FOLDER / "control",
        log_path=None,
        runtime_path=_FOLDER,
        servers=(ServerSettings(name=SERVER, ami_secret="none"),),
        trunks=(
            TrunkSettings(name=TRUNK, server=SERVER, host="127.0.0.1", channels=channels, calls_per_s=calls_per_s),
        ),
        agents=tuple(
            AgentSettings(
                id=AgentId(f"a{number:04d}"),
                name=f"坐席{number}",
                server=SERVER,
                extension=f"{1000 + number}",
                secret="none",
            )
            for number in range(people(scenario))
        ),
    )


def campaign_settings(scenario: Scenario, target_ratio: float) -> CampaignSettings:
    """One predictive campaign that is open all day.

    Args:
        scenario: where.
        target_ratio: abandoned / answered by a person that is allowed; also to rivals that steer by it.
    """
    all_day = dict.fromkeys(range(7), (Window(opens=time(0), closes=time(0)),))
    return CampaignSettings(
        name=CampaignName("pacing"),
        source=_FOLDER / "pacing.yaml",
        list_name="pacing",
        mode=Mode.PREDICTIVE,
        trunks=(TRUNK,),
        pacing=PacingSettings(
            target_abandonment_ratio=target_ratio,
            day_ends=_day_ends(scenario),
            max_ratio=MAX_RATIO,
            max_calls_per_s=_plenty_per_s(scenario),
        ),
        rules=CallingRules(windows=all_day, close_margin_s=0.0, legal_wait_s=scenario.legal_wait_s),
        detect_machines=scenario.detects_machines,
        record=False,
        wrap_up_limit_s=WRAP_UP_LIMIT_S,
        default_disposition=NO_RESULT,
        dispositions=(DispositionSettings(code=NO_RESULT, digits="0", label_zh="无结果", label_en="no result"),),
        next_steps=(),
        messages=MessageSettings(abandoned="dialer/zh/sorry"),
    )


def _day_ends(scenario: Scenario) -> time:
    """The end of the run, which campaigns know as a rule; runs begin at `SOME_DAY_AT`."""
    zone = ZoneInfo(dialer_settings(scenario).time_zone)
    return (SOME_DAY_AT + timedelta(hours=scenario.hours)).astimezone(zone).time()


def _plenty_per_s(scenario: Scenario) -> float:
    return max(PLENTY_CALLS_PER_S, PLENTY_CALLS_PER_S_AND_AGENT * people(scenario))


def behaviour(scenario: Scenario) -> Behaviour:
    """How people answer, talk, wrap up and take breaks."""
    usual = Rest()
    others = {
        field.name: getattr(usual, field.name) * (1.0 - scenario.machine_ratio)
        for field in fields(usual)
        if field.name != "machine"
    }
    return Behaviour(
        answer_ratio=Curve(points=tuple((3600.0 * hours, ratio) for hours, ratio in scenario.answers)),
        rest=replace(usual, **others, machine=scenario.machine_ratio),
        talk=Lognormal(mean_s=scenario.talk_s, cv=1.0),
        wrap_up=Lognormal(mean_s=scenario.wrap_up_s, cv=0.6),
        patience=None if scenario.patience_s is None else Exponential(mean_s=scenario.patience_s),
        break_gap_s=3600.0 * scenario.break_every_h,
        mass_breaks=tuple(
            MassBreak(at_s=3600.0 * lunch.at_h, length_s=60.0 * lunch.minutes, share=lunch.share)
            for lunch in scenario.lunches
        ),
        shifts=tuple(
            Shift(
                agents=shift.agents,
                login_s=3600.0 * shift.from_h,
                logout_s=math.inf if shift.until_h is None else 3600.0 * shift.until_h,
            )
            for shift in scenario.shifts
        ),
        dispositions=((NO_RESULT, 1.0),),
    )
