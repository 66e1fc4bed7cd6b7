"""A SIP user agent small enough to see every message: a phone or a carrier of the tests.

It keeps each request it received, so that a test can look at the headers that a softphone would hide.
"""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import threading
import time
import uuid
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 8000
FRAME_SAMPLES = 160
SILENCE = b"\xff" * FRAME_SAMPLES


def ulaw(samples: NDArray[np.int16]) -> bytes:
    """G.711 mu-law of 16-bit samples."""
    sign = np.where(samples < 0, 0x80, 0).astype(np.int32)
    magnitude = np.minimum(np.abs(samples.astype(np.int32)), 32635) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = (magnitude >> (exponent + 3)) & 0x0F
    return bytes((~(sign | (exponent << 4) | mantissa) & 0xFF).astype(np.uint8))


def linear(coded: bytes) -> NDArray[np.float64]:
    """The samples of G.711 mu-law."""
    code = ~np.frombuffer(coded, np.uint8).astype(np.int32) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 132 << (code >> 4 & 7)) - 132
    return np.where(code & 0x80, -magnitude, magnitude).astype(np.float64)


def loudness(samples: NDArray[np.float64], frequency_hz: float) -> float:
    """How strong one frequency is: the amplitude of its sine, about 8000 for a tone of ours."""
    if len(samples) < RATE_HZ // 5:
        return 0.0
    moments = np.arange(len(samples)) / RATE_HZ
    return float(2 * abs(np.mean(samples * np.exp(-2j * np.pi * frequency_hz * moments))))


def tone(frequency_hz: float) -> bytes:
    """One second of a tone; whole-number frequencies join without a click."""
    moments = np.arange(RATE_HZ) / RATE_HZ
    return ulaw((8000 * np.sin(2 * np.pi * frequency_hz * moments)).astype(np.int16))


class Message:
    """One SIP message, taken apart as far as the tests need."""

    def __init__(self, text: str) -> None:
        self.text = text
        head, _, self.body = text.partition("\r\n\r\n")
        self.lines = head.split("\r\n")
        self.first = self.lines[0]
        self.method = self.first.split(" ")[0]

    def all(self, name: str) -> list[str]:
        prefix = name.lower() + ":"
        return [line.split(":", 1)[1].strip() for line in self.lines[1:] if line.lower().startswith(prefix)]

    def get(self, name: str) -> str:
        return next(iter(self.all(name)), "")

    @property
    def status(self) -> int:
        return int(self.first.split(" ")[1]) if self.first.startswith("SIP/2.0") else 0


