"""What chaos plays on: a small disk, settings, a list, SIPp as the people, a private Asterisk, phones, the engine."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from benchmarks.callees import Sipp
from benchmarks.chaos.hearing import Ears, write_tone
from benchmarks.chaos.people import Behaviour, SeenCall, seen_calls
from benchmarks.chaos.processes import EngineProcess
from benchmarks.chaos.wire import Wire
from dialer.accounts.imported import ImportedAccount
from dialer.app import open_store
from dialer.config import load_dialer
from dialer.demo.stage import PortPlan, plan_ports, working_folder
from dialer.pbx.install import AsteriskTools, ensure_asterisk
from dialer.pbx.instance import AsteriskInstance
from dialer.pbx.prompts import build_prompts
from dialer.pbx.wiring import describe_server
from dialer.phones.protocol import EventName, PhoneEvent
from dialer.phones.spawned import PHONES_PER_PROCESS, Phones
from dialer.settings import DialerSettings
from dialer.types import Number

REPOSITORY = Path(__file__).resolve().parents[2]
CAMPAIGN = "chaos"
LEGAL_WAIT_S = 2.0
CALLS_PER_NUMBER = 2
"""A day, by the campaign's rules."""
DISK_BYTES = 64_000_000
_PHONE_WATCH_S = 1.0
"""How often a phone asks whether its leg still exists, so that it notices a killed Asterisk soon."""

Progress = Callable[[str], None]


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything at hand."""

    settings: DialerSettings
    asterisk: AsteriskInstance
    engine: EngineProcess
    wire: Wire
    ears: Ears
    disk: Disk
    phone_events: list[PhoneEvent]
    people_log: Path
    sipp: Sipp

    def calls(self) -> list[SeenCall]:
        """What the network saw so far."""
        return seen_calls(self.people_log)

    def agents_back_s(self, since_s: float) -> float | None:
        """When, monotonic, the first phone had a leg again after a moment; None: none yet."""
        events = [e for e in self.phone_events if e.name is EventName.CONNECTED and e.at_s >= since_s]
        return min((e.at_s for e in events), default=None)


class Disk:
    """The disk under the store, its log and the recorded facts: a small one of its own where we may mount it.

    Where we may not, the engine is forbidden to let any file grow, which is the same to it but for the error's name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"
        self._limited: int | None = None
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES},mode=0700", "tmpfs", str(folder)],
            capture_output=True,
            check=False,
        )
        self.is_mounted = mounted.returncode == 0

    def __enter__(self) -> Disk:
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=False)

    def fill(self, engine_pid: int) -> None:
        """Leave no byte free."""
        if not self.is_mounted:
            self._limited = engine_pid
            resource.prlimit(engine_pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            return
        with contextlib.suppress(OSError), self._filler.open("wb", buffering=0) as file:
            while file.write(bytes(65536)):
                pass
        with contextlib.suppress(OSError), self._filler.open("ab", buffering=0) as file:
            while file.write(b"\0"):
                pass

    def clear(self) -> None:
        """Give the space back."""
        self._filler.unlink(missing_ok=True)
        if self._limited is not None:
            free = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            with contextlib.suppress(ProcessLookupError):
                resource.prlimit(self._limited, resource.RLIMIT_FSIZE, free)
            self._limited = None


@contextlib.contextmanager
def set_up(
    folder: Path,
    runtime: Path,
    behaviour: Behaviour,
    *,
    accounts: int,
    campaign: Mapping[str, object],
    calls_per_s: float = 10.0,
    small_disk: bool = True,
    progress: Progress = lambda _line: None,
) -> Iterator[Stage]:
    """Start everything, the engine last, and end it all at the end.

    Args:
        folder: fresh or missing.
        runtime: where Asterisk is installed.
        behaviour: of the people.
        accounts: how many made-up accounts the list has, each with a number of its own.
        campaign: keys of the campaign's file that differ from the demo's; mappings are merged.
        calls_per_s: what the trunk allows.
        small_disk: put the store on a small disk of its own, to be filled.
        progress: is told what is being done.
    """
    with contextlib.ExitStack() as stack:
        ports = plan_ports()
        main = working_folder(folder / "work", REPOSITORY / "config")
        small = folder / "work/small"
        small.mkdir()
        disk = stack.enter_context(Disk(small)) if small_disk else _no_disk(small)
        _edit(main, calls_per_s)
        stack.enter_context(_environment(ports.environment() | {"DIALER_RUNTIME": str(runtime.absolute())}))
        settings = load_dialer(main)
        write_campaign(settings, CAMPAIGN, campaign)
        import_list(settings, accounts)
        tools = ensure_asterisk(runtime / "asterisk", progress)
        ears = stack.enter_context(Ears())
        sipp = stack.enter_context(_people(tools, folder / "people", behaviour, ports, ears))
        asterisk = stack.enter_context(_asterisk(tools, settings, progress))
        phone_events: list[PhoneEvent] = []
        phones = stack.enter_context(Phones(f"127.0.0.1:{ports.sip}", on_event=_noting(phone_events, folder)))
        passwords = {str(agent.id): agent.secret for agent in settings.agents}
        tone = write_tone(folder / "tone.wav")
        for some in _in_groups(passwords):
            phones.add(some, dial="*10", stay=True, play=tone, watch_every_s=_PHONE_WATCH_S)
        wire = stack.enter_context(Wire(ports.ami))
        engine = EngineProcess(settings, folder, {"DIALER_AMI_PORT": str(wire.port)})
        stack.callback(engine.stop)
        engine.start()
        wait_until(lambda: _all_ready(engine, len(passwords)), "all agents are ready", within_s=60)
        progress(f"{len(passwords)} agents are ready; {accounts} made-up accounts.")
        yield Stage(
            settings=settings,
            asterisk=asterisk,
            engine=engine,
            wire=wire,
            ears=ears,
            disk=disk,
            phone_events=phone_events,
            people_log=folder / "people/invites.txt",
            sipp=sipp,
        )


def _noting(events: list[PhoneEvent], folder: Path) -> Callable[[PhoneEvent], None]:
    """Keep what phones tell, here and in a file for whoever looks for the cause of something."""

    def note(event: PhoneEvent) -> None:
        events.append(event)
        with (folder / "phones.jsonl").open("a", encoding="utf-8") as file:
            file.write(event.to_json() + "\n")

    return note


def wait_until(holds: Callable[[], bool], what: str, *, within_s: float) -> None:
    """Look until it holds.

    Raises:
        TimeoutError: it does not.
    """
    deadline_s = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"Waited {within_s:.0f} s in vain until {what}.")
        time.sleep(0.05)


