"""Starting and surely ending a private Asterisk."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dialer.pbx.install import AsteriskTools
from dialer.pbx.instance import AsteriskInstance, InstanceError, Status
from dialer.pbx.model import DialerPbx, Phone, Trunk
from sip_peer import SipPeer

pytestmark = pytest.mark.asterisk

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def pbx(free_port: Callable[[str], int], asterisk_tools: AsteriskTools) -> DialerPbx:
    return DialerPbx(
        sip_port=free_port("udp"),
        ami_port=free_port("tcp"),
        rtp_first_port=30_000,
        rtp_last_port=30_100,
        ami_secret="engine-secret",
        witness_secret="witness-secret",
        agents=(Phone(name="agent01", password="agent01-secret", extension="1001"),),
        trunks=(Trunk(name="carrier-a", host="127.0.0.1", port=5999, username="us", password="trunk-secret"),),
        asterisk_version=asterisk_tools.version,
    )


@pytest.fixture
def instance(asterisk_tools: AsteriskTools, tmp_path: Path, pbx: DialerPbx) -> Iterator[AsteriskInstance]:
    made = AsteriskInstance.for_dialer(asterisk_tools, tmp_path / "asterisk", pbx)
    yield made
    made.stop()


def _gone(pid: int, within_s: float = 8.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not Path(f"/proc/{pid}").exists() or _state(pid) == "Z":
            return True
        time.sleep(0.02)
    return False


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return "Z"


def _listening(pid: int) -> set[tuple[str, str]]:
    """(protocol, address) of every socket on which a process takes what strangers send."""
    inodes = {str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()}
    found = set()
    for protocol, open_state in (("tcp", "0A"), ("udp", "07"), ("tcp6", "0A"), ("udp6", "07")):
        for line in Path(f"/proc/{pid}/net/{protocol}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == open_state and f"socket:[{fields[9]}]" in inodes:
                host, _, port = fields[1].partition(":")
                address = host if len(host) > 8 else socket.inet_ntoa(bytes.fromhex(host)[::-1])
                found.add((protocol, f"{address}:{int(port, 16)}"))
    return found


def test_it_listens_on_loopback_only_and_its_secrets_are_for_its_owner(instance: AsteriskInstance, pbx: DialerPbx):
    instance.start()
    pid = instance.pid()
    assert pid is not None
    ours = {("tcp", f"127.0.0.1:{pbx.ami_port}"), ("udp", f"127.0.0.1:{pbx.sip_port}")}
    assert ours <= _listening(pid)
    # PJSIP's DNS client holds a socket for each family, which it uses when a trunk has a host name
    others = sorted((kind, address.rpartition(":")[0]) for kind, address in _listening(pid) - ours)
    assert others in ([], [("udp", "0.0.0.0")], [("udp", "0.0.0.0"), ("udp6", "0" * 32)])
    assert stat.S_IMODE(instance.folder.stat().st_mode) == 0o700
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (instance.folder / "etc").iterdir()}
    assert modes == {0o600}
    log = instance.log_file.read_text(encoding="utf-8")
    assert "ERROR" not in log and "WARNING" not in log, log


def test_no_dialplan_application_that_places_calls_is_loaded(instance: AsteriskInstance):
    instance.start()
    for application in ("Dial", "Originate", "System", "Queue", "FollowMe", "Page"):
        assert "not registered" in instance.command(f"core show application {application}")


def test_a_phone_that_sends_no_audio_any_more_is_hung_up(asterisk_tools: AsteriskTools, tmp_path: Path, pbx: DialerPbx):
    soon = dataclasses.replace(pbx, phone_rtp_timeout_s=1)
    with (
        AsteriskInstance.for_dialer(asterisk_tools, tmp_path / "asterisk", soon) as instance,
        SipPeer(pbx.sip_port, user="agent01", password="agent01-secret") as phone,
    ):
        assert phone.call("*10") == 200
        time.sleep(2.5)
        assert "agent01" in instance.command("core show channels"), "a phone that sends audio stays"
        phone.fall_silent()
        deadline = time.monotonic() + 5
        while not phone.requests("BYE"):
            assert time.monotonic() < deadline, "the dead phone is still there"
            time.sleep(0.05)


def test_it_is_stopped_by_whoever_finds_it_and_starts_again(
    asterisk_tools: AsteriskTools, tmp_path: Path, pbx: DialerPbx, instance: AsteriskInstance
):
    instance.start(die_with_parent=False)
    somebody = AsteriskInstance.for_dialer(asterisk_tools, tmp_path / "asterisk", pbx)
    assert somebody.status() is Status.RUNNING
    with pytest.raises(InstanceError, match="already runs"):
        somebody.start()
    somebody.stop()
    assert instance.status() is Status.STOPPED
    somebody.start()
    assert "Asterisk 2" in somebody.command("core show version")
    somebody.stop()


def test_a_killed_parent_takes_it_along_and_the_folder_can_be_used_again(
    instance: AsteriskInstance, asterisk_tools: AsteriskTools, pbx: DialerPbx
):
    program = f"""
