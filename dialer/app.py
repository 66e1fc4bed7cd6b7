"""The composition root: the only place where settings, store, engine, control socket and board meet."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
from datetime import datetime, timedelta, tzinfo
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from rich.console import Console
from rich.live import Live

from dialer import log
from dialer.briefings import StoreBriefer
from dialer.chores import Chore, Chores
from dialer.cli.board import Board, plain_line
from dialer.cli.init import example_folder
from dialer.cli.lang import Lang
from dialer.clock import SystemClock
from dialer.config import SettingsFileError, load_campaign, load_dialer
from dialer.config.caseload import load_ordering
from dialer.config.experiments import STRATEGIES
from dialer.config.fresh import Fresh
from dialer.config.plans import NAME as PLANS
from dialer.config.plans import load_plans
from dialer.config.playbook import load_playbook, playbook_files
from dialer.config.promises import NAME as PROMISES
from dialer.config.promises import load_promises
from dialer.config.risk import NAME as RISK
from dialer.config.risk import load_risk
from dialer.config.webhooks import NAME as WEBHOOKS
from dialer.config.webhooks import load_webhooks
from dialer.control import ControlServer
from dialer.control_door import Door
from dialer.early_warning import EarlyWarning, by_rules
from dialer.engine import Engine
from dialer.errors import SettingsError
from dialer.loans.rules import LoanRules
from dialer.order_chore import OrderChore
from dialer.promise_keeping import PromiseKeeping
from dialer.promises.terms import Terms
from dialer.settings import AgentSettings, CampaignSettings, DialerSettings
from dialer.snapshot import Snapshot
from dialer.store.ageing import LoanAgeing
from dialer.store.sqlite import SqliteStore
from dialer.store.waterfall import waterfall
from dialer.types import AgentState, CampaignName, CampaignState
from dialer.waterfall import Waterfall
from dialer.webhooks.office import Office, beside

DRAIN_S = 20.0
"""After Ctrl-C conversations may go on this long; a second Ctrl-C ends them."""
BOARD_EVERY_S = 0.25
LINE_EVERY_S = 5.0
WATCH_EVERY_S = 1.0
SWITCH_S = 0.0005
CACHE_BESIDE_KIB = 1024
"""Of each connection beside the engine's own. There are half a dozen, and each fills what it may have."""
WORTH_WAITING_S = 600.0
"""`dialer run` goes on for accounts that fall due within this time, and ends when only later ones are left."""

_log = structlog.stdlib.get_logger("dialer.app")


def open_store(settings: DialerSettings) -> SqliteStore:
    """The store of these settings, made when it is not there yet."""
    return SqliteStore.create(settings.store_path, key=settings.store_key)


def campaigns_folder(settings: DialerSettings) -> Path:
    """Where campaign files live: beside `dialer.yaml`."""
    return settings.source.parent / "campaigns"


def read_campaign(settings: DialerSettings, name: str) -> CampaignSettings:
    """Read one campaign's file.

    Raises:
        SettingsError: There is no such file (the ones that are there are named), or it is wrong.
    """
    path = campaigns_folder(settings) / f"{name}.yaml"
    if Path(name).name != name or "\0" in name or not path.is_file():  # a path might lead out of the folder
        known = ", ".join(sorted(one.stem for one in path.parent.glob("*.yaml"))) or "none"
        raise SettingsError(f"There is no campaign {name}: {path} does not exist. Campaigns here: {known}.")
    return load_campaign(path, settings)


def read_sound_campaigns(settings: DialerSettings) -> Mapping[CampaignName, CampaignSettings]:
    """Every campaign file that can be read; one bad file must not stop the others."""
    folder = campaigns_folder(settings)
    if not folder.is_dir():
        return {}
    found: dict[CampaignName, CampaignSettings] = {}
    for path in sorted(folder.glob("*.yaml")):
        try:
            found[CampaignName(path.stem)] = load_campaign(path, settings)
        except SettingsFileError as error:
            _log.warning("settings.rejected", file=path.name, reason=str(error))
    return found


def make_engine(settings: DialerSettings) -> Engine:
    """An engine over these settings and their store."""
    clock = SystemClock()
    return Engine(
        settings,
        open_store(settings),
        clock,
        load_settings=lambda: load_dialer(settings.source),
        load_campaigns=read_sound_campaigns,
        load_campaign=read_campaign,
        count=partial(_count, settings),
        chores=Chores(chores_of(settings), partial(_one_more_store, settings), clock),
        open_store=partial(_one_more_store, settings),
        briefer=_briefer(settings, clock),
    )


