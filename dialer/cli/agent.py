"""`dialer agent`: what a supervisor, or the agent without a keypad, tells an agent's place."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dialer.cli.board_people import AGENT_STYLES, agent_occupancy
from dialer.cli.charts import clock, percent
from dialer.cli.completion import agent_ids, campaign_names, disposition_codes
from dialer.cli.lang import word
from dialer.cli.session import Session, session_of
from dialer.types import CampaignState

app = typer.Typer(help="See and steer agents of the running engine.", no_args_is_help=True)

AgentArgument = Annotated[str, typer.Argument(metavar="AGENT", help="Id, such as agent01.", autocompletion=agent_ids)]


@app.command("list", epilog="Example: dialer agent list")
def list_agents(context: typer.Context) -> None:
    """Who is there, in which state, since when."""
    session = session_of(context)
    if session.json:
        session.emit(session.client().call("agent.list"))
        return
    rows = session.client().snapshot().agents
    table = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0))
    for zh, en in (("坐席", "agent"), ("姓名", "name"), ("状态", "state"), ("时长", "for"), ("", "")):
        table.add_column(session.pick(zh, en), no_wrap=True)
    for zh, en in (("通话数", "calls"), ("占用率", "occupancy")):
        table.add_column(session.pick(zh, en), justify="right")
    for row in rows:
        table.add_row(
            Text(row.agent_id),
            Text(row.name),
            Text(word(row.state, session.lang), AGENT_STYLES[row.state]),
            clock(row.since_s),
            Text(row.customer or row.reason),
            str(row.calls),
            percent(agent_occupancy(row)),
        )
    session.out.print(table)


@app.command(epilog="Example: dialer agent login agent01")
def login(context: typer.Context, agent: AgentArgument) -> None:
    """Call the agent's phone; whoever picks up is logged in."""
    _wish(session_of(context), agent, "login")


@app.command(epilog="Example: dialer agent logout agent01")
def logout(context: typer.Context, agent: AgentArgument) -> None:
    """Log the agent out; a call in progress ends first."""
    _wish(session_of(context), agent, "logout")


@app.command(epilog="Example: dialer agent ready agent01")
def ready(context: typer.Context, agent: AgentArgument) -> None:
    """Take calls again."""
    _wish(session_of(context), agent, "ready")


@app.command(epilog="Example: dialer agent pause agent01 --reason 用餐")
def pause(
    context: typer.Context,
    agent: AgentArgument,
    reason: Annotated[str, typer.Option(help="Why, for the report.")] = "",
) -> None:
    """Take no calls for now; a call in progress goes on."""
    _wish(session_of(context), agent, "pause", reason)


@app.command(epilog="Example: dialer agent accept agent01")
def accept(context: typer.Context, agent: AgentArgument) -> None:
    """Preview: call the account that is offered."""
    _wish(session_of(context), agent, "accept")


@app.command(epilog="Example: dialer agent skip agent01")
def skip(context: typer.Context, agent: AgentArgument) -> None:
    """Preview: pass over the account that is offered."""
    _wish(session_of(context), agent, "skip")


@app.command(epilog="Example: dialer agent call agent01 LN-2026-0042, or +8613900000000")
def call(
    context: typer.Context,
    agent: AgentArgument,
    who: Annotated[str, typer.Argument(metavar="ACCOUNT|NUMBER", help="Account number, or a number like +86139...")],
    campaign: Annotated[
        str, typer.Option(help="On whose behalf; default the one that has it.", autocompletion=campaign_names)
    ] = "",
) -> None:
    """Have an agent call one account; hours, caps and stops hold as for every call."""
    session = session_of(context)
    told(session, session.client().call("agent.call", agent=session.agent_id(agent), who=who, campaign=campaign))


@app.command(epilog="Example: dialer agent dispose agent01 promise --amount 1200 --due 2026-03-09")
def dispose(
    context: typer.Context,
    agent: AgentArgument,
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as promise.", autocompletion=disposition_codes)],
    amount: Annotated[str | None, typer.Option(help="Promised amount, such as 1200.50.")] = None,
    due: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="When it is promised for.")] = None,
    callback: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"], help="When to call back, local time."),
    ] = None,
    note: Annotated[str, typer.Option(help="A note for the account.")] = "",
) -> None:
    """Say what came of the call that the agent is wrapping up."""
    session = session_of(context)
    params: dict[str, JsonValue] = {"agent": session.agent_id(agent), "code": code, "note": note}
    if amount is not None:
        params["amount"] = amount
    if due is not None:
        params["due_on"] = due.date().isoformat()
    if callback is not None:
        params["callback_at"] = callback.replace(tzinfo=session.zone).isoformat()
    told(session, session.client().call("agent.dispose", **params))


def _wish(session: Session, agent: str, wish: str, reason: str = "") -> None:
    told(session, session.client().call(f"agent.{wish}", agent=session.agent_id(agent), reason=reason))


def told(session: Session, result: JsonValue) -> None:
    """Pass on what the engine reported; 'done' when it said nothing."""
    if session.json:
        session.emit(result)
        return
    reports = result.get("reports") if isinstance(result, dict) else None
    lines = [_line(session, one) for one in reports if isinstance(one, dict)] if isinstance(reports, list) else []
    for line in lines:
        session.out.print(Text(line), soft_wrap=True)
    if not lines:
        session.say("完成。", "Done.", "green")


def _line(session: Session, report: dict[str, JsonValue]) -> str:
    """One report for people; a campaign's new state in their own words."""
    fields = report.get("fields")
    noun, _, verb = str(report.get("event")).partition(".")
    if noun == "campaign" and isinstance(fields, dict) and verb in set(CampaignState):
        return f"{fields.get('campaign')}: {word(CampaignState(verb), session.lang)}"
    if report.get("event") == "stop.added" and isinstance(fields, dict):
        held = fields.get("withheld")
        return session.pick(f"已停呼；撤回待拨 {held} 个。", f"Stopped; {held} in preparation were taken back.")
    if report.get("event") == "stop.lifted" and isinstance(fields, dict):
        lifted = fields.get("lifted")
        return session.pick(f"已解除停呼标记 {lifted} 项。", f"Allowed again: {lifted} stops were lifted.")
    if report.get("event") == "settings.reloaded":
        return session.pick("设置已重新读取。", "The settings were read again.")
    return str(report.get("text"))
