"""`dialer campaign`: check what a campaign's file would do, and steer it while it runs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import closing
from typing import Annotated, Literal

import typer
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dialer.cli.agent import told
from dialer.cli.board import Board
from dialer.cli.completion import campaign_names
from dialer.cli.lang import Lang, word
from dialer.cli.profiles import profiles
from dialer.cli.session import Session, session_of
from dialer.cli.waterfall_text import as_json as waterfall_json
from dialer.cli.waterfall_text import render as render_waterfall
from dialer.clock import SystemClock
from dialer.control_client import NoEngineError
from dialer.errors import ControlError, SettingsError
from dialer.settings import CampaignSettings
from dialer.snapshot import Snapshot
from dialer.waterfall import Waterfall

app = typer.Typer(help="Check, start and steer campaigns.", no_args_is_help=True)

app.command("profiles", epilog="Example: dialer campaign profiles CN-BANK")(profiles)

CampaignArgument = Annotated[
    str,
    typer.Argument(metavar="CAMPAIGN", help="Name: the file's, without .yaml.", autocompletion=campaign_names),
]


@app.command(epilog="Example: dialer campaign check demo")
def check(context: typer.Context, campaign: CampaignArgument) -> None:
    """Say in words what a campaign's file does, or what is wrong with it."""
    from dialer.campaigns.describe import describe

    session = session_of(context)
    language: Literal["zh", "en"] = "zh" if session.lang is Lang.ZH else "en"
    sections = describe(session.campaign(campaign), session.settings, language)
    if session.json:
        session.emit({"campaign": campaign, "sections": {one.title: list(one.lines) for one in sections}})
        return
    for section in sections:
        session.out.print(Text(section.title, style="bold cyan"))
        for line in section.lines:
            session.out.print(Text(f"  {line}"), soft_wrap=True)
    session.say(f"{campaign} 没有问题。", f"{campaign} is sound.", "green")


@app.command("list", epilog="Example: dialer campaign list")
def list_campaigns(context: typer.Context) -> None:
    """Every campaign that has a file, whether it is sound, and whether it runs."""
    session = session_of(context)
    running = _states(session)
    rows = [(name, *_summary(session, name), running.get(name, "")) for name in session.campaign_names()]
    if session.json:
        keys = ("name", "title", "mode", "list", "problem", "state")
        session.emit([dict(zip(keys, row, strict=True)) for row in rows])
        return
    table = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0))
    heads = (("活动", "campaign"), ("标题", "title"), ("模式", "mode"), ("名单", "list"), ("状态", "state"))
    for zh, en in heads:
        table.add_column(session.pick(zh, en))
    for name, title, mode, list_name, problem, state in rows:
        table.add_row(Text(name), Text(title), mode, Text(list_name), Text(problem or state, "red" if problem else ""))
    session.out.print(table)
    if not rows:
        folder = session.campaigns_folder
        session.say(f"{folder} 中没有活动文件。", f"There is no campaign file in {folder}.")


def _states(session: Session) -> dict[str, str]:
    """Campaign -> state in the running engine; empty when none runs."""
    try:
        rows = session.client().snapshot().campaigns
    except NoEngineError:
        return {}
    return {row.name: str(row.state.value) if session.json else word(row.state, session.lang) for row in rows}


def _summary(session: Session, name: str) -> tuple[str, str, str, str]:
    try:
        one = session.campaign(name)
    except SettingsError as error:
        return "", "", "", str(error).splitlines()[0]
    mode = str(one.mode.value) if session.json else word(one.mode, session.lang)
    return one.title, mode, one.list_name, ""


@app.command(epilog="Example: dialer campaign start demo")
def start(context: typer.Context, campaign: CampaignArgument) -> None:
    """Start a campaign in the running engine; one that runs gets its settings anew."""
    session = session_of(context)
    if not session.is_remote:
        session.campaign(campaign)  # a mistake in the file is told here with its line, before the engine is asked
    told(session, session.client().call("campaign.start", campaign=campaign))


@app.command(epilog="Example: dialer campaign pause demo")
def pause(context: typer.Context, campaign: CampaignArgument) -> None:
    """Place no more calls until resumed; those in the air go on."""
    _tell(session_of(context), "pause", campaign)