def _briefer(settings: DialerSettings, clock: SystemClock) -> StoreBriefer:
    """What prepares scripts for agents' phones."""
    folder, shipped = settings.source.parent, example_folder()
    return StoreBriefer(
        settings,
        partial(_one_more_store, settings),
        partial(load_playbook, folder, shipped),
        partial(playbook_files, folder, shipped),
        clock,
    )


def chores_of(settings: DialerSettings) -> tuple[Chore, ...]:
    """What the engine does beside dialling; see `dialer.chores`."""
    ordering = load_ordering(settings.source.parent, example_folder())
    order = OrderChore(settings=ordering, zone=ZoneInfo(settings.time_zone))
    promises = PromiseKeeping(_terms(settings))
    ageing = LoanAgeing(_loan_rules(settings))
    return (ageing, promises, _early_warning(settings), *((order,) if ordering.refresh_s else ()))


def _loan_rules(settings: DialerSettings) -> Callable[[], LoanRules]:
    """The rules of loans, as their file is.

    Raises:
        SettingsError: with every problem of the file.
    """
    folder, shipped = settings.source.parent, example_folder()
    zone = ZoneInfo(settings.time_zone)
    plans = Fresh(partial(load_plans, folder, shipped, zone), (folder / PLANS, shipped / PLANS))
    plans()
    return lambda: plans().loans


def _early_warning(settings: DialerSettings) -> EarlyWarning:
    """What judges signs of risk as they come in.

    Raises:
        SettingsError: with every problem of its file.
    """
    folder, shipped = settings.source.parent, example_folder()
    risk = Fresh(partial(load_risk, folder, shipped), (folder / RISK, shipped / RISK))
    risk()
    return EarlyWarning(risk, ZoneInfo(settings.time_zone), by_rules(settings, shipped))


def _terms(settings: DialerSettings) -> Fresh[Terms]:
    """The terms of promises, as their file is.

    Raises:
        SettingsError: with every problem of the file.
    """
    folder, shipped = settings.source.parent, example_folder()
    terms = Fresh(partial(load_promises, folder, shipped, settings.time_zone), (folder / PROMISES, shipped / PROMISES))
    terms()
    return terms


def _office(settings: DialerSettings) -> Office:
    """Who tells other systems and hears from them.

    Raises:
        SettingsError: with every problem of the files.
    """
    folder, zone = settings.source.parent, ZoneInfo(settings.time_zone)
    hooks = Fresh(partial(load_webhooks, folder), (folder / WEBHOOKS,))
    hooks()
    return Office(
        load=hooks,
        open_store=partial(_one_more_store, settings),
        rules=_loan_rules(settings),
        zone=zone,
        clock=SystemClock(),
    )


def _one_more_store(settings: DialerSettings) -> SqliteStore:
    """The store on a connection of its own, so that the engine's writes do not wait."""
    return SqliteStore.open(settings.store_path, key=settings.store_key, cache_kib=CACHE_BESIDE_KIB)


def _count(
    settings: DialerSettings, campaign: CampaignSettings, at: datetime, agents: Collection[AgentSettings]
) -> Waterfall:
    """Count a campaign's list."""
    store = SqliteStore.open(settings.store_path, key=settings.store_key)
    with contextlib.closing(store), store.reading() as database:
        return waterfall(database.conn, campaign, at, agents=agents)


def serve(
    settings: DialerSettings,
    *,
    launch: tuple[str, ...] = (),
    board: bool = False,
    until_done: bool = False,
    lang: Lang = Lang.EN,
) -> int:
    """Run the engine until it is told to stop.

    Args:
        settings: of this dialer.
        launch: campaigns to launch at once.
        board: show the live board on the terminal, or progress lines without one.
        until_done: stop when every launched campaign is over.
        lang: of the board.

    Returns:
        The exit status.
    """
    log.configure(settings.log_path)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(settings, launch, board=board, until_done=until_done, lang=lang))
    return 0


async def _serve(
    settings: DialerSettings, launch: tuple[str, ...], *, board: bool, until_done: bool, lang: Lang
) -> None:
    for name in launch:
        read_campaign(settings, name)
    async with running(settings) as engine:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop_politely(engine))
        for name in launch:
            await engine.launch(name)
        watchers = [asyncio.create_task(_watch_files(engine, settings), name="watch files")]
        if board:
            watchers.append(asyncio.create_task(show(engine, lang, ZoneInfo(settings.time_zone)), name="board"))
        if until_done:
            watchers.append(asyncio.create_task(_stop_when_over(engine, launch), name="until done"))
        try:
            await engine.stopped()
        finally:
            for task in watchers:
                task.cancel()


