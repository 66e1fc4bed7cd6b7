"""The stage: free ports, a fresh working folder, a dialer Asterisk, a telephone network, and agents' phones."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dialer.config import load_dialer
from dialer.errors import PbxError
from dialer.pbx.carrier import Carrier, CarrierSettings
from dialer.pbx.free_ports import free_audio_ports, free_tcp_port, free_udp_port
from dialer.pbx.install import ensure_asterisk
from dialer.pbx.wiring import private_instances
from dialer.phones.spawned import Phone, Phones
from dialer.settings import DialerSettings

RTP_PORTS = 800
_SECRET_FILE = re.compile(r"!file\s+(\S+)")
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortPlan:
    """Loopback ports of a stage; the variables are the ones that `config/dialer.yaml` asks for."""

    ami: int
    sip: int
    rtp: int
    carrier_sip: int
    carrier_ami: int
    carrier_rtp: int

    def environment(self) -> dict[str, str]:
        """What `config/dialer.yaml` reads by `!env`."""
        return {
            "DIALER_AMI_PORT": str(self.ami),
            "DIALER_SIP_PORT": str(self.sip),
            "DIALER_RTP_START": str(self.rtp),
            "DIALER_RTP_END": str(self.rtp + RTP_PORTS - 1),
            "DIALER_CARRIER_PORT": str(self.carrier_sip),
        }


def plan_ports() -> PortPlan:
    """Ports that are free at this moment; those that the environment names are taken as they are."""
    audio = free_audio_ports(RTP_PORTS)
    return PortPlan(
        ami=_named("DIALER_AMI_PORT") or free_tcp_port(),
        sip=_named("DIALER_SIP_PORT") or free_udp_port(),
        rtp=_named("DIALER_RTP_START") or audio.start,
        carrier_sip=_named("DIALER_CARRIER_PORT") or free_udp_port(),
        carrier_ami=free_tcp_port(),
        carrier_rtp=free_audio_ports(RTP_PORTS, beside=[audio]).start,
    )


def _named(variable: str) -> int | None:
    text = os.environ.get(variable, "")
    return int(text) if text.isdigit() else None


@contextlib.contextmanager
def own_folder(runtime: Path) -> Iterator[Path]:
    """A working folder that no other demo uses as long as the context lasts: `demo`, else `demo-2` and so on.

    Raises:
        PbxError: Nine demos run already.
    """
    runtime.mkdir(parents=True, exist_ok=True)
    for name in ("demo", *(f"demo-{number}" for number in range(2, 10))):
        with (runtime / f"{name}.lock").open("w") as lock:  # the kernel drops it when the process dies
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield runtime / name
            return
    raise PbxError(f"Nine demos run already in {runtime}; end one of them.")


def working_folder(folder: Path, config: Path) -> Path:
    """Make a fresh working folder with a copy of a configuration and new secrets.

    Args:
        folder: emptied first; must be a folder that this function made, or not exist.
        config: the folder that holds `dialer.yaml` and `campaigns/`.

    Returns:
        The copy of `dialer.yaml`.
    """
    mark = folder / ".made-by-dialer-demo"
    if folder.exists():
        if not mark.exists():
            raise PbxError(f"{folder} exists and was not made by the demo; move it away or choose another folder.")
        shutil.rmtree(folder)
    shutil.copytree(config, folder / "config", ignore=shutil.ignore_patterns("secrets"))
    mark.touch()
    main = folder / "config" / "dialer.yaml"
    make_secrets(main)
    return main


def make_secrets(main: Path) -> None:
    """Write a random secret for every `!file` that a `dialer.yaml` names and that is missing."""
    for name in _SECRET_FILE.findall(main.read_text(encoding="utf-8")):
        path = main.parent / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(secrets.token_hex(16) + "\n", encoding="ascii")


@dataclass(slots=True, kw_only=True)
class Stage:
    """Everything that must run before the first call."""

    settings: DialerSettings
    carrier: Carrier
    phones: dict[str, Phone]


@contextlib.contextmanager
def set_up(
    main: Path,
    ports: PortPlan,
    runtime: Path,
    progress: Progress,
    *,
    carrier: CarrierSettings | None = None,
    agents: int | None = None,
    play: Path | None = None,
    record: Path | None = None,
) -> Iterator[Stage]:
    """Start both Asterisks and the phones; end them all at the end, and with this process whatever happens.

    Args:
        main: the `dialer.yaml` of the working folder.
        ports: where everything listens.
        runtime: where Asterisk is installed, so that a second run finds it.
        progress: is told what is being done, a sentence at a time.
        carrier: how the network behaves; its ports are taken from `ports`. None: by chance.
        agents: only the first so many agents get a phone; None: all.
        play: WAV that the agents speak.
        record: WAV of what they hear, with `{user}` in its name.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(_environment(ports.environment() | {"DIALER_RUNTIME": str(runtime.absolute())}))
        settings = load_dialer(main)
        tools = ensure_asterisk(runtime / "asterisk", progress)
        if carrier is None:
            carrier = carrier_settings(ports)
        network = stack.enter_context(Carrier(tools, main.parent.parent / "carrier", carrier, progress))
        progress("The telephone network (simulated) is up.")
        for instance in private_instances(settings, progress).values():
            stack.enter_context(instance)
        progress("The dialer's Asterisk is up.")
        chosen = settings.agents[:agents]
        phones: dict[str, Phone] = {}
        for server in settings.servers:
            desk = stack.enter_context(Phones(f"{server.host}:{server.sip_port}"))
            passwords = {str(agent.id): agent.secret for agent in chosen if agent.server == server.name}
            started = desk.add(passwords, dial="*10", stay=True, play=play, record=record)
            phones |= zip(passwords, started, strict=True)
        progress(f"{len(chosen)} softphones are dialling *10.")
        yield Stage(settings=settings, carrier=network, phones=phones)


@contextlib.contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set variables for as long as the context lasts; a reload of the settings reads them again."""
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


def carrier_settings(ports: PortPlan, **changes: object) -> CarrierSettings:
    """The network's settings on these ports.

    Args:
        ports: where it listens.
        changes: other fields of `CarrierSettings`.
    """
    return CarrierSettings(
        sip_port=ports.carrier_sip,
        ami_port=ports.carrier_ami,
        rtp_first_port=ports.carrier_rtp,
        rtp_last_port=ports.carrier_rtp + RTP_PORTS - 1,
        dialer_sip_port=ports.sip,
        **changes,  # type: ignore[arg-type]
    )
