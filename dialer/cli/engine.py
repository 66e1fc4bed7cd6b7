"""`dialer serve`, `run`, `stop`, `reload` and `board`: the engine itself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Annotated, Final

import typer
from rich.live import Live

from dialer.cli.agent import told
from dialer.cli.board import Board, plain_line
from dialer.cli.completion import campaign_names
from dialer.cli.session import Session, session_of
from dialer.control_client import snapshot_to_json
from dialer.snapshot import Snapshot

_PLAIN_EVERY_S: Final = 5.0
_STOP_POLL_S: Final = 0.2
_STOP_MARGIN_S: Final = 15.0


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: dialer serve --launch demo")(serve)
    app.command(epilog="Example: dialer run demo --board")(run)
    app.command(epilog="Example: dialer stop --drain 120")(stop)
    app.command(epilog="Example: dialer reload")(reload)
    app.command(epilog="Example: dialer board, or for a file: dialer board --once")(board)


def serve(
    context: typer.Context,
    launch: Annotated[
        list[str] | None,
        typer.Option(help="Start this campaign at once; may be repeated.", autocompletion=campaign_names),
    ] = None,
    board: Annotated[bool, typer.Option("--board", help="Show the live board.")] = False,
) -> None:
    """Run the engine until `dialer stop` or Ctrl-C."""
    session = session_of(context)
    for name in launch or ():
        session.campaign(name)
    _serve(session, tuple(launch or ()), board=board, until_done=False)


def run(
    context: typer.Context,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Its name.", autocompletion=campaign_names)],
    board: Annotated[bool, typer.Option("--board/--no-board", help="Show the live board.")] = True,
) -> None:
    """Run the engine with one campaign until its list is done."""
    session = session_of(context)
    session.campaign(campaign)
    _serve(session, (campaign,), board=board and not session.json, until_done=True)


def _serve(session: Session, launch: tuple[str, ...], *, board: bool, until_done: bool) -> None:
    from dialer.app import serve as serve_engine  # a board or a report does not need the engine loaded

    code = serve_engine(session.settings, launch=launch, board=board, until_done=until_done, lang=session.lang)
    if code:
        raise typer.Exit(code)


def stop(
    context: typer.Context,
    drain: Annotated[float, typer.Option(min=0, help="Seconds that calls in the air may take to end.")] = 60.0,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Return when it has stopped.")] = True,
) -> None:
    """Stop the running engine: no more calls, and those in the air may end."""
    session = session_of(context)
    client = session.client()
    client.call("engine.stop", drain_s=drain)
    give_up_at_s = time.monotonic() + drain + _STOP_MARGIN_S
    while wait and client.is_running():
        if time.monotonic() > give_up_at_s:
            message = session.pick("引擎仍在运行，请查看其日志。", "The engine is still running; see its log.")
            session.fail(message, kind="Timeout", exit_code=6)
        time.sleep(_STOP_POLL_S)
    if session.json:
        session.emit({"stopped": wait})
    else:
        session.say("已停止。" if wait else "正在停止。", "Stopped." if wait else "Stopping.", "green")


def reload(context: typer.Context) -> None:
    """Read all settings files again; a mistake in them changes nothing."""
    session = session_of(context)
    told(session, session.client().call("engine.reload"))


def board(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Show it once and leave.")] = False,
) -> None:
    """Watch the floor: live on a terminal, a line every few seconds without one."""
    session = session_of(context)
    if once:
        _once(session)
    elif session.json:
        for snapshot in session.client().watch_board(every_s=1.0):
            session.emit_line(snapshot_to_json(snapshot))
    elif session.out.is_terminal:
        _live(session, session.client().watch_board(every_s=0.5))
    else:
        for snapshot in session.client().watch_board(every_s=_PLAIN_EVERY_S):
            typer.echo(plain_line(snapshot, session.lang, zone=session.zone))


def _once(session: Session) -> None:
    snapshot = session.client().snapshot()
    if session.json:
        session.emit(snapshot_to_json(snapshot))
    elif session.out.is_terminal:
        drawn = Board(session.lang, zone=session.zone)
        session.out.print(drawn.render(snapshot, session.out.width, session.out.height))
    else:
        typer.echo(plain_line(snapshot, session.lang, zone=session.zone))


def _live(session: Session, snapshots: Iterator[Snapshot]) -> None:
    drawn = Board(session.lang, zone=session.zone)
    last: Snapshot | None = None
    with Live(console=session.out, screen=True, auto_refresh=False) as live:
        for snapshot in snapshots:
            last = snapshot
            live.update(drawn.render(snapshot, session.out.width, session.out.height), refresh=True)
    if last is not None:
        typer.echo(plain_line(last, session.lang, zone=session.zone))
    session.say("引擎已停止。", "The engine has stopped.")
