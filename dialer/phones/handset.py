"""One account with one line: what does the phone do when something happens to its registration or its call?

Rules, with `--stay` and a number to dial:
    registered, no call          -> dial
    call ended or lost           -> register again at once; its success shows that the server is back -> dial
    call refused                 -> wait RETRY_S, then the same
    no answer to the watch's UPDATE within WATCH_ANSWER_S, or a 481 -> the call is lost
A second caller while a call is up hears busy. Only the user agent's thread calls these methods.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pjsua2 as pj

from dialer.phones.display import Display, display_of, identity
from dialer.phones.ear import Heard, Hushed
from dialer.phones.protocol import Command, EventName, Value, Verb
from dialer.phones.sip import Account, HandsetOptions, Leg, Tap, account_config, status

RETRY_S = 1.0
WATCH_ANSWER_S = 3.0
DTMF_TONE_MS = 100
DTMF_STEP_S = 0.2
_HOPELESS_CODES = frozenset({401, 403, 404, 407})

Say = Callable[[EventName, dict[str, Value]], None]


class Handset:
    """One phone; `begin`, then `tick` often, then `leave` and, once `is_idle`, `close`.

    Args:
        options: How it behaves.
        say: Receives its events; also called from the audio thread for what is heard.
        clock: Monotonic seconds.
        guard: Wraps callbacks, so that no Python exception enters the C++ library, which would abort.
    """

    def __init__(
        self,
        options: HandsetOptions,
        say: Say,
        clock: Callable[[], float],
        guard: Callable[[Callable[[], None]], None],
    ) -> None:
        self.options = options
        self.say = say
        self.clock = clock
        self.guard = guard
        self.refused = False
        self._registered = False
        self._was_registered = False
        self._wants_to_dial = bool(options.dial)
        self._leaving = False
        self._leg: Leg | None = None
        self._ended: list[Leg] = []
        self._register_at_s: float | None = None
        self._digits: deque[str] = deque()
        self._digit_at_s = 0.0
        self._sent = ""
        self._watch_at_s = 0.0
        self._watch_sent_at_s: float | None = None
        self._shown: Display | None = None
        self._player: pj.AudioMediaPlayer | None = None
        self._recorder: pj.AudioMediaRecorder | None = None
        self._tap: Tap | None = None
        self._account = Account(self)

    @property
    def is_idle(self) -> bool:
        """Whether it may be closed: no call, and the server has been told."""
        return self._leg is None and not self._registered

    def begin(self) -> None:
        """Open the files and register."""
        if self.options.record:
            self._recorder = pj.AudioMediaRecorder()
            self._recorder.createRecorder(str(self.options.record))
        if self.options.listen:
            self._tap = Tap(self)
        if self.options.play:
            self._load(self.options.play)
        self._account.create(account_config(self.options))

    def leave(self) -> None:
        """Hang up and unregister."""
        self._leaving = True
        self._register_at_s = None
        self._hang_up()
        with suppress(pj.Error):
            self._account.setRegistration(False)

    def close(self) -> None:
        """Give up files; the phone is useless afterwards. Poll until `is_closed`."""
        self._recorder = self._player = self._tap = None

    @property
    def is_closed(self) -> bool:
        """Whether the recording is whole: the audio thread writes its length last."""
        file = self.options.record
        return file is None or _begin(file)[4:8] not in (b"", bytes(4))

    def tick(self, now_s: float) -> None:
        """Do what is due."""
        self._ended.clear()  # only here: a call may not be destroyed inside its own callback
        if self._register_at_s is not None and now_s >= self._register_at_s:
            self._register_at_s = None
            self._register()
        if self._leg is not None and self._leg.connected_at_s is not None:
            leg = self._leg
            self.guard(lambda: self._key_next_digit(leg, now_s))
            self._watch(leg, now_s)

    def obey(self, command: Command) -> None:
        """Carry out one instruction; what cannot be done becomes an error event."""
        try:
            self._obey(command)
        except pj.Error as error:
            self.say(EventName.ERROR, {"reason": f"{command.verb} {command.argument}: {error.reason}"})

    def _obey(self, command: Command) -> None:
        match command.verb:
            case Verb.DIAL:
                self._dial(command.argument)
            case Verb.ANSWER if self._leg is not None:
                self._leg.answer(status(pj.PJSIP_SC_OK))
            case Verb.DTMF if self._leg is not None:
                self._digits.extend(command.argument)
            case Verb.HANG_UP:
                self._hang_up()
            case Verb.PLAY:
                self._load(Path(command.argument))
                self._speak()
            case Verb.MUTE:
                self._player = None
            case Verb.ANSWER | Verb.DTMF:
                self.say(EventName.ERROR, {"reason": f"{command.verb}: there is no call"})
            case Verb.HELP | Verb.QUIT:
                return

    # What the library reports.

    def on_registration(self, code: int, reason: str, expires_s: int) -> None:
        """Take the outcome of REGISTER."""
        self._registered = code == pj.PJSIP_SC_OK and expires_s > 0
        if self._registered:
            self._was_registered = True
            self.say(EventName.REGISTERED, {"expires_s": expires_s})
            self._begin_shift()
        elif self._leaving or code == pj.PJSIP_SC_OK:
            self.say(EventName.UNREGISTERED, {})
        else:
            # Wrong from the beginning is wrong for ever; later on it is a server in trouble, and the library gives up.
            hopeless = code in _HOPELESS_CODES
            self.refused = hopeless and not self._was_registered
            self.say(EventName.REGISTER_FAILED, {"code": code, "reason": reason, "final": self.refused})
            if hopeless and self._was_registered:
                self._register_at_s = self.clock() + RETRY_S

    def on_incoming(self, call_id: int) -> None:
        """Take a call that comes in."""
        leg = Leg(self, self._account, call_id)
        if self._leg is not None or self._leaving:
            self._ended.append(leg)
            leg.answer(status(pj.PJSIP_SC_BUSY_HERE))
            return
        self._leg = leg
        caller = identity(leg.getInfo().remoteUri) or Display(name="", number="")
        self.say(EventName.INCOMING, {"name": caller.name, "number": caller.number})
        leg.answer(status(pj.PJSIP_SC_OK if self.options.auto_answer else pj.PJSIP_SC_RINGING))

    def on_connected(self, leg: Leg) -> None:
        """Take the answer to a call."""
        leg.connected_at_s = self.clock()
        self._watch_sent_at_s = None
        self._watch_at_s = leg.connected_at_s + self.options.watch_every_s
        self.say(EventName.CONNECTED, {"number": leg.number()})

    def on_ended(self, leg: Leg, code: int, reason: str) -> None:
        """Take the end of a call."""
        self._ended.append(leg)
        if leg is not self._leg:
            return
        self._leg = None
        self._shown = None
        self._digits.clear()
        talked_s = 0.0 if leg.connected_at_s is None else round(self.clock() - leg.connected_at_s, 3)
        self.say(EventName.DISCONNECTED, {"code": code, "reason": reason, "talked_s": talked_s})
        if self.options.stay and self.options.dial and not self._leaving:
            after_s = 0.0 if talked_s > RETRY_S else RETRY_S
            self._register_at_s = self.clock() + after_s
            self.say(EventName.REDIALING, {"after_s": after_s})

    def on_media(self, leg: Leg) -> None:
        """Join players, recorders and devices to a call whose audio has started or changed."""
        media = leg.getAudioMedia(-1)
        for ear in (self._recorder, self._tap):
            if ear is not None:
                media.startTransmit(ear)
        if self.options.audio:
            devices = pj.Endpoint.instance().audDevManager()
            media.startTransmit(devices.getPlaybackDevMedia())
            devices.getCaptureDevMedia().startTransmit(media)
        first, leg.has_audio = not leg.has_audio, True
        self._speak()
        if first and self._tap is not None:
            self._tap.forget()
        if first:
            self.say(EventName.MEDIA, {"codec": leg.getStreamInfo(leg.audio_index()).codecName})

    def on_message(self, leg: Leg, message: str) -> None:
        """Read the identity in a request or response that came within a call."""
        shown = display_of(message)
        if shown is not None and shown != self._shown and leg is self._leg:
            self._shown = shown
            self.say(EventName.DISPLAY, {"name": shown.name, "number": shown.number})

    def on_watch_answered(self) -> None:
        """Take the answer to the watch's UPDATE; a 481 ends the call by itself (RFC 3261, clause 12.2.1.2)."""
        self._watch_sent_at_s = None

    def on_digit(self, digit: str) -> None:
        """Take a key that the other side pressed."""
        self.say(EventName.DTMF_RECEIVED, {"digits": digit})

    def on_noticed(self, noticed: Heard | Hushed) -> None:
        """Take what the ear noticed; runs in the audio thread."""
        match noticed:
            case Heard():
                told: dict[str, Value] = {
                    "sound": noticed.sound,
                    "onset_s": round(noticed.onset_s, 6),
                    "frequency_hz": noticed.frequency_hz,
                    "level_db": noticed.level_db,
                }
                self.say(EventName.HEARD, told)
            case Hushed():
                self.say(EventName.HUSHED, {"since_s": round(noticed.since_s, 6)})

    # Doing.

    def _register(self) -> None:
        with suppress(pj.Error):  # one is under way: its outcome comes anyway
            self._account.setRegistration(True)

    def _begin_shift(self) -> None:
        if self._wants_to_dial and self._leg is None and not self._leaving and self._register_at_s is None:
            self._wants_to_dial = self.options.stay  # registrations are refreshed: once is enough without it
            self._dial(self.options.dial)

    def _dial(self, number: str) -> None:
        if self._leg is not None:
            self.say(EventName.ERROR, {"reason": f"dial {number}: there is a call already"})
            return
        self._leg = Leg(self, self._account)
        self.say(EventName.CALLING, {"number": number})
        try:
            self._leg.makeCall(self.options.address_of(number), pj.CallOpParam(True))
        except pj.Error as error:
            self.on_ended(self._leg, 0, error.reason)

    def _hang_up(self) -> None:
        if self._leg is not None:
            _hang_up(self._leg)

    def _key_next_digit(self, leg: Leg, now_s: float) -> None:
        if not self._digits or now_s < self._digit_at_s:
            return
        keyed = pj.CallSendDtmfParam()
        keyed.method, keyed.duration, keyed.digits = pj.PJSUA_DTMF_METHOD_RFC2833, DTMF_TONE_MS, self._digits.popleft()
        leg.sendDtmf(keyed)
        self._sent += keyed.digits
        self._digit_at_s = now_s + DTMF_STEP_S
        if not self._digits:
            self.say(EventName.DTMF_SENT, {"digits": self._sent})
            self._sent = ""

    def _watch(self, leg: Leg, now_s: float) -> None:
        """Find out that a server died: it says nothing in an idle call, and a killed one sends no BYE."""
        if self._watch_sent_at_s is not None:
            if now_s - self._watch_sent_at_s > WATCH_ANSWER_S:
                self.say(EventName.LOST, {"reason": "the server does not answer within the call"})
                self.on_ended(leg, pj.PJSIP_SC_REQUEST_TIMEOUT, "lost")
                _hang_up(leg)
        elif self.options.watch_every_s and now_s >= self._watch_at_s:
            self._watch_at_s = now_s + self.options.watch_every_s
            if leg.ask_whether_alive():
                self._watch_sent_at_s = now_s

    def _load(self, file: Path) -> None:
        self._player = pj.AudioMediaPlayer()
        self._player.createPlayer(str(file))

    def _speak(self) -> None:
        if self._player is not None and self._leg is not None and self._leg.has_audio:
            self._player.startTransmit(self._leg.getAudioMedia(-1))


def _hang_up(leg: Leg) -> None:
    with suppress(pj.Error):  # it is ending by itself
        leg.hangup(pj.CallOpParam(True))


def _begin(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(8)
