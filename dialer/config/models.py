"""The shape of the settings files: keys, kinds, bounds and defaults. Nothing outside this package sees it.

Cross-references (a trunk's server, a campaign's trunk) are checked in `dialer.config.load`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from dialer.access import Role
from dialer.config.values import (
    Addresses,
    CallerIds,
    Clock,
    Day,
    Digits,
    Duration,
    EndpointName,
    Extension,
    Host,
    Money,
    Name,
    Names,
    Prefixes,
    Ratio,
    Secret,
    Sound,
    Windows,
    one_or_more,
)
from dialer.types import Asks, ConnectStyle, Mode, NextKind, Outcome, StopFlag

Port = Annotated[int, Field(ge=1, le=65_535)]
Text = Annotated[str, Field(min_length=1, max_length=200)]
UserName = Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_.-]{0,31}$")]
Texts = Annotated[tuple[Text, ...], BeforeValidator(one_or_more)]
PerDay = Annotated[int, Field(ge=1, le=1_000)]


class Section(BaseModel):
    """A mapping with a fixed set of keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class PathsSection(Section):
    """Where the dialer keeps its things; relative to the file."""

    store: Text = "../var/dialer.sqlite"
    recordings: Text = "../var/recordings"
    control: Text = "../var/dialer.sock"
    control_group: Annotated[str, Field(pattern=r"^[a-z_][a-z0-9_-]{0,31}$")] | None = None
    log: Text | None = None
    runtime: Text = "../.runtime"
    facts: Text = "../var/facts"


class StoreSection(Section):
    """The store, where it is more than a path."""

    path: Text | None = None
    key: Secret = ""


class UserSection(Section):
    """Somebody who may ask for something."""

    role: Role
    agent: EndpointName | None = None
    token: Secret = ""


class FactsSection(Section):
    """Recording of what enters the floor."""

    record: bool = True
    keep: Annotated[Duration, Field(ge=3_600, le=3_650 * 86_400)] = 30 * 86_400.0


class ServerSection(Section):
    """One Asterisk."""

    private: bool = True
    host: Host = "127.0.0.1"
    ami_port: Port = 5038
    ami_username: Name = "dialer"
    ami_secret: Secret
    witness_secret: Secret = ""
    tls: bool = False
    tls_name: Annotated[str, Field(pattern=r"^[A-Za-z0-9.-]{0,253}$")] = ""
    ca_file: Text | None = None
    engine_hosts: Annotated[Addresses, Field(min_length=1)] = ("127.0.0.1",)
    sip_tls_port: Annotated[int, Field(ge=0, le=65_535)] = 0
    certificate: Text | None = None
    private_key: Text | None = None
    encrypt_phones: bool = False
    sip_port: Port = 5060
    sip_bind: Host = "127.0.0.1"
    rtp_start: Annotated[int, Field(ge=1_024, le=65_534)] = 10_000
    rtp_end: Annotated[int, Field(ge=1_025, le=65_535)] = 10_999


class TrunkSection(Section):
    """A way out."""

    server: Name | None = None
    host: Host
    port: Port = 5060
    channels: Annotated[int, Field(ge=1, le=10_000)] = 30
    calls_per_s: Annotated[float, Field(gt=0, le=1_000)] = 10.0
    caller_ids: CallerIds = ()
    username: Annotated[str, Field(max_length=64)] = ""
    secret: Secret = ""
    transport: Literal["udp", "tcp", "tls"] = "udp"
    srtp: bool = False
    number_format: Literal["e164", "digits", "national"] = "e164"


class AgentSection(Section):
    """A person with a phone."""

    name: Text
    server: Name | None = None
    extension: Extension
    secret: Secret
    skills: dict[Name, Annotated[int, Field(ge=0, le=5)]] = Field(default_factory=dict)
    team: Name | None = None
    connect: ConnectStyle = ConnectStyle.NAILED_UP
    language: Literal["zh", "en"] = "zh"


class SupervisorSection(Section):
    """A person who listens in."""

    name: Text
    server: Name | None = None
    secret: Secret


