"""`dialer asterisk`: the private Asterisk of this machine, or files for one that somebody else runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.text import Text

from dialer.cli.session import Session, session_of
from dialer.errors import PbxError, SettingsError
from dialer.settings import ServerSettings

app = typer.Typer(help="Install, start, stop and configure Asterisk.", no_args_is_help=True)


@app.command(epilog="Example: dialer asterisk install")
def install(context: typer.Context) -> None:
    """Fetch Asterisk into the runtime folder (once, without root), and make the prompts."""
    from dialer.pbx.install import ensure_asterisk
    from dialer.pbx.prompts import build_prompts

    session = session_of(context)
    tools = ensure_asterisk(session.settings.runtime_path / "asterisk", session.progress)
    build_prompts(tools, tools.folder / "sounds", session.progress)
    version = ".".join(map(str, tools.version))
    if session.json:
        session.emit({"version": version, "command": list(tools.command("asterisk"))})
    session.say(f"Asterisk {version} 已就绪。", f"Asterisk {version} is ready to start.", "green")


@app.command(epilog="Example: dialer asterisk up")
def up(context: typer.Context) -> None:
    """Start every private server of dialer.yaml; one that runs already is left alone."""
    from dialer.pbx.instance import Status
    from dialer.pbx.wiring import private_instances

    session = session_of(context)
    servers = list(_private(session))
    instances = private_instances(session.settings, session.progress)
    started: list[JsonValue] = []
    for server in servers:
        instance = instances[server.name]
        runs = instance.status() is Status.RUNNING
        if not runs:
            instance.start(die_with_parent=False)
        started.append({"server": server.name, "pid": instance.pid(), "already_running": runs})
        session.say(
            f"{server.name}：{'已在运行' if runs else '已启动'}（SIP {server.sip_port}，AMI {server.ami_port}）",
            f"{server.name}: {'runs already' if runs else 'started'} (SIP {server.sip_port}, AMI {server.ami_port})",
            "green",
        )
    if session.json:
        session.emit(started)


@app.command(epilog="Example: dialer asterisk down")
def down(context: typer.Context) -> None:
    """Stop every private server of dialer.yaml; calls on them end."""
    from dialer.cli.private_asterisk import handle_of

    session = session_of(context)
    stopped: list[JsonValue] = []
    for server in _private(session):
        instance = handle_of(session.settings, server)
        if instance is None or instance.pid() is None:
            session.say(f"{server.name}：本来就没有运行", f"{server.name}: was not running")
            continue
        instance.stop()
        stopped.append(server.name)
        session.say(f"{server.name}：已停止", f"{server.name}: stopped", "green")
    if session.json:
        session.emit({"stopped": stopped})


@app.command(epilog="Example: dialer asterisk status")
def status(context: typer.Context) -> None:
    """Say which private servers run; exit status 1 when one does not."""
    from dialer.cli.private_asterisk import handle_of
    from dialer.pbx.wiring import instance_folder

    session = session_of(context)
    rows: list[JsonValue] = []
    runs_all = True
    for server in _private(session):
        instance = handle_of(session.settings, server)
        pid = None if instance is None else instance.pid()
        runs_all = runs_all and pid is not None
        rows.append({"server": server.name, "pid": pid, "folder": str(instance_folder(session.settings, server))})
        if pid is None:
            session.say(f"{server.name}：未运行", f"{server.name}: stopped; `dialer asterisk up` starts it", "yellow")
        else:
            session.say(f"{server.name}：运行中（pid {pid}）", f"{server.name}: running (pid {pid})", "green")
    if session.json:
        session.emit(rows)
    if not runs_all:
        raise typer.Exit(1)


@app.command(epilog="Example: dialer asterisk render --out asterisk-files")
def render(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Where to write the files.")],
    server: Annotated[str | None, typer.Option(help="Which server; default the only one.")] = None,
) -> None:
    """Write the files that an Asterisk of your own needs, and say where to include them."""
    from dialer.pbx.render import render_dropin
    from dialer.pbx.wiring import describe_server

    session = session_of(context)
    files, where = render_dropin(describe_server(session.settings, _one(session, server), (20, 0, 0)))
    out.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, text in files.items():
        path = out / name
        path.unlink(missing_ok=True)  # an old one may be open to others
        path.touch(mode=0o600)  # they hold secrets
        path.write_text(text, encoding="utf-8")
    if session.json:
        session.emit({"folder": str(out), "files": [*sorted(files)], "instructions": where})
        return
    session.say(f"已写入 {out}：{', '.join(sorted(files))}", f"Wrote to {out}: {', '.join(sorted(files))}", "green")
    session.out.print(Text(where), soft_wrap=True)


def _private(session: Session) -> Iterator[ServerSettings]:
    found = [server for server in session.settings.servers if server.private]
    if not found:
        raise PbxError(
            f"{session.config} has no private server. Set `private: true` at one of its servers, or see to the "
            "others yourself and give them the files of `dialer asterisk render`."
        )
    yield from found


def _one(session: Session, name: str | None) -> ServerSettings:
    servers = session.settings.servers
    if name is None and len(servers) == 1:
        return servers[0]
    for server in servers:
        if server.name == name:
            return server
    known = ", ".join(server.name for server in servers)
    raise SettingsError(f"Name one of the servers of {session.config} with --server: {known}.")
