"""panoramisk's Manager, made safe to dial people with: one link that connects, logs in, watches, reconnects.

Rules
- `on_up` and `on_lost` alternate strictly; each `on_up` has a new epoch, and none of its events comes before
  it.
- Nothing is queued while the link is down and nothing is ever sent again: an Originate twice is a person rung
  twice.
- A link that has been silent for `dead_after_s` in spite of pings is dead. Pings every second of silence also
  flush events that Asterisk up to 22.10 may hold back after a lost wake-up.
- Callbacks are plain functions that enqueue. One that raises is logged and costs nobody else their event.
- Before the first login a failure is final; afterwards a lost link is tried again for ever, a refused login
  three times.
"""

from __future__ import annotations

import asyncio
import inspect
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from panoramisk.manager import Manager

from dialer.ami.messages import (
    AmiConnectError,
    AmiDisconnected,
    AmiLoginError,
    AmiTimeout,
    Message,
)
from dialer.ami.protocol import DialerProtocol, Subscriber
from dialer.errors import AmiError

MAX_LOGIN_REFUSALS = 3
MAX_EVENT_NAMES = 1_000  # Asterisk has about 200; a peer that invents names must not fill the memory
CLOSE_TIMEOUT_S = 1.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTiming:
    """When to ping, when to give a link up, when to try again."""

    ping_idle_s: float = 1.0
    dead_after_s: float = 3.0
    connect_timeout_s: float = 5.0
    reconnect_delays_s: Sequence[float] = (0.1, 0.5, 1)
    """The last one for ever: a server that is back must not wait for calls, and a refused connection is cheap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkHooks:
    """Whom to tell about the link's life."""

    on_up: Callable[[int], None]
    on_lost: Callable[[str], None]
    on_login_failed: Callable[[str], None]


class _EveryAction:
    """What panoramisk may forget when a link is lost: everything, for it would send the rest again."""

    def __contains__(self, action: object) -> bool:
        return True