def write_campaign(settings: DialerSettings, name: str, changes: Mapping[str, object]) -> None:
    """Write `campaigns/NAME.yaml`: the demo's with these changes."""
    folder = settings.source.parent / "campaigns"
    yaml = YAML(typ="safe")
    yaml.allow_unicode = True
    whole = yaml.load((folder / "demo.yaml").read_text(encoding="utf-8"))
    whole |= {"list": name, "next_steps": [], "routes": []}
    for key, value in changes.items():
        merged = isinstance(value, Mapping) and key in ("pacing", "calling")
        whole[key] = {**whole[key], **value} if merged and isinstance(value, Mapping) else value
    with (folder / f"{name}.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(whole, file)


def import_list(settings: DialerSettings, accounts: int) -> None:
    """Made-up debtors, each with a number of their own."""
    store = open_store(settings)
    people = (
        ImportedAccount(
            account_no=f"C{index:06d}",
            debtor_name="测试人",
            phones=(Number(f"+86199{index:08d}"),),
            zones=("Asia/Shanghai",),
            amount_due=Decimal("1000.00"),
        )
        for index in range(accounts)
    )
    store.import_accounts(CAMPAIGN, "chaos", people, datetime.now(UTC))
    store.close()


def _in_groups(passwords: dict[str, str]) -> Iterator[dict[str, str]]:
    """Phones by process: one fewer than calls fit in, for a leg that a killed Asterisk leaves behind ends late."""
    pairs = iter(passwords.items())
    while some := dict(islice(pairs, PHONES_PER_PROCESS - 1)):
        yield some


def _edit(main: Path, calls_per_s: float) -> None:
    round_trip = YAML()
    whole: dict[str, Any] = round_trip.load(main.read_text(encoding="utf-8"))
    whole["paths"] |= {"store": "../small/dialer.sqlite", "log": "../small/dialer.log", "facts": "../small/facts"}
    whole["trunks"]["carrier"] |= {"calls_per_s": calls_per_s, "channels": 100}
    with main.open("w", encoding="utf-8") as file:
        round_trip.dump(whole, file)


def _no_disk(folder: Path) -> Disk:
    disk = Disk.__new__(Disk)
    disk.folder, disk.is_mounted = folder, False
    return disk


def _people(tools: AsteriskTools, folder: Path, behaviour: Behaviour, ports: PortPlan, ears: Ears) -> Sipp:
    scenario = behaviour.scenario(ears.port)
    return Sipp(tools, folder, _Written(scenario), port=ports.carrier_sip, media_port=ports.carrier_rtp)


@dataclass(frozen=True, slots=True)
class _Written:
    """A scenario that is there already."""

    text: str

    def scenario(self) -> str:
        """The text."""
        return self.text


def _asterisk(tools: AsteriskTools, settings: DialerSettings, progress: Progress) -> AsteriskInstance:
    sounds = build_prompts(tools, tools.folder / "sounds", progress)
    settings.recordings_path.mkdir(parents=True, exist_ok=True, mode=0o700)
    pbx = describe_server(settings, settings.servers[0], tools.version)
    # SIPp would take an OPTIONS for the beginning of a call.
    pbx = replace(pbx, trunks=tuple(replace(trunk, qualify_every_s=0) for trunk in pbx.trunks))
    return AsteriskInstance.for_dialer(tools, settings.recordings_path.parent / "asterisk", pbx, sounds)


def _all_ready(engine: EngineProcess, wanted: int) -> bool:
    seen = engine.snapshot()
    return seen is not None and sum(row.state == "ready" for row in seen.agents) >= wanted


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