class SipPeer:
    """A user agent on its own loopback port, with one call at a time."""

    def __init__(
        self,
        server_port: int,
        *,
        user: str = "",
        password: str = "",
        tone_hz: float = 440.0,
        speaks_s: float = 1e9,
        sends_twice: bool = False,
    ) -> None:
        self.user, self.password = user, password
        self.server = ("127.0.0.1", server_port)
        self.received: list[Message] = []
        self.answer: Callable[[Message], int] = lambda _invite: 200
        self.heard = bytearray()
        self.speaks_s = speaks_s
        self.sends_twice = sends_twice
        self._patience_s = 8.0
        self._up_at = 0.0
        self._tone = tone(tone_hz)
        self._sip = _bound()
        self._rtp = _bound()
        self.port = int(self._sip.getsockname()[1])
        self._rtp_to: tuple[str, int] | None = None
        self._tag = uuid.uuid4().hex[:8]
        self._cseq = 0
        self._dialog: dict[str, str] = {}
        self._open = True
        self._threads = [threading.Thread(target=run, daemon=True) for run in (self._listen, self._stream, self._hear)]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> SipPeer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._open = False
        for thread in self._threads:
            thread.join()
        self._sip.close()
        self._rtp.close()

    # what a test does

    def register(self) -> None:
        call_id = uuid.uuid4().hex
        uri = f"sip:127.0.0.1:{self.server[1]}"
        reply = self._transact("REGISTER", uri, call_id, to=f"<sip:{self.user}@127.0.0.1>")
        assert reply.status == 200, reply.text

    def call(self, number: str, *, within_s: float = 8.0) -> int:
        """Place a call; return the final status. With 200 the call is up and audio flows."""
        call_id = uuid.uuid4().hex
        uri = f"sip:{number}@127.0.0.1:{self.server[1]}"
        self._patience_s = within_s
        reply = self._transact("INVITE", uri, call_id, to=f"<{uri}>", body=self._sdp())
        if reply.status == 200:
            target = reply.get("Contact").strip("<>")
            self._dialog = {"uri": target, "call_id": call_id, "to": reply.get("To")}
            self._up_at = time.monotonic()
            self._rtp_to = _audio_address(reply.body)
        return reply.status

    @property
    def in_call(self) -> bool:
        return bool(self._dialog)

    def heard_since(self, sample: int) -> NDArray[np.float64]:
        return linear(bytes(self.heard[sample:]))

    def hang_up(self) -> None:
        dialog = self._dialog
        own_from = dialog.get("from")
        host, _, port = dialog["uri"].rpartition("@")[2].removeprefix("sip:").partition(":")
        self.server = (host, int(port.split(";")[0]))
        reply = self._transact("BYE", dialog["uri"], dialog["call_id"], to=dialog["to"], own_from=own_from)
        assert reply.status in (200, 481), reply.text
        self._end()

    def press(self, key: str) -> None:
        """Send one key as RFC 4733 telephone events: 100 ms down, then up, three times as the RFC wants."""
        assert self._rtp_to is not None
        event = "0123456789*#".index(key)
        for number in range(8):
            ended = number >= 5
            payload = struct.pack("!BBH", event, 0x80 * ended | 10, 160 * min(number + 1, 6))
            header = struct.pack("!BBHII", 0x80, 101 | 0x80 * (number == 0), number, 0x7000, 0x4B45)
            self._rtp.sendto(header + payload, self._rtp_to)
            time.sleep(0 if ended else 0.02)

    def fall_silent(self) -> None:
        """Send no more audio, like a phone whose machine has died."""
        self._rtp_to = None

    def requests(self, method: str) -> list[Message]:
        return [message for message in list(self.received) if message.method == method]

    # the wire

    def _sdp(self) -> str:
        port = self._rtp.getsockname()[1]
        return (
            "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-16\r\na=sendrecv\r\n"
        )

    def _transact(
        self, method: str, uri: str, call_id: str, *, to: str, body: str = "", own_from: str | None = None
    ) -> Message:
        authorization = ""
        for _ in range(2):
            self._cseq += 1
            cseq = f"{self._cseq} {method}"
            sender = own_from or f"<sip:{self.user}@127.0.0.1>;tag={self._tag}"
            lines = self._request_lines(method, uri, call_id, to, sender, cseq)
            lines += [f"Authorization: {authorization}"] if authorization else []
            for _ in range(2 if self.sends_twice else 1):
                self._send("\r\n".join([*lines, *_body_lines(body)]), self.server)
            reply = self._await_reply(call_id, cseq)
            if method == "INVITE":
                ack_cseq = f"{self._cseq} ACK"
                branch_lines = self._request_lines("ACK", uri, call_id, reply.get("To"), sender, ack_cseq)
                if reply.status == 200:
                    branch_lines[0] = f"ACK {reply.get('Contact').strip('<>')} SIP/2.0"
                else:  # RFC 3261 17.1.1.3: the ACK of a refusal has the branch of its INVITE
                    branch_lines[1] = lines[1]
                self._send("\r\n".join([*branch_lines, *_body_lines("")]), self.server)
            challenge = reply.get("WWW-Authenticate")
            if reply.status != 401 or authorization or not challenge:
                return reply
            authorization = self._digest(challenge, method, uri)
        return reply

    def _request_lines(self, method: str, uri: str, call_id: str, to: str, sender: str, cseq: str) -> list[str]:
        return [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{uuid.uuid4().hex[:12]};rport",
            "Max-Forwards: 70",
            f"From: {sender}",
            f"To: {to}",
            f"Call-ID: {call_id}",
            f"CSeq: {cseq}",
            f"Contact: <sip:{self.user or 'peer'}@127.0.0.1:{self.port}>",
            "Allow: INVITE, ACK, BYE, CANCEL, UPDATE, OPTIONS",
        ]

    def _digest(self, challenge: str, method: str, uri: str) -> str:
        part = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge))

        def md5(text: str) -> str:
            return hashlib.md5(text.encode()).hexdigest()

        first = md5(f"{self.user}:{part['realm']}:{self.password}")
        second = md5(f"{method}:{uri}")
        response = md5(f"{first}:{part['nonce']}:00000001:abcd:auth:{second}")
        return (
            f'Digest username="{self.user}", realm="{part["realm"]}", nonce="{part["nonce"]}", uri="{uri}", '
            f'response="{response}", algorithm=MD5, cnonce="abcd", qop=auth, nc=00000001'
            + (f', opaque="{part["opaque"]}"' if "opaque" in part else "")
        )

    def _await_reply(self, call_id: str, cseq: str) -> Message:
        deadline = time.monotonic() + self._patience_s
        while time.monotonic() < deadline:
            for message in list(self.received):
                if message.get("Call-ID") == call_id and message.get("CSeq") == cseq and message.status >= 200:
                    return message
            time.sleep(0.005)
        raise AssertionError(f"no final reply to {cseq}")

    def _send(self, text: str, to: tuple[str, int]) -> None:
        self._sip.sendto(text.encode(), to)

    def _listen(self) -> None:
        while self._open:
            try:
                data, sender = self._sip.recvfrom(65535)
            except TimeoutError:
                continue
            message = Message(data.decode())
            again = any(message.text == earlier.text for earlier in self.received)
            self.received.append(message)
            if message.status or message.method == "ACK" or again:
                continue
            self._reply(message, sender)

    def _reply(self, request: Message, to: tuple[str, int]) -> None:
        status = self.answer(request) if request.method == "INVITE" else 200
        body = ""
        tagged = request.get("To")
        if request.method == "INVITE" and ";tag=" not in tagged:
            tagged += f";tag={self._tag}"
        if request.method == "INVITE" and status == 200:
            body = self._sdp()
            self._up_at = time.monotonic()
            self._rtp_to = _audio_address(request.body)
            self._dialog = {
                "uri": request.get("Contact").strip("<>"),
                "call_id": request.get("Call-ID"),
                "to": request.get("From"),
                "from": tagged,
            }
        if request.method == "BYE":
            self._end()
        lines = [f"SIP/2.0 {status} Seen", *[f"Via: {via}" for via in request.all("Via")]]
        lines += [f"From: {request.get('From')}", f"To: {tagged}"]
        lines += [f"Call-ID: {request.get('Call-ID')}", f"CSeq: {request.get('CSeq')}"]
        lines += [
            f"Contact: <sip:{self.user or 'peer'}@127.0.0.1:{self.port}>",
            "Allow: INVITE, ACK, BYE, UPDATE",
        ]
        self._send("\r\n".join([*lines, *_body_lines(body)]), to)

    def _end(self) -> None:
        self._rtp_to = None
        self._dialog = {}

    def _stream(self) -> None:
        sequence, due = 0, time.monotonic()
        while self._open:
            due += FRAME_SAMPLES / RATE_HZ
            time.sleep(max(0.0, due - time.monotonic()))
            if (target := self._rtp_to) is None:
                continue
            start = sequence * FRAME_SAMPLES % RATE_HZ
            stamp = sequence * FRAME_SAMPLES & 0xFFFFFFFF
            header = struct.pack("!BBHII", 0x80, 0, sequence & 0xFFFF, stamp, 0x5150)
            speaking = time.monotonic() - self._up_at < self.speaks_s
            audio = self._tone[start : start + FRAME_SAMPLES] if speaking else SILENCE
            self._rtp.sendto(header + audio, target)
            sequence += 1

    def _hear(self) -> None:
        while self._open:
            try:
                data = self._rtp.recv(2048)
            except TimeoutError:
                continue
            if data[1] & 0x7F == 0:
                self.heard += data[12:]


def _bound() -> socket.socket:
    bound = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    bound.bind(("127.0.0.1", 0))
    bound.settimeout(0.1)
    return bound


def _audio_address(sdp: str) -> tuple[str, int]:
    found = re.search(r"m=audio (\d+)", sdp)
    assert found, sdp
    return "127.0.0.1", int(found[1])


def _body_lines(body: str) -> list[str]:
    kind = ["Content-Type: application/sdp"] if body else []
    return [*kind, f"Content-Length: {len(body.encode())}", "", body]
