"""The SIP library's classes, bent to our needs: they only translate its callbacks and settings.

Every callback goes through the listener's guard: a Python exception that enters the C++ library aborts the process.
"""

from __future__ import annotations

import ctypes
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pjsua2 as pj

from dialer.phones.ear import Ear, Heard, Hushed
from dialer.phones.tones import RATE_HZ, from_pcm

_FRAME_US = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class HandsetOptions:
    """How one phone behaves.

    Attributes:
        user: SIP user, also the digest user name.
        password: For digest authentication.
        server: Host and port of the registrar.
        tls: SIP over TLS and encrypted audio, or no call at all.
        ca_file: PEM of the authority that the server's certificate must come from; None: the machine's own.
        dial: Number to dial once registered; empty for none.
        stay: Dial again whenever the call ends.
        auto_answer: Pick up calls that come in.
        play: WAV to speak in a loop; None to stay silent.
        record: WAV that receives what the phone hears; None for none.
        listen: Say what is heard, which costs a little processor time.
        audio: Use the machine's sound device as well.
        watch_every_s: Pause between checks that the server still knows the call; 0 for none.
    """

    user: str
    password: str = field(repr=False)
    server: str
    tls: bool = False
    ca_file: Path | None = None
    dial: str = ""
    stay: bool = False
    auto_answer: bool = False
    play: Path | None = None
    record: Path | None = None
    listen: bool = False
    audio: bool = False
    watch_every_s: float = 5.0

    def address_of(self, user: str = "") -> str:
        """A SIP address at the server; without a user that of the server itself."""
        return f"sip:{f'{user}@' if user else ''}{self.server}{';transport=tls' if self.tls else ''}"

    @property
    def own_address(self) -> str:
        """Where to listen: loopback for a server on loopback, else (empty) what the system chooses."""
        return "127.0.0.1" if self.server.startswith(("127.", "localhost")) else ""


class Listener(Protocol):
    """Who wants to know what the library reports; see `handset.Handset`."""

    clock: Callable[[], float]
    guard: Callable[[Callable[[], None]], None]

    def on_registration(self, code: int, reason: str, expires_s: int) -> None:
        """REGISTER was answered, or was not."""

    def on_incoming(self, call_id: int) -> None:
        """A call comes in."""

    def on_connected(self, leg: Leg) -> None:
        """A call was answered."""

    def on_ended(self, leg: Leg, code: int, reason: str) -> None:
        """A call is over."""

    def on_media(self, leg: Leg) -> None:
        """A call's audio has started or changed."""

    def on_message(self, leg: Leg, message: str) -> None:
        """A message came within a call."""

    def on_watch_answered(self) -> None:
        """An UPDATE of ours was answered."""

    def on_digit(self, digit: str) -> None:
        """The other side pressed a key."""

    def on_noticed(self, noticed: Heard | Hushed) -> None:
        """The ear noticed something."""


class Account(pj.Account):  # type: ignore[misc]  # the library has no types
    """A registration."""

    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener

    def onRegState(self, prm: pj.OnRegStateParam) -> None:  # noqa: N802
        """Called by the library."""
        code, reason, expires_s = prm.code, prm.reason, prm.expiration
        self._listener.guard(lambda: self._listener.on_registration(code, reason, expires_s))

    def onIncomingCall(self, prm: pj.OnIncomingCallParam) -> None:  # noqa: N802
        """Called by the library."""
        call_id = prm.callId
        self._listener.guard(lambda: self._listener.on_incoming(call_id))


