"""The asyncio shell around the floor: manager links and the store on one side, facts and effects on the other.

    events, commands, answers --> queue of facts --> Floor.step --> effects
                                                                     |-- to Asterisk, at once
                                                                     |-- to the store's thread, in order
                                                                     `-- Originate, only after its attempt is committed

One task steps the floor, so no two facts are ever taken at the same time. Writes go to one thread, batch after batch:
what gathers while a batch is being committed is the next batch, and one that no call waits for gathers a little
longer. When the store cannot commit, the same batch is tried again, nothing is dialled meanwhile, and nothing is
skipped.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

import structlog

from dialer.briefings import Briefer, Briefings
from dialer.chores import Chores
from dialer.clock import Clock
from dialer.effects import Bridge, CallAgent, Effect, HangUp, Inquire, Report, SaveAgentState, Say, Show
from dialer.errors import StoreError
from dialer.facts import (
    AttemptRecovered,
    CampaignLaunched,
    CampaignTold,
    Fact,
    PauseRecovered,
    SettingsReloaded,
    Ticked,
)
from dialer.floor import board
from dialer.floor.floor import Floor
from dialer.floor.state import CampaignRun, Moment
from dialer.following import Follower
from dialer.idle import Count, IdleWatch
from dialer.ledger import Ledger
from dialer.memory import Memory
from dialer.orders import Orders
from dialer.replay.recorder import Recorder
from dialer.report import ListProgress
from dialer.servers import Servers
from dialer.settings import CampaignSettings, DialerSettings
from dialer.settings_record import record_settings
from dialer.snapshot import CampaignRow, Snapshot, idle_alert
from dialer.store.api import Store
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentState, CampaignName, CampaignState, ChannelId

PROGRESS_EVERY_S: Final = 2.0
HEAD_EVERY_S: Final = 3600.0
IDLE_WAKE_S: Final = 1.0
"""The floor is ticked at least this often."""

_log = structlog.stdlib.get_logger("dialer.engine")


class Engine:
    """Runs a floor over real Asterisk servers and a real store."""

    def __init__(
        self,
        settings: DialerSettings,
        store: Store,
        clock: Clock,
        *,
        load_settings: Callable[[], DialerSettings],
        load_campaigns: Callable[[DialerSettings], Mapping[CampaignName, CampaignSettings]],
        load_campaign: Callable[[DialerSettings, str], CampaignSettings],
        count: Count | None = None,
        chores: Chores | None = None,
        open_store: Callable[[], SqliteStore] | None = None,
        briefer: Briefer | None = None,
    ) -> None:
        """Prepare; nothing is connected before `run`.

        Args:
            settings: servers, trunks, agents.
            store: open; the engine closes it.
            clock: the machine's.
            load_settings: reads `dialer.yaml` again, for a reload.
            load_campaigns: reads every campaign file that is sound.
            load_campaign: reads one, or raises `SettingsError`.
            count: counts a list when agents have nothing to dial; None: what the floor knows has to do.
            chores: what is done beside the floor while it runs.
            open_store: opens the store once more, to follow what happens to accounts; None: nothing is followed, and
                what others stop is barred when it is to be committed.
            briefer: prepares what agents' phones show of scripts; None: they show none.
        """
        self._settings = settings
        self._store = store
        self._clock = clock
        self._load_settings = load_settings
        self._load_campaign = load_campaign
        run_id = f"{int(clock.now_at().timestamp()):x}{secrets.token_hex(2)}"
        now, known = self._now(), load_campaigns(settings)
        self._recorder = Recorder(settings.facts, run_id=run_id, began=now, dialer=settings, known=known)
        self._floor = Floor(settings, run_id=run_id, now=now, known=known, rule=self._recorder.rule)
        self._facts: deque[Fact] = deque()
        self._awake = asyncio.Event()
        self._servers = Servers(settings, clock, take=self._take)
        self._ledger = Ledger(store, clock, engine=self._engine_name, take=self._take, send=self._servers.originate)
        self._memory = Memory(store, self._ledger, clock)
        self.orders = Orders(store, self._ledger, clock, engine=self._engine_name, tell=self.tell, runs=self._runs)
        self._idle = None if count is None else IdleWatch(count, clock)
        self._chores = chores
        self._briefings = None if briefer is None else Briefings(briefer, self._servers.perform)
        self._follower = None if open_store is None else Follower(open_store, self._take)
        self._stop_by_s: float | None = None
        self._progress: dict[CampaignName, ListProgress] = {}
        self._recovered = asyncio.Event()
        self._stopped = asyncio.Event()

    # --- what commands may ask (see dialer.control.ControlTarget) --------------------------------------

    def snapshot(self) -> Snapshot:
        """The floor at this moment."""
        seen = board.snapshot(self._floor.state, self._now())
        rows = tuple(self._with_progress(row if self._idle is None else self._idle.row(row)) for row in seen.campaigns)
        said = set(map(idle_alert, seen.campaigns))
        alerts = [alert for alert in seen.alerts if alert not in said]
        notices = () if self._chores is None else self._chores.notices()
        return replace(seen, campaigns=rows, alerts=(*alerts, *filter(None, map(idle_alert, rows)), *notices))

    def _with_progress(self, row: CampaignRow) -> CampaignRow:
        progress = self._progress.get(row.name)
        if progress is None:
            return row
        return replace(row, accounts_total=progress.total, accounts_done=progress.done)

    @property
    def settings(self) -> DialerSettings:
        """`dialer.yaml` as it was read last."""
        return self._settings

    async def tell(self, fact: Fact) -> tuple[Report, ...]:
        """Feed a fact; reports of level `error` mean that it was refused."""
        reports = tuple(effect for effect in self._step(fact) if isinstance(effect, Report))
        self._wake()
        return reports

    async def launch(self, campaign: str) -> tuple[Report, ...]:
        """Read the campaign's YAML and launch it, or reload it when it runs.

        Raises:
            SettingsError: The file is wrong; whatever ran goes on as it was.
            StoreError: What is known of the campaign cannot be read; it is not launched.
        """
        settings = self._load_campaign(self._settings, campaign)
        await self._note([settings])
        return await self.tell(await self._launch_of(settings))

    async def _note(self, used: Sequence[DialerSettings | CampaignSettings]) -> None:
        """Put settings on record before they are used."""
        at = self._clock.now_at()
        await self._ledger.ask(lambda: record_settings(self._store, at, used))

    async def _launch_of(self, settings: CampaignSettings) -> CampaignLaunched:
        if settings.name in self._floor.state.campaigns:
            return CampaignLaunched(settings=settings)  # the floor keeps what it has
        return await self._memory.launch_of(settings, self._settings.time_zone)

    async def reload(self) -> tuple[Report, ...]:
        """Read every settings file again; an error leaves all as it was.

        Raises:
            SettingsError: A file is wrong.
        """
        settings = self._load_settings()
        live = [run.settings.name for run in self._floor.state.campaigns.values() if run.state is CampaignState.RUNNING]
        campaigns = [self._load_campaign(settings, name) for name in live]
        await self._note([settings, *campaigns])
        self._settings = settings
        self._servers.use(settings)
        reports = await self.tell(SettingsReloaded(settings=settings))
        for campaign in campaigns:
            reports += await self.tell(CampaignLaunched(settings=campaign))
        return reports

    def stop(self, *, drain_s: float) -> None:
        """Place no more calls, let the ones that live end, then stop.

        Args:
            drain_s: give up waiting after this many seconds.
        """
        if self._stop_by_s is not None:
            self._stop_by_s = min(self._stop_by_s, self._clock.now_s() + drain_s)
            self._wake()
            return
        self._stop_by_s = self._clock.now_s() + drain_s
        for name, run in self._floor.state.campaigns.items():
            if run.state is CampaignState.RUNNING:
                self._facts.append(CampaignTold(campaign=name, state=CampaignState.PAUSED))
        _log.info("engine.stopping", drain_s=drain_s)
        self._wake()

    async def started(self, run: asyncio.Task[None]) -> None:
        """Wait until what an earlier run left has been taken up, or `run` has failed (then this fails too)."""
        waiting = asyncio.create_task(self._recovered.wait())
        await asyncio.wait({waiting, run}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if run.done():
            run.result()

    async def stopped(self) -> None:
        """Wait until the engine has stopped, for whatever reason."""
        await self._stopped.wait()

    # --- the run ---------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until `stop`. Cancelling it stops at once: calls live on in Asterisk, the dialplan keeps them safe."""
        self._recorder.begin()
        try:
            if self._follower is not None:
                await self._follower.begin()
            if self._briefings is not None:
                await self._briefings.begin()
            await self._recover()
            self._recovered.set()
            async with asyncio.TaskGroup() as group:
                helpers = [
                    group.create_task(self._ledger.run(), name="ledger"),
                    group.create_task(self._count_accounts(), name="count accounts"),
                    group.create_task(self._memory.keep(self._runs), name="keep what was learned"),
                    group.create_task(self._keep_telling_head(), name="tell the audit log's head"),
                ]
                if self._follower is not None:
                    helpers.append(group.create_task(self._follower.follow(), name="follow the stream"))
                if self._chores is not None:
                    helpers.append(group.create_task(self._chores.work(), name="chores"))
                if self._idle is not None:
                    helpers.append(group.create_task(self._idle.watch(lambda: self._floor.state), name="idle agents"))
                self._servers.begin()
                await self._step_until_stopped()
                self._close_shifts("engine stopped")
                await self._ledger.flush()
                await self._memory.save(self._runs())
                await self._tell_head()
                for task in helpers:
                    task.cancel()
        finally:
            if self._follower is not None:
                await self._follower.close()
            await self._servers.close()
            if self._briefings is not None:
                await asyncio.to_thread(self._briefings.close)
            self._ledger.close()
            self._recorder.close()
            self._stopped.set()
            _log.info("engine.stopped")

    async def _recover(self) -> None:
        """Take up what an earlier run left: its leases, its open attempts, its running campaigns."""
        released = await self._ledger.ask(lambda: self._store.release_leases(self._engine_name))
        open_attempts = await self._ledger.ask(
            partial(self._store.open_attempts, engine=self._engine_name, at=self._clock.now_at())
        )
        states = await self._ledger.ask(self._store.campaign_states)
        paused = await self._ledger.ask(self._store.paused_agents)
        live = [one for name, one in self._floor.state.known.items() if states.get(name) is CampaignState.RUNNING]
        await self._note([self._settings, *live])
        _log.info("engine.started", released_leases=released, open_attempts=len(open_attempts))
        self._close_shifts("engine started")
        for agent_id, reason in paused.items():
            self._step(PauseRecovered(agent_id=agent_id, reason=reason))
        await self._recall(states, {attempt.campaign for attempt in open_attempts})
        for attempt in open_attempts:
            self._step(
                AttemptRecovered(
                    attempt_id=attempt.attempt_id,
                    campaign=attempt.campaign,
                    server=attempt.server,
                    trunk=attempt.trunk,
                    lead=attempt.lead,
                    at=attempt.at,
                    outcome=attempt.outcome,
                    agent_id=attempt.agent_id,
                    talked=attempt.talked,
                )
            )

    async def _recall(self, states: Mapping[CampaignName, CampaignState], with_calls: Collection[CampaignName]) -> None:
        """Launch what was running, and remember what else has calls, before the first of them is taken up."""
        for name, settings in tuple(self._floor.state.known.items()):
            if states.get(name) is CampaignState.RUNNING:
                self._step(await self._launch_of(settings))
            elif name in with_calls:
                self._step(await self._memory.recall(settings, self._settings.time_zone))

    async def _step_until_stopped(self) -> None:
        while not self._may_stop():
            await self._sleep()
            while self._facts:
                self._step(self._facts.popleft())
            self._step(Ticked())

    async def _sleep(self) -> None:
        """Until a fact comes or the floor's next alarm rings."""
        now_s = self._clock.now_s()
        wake_s = min(self._floor.next_wake_s() or now_s + IDLE_WAKE_S, now_s + IDLE_WAKE_S)
        if wake_s > now_s and not self._facts:
            try:
                async with asyncio.timeout(wake_s - now_s):
                    await self._awake.wait()
            except TimeoutError:
                pass
        else:
            await asyncio.sleep(0)
        self._awake.clear()

    def _may_stop(self) -> bool:
        if self._stop_by_s is None:
            return False
        floor = self._floor.state
        return self._clock.now_s() >= self._stop_by_s or not (floor.calls or floor.wraps or self._facts)

    def _wake(self) -> None:
        self._awake.set()

    def _now(self) -> Moment:
        return Moment(self._clock.now_s(), self._clock.now_at())

    @property
    def _engine_name(self) -> str:
        return str(self._settings.control_path)

    # --- facts to effects ------------------------------------------------------------------------------

    def _step(self, fact: Fact) -> list[Effect]:
        """Step the floor and carry out what it says. The one place where anything unforeseen is caught."""
        now = self._now()
        try:
            effects = self._floor.step(fact, now)
        except Exception as error:
            self._recorder.note(fact, now, raised=error)
            _log.exception("engine.error", fact=type(fact).__name__)
            self._abandon_channel(fact)
            return [Report(event="engine.error", level="error", fields={"message": "engine error; see its log"})]
        self._recorder.note(fact, now, effects)
        for effect in effects:
            self._perform(effect)
        return effects

    def _abandon_channel(self, fact: Fact) -> None:
        """A fact could not be taken: end the channel it was about, so that nobody hangs in the air."""
        channel_id = getattr(fact, "channel_id", None)
        if isinstance(channel_id, str):
            call = next((c for c in self._floor.state.calls.values() if c.attempt_id == channel_id), None)
            if call is not None:
                self._perform(HangUp(server=call.server, channel_id=ChannelId(channel_id), reason="engine error"))

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Bridge() | HangUp() | CallAgent() | Say() | Show() | Inquire():
                self._servers.perform(effect)
            case Report():
                _log.log(_LEVELS[effect.level], effect.event, **effect.fields)
            case _:
                self._ledger.add(effect)
        if self._briefings is not None:
            self._briefings.note(effect)

    # --- the books -------------------------------------------------------------------------------------

    async def _count_accounts(self) -> None:
        """Keep the board's list progress a few seconds fresh."""
        while True:
            for run in list(self._floor.state.campaigns.values()):
                settings, at = run.settings, self._clock.now_at()
                with contextlib.suppress(StoreError):
                    self._progress[settings.name] = await self._ledger.ask(
                        partial(self._store.list_progress, settings.list_name, at=at)
                    )
            await asyncio.sleep(PROGRESS_EVERY_S)

    async def _keep_telling_head(self) -> None:
        while True:
            await self._tell_head()
            await asyncio.sleep(HEAD_EVERY_S)

    async def _tell_head(self) -> None:
        """Put the audit log's head into the engine's log, another file: an end cut off, a log made anew are noticed."""
        with contextlib.suppress(StoreError):
            _log.info("audit.head", head=await self._ledger.ask(self._store.audit_head))

    def _runs(self) -> Collection[CampaignRun]:
        return self._floor.state.campaigns.values()

    def _close_shifts(self, reason: str) -> None:
        """Write every agent down as offline; whoever is on the line after all is written down again at once."""
        at = self._clock.now_at()
        for name in self._floor.state.agents:
            self._ledger.add(SaveAgentState(agent_id=name, state=AgentState.OFFLINE, at=at, reason=reason))

    # --- small things ----------------------------------------------------------------------------------

    def _take(self, fact: Fact) -> None:
        self._facts.append(fact)
        self._wake()


_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}
