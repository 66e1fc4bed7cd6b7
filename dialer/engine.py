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
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Final, TypeVar

import structlog

from dialer.ami import translate
from dialer.ami.client import AmiClient
from dialer.ami.messages import AmiDisconnected, AmiTimeout, Message
from dialer.ami.translate import Action
from dialer.clock import Clock
from dialer.compliance import gate
from dialer.errors import AmiError, StoreError
from dialer.events import (
    AttemptRecovered,
    Bridge,
    BridgeFailed,
    CallAgent,
    CallRefused,
    CallUnresolved,
    CampaignLaunched,
    CampaignTold,
    ChannelsListed,
    Effect,
    Fact,
    HangUp,
    Inquire,
    LeadsLeased,
    LeaseLeads,
    LinkLost,
    LinkRestored,
    Originate,
    PauseRecovered,
    Report,
    SaveAgentState,
    Say,
    SettingsReloaded,
    Show,
    StoreFailed,
    StoreRestored,
    Ticked,
    Write,
)
from dialer.floor import board
from dialer.floor.floor import Floor
from dialer.floor.state import Moment
from dialer.report import ListProgress
from dialer.settings import CampaignSettings, DialerSettings, ServerSettings
from dialer.snapshot import CampaignRow, Snapshot
from dialer.store.api import Store
from dialer.types import AgentState, CampaignName, CampaignState, ChannelId, ServerName

LEASE_S: Final = 600.0
"""A lead that this engine neither dialled nor gave back is free again after this long."""
GATHER_S: Final = 0.02
"""Writes that no call waits for are committed after so long, together."""
STORE_RETRY_S: Final = 0.5
LINK_RETRY_S: Final = 2.0
PROGRESS_EVERY_S: Final = 2.0
IDLE_WAKE_S: Final = 1.0
"""The floor is ticked at least this often."""

