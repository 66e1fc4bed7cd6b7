"""From settings to a private Asterisk: what `dialer asterisk` starts, and where it lives."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path

from dialer.pbx.install import AsteriskTools, ensure_asterisk
from dialer.pbx.instance import AsteriskInstance
from dialer.pbx.model import DialerPbx, Phone, Trunk
from dialer.pbx.prompts import build_prompts
from dialer.settings import DialerSettings, ServerSettings


def tools_folder(settings: DialerSettings) -> Path:
    """Where Asterisk's packages are unpacked."""
    return settings.runtime_path / "asterisk"


def instance_folder(settings: DialerSettings, server: ServerSettings) -> Path:
    """Where the configuration, logs and state of one server's Asterisk are."""
    return settings.runtime_path / "servers" / server.name


def pbx_of(settings: DialerSettings, server: ServerSettings, version: tuple[int, int, int]) -> DialerPbx:
    """What this server's Asterisk has to know.

    Raises:
        PbxValueError: a value that Asterisk's configuration cannot hold.
    """
    return DialerPbx(
        sip_port=server.sip_port,
        ami_port=server.ami_port,
        rtp_first_port=server.rtp_start,
        rtp_last_port=server.rtp_end,
        bind_host=server.host,
        ami_secret=server.ami_secret,
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
            for agent in settings.agents
            if agent.server == server.name
        ),
        supervisors=tuple(
            Phone(name=one.id, password=one.secret, display_name=one.name)
            for one in settings.supervisors
            if one.server == server.name
        ),
        trunks=tuple(
            Trunk(name=one.name, host=one.host, port=one.port, username=one.username, password=one.secret)
            for one in settings.trunks
            if one.server == server.name
        ),
        asterisk_version=version,
    )


def tools_of(settings: DialerSettings, progress: Callable[[str], None]) -> AsteriskTools:
    """Asterisk's programs, fetched when this machine has none.

    Raises:
        InstallError: they cannot be had; the sentence says what to install.
    """
    return ensure_asterisk(tools_folder(settings), progress)


def instance_of(
    settings: DialerSettings, server: ServerSettings, tools: AsteriskTools, progress: Callable[[str], None]
) -> AsteriskInstance:
    """The private Asterisk of one server, with its prompts made."""
    sounds = build_prompts(tools, tools.folder / "sounds", progress)
    pbx = pbx_of(settings, server, tools.version)
    return AsteriskInstance.for_dialer(tools, instance_folder(settings, server), pbx, sounds)


def handle_of(settings: DialerSettings, server: ServerSettings) -> AsteriskInstance | None:
    """The server's instance to look at or to stop; None when it was never started here."""
    folder = instance_folder(settings, server)
    if not (folder / "instance.pid").is_file():
        return None
    tools = AsteriskTools(
        folder=tools_folder(settings), commands={}, env={}, modules=None, data=None, version=(0, 0, 0)
    )  # neither looking nor stopping runs a program
    return AsteriskInstance(tools, folder, {}, sip_port=server.sip_port, ami_port=server.ami_port)
