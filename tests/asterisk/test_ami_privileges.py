"""What a stolen manager secret could do on the real Asterisk: what the dialer does, and nothing more."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator

import pytest

from ami_script import AmiScript
from dialer.cli.check_server import EXCESSIVE_ACTIONS, NEEDED_ACTIONS
from dialer.pbx.install import AsteriskTools
from dialer.pbx.instance import AsteriskInstance
from dialer.pbx.model import DialerPbx, Phone

pytestmark = pytest.mark.asterisk

CHANGING = {
    "Originate": {"Channel": "PJSIP/agent01", "Context": "dialer-agent", "Exten": "login", "Priority": "1"},
    "Hangup": {"Channel": "PJSIP/agent01-00000000"},
    "Bridge": {"Channel1": "a", "Channel2": "b"},
    "Redirect": {"Channel": "a", "Context": "dialer-agent", "Exten": "say", "Priority": "1"},
    "Setvar": {"Channel": "a", "Value": "b"},
    "UserEvent": {"UserEvent": "DialerReady"},
}
POWERFUL = {
    "Command": {"Command": "core show version"},
    "MixMonitor": {"Channel": "a", "File": "b", "Command": "/bin/true"},
    "ModuleLoad": {"LoadType": "unload", "Module": "res_timing_pthread.so"},
    "UpdateConfig": {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"},
    "GetConfig": {"Filename": "manager.conf"},
    "DBPut": {"Family": "a", "Key": "b", "Val": "c"},
    "Filter": {"Operation": "Add", "Filter": "x"},
    "Reload": {},
}


@pytest.fixture(scope="module")
def pbx(
    asterisk_tools: AsteriskTools, free_port: Callable[[str], int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DialerPbx]:
    made = DialerPbx(
        sip_port=free_port("udp"),
        ami_port=free_port("tcp"),
        rtp_first_port=30_000,
        rtp_last_port=30_100,
        ami_secret="engine-secret",
        witness_secret="witness-secret",
        agents=(Phone(name="agent01", password="agent01-secret", extension="1001"),),
        asterisk_version=asterisk_tools.version,
    )
    with AsteriskInstance.for_dialer(asterisk_tools, tmp_path_factory.mktemp("ami") / "asterisk", made):
        yield made


def refused(answer: dict[str, str]) -> bool:
    return answer["Response"] == "Error" and "ermission" in answer.get("Message", "")


@pytest.mark.parametrize("name", POWERFUL)
def test_the_engines_secret_runs_no_program_and_changes_no_configuration(pbx: DialerPbx, name: str):
    with AmiScript(pbx.ami_port, "dialer", "engine-secret") as ami:
        assert refused(ami.action(name, **POWERFUL[name]))


@pytest.mark.parametrize("name", CHANGING | POWERFUL)
def test_the_witness_changes_nothing_at_all(pbx: DialerPbx, name: str):
    with AmiScript(pbx.ami_port, "witness", "witness-secret") as ami:
        assert refused(ami.action(name, **(CHANGING | POWERFUL)[name]))


def test_the_engine_may_do_all_that_it_does(pbx: DialerPbx):
    with AmiScript(pbx.ami_port, "dialer", "engine-secret") as ami:
        granted = ami.action("ListCommands")
    assert set(NEEDED_ACTIONS) <= set(granted)
    assert not set(EXCESSIVE_ACTIONS) & set(granted)


@pytest.mark.parametrize("function", ["SHELL(id)", "ENV(PATH)", "FILE(/etc/passwd,0,10)", "DB(a/b)", "CURL(http://x)"])
def test_no_dialplan_function_reads_the_machine(pbx: DialerPbx, function: str):
    with AmiScript(pbx.ami_port, "dialer", "engine-secret") as ami:
        assert not ami.action("Getvar", Variable=function).get("Value")


def test_the_right_secret_from_another_address_is_refused(pbx: DialerPbx):
    with socket.create_connection(("127.0.0.1", pbx.ami_port), 5, source_address=("127.0.0.2", 0)) as wire:
        wire.sendall(b"Action: Login\r\nUsername: dialer\r\nSecret: engine-secret\r\n\r\n")
        got = b""
        while b"\r\n\r\n" not in got.partition(b"\r\n")[2]:
            more = wire.recv(4096)
            assert more, got
            got += more
    assert b"Response: Error" in got