@app.command(epilog="Example: dialer campaign resume demo")
def resume(context: typer.Context, campaign: CampaignArgument) -> None:
    """Go on dialling."""
    _tell(session_of(context), "resume", campaign)


@app.command(epilog="Example: dialer campaign stop demo")
def stop(context: typer.Context, campaign: CampaignArgument) -> None:
    """Place no more calls; the campaign ends with its last call."""
    _tell(session_of(context), "stop", campaign)


@app.command(epilog="Example: dialer campaign status demo")
def status(
    context: typer.Context,
    campaign: Annotated[
        str, typer.Argument(metavar="[CAMPAIGN]", help="One; default all.", autocompletion=campaign_names)
    ] = "",
) -> None:
    """What campaigns do, and how many accounts of their lists may be dialled now, step by step."""
    session = session_of(context)
    rows = _rows(session, campaign)
    wanted = [campaign] if campaign else list(rows) or ([] if session.is_remote else session.campaign_names())
    lists = _waterfalls(session, wanted)
    if not rows and not lists:
        rows = {str(one["name"]): one for one in _asked(session, campaign)}  # says what is wrong
    if session.json:
        names = [name for name in wanted if name in rows or name in lists]
        session.emit([{**rows.get(name, {"name": name}), **_list_json(lists.get(name))} for name in names])
        return
    if rows:
        _show_rows(session, set(rows))
    else:
        session.say(
            "没有引擎在运行，或活动没有启动。", "No engine is running, or the campaign was not started.", "yellow"
        )
    for name, counted in lists.items():
        session.out.print(Text(f"\n{name}", style="bold cyan"))
        session.out.print(render_waterfall(counted, session.lang, session.zone))


def _rows(session: Session, campaign: str) -> dict[str, dict[str, JsonValue]]:
    """The running engine's figures by campaign; empty: no engine, or it does not know the campaign."""
    try:
        return {str(row["name"]): row for row in _asked(session, campaign)}
    except NoEngineError:
        if session.is_remote:
            raise
        if campaign:
            session.campaign(campaign)
    except ControlError:
        if session.is_remote or campaign not in session.campaign_names():
            raise
    return {}


def _asked(session: Session, campaign: str) -> list[dict[str, JsonValue]]:
    found = session.client().call("campaign.status", campaign=campaign)
    assert isinstance(found, list)
    return [row for row in found if isinstance(row, dict)]


def _show_rows(session: Session, names: Collection[str]) -> None:
    snapshot = session.client().snapshot()
    shown = tuple(row for row in snapshot.campaigns if row.name in names)
    only = Snapshot(
        at=snapshot.at,
        uptime_s=snapshot.uptime_s,
        agents=(),
        calls=(),
        campaigns=shown,
        servers=snapshot.servers,
        alerts=snapshot.alerts,
    )
    board = Board(session.lang, zone=session.zone)
    session.out.print(board.render(only, session.out.width, 12 + 5 * len(shown), with_people=False))


def _waterfalls(session: Session, names: Iterable[str]) -> dict[str, Waterfall]:
    """The lists of campaigns, from the store; without one, or for people without its file, nothing."""
    from dialer.campaigns.assignment import serves
    from dialer.store.sqlite import SqliteStore
    from dialer.store.waterfall import waterfall

    if session.is_remote or not session.settings.store_path.is_file():
        return {}
    at, found = SystemClock().now_at(), {}
    with closing(SqliteStore.open(session.settings.store_path, key=session.settings.store_key)) as store:
        for name in names:
            if one := _sound(session, name):
                staff = [agent for agent in session.settings.agents if serves(agent, one)]
                with store.reading() as database:
                    found[name] = waterfall(database.conn, one, at, agents=staff)
    return found


def _sound(session: Session, name: str) -> CampaignSettings | None:
    """A campaign's settings; None: it has no file, or an unsound one, as `campaign list` tells."""
    try:
        return session.campaign(name)
    except SettingsError:
        return None


def _list_json(told: Waterfall | None) -> dict[str, JsonValue]:
    return {} if told is None else {"waterfall": waterfall_json(told)}


def _tell(session: Session, verb: str, campaign: str) -> None:
    told(session, session.client().call(f"campaign.{verb}", campaign=campaign))
