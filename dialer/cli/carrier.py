"""`dialer carrier`: a simulated telephone network on this machine, so that a campaign can be tried out on nobody."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from dialer.cli.private_asterisk import handle_at
from dialer.cli.session import Session, session_of
from dialer.errors import SettingsError
from dialer.settings import TrunkSettings

AUDIO_PORTS: Final = 800

app = typer.Typer(
    help="A simulated telephone network, to try a campaign out without calling anybody.", no_args_is_help=True
)
_WhichTrunk = Annotated[
    str | None, typer.Option("--trunk", help="The trunk that leads there; default the only one to this machine.")
]


@app.command(epilog="Example: dialer carrier up")
def up(context: typer.Context, trunk: _WhichTrunk = None) -> None:
    """Start the network where a trunk of dialer.yaml leads; one that runs already is left alone."""
    session = session_of(context)
    chosen = _chosen(session, trunk)
    running = handle_at(session.settings, _folder(session, chosen))
    pid = None if running is None else running.pid()
    runs = pid is not None
    if not runs:
        pid = _start(session, chosen)
    if session.json:
        session.emit({"trunk": chosen.name, "pid": pid, "port": chosen.port, "already_running": runs})
    session.say(
        f"模拟运营商（线路 {chosen.name}）{'已在运行' if runs else '已启动'}，端口 {chosen.port}。",
        f"The simulated network at trunk {chosen.name} {'runs already' if runs else 'is up'} (SIP {chosen.port}).",
        "green",
    )


def _start(session: Session, trunk: TrunkSettings) -> int | None:
    from dialer.pbx.carrier import Carrier, CarrierSettings
    from dialer.pbx.free_ports import free_audio_ports, free_tcp_port
    from dialer.pbx.install import ensure_asterisk

    settings = session.settings
    audio = free_audio_ports(
        AUDIO_PORTS, beside=[range(server.rtp_start, server.rtp_end + 1) for server in settings.servers]
    )
    network = CarrierSettings(
        sip_port=trunk.port, ami_port=free_tcp_port(), rtp_first_port=audio.start, rtp_last_port=audio.stop - 1
    )
    tools = ensure_asterisk(settings.runtime_path / "asterisk", session.progress)
    carrier = Carrier(tools, _folder(session, trunk), network, session.progress)
    carrier.start(die_with_parent=False)
    return carrier.instance.pid()


@app.command(epilog="Example: dialer carrier down")
def down(context: typer.Context, trunk: _WhichTrunk = None) -> None:
    """Stop the network; calls in it end."""
    session = session_of(context)
    chosen = _chosen(session, trunk)
    running = handle_at(session.settings, _folder(session, chosen))
    runs = running is not None and running.pid() is not None
    if running is not None and runs:
        running.stop()
    if session.json:
        session.emit({"stopped": runs})
    elif runs:
        session.say("模拟运营商已停止。", "The simulated network is stopped.", "green")
    else:
        session.say("模拟运营商本来就没有运行。", "The simulated network was not running.")


@app.command(epilog="Example: dialer carrier status")
def status(context: typer.Context, trunk: _WhichTrunk = None) -> None:
    """Say whether the network runs and how many calls it has seen; exit status 1 when it does not run."""
    session = session_of(context)
    chosen = _chosen(session, trunk)
    folder = _folder(session, chosen)
    running = handle_at(session.settings, folder)
    pid = None if running is None else running.pid()
    calls = _calls_seen(folder)
    if session.json:
        session.emit({"trunk": chosen.name, "pid": pid, "calls": calls})
    elif pid is None:
        session.say("模拟运营商未运行；dialer carrier up 启动。", "Stopped; `dialer carrier up` starts it.", "yellow")
    else:
        session.say(
            f"模拟运营商运行中（pid {pid}），已收到 {calls} 次呼叫。",
            f"Running (pid {pid}); it has seen {calls} calls since it was started.",
            "green",
        )
    if pid is None:
        raise typer.Exit(1)


def _calls_seen(folder: Path) -> int:
    """The network notes one line for every INVITE."""
    try:
        return len((folder / "invites.txt").read_text(encoding="ascii").split())
    except FileNotFoundError:
        return 0


def _folder(session: Session, trunk: TrunkSettings) -> Path:
    return session.settings.store_path.parent / "carrier" / trunk.name


def _chosen(session: Session, name: str | None) -> TrunkSettings:
    local = [trunk for trunk in session.settings.trunks if trunk.host in ("127.0.0.1", "localhost")]
    named = [trunk for trunk in local if name in (None, trunk.name)]
    if len(named) == 1:
        return named[0]
    known = ", ".join(trunk.name for trunk in local)
    if not known:
        raise SettingsError(
            session.pick(
                f"{session.config} 中没有通往本机的线路；模拟运营商需要一条 host: 127.0.0.1 的线路。",
                f"No trunk of {session.config} leads to this machine; a simulated network needs one with "
                "`host: 127.0.0.1`.",
            )
        )
    raise SettingsError(
        session.pick(
            f"请用 --trunk 指定一条通往本机的线路：{known}。",
            f"Name a trunk that leads to this machine with --trunk: {known}.",
        )
    )
