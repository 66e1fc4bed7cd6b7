"""`dialer`: the command line. Each group of commands has its module."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from dialer.cli import (
    account,
    agent,
    alert,
    assign,
    asterisk,
    audit,
    campaign,
    carrier,
    demo_data,
    desk,
    doctor,
    engine,
    event,
    events,
    exports,
    init,
    intake,
    loan,
    order,
    phone,
    plan,
    portfolio,
    promise,
    purge,
    replay,
    reports,
    risk,
    script,
    simulate,
    stops,
    store,
    why,
)
from dialer.cli.errors import CommandLine
from dialer.cli.guard import guard
from dialer.cli.lang import Lang
from dialer.cli.panels import arrange
from dialer.cli.session import CONFIG_VARIABLE, DEFAULT_CONFIG, Session

app = typer.Typer(
    cls=CommandLine,
    name="dialer",
    help="A predictive dialer over Asterisk, for following up overdue loans.",
    epilog="--config, --json and --lang may stand anywhere on the line. Begin with: dialer init, dialer doctor",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"dialer {version('dialer')}")
        raise typer.Exit


@app.callback()
def _global_options(
    context: typer.Context,
    config: Annotated[
        Path, typer.Option(envvar=CONFIG_VARIABLE, help="The settings file.", show_envvar=True)
    ] = DEFAULT_CONFIG,
    json: Annotated[bool, typer.Option("--json", help="Answer in JSON, for programs.")] = False,
    lang: Annotated[
        Lang | None, typer.Option(help="Language of the screen; default from LANG.", show_default=False)
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version and leave.")
    ] = False,
) -> None:
    context.obj = Session(config=config, json=json, lang=lang or Lang.of_environment(os.environ))


for module in (
    *(init, doctor, intake, stops, engine, reports, portfolio, exports),
    *(replay, simulate, phone, purge, why, demo_data, plan),
):
    module.register(app)
app.add_typer(asterisk.app, name="asterisk")
app.add_typer(carrier.app, name="carrier")
app.add_typer(campaign.app, name="campaign")
app.add_typer(agent.app, name="agent")
app.add_typer(account.app, name="account")
app.add_typer(store.app, name="store")
app.add_typer(audit.app, name="audit")
app.add_typer(promise.app, name="promise")
app.add_typer(desk.app, name="desk")
app.add_typer(event.app, name="event")
events.register(app)
app.add_typer(risk.app, name="risk")
app.add_typer(alert.app, name="alert")
app.add_typer(script.app, name="script")
app.add_typer(loan.app, name="loan")
app.add_typer(plan.plans, name="plans")
app.add_typer(assign.app, name="assign")
app.add_typer(order.app, name="order")


arrange(app)
guard(app)


def main() -> None:
    """Run the command line of this process; what it writes is for its owner only."""
    os.umask(0o077)
    app(prog_name="dialer")