import sys, time
from pathlib import Path
from dialer.pbx.install import ensure_asterisk
from dialer.pbx.instance import AsteriskInstance
from dialer.pbx.model import DialerPbx
pbx = DialerPbx(sip_port={pbx.sip_port}, ami_port={pbx.ami_port}, rtp_first_port=30000, rtp_last_port=30100,
                ami_secret="engine-secret", witness_secret="witness-secret")
one = AsteriskInstance.for_dialer(ensure_asterisk(Path({str(asterisk_tools.folder)!r}), print),
                                  Path({str(instance.folder)!r}), pbx)
one.start()
print("up", one.pid(), flush=True)
time.sleep(60)
"""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        word, pid = parent.stdout.readline().split()
        assert word == "up"
        assert instance.pid() == int(pid)
        parent.send_signal(signal.SIGKILL)
    assert _gone(int(pid))
    instance.start()
    assert instance.status() is Status.RUNNING


def test_a_stale_pid_file_never_ends_a_stranger(instance: AsteriskInstance):
    instance.folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        (instance.folder / "instance.pid").write_text(f"{stranger.pid} 0\n")
        assert instance.status() is Status.STOPPED
        instance.stop()
        instance.start()
        assert instance.pid() != stranger.pid
        instance.stop()
        assert stranger.poll() is None
        stranger.communicate(b"\n")


@pytest.mark.parametrize("kind", ["tcp", "udp"])
def test_a_taken_port_is_named_before_anything_starts(instance: AsteriskInstance, pbx: DialerPbx, kind: str):
    sort, port = (socket.SOCK_STREAM, pbx.ami_port) if kind == "tcp" else (socket.SOCK_DGRAM, pbx.sip_port)
    with socket.socket(socket.AF_INET, sort) as holder:
        holder.bind(("127.0.0.1", port))
        if kind == "tcp":
            holder.listen()
        with pytest.raises(InstanceError, match=f"{kind.upper()} port {port} .* cannot be used"):
            instance.start()
    assert instance.status() is Status.STOPPED
    assert not (instance.folder / "log/output").exists()


def test_a_folder_with_a_very_long_name_works(asterisk_tools: AsteriskTools, tmp_path: Path, pbx: DialerPbx):
    folder = tmp_path / ("x" * 100) / ("y" * 60)
    with AsteriskInstance.for_dialer(asterisk_tools, folder, pbx) as instance:
        assert "0 active calls" in instance.command("core show channels")


def test_a_configuration_that_cannot_work_says_what_asterisk_said(
    asterisk_tools: AsteriskTools, tmp_path: Path, pbx: DialerPbx
):
    files = {"modules.conf": "[modules]\nautoload = no\nrequire = app_nonexistent.so\n"}
    instance = AsteriskInstance(
        asterisk_tools, tmp_path / "asterisk", files, sip_port=pbx.sip_port, ami_port=pbx.ami_port
    )
    with pytest.raises(InstanceError, match=r"Asterisk ended at once .* app_nonexistent"):
        instance.start()
    assert instance.status() is Status.STOPPED
