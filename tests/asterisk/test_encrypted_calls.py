"""TLS and SRTP on the real Asterisk: what is encrypted is heard, and what is not encrypted is refused."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from ami_script import AmiScript
from dialer.ami import tls
from dialer.ami.client import AmiClient
from dialer.ami.messages import AmiConnectError
from dialer.cli.check_server import check_server
from dialer.cli.checks import Health
from dialer.pbx.carrier import PEOPLE, CarrierSettings, render_carrier
from dialer.pbx.install import AsteriskTools
from dialer.pbx.instance import AsteriskInstance
from dialer.pbx.model import DialerPbx, Phone, SipTls, Trunk
from dialer.pbx.render import render_dialer
from dialer.pbx.sounds import build_sounds
from dialer.phones import tones
from dialer.phones.protocol import EventName
from dialer.phones.spawned import Phones
from sip_peer import SipPeer
from tests.certificates import Authority
from tests.unit import floor_world as fw

pytestmark = pytest.mark.asterisk
TONE_HZ = 1000.0
_ENCRYPTED = "type = endpoint\nmedia_encryption = sdes\nmedia_encryption_optimistic = no"


@dataclass(frozen=True, kw_only=True)
class Secured:
    instance: AsteriskInstance
    pbx: DialerPbx
    authority: Authority
    ami_tls_port: int
    tls_port: int


@pytest.fixture(scope="module")
def secured(
    asterisk_tools: AsteriskTools,
    prompt_sounds: Path,
    free_port: Callable[[str], int],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    authority = Authority.made_in(folder / "authority")
    certificate, key = authority.certificate("pbx", "IP:127.0.0.1", "DNS:pbx.example")
    ports = {"tls": free_port("tcp"), "ami": free_port("tcp"), "ami_tls": free_port("tcp"), "trunk": free_port("tcp")}
    made = DialerPbx(
        sip_port=free_port("udp"),
        ami_port=ports["ami"],
        rtp_first_port=31_000,
        rtp_last_port=31_100,
        ami_secret="engine-secret",
        witness_secret="witness-secret",
        sip_tls=SipTls(
            port=ports["tls"],
            certificate=str(certificate),
            private_key=str(key),
            ca_file=str(authority.ca_file),
        ),
        encrypt_phones=True,
        agents=(Phone(name="agent01", password="agent01-secret", extension="1001"),),
        trunks=(
            Trunk(name="carrier", host="127.0.0.1", port=ports["trunk"], transport="tls", srtp=True, qualify_every_s=0),
        ),
        asterisk_version=asterisk_tools.version,
    )
    files = render_dialer(made)
    both = folder / "both.pem"
    both.touch(mode=0o600)
    both.write_text(certificate.read_text() + key.read_text(), encoding="ascii")
    listening = f"tlsenable = yes\ntlsbindaddr = 127.0.0.1:{ports['ami_tls']}\ntlscertfile = {both}\n"
    files["manager.conf"] = files["manager.conf"].replace("#include", listening + "#include")
    instance = AsteriskInstance(
        asterisk_tools,
        folder / "asterisk",
        files,
        sip_port=made.sip_port,
        ami_port=made.ami_port,
        sounds=prompt_sounds,
    )
    with instance:
        yield Secured(
            instance=instance,
            pbx=made,
            authority=authority,
            ami_tls_port=ports["ami_tls"],
            tls_port=ports["tls"],
        )


def client(secured: Secured, context: ssl.SSLContext, *, name: str = "") -> AmiClient:
    return AmiClient(
        name="remote",
        host="127.0.0.1",
        port=secured.ami_tls_port,
        username="dialer",
        secret="engine-secret",
        ssl_context=context,
        tls_name=name,
        subscribed=frozenset({"FullyBooted"}),
        on_event=lambda _: None,
        on_up=lambda _: None,
        on_lost=lambda _: None,
        on_login_failed=lambda _: None,
    )


@pytest.mark.parametrize("name", ["", "pbx.example"])
def test_the_engines_link_works_over_tls_with_a_private_authority(secured: Secured, name: str):
    async def talk() -> None:
        link = client(secured, tls.context_of(secured.authority.ca_file), name=name)
        await link.start()
        assert (await link.send("Ping")).success
        assert await link.collect("CoreShowChannels") == []
        await link.close()

    asyncio.run(talk())


def test_a_manager_of_another_name_or_authority_is_never_told_the_secret(secured: Secured, tmp_path: Path):
    stranger = Authority.made_in(tmp_path / "stranger")

    async def talk(context: ssl.SSLContext, name: str) -> None:
        with pytest.raises(AmiConnectError, match=r"ca_file.*tls_name"):
            await client(secured, context, name=name).start()

    asyncio.run(talk(tls.context_of(secured.authority.ca_file), "other.example"))
    asyncio.run(talk(tls.context_of(stranger.ca_file), ""))
    asyncio.run(talk(tls.context_of(None), ""))
    log = (secured.instance.folder / "log/security").read_text(encoding="utf-8")
    assert "other" not in log
    assert "engine-secret" not in log


def test_the_doctor_looks_over_tls_with_the_engines_few_rights(secured: Secured):
    settings = fw.settings(agents=(fw.agent("agent01"),), trunks=(fw.trunk(fw.TrunkName("carrier")),))
    server = replace(
        settings.servers[0],
        ami_port=secured.ami_tls_port,
        ami_secret="engine-secret",
        tls=True,
        ca_file=secured.authority.ca_file,
    )
    checks = {check.name: check for check in check_server(settings, server)}
    bad = {name: check.said.en for name, check in checks.items() if check.health is Health.FAILED}
    assert not bad
    assert {"ami.reachable", "ami.permissions", "asterisk.modules", "phones.registered"} <= set(checks)
    skipped = {name for name, check in checks.items() if check.health is Health.SKIPPED}
    assert skipped <= {"trunk.carrier"}


def test_an_agent_is_heard_over_tls_and_srtp(secured: Secured, tmp_path: Path):
    voice = tones.write_wav(tmp_path / "voice.wav", tones.sine(TONE_HZ, 3.0))
    with Phones(f"127.0.0.1:{secured.tls_port}", ca_file=secured.authority.ca_file) as phones:
        [phone] = phones.add({"agent01": "agent01-secret"}, dial="*99", play=voice, record=tmp_path / "heard.wav")
        phone.wait(EventName.CONNECTED, within_s=10)  # *99 is refused by a tone, which must come through
        channel = secured.instance.command("pjsip show channels")
        assert "agent01" in channel
        contacts = secured.instance.command("pjsip show contacts")
        assert "transport=TLS" in contacts or "transport=tls" in contacts, contacts
        phone.wait(EventName.DISCONNECTED, within_s=10)
    heard = tones.read_wav(tmp_path / "heard.wav")
    assert tones.level_db(heard) > -50, "nothing was heard"


def test_a_phone_without_encryption_gets_no_call(secured: Secured):
    with SipPeer(secured.pbx.sip_port, user="agent01", password="agent01-secret") as phone:
        assert phone.call("*10") == 488


def test_a_softphone_does_not_believe_a_stranger(secured: Secured, tmp_path: Path):
    stranger = Authority.made_in(tmp_path / "stranger")
    with Phones(f"127.0.0.1:{secured.tls_port}", ca_file=stranger.ca_file) as phones:
        [phone] = phones.add({"agent01": "agent01-secret"})
        phone.wait(EventName.REGISTER_FAILED, within_s=10)
    assert "agent01-secret" not in secured.instance.log_file.read_text(encoding="utf-8")


@pytest.fixture
def network(
    asterisk_tools: AsteriskTools, free_port: Callable[[str], int], tmp_path: Path, secured: Secured
) -> Callable[[Authority], AsteriskInstance]:
    """A telephone network that takes calls over TLS with SRTP only, where the trunk leads."""

    def build(authority: Authority) -> AsteriskInstance:
        certificate, key = authority.certificate("carrier", "IP:127.0.0.1")
        settings = CarrierSettings(
            sip_port=free_port("udp"),
            ami_port=free_port("tcp"),
            rtp_first_port=31_200,
            rtp_last_port=31_300,
            sip_tls=SipTls(port=secured.pbx.trunks[0].port, certificate=str(certificate), private_key=str(key)),
        )
        files = render_carrier(settings, tmp_path / "invites.txt")
        files["dialer_pjsip.conf"] = files["dialer_pjsip.conf"].replace("type = endpoint", _ENCRYPTED)
        (tmp_path / "invites.txt").touch()
        build_sounds(asterisk_tools, asterisk_tools.folder / "carrier-sounds", PEOPLE, lambda _line: None)
        return AsteriskInstance(
            asterisk_tools,
            tmp_path / "carrier",
            files,
            sip_port=settings.sip_port,
            ami_port=settings.ami_port,
            sounds=asterisk_tools.folder / "carrier-sounds",
        )

    return build


def dial(secured: Secured, number: str, attempt: str) -> AmiScript:
    ami = AmiScript(secured.pbx.ami_port, "dialer", "engine-secret")
    answer = ami.action(
        "Originate",
        "DIALER_WAIT_S=3",
        Channel=f"PJSIP/{number}@carrier",
        ChannelId=attempt,
        Context="dialer-customer",
        Exten="s",
        Priority="1",
        Timeout="8000",
        Async="true",
    )
    assert answer["Response"] == "Success"
    return ami


def test_a_trunk_call_goes_out_over_tls_and_srtp(
    secured: Secured, network: Callable[[Authority], AsteriskInstance], tmp_path: Path
):
    with network(secured.authority), dial(secured, "+8619900000001", "att-tls-1") as ami:
        ami.user_event("DialerReady", Uniqueid="att-tls-1", within_s=15)
        shown = secured.instance.command("pjsip show channelstats")
    assert "carrier" in shown
    assert (tmp_path / "invites.txt").read_text(encoding="ascii").split() == ["+8619900000001"]


def test_no_call_goes_to_a_carrier_whose_certificate_is_a_strangers(
    secured: Secured, network: Callable[[Authority], AsteriskInstance], tmp_path: Path
):
    with network(Authority.made_in(tmp_path / "stranger")), dial(secured, "+8619900000001", "att-tls-2") as ami:
        over = ami.wait(lambda event: event.get("Event") == "OriginateResponse", within_s=20)
    assert over["Response"] == "Failure"
    assert (tmp_path / "invites.txt").read_text(encoding="ascii") == ""
