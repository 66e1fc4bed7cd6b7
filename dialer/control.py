"""How do commands talk to a running engine?

Over a unix socket that only its owner, or a group, may open: one JSON object per line, at most `MAX_LINE_BYTES` long.

    -> {"id": 1, "method": "campaign.pause", "params": {"campaign": "m1"}}
    <- {"id": 1, "result": {"reports": [...]}}
    <- {"id": 1, "error": {"kind": "refused", "message": "..."}}

`board.watch` answers with `{"id": 1, "item": <snapshot>}` again and again until the caller hangs up, or
with `{"id": 1, "end": "..."}` when the engine stops. A line that is not such a request gets one error reply
and the connection is closed; a well-formed request that is wrong gets its error and others may follow it.

The engine side is `ControlServer` over a `ControlTarget`; the command side is `ControlClient`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Coroutine
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

import structlog
from pydantic import JsonValue, ValidationError

from dialer.control_client import MAX_LINE_BYTES, snapshot_to_json
from dialer.control_client import ControlClient as ControlClient
from dialer.control_door import Door, peer_uid, signed
from dialer.control_requests import (
    AGENT_WISHES,
    CAMPAIGN_STATES,
    AllowOrder,
    CallOrder,
    Dispose,
    MaybeCampaign,
    Nothing,
    OneAgent,
    OneCampaign,
    Request,
    Stop,
    StopOrder,
    Watch,
)
from dialer.control_socket import bind, claim
from dialer.effects import Report
from dialer.errors import ControlError, DialerError
from dialer.facts import AgentTold, CampaignTold, Fact
from dialer.snapshot import Snapshot
from dialer.types import AgentId, CampaignName

WRITE_TIMEOUT_S: Final = 10.0
"""A reader of the board that takes nothing for this long is let go."""
MAX_CONNECTIONS: Final = 64
"""Each may hold a line of 1 MB: one who opens thousands must not take the memory of calls."""

HEAR_OUT_S: Final = 1.0
"""One who sent rubbish may go on sending for this long and still read why it was refused."""

_ACCEPT_TICKS: Final = 3  # the accepting task, its transport, our callback
_EXPECTED: Final = (
    f"Expected one JSON object per line of at most {MAX_LINE_BYTES:,} bytes, such as "
    '{"id": 1, "method": "campaign.pause", "params": {"campaign": "m1"}}.'
)
_log = structlog.stdlib.get_logger("dialer.control")


class TakesOrders(Protocol):
    """What may be ordered of an engine besides steering it; see `dialer.orders`."""

    async def stop(
        self, who: str, flag: str, *, by: str, note: str = "", until_at: datetime | None = None
    ) -> tuple[Report, ...]:
        """Forbid calls to a number or the debtor of an account."""
        ...

    async def allow(self, who: str, flag: str, *, by: str, note: str) -> tuple[Report, ...]:
        """Allow them again."""
        ...

    async def call(self, agent: str, who: str, campaign: str = "") -> tuple[Report, ...]:
        """Have an agent call an account or a number of one."""
        ...


class ControlTarget(Protocol):
    """What the socket commands; the engine is the one that exists."""

    @property
    def orders(self) -> TakesOrders:
        """Takes orders about single people."""
        ...

    def snapshot(self) -> Snapshot:
        """The floor at this moment."""
        ...

    async def tell(self, fact: Fact) -> tuple[Report, ...]:
        """Feed a fact; reports of level `error` mean that it was refused."""
        ...

    async def launch(self, campaign: str) -> tuple[Report, ...]:
        """Read the campaign's YAML and launch it, or reload it when it runs."""
        ...

    async def reload(self) -> tuple[Report, ...]:
        """Read every settings file again."""
        ...

    def stop(self, *, drain_s: float) -> None:
        """Begin to stop: no more calls, and those in the air have this long to end."""
        ...


class ErrorKind(StrEnum):
    """Why a request failed."""

    BAD_REQUEST = "bad_request"  # not a request, or its parameters are wrong
    UNKNOWN_METHOD = "unknown_method"
    REFUSED = "refused"  # the engine says no
    FORBIDDEN = "forbidden"  # not for this role, or nobody known
    INTERNAL = "internal"  # a defect; the engine's log knows more


