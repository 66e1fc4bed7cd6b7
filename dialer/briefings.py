"""What an agent's phone shows of the script, prepared while it rings and shown when they talk.

    a call is committed --> a thread of its own chooses and renders the script, on a connection of its own
    they talk           --> the line goes to the agent's phone, and `script.shown` into the store, from that thread

The floor knows nothing of it, and the event loop only hands over; what is not ready when they talk is shown when it is.
What cannot be prepared is left out and logged without a name, a number or a text; the call goes on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import structlog

from dialer.clock import Clock
from dialer.effects import Bridge, CloseAttempt, Effect, Originate, SaveAgentState, SaveAttempt, SaveCallEvent, Show
from dialer.errors import DialerError
from dialer.scripting import Asked, Offers, Prepared, no_offers, prepare, record
from dialer.scripts.brief import BETWEEN, brief
from dialer.scripts.choosing import NoScriptError
from dialer.scripts.model import Language
from dialer.scripts.playbook import Playbook
from dialer.scripts.rendering import ForbiddenTextError
from dialer.scripts.templates import TemplateValueError
from dialer.settings import DialerSettings
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentId, AgentState, AttemptId, ServerName

AFTER_S: Final = 0.3
"""Asterisk itself tells the phone of the customer as the bridge is made; ours comes after."""
MOST_WAITING: Final = 500
"""More calls than this are not prepared for: somebody dials faster than scripts can be made, and calls come first."""

_log = structlog.stdlib.get_logger("dialer.engine")


class Briefer(Protocol):
    """Prepares scripts; called in one thread, never in the event loop's."""

    def begin(self) -> None:
        """Open what it needs before the first call; what cannot be opened is tried again with the first."""
        ...

    def prepare(self, attempt: SaveAttempt) -> Prepared | None:
        """The script for whoever is called; None: there is none to show, and the log says why."""
        ...

    def shown(self, prepared: Prepared, *, agent: AgentId, attempt: AttemptId) -> None:
        """Write down that an agent has it on the phone."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


@dataclass(slots=True, kw_only=True)
class _Call:
    """A call that somebody may talk in."""

    ready: Future[Prepared | None]
    name: str = ""
    number: str = ""
    """What the phone shows anyhow."""
    server: ServerName | None = None
    channel: str = ""
    """The agent's leg."""
    agent: AgentId | None = None


