"""Hearing from other systems: signed POSTs to /v1/events/SOURCE, one event each.

    200  taken, or known by its key already: {"duplicate": ..., "events": [{"seq": ..., "kind": ...}]}
    400  no JSON, or no posting: what is wrong is said
    401  not signed by the source, or too long ago; nothing more is said
    403  this source may not tell such a thing
    413  too large
    422  the store does not allow it: no such account, another sum under the same id
    503  busy, or the store cannot be written; try again later

The key of a posting is its own `key`, else the id of its message: sent again, it changes nothing and answers 200.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import tzinfo
from functools import partial
from typing import Final

import structlog
from aiohttp import web
from pydantic import JsonValue

from dialer.clock import Clock
from dialer.errors import PostingError, StoreError, WriteRefusedError
from dialer.loans.rules import LoanRules
from dialer.postings import Posting
from dialer.store.posting import Posted, Poster, post
from dialer.store.sqlite import SqliteStore
from dialer.webhook_settings import ListenSettings, SourceSettings
from dialer.webhooks.parsing import parse_json
from dialer.webhooks.sending import Aside
from dialer.webhooks.signing import ID, refusal

READ_S: Final = 10.0
"""A body that takes longer to come is not waited for."""
AT_ONCE: Final = 16
"""Requests under way; more are asked to come again."""
_NOBODY: Final = SourceSettings(name="", secret="nobody has this secret, and it is compared all the same")

_log = structlog.stdlib.get_logger("dialer.webhooks")


class Receiver:
    """Takes postings.

    Args:
        settings: who may tell what.
        aside: reaches the store.
        rules: by which payments are booked.
        zone: in which days without a time begin.
        clock: the machine's.
    """

    def __init__(
        self,
        settings: ListenSettings,
        aside: Aside,
        *,
        rules: Callable[[], LoanRules],
        zone: tzinfo,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._aside = aside
        self._rules = rules
        self._zone = zone
        self._clock = clock
        self._under_way = 0

    def app(self) -> web.Application:
        """The application to serve."""
        app = web.Application(client_max_size=self._settings.largest_bytes)
        app.router.add_post("/v1/events/{source}", self._taken)
        return app

    async def _taken(self, request: web.Request) -> web.Response:
        if self._under_way >= AT_ONCE:
            return _no(503, "busy", "Too many requests are under way; try again in a second.")
        self._under_way += 1
        try:
            async with asyncio.timeout(READ_S):
                body = await request.read()
        except web.HTTPRequestEntityTooLarge:
            return _no(413, "too_large", f"A request may have {self._settings.largest_bytes} bytes.")
        except TimeoutError:
            return _no(408, "too_slow", f"The request did not come within {READ_S:g} s.")
        else:
            return await self._answer(request, body)
        finally:
            self._under_way -= 1

    async def _answer(self, request: web.Request, body: bytes) -> web.Response:
        source = self._settings.sources.get(request.match_info["source"], _NOBODY)
        now = self._clock.now_at()
        refused = refusal(
            source.secret, request.headers, body, now_s=now.timestamp(), skew_s=self._settings.clock_skew_s
        )
        if refused or source is _NOBODY:
            _log.warning("webhook.refused", source=source.name or "unknown", reason=refused or "unknown source")
            return _no(401, "not_signed", "The request is not signed as it has to be; see docs/events.md.")
        try:
            told = parse_json(body, self._zone)
        except PostingError as error:
            return _no(400, "no_posting", str(error))
        if source.kinds and told.kind not in source.kinds:
            allowed = ", ".join(sorted(source.kinds))
            return _no(403, "kind", f"{source.name} may not tell of a {told.kind}, only of {allowed}.")
        told = replace(told, key=told.key or request.headers[ID])
        return await self._post(source, told)

    async def _post(self, source: SourceSettings, told: Posting) -> web.Response:
        poster = Poster(source=f"webhook:{source.name}", by=source.name, at=self._clock.now_at(), rules=self._rules())
        try:
            posted = await self._aside(partial(_posted, told, poster))
        except (WriteRefusedError, PostingError) as error:
            _log.info("webhook.not_allowed", source=source.name, kind=told.kind.value)
            return _no(422, "not_allowed", str(error))
        except StoreError as error:
            _log.warning("webhook.store_failed", source=source.name, reason=str(error))
            return _no(503, "store", "The store cannot be written now; try again.")
        _log.info("webhook.taken", source=source.name, kind=told.kind.value, duplicate=posted.duplicate, seq=posted.seq)
        events: list[JsonValue] = [{"seq": seq, "kind": kind.value} for seq, kind in posted.events]
        return web.json_response({"duplicate": posted.duplicate, "events": events})


def _posted(told: Posting, poster: Poster, store: SqliteStore) -> Posted:
    with store.writing() as connection:
        return post(connection, told, poster)


def _no(status: int, kind: str, message: str) -> web.Response:
    headers = {"retry-after": "1"} if status == 503 else {}
    return web.json_response({"error": {"kind": kind, "message": message}}, status=status, headers=headers)
