"""Settings as frozen values, the form in which everything but the YAML edge knows them.

`dialer.config` reads YAML, reports errors by file and line, and builds these. A reload makes new objects;
nothing here is ever changed in place.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from pathlib import Path

from dialer.access import UserSettings
from dialer.calling_rules import CallingRules as CallingRules
from dialer.calling_rules import Window as Window
from dialer.experiments import Experiment
from dialer.types import (
    AgentId,
    Asks,
    CampaignName,
    ConnectStyle,
    DispositionCode,
    Mode,
    NextKind,
    Outcome,
    ServerName,
    StopFlag,
    TrunkName,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """One Asterisk that the engine drives."""

    name: ServerName
    host: str = "127.0.0.1"
    ami_port: int = 5038
    ami_username: str = "dialer"
    ami_secret: str = field(repr=False)
    witness_secret: str = field(default="", repr=False)
    """Secret of the read-only manager user `witness`; empty: there is none."""
    tls: bool = False
    """The manager link is encrypted, and the certificate and the name in it are checked."""
    tls_name: str = ""
    """Name in the manager's certificate; empty: `host`."""
    ca_file: Path | None = None
    """Authority (PEM) of the manager's certificate, and of TLS trunks on a private server; None: the machine's own."""
    engine_hosts: tuple[str, ...] = ("127.0.0.1",)
    """Addresses from which the manager users of the rendered files may log in."""
    sip_tls_port: int = 0
    """TCP port on which a private server takes phones and trunks over TLS; 0: none."""
    certificate: Path | None = None
    """PEM of a private server's own certificate, with those between it and the authority."""
    private_key: Path | None = None
    encrypt_phones: bool = False
    """Phones must send their audio encrypted (SRTP)."""
    sip_port: int = 5060
    sip_bind: str = "127.0.0.1"
    """Address on which a private server listens for phones and trunks; loopback until somebody decides otherwise."""
    rtp_start: int = 10000
    rtp_end: int = 10999
    private: bool = True
    """True: `dialer asterisk up` installs, configures and runs it; False: somebody else does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrunkSettings:
    """A way out to the telephone network."""

    name: TrunkName
    server: ServerName
    host: str
    port: int = 5060
    channels: int = 30
    calls_per_s: float = 10.0
    caller_ids: tuple[str, ...] = ()
    username: str = ""
    secret: str = field(default="", repr=False)
    transport: str = "udp"
    """How SIP goes there: `udp`, `tcp` or `tls`."""
    srtp: bool = False
    """Audio must be encrypted."""
    number_format: str = "e164"
    """How the trunk wants numbers: `e164` (+86139...), `digits` (86139...), or `national` (139...)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """A person with a phone. The id is also the name of the SIP endpoint."""

    id: AgentId
    name: str
    server: ServerName
    extension: str
    """Digits by which supervisors spy on the agent, such as 1001."""
    secret: str = field(repr=False)
    skills: Mapping[str, int] = field(default_factory=dict)
    team: str = ""
    connect: ConnectStyle = ConnectStyle.NAILED_UP
    language: str = "zh"