class ControlServer:
    """Listens on the control socket while it is entered (`async with`).

    Args:
        path: the socket. Its folder is made, closed to others, when it is missing.
        target: who is commanded.
        door: who may ask for what, and where it is recorded; by default the owner may everything.
        group: of the operating system, whose members may connect too; empty: the owner alone.
    """

    def __init__(self, path: Path, target: ControlTarget, *, door: Door | None = None, group: str = "") -> None:
        self._path = path
        self._target = target
        self._door = door or Door()
        self._group = group
        self._lock: int | None = None
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._closing = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Listen; a socket left over from a dead engine is replaced.

        Raises:
            ControlError: another engine listens there, or the path cannot be a socket.
        """
        self._lock = claim(self._path)
        try:
            listener = bind(self._path, self._group)
            self._server = await asyncio.start_unix_server(self._accept, sock=listener, limit=MAX_LINE_BYTES)
        except BaseException:
            os.close(self._lock)
            raise

    async def close(self) -> None:
        """Say goodbye to watchers, let go of everyone, and remove the socket."""
        if self._server is None:
            return
        self._closing.set()
        # A connection that is being accepted while its server closes loses its transport to an assertion of
        # asyncio and leaks: so accept no more, let those begun come through, and only then close.
        for listener in self._server.sockets:
            asyncio.get_running_loop().remove_reader(listener.fileno())
        for _ in range(_ACCEPT_TICKS):
            await asyncio.sleep(0)
        self._server.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=1.0)
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._server = None
        self._path.unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        crowded = len(self._connections) >= MAX_CONNECTIONS
        work = self._turn_away(writer) if crowded else self._serve(reader, writer)
        task = asyncio.create_task(work, name="control.connection")
        self._connections.add(task)
        # Not in a `finally` of the task: one that is cancelled before its first step never gets there.
        task.add_done_callback(self._connections.discard)
        task.add_done_callback(lambda _: writer.close())

    async def _turn_away(self, writer: asyncio.StreamWriter) -> None:
        _log.warning("control.crowded", connections=MAX_CONNECTIONS)
        message = f"The engine serves {MAX_CONNECTIONS} commands at once already; close some boards."
        with contextlib.suppress(ConnectionError, TimeoutError):
            await _error(writer, None, ErrorKind.REFUSED, message)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, TimeoutError):  # the command went away; nothing is owed to it
            await self._converse(reader, writer)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not self._closing.is_set():
            try:
                line = await self._unless_closing(reader.readuntil(b"\n"))
                request = Request.model_validate_json(line)
            except asyncio.IncompleteReadError as end:
                if end.partial:
                    await _error(writer, None, ErrorKind.BAD_REQUEST, _EXPECTED)
                return
            except (asyncio.LimitOverrunError, ValidationError):
                await _error(writer, None, ErrorKind.BAD_REQUEST, _EXPECTED)
                await _hear_out(reader, writer)
                return
            await self._answer(request, writer)

    async def _unless_closing(self, read: Coroutine[None, None, bytes]) -> bytes:
        """The next line; when the server closes meanwhile, as if the other side had hung up."""
        line = asyncio.ensure_future(read)
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            await asyncio.wait({line, closing}, return_when=asyncio.FIRST_COMPLETED)
            if line.done():
                return line.result()
            raise asyncio.IncompleteReadError(b"", None)
        finally:
            line.cancel()
            closing.cancel()
            await asyncio.gather(line, closing, return_exceptions=True)  # no task outlives its connection

    async def _answer(self, request: Request, writer: asyncio.StreamWriter) -> None:
        try:
            visitor = self._door.visitor(peer_uid(writer.get_extra_info("socket")), request.token)
            if refused := await self._door.admit(visitor, request):
                await _error(writer, request.id, ErrorKind.FORBIDDEN, refused)
            elif request.method == "board.watch":
                await self._watch(request, writer)
            else:
                result = await self._do(request.method, signed(request, visitor))
                await _send(writer, {"id": request.id, "result": result})
        except ValidationError as error:
            await _error(writer, request.id, ErrorKind.BAD_REQUEST, _sentence(request.method, error))
        except _UnknownMethodError as error:
            await _error(writer, request.id, ErrorKind.UNKNOWN_METHOD, str(error))
        except DialerError as error:
            await _error(writer, request.id, ErrorKind.REFUSED, str(error))
        except (ConnectionError, TimeoutError):
            raise
        except Exception:  # a defect behind one command must not end the engine and its calls
            _log.exception("control.failed", method=request.method)
            message = "The engine failed to do this; its log says why."
            await _error(writer, request.id, ErrorKind.INTERNAL, message)

    async def _watch(self, request: Request, writer: asyncio.StreamWriter) -> None:
        every_s = Watch.model_validate(request.params).every_s
        while not self._closing.is_set():
            await _send(writer, {"id": request.id, "item": snapshot_to_json(self._target.snapshot())})
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), every_s)
        await _send(writer, {"id": request.id, "end": "the engine stopped"})

    async def _do(self, method: str, params: dict[str, JsonValue]) -> JsonValue:
        group, _, verb = method.partition(".")
        match group, verb:
            case "engine", _:
                return await self._engine(verb, params)
            case "board", "get":
                Nothing.model_validate(params)
                return snapshot_to_json(self._target.snapshot())
            case "campaign", _:
                return await self._campaign(verb, params)
            case "agent", _:
                return await self._agent(verb, params)
            case "stop", _:
                return await self._stop_order(verb, params)
            case _:
                raise _UnknownMethodError(method)

    async def _engine(self, verb: str, params: dict[str, JsonValue]) -> JsonValue:
        match verb:
            case "ping":
                Nothing.model_validate(params)
                return {"pid": os.getpid(), "uptime_s": self._target.snapshot().uptime_s}
            case "stop":
                self._target.stop(drain_s=Stop.model_validate(params).drain_s)
                return {}
            case "reload":
                Nothing.model_validate(params)
                return _accepted(await self._target.reload())
            case _:
                raise _UnknownMethodError(f"engine.{verb}")

    async def _campaign(self, verb: str, params: dict[str, JsonValue]) -> JsonValue:
        match verb:
            case "start":
                return _accepted(await self._target.launch(OneCampaign.model_validate(params).campaign))
            case "pause" | "resume" | "stop":
                campaign = CampaignName(OneCampaign.model_validate(params).campaign)
                fact = CampaignTold(campaign=campaign, state=CAMPAIGN_STATES[verb])
                return _accepted(await self._target.tell(fact))
            case "status":
                wanted = MaybeCampaign.model_validate(params).campaign
                return _rows(self._target.snapshot(), "campaigns", "name", wanted)
            case _:
                raise _UnknownMethodError(f"campaign.{verb}")

    async def _agent(self, verb: str, params: dict[str, JsonValue]) -> JsonValue:
        if verb == "list":
            Nothing.model_validate(params)
            return _rows(self._target.snapshot(), "agents", "agent_id", "")
        if verb == "dispose":
            return _accepted(await self._target.tell(Dispose.model_validate(params).fact()))
        if verb == "call":
            call = CallOrder.model_validate(params)
            return _accepted(await self._target.orders.call(call.agent, call.who, call.campaign))
        if verb not in AGENT_WISHES:
            raise _UnknownMethodError(f"agent.{verb}")
        who = OneAgent.model_validate(params)
        fact = AgentTold(agent_id=AgentId(who.agent), wish=verb, reason=who.reason)
        return _accepted(await self._target.tell(fact))

    async def _stop_order(self, verb: str, params: dict[str, JsonValue]) -> JsonValue:
        orders = self._target.orders
        match verb:
            case "add":
                stop = StopOrder.model_validate(params)
                done = orders.stop(stop.who, stop.flag, by=stop.by, note=stop.note, until_at=stop.until_at)
                return _accepted(await done)
            case "lift":
                allow = AllowOrder.model_validate(params)
                return _accepted(await orders.allow(allow.who, allow.flag, by=allow.by, note=allow.note))
            case _:
                raise _UnknownMethodError(f"stop.{verb}")


class _UnknownMethodError(Exception):
    def __init__(self, method: str) -> None:
        super().__init__(f"The engine knows no command {method!r}; is it older than this program?")


def _accepted(reports: tuple[Report, ...]) -> JsonValue:
    """The reports as JSON.

    Raises:
        ControlError: one of them is an error; its sentence is the refusal.
    """
    refusals = [report for report in reports if report.level == "error"]
    if refusals:
        raise ControlError("; ".join(describe_report(report) for report in refusals))
    return {
        "reports": [
            {
                "event": report.event,
                "level": report.level,
                "text": describe_report(report),
                "fields": {key: str(value) for key, value in report.fields.items()},
            }
            for report in reports
        ]
    }


def describe_report(report: Report) -> str:
    """One line for people: the report's own sentence, or its event and fields."""
    for key in ("message", "reason"):
        if isinstance(said := report.fields.get(key), str) and said:
            return said
    return " ".join([report.event, *(f"{key}={value}" for key, value in report.fields.items())])


