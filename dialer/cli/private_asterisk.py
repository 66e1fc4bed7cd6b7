"""Looking at and stopping a private Asterisk, without installing anything for it."""

from __future__ import annotations

from pathlib import Path

from dialer.pbx.install import AsteriskTools
from dialer.pbx.instance import AsteriskInstance
from dialer.pbx.wiring import instance_folder
from dialer.settings import DialerSettings, ServerSettings


def handle_of(settings: DialerSettings, server: ServerSettings) -> AsteriskInstance | None:
    """The server's instance to look at or to stop; None when it was never started here."""
    return handle_at(settings, instance_folder(settings, server), sip_port=server.sip_port, ami_port=server.ami_port)


def handle_at(
    settings: DialerSettings, folder: Path, *, sip_port: int = 0, ami_port: int = 0
) -> AsteriskInstance | None:
    """The instance of a folder to look at or to stop; None when it was never started there."""
    if not (folder / "instance.pid").is_file():
        return None
    tools = AsteriskTools(
        folder=settings.runtime_path / "asterisk", commands={}, env={}, modules=None, data=None, version=(0, 0, 0)
    )  # neither looking nor stopping runs a program
    return AsteriskInstance(tools, folder, {}, sip_port=sip_port, ami_port=ami_port)
