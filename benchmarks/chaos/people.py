"""The people who are called during chaos: SIPp, and what it saw, as the witness who knows nothing of our ledger.

SIPp writes a line when a call begins (INVITE; a retransmission never gets that far), when its person answers, and when
the call ends, with who ended it. Each line carries SIPp's own clock.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path


class EndedBy(StrEnum):
    """Who ended a call, as its person saw it."""

    PERSON = "person"
    DIALER = "dialer"
    NOBODY = "nobody yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How people behave; shares are of all calls, the rest let it ring until the caller gives up.

    Attributes:
        answer: Share who answer.
        busy: Share who are busy.
        chatty: Share of those who answer who talk long.
        ring_s: Shortest and longest time to the answer or the refusal.
        talk_s: The same from the answer to the hang-up.
        long_talk_s: The same for the chatty.
    """

    answer: float = 0.65
    busy: float = 0.2
    chatty: float = 0.15
    ring_s: tuple[float, float] = (0.2, 1.2)
    talk_s: tuple[float, float] = (1.5, 5.0)
    long_talk_s: tuple[float, float] = (12.0, 22.0)

    def scenario(self, ear_port: int) -> str:
        """The SIPp scenario; what people hear is sent to `ear_port`."""
        values = {
            "@answer@": f"{self.answer:.4f}",
            "@busy@": f"{min(1.0, self.busy / max(1e-9, 1 - self.answer)):.4f}",  # drawn among those who do not answer
            "@chatty@": f"{self.chatty:.4f}",
            "@ring@": _uniform(self.ring_s),
            "@talk@": _uniform(self.talk_s),
            "@long_talk@": _uniform(self.long_talk_s),
            "@ear_port@": str(ear_port),
        }
        text = _SCENARIO
        for mark, value in values.items():
            text = text.replace(mark, value)
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenCall:
    """One call as its person saw it; moments are seconds since the epoch."""

    call_id: str
    number: str
    audio_port: int
    """Where Asterisk sends this call's audio from."""
    invited_at: float
    answered_at: float | None = None
    ended_at: float | None = None
    ended_by: EndedBy = EndedBy.NOBODY


def seen_calls(log: Path) -> list[SeenCall]:
    """Every call in SIPp's log, in the order of the INVITEs; a line that is still being written is left out."""
    text = log.read_text(encoding="ascii", errors="replace") if log.exists() else ""
    return _seen(text.splitlines(keepends=True))


def _seen(lines: Iterable[str]) -> list[SeenCall]:
    calls: dict[str, SeenCall] = {}
    for line in lines:
        found = _LINE.fullmatch(line)
        if found is None:
            continue
        kind, at, call_id = found["kind"], float(found["at"]), found["call_id"]
        if kind == "INVITE":
            calls[call_id] = SeenCall(
                call_id=call_id, number=found["number"], audio_port=int(found["port"]), invited_at=at
            )
        elif call_id in calls:
            calls[call_id] = _went_on(calls[call_id], kind, at)
    return list(calls.values())


def _went_on(call: SeenCall, kind: str, at: float) -> SeenCall:
    if kind == "ANSWER":
        return replace(call, answered_at=at)
    return replace(call, ended_at=at, ended_by=EndedBy.DIALER if kind == "HUNGUP" else EndedBy.PERSON)


def invites(calls: Iterable[SeenCall]) -> Counter[str]:
    """How often each number was called, by its digits."""
    return Counter(call.number.lstrip("+") for call in calls)


_LINE = re.compile(
    r"(?P<kind>INVITE|ANSWER|HUNGUP|HANGUP) \S+\s+\S+\s+(?P<at>\d+\.\d+) (?P<call_id>\S+)"
    r"(?: (?P<number>[+0-9]+) (?P<port>\d+))?\s*\n"
)


def _uniform(span_s: tuple[float, float]) -> str:
    least, most = (round(s * 1000) for s in span_s)
    return f'distribution="uniform" min="{least}" max="{max(most, least + 1)}"'


_HEAD = """[last_Via:]
      [last_From:]
      [last_To:];tag=[pid]callee[call_number]
      [last_Call-ID:]
      [last_CSeq:]
      Contact: <sip:callee@[local_ip]:[local_port]>"""

_SCENARIO = f"""<?xml version="1.0" encoding="ISO-8859-1" ?>
<scenario name="people">
  <recv request="BYE" optional="global" next="7"/>
  <recv request="CANCEL" optional="global" next="4"/>
  <recv request="INVITE">
    <action>
      <ereg regexp="sip:([+0-9]+)@" search_in="hdr" header="To:" assign_to="all,number"/>
      <ereg regexp=".*" search_in="hdr" header="From:" assign_to="from"/>
      <ereg regexp=".*" search_in="hdr" header="To:" assign_to="to"/>
      <ereg regexp="([0-9]+) INVITE" search_in="hdr" header="CSeq:" assign_to="all,cseqno"/>
      <ereg regexp="&lt;([^&gt;]*)&gt;" search_in="hdr" header="Contact:" assign_to="all,contact"/>
      <ereg regexp="m=audio ([0-9]+)" search_in="body" assign_to="all,audio"/>
      <log message="INVITE [timestamp] [call_id] [$number] [$audio]"/>
    </action>
  </recv>
  <Reference variables="all"/>
  <send><![CDATA[
      SIP/2.0 180 Ringing
      {_HEAD}
      Content-Length: 0

  ]]></send>
  <nop next="1" chance="@answer@"/>
  <nop next="2" chance="@busy@"/>
  <nop next="3"/>

  <label id="2"/>
  <pause @ring@/>
  <send retrans="500"><![CDATA[
      SIP/2.0 486 Busy Here
      {_HEAD}
      Content-Length: 0

  ]]></send>
  <recv request="ACK" next="9"/>

  <label id="1"/>
  <pause @ring@/>
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
      m=audio @ear_port@ RTP/AVP 0 101
      a=rtpmap:0 PCMU/8000
      a=rtpmap:101 telephone-event/8000
      a=fmtp:101 0-15
      a=ptime:20
  ]]></send>
  <nop><action><log message="ANSWER [timestamp] [call_id]"/></action></nop>
  <recv request="ACK"/>
  <nop next="5" chance="@chatty@"/>
  <pause @talk@/>
  <nop next="6"/>
  <label id="5"/>
  <pause @long_talk@/>
  <label id="6"/>
  <nop><action><log message="HANGUP [timestamp] [call_id]"/></action></nop>
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
  <recv response="481" optional="true" next="9"/>
  <recv response="200" next="9"/>

  <label id="7"/>
  <nop><action><log message="HUNGUP [timestamp] [call_id]"/></action></nop>
  <send><![CDATA[
      SIP/2.0 200 OK
      {_HEAD}
      Content-Length: 0

  ]]></send>
  <nop next="9"/>

  <label id="3"/>
  <recv request="CANCEL" timeout="60000" ontimeout="9"/>
  <label id="4"/>
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
