"""The post office: a sender for each webhook, and the door at which others post; as the settings are at this moment.

office = Office(load=..., open_store=..., rules=..., zone=..., clock=...)
await office.work()                  # until cancelled
async with beside(office.work): ...  # the same in a thread with a loop of its own, so that no call waits for it
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import tzinfo
from functools import partial
from typing import Any, Final, TypeVar

import structlog
from aiohttp import web

from dialer.clock import Clock
from dialer.errors import SettingsError
from dialer.loans.rules import LoanRules
from dialer.store.sqlite import SqliteStore
from dialer.webhook_settings import HookSettings, ListenSettings, WebhookSettings
from dialer.webhooks.receiving import Receiver
from dialer.webhooks.sending import Sender

LOOK_EVERY_S: Final = 1.0
"""Settings are read again so often."""

T = TypeVar("T")
_log = structlog.stdlib.get_logger("dialer.webhooks")


class Counter:
    """A thread with a connection of its own, opened when it is first needed."""

    def __init__(self, name: str, open_store: Callable[[], SqliteStore]) -> None:
        self._open_store = open_store
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._store: SqliteStore | None = None

    def __call__(self, work: Callable[[SqliteStore], T]) -> Awaitable[T]:
        """Do something with the store; once begun it is finished, cancelled or not."""
        return asyncio.get_running_loop().run_in_executor(self._thread, partial(self._do, work))

    def _do(self, work: Callable[[SqliteStore], T]) -> T:
        if self._store is None:
            self._store = self._open_store()
        return work(self._store)

    async def close(self) -> None:
        """Let what is under way end, and close the connection."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._close)
        self._thread.shutdown()

    def _close(self) -> None:
        if self._store is not None:
            self._store.close()


class Office:
    """Sends and takes.

    Args:
        load: reads the settings; asked again every second.
        open_store: opens the store once more.
        rules: by which payments are booked.
        zone: in which days without a time begin.
        clock: the machine's.
        said: is told the URL when the door opens.
    """

    def __init__(
        self,
        *,
        load: Callable[[], HookSettings],
        open_store: Callable[[], SqliteStore],
        rules: Callable[[], LoanRules],
        zone: tzinfo,
        clock: Clock,
        said: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._load = load
        self._rules = rules
        self._zone = zone
        self._clock = clock
        self._said = said
        self._sending = Counter("webhooks-out", open_store)
        self._taking = Counter("webhooks-in", open_store)
        self._senders: dict[WebhookSettings, asyncio.Task[None]] = {}
        self._door: web.AppRunner | None = None
        self._listen = ListenSettings()
        self._rejected = ""

    async def work(self) -> None:
        """Send and take until cancelled."""
        try:
            while True:
                await self._look()
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for task in self._senders.values():
                task.cancel()
            await asyncio.gather(*self._senders.values(), return_exceptions=True)
            await self._shut()
            await self._sending.close()
            await self._taking.close()

    async def _look(self) -> None:
        try:
            settings = await asyncio.to_thread(self._load)
        except SettingsError as error:
            if str(error) != self._rejected:
                _log.error("settings.rejected", reason=str(error), kept="the webhooks from before the edit")
            self._rejected = str(error)
            return
        self._rejected = ""
        await self._send(settings.webhooks)
        if settings.listen != self._listen:
            await self._shut()
            await self._open(settings.listen)

    async def _send(self, wanted: tuple[WebhookSettings, ...]) -> None:
        for gone in [one for one in self._senders if one not in wanted]:
            ended = self._senders.pop(gone)
            ended.cancel()
            await asyncio.gather(ended, return_exceptions=True)
        for one in wanted:
            task = self._senders.get(one)
            if task is not None and task.done() and not task.cancelled():
                _log.error("webhook.ended", webhook=one.name, exc_info=task.exception())
            if task is None or task.done():
                sender = Sender(one, self._sending, self._clock)
                self._senders[one] = asyncio.create_task(sender.tell(), name=f"webhook {one.name}")

    async def _open(self, listen: ListenSettings) -> None:
        self._listen = listen
        if not listen.enabled:
            return
        receiver = Receiver(listen, self._taking, rules=self._rules, zone=self._zone, clock=self._clock)
        door = web.AppRunner(receiver.app(), access_log=None, keepalive_timeout=15.0)
        await door.setup()
        site = web.TCPSite(door, listen.host, listen.port)
        try:
            await site.start()
        except OSError as error:
            await door.cleanup()
            _log.error("webhook.door_shut", host=listen.host, port=listen.port, reason=str(error))
            return
        self._door = door
        host, port = door.addresses[0][:2]
        _log.info("webhook.door_open", host=host, port=port, sources=sorted(listen.sources))
        self._said(f"http://{host}:{port}/v1/events/")

    async def _shut(self) -> None:
        door, self._door = self._door, None
        if door is not None:
            await door.cleanup()


@contextlib.asynccontextmanager
async def beside(work: Callable[[], Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Do work in a thread with an event loop of its own while the block runs; it is cancelled at the end."""
    ready = threading.Event()
    reach: list[tuple[asyncio.AbstractEventLoop, asyncio.Task[None]]] = []

    async def main() -> None:
        task = asyncio.create_task(work())
        reach.append((asyncio.get_running_loop(), task))
        ready.set()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    def run() -> None:
        try:
            asyncio.run(main())
        except Exception:
            _log.exception("webhook.office_failed")
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="webhooks", daemon=True)
    thread.start()
    await asyncio.to_thread(ready.wait)
    try:
        yield
    finally:
        for loop, task in reach:
            with contextlib.suppress(RuntimeError):  # it has ended by itself
                loop.call_soon_threadsafe(task.cancel)
        await asyncio.to_thread(thread.join)
