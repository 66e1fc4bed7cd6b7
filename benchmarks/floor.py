"""A floor to be measured: settings, a store with a list, a private Asterisk, SIPp as the people, and agents' phones."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from benchmarks.callees import Callees, Sipp
from dialer import app
from dialer.accounts.imported import ImportedAccount
from dialer.demo.stage import RTP_PORTS, PortPlan, plan_ports
from dialer.pbx.install import AsteriskTools, ensure_asterisk
from dialer.pbx.instance import AsteriskInstance
from dialer.pbx.prompts import build_prompts
from dialer.pbx.wiring import describe_server
from dialer.phones.protocol import PhoneEvent
from dialer.phones.spawned import Phones
from dialer.settings import AgentSettings, DialerSettings, ServerSettings, TrunkSettings
from dialer.types import AgentId, Mode, Number, ServerName, TrunkName

TRUNK = TrunkName("callees")
SERVER = ServerName("local")
_CAMPAIGN = """\
title: Benchmark
list: {name}
mode: {mode}
trunks: [{trunk}]
pacing: {{ratio: {ratio}, max_calls_per_s: {calls_per_s}}}
# Made-up people on a simulated network: hours, gaps and caps are open, but the gate is asked for every call.
calling:
  profiles: []
  hours: {{every day: 00:00-24:00}}
  close_margin: 0s
  min_gap: 0s
  min_ring: 5s
  legal_wait: 2s
ring_timeout: 5s
record: {record}
wrap_up_limit: {wrap_up_limit}s
dispositions: {{done: {{digits: 1, label: {{zh: 完成, en: Done}}, conversation: true}}}}
default_disposition: done
retry: {{}}
messages: {{abandoned: dialer/zh/identify}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One campaign of a benchmark.

    Attributes:
        name: Of the campaign and of its list.
        first: Number of the first account; lists of one benchmark must not overlap.
        accounts: How many, each with a number of its own.
        mode: Of pacing.
        ratio: Calls in the air per free agent, in mode `power`.
        record: Whether conversations are recorded.
        wrap_up_limit_s: After that the agent is free again without a word.
    """

    name: str
    first: int
    accounts: int
    mode: Mode = Mode.PROGRESSIVE
    ratio: float = 1.0
    record: bool = False
    wrap_up_limit_s: int = 10


@dataclass(slots=True, kw_only=True)
class Floor:
    """What runs."""

    settings: DialerSettings
    asterisk: AsteriskInstance
    sipp: Sipp


@contextlib.contextmanager
def set_up(
    folder: Path,
    runtime: Path,
    callees: Callees,
    runs: Sequence[Run],
    *,
    agents: int,
    calls_per_s: float,
    record: Path | None = None,
    on_phone_event: Callable[[PhoneEvent], None] | None = None,
    progress: Callable[[str], None] = lambda _line: None,
) -> Iterator[Floor]:
    """Start everything but the engine, and end it.

    Args:
        folder: Empty; everything is written here.
        runtime: Where Asterisk is installed.
        callees: How people behave.
        runs: The campaigns; their lists are imported.
        agents: How many have a phone and dial *10; the phones log in before the engine is there and wait.
        calls_per_s: What the trunk allows.
        record: WAV of what each phone hears, with `{user}` in its name; the phones then tell, too, what they hear.
        on_phone_event: Is given what the phones tell, in reader threads.
        progress: Is told what is being done.
    """
    tools = ensure_asterisk(runtime / "asterisk", progress)
    ports = plan_ports()
    settings = dialer_settings(folder, runtime, ports, agents, calls_per_s)
    _write_lists(settings, runs, calls_per_s)
    with contextlib.ExitStack() as stack:
        sipp = Sipp(tools, folder / "sipp", callees, port=ports.carrier_sip, media_port=ports.carrier_rtp)
        stack.enter_context(sipp)
        asterisk = stack.enter_context(private_asterisk(tools, settings, progress))
        phones = stack.enter_context(Phones(f"127.0.0.1:{ports.sip}", on_event=on_phone_event))
        passwords: dict[str, str] = {agent.id: agent.secret for agent in settings.agents}
        phones.add(passwords, dial="*10", stay=True, listen=record is not None, record=record)
        yield Floor(settings=settings, asterisk=asterisk, sipp=sipp)


def dialer_settings(folder: Path, runtime: Path, ports: PortPlan, agents: int, calls_per_s: float) -> DialerSettings:
    """One server, one trunk to the simulated people, and so many agents."""
    server = ServerSettings(
        name=SERVER,
        ami_port=ports.ami,
        ami_secret=secrets.token_hex(16),
        witness_secret=secrets.token_hex(16),
        sip_port=ports.sip,
        rtp_start=ports.rtp,
        rtp_end=ports.rtp + RTP_PORTS - 1,
    )
    trunk = TrunkSettings(
        name=TRUNK,
        server=SERVER,
        host="127.0.0.1",
        port=ports.carrier_sip,
        channels=1000,
        calls_per_s=calls_per_s,
        caller_ids=("+862100000101",),
    )
    people = tuple(
        AgentSettings(
            id=AgentId(f"agent{index:02d}"),
            name=f"坐席{index:02d}",
            server=SERVER,
            extension=str(1000 + index),
            secret=secrets.token_hex(16),
        )
        for index in range(1, agents + 1)
    )
    return DialerSettings(
        source=folder / "config/dialer.yaml",
        store_path=folder / "dialer.sqlite",
        recordings_path=folder / "recordings",
        control_path=folder / "dialer.sock",
        log_path=folder / "dialer.log",
        runtime_path=runtime,
        servers=(server,),
        trunks=(trunk,),
        agents=people,
    )


def _write_lists(settings: DialerSettings, runs: Sequence[Run], calls_per_s: float) -> None:
    campaigns = app.campaigns_folder(settings)
    campaigns.mkdir(parents=True)
    store = app.open_store(settings)
    for run in runs:
        text = _CAMPAIGN.format(
            name=run.name,
            mode=run.mode.value,
            trunk=TRUNK,
            ratio=run.ratio,
            calls_per_s=calls_per_s,
            record=str(run.record).lower(),
            wrap_up_limit=run.wrap_up_limit_s,
        )
        (campaigns / f"{run.name}.yaml").write_text(text, encoding="utf-8")
        people = (account(number) for number in range(run.first, run.first + run.accounts))
        store.import_accounts(run.name, "benchmark", people, datetime.now(UTC))
    store.close()


def account(number: int) -> ImportedAccount:
    """A made-up debtor with a number of their own."""
    return ImportedAccount(
        account_no=f"B{number:08d}",
        debtor_name="测试人",
        phones=(Number(f"+86199{number:08d}"),),
        zones=("Asia/Shanghai",),
        amount_due=Decimal("1000.00"),
    )


def private_asterisk(
    tools: AsteriskTools, settings: DialerSettings, progress: Callable[[str], None]
) -> AsteriskInstance:
    """The dialer's Asterisk, to be entered."""
    sounds = build_prompts(tools, tools.folder / "sounds", progress)
    settings.recordings_path.mkdir(parents=True, exist_ok=True, mode=0o700)
    pbx = describe_server(settings, settings.servers[0], tools.version)
    # SIPp would take an OPTIONS for the beginning of a call.
    pbx = replace(pbx, trunks=tuple(replace(trunk, qualify_every_s=0) for trunk in pbx.trunks))
    return AsteriskInstance.for_dialer(tools, settings.store_path.parent / "asterisk", pbx, sounds)