class DialerManager(Manager):  # type: ignore[misc]  # panoramisk has no types; they end in this room
    """panoramisk's Manager without its re-sending, endless login attempts and unwatched pings."""

    loop: asyncio.AbstractEventLoop
    protocol: DialerProtocol | None
    authenticated: bool
    authenticated_future: asyncio.Future[Message] | None
    pinger: asyncio.TimerHandle | None

    def __init__(self, *, timing: LinkTiming, hooks: LinkHooks, **config: Any) -> None:
        self._routes: dict[bytes, tuple[Subscriber, ...]] = {}
        super().__init__(protocol_factory=lambda: DialerProtocol(self), forgetable_actions=_EveryAction(), **config)
        self.epoch = 0
        self.first_login: asyncio.Future[None] = self.loop.create_future()
        self.ping_delay = self.ping_interval = timing.ping_idle_s / 2
        self._timing = timing
        self._hooks = hooks
        self._closing = False
        self._connecting: asyncio.Task[tuple[asyncio.Transport, DialerProtocol]] | None = None
        self._last_link: DialerProtocol | None = None
        self._retry_timer: asyncio.TimerHandle | None = None
        self._attempts = 0
        self._refusals = 0
        self._ping_answer: asyncio.Future[Any] | None = None
        self._next_check_at_s = 0.0
        self.register_event("Shutdown", self._expect_shutdown)

    @property
    def where(self) -> str:
        """The server's address, for messages."""
        return f"{self.config['host']}:{self.config['port']}"

    # Connecting

    def connect(self, *_: Any, **__: Any) -> asyncio.Task[tuple[asyncio.Transport, DialerProtocol]]:
        """Try once to connect and log in; when that fails or ends, the next try is armed."""
        self._connecting = self.loop.create_task(self._open(), name=f"ami-connect {self.where}")
        self._connecting.add_done_callback(self.connection_made)
        return self._connecting

    async def _open(self) -> tuple[asyncio.Transport, DialerProtocol]:
        config = self.config
        async with asyncio.timeout(self._timing.connect_timeout_s):  # the TLS handshake included
            transport, protocol = await self.loop.create_connection(
                config["protocol_factory"],
                config["host"],
                config["port"],
                ssl=config["ssl"] or None,
                server_hostname=config.get("server_hostname"),
            )
        _watch_socket(transport.get_extra_info("socket"), self._timing.dead_after_s)
        return transport, protocol

    def connection_made(self, f: asyncio.Future[tuple[asyncio.Transport, DialerProtocol]]) -> None:
        """Take over a new link and log in, or arm the next try."""
        if f.cancelled():
            return
        if (error := f.exception()) is not None:
            self._retry(AmiConnectError(_connect_advice(self.where, error, self._timing.connect_timeout_s)))
            return
        transport, link = f.result()
        if self._closing or link.closed:
            transport.abort()
            self._retry(AmiConnectError(f"{self.where} hung up at once ({link.reason or 'no reason given'})."))
            return
        self._last_link = link
        self._next_check_at_s = self.loop.time() + self.ping_delay
        try:
            super().connection_made(f)  # sends Login and starts the pinger
        except AmiError as failure:
            link.abort(str(failure))

    def login(self, future: asyncio.Future[Message]) -> bool:
        """Take the answer to Login; the link calls this before it reads on, asyncio once more afterwards."""
        if future is not self.authenticated_future:
            return self.authenticated
        self.authenticated_future = None
        if future.cancelled() or (error := future.exception()) is not None:
            if self.protocol is not None and not future.cancelled() and isinstance(error, AmiTimeout):
                self.protocol.abort("Login was not answered")
            return False
        answer = future.result()
        self.authenticated = answer.success
        if self.authenticated:
            self._go_up()
        else:
            self._refused(answer.get("Message") or "no reason given")
        return self.authenticated

    def _go_up(self) -> None:
        self.epoch += 1
        self._attempts = self._refusals = 0
        _log.info("ami.up", server=self.where, epoch=self.epoch)
        if not self.first_login.done():
            self.first_login.set_result(None)
        self._tell(self._hooks.on_up, self.epoch)

    def _refused(self, why: str) -> None:
        self._refusals += 1
        user = self.config["username"]
        reason = (
            f"Asterisk at {self.where} refused the login of {user!r} ({why}); "
            "compare user and secret with its manager.conf, and its permit/deny and allowmultiplelogin lines."
        )
        _log.warning("ami.login_refused", server=self.where, user=user, why=why, refusals=self._refusals)
        if not self.first_login.done():
            self._give_up_start(AmiLoginError(reason))
        elif self._refusals >= MAX_LOGIN_REFUSALS:
            self.close()
            self._tell(self._hooks.on_login_failed, reason)
        elif self.protocol is not None:
            self.protocol.abort(reason)

    # Losing

    def link_lost(self, link: DialerProtocol, reason: str) -> None:
        """Learn, once, that a link has ended."""
        if link is not self.protocol:
            return
        was_up, self.authenticated = self.authenticated, False
        self.protocol = None
        self._connected = False
        self._stop_pinging()
        if self._closing:
            return
        if was_up:
            _log.warning("ami.lost", server=self.where, epoch=self.epoch, reason=reason)
            self._tell(self._hooks.on_lost, reason)
        self._retry(AmiConnectError(f"{self.where} did not complete the login ({reason})."))

    def _retry(self, error: AmiConnectError) -> None:
        if self._closing:  # also when a callback has just closed the client
            return
        if not self.first_login.done():
            self._give_up_start(error)
            return
        delays = self._timing.reconnect_delays_s
        delay_s = delays[min(self._attempts, len(delays) - 1)]
        if self._attempts:
            _log.warning("ami.connect_failed", server=self.where, error=str(error), retry_in_s=delay_s)
        self._attempts += 1
        self._retry_timer = self.loop.call_later(delay_s, self.connect)

    def _give_up_start(self, error: AmiError) -> None:
        self.first_login.set_exception(error)
        self.close()

    def close(self) -> None:
        """End the link and every plan to make another; what waits for an answer fails."""
        self._closing = True
        if self._retry_timer is not None:
            self._retry_timer.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        super().close()
        self._stop_pinging()

    async def close_and_wait(self) -> None:
        """Close, and return when the socket is gone; a peer that does not read is cut off."""
        link, connecting = self._last_link, self._connecting
        self.close()
        if connecting is not None:
            await asyncio.wait([connecting])
        if link is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await link.gone.wait()
        except TimeoutError:
            link.transport.abort()
            await link.gone.wait()

    def _expect_shutdown(self, _: DialerManager, event: Message) -> None:
        if self.protocol is not None:
            self.protocol.reason = "Asterisk announced its shutdown"

    # Watching

    def ping(self) -> None:
        """Look at the link: ping it when it is idle, end it when it is dead, look again later."""
        link, now_s = self.protocol, self.loop.time()
        if link is None:
            return
        if now_s - self._next_check_at_s > self.ping_interval:
            # It was we who slept, with the answers unread in the socket: give the link time to speak.
            link.last_byte_at_s = max(link.last_byte_at_s, now_s - self._timing.ping_idle_s)
        self._next_check_at_s = now_s + self.ping_interval
        self.pinger = self.loop.call_later(self.ping_interval, self.ping)
        idle_s = now_s - link.last_byte_at_s
        if idle_s >= self._timing.dead_after_s:
            link.abort(f"no byte from Asterisk for {idle_s:.1f} s")
        elif idle_s >= self._timing.ping_idle_s and self.authenticated:
            self._ping_once(link)

    def _ping_once(self, link: DialerProtocol) -> None:
        if self._ping_answer is not None and not self._ping_answer.done():
            return
        try:
            self._ping_answer = link.request("Ping", [], timeout_s=self._timing.dead_after_s)
        except AmiError as error:
            _log.warning("ami.ping_failed", server=self.where, error=str(error))

    def _stop_pinging(self) -> None:
        if self.pinger is not None:
            self.pinger.cancel()
            self.pinger = None

    # Events

    def register_event(self, pattern: str, callback: Subscriber | None = None) -> Any:
        """Subscribe a plain function to an event name or pattern; without `callback`, be its decorator."""
        if callback is None:
            return lambda function: self.register_event(pattern, function)
        if inspect.iscoroutinefunction(callback):
            raise TypeError(f"The subscriber to {pattern} is a coroutine; give a plain function that enqueues.")
        self._routes.clear()
        return super().register_event(pattern, callback)

    def subscribers(self, event_name: bytes) -> tuple[Subscriber, ...]:
        """Who subscribed to this event."""
        route = self._routes.get(event_name)
        return self._find_route(event_name) if route is None else route

    def _find_route(self, event_name: bytes) -> tuple[Subscriber, ...]:
        if len(self._routes) >= MAX_EVENT_NAMES:
            self._routes.clear()
        name = event_name.decode("utf-8", "replace")
        matching = [pattern for pattern, regexp in self.patterns if regexp.match(name)]
        route = tuple(callback for pattern in matching for callback in self.callbacks[pattern])
        self._routes[event_name] = route
        return route

    def deliver(self, event: Message, subscribers: Sequence[Subscriber]) -> None:
        """Give an event to its subscribers."""
        for subscriber in subscribers:
            self._tell(subscriber, self, event)

    def dispatch(self, event: Message) -> None:
        """Give an event to whoever subscribed to it."""
        self.deliver(event, self.subscribers(event.event.encode()))

    def _tell(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            callback(*arguments)
        except Exception:
            # asyncio would close the link and lose the rest of the chunk, which belongs to other calls.
            _log.exception("ami.callback_failed", server=self.where, arguments=[repr(a) for a in arguments[1:]])

    # Sending

    def send_awaiting_actions(self, *_: object) -> None:
        """Do nothing; panoramisk would, on FullyBooted, send again what was not answered."""

    def send_action(
        self, action: Mapping[str, object], as_list: bool | None = None, **kwargs: object
    ) -> asyncio.Future[Any]:
        """Send an action in panoramisk's form, now or not at all."""
        headers = {**action, **kwargs}
        is_login = headers.get("Action") == "Login"
        return self._link("The action", logging_in=is_login).send(headers, as_list=as_list)

    def request(
        self, name: str, headers: Sequence[tuple[str, str]], *, timeout_s: float, is_list: bool
    ) -> asyncio.Future[Any]:
        """Send an action, now or not at all."""
        return self._link(name).request(name, headers, timeout_s=timeout_s, is_list=is_list)

    def _link(self, name: str, *, logging_in: bool = False) -> DialerProtocol:
        if self.protocol is None or not (self.authenticated or logging_in):
            raise AmiDisconnected(f"{name} was not sent: there is no link to Asterisk at {self.where}.", sent=False)
        return self.protocol


def _watch_socket(sock: socket.socket | None, dead_after_s: float) -> None:
    if sock is None:
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux: also ends a link whose peer stopped reading
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(dead_after_s * 1000))


def _connect_advice(where: str, error: BaseException, timeout_s: float) -> str:
    match error:
        case TimeoutError():
            return f"Nobody answered at {where} within {timeout_s:g} s; check host, port and firewall."
        case ssl.SSLCertVerificationError():
            return (
                f"The certificate of {where} is not believed ({error.verify_message}); name its authority in ca_file "
                "and, if it was made for another name than this, that name in tls_name."
            )
        case ssl.SSLError():
            return f"TLS with {where} failed ({error.reason}); check that the port is the manager's TLS port."
        case _:
            return f"Cannot reach the Asterisk manager at {where} ({error}); check that it runs there."
