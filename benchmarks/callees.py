"""The people who are called: SIPp, with a few shares and durations that a benchmark chooses.

Each INVITE that begins a call leaves its number on a line of a file, so that afterwards the network's own count can be
held against the ledger, number by number. A retransmission never gets that far.
"""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dialer.pbx.install import AsteriskTools

ENDS_WITHIN_S = 10.0


class Scenario(Protocol):
    """What people do, as SIPp is told it."""

    def scenario(self) -> str:
        """The SIPp scenario."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Callees:
    """How people behave. Shares are of all calls; the rest is busy.

    Attributes:
        answer: Share who answer.
        silent: Share who let it ring until the caller gives up.
        ring_s: From the INVITE to the answer or the refusal.
        talk_s: From the answer to the hang-up.
        voice: Raw mu-law that is spoken from the answer on; None: silence.
    """

    answer: float = 1.0
    silent: float = 0.0
    ring_s: float = 0.05
    talk_s: float = 0.6
    voice: Path | None = None

    def scenario(self) -> str:
        """The SIPp scenario."""
        speak = ""
        if self.voice is not None:
            speak = f'<nop><action><exec rtp_stream="{self.voice},-1,0,PCMU/8000"/></action></nop>'
        values = {
            "@ring_ms@": str(round(self.ring_s * 1000)),
            "@talk_ms@": str(round(self.talk_s * 1000)),
            "@answer@": f"{self.answer:.4f}",
            # the second draw is among those who did not answer
            "@silent@": f"{min(1.0, self.silent / (1 - self.answer)) if self.answer < 1 else 0.0:.4f}",
            "@speak@": speak,
        }
        text = _SCENARIO
        for mark, value in values.items():
            text = text.replace(mark, value)
        return text


class Sipp:
    """SIPp playing `Callees` on a loopback port; use it in a `with`, then read `invites()`."""

    def __init__(self, tools: AsteriskTools, folder: Path, callees: Scenario, *, port: int, media_port: int) -> None:
        self._tools = tools
        self._folder = folder
        self._callees = callees
        self._ports = (port, media_port)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Sipp:
        self._folder.mkdir(parents=True, exist_ok=True)
        scenario = self._folder / "callees.xml"
        scenario.write_text(self._callees.scenario(), encoding="ascii")
        port, media_port = map(str, self._ports)
        words = [*self._tools.command("sipp"), "-sf", str(scenario), "-i", "127.0.0.1", "-p", port, "-mp", media_port]
        words += ["-nostdin", "-aa", "-trace_logs", "-log_file", str(self._log), "-trace_err"]
        words += ["-error_file", str(self._folder / "errors.txt"), "-fd", "60", "-f", "60", "-buff_size", "2000000"]
        with (self._folder / "screen.txt").open("wb") as screen:
            self._process = subprocess.Popen(
                words,
                cwd=self._folder,
                env=self._tools.environment(),
                stdin=subprocess.DEVNULL,
                stdout=screen,
                stderr=subprocess.STDOUT,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    @property
    def _log(self) -> Path:
        return self._folder / "invites.txt"

    @property
    def pid(self) -> int:
        """Of the running SIPp."""
        assert self._process is not None
        return self._process.pid

    def end(self) -> int:
        """Let the calls end, then SIPp; its exit status is 0 when every call went by the scenario."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGUSR1)
            try:
                self._process.wait(ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        return self._process.returncode

    def invites(self, *, at_least: int = 0, within_s: float = 3.0) -> Counter[str]:
        """How often each number was called; waits a little until so many lines are written."""
        deadline_s = time.monotonic() + within_s
        while True:
            lines = self._log.read_text(encoding="ascii").split() if self._log.exists() else []
            if len(lines) >= at_least or time.monotonic() > deadline_s:
                return Counter(lines)
            time.sleep(0.05)


_HEAD = """[last_Via:]
      [last_From:]
      [last_To:];tag=[pid]callee[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:callee@[local_ip]:[local_port]>"""

_SCENARIO = f"""<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="callees">
  <recv request="INVITE">
    <action>
      <ereg regexp="sip:([+0-9]+)@" search_in="hdr" header="To:" assign_to="all,number"/>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>
      <ereg regexp="([0-9]+) INVITE" search_in="hdr" header="CSeq:" assign_to="all,cseqno"/>
      <ereg regexp="&lt;([^&gt;]*)&gt;" search_in="hdr" header="Contact:" assign_to="all,contact"/>
      <log message="[$number]"/>
    </action>
  </recv>
  <Reference variables="all"/>
  <send><![CDATA[
      SIP/2.0 180 Ringing
      {_HEAD}
      Content-Length: 0

  ]]></send>
  <pause milliseconds="@ring_ms@"/>
  <nop next="1" chance="@answer@"/>
  <nop next="2" chance="@silent@"/>
  <send retrans="500"><![CDATA[
      SIP/2.0 486 Busy Here
      {_HEAD}
      Content-Length: 0

  ]]></send>
  <recv request="ACK" next="9"/>

  <label id="1"/>
  <send retrans="500"><![CDATA[
      SIP/2.0 200 OK
      {_HEAD}
      Content-Type: application/sdp
      Content-Length: [len]

      v=0
      o=callee 1 1 IN IP4 [local_ip]
      s=-
      c=IN IP4 [media_ip]
      t=0 0
      m=audio [rtpstream_audio_port] RTP/AVP 0 101
      a=rtpmap:0 PCMU/8000
      a=rtpmap:101 telephone-event/8000
      a=fmtp:101 0-15
      a=ptime:20
  ]]></send>
  @speak@
  <recv request="ACK"/>
  <pause milliseconds="@talk_ms@"/>
  <send retrans="500"><![CDATA[
      BYE [$contact] SIP/2.0
      Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
      From:[$to];tag=[pid]callee[call_number]
      To:[$from]
      Call-ID: [call_id]
      CSeq: 1 BYE
      Max-Forwards: 70
      Content-Length: 0

  ]]></send>
  <recv response="200" next="9"/>

  <label id="2"/>
  <recv request="CANCEL"/>
  <send><![CDATA[
      SIP/2.0 200 OK
      {_HEAD}
      Content-Length: 0

  ]]></send>
  <send retrans="500"><![CDATA[
      SIP/2.0 487 Request Terminated
      [last_Via:]
      [last_From:]
      [last_To:];tag=[pid]callee[call_number]
      [last_Call-ID:]
      CSeq: [$cseqno] INVITE
      Content-Length: 0

  ]]></send>
  <recv request="ACK"/>

  <label id="9"/>
</scenario>
"""
