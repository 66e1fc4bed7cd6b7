"""How do up to four phones live in one process? One library endpoint, one loop, one thread of ours.

The build of the library allows four calls at a time, hence four phones. Everything runs in the loop's thread but
`Tap`, which the library's audio thread calls.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence

import pjsua2 as pj

from dialer.clock import Clock
from dialer.errors import PhoneError
from dialer.phones.handset import Handset
from dialer.phones.protocol import Command, EventName, PhoneEvent, Value
from dialer.phones.sip import HandsetOptions
from dialer.phones.tones import RATE_HZ

PHONES_PER_PROCESS = 4
# Commands wait at most this long; SIP and audio do not wait. At 20 ms an idle call costs a quarter more.
POLL_MS = 40
_LEAVE_WITHIN_S = 0.8
_TLS_1_2_OR_NEWER = (1 << 4) | (1 << 5)  # bits of pj_ssl_sock_proto, which the binding does not name
_CODECS = ("PCMA/8000", "PCMU/8000")


class UserAgent:
    """All phones of this process; `begin`, then `poll` for ever, then `leave`.

    Args:
        options: One for each phone, at most `PHONES_PER_PROCESS`.
        tell: Receives every event, from any thread.
        clock: The clock that events are stamped with.
        verbose: Level of the library's own log on file descriptor 1, 0 to 6.
    """

    def __init__(
        self,
        options: Sequence[HandsetOptions],
        tell: Callable[[PhoneEvent], None],
        clock: Clock,
        *,
        verbose: int = 0,
    ) -> None:
        if not 1 <= len(options) <= PHONES_PER_PROCESS:
            raise PhoneError(f"A process holds 1 to {PHONES_PER_PROCESS} phones, not {len(options)}.")
        self._clock = clock
        self._tell = tell
        self._failures: list[Exception] = []
        self._endpoint = _endpoint(options[0], verbose)
        self._handsets = {one.user: self._handset(one) for one in options}

    @property
    def all_refused(self) -> bool:
        """Whether no phone can ever register: wrong names or passwords."""
        return all(handset.refused for handset in self._handsets.values())

    def begin(self) -> None:
        """Register all phones.

        Raises:
            PhoneError: A file to play or record cannot be opened.
        """
        for handset in self._handsets.values():
            try:
                handset.begin()
            except pj.Error as error:
                raise PhoneError(f"Phone {handset.options.user} cannot start: {error.reason}") from error

    def poll(self) -> None:
        """Let the library work, for up to `POLL_MS`."""
        self._endpoint.libHandleEvents(POLL_MS)
        for handset in self._handsets.values():
            handset.tick(self._clock.now_s())
        if self._failures:
            raise self._failures[0]

    def obey(self, command: Command) -> None:
        """Pass a command to the phone it names, or to all."""
        for user, handset in self._handsets.items():
            if command.phone in ("", user):
                handset.obey(command)

    def leave(self) -> None:
        """Hang up, unregister and finish recordings; takes at most twice `_LEAVE_WITHIN_S`."""
        handsets = list(self._handsets.values())
        for handset in handsets:
            handset.leave()
        self._poll_until(lambda: all(handset.is_idle for handset in handsets))
        for handset in handsets:
            handset.close()
        self._poll_until(lambda: all(handset.is_closed for handset in handsets))

    def _poll_until(self, done: Callable[[], bool]) -> None:
        deadline_s = self._clock.now_s() + _LEAVE_WITHIN_S
        while not done() and self._clock.now_s() < deadline_s:
            self.poll()

    def _handset(self, options: HandsetOptions) -> Handset:
        def say(name: EventName, data: dict[str, Value]) -> None:
            self._tell(PhoneEvent(name=name, phone=options.user, at_s=self._clock.now_s(), data=data))

        def guard(callback: Callable[[], None]) -> None:
            try:
                callback()
            except pj.Error as error:
                say(EventName.ERROR, {"reason": error.reason})
            except Exception as error:  # held until Python is on top of the stack again, then raised by poll
                self._failures.append(error)

        return Handset(options, say, self._clock.now_s, guard)


def _endpoint(options: HandsetOptions, verbose: int) -> pj.Endpoint:
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    endpoint.libInit(_config(verbose))
    transport = pj.TransportConfig()
    transport.boundAddress = options.own_address
    if options.tls:
        transport.tlsConfig.verifyServer = True
        transport.tlsConfig.CaListFile = str(options.ca_file or ssl.get_default_verify_paths().cafile or "")
        transport.tlsConfig.proto = _TLS_1_2_OR_NEWER
    kind = pj.PJSIP_TRANSPORT_TLS if options.tls else pj.PJSIP_TRANSPORT_UDP
    endpoint.transportCreate(kind, transport)
    endpoint.libStart()
    if not options.audio:
        endpoint.audDevManager().setNullDev()
    for codec in endpoint.codecEnum2():
        wanted = codec.codecId.startswith(_CODECS)
        endpoint.codecSetPriority(codec.codecId, 200 if wanted else 0)
    return endpoint


def _config(verbose: int) -> pj.EpConfig:
    config = pj.EpConfig()
    config.uaConfig.userAgent = "dialer softphone"
    config.uaConfig.maxCalls = PHONES_PER_PROCESS
    config.uaConfig.threadCnt = 0
    config.uaConfig.mainThreadOnly = True
    config.logConfig.level = config.logConfig.consoleLevel = verbose
    media = config.medConfig
    media.clockRate = media.sndClockRate = RATE_HZ  # telephone audio: no resampling anywhere
    media.channelCount = 1
    media.audioFramePtime = 20
    media.quality = 3
    media.ecTailLen = 0
    media.noVad = True  # a phone that falls silent would be hung up as dead
    media.threadCnt = 1
    media.sndAutoCloseTime = -1
    return config
