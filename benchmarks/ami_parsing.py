"""Stock panoramisk against ours: CPU time for the same bytes of manager events, in one run.

    python -m benchmarks.ami_parsing [--events 200000] [--json]

The stream is what Asterisk sends without server-side filters: the events of many calls, about 424 bytes and
19 headers each, in chunks of 16 KiB. Five event types are subscribed; each subscriber reads three headers.
The exit code is 1 when ours is less than five times as fast.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from panoramisk.ami_protocol import AMIProtocol
from panoramisk.manager import Manager

from dialer.ami.link import DialerManager, LinkHooks, LinkTiming
from dialer.ami.protocol import DialerProtocol

CHUNK_BYTES = 16 * 1024
REQUIRED_RATIO = 5.0
GREETING = b"Asterisk Call Manager/11.0.0\r\n"
SUBSCRIBED = ("Newstate", "Hangup", "OriginateResponse", "BridgeEnter", "UserEvent")
# One bridged call in the proportions seen on the wire: most events are of no interest.
CALL_TEXT = """
    Newchannel VarSet VarSet VarSet VarSet VarSet VarSet DialBegin Newstate DialState Newstate DialEnd
    OriginateResponse Newexten VarSet Newexten VarSet Newexten VarSet Newexten VarSet Newexten VarSet
    Newexten VarSet Newexten VarSet Newexten VarSet BridgeCreate BridgeEnter BridgeEnter RTCPSent
    RTCPReceived RTCPSent RTCPReceived RTCPSent RTCPReceived UserEvent BridgeLeave BridgeLeave
    HangupRequest Hangup SoftHangupRequest DeviceStateChange
"""
CALL = CALL_TEXT.split()


class NullTransport(asyncio.Transport):
    """A transport that goes nowhere."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Drop it."""

    def close(self) -> None:
        """Nothing to close."""

    def abort(self) -> None:
        """Nothing to abort."""

    def is_closing(self) -> bool:
        """Never."""
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What one client did with the stream."""

    cpu_s: float
    delivered: int
    characters: int


def event_bytes(name: str, number: int) -> bytes:
    """Write one event of call `number` as Asterisk does."""
    headers = [
        f"Event: {name}",
        "Privilege: call,all",
        f"Timestamp: 1767225600.{number % 1_000_000:06d}",
        f"Channel: PJSIP/carrier-{number:08x}",
        "ChannelState: 6",
        "ChannelStateDesc: Up",
        f"CallerIDNum: +8613800{number % 100_000:05d}",
        "CallerIDName: 李雷",
        "ConnectedLineNum: +861055500001",
        "ConnectedLineName: ",
        "Language: zh",
        "AccountCode: ",
        "Context: customer",
        f"Exten: 13800{number % 100_000:05d}",
        "Priority: 3",
        f"Uniqueid: att-{number:09d}-0001",
        f"Linkedid: att-{number:09d}-0001",
        "ChanVariable: CAMPAIGN=m1-soft",
        "Cause: 16",
    ]
    return "\r\n".join(headers).encode() + b"\r\n\r\n"


def make_stream(events: int) -> list[bytes]:
    """Make the chunks of a stream of that many events."""
    stream = b"".join(event_bytes(CALL[i % len(CALL)], i // len(CALL)) for i in range(events))
    return [stream[at : at + CHUNK_BYTES] for at in range(0, len(stream), CHUNK_BYTES)]


class Reader:
    """A subscriber that reads what an engine would."""

    def __init__(self) -> None:
        self.delivered = 0
        self.characters = 0

    def __call__(self, _: object, event: Any) -> None:
        """Read three headers."""
        self.delivered += 1
        self.characters += len(event.get("Uniqueid", "")) + len(event.get("ChannelState", ""))
        self.characters += len(event.get("Cause", ""))


def stock(loop: asyncio.AbstractEventLoop) -> tuple[Manager, AMIProtocol]:
    """Make panoramisk as it comes."""
    return Manager(loop=loop), AMIProtocol()


def ours(loop: asyncio.AbstractEventLoop) -> tuple[DialerManager, DialerProtocol]:
    """Make our subclasses of it."""
    hooks = LinkHooks(on_up=_ignore, on_lost=_ignore, on_login_failed=_ignore)
    manager = DialerManager(timing=LinkTiming(), hooks=hooks, loop=loop)
    return manager, DialerProtocol(manager)


def _ignore(_: object) -> None:
    """Take no notice of the link's life."""


async def measure(
    make: Callable[[asyncio.AbstractEventLoop], tuple[Manager, AMIProtocol]], chunks: list[bytes]
) -> Result:
    """Run one client over the stream, with the collector's debts paid before."""
    loop = asyncio.get_running_loop()
    manager, protocol = make(loop)
    transport = NullTransport()
    protocol.connection_made(transport)
    connected = loop.create_future()
    connected.set_result((transport, protocol))
    manager.connection_made(connected)
    reader = Reader()
    for name in SUBSCRIBED:
        manager.register_event(name, reader)
    protocol.data_received(GREETING)
    gc.collect()
    started_s = time.process_time()
    for chunk in chunks:
        protocol.data_received(chunk)
    cpu_s = time.process_time() - started_s
    manager.close()
    return Result(cpu_s=cpu_s, delivered=reader.delivered, characters=reader.characters)


def main() -> int:
    """Measure both, print, and judge."""
    parser = argparse.ArgumentParser(description="CPU time of stock panoramisk and of ours on the same events.")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    chunks = make_stream(options.events)
    theirs, mine = (asyncio.run(measure(make, chunks)) for make in (stock, ours))
    if (theirs.delivered, theirs.characters) != (mine.delivered, mine.characters):
        raise SystemExit(f"The two clients did not read the same: stock {theirs}, ours {mine}.")
    ratio = theirs.cpu_s / mine.cpu_s
    report = {
        "events": options.events,
        "mean_bytes": round(sum(map(len, chunks)) / options.events),
        "delivered": mine.delivered,
        "stock_cpu_s": round(theirs.cpu_s, 3),
        "ours_cpu_s": round(mine.cpu_s, 3),
        "ours_events_per_cpu_s": round(options.events / mine.cpu_s),
        "ratio": round(ratio, 2),
    }
    if options.json:
        print(json.dumps(report))
    else:
        print("\n".join(f"{key:24} {value}" for key, value in report.items()))
    return 0 if ratio >= REQUIRED_RATIO else 1


if __name__ == "__main__":
    raise SystemExit(main())
