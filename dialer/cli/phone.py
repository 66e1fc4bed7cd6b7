"""`dialer softphone`: an agent's phone on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from dialer.cli.completion import agent_ids
from dialer.cli.session import Session, session_of
from dialer.errors import SettingsError
from dialer.settings import ServerSettings

_PASSWORD_VARIABLE: Final = "DIALER_PHONE_PASSWORD"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: dialer softphone agent01 --audio")(softphone)


def softphone(
    context: typer.Context,
    agent: Annotated[
        str,
        typer.Argument(metavar="AGENT", help="An agent or supervisor of dialer.yaml.", autocompletion=agent_ids),
    ],
    audio: Annotated[bool, typer.Option("--audio", help="Use microphone and loudspeaker.")] = False,
    play: Annotated[Path | None, typer.Option(metavar="WAV", help="Speak this file in a loop instead.")] = None,
    record: Annotated[Path | None, typer.Option(metavar="WAV", help="Write here what the phone hears.")] = None,
    login: Annotated[bool, typer.Option("--login/--no-login", help="Dial *10 as soon as it is registered.")] = True,
) -> None:
    """Run a softphone for an agent: log in, take calls, key in results."""
    session = session_of(context)
    server, secret = _account(session, agent)
    port = server.sip_tls_port if server.encrypt_phones else server.sip_port
    words = ["--user", agent, "--server", f"{server.host}:{port}", "--password-env", _PASSWORD_VARIABLE]
    words += ["--tls"] if server.encrypt_phones else []
    words += ["--ca-file", str(server.ca_file)] if server.encrypt_phones and server.ca_file else []
    words += ["--lang", session.lang.value, "--auto-answer"]
    words += ["--json"] if session.json else []
    words += ["--dial", "*10", "--stay"] if login else []
    words += ["--audio"] if audio else []
    words += ["--play", str(play)] if play else []
    words += ["--record", str(record)] if record else []
    sys.stdout.flush()
    # A process of its own: the SIP library takes standard output for itself and leaves by os._exit.
    environment = {**os.environ, _PASSWORD_VARIABLE: secret}
    os.execve(sys.executable, [sys.executable, "-m", "dialer.softphone", *words], environment)


def _account(session: Session, agent: str) -> tuple[ServerSettings, str]:
    settings = session.settings
    servers = {server.name: server for server in settings.servers}
    for supervisor in settings.supervisors:
        if supervisor.id == agent:
            return servers[supervisor.server], supervisor.secret
    found = session.agent(agent)
    if not found.secret:
        raise SettingsError(f"{session.config}: agents.{agent}.secret is empty; put the phone's password there.")
    return servers[found.server], found.secret