class Briefings:
    """Follows the floor's effects and shows scripts.

    Args:
        briefer: prepares them.
        show: carries out a `Show`; called in the event loop's thread.
        after_s: how long after the bridge.
    """

    def __init__(self, briefer: Briefer, show: Callable[[Show], None], *, after_s: float = AFTER_S) -> None:
        self._briefer = briefer
        self._show = show
        self._after_s = after_s
        self._calls: dict[AttemptId, _Call] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="briefings")
        self._closed = False

    async def begin(self) -> None:
        """Have the briefer open what it needs; cancelled, it is opened nevertheless and `close` gives it back."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._briefer.begin)

    def note(self, effect: Effect) -> None:
        """Take an effect of the floor; returns at once."""
        match effect:
            case SaveAttempt() if len(self._calls) < MOST_WAITING and not self._closed:
                ready = self._thread.submit(self._briefer.prepare, effect)
                self._calls[effect.attempt_id] = _Call(ready=ready)
            case Originate() if (call := self._calls.get(effect.attempt_id)) is not None:
                call.name, call.number = effect.display_name, effect.display_number
            case Bridge() if (call := self._calls.get(effect.attempt_id)) is not None:
                call.server, call.channel = effect.server, effect.agent_channel
            case SaveAgentState(state=AgentState.TALKING, attempt_id=str(attempt_id)):
                if (call := self._calls.get(attempt_id)) is not None:
                    call.agent = effect.agent_id
            case SaveCallEvent(event="call.bridged"):
                asyncio.get_running_loop().call_later(self._after_s, self._talking, effect.attempt_id)
            case CloseAttempt():
                if (call := self._calls.pop(effect.attempt_id, None)) is not None:
                    call.ready.cancel()
            case _:
                pass

    def close(self) -> None:
        """Finish what is under way and give back what is held; blocks for moments."""
        self._closed = True
        self._thread.submit(self._briefer.close)
        self._thread.shutdown(wait=True)

    def _talking(self, attempt_id: AttemptId) -> None:
        call = self._calls.get(attempt_id)
        if call is not None and call.channel:
            loop, channel = asyncio.get_running_loop(), call.channel
            call.ready.add_done_callback(
                lambda ready: (
                    None
                    if ready.cancelled()
                    else loop.call_soon_threadsafe(self._put, attempt_id, channel, ready.result())
                )
            )

    def _put(self, attempt_id: AttemptId, channel: str, prepared: Prepared | None) -> None:
        """Put the line on the phone, unless the agent has another call by now."""
        call = self._calls.get(attempt_id)
        if prepared is None or call is None or call.server is None or call.channel != channel:
            return
        line = brief(prepared.shown, prepared.reader)
        self._show(Show(server=call.server, channel=channel, name=f"{call.name}{BETWEEN}{line}", number=call.number))
        _log.info(
            "script.shown",
            attempt=attempt_id,
            agent=call.agent,
            script=prepared.shown.script,
            version=prepared.shown.version,
            arm=prepared.shown.arm,
        )
        if call.agent is not None and not self._closed:
            self._thread.submit(self._briefer.shown, prepared, agent=call.agent, attempt=attempt_id)


class StoreBriefer:
    """Prepares scripts out of the store and the settings' files, and reads these again when they change.

    Args:
        settings: of the dialer.
        open_store: opens the store once more; called in the thread that prepares.
        read_playbook: reads scripts and strategies.
        files: those that make it up, asked for their times before each script.
        clock: the machine's.
        offers: the plans that an agent may offer.
    """

    def __init__(
        self,
        settings: DialerSettings,
        open_store: Callable[[], SqliteStore],
        read_playbook: Callable[[], Playbook],
        files: Callable[[], Iterable[Path]],
        clock: Clock,
        offers: Offers = no_offers,
    ) -> None:
        self._zone = ZoneInfo(settings.time_zone)
        self._reader = _reader(settings)
        self._open_store = open_store
        self._read_playbook = read_playbook
        self._files = files
        self._clock = clock
        self._offers = offers
        self._store: SqliteStore | None = None
        self._playbook: Playbook | None = None
        self._stamps: tuple[tuple[Path, int], ...] = ()

    def begin(self) -> None:
        """See `Briefer.begin`."""
        try:
            self._opened()
        except DialerError as error:
            _log.warning("script.store_not_open", reason=str(error))

    def prepare(self, attempt: SaveAttempt) -> Prepared | None:
        """See `Briefer.prepare`."""
        try:
            return self._prepared(attempt)
        except ForbiddenTextError as error:
            where = {"script": error.script.name, "key": error.key, "entries": list(error.entries)}
            _log.warning("script.withheld", attempt=attempt.attempt_id, **where)
        except (DialerError, TemplateValueError, NoScriptError) as error:
            _log.warning("script.missing", attempt=attempt.attempt_id, reason=str(error))
        except Exception as error:  # whatever it is, calls go on
            _log.warning("script.missing", attempt=attempt.attempt_id, reason=type(error).__name__, exc_info=True)
        return None

    def _prepared(self, attempt: SaveAttempt) -> Prepared | None:
        playbook, at = self._current(), self._clock.now_at()
        if playbook is None:
            return None
        lead = attempt.lead
        asked = Asked(
            account_id=lead.account_id,
            phone_id=lead.phone_id,
            party=lead.role,
            at=at,
            today=at.astimezone(self._zone).date(),
            reader=self._reader,
        )
        with self._opened().reading() as database:
            return prepare(database.conn, playbook, asked, self._offers)

    def shown(self, prepared: Prepared, *, agent: AgentId, attempt: AttemptId) -> None:
        """See `Briefer.shown`."""
        try:
            with self._opened().writing() as connection:
                record(
                    connection,
                    prepared,
                    at=self._clock.now_at(),
                    actor=agent,
                    source="softphone",
                    attempt=attempt,
                )
        except DialerError as error:
            _log.warning("script.not_recorded", attempt=attempt, reason=str(error))

    def close(self) -> None:
        """See `Briefer.close`."""
        if self._store is not None:
            self._store.close()

    def _opened(self) -> SqliteStore:
        if self._store is None:
            self._store = self._open_store()
        return self._store

    def _current(self) -> Playbook | None:
        """The playbook, read again when a file of it changed; a bad edit keeps what was."""
        stamps = tuple((path, path.stat().st_mtime_ns) for path in self._files())
        if stamps != self._stamps:
            self._stamps = stamps
            try:
                self._playbook = self._read_playbook()
            except DialerError as error:
                _log.error("settings.rejected", reason=str(error), kept="the scripts from before the edit")
        return self._playbook


def _reader(settings: DialerSettings) -> Language:
    """The language of the agents; of several, Chinese."""
    spoken = {agent.language for agent in settings.agents}
    return Language.EN if spoken == {"en"} else Language.ZH
