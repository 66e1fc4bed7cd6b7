"""The doctor against a manager interface that answers as Asterisk does, or does not."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dialer.cli.ami_probe import AmiProbe, ProbeError, not_granted
from dialer.cli.check_server import NEEDED_ACTIONS, check_server
from dialer.cli.checks import Check, Health
from dialer.cli.main import app
from dialer.cli.session import Session
from dialer.settings import DialerSettings
from tests.certificates import Authority

SECRET = "right-secret"


@dataclass
class FakeAsterisk:
    """What the manager interface says; a test changes what it is about."""

    banner: str = "Asterisk Call Manager/11.0.0\r\n"
    version: str = "22.10.1"
    actions: tuple[str, ...] = (*NEEDED_ACTIONS, "Status")
    modules_missing: tuple[str, ...] = ()
    contexts_missing: tuple[str, ...] = ()
    clock_offset_s: float = 0.0
    endpoints: dict[str, str] = field(default_factory=dict)
    """Name -> contacts."""
    trunks: dict[str, str] = field(default_factory=dict)
    """Name -> contact status."""
    functions_missing: tuple[str, ...] = ()
    forbidden: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    heard: list[str] = field(default_factory=list)

    def answer(self, action: str, keys: Mapping[str, str]) -> list[str] | None:
        """Messages without their ActionID, or None to say nothing."""
        self.heard.append(action)
        if action in self.silent:
            return None
        if action in self.forbidden:
            return ["Response: Error\r\nMessage: Permission denied"]
        match action:
            case "Login":
                good = keys.get("Secret") == SECRET
                return ["Response: Success" if good else "Response: Error\r\nMessage: Authentication failed"]
            case "ListCommands":
                lines = "\r\n".join(f"{name}: Does it  (Priv: call,all)" for name in self.actions)
                return [f"Response: Success\r\n{lines}"]
            case "CoreSettings":
                return [f"Response: Success\r\nAsteriskVersion: {self.version}"]
            case "Ping":
                return [f"Response: Success\r\nPing: Pong\r\nTimestamp: {time.time() + self.clock_offset_s:.6f}"]
            case "Getvar":
                return [f"Response: Success\r\nVariable: x\r\nValue: {self._function(keys['Variable'])}"]
            case "ShowDialPlan":
                if keys["Context"] in self.contexts_missing:
                    return [f"Response: Error\r\nMessage: Did not find context {keys['Context']}"]
                return [*self._list("ListDialplan", [{"Context": keys["Context"]}], "ShowDialPlanComplete")]
            case _:
                return ["Response: Error\r\nMessage: Invalid/unknown command"]

    def _function(self, asked: str) -> str:
        name, _, argument = asked.rstrip(")").partition("(")
        if name in self.functions_missing:
            return ""
        match name, argument.removeprefix("PJSIP/").partition(",")[0]:
            case "IFMODULE", module:
                return str(int(module.removesuffix(".so") not in self.modules_missing))
            case "DEVICE_STATE", endpoint if endpoint in self.endpoints:
                return "NOT_INUSE" if self.endpoints[endpoint] else "UNAVAILABLE"
            case "DEVICE_STATE", endpoint:
                return "NOT_INUSE" if endpoint in self.trunks else "INVALID"
            case "PJSIP_AOR", endpoint:
                return f"{endpoint}@@1"
            case "PJSIP_CONTACT", contact:
                return self.trunks[contact.partition("@")[0]]
        raise AssertionError(asked)

    @staticmethod
    def _list(event: str, rows: list[dict[str, str]], last: str) -> Iterator[str]:
        yield "Response: Success\r\nEventList: start\r\nMessage: follows"
        for row in rows:
            yield "\r\n".join([f"Event: {event}", *(f"{key}: {value}" for key, value in row.items())])
        yield f"Event: {last}\r\nEventList: Complete"

    def converse(self, wire: socket.socket) -> None:
        wire.sendall(self.banner.encode())
        # Something nobody asked for, in the middle of everything.
        wire.sendall(b"Event: FullyBooted\r\nPrivilege: system,all\r\n\r\n")
        buffer = b""
        while data := wire.recv(4096):
            buffer += data
            while b"\r\n\r\n" in buffer:
                message, buffer = buffer.split(b"\r\n\r\n", 1)
                keys = dict(line.split(": ", 1) for line in message.decode().split("\r\n"))
                for answer in self.answer(keys["Action"], keys) or []:
                    wire.sendall(f"{answer}\r\nActionID: {keys['ActionID']}\r\n\r\n".encode())


@contextmanager
def listening(fake: FakeAsterisk, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """The port of a manager interface that serves one session after the other."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()

        def serve() -> None:
            while True:
                try:
                    wire, _ = door.accept()
                except OSError:
                    return
                with ExitStack() as stack:
                    stack.enter_context(wire)
                    try:
                        fake.converse(stack.enter_context(tls.wrap_socket(wire, server_side=True)) if tls else wire)
                    except OSError:
                        continue

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(door.getsockname()[1])
        finally:
            door.shutdown(socket.SHUT_RDWR)
            thread.join()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that `dialer init` filled."""
    assert CliRunner().invoke(app, ["init", str(tmp_path)]).exit_code == 0
    return tmp_path


@pytest.fixture
def settings(folder: Path) -> DialerSettings:
    return Session(config=folder / "config/dialer.yaml").settings


def checks_of(settings: DialerSettings, fake: FakeAsterisk, secret: str = SECRET) -> dict[str, Check]:
    fake.endpoints = fake.endpoints or {str(agent.id): "agent/sip:1@127.0.0.1" for agent in settings.agents}
    fake.trunks = fake.trunks or {"carrier": "Reachable"}
    with listening(fake) as port:
        server = replace(settings.servers[0], ami_port=port, ami_secret=secret)
        return {check.name: check for check in check_server(settings, server)}


def failed(checks: Mapping[str, Check]) -> dict[str, Check]:
    return {name: check for name, check in checks.items() if check.health is not Health.OK}


def test_a_sound_asterisk_passes_every_check(settings: DialerSettings) -> None:
    fake = FakeAsterisk()
    checks = checks_of(settings, fake)
    assert not failed(checks)
    assert list(checks) == [
        "ami.reachable",
        "ami.login",
        "ami.permissions",
        "asterisk.version",
        "asterisk.clock",
        "asterisk.modules",
        "asterisk.dialplan",
        "phones.registered",
        "trunk.carrier",
    ]
    assert "Originate" not in fake.heard  # a doctor does not dial


@pytest.mark.parametrize(
    ("fake", "name", "health", "says", "advises"),
    [
        (FakeAsterisk(actions=("Ping", "CoreSettings", "Bridge", "Hangup", "Setvar", "CoreShowChannels", "Redirect")),
         "ami.permissions", Health.FAILED, "may not run: Originate", "write = originate"),
        (FakeAsterisk(actions=(*NEEDED_ACTIONS, "Command", "MixMonitor")), "ami.least_privilege", Health.WARNING,
         "more than it needs: Command, MixMonitor", "write = originate,call,reporting"),
        (FakeAsterisk(version="18.9.0"), "asterisk.version", Health.FAILED, "18.9.0", "20 or newer"),
        (FakeAsterisk(clock_offset_s=-90), "asterisk.clock", Health.FAILED, "-90.0", "NTP"),
        (FakeAsterisk(modules_missing=("app_playback",)), "asterisk.modules", Health.FAILED, "app_playback",
         "modules.conf"),
        (FakeAsterisk(contexts_missing=("dialer-customer",)), "asterisk.dialplan", Health.FAILED, "dialer-customer",
         "dialer asterisk"),
        (FakeAsterisk(endpoints={"agent01": "c"}), "phones.known", Health.FAILED, "agent02, agent03", "render"),
        (FakeAsterisk(endpoints={f"agent0{i}": "" if i == 3 else "c" for i in range(1, 7)}), "phones.registered",
         Health.WARNING, "5 of 6", "dialer softphone agent03"),
        (FakeAsterisk(trunks={"other": "Reachable"}), "trunk.carrier", Health.FAILED, "does not know", "render"),
        (FakeAsterisk(trunks={"carrier": "Unreachable"}), "trunk.carrier", Health.FAILED, "does not answer",
         "dialer carrier up"),
    ],
)  # fmt: skip
def test_each_trouble_is_named_with_what_to_do(
    settings: DialerSettings, fake: FakeAsterisk, name: str, health: Health, says: str, advises: str
) -> None:
    found = failed(checks_of(settings, fake))
    assert list(found) == [name]
    assert found[name].health is health
    assert says in found[name].said.en
    assert found[name].advice is not None
    assert advises in found[name].advice.en


@pytest.mark.parametrize(
    ("fake", "skipped"),
    [
        (
            FakeAsterisk(forbidden=("Getvar", "ShowDialPlan")),
            {"asterisk.modules", "asterisk.dialplan", "phones", "trunks"},
        ),
        (FakeAsterisk(functions_missing=("IFMODULE",)), {"asterisk.modules"}),
        (FakeAsterisk(functions_missing=("DEVICE_STATE",)), {"phones", "trunks"}),
    ],
)
def test_what_cannot_be_asked_is_skipped_and_the_rest_goes_on(
    settings: DialerSettings, fake: FakeAsterisk, skipped: set[str]
) -> None:
    checks = checks_of(settings, fake)
    assert {name for name, check in failed(checks).items() if check.health is Health.SKIPPED} == skipped
    assert checks["asterisk.clock"].health is Health.OK


def test_a_wrong_secret_is_told_and_never_shown(settings: DialerSettings) -> None:
    checks = checks_of(settings, FakeAsterisk(), secret="wrong-secret")
    assert list(failed(checks)) == ["ami.login"]
    assert "Authentication failed" in checks["ami.login"].said.en
    assert "wrong-secret" not in str(checks)


def test_a_closed_port_is_told_with_how_to_start(settings: DialerSettings) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (check,) = check_server(settings, replace(settings.servers[0], ami_port=port))
    assert (check.name, check.health) == ("ami.reachable", Health.FAILED)
    assert check.advice is not None and "dialer asterisk up" in check.advice.en
    (other,) = check_server(settings, replace(settings.servers[0], ami_port=port, private=False))
    assert other.advice is not None and "enabled=yes" in other.advice.en


def test_something_else_on_the_port_is_no_asterisk(settings: DialerSettings) -> None:
    checks = checks_of(settings, FakeAsterisk(banner="SSH-2.0-OpenSSH_9.2\r\n"))
    assert "really a manager interface" in checks["ami.login"].said.en


def test_a_question_without_an_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dialer.cli.ami_probe.TIMEOUT_S", 0.2)
    with listening(FakeAsterisk(silent=("Ping",))) as port, AmiProbe("127.0.0.1", port) as probe:
        probe.login("dialer", SECRET)
        with pytest.raises(ProbeError, match=r"no answer within 0\.2 s"):
            probe.ask("Ping")
        assert probe.ask("CoreSettings")["AsteriskVersion"] == "22.10.1"  # the session goes on


def test_over_tls_only_the_named_authority_and_name_are_believed(settings: DialerSettings, tmp_path: Path) -> None:
    authority = Authority.made_in(tmp_path / "authority")
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(*authority.certificate("pbx", "DNS:pbx.example"))
    with listening(FakeAsterisk(), served) as port:
        server = replace(settings.servers[0], ami_port=port, ami_secret=SECRET, tls=True)

        def look(**changes: object) -> list[str]:
            return [check.name for check in check_server(settings, replace(server, **changes))]  # type: ignore[arg-type]

        assert look(ca_file=authority.ca_file, tls_name="pbx.example")[:2] == ["ami.reachable", "ami.login"]
        assert look(ca_file=authority.ca_file) == ["ami.tls"]  # the certificate is of another name
        assert look(tls_name="pbx.example") == ["ami.tls"]  # nobody of this machine knows the authority
        assert look(ca_file=tmp_path / "nothing.pem") == ["ami.tls"]


def test_actions_are_compared_without_their_case() -> None:
    assert not_granted({"originate": "", "PING": ""}, ["Originate", "Ping", "Bridge"]) == ("Bridge",)


def doctor(folder: Path, fake: FakeAsterisk, *words: str, lang: str = "en") -> Result:
    secret = folder / "config/secrets/ami"
    secret.write_text(SECRET)
    with listening(fake) as port:
        environment = {"DIALER_AMI_PORT": str(port), "COLUMNS": "120", "LC_ALL": lang, "NO_COLOR": "1"}
        arguments = ["--config", str(folder / "config/dialer.yaml"), "doctor", *words]
        return CliRunner().invoke(app, arguments, env=environment)


ALL_PHONES = {f"agent0{i}": "c" for i in range(1, 7)}


def test_the_exit_status_says_whether_calls_will_work(folder: Path) -> None:
    good = doctor(folder, FakeAsterisk(endpoints=ALL_PHONES, trunks={"carrier": "Reachable"}))
    assert good.exit_code == 0, good.output
    assert "Fit to dial; 1 warnings." in good.stdout  # there is no store yet
    bad = doctor(folder, FakeAsterisk(endpoints=ALL_PHONES, trunks={"carrier": "Unreachable"}))
    assert bad.exit_code == 1
    assert "1 failed" in bad.stdout
    chinese = doctor(folder, FakeAsterisk(endpoints=ALL_PHONES), lang="zh_CN.UTF-8")
    assert "1 项失败" in chinese.stdout


def test_in_json_every_check_is_there_in_both_languages(folder: Path) -> None:
    told = json.loads(doctor(folder, FakeAsterisk(version="16.0"), "--json").stdout)
    assert told["sound"] is False
    (version,) = [check for check in told["checks"] if check["name"] == "asterisk.version"]
    assert version["health"] == "failed"
    assert version["advice_zh"] and version["advice_en"]
    assert all(check["advice_en"] for check in told["checks"] if check["health"] in ("failed", "warning"))


def test_broken_settings_are_one_failure_a_line(folder: Path) -> None:
    path = folder / "config/dialer.yaml"
    path.write_text(path.read_text().replace("region: CN", "region: china").replace("channels: 30", "channels: 0"))
    result = CliRunner().invoke(app, ["--config", str(path), "doctor", "--json"])
    assert result.exit_code == 1
    told = json.loads(result.stdout)["checks"]
    assert [check["name"] for check in told] == ["config", "config"]
