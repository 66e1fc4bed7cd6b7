"""`dialer simulate case`: manual work against the dialer, step by step, on hidden truth."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dialer.cli.errors import INTERRUPTED
from dialer.cli.session import session_of

if TYPE_CHECKING:
    from dialer.cli.session import Session
    from dialer.cli.simulate_case_view import CaseView

NAME: Final = "simulate case"
SEEDS: Final = 20
QUICK_SEEDS: Final = 3
QUICK: Final = {"accounts": 400, "days": 2, "agents": 2}
_SIZE: Final = "How big"
_WORLD: Final = "The world; each value is a guess, the same for every arm"
_RUNS: Final = "Runs and output"
_EXAMPLES: Final = """\
Example: dialer simulate case --quick
- some minutes: 400 accounts, 2 days, 3 seeds; too few to conclude from

dialer simulate case --html case.html
- the whole: A/A, the ladder with 20 seeds, sensitivities; broken off, it goes on where it was

dialer simulate case --accounts 2000 --agents 8 --no-sensitivity
- lighter load: half as many accounts for each agent

dialer simulate case --json > case.json
- every figure with its interval
"""


def register(app: typer.Typer) -> None:
    """Add the command; `dialer.cli.errors.CommandLine` joins its two words."""
    app.command(NAME, epilog=_EXAMPLES)(simulate_case)


def simulate_case(
    context: typer.Context,
    accounts: Annotated[
        int | None,
        typer.Option(metavar="N", help="In each group; default 2000.", rich_help_panel=_SIZE, show_default=False),
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="On which is dialled, Mondays to Saturdays; default 5.",
            rich_help_panel=_SIZE,
            show_default=False,
        ),
    ] = None,
    agents: Annotated[
        int | None,
        typer.Option(metavar="N", help="In every arm; default 4.", rich_help_panel=_SIZE, show_default=False),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            min=2, max=500, help="Populations, each drawn anew; default 20.", rich_help_panel=_SIZE, show_default=False
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="400 accounts, 2 agents, 2 days, 3 seeds, no sensitivities: to see the form, not the figures.",
            rich_help_panel=_SIZE,
        ),
    ] = False,
    answer_odds: Annotated[
        float, typer.Option(metavar="X", help="A factor on the odds of an answer.", rich_help_panel=_WORLD)
    ] = 1.0,
    talk: Annotated[
        str, typer.Option(metavar="TIME", help="Mean talk with the debtor.", rich_help_panel=_WORLD)
    ] = "150s",
    wrap_up: Annotated[
        str, typer.Option(metavar="TIME", help="Mean wrap-up, by hand.", rich_help_panel=_WORLD)
    ] = "60s",
    auto_wrap_up: Annotated[
        str,
        typer.Option(metavar="TIME", help="With what the dialer writes down. An assumption.", rich_help_panel=_WORLD),
    ] = "35s",
    look_up: Annotated[
        str, typer.Option(metavar="TIME", help="By hand: find the account, key the number.", rich_help_panel=_WORLD)
    ] = "18s",
    log: Annotated[
        str, typer.Option(metavar="TIME", help="By hand: write down an unanswered dial.", rich_help_panel=_WORLD)
    ] = "8s",
    dials_per_day: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="A cap for one debtor besides the rules of CN-BANK, in every arm; default none.",
            rich_help_panel=_WORLD,
            show_default=False,
        ),
    ] = None,
    abandonment: Annotated[
        str, typer.Option(metavar="RATIO", help="Limit, in every arm.", rich_help_panel=_WORLD)
    ] = "3%",
    sensitivity: Annotated[
        bool, typer.Option(help="Also vary answers, manual overhead, talk and team size.", rich_help_panel=_RUNS)
    ] = True,
    jobs: Annotated[
        int | None,
        typer.Option(
            min=1, max=256, help="Processes; default one for each processor.", rich_help_panel=_RUNS, show_default=False
        ),
    ] = None,
    cache: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Runs that are done; default in your cache folder.",
            rich_help_panel=_RUNS,
            show_default=False,
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do every run again.", rich_help_panel=_RUNS)] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with charts.", rich_help_panel=_RUNS)
    ] = None,
) -> None:
    """What does the dialer bring, against work by hand? Simulated, with intervals, misses included.

    Manual, progressive, predictive, choice of numbers, order by expected value,
    and a shorter wrap-up that is assumed: each works the same made-up debtors
    with the same agents, hours and caps, through the engine's own floor, gate
    and pacing. What the debtors are like is hidden from all of them. First
    manual runs against manual (A/A); then the ladder; then what happens when
    the world is another. No figure is a field result. Nobody is called.
    Ctrl-C shows what is done; the next time it goes on from there.
    """
    from dialer.cli.simulate_case_cache import Cache, default_folder
    from dialer.cli.simulate_case_run import do
    from dialer.cli.simulate_case_view import case_view
    from dialer.cli.simulate_options import ratio_of, seconds_of
    from dialer.sim.case.scenario import Scenario
    from dialer.sim.case.study import study_of

    session = session_of(context)
    size = QUICK if quick else {}
    asked = {"accounts": accounts, "days": days, "agents": agents}
    sizes = {**size, **{name: value for name, value in asked.items() if value is not None}}
    scenario = replace(
        Scenario(
            answer_odds=answer_odds,
            dials_per_day=dials_per_day,
            abandonment=ratio_of(session, "--abandonment", abandonment) or 0.0,
            talk_s=seconds_of(session, "--talk", talk) or 0.0,
            wrap_up_s=seconds_of(session, "--wrap-up", wrap_up) or 0.0,
            auto_wrap_up_s=seconds_of(session, "--auto-wrap-up", auto_wrap_up) or 0.0,
            look_up_s=seconds_of(session, "--look-up", look_up) or 0.0,
            log_s=seconds_of(session, "--log", log) or 0.0,
        ),
        **sizes,
    )
    study = study_of(scenario, seeds or (QUICK_SEEDS if quick else SEEDS), sensitivity=sensitivity and not quick)
    folder = Cache(cache or default_folder(os.environ), fresh=fresh)
    work = do(session, study, folder, jobs=jobs or os.cpu_count() or 1)
    view = case_view(session.lang, study, work)
    if view is not None:
        _show(session, view, html)
    if work.interrupted:
        raise typer.Exit(INTERRUPTED)


def _show(session: Session, view: CaseView, html: Path | None) -> None:
    from dialer.cli.simulate_case_html import render_html
    from dialer.cli.simulate_case_json import as_json
    from dialer.cli.simulate_case_text import render

    if html is not None:
        html.write_text(render_html(view), encoding="utf-8")
        session.say(f"已写入 {html}", f"Written to {html}", "green")
    if session.json:
        session.emit(as_json(view))
    else:
        session.out.print(render(view))
