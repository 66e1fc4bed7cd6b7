"""TLS and SRTP in `dialer.yaml`: sound settings are taken over, and every half measure is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from dialer.cli.main import app
from dialer.config import SettingsFileError, load_dialer
from dialer.pbx.wiring import describe_server
from dialer.settings import DialerSettings

SERVER = "    ami_secret: !file secrets/ami\n"
TRUNK = "    number_format: e164"


@pytest.fixture
def main(tmp_path: Path) -> Path:
    assert CliRunner().invoke(app, ["init", str(tmp_path)]).exit_code == 0
    for name in ("ca.pem", "cert.pem", "key.pem"):
        (tmp_path / "config" / name).write_text("x\n", encoding="ascii")
    (tmp_path / "config/key.pem").chmod(0o600)
    return tmp_path / "config/dialer.yaml"


def loaded(main: Path, *, server: str = "", trunk: str = "") -> DialerSettings:
    text = main.read_text(encoding="utf-8")
    assert text.count(SERVER) == text.count(TRUNK) == 1
    text = text.replace(SERVER, SERVER + "".join(f"    {line}\n" for line in server.splitlines()))
    text = text.replace(TRUNK, "".join(f"    {line}\n" for line in trunk.splitlines()) + TRUNK)
    main.write_text(text, encoding="utf-8")
    return load_dialer(main, {})


KEYS = "sip_tls_port: 5061\ncertificate: cert.pem\nprivate_key: key.pem\nca_file: ca.pem"


def test_encryption_of_phones_and_trunks_reaches_the_description_of_asterisk(main: Path) -> None:
    settings = loaded(main, server=f"{KEYS}\nencrypt_phones: true", trunk="transport: tls\nsrtp: true")
    pbx = describe_server(settings, settings.servers[0])
    assert pbx.encrypt_phones
    assert pbx.sip_tls is not None
    assert (pbx.sip_tls.port, pbx.sip_tls.certificate) == (5061, str(main.parent / "cert.pem"))
    assert (pbx.trunks[0].transport, pbx.trunks[0].srtp) == ("tls", True)


def test_a_remote_manager_has_its_authority_its_name_and_the_engines_address(main: Path) -> None:
    text = main.read_text(encoding="utf-8").replace("private: true ", "private: false")
    main.write_text(text.replace("host: 127.0.0.1\n    ami_port", "host: 10.0.0.9\n    ami_port"), encoding="utf-8")
    settings = loaded(main, server="tls: true\nca_file: ca.pem\ntls_name: pbx.example\nengine_hosts: 10.0.0.5")
    server = settings.servers[0]
    assert (server.tls, server.ca_file, server.tls_name) == (True, main.parent / "ca.pem", "pbx.example")
    assert describe_server(settings, server).engine_hosts == ("10.0.0.5",)


@pytest.mark.parametrize(
    ("server", "trunk", "says"),
    [
        ("tls: true", "", "servers.local.tls: a private server's manager is on loopback"),
        ("encrypt_phones: true", "", "servers.local.encrypt_phones: keys of encrypted audio travel in SIP"),
        ("sip_tls_port: 5061", "", "servers.local.sip_tls_port: TLS needs certificate and private_key"),
        (KEYS.replace("ca.pem", "no.pem"), "", "servers.local.ca_file: there is no file"),
        (KEYS.replace("key.pem", "cert.pem"), "", "servers.local.private_key: others may read"),
        (KEYS, "srtp: true", "trunks.carrier.srtp: keys of encrypted audio travel in SIP"),
        ("", "transport: tls", "trunks.carrier.transport: tls needs sip_tls_port"),
        ("", "transport: sctp", '"sctp" is not one of udp, tcp, tls'),
        ("engine_hosts: 0.0.0.0/0", "", "an IPv4 address such as 10.0.0.5"),
        ("engine_hosts: [10.0.0.256]", "", "an IPv4 address such as 10.0.0.5"),
        ("engine_hosts: []", "", "at least one is needed"),
        ("tls_name: 'a b'", "", "tls_name"),
    ],
)
def test_half_measures_are_named_with_their_line(main: Path, server: str, trunk: str, says: str) -> None:
    with pytest.raises(SettingsFileError) as caught:
        loaded(main, server=server, trunk=trunk)
    [problem] = caught.value.problems
    assert says in str(problem)
    assert problem.line is not None
    line = main.read_text(encoding="utf-8").splitlines()[problem.line - 1]
    assert any(written and written in line for written in (*server.splitlines(), *trunk.splitlines()))
