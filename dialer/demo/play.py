"""The demo: the whole job, watched live, with a report at the end."""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from dialer import app, log
from dialer.cli.lang import Lang
from dialer.cli.report_html import render_html
from dialer.cli.report_text import render_report
from dialer.cli.report_view import view_of
from dialer.demo import actors, commands, stage
from dialer.engine import Engine
from dialer.errors import DialerError
from dialer.made_up.book import BookPlan
from dialer.made_up.files import write_files
from dialer.report import CampaignReport
from dialer.settings import DialerSettings
from dialer.store.reports import campaign_report, export_attempts
from dialer.types import CampaignName

REPOSITORY = Path(__file__).resolve().parents[2]
LOANS = 900
CURRENT_KEPT = 0.3
"""Of those with nothing overdue; leaves about 300 who are."""
SEED = 20
CAMPAIGN = "demo"
BUCKET_S = 10.0
"""Seconds per point of the report's curves."""
STOPPING = "Stopping: no more calls; conversations come to their end. Ctrl-C again ends them at once."
console = Console(soft_wrap=True)


def demo(
    seconds: Annotated[int, typer.Option(min=10, max=3600, help="How long the campaign dials.")] = 120,
    lang: Annotated[Lang, typer.Option(help="Language of the board and the report.")] = Lang.EN,
    seed: Annotated[int, typer.Option(help="Of the made-up debtors and of what agents key in.")] = SEED,
) -> None:
    """Run the whole job on this machine: a made-up lender, a simulated telephone network, six softphone agents.

    Everything stays on 127.0.0.1; names and numbers are made up. Ctrl-C ends it cleanly at any moment.
    """
    try:
        # SIGTERM unwinds like Ctrl-C, so that every process of the stage is ended.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)
        _play(seconds, lang, seed)
    except DialerError as error:
        console.print(f"[red]{error}[/red]", highlight=False)
        raise typer.Exit(error.exit_code) from None
    except KeyboardInterrupt:
        console.print("Stopped; nothing is left running.")
        raise typer.Exit(130) from None


def _play(seconds: int, lang: Lang, seed: int) -> None:
    runtime = REPOSITORY / ".runtime"
    with stage.own_folder(runtime) as folder:
        main = stage.working_folder(folder, REPOSITORY / "config")
        with stage.set_up(main, stage.plan_ports(), runtime, _say) as set_up:
            settings = set_up.settings
            _import_debtors(main, seed, lang)
            log.configure(settings.log_path)
            started_at = datetime.now(UTC)
            asyncio.run(_run(set_up, seconds, lang, seed))
            told = _report(settings, started_at, lang)
            _show_the_book(settings, lang)
            _compare(set_up, told)


def _import_debtors(main: Path, seed: int, lang: Lang) -> None:
    """Make a lender's files up, and take them over as its user would."""
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    plan = BookPlan(accounts=LOANS, seed=seed, today=today, current_kept=CURRENT_KEPT)
    written = write_files(plan, main.parent.parent / "files")
    _say(f"A made-up lender sends {LOANS} loans in {len(written)} files.")
    for one in written:
        to_list = ("--list", "demo") if one.path.stem == "accounts" else ()
        commands.run(main, lang, _say, "import", one.path.stem, str(one.path), *to_list)


def _show_the_book(settings: DialerSettings, lang: Lang) -> None:
    """What else can be seen now: who would get which account, one account's page, the whole portfolio."""
    main = settings.source
    folder = main.parent.parent
    commands.run(main, lang, _say, "assign", "run", "--dry-run", "--limit", "6", "--html", str(folder / "shares.html"))
    account_no = _talked_about(settings)
    if account_no:
        commands.run(main, lang, _say, "account", "show", account_no, "--html", str(folder / "account.html"))
    commands.run(main, lang, _say, "report", "portfolio", "--html", str(folder / "portfolio.html"))


def _talked_about(settings: DialerSettings) -> str:
    """An account of which there is most to see: with a promise, else a talk, else a call; empty: none."""
    store = app.open_store(settings)
    try:
        rows = sorted(
            export_attempts(store, CampaignName(CAMPAIGN), unmasked=True),
            key=lambda row: (row["disposition"] == "promise", row["outcome"] == "bridged", str(row["at"])),
        )
    finally:
        store.close()
    return str(rows[-1]["account_no"]) if rows else ""


async def _run(set_up: stage.Stage, seconds: int, lang: Lang, seed: int) -> None:
    async with app.running(set_up.settings) as engine:
        stop = app.stop_politely(engine)

        def interrupted() -> None:
            _say(STOPPING)
            stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, interrupted)
        await engine.launch(CAMPAIGN)
        helpers = [
            asyncio.create_task(actors.act(engine, set_up.phones, seed=seed), name="actors"),
            asyncio.create_task(app.show(engine, lang, ZoneInfo(set_up.settings.time_zone)), name="board"),
            asyncio.create_task(_stop_after(engine, seconds), name="end of the demo"),
        ]
        await engine.stopped()
        for task in helpers:
            task.cancel()


async def _stop_after(engine: Engine, seconds: int) -> None:
    await asyncio.sleep(seconds)
    _say("Time is up: no more calls; conversations come to their end.")
    engine.stop(drain_s=app.DRAIN_S)


def _report(settings: DialerSettings, since: datetime, lang: Lang) -> CampaignReport:
    """Show the report here and write it as a page."""
    campaign = app.read_campaign(settings, CAMPAIGN)
    store = app.open_store(settings)
    try:
        told = campaign_report(store, campaign.name, campaign.list_name, since, datetime.now(UTC), bucket_s=BUCKET_S)
    finally:
        store.close()
    view = view_of(told, campaign, settings, lang)
    console.print(render_report(view, console.width))
    page = settings.source.parent.parent / "report.html"
    page.write_text(render_html([view]), encoding="utf-8")
    _say(f"The same as a page: {_shown(page)}")
    return told


def _compare(set_up: stage.Stage, told: CampaignReport) -> None:
    """The ledger against the network's own count: the promise that nobody is dialled twice."""
    seen = sum(set_up.carrier.invites().values())
    verdict = "equal, as they must be" if seen == told.attempts else "THEY DIFFER"
    _say(f"Calls the network saw: {seen}; attempts in the ledger: {told.attempts}; {verdict}.")
    if seen != told.attempts:
        raise typer.Exit(1)


def _shown(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _say(line: str) -> None:
    console.print(line, highlight=False)


def main() -> None:
    """Run the demo that the command line asks for."""
    sys.argv[0] = "./scripts/demo"
    typer.run(demo)
