"""From the dialer's settings to the description of an Asterisk that serves them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from pathlib import Path

from dialer.errors import PbxError
from dialer.pbx.install import AsteriskTools, ensure_asterisk
from dialer.pbx.instance import AsteriskInstance
from dialer.pbx.model import DialerPbx, Phone, SipTls, Trunk
from dialer.pbx.prompts import build_prompts
from dialer.private import make_folder
from dialer.settings import DialerSettings, ServerSettings


def describe_server(
    settings: DialerSettings, server: ServerSettings, version: tuple[int, int, int] = (22, 10, 0)
) -> DialerPbx:
    """The Asterisk that a server of the settings has to be.

    Args:
        settings: everything; the server's own phones and trunks are picked out.
        server: which.
        version: of the Asterisk that will read the files.

    Raises:
        PbxError: a value that Asterisk's configuration cannot hold.
    """
    agents = [agent for agent in settings.agents if agent.server == server.name]
    return DialerPbx(
        sip_port=server.sip_port,
        ami_port=server.ami_port,
        bind_host=server.sip_bind,
        rtp_first_port=server.rtp_start,
        rtp_last_port=server.rtp_end,
        ami_secret=server.ami_secret,
        sip_tls=_sip_tls(server),
        engine_hosts=server.engine_hosts,
        encrypt_phones=server.encrypt_phones,
        # Without a witness in the settings its account gets a secret that nobody knows.
        witness_secret=server.witness_secret or secrets.token_urlsafe(24),
        agents=tuple(
            Phone(
                name=agent.id,
                password=agent.secret,
                extension=agent.extension,
                display_name=agent.name,
                language=agent.language,
            )
            for agent in agents
        ),
        supervisors=tuple(
            Phone(name=person.id, password=person.secret, display_name=person.name)
            for person in settings.supervisors
            if person.server == server.name
        ),
        trunks=tuple(
            Trunk(
                name=trunk.name,
                host=trunk.host,
                port=trunk.port,
                username=trunk.username,
                password=trunk.secret,
                transport=trunk.transport,
                srtp=trunk.srtp,
            )
            for trunk in settings.trunks
            if trunk.server == server.name
        ),
        asterisk_version=version,
    )


def _sip_tls(server: ServerSettings) -> SipTls | None:
    if not (server.sip_tls_port and server.certificate and server.private_key):
        return None
    return SipTls(
        port=server.sip_tls_port,
        certificate=str(server.certificate),
        private_key=str(server.private_key),
        ca_file=str(server.ca_file or ""),
    )


def private_instances(
    settings: DialerSettings, progress: Callable[[str], None] = lambda _line: None
) -> Mapping[str, AsteriskInstance]:
    """Every private Asterisk of the settings by server name, installed and configured, not started.

    Raises:
        PbxError: No server is private, or Asterisk cannot be installed.
    """
    private = [server for server in settings.servers if server.private]
    if not private:
        raise PbxError("No server in dialer.yaml is private: yes; somebody else runs your Asterisk.")
    tools = ensure_asterisk(settings.runtime_path / "asterisk", progress)
    sounds = build_prompts(tools, tools.folder / "sounds", progress)
    make_folder(settings.recordings_path)
    return {server.name: _instance(settings, server, tools, sounds) for server in private}


def _instance(settings: DialerSettings, server: ServerSettings, tools: AsteriskTools, sounds: Path) -> AsteriskInstance:
    pbx = describe_server(settings, server, tools.version)
    return AsteriskInstance.for_dialer(tools, instance_folder(settings, server), pbx, sounds)


def instance_folder(settings: DialerSettings, server: ServerSettings) -> Path:
    """Where the configuration, logs and state of a private server's Asterisk are: beside the store."""
    return settings.store_path.parent / "asterisk" / server.name