def _rows(snapshot: Snapshot, table: str, key: str, wanted: str) -> JsonValue:
    plain = snapshot_to_json(snapshot)
    assert isinstance(plain, dict)
    rows = plain[table]
    assert isinstance(rows, list)
    if not wanted:
        return rows
    found: list[JsonValue] = [row for row in rows if isinstance(row, dict) and row[key] == wanted]
    if not found:
        raise ControlError(f"{wanted} was not started in this engine; `dialer campaign start {wanted}`.")
    return found


def _sentence(method: str, error: ValidationError) -> str:
    wrong = (f"{'.'.join(map(str, item['loc'])) or 'params'}: {item['msg']}" for item in error.errors())
    return f"{method}: {'; '.join(wrong)}."


async def _hear_out(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say that no more comes, and drop what is still on its way.

    A socket that is closed with bytes unread resets the other side, which would lose the error that it was just told.
    """
    writer.write_eof()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(HEAR_OUT_S):
            while await reader.read(MAX_LINE_BYTES):
                pass


async def _error(writer: asyncio.StreamWriter, number: int | None, kind: ErrorKind, message: str) -> None:
    await _send(writer, {"id": number, "error": {"kind": kind.value, "message": message}})


async def _send(writer: asyncio.StreamWriter, message: dict[str, JsonValue]) -> None:
    line = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
    if len(line) > MAX_LINE_BYTES:
        error: JsonValue = {"kind": ErrorKind.INTERNAL.value, "message": "The answer is longer than 1 MB."}
        line = json.dumps({"id": message["id"], "error": error}).encode() + b"\n"
    writer.write(line)
    await asyncio.wait_for(writer.drain(), WRITE_TIMEOUT_S)