T = TypeVar("T")
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
    ) -> None:
        """Prepare; nothing is connected before `run`.

        Args:
            settings: servers, trunks, agents.
            store: open; the engine closes it.
            clock: the machine's.
            load_settings: reads `dialer.yaml` again, for a reload.
            load_campaigns: reads every campaign file that is sound.
            load_campaign: reads one, or raises `SettingsError`.
        """
        self._settings = settings
        self._store = store
        self._clock = clock
        self._load_settings = load_settings
        self._load_campaigns = load_campaigns
        self._load_campaign = load_campaign
        run_id = f"{int(clock.now_at().timestamp()):x}{secrets.token_hex(2)}"
        self._floor = Floor(settings, run_id=run_id, now=self._now(), known=load_campaigns(settings))
        self._links: dict[ServerName, AmiClient] = {}
        self._servers = {server.name: server for server in settings.servers}
        self._trunks = {trunk.name: trunk for trunk in settings.trunks}
        self._facts: deque[Fact] = deque()
        self._awake = asyncio.Event()
        self._pending: list[Write | LeaseLeads | Originate] = []
        self._to_commit = asyncio.Event()
        self._awaited = asyncio.Event()
        self._committing = False
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._tasks: set[asyncio.Task[None]] = set()
        self._stop_by_s: float | None = None
        self._progress: dict[CampaignName, ListProgress] = {}
        self._recovered = asyncio.Event()
        self._stopped = asyncio.Event()

    # --- what commands may ask (see dialer.control.ControlTarget) --------------------------------------

    def snapshot(self) -> Snapshot:
        """The floor at this moment."""
        seen = board.snapshot(self._floor.state, self._now())
        rows = (self._with_progress(row) for row in seen.campaigns)
        return replace(seen, campaigns=tuple(rows))

    def _with_progress(self, row: CampaignRow) -> CampaignRow:
        progress = self._progress.get(row.name)
        if progress is None:
            return row
        return replace(row, accounts_total=progress.total, accounts_done=progress.done)

    async def tell(self, fact: Fact) -> tuple[Report, ...]:
        """Feed a fact; reports of level `error` mean that it was refused."""
        reports = tuple(effect for effect in self._step(fact) if isinstance(effect, Report))
        self._wake()
        return reports

    async def launch(self, campaign: str) -> tuple[Report, ...]:
        """Read the campaign's YAML and launch it, or reload it when it runs.

        Raises:
            SettingsError: The file is wrong; whatever ran goes on as it was.
        """
        settings = self._load_campaign(self._settings, campaign)
        return await self.tell(CampaignLaunched(settings=settings))

    async def reload(self) -> tuple[Report, ...]:
        """Read every settings file again; an error leaves all as it was.

        Raises:
            SettingsError: A file is wrong.
        """
        settings = self._load_settings()
        live = [run.settings.name for run in self._floor.state.campaigns.values() if run.state is CampaignState.RUNNING]
        campaigns = [self._load_campaign(settings, name) for name in live]
        self._settings = settings
        self._trunks = {trunk.name: trunk for trunk in settings.trunks}
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
        try:
            await self._recover()
            self._recovered.set()
            async with asyncio.TaskGroup() as group:
                committer = group.create_task(self._commit_for_ever(), name="committer")
                for server in self._settings.servers:
                    self._spawn(self._connect(server), f"connect {server.name}")
                self._spawn(self._count_accounts(), "count accounts")
                await self._step_until_stopped()
                await self._flush()
                committer.cancel()
        finally:
            for task in self._tasks:
                task.cancel()
            for link in self._links.values():
                await link.close()
            self._thread.shutdown(wait=True)
            self._store.close()
            self._stopped.set()
            _log.info("engine.stopped")

    async def _recover(self) -> None:
        """Take up what an earlier run left: its leases, its open attempts, its running campaigns."""
        released = await self._in_store(lambda: self._store.release_leases(self._engine_name))
        open_attempts = await self._in_store(self._store.open_attempts)
        states = await self._in_store(self._store.campaign_states)
        paused = await self._in_store(self._store.paused_agents)
        _log.info("engine.started", released_leases=released, open_attempts=len(open_attempts))
        self._close_shifts("engine started")
        for agent_id, reason in paused.items():
            self._step(PauseRecovered(agent_id=agent_id, reason=reason))
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
                )
            )
        for name, state in states.items():
            if state is CampaignState.RUNNING and name in self._floor.state.known:
                self._step(CampaignLaunched(settings=self._floor.state.known[name]))

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
        try:
            effects = self._floor.step(fact, self._now())
        except Exception:
            _log.exception("engine.error", fact=type(fact).__name__)
            self._abandon_channel(fact)
            return [Report(event="engine.error", level="error", fields={"message": "engine error; see its log"})]
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
            case Bridge():
                self._ask(effect.server, translate.bridge(effect), self._after_bridge(effect))
            case HangUp():
                self._ask(effect.server, translate.hang_up(effect))
            case CallAgent():
                self._ask(effect.server, translate.call_agent(effect), self._after_originate(effect.leg_id))
            case Say():
                for action in translate.say(effect):
                    self._ask(effect.server, action)
            case Show():
                for action in translate.show(effect):
                    self._ask(effect.server, action)
            case Inquire():
                self._spawn(self._inquire(effect.server), f"inquire {effect.server}")
            case Report():
                _log.log(_LEVELS[effect.level], effect.event, **effect.fields)
            case _:
                self._pending.append(effect)
                self._to_commit.set()
                if isinstance(effect, Originate | LeaseLeads):
                    self._awaited.set()

    # --- the store -------------------------------------------------------------------------------------

    async def _commit_for_ever(self) -> None:
        while True:
            await self._to_commit.wait()
            await self._gather()
            self._to_commit.clear()
            batch, self._pending = self._pending, []
            self._committing = True
            await self._commit(batch)
            self._committing = False

    async def _gather(self) -> None:
        """Let writes that nothing waits for come together.

        The first of them tells of an answer: a commit at once would cost interpreter time just when the bridge does.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                await self._awaited.wait()
        self._awaited.clear()

    async def _commit(self, batch: list[Write | LeaseLeads | Originate]) -> None:
        """Commit a batch, then do what had to wait for it."""
        writes = [item for item in batch if not isinstance(item, LeaseLeads | Originate)]
        if writes:
            await self._apply(writes)
        for item in batch:
            if isinstance(item, Originate):
                self._originate(item)
        for item in batch:
            if isinstance(item, LeaseLeads):
                await self._lease(item)
        self._wake()

    async def _apply(self, writes: list[Write]) -> None:
        failed = False
        while True:
            try:
                await self._in_store(lambda: self._store.apply(writes))
            except StoreError as error:
                if not failed:
                    self._take(StoreFailed(reason=str(error)))
                failed = True
                await asyncio.sleep(STORE_RETRY_S)
            else:
                if failed:
                    self._take(StoreRestored())
                return

    async def _lease(self, wanted: LeaseLeads) -> None:
        campaign, at = wanted.settings, self._clock.now_at()
        try:
            leased = await self._in_store(
                lambda: self._store.lease(
                    campaign, limit=wanted.limit, at=at, lease_s=LEASE_S, engine=self._engine_name
                )
            )
        except StoreError as error:
            self._take(StoreFailed(reason=str(error)))
            self._take(LeadsLeased(campaign=campaign.name, leads=(), waiting=1))
            self._take(StoreRestored())
            return
        self._take(
            LeadsLeased(
                campaign=campaign.name,
                leads=leased.leads,
                waiting=leased.waiting,
                next_due_at=leased.next_due_at,
            )
        )

    async def _in_store(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _count_accounts(self) -> None:
        """Keep the board's list progress a few seconds fresh."""
        while True:
            for run in list(self._floor.state.campaigns.values()):
                settings, at = run.settings, self._clock.now_at()
                with contextlib.suppress(StoreError):
                    self._progress[settings.name] = await self._in_store(
                        partial(self._store.list_progress, settings.list_name, at=at)
                    )
            await asyncio.sleep(PROGRESS_EVERY_S)

    def _close_shifts(self, reason: str) -> None:
        """Write every agent down as offline; whoever is on the line after all is written down again at once."""
        at = self._clock.now_at()
        for name in self._floor.state.agents:
            self._pending.append(SaveAgentState(agent_id=name, state=AgentState.OFFLINE, at=at, reason=reason))
        self._to_commit.set()

    async def _flush(self) -> None:
        """At the end: everybody offline in the books, and everything committed."""
        self._close_shifts("engine stopped")
        self._to_commit.set()
        while self._pending or self._committing:
            self._to_commit.set()
            await asyncio.sleep(0.01)
        await self._in_store(lambda: self._store.release_leases(self._engine_name))

    # --- Asterisk --------------------------------------------------------------------------------------

    async def _connect(self, server: ServerSettings) -> None:
        """Connect to a server, trying until it works; afterwards the link mends itself."""
        while True:
            link = AmiClient(
                name=server.name,
                host=server.host,
                port=server.ami_port,
                username=server.ami_username,
                secret=server.ami_secret,
                subscribed=translate.SUBSCRIBED,
                on_event=lambda message: self._on_event(server.name, message),
                on_up=lambda _: None,  # FullyBooted says when it is worth asking
                on_lost=lambda reason: self._take(LinkLost(server=server.name, reason=reason)),
                on_login_failed=lambda reason: self._take(LinkLost(server=server.name, reason=reason)),
            )
            self._links[server.name] = link
            try:
                await link.start()
            except AmiError as error:
                await link.close()
                self._take(LinkLost(server=server.name, reason=str(error)))
                await asyncio.sleep(LINK_RETRY_S)
            else:
                return

    def _on_event(self, server: ServerName, message: Message) -> None:
        if message.event == "FullyBooted":
            self._spawn(self._inquire(server, restored=True), f"reconcile {server}")
            return
        fact = translate.fact_of(message, server)
        if fact is not None:
            self._take(fact)

    async def _inquire(self, server: ServerName, *, restored: bool = False) -> None:
        try:
            items = await self._links[server].collect("CoreShowChannels")
        except AmiError as error:
            _log.warning("ami.inquiry_failed", server=server, reason=str(error))
            return
        channels = tuple(translate.live_channel(item, server) for item in items if item.get("Uniqueid"))
        if restored:
            self._take(LinkRestored(server=server, channels=channels))
        else:
            self._take(ChannelsListed(server=server, channels=channels))

    def _originate(self, effect: Originate) -> None:
        """Send a committed attempt, if its permit is still good at this very moment."""
        channel_id = ChannelId(effect.attempt_id)
        if not gate.recheck(effect.permit, self._clock.now_at()):
            self._take(CallRefused(channel_id=channel_id, reason="the permit had expired"))
            return
        action = translate.originate(effect, self._trunks[effect.trunk], str(self._settings.recordings_path))
        self._ask(effect.server, action, self._after_originate(channel_id))

    def _ask(
        self, server: ServerName, action: Action, then: Callable[[Message | AmiError], None] | None = None
    ) -> None:
        """Send an action; `then` gets its answer or why there is none."""
        try:
            answer = self._links[server].send(action.name, action.headers)
        except AmiError as error:
            if then is not None:
                then(error)
            return

        def answered(future: asyncio.Future[Message]) -> None:
            if future.cancelled():
                return
            error = future.exception()
            if error is not None and not isinstance(error, AmiError):
                raise error
            result = error if isinstance(error, AmiError) else future.result()
            if then is not None:
                then(result)
            elif isinstance(result, AmiError) or not result.success:
                _log.debug("ami.refused", server=server, action=action.name, answer=_words(result))

        answer.add_done_callback(answered)

    def _after_originate(self, channel_id: ChannelId) -> Callable[[Message | AmiError], None]:
        def then(answer: Message | AmiError) -> None:
            match answer:
                case AmiTimeout() | AmiDisconnected(sent=True):
                    self._take(CallUnresolved(channel_id=channel_id, reason=str(answer)))
                case AmiError():
                    self._take(CallRefused(channel_id=channel_id, reason=str(answer)))
                case _ if not answer.success:
                    self._take(CallRefused(channel_id=channel_id, reason=_words(answer)))
                case _:
                    pass

        return then

    def _after_bridge(self, effect: Bridge) -> Callable[[Message | AmiError], None]:
        def then(answer: Message | AmiError) -> None:
            if isinstance(answer, AmiError) or not answer.success:
                self._take(BridgeFailed(channel_id=ChannelId(effect.attempt_id), reason=_words(answer)))

        return then

    # --- small things ----------------------------------------------------------------------------------

    def _take(self, fact: Fact) -> None:
        self._facts.append(fact)
        self._wake()

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def _words(answer: Message | AmiError) -> str:
    return str(answer) if isinstance(answer, AmiError) else answer.get("Message", "refused without a reason")