@dataclass(frozen=True, slots=True, kw_only=True)
class SupervisorSettings:
    """A person who may listen, whisper and barge from a phone."""

    id: str
    name: str
    server: ServerName
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsSettings:
    """Whether and where the engine records what enters the floor; see `dialer.replay`."""

    folder: Path
    record: bool = True
    keep_s: float = 30 * 86_400.0
    """Recordings are removed when they were last written to longer ago than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DialerSettings:
    """`config/dialer.yaml`."""

    source: Path
    store_path: Path
    recordings_path: Path
    control_path: Path
    """The engine's unix socket."""
    log_path: Path | None
    """JSON lines; None: standard error."""
    runtime_path: Path
    """Where the private Asterisk is installed and run."""
    facts: FactsSettings | None = None
    """None: nothing is recorded."""
    time_zone: str = "Asia/Shanghai"
    """Zone of reports, of promises' dates, and of debtors whose own zone a country code cannot tell."""
    region: str = "CN"
    """Country of numbers written without a country code (ISO 3166)."""
    servers: tuple[ServerSettings, ...]
    trunks: tuple[TrunkSettings, ...]
    agents: tuple[AgentSettings, ...]
    supervisors: tuple[SupervisorSettings, ...] = ()
    pause_reasons: Mapping[str, str] = field(default_factory=dict)
    """DTMF digit after *1 -> reason."""
    store_key: str = field(default="", repr=False)
    """Encrypts the store; empty: it is not encrypted."""
    users: tuple[UserSettings, ...] = ()
    """Who may ask for what; none: whoever can open the files is admin."""
    control_group: str = ""
    """The group of the operating system whose members may connect to the control socket; empty: its owner alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacingSettings:
    """How eagerly a campaign dials."""

    ratio: float = 1.0
    """Mode `power`: calls in the air per free agent."""
    max_ratio: float = 10.0
    """Mode `predictive`: never more calls in the air than this many per logged-in agent."""
    target_abandonment_ratio: float = 0.03
    """Abandoned / answered by a person, over the campaign."""
    day_ends: time | None = None
    """When the agents go home, in the dialer's zone; the abandonment budget is planned up to then. None: not known.

    It may be after midnight. The budget is that of a calendar day, so it is planned up to midnight first and then, with
    the next day's, up to the end. For six hours after it overtime is assumed, planned as if no end was known.
    """
    max_calls_per_s: float = 50.0
    initial_answer_ratio: float = 0.3
    """What is believed of the list before the first calls have ended."""
    initial_talk_s: float = 120.0
    initial_wrap_up_s: float = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DispositionSettings:
    """One conclusion an agent can key in."""

    code: DispositionCode
    digits: str
    """One or two DTMF digits."""
    label_zh: str
    label_en: str
    right_party: bool = False
    conversation: bool = False
    """Counts as a conversation for the caps."""
    asks: Asks = Asks.NOTHING
    stop: StopFlag | None = None
    """Set on the debtor or number for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStepRule:
    """If `when` holds after a call, do `then`. Rules are tried in order; the first that holds wins."""

    name: str
    when: str
    """A rule-engine expression over the facts listed in `dialer.campaigns.assignment`."""
    then: NextKind
    after_s: float = 0.0
    team: str = ""
    source: str = ""
    """file:line, for explanations."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteRule:
    """If `when` holds for an account, only agents with this skill at this level may take its calls."""

    name: str
    when: str
    skill: str = ""
    level: int = 1
    team: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageSettings:
    """What a person hears when no agent came."""

    abandoned: str
    """A sound's name, without extension, known to every server of the campaign."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignSettings:
    """`config/campaigns/NAME.yaml`."""

    name: CampaignName
    source: Path
    title: str = ""
    list_name: str
    mode: Mode = Mode.PROGRESSIVE
    trunks: tuple[TrunkName, ...]
    agents: tuple[AgentId, ...] = ()
    """Empty: every agent, or every agent of the teams."""
    teams: tuple[str, ...] = ()
    pacing: PacingSettings = PacingSettings()
    rules: CallingRules
    ring_timeout_s: float = 30.0
    detect_machines: bool = False
    record: bool = True
    preview_limit_s: float = 30.0
    """Mode `preview`: an account not accepted in this time is skipped."""
    agent_ring_timeout_s: float = 15.0
    """Connect style `ring`: an agent who does not pick up in this time is paused."""
    wrap_up_limit_s: float = 30.0
    default_disposition: DispositionCode
    dispositions: tuple[DispositionSettings, ...]
    next_steps: tuple[NextStepRule, ...]
    routes: tuple[RouteRule, ...] = ()
    retry_after_s: Mapping[Outcome, tuple[float, ...]] = field(default_factory=dict)
    """Outcome -> waits before the 1st, 2nd, ... retry; past the last one the account is closed."""
    promise_max_days: int = 30
    promise_min_amount: Decimal = Decimal("1.00")
    hold_outs: tuple[Experiment, ...] = ()
    """Experiments that leave somebody alone for a while; see `dialer.store.hold_outs`."""
    messages: MessageSettings
