"""The manager connection that the engine uses.

    client = AmiClient(name="pbx1", ..., subscribed=frozenset({"Hangup"}), on_event=queue.put_nowait, ...)
    await client.start()                     # the first login, or one clear error
    ack = await client.send("Hangup", [("Channel", channel_id)])
    await client.close()

The rules of the link are at the top of `dialer.ami.link`. What the caller owes: after every `on_up` it asks
Asterisk what is true (`collect("CoreShowChannels")`), for what was in flight is unknown, not failed.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence

from dialer.ami.link import DialerManager, LinkHooks, LinkTiming
from dialer.ami.messages import AmiDisconnected, Message, encode_action


class AmiClient:
    """A link to one Asterisk for as long as the program runs; the one class that other rooms use.

    Args:
        name: The server's name in the settings, for logs.
        host: Where its manager listens.
        port: On which port.
        username: A user of its manager.conf.
        secret: That user's secret.
        ssl_context: TLS, or None for a plain link (loopback only).
        tls_name: The name that its certificate must have; empty: `host`.
        subscribed: Names of the events to be given to `on_event`; all others are skipped unread.
        on_event: Gets each subscribed event, in the order of the wire.
        on_up: Gets the epoch, after every login.
        on_lost: Gets the reason, once for every `on_up`, unless `close` was called.
        on_login_failed: Gets the reason when three logins in a row were refused; the client has then stopped.
        ping_idle_s: Seconds of silence before a ping.
        dead_after_s: Seconds of silence before the link is given up.
        connect_timeout_s: Limit for connecting, TLS included.
        reconnect_delays_s: Seconds before each try to reconnect; the last one repeats.
    """

    def __init__(
        self,
        *,
        name: str,
        host: str,
        port: int,
        username: str,
        secret: str,
        ssl_context: ssl.SSLContext | None = None,
        tls_name: str = "",
        subscribed: frozenset[str],
        on_event: Callable[[Message], None],
        on_up: Callable[[int], None],
        on_lost: Callable[[str], None],
        on_login_failed: Callable[[str], None],
        ping_idle_s: float = 1.0,
        dead_after_s: float = 3.0,
        connect_timeout_s: float = 5.0,
        reconnect_delays_s: Sequence[float] = (0.1, 0.5, 1, 2, 5),
    ) -> None:
        encode_action("Login", [("Username", username), ("Secret", secret)], "check")  # better now than at 3 a.m.
        self.name = name
        self._config = {
            "host": host,
            "port": port,
            "username": username,
            "secret": secret,
            "ssl": ssl_context or False,
            "server_hostname": (tls_name or host) if ssl_context else None,
        }
        self._subscribed = subscribed
        self._on_event = on_event
        self._hooks = LinkHooks(on_up=on_up, on_lost=on_lost, on_login_failed=on_login_failed)
        self._timing = LinkTiming(
            ping_idle_s=ping_idle_s,
            dead_after_s=dead_after_s,
            connect_timeout_s=connect_timeout_s,
            reconnect_delays_s=reconnect_delays_s,
        )
        self._manager: DialerManager | None = None

    @property
    def connected(self) -> bool:
        """Whether the link is up and logged in."""
        return self._manager is not None and self._manager.authenticated

    @property
    def epoch(self) -> int:
        """How many logins there have been; 0 before the first."""
        return 0 if self._manager is None else self._manager.epoch

    async def start(self) -> None:
        """Connect and log in; from then on the link is kept up until `close`.

        The first try must succeed: a wrong address or secret is told at once, not retried.
        Cancellation closes the client.

        Raises:
            AmiConnectError: Nobody answers, or not an Asterisk manager.
            AmiLoginError: The name or secret was refused.
        """
        if self._manager is not None:
            raise RuntimeError(f"The AMI client {self.name} was started already; make a new one.")
        loop = asyncio.get_running_loop()
        manager = DialerManager(timing=self._timing, hooks=self._hooks, loop=loop, **self._config)
        self._manager = manager
        for event_name in self._subscribed:
            manager.register_event(event_name, lambda _, event: self._on_event(event))
        manager.connect()
        try:
            await manager.first_login
        except BaseException:
            await manager.close_and_wait()
            raise

    async def close(self) -> None:
        """End the link for good; what waits for an answer fails with `AmiDisconnected(sent=True)`."""
        if self._manager is not None:
            await self._manager.close_and_wait()

    def send(
        self, name: str, headers: Sequence[tuple[str, str]] = (), *, timeout_s: float = 5.0
    ) -> asyncio.Future[Message]:
        """Write one action, once, now.

        Args:
            name: The action, such as `Originate`, whose answer is the immediate "queued", not its outcome.
            headers: In order; `Variable` may repeat; an `ActionID` of one's own comes back in the answer.
            timeout_s: How long to wait for the answer.

        Returns:
            A future of the answer (look at `success`). It fails with `AmiTimeout`, or with
            `AmiDisconnected(sent=True)` when the link is lost first; either way it may have been done.
            Cancelling it forgets the action.

        Raises:
            UnsafeAction: Asterisk could read the action as something else.
            AmiDisconnected: With `sent=False`: there is no link; nothing was sent or queued.
            AmiCongested: Asterisk does not read; nothing was sent.
        """
        return self._require_manager(name).request(name, headers, timeout_s=timeout_s, is_list=False)

    async def collect(
        self, name: str, headers: Sequence[tuple[str, str]] = (), *, timeout_s: float = 5.0
    ) -> list[Message]:
        """Ask for a list, such as CoreShowChannels, and return its items.

        Args:
            name: The action.
            headers: As for `send`.
            timeout_s: Limit for the whole list.

        Raises:
            AmiRefused: Asterisk answered with an error.
            AmiTimeout: The list was not complete in time.
            UnsafeAction, AmiDisconnected, AmiCongested: As for `send`.
        """
        items: list[Message] = await self._require_manager(name).request(
            name, headers, timeout_s=timeout_s, is_list=True
        )
        return items

    def _require_manager(self, name: str) -> DialerManager:
        if self._manager is None:
            raise AmiDisconnected(f"{name} was not sent: the AMI client {self.name} is not started.", sent=False)
        return self._manager