@contextlib.asynccontextmanager
async def running(settings: DialerSettings) -> AsyncIterator[Engine]:
    """An engine that runs, with its control socket open; stops it at the end."""
    engine = make_engine(settings)
    async with _books(settings) as books, beside(_office(settings).work):
        door = Door(users=lambda: engine.settings.users, sink=books)
        async with ControlServer(settings.control_path, engine, door=door, group=settings.control_group):
            task = asyncio.create_task(engine.run(), name="engine")
            try:
                await engine.started(task)
                with _prompt():
                    yield engine
            finally:
                engine.stop(drain_s=0.0)
                await task


@contextlib.asynccontextmanager
async def _books(settings: DialerSettings) -> AsyncIterator[SqliteStore]:
    """The store opened once more, for the audit log: so a record waits for no batch of the engine."""
    books = await asyncio.to_thread(open_store, settings)
    try:
        yield books
    finally:
        await asyncio.to_thread(books.close)


@contextlib.contextmanager
def _prompt() -> Iterator[None]:
    """Keep the interpreter from making an answered customer wait.

    A full collection over all that was loaded took 90 ms; frozen, it is left out. A thread that computes, such as the
    store's, hands the interpreter over after `SWITCH_S` instead of 5 ms.
    """
    before_s = sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before_s)
        gc.unfreeze()


def stop_politely(engine: Engine) -> Callable[[], None]:
    """A signal handler: the first time it drains, the second time it does not."""
    asked = 0

    def stop() -> None:
        nonlocal asked
        asked += 1
        engine.stop(drain_s=DRAIN_S if asked == 1 else 0.0)

    return stop


async def show(engine: Engine, lang: Lang, zone: tzinfo | None = None) -> None:
    """The live board on a terminal; without one, a line now and then."""
    console = Console()
    if not console.is_terminal:
        while True:
            await asyncio.sleep(LINE_EVERY_S)
            console.print(plain_line(engine.snapshot(), lang, zone=zone), soft_wrap=True, markup=False, highlight=False)
    board = Board(lang, zone=zone)
    with Live(console=console, auto_refresh=False, screen=False, transient=True) as live:
        while True:
            snapshot = engine.snapshot()
            board.feed(snapshot)
            live.update(board.render(snapshot, console.width, console.height), refresh=True)
            await asyncio.sleep(BOARD_EVERY_S)


async def _stop_when_over(engine: Engine, names: tuple[str, ...]) -> None:
    """Stop when every campaign is over, or has nothing to do for so long that nobody would wait for it."""
    while not all(_nothing_to_do(engine.snapshot(), name) for name in names):
        await asyncio.sleep(BOARD_EVERY_S)
    engine.stop(drain_s=DRAIN_S)


def _nothing_to_do(seen: Snapshot, name: str) -> bool:
    row = next((row for row in seen.campaigns if row.name == name), None)
    if row is None:
        return False
    if row.state in (CampaignState.FINISHED, CampaignState.STOPPED):
        return True
    later = row.next_due_at is None or row.next_due_at > seen.at + timedelta(seconds=WORTH_WAITING_S)
    at_work = any(agent.state in (AgentState.TALKING, AgentState.WRAP_UP) for agent in seen.agents)
    return row.idle_reason.startswith("0 dialable") and row.in_air == 0 and later and not at_work


async def _watch_files(engine: Engine, settings: DialerSettings) -> None:
    """Reload when a settings file changes; a bad edit keeps the old settings and says so."""
    seen = _stamps(settings)
    while True:
        await asyncio.sleep(WATCH_EVERY_S)
        now = _stamps(settings)
        if now == seen:
            continue
        seen = now
        try:
            await engine.reload()
        except SettingsError as error:
            _log.error("settings.rejected", reason=str(error), kept="the settings from before the edit")


def _stamps(settings: DialerSettings) -> dict[Path, int]:
    beside = settings.source.parent / STRATEGIES  # it says which experiments leave whom alone
    files = [settings.source, *campaigns_folder(settings).glob("*.yaml"), beside]
    return {path: path.stat().st_mtime_ns for path in files if path.is_file()}
