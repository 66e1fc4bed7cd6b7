"""Telling one webhook: event after event, each until it is taken, never the next one before.

Rules
- Taken is what is answered with a status 2xx within the time; redirects are not followed.
- What is not taken is tried again, a second later, then after twice as long each time; `Retry-After` is heeded.
- After `give_up_s` an event is left behind, on record, so that one that cannot be taken does not hold all others.
- The mark moves after the answer, in a transaction of its own: whatever is killed when, nothing is left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final, Protocol, TypeVar

import aiohttp
import structlog

from dialer.account_events import StoredEvent
from dialer.clock import Clock
from dialer.errors import StoreError
from dialer.store import happened, outbox, promised
from dialer.store.outbox import Mark
from dialer.store.sqlite import SqliteStore
from dialer.webhook_settings import WebhookSettings
from dialer.webhooks.messages import body_of, id_of, wait_s
from dialer.webhooks.signing import headers

LOOK_EVERY_S: Final = 0.1
AT_ONCE: Final = 200
"""Events read together."""
STORE_RETRY_S: Final = 1.0

T = TypeVar("T")
_log = structlog.stdlib.get_logger("dialer.webhooks")


class Aside(Protocol):
    """Does something with the store in the store's thread."""

    def __call__(self, work: Callable[[SqliteStore], T], /) -> Awaitable[T]:
        """Do it."""
        ...


@dataclass(frozen=True, slots=True)
class _Answer:
    taken: bool
    error: str = ""
    asked_s: float = 0.0


class Sender:
    """Tells one webhook.

    Args:
        settings: of the webhook.
        aside: reaches the store.
        clock: for signatures and for when to try again.
    """

    def __init__(self, settings: WebhookSettings, aside: Aside, clock: Clock) -> None:
        self._settings = settings
        self._aside = aside
        self._clock = clock
        self._changes = -1

    async def tell(self) -> None:
        """Tell until cancelled. An event that is being sent then is sent once more by the next one who tells."""
        timeout = aiohttp.ClientTimeout(total=self._settings.timeout_s)
        async with aiohttp.ClientSession(timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as web:
            while True:
                try:
                    await self._tell_all(web)
                except StoreError as error:
                    _log.warning("webhook.store_failed", webhook=self._settings.name, reason=str(error))
                    await asyncio.sleep(STORE_RETRY_S)

    async def _tell_all(self, web: aiohttp.ClientSession) -> None:
        mark = await self._aside(self._begin)
        while True:
            found = await self._aside(partial(self._next, mark.seq))
            for event, account_no in found:
                if event.kind in self._settings.kinds:
                    mark = await self._until_taken(web, mark, event, account_no)
            if found and found[-1][0].seq > mark.seq:
                mark = await self._aside(partial(self._passed, found[-1][0].seq))
            if not found:
                await asyncio.sleep(LOOK_EVERY_S)

    async def _until_taken(self, web: aiohttp.ClientSession, mark: Mark, event: StoredEvent, account_no: str) -> Mark:
        if mark.failing_seq == event.seq and mark.next_at is not None:
            await self._sleep_until(mark)
        while True:
            answer = await self._send(web, event, account_no)
            if answer.taken:
                if mark.failing_seq == event.seq:
                    _log.info("webhook.taken_again", webhook=self._settings.name, seq=event.seq)
                return await self._aside(partial(self._told, event.seq))
            mark = await self._aside(partial(self._failed, mark, event.seq, answer))
            if mark.seq >= event.seq:
                _log.error("webhook.given_up", webhook=self._settings.name, seq=event.seq, reason=answer.error)
                return mark
            if mark.tries == 1:
                _log.warning("webhook.failed", webhook=self._settings.name, seq=event.seq, reason=answer.error)
            await self._sleep_until(mark)

    async def _sleep_until(self, mark: Mark) -> None:
        if mark.next_at is not None:
            await asyncio.sleep(max(0.0, (mark.next_at - self._clock.now_at()).total_seconds()))

    async def _send(self, web: aiohttp.ClientSession, event: StoredEvent, account_no: str) -> _Answer:
        hook, body = self._settings, body_of(event, account_no)
        signed = headers(hook.secret, id_of(event), int(self._clock.now_at().timestamp()), body)
        signed |= {"content-type": "application/json", "user-agent": "dialer"}
        try:
            async with web.post(hook.url, data=body, headers=signed, allow_redirects=False) as answer:
                if 200 <= answer.status < 300:
                    return _Answer(taken=True)
                return _Answer(taken=False, error=f"HTTP {answer.status}", asked_s=_asked(answer))
        except TimeoutError:
            return _Answer(taken=False, error=f"no answer within {hook.timeout_s:g} s")
        except (aiohttp.ClientError, OSError, ValueError) as error:
            return _Answer(taken=False, error=f"{type(error).__name__}: {error}"[:200])

    # --- in the store's thread -------------------------------------------------------------------------

    def _begin(self, store: SqliteStore) -> Mark:
        with store.writing() as connection:
            return outbox.begin(connection, self._settings.name, from_start=self._settings.from_start)

    def _next(self, seq: int, store: SqliteStore) -> list[tuple[StoredEvent, str]]:
        """What happened after a place, each with its account's number; nothing when nobody has committed since."""
        changes = store.changes()
        if changes == self._changes:
            return []
        with store.reading() as database:
            events = happened.after(database.conn, seq, limit=AT_ONCE)
            if len(events) < AT_ONCE:
                self._changes = changes
            return [
                (event, promised.number_of(database.conn, account_id=event.account_id, debtor_id=event.debtor_id))
                for event in events
            ]

    def _passed(self, seq: int, store: SqliteStore) -> Mark:
        with store.writing() as connection:
            outbox.passed(connection, self._settings.name, seq)
            return outbox.standing(connection, self._settings.name)[self._settings.name]

    def _told(self, seq: int, store: SqliteStore) -> Mark:
        with store.writing() as connection:
            outbox.told(connection, self._settings.name, seq, self._clock.now_at())
            return outbox.standing(connection, self._settings.name)[self._settings.name]

    def _failed(self, mark: Mark, seq: int, answer: _Answer, store: SqliteStore) -> Mark:
        hook, at = self._settings, self._clock.now_at()
        tries = mark.tries + 1 if mark.failing_seq == seq else 1
        next_at = at + timedelta(seconds=wait_s(tries, hook.slowest_s, answer.asked_s))
        with store.writing() as connection:
            mark = outbox.failed(connection, hook.name, seq, at=at, next_at=next_at, error=answer.error)
            if mark.since_at is not None and at - mark.since_at >= timedelta(seconds=hook.give_up_s):
                outbox.give_up(connection, hook.name, seq, at)
            return outbox.standing(connection, hook.name)[hook.name]


def _asked(answer: aiohttp.ClientResponse) -> float:
    """Seconds of `Retry-After`; a date there is not heeded."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() and len(text) < 7 else 0.0