class DialerFile(Section):
    """`dialer.yaml`."""

    paths: PathsSection = PathsSection()
    store: StoreSection = StoreSection()
    facts: FactsSection = FactsSection()
    time_zone: Text = "Asia/Shanghai"
    region: Annotated[str, Field(pattern=r"^[A-Z]{2}$")] = "CN"
    servers: Annotated[dict[Name, ServerSection], Field(min_length=1)]
    trunks: Annotated[dict[Name, TrunkSection], Field(min_length=1)]
    agents: dict[EndpointName, AgentSection] = Field(default_factory=dict)
    supervisors: dict[EndpointName, SupervisorSection] = Field(default_factory=dict)
    users: dict[UserName, UserSection] = Field(default_factory=dict)
    pause_reasons: dict[Annotated[str, Field(pattern=r"^[0-9]$")], Text] = Field(default_factory=dict)


class PacingSection(Section):
    """How eagerly a campaign dials."""

    ratio: Annotated[float, Field(ge=1, le=20)] = 1.0
    max_ratio: Annotated[float, Field(ge=1, le=50)] = 10.0
    target_abandonment: Ratio = 0.03
    day_ends: Clock | None = None
    max_calls_per_s: Annotated[float, Field(gt=0, le=1_000)] = 50.0
    initial_answer_ratio: Ratio = 0.3
    initial_talk: Annotated[Duration, Field(gt=0)] = 120.0
    initial_wrap_up: Duration = 20.0


class OwnPrefixesSection(Section):
    """Which numbers the campaign may dial, further to what the profiles say."""

    allow: Prefixes = ()
    deny: Prefixes = ()


class PeriodSection(Section):
    """When the campaign begins and ends, as limits over its period count."""

    begins_on: Day
    ends_on: Day


class CallingSection(Section):
    """Profiles, and the campaign's own hours, caps and waits."""

    profiles: Texts = ("CN-BANK",)
    hours: dict[str, Windows] = Field(default_factory=dict)
    consent_overrides: bool = False
    on_holidays: bool = False
    closed_dates: tuple[Day, ...] = ()
    close_margin: Annotated[Duration, Field(le=7_200)] | None = None
    attempts_per_number_per_day: PerDay | None = None
    attempts_per_debtor_per_day: PerDay | None = None
    conversations_per_debtor_per_day: PerDay | None = None
    min_gap: Duration | None = None
    min_ring: Annotated[Duration, Field(ge=1, le=120)] | None = None
    legal_wait: Annotated[Duration, Field(gt=0, le=10)] | None = None
    prefixes: OwnPrefixesSection | None = None
    period: PeriodSection | None = None


class LabelSection(Section):
    """A label in both languages."""

    zh: Text
    en: Text


class DispositionSection(Section):
    """One conclusion."""

    digits: Digits
    label: LabelSection
    right_party: bool = False
    conversation: bool = False
    asks: Asks = Asks.NOTHING
    stop: StopFlag | None = None


class NextStepSection(Section):
    """One rule about what happens next."""

    name: Text
    when: Text
    then: NextKind
    after: Duration = 0.0
    team: Name | None = None


class RouteSection(Section):
    """One rule about who takes which calls."""

    name: Text
    when: Text
    skill: Name | None = None
    level: Annotated[int, Field(ge=1, le=5)] = 1
    team: Name | None = None


class PromiseSection(Section):
    """Bounds of promises to pay."""

    max_days: Annotated[int, Field(ge=0, le=365)] = 30
    min_amount: Money = Decimal("1.00")


class MessagesSection(Section):
    """What a person hears when no agent came."""

    abandoned: Sound


class CampaignFile(Section):
    """`campaigns/NAME.yaml`."""

    title: Annotated[str, Field(max_length=200)] = ""
    list: Text
    mode: Mode = Mode.PROGRESSIVE
    trunks: Annotated[Names, Field(min_length=1)]
    agents: Names = ()
    teams: Names = ()
    pacing: PacingSection = PacingSection()
    calling: CallingSection
    ring_timeout: Annotated[Duration, Field(ge=5, le=120)] = 30.0
    detect_machines: bool = False
    record: bool = True
    preview_limit: Annotated[Duration, Field(ge=1, le=3_600)] = 30.0
    agent_ring_timeout: Annotated[Duration, Field(ge=3, le=120)] = 15.0
    wrap_up_limit: Annotated[Duration, Field(ge=1, le=3_600)] = 30.0
    default_disposition: Name
    dispositions: Annotated[dict[Name, DispositionSection], Field(min_length=1)]
    next_steps: tuple[NextStepSection, ...] = ()
    routes: tuple[RouteSection, ...] = ()
    retry: dict[Outcome, tuple[Duration, ...]] = Field(default_factory=dict)
    promise: PromiseSection = PromiseSection()
    messages: MessagesSection
