"""`dialer simulate`: how would a day go? The campaign's own rules, gate and pacing, on a virtual clock."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dialer.cli import simulate_case
from dialer.cli.completion import campaign_names
from dialer.cli.errors import INTERRUPTED
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock

if TYPE_CHECKING:
    from dialer.cli.simulate_run import Work
    from dialer.cli.simulate_view import View

SEEDS: Final = 8
QUICK_SEEDS: Final = 3
_WORLD: Final = "The world: customers, network, hours"
_SWEEP: Final = "What to try: one value, several (5,10,20), a span (5..40) or a span with a step (5..40:5)"
_HISTORY: Final = "Learning from the campaign's own calls"
_RUNS: Final = "Runs and output"
_EXAMPLES: Final = """\
Example: dialer simulate june
- tomorrow as it stands: list, staff, rules, pacing

dialer simulate june --agents 5..40 --target 1%,3%
- what do more agents bring, at which target?

dialer simulate june --accounts 8000 --agents 10..30:5 --finish-by 18:00
- how many agents until six?

dialer simulate june --trunks 20..80:10 --occupancy 80%
- how many channels?

dialer simulate june --mode progressive,predictive --answer-rate 10%..40%:10%
- is predictive worth it?

dialer simulate june --from-history --html june.html
- as people really answered, and held against yesterday
"""


def register(app: typer.Typer) -> None:
    """Add the command, and the one that simulates the case."""
    app.command(epilog=_EXAMPLES)(simulate)
    simulate_case.register(app)


def simulate(
    context: typer.Context,
    campaign: Annotated[
        str, typer.Argument(metavar="CAMPAIGN", help="Name: the file's, without .yaml.", autocompletion=campaign_names)
    ],
    agents: Annotated[
        str, typer.Option(metavar="N", help="Agents; default the campaign's own.", rich_help_panel=_SWEEP)
    ] = "",
    target: Annotated[
        str, typer.Option(metavar="RATIO", help="pacing.target_abandonment, as 3% or 0.03.", rich_help_panel=_SWEEP)
    ] = "",
    mode: Annotated[
        str, typer.Option(metavar="MODE", help="progressive, power, predictive or preview.", rich_help_panel=_SWEEP)
    ] = "",
    ratio: Annotated[str, typer.Option(metavar="X", help="pacing.ratio, for mode power.", rich_help_panel=_SWEEP)] = "",
    trunks: Annotated[
        str, typer.Option(metavar="N", help="Channels of the campaign's trunks together.", rich_help_panel=_SWEEP)
    ] = "",
    answer_rate: Annotated[
        str,
        typer.Option(
            metavar="RATIO",
            help="Calls that a person answers; default pacing.initial_answer_ratio.",
            rich_help_panel=_SWEEP,
        ),
    ] = "",
    finish_by: Annotated[
        str,
        typer.Option(
            metavar="HH:MM",
            help="By when should everybody on the list have been tried? Sweep --agents.",
            rich_help_panel=_SWEEP,
        ),
    ] = "",
    occupancy: Annotated[
        str,
        typer.Option(
            metavar="RATIO", help="Wished at least; sweep --agents or --trunks for the answer.", rich_help_panel=_SWEEP
        ),
    ] = "",
    accounts: Annotated[
        str,
        typer.Option(
            metavar="N",
            help="So many made-up accounts, or `endless`; default the list in the store.",
            rich_help_panel=_WORLD,
        ),
    ] = "",
    talk: Annotated[
        str,
        typer.Option(
            metavar="TIME",
            help="Mean conversation, as 150s or 2m; default pacing.initial_talk.",
            rich_help_panel=_WORLD,
        ),
    ] = "",
    wrap_up: Annotated[
        str, typer.Option(metavar="TIME", help="Mean wrap-up; default pacing.initial_wrap_up.", rich_help_panel=_WORLD)
    ] = "",
    ring: Annotated[
        str,
        typer.Option(metavar="TIME", help="Mean ringing until a person answers; default 11s.", rich_help_panel=_WORLD),
    ] = "",
    breaks: Annotated[
        str,
        typer.Option(metavar="LENGTH/EVERY", help="Each agent's breaks, as 5m/90m, or none.", rich_help_panel=_WORLD),
    ] = "",
    on: Annotated[
        str,
        typer.Option(
            metavar="DAY",
            help="A date or a weekday; default the next day the campaign may dial.",
            rich_help_panel=_WORLD,
        ),
    ] = "",
    since_time: Annotated[
        str,
        typer.Option(
            "--from", metavar="HH:MM", help="Begin then; default when the hours open.", rich_help_panel=_WORLD
        ),
    ] = "",
    until_time: Annotated[
        str,
        typer.Option(
            "--until",
            metavar="HH:MM",
            help="End then; default when the hours close, or after 3 h of a list without end.",
            rich_help_panel=_WORLD,
        ),
    ] = "",
    hours: Annotated[
        float | None, typer.Option(min=0.05, max=24.0, help="End after so many hours.", rich_help_panel=_WORLD)
    ] = None,
    from_history: Annotated[
        bool,
        typer.Option(
            "--from-history",
            help="Learn how people answer and how long everybody takes from the "
            "store, and hold a simulation of the last day against that day.",
            rich_help_panel=_HISTORY,
        ),
    ] = False,
    day: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The real day to compare; default the last one.", rich_help_panel=_HISTORY
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="Learn from calls since then; default 30 days.", rich_help_panel=_HISTORY
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=500,
            help="Runs of each case; default 8, with --quick 3.",
            rich_help_panel=_RUNS,
            show_default=False,
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="3 runs of 2 hours, or until --finish-by: rough, and soon.", rich_help_panel=_RUNS
        ),
    ] = False,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, max=256, help="Processes; default one for each processor.", rich_help_panel=_RUNS, show_default=False
        ),
    ] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with charts.", rich_help_panel=_RUNS)
    ] = None,
) -> None:
    """Simulate a day of a campaign before it is launched.

    Occupancy, abandonment, waits, channels, time to call everybody: the
    campaign's own file goes through the engine's own floor, gate and pacing on
    a virtual clock, in a world of made-up customers, several times over. Nobody
    is called and nothing is written. Every figure comes with its 95 % interval,
    every assumption with where it came from. Ctrl-C shows what is done so far.
    """
    from dialer.cli.simulate_hours import Wish
    from dialer.cli.simulate_options import ratio_of, seconds_of, sweeps_of, time_of
    from dialer.cli.simulate_plan import Key
    from dialer.cli.simulate_run import do
    from dialer.cli.simulate_study import Learning, study_of, view_of

    session = session_of(context)
    settings = session.campaign(campaign)
    sweeps = sweeps_of(
        session,
        {
            Key.MODE: mode,
            Key.TARGET: target,
            Key.RATIO: ratio,
            Key.ANSWER_RATE: answer_rate,
            Key.TRUNKS: trunks,
            Key.AGENTS: agents,
        },
    )
    wish = Wish(
        on=on,
        since=time_of(session, "--from", since_time),
        until=time_of(session, "--until", until_time),
        hours=hours,
        accounts=accounts,
        answer_rate=next((float(value) for value in sweeps.get(Key.ANSWER_RATE, ())), None),
        talk_s=seconds_of(session, "--talk", talk),
        wrap_up_s=seconds_of(session, "--wrap-up", wrap_up),
        ring_s=seconds_of(session, "--ring", ring),
        breaks=breaks,
        finish_by=time_of(session, "--finish-by", finish_by),
        quick=quick,
    )
    learning = Learning(
        wanted=from_history,
        day=None if day is None else day.date(),
        since=None if since is None else since.replace(tzinfo=session.zone),
    )
    wished = ratio_of(session, "--occupancy", occupancy)
    study = study_of(session, settings, wish, sweeps, learning, SystemClock().now_at())
    runs = seeds or (QUICK_SEEDS if quick else SEEDS)
    work = do(session, study.plan, seeds=runs, jobs=jobs or os.cpu_count() or 1)
    view = view_of(session, study, work, finish_by=finish_by, occupancy=wished)
    if view is not None:
        _show(session, view, work, html)
    if work.interrupted:
        raise typer.Exit(INTERRUPTED)


def _show(session: Session, view: View, work: Work, html: Path | None) -> None:
    from dialer.cli.simulate_html import render_html
    from dialer.cli.simulate_json import as_json
    from dialer.cli.simulate_text import render

    if html is not None:
        html.write_text(render_html(view), encoding="utf-8")
        session.say(f"已写入 {html}", f"Written to {html}", "green")
    if session.json:
        session.emit(as_json(view, work))
    else:
        session.out.print(render(view, session.out.width))
