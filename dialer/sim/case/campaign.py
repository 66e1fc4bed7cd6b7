"""The campaign of an arm and its dialer, as files would say them; hours, caps and next steps are the same for all."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

from dialer.calling_rules import CallingRules, Window
from dialer.settings import (
    AgentSettings,
    CampaignSettings,
    DialerSettings,
    DispositionSettings,
    MessageSettings,
    NextStepRule,
    PacingSettings,
    ServerSettings,
    TrunkSettings,
)
from dialer.sim.case.arms import Way
from dialer.sim.case.scenario import CLOSES, OPENS, SUNDAY, ZONE, Scenario
from dialer.types import (
    AgentId,
    Asks,
    CampaignName,
    DispositionCode,
    NextKind,
    Outcome,
    ServerName,
    StopFlag,
    TrunkName,
)

NAME: Final = CampaignName("case")
NO_PERSON: Final = DispositionCode("no_person")
PROMISE: Final = DispositionCode("promise")
NO_PROMISE: Final = DispositionCode("no_promise")
THIRD_PARTY: Final = DispositionCode("third_party")
WRONG_NUMBER: Final = DispositionCode("wrong_number")
CLOSE_MARGIN_S: Final = 60.0
LEGAL_WAIT_S: Final = 2.0
TOMORROW_S: Final = 16 * 3600.0
"""After a talk with somebody else, or with a machine, or a dead number: the next morning."""
AGAIN_S: Final = timedelta(days=2).total_seconds()
"""After a talk without a promise."""
TRIES: Final = 60
_SERVER: Final = ServerName("sim")
_TRUNK: Final = TrunkName("sim")
_FOLDER: Final = Path("case")


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


def campaign_settings(scenario: Scenario, way: Way) -> CampaignSettings:
    """The campaign of an arm: arms differ in the mode alone."""
    windows = {day: (Window(opens=OPENS, closes=CLOSES),) for day in range(7) if day != SUNDAY}
    fruitless = (Outcome.NO_ANSWER, Outcome.BUSY, Outcome.REJECTED, Outcome.UNREACHABLE, Outcome.MACHINE)
    ours = (Outcome.ABANDONED, Outcome.EARLY_HANGUP, Outcome.CONGESTION, Outcome.CANCELLED, Outcome.UNKNOWN)
    return CampaignSettings(
        name=NAME,
        source=_FOLDER / "case.yaml",
        list_name="case",
        mode=way.mode,
        trunks=(_TRUNK,),
        pacing=PacingSettings(
            target_abandonment_ratio=scenario.abandonment,
            day_ends=CLOSES,
            max_ratio=3.0,
            max_calls_per_s=10.0 + 0.5 * scenario.agents,
            initial_answer_ratio=0.25,
            initial_talk_s=150.0,
            initial_wrap_up_s=60.0,
        ),
        rules=CallingRules(
            windows=windows,
            close_margin_s=CLOSE_MARGIN_S,
            attempts_per_number_per_day=scenario.dials_per_day,
            attempts_per_debtor_per_day=scenario.dials_per_day,
            conversations_per_debtor_per_day=1,
            min_gap_s=scenario.min_gap_s,
            legal_wait_s=LEGAL_WAIT_S,
        ),
        ring_timeout_s=scenario.ring_timeout_s,
        record=False,
        preview_limit_s=1800.0,
        wrap_up_limit_s=1800.0,
        default_disposition=NO_PROMISE,
        dispositions=_dispositions(),
        next_steps=_next_steps(),
        retry_after_s=dict.fromkeys((*fruitless, *ours), (scenario.min_gap_s,) * TRIES),
        messages=MessageSettings(abandoned="dialer/zh/identify"),
    )


def _dispositions() -> tuple[DispositionSettings, ...]:
    return (
        DispositionSettings(code=NO_PERSON, digits="0", label_zh="无真人", label_en="No person"),
        DispositionSettings(
            code=PROMISE,
            digits="1",
            label_zh="承诺还款",
            label_en="Promise to pay",
            right_party=True,
            conversation=True,
            asks=Asks.PROMISE,
        ),
        DispositionSettings(
            code=NO_PROMISE, digits="2", label_zh="未承诺", label_en="No promise", right_party=True, conversation=True
        ),
        DispositionSettings(code=THIRD_PARTY, digits="3", label_zh="第三方", label_en="Third party"),
        DispositionSettings(
            code=WRONG_NUMBER, digits="4", label_zh="错号", label_en="Wrong number", stop=StopFlag.WRONG_NUMBER
        ),
    )


def _next_steps() -> tuple[NextStepRule, ...]:
    def rule(name: str, when: str, then: NextKind, after_s: float = 0.0) -> NextStepRule:
        return NextStepRule(name=name, when=when, then=then, after_s=after_s)

    return (
        rule("spoken to", "disposition == 'no_promise'", NextKind.RETRY, AGAIN_S),
        rule("somebody else", "disposition == 'third_party'", NextKind.RETRY, TOMORROW_S),
        rule("no person", "disposition == 'no_person'", NextKind.RETRY, TOMORROW_S),
        rule("dead number", "outcome == 'invalid'", NextKind.OTHER_NUMBER, TOMORROW_S),
    )