class Leg(pj.Call):  # type: ignore[misc]  # the library has no types
    """A call.

    Attributes:
        connected_at_s: Monotonic; None until it was answered.
        has_audio: Whether audio has ever flowed.
    """

    def __init__(self, listener: Listener, account: Account, call_id: int = pj.PJSUA_INVALID_ID) -> None:
        super().__init__(account, call_id)
        self._listener = listener
        self.connected_at_s: float | None = None
        self.has_audio = False

    def number(self) -> str:
        """User part of the other side's address."""
        address = re.search(r"sips?:([^@>;]*)@", self.getInfo().remoteUri)
        return address[1] if address else ""

    def audio_index(self) -> int:
        """Which of the call's media streams is the audio."""
        info = self.getInfo()  # a name keeps it alive: its list is only a view
        return next(int(m.index) for m in info.media if m.type == pj.PJMEDIA_TYPE_AUDIO)

    def ask_whether_alive(self) -> bool:
        """Send UPDATE without an offer: Asterisk answers it, while it ignores OPTIONS and INFO within a call.

        Returns:
            Whether it was sent; not while another transaction is under way, which proves as much.
        """
        quiet = pj.CallOpParam(True)
        quiet.opt.flag = pj.PJSUA_CALL_NO_SDP_OFFER
        try:
            self.update(quiet)
        except pj.Error:
            return False
        return True

    def onCallState(self, prm: pj.OnCallStateParam) -> None:  # noqa: N802
        """Called by the library."""
        info = self.getInfo()
        if info.state == pj.PJSIP_INV_STATE_CONFIRMED:
            self._listener.guard(lambda: self._listener.on_connected(self))
        elif info.state == pj.PJSIP_INV_STATE_DISCONNECTED:
            code, reason = info.lastStatusCode, info.lastReason
            self._listener.guard(lambda: self._listener.on_ended(self, code, reason))

    def onCallMediaState(self, prm: pj.OnCallMediaStateParam) -> None:  # noqa: N802
        """Called by the library."""
        info = self.getInfo()  # a name keeps it alive: its list is only a view
        active = [m.status == pj.PJSUA_CALL_MEDIA_ACTIVE for m in info.media if m.type == pj.PJMEDIA_TYPE_AUDIO]
        if any(active):
            self._listener.guard(lambda: self._listener.on_media(self))

    def onCallTsxState(self, prm: pj.OnCallTsxStateParam) -> None:  # noqa: N802
        """Called by the library."""
        event = prm.e.body.tsxState
        if prm.e.type != pj.PJSIP_EVENT_TSX_STATE or event.type != pj.PJSIP_EVENT_RX_MSG:
            return
        message, tsx = event.src.rdata.wholeMsg, event.tsx
        if tsx.method == "UPDATE" and tsx.role == pj.PJSIP_ROLE_UAC and tsx.statusCode:
            self._listener.guard(self._listener.on_watch_answered)
        self._listener.guard(lambda: self._listener.on_message(self, message))

    def onDtmfDigit(self, prm: pj.OnDtmfDigitParam) -> None:  # noqa: N802
        """Called by the library."""
        digit = prm.digit
        self._listener.guard(lambda: self._listener.on_digit(digit))


class Tap(pj.AudioMediaPort):  # type: ignore[misc]  # the library has no types
    """A port that listens along; the library's audio thread calls it."""

    def __init__(self, listener: Listener) -> None:
        super().__init__()
        self._listener = listener
        self._ear = Ear()
        form = pj.MediaFormatAudio()
        form.init(pj.PJMEDIA_FORMAT_PCM, RATE_HZ, 1, _FRAME_US, 16)
        self.createPort("ear", form)

    def forget(self) -> None:
        """A new call begins: what sounded at the end of the last one is over."""
        self._ear = Ear()

    def onFrameReceived(self, frame: pj.MediaFrame) -> None:  # noqa: N802
        """Called by the library."""
        now_s = self._listener.clock()
        if frame.size:
            pcm = _copied(frame.buf)
            self._listener.guard(lambda: self._hear(pcm, now_s))

    def _hear(self, pcm: bytes, now_s: float) -> None:
        noticed = self._ear.hear(from_pcm(pcm), now_s)
        if noticed is not None:
            self._listener.on_noticed(noticed)


def _copied(vector: pj.ByteVector) -> bytes:
    """Copy a frame out of the library.

    The binding hands out one byte per call, 200 us a frame; 50 frames a second for 16 phones would cost a core a
    sixth of its time. On Linux a `std::vector` begins with the address of its data, in either C++ library.
    """
    if sys.platform != "linux":
        return bytes(vector)
    address = ctypes.c_void_p.from_address(int(vector.this)).value
    return ctypes.string_at(address, vector.size()) if address else b""


def account_config(options: HandsetOptions) -> pj.AccountConfig:
    """Return the settings of one phone's account."""
    config = pj.AccountConfig()
    config.idUri = options.address_of(options.user)
    config.regConfig.registrarUri = options.address_of()
    if options.tls:
        config.mediaConfig.srtpUse = pj.PJMEDIA_SRTP_MANDATORY
        config.mediaConfig.srtpSecureSignaling = 1
    config.regConfig.timeoutSec = 120
    config.regConfig.firstRetryIntervalSec = 1
    config.regConfig.retryIntervalSec = 2
    config.regConfig.randomRetryIntervalSec = 0
    config.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", options.user, 0, options.password))
    config.mediaConfig.transportConfig.boundAddress = options.own_address
    config.mediaConfig.lockCodecEnabled = False  # Asterisk may send either G.711 law; an extra UPDATE gains nothing
    config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_INACTIVE  # the watch is faster
    return config


def status(code: int) -> pj.CallOpParam:
    """Return the parameter that answers a call with a SIP status."""
    answer = pj.CallOpParam(True)
    answer.statusCode = code
    return answer
