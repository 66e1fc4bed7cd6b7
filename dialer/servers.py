"""The engine's side of every Asterisk: links that mend themselves, events in as facts, effects out as actions."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

import structlog

from dialer.ami import tls, translate
from dialer.ami.client import AmiClient
from dialer.ami.messages import AmiDisconnected, AmiLoginError, AmiTimeout, Message
from dialer.ami.translate import Action
from dialer.clock import Clock
from dialer.compliance import gate
from dialer.effects import Bridge, CallAgent, HangUp, Inquire, Originate, Say, Show
from dialer.errors import AmiError
from dialer.facts import BridgeFailed, CallRefused, CallUnresolved, ChannelsListed, Fact, LinkLost, LinkRestored
from dialer.settings import DialerSettings, ServerSettings
from dialer.types import ChannelId, ServerName

RETRY_S: Final = 0.5
"""A server that was never reached is tried again after so long: calls wait for it, and a refusal is cheap."""
REFUSED_RETRY_S: Final = 2.0
"""One that refused the login is left alone for longer: somebody has to mend a secret or a certificate first."""

WireEffect = Bridge | HangUp | CallAgent | Say | Show | Inquire
_log = structlog.stdlib.get_logger("dialer.engine")


class Servers:
    """All the Asterisk servers of one engine.

    Args:
        settings: which, how to reach them, and their trunks.
        clock: for the last look at a permit.
        take: is given every fact.
    """

    def __init__(self, settings: DialerSettings, clock: Clock, *, take: Callable[[Fact], None]) -> None:
        self._settings = settings
        self._clock = clock
        self._take = take
        self._links: dict[ServerName, AmiClient] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self) -> None:
        """Start connecting to every server."""
        for server in self._settings.servers:
            self._spawn(self._connect(server), f"connect {server.name}")

    def use(self, settings: DialerSettings) -> None:
        """Take over reloaded trunks and folders; the links stay as they are."""
        self._settings = settings

    async def close(self) -> None:
        """Close every link; channels live on."""
        for task in self._tasks:
            task.cancel()
        for link in self._links.values():
            await link.close()

    def perform(self, effect: WireEffect) -> None:
        """Carry out an effect; what comes of it is told as a fact."""
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

    def originate(self, effect: Originate) -> None:
        """Send a committed attempt, if its permit is still good at this very moment."""
        channel_id = ChannelId(effect.attempt_id)
        if not gate.recheck(effect.permit, self._clock.now_at()):
            self._take(CallRefused(channel_id=channel_id, reason="the permit had expired"))
            return
        trunk = next(one for one in self._settings.trunks if one.name == effect.trunk)
        try:
            action = translate.originate(effect, trunk, str(self._settings.recordings_path))
        except AmiError as error:
            self._take(CallRefused(channel_id=channel_id, reason=str(error)))
            return
        self._ask(effect.server, action, self._after_originate(channel_id))

    async def _connect(self, server: ServerSettings) -> None:
        """Connect to a server, trying until it works; afterwards the link mends itself."""
        while True:
            try:
                context = tls.context_of(server.ca_file) if server.tls else None
            except AmiError as error:
                self._take(LinkLost(server=server.name, reason=str(error)))
                await asyncio.sleep(REFUSED_RETRY_S)
                continue
            link = AmiClient(
                name=server.name,
                host=server.host,
                port=server.ami_port,
                username=server.ami_username,
                secret=server.ami_secret,
                ssl_context=context,
                tls_name=server.tls_name,
                subscribed=translate.SUBSCRIBED,
                on_event=lambda message: self._on_event(server.name, message),
                on_up=lambda _: None,  # FullyBooted says when it is worth asking
                on_lost=lambda reason: self._take(LinkLost(server=server.name, reason=reason)),
                on_login_failed=lambda reason: self._login_failed(server, reason),
            )
            self._links[server.name] = link
            try:
                await link.start()
            except AmiError as error:
                await link.close()
                self._take(LinkLost(server=server.name, reason=str(error)))
                await asyncio.sleep(REFUSED_RETRY_S if isinstance(error, AmiLoginError) else RETRY_S)
            else:
                return

    def _login_failed(self, server: ServerSettings, reason: str) -> None:
        """A server that knew us refuses us now, as one may that has just been configured anew: begin from the start."""
        self._take(LinkLost(server=server.name, reason=reason))
        self._spawn(self._connect(server), f"connect {server.name}")

    def _on_event(self, server: ServerName, message: Message) -> None:
        if message.event == "FullyBooted":
            self._spawn(self._inquire(server, restored=True), f"reconcile {server}")
            return
        fact = translate.fact_of(message, server)
        if fact is not None:
            self._take(fact)

    async def _inquire(self, server: ServerName, *, restored: bool = False) -> None:
        try:
            items = await self._link(server).collect("CoreShowChannels")
        except AmiError as error:
            _log.warning("ami.inquiry_failed", server=server, reason=str(error))
            return
        channels = tuple(translate.live_channel(item, server) for item in items if item.get("Uniqueid"))
        if restored:
            self._take(LinkRestored(server=server, channels=channels))
        else:
            self._take(ChannelsListed(server=server, channels=channels))

    def _ask(
        self, server: ServerName, action: Action, then: Callable[[Message | AmiError], None] | None = None
    ) -> None:
        """Send an action; `then` gets its answer or why there is none."""
        try:
            answer = self._link(server).send(action.name, action.headers)
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

    def _link(self, server: ServerName) -> AmiClient:
        if server not in self._links:
            raise AmiDisconnected(f"{server} has not been connected to yet.", sent=False)
        return self._links[server]

    def _spawn(self, work: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _words(answer: Message | AmiError) -> str:
    return str(answer) if isinstance(answer, AmiError) else answer.get("Message", "refused without a reason")
