"""Which loopback ports are free at this moment? Nobody keeps them free: use them soon."""

from __future__ import annotations

import socket
from collections.abc import Iterable

from dialer.errors import PbxError

_AUDIO_PORTS = range(12_000, 30_000)
"""Below the ports that the kernel gives to clients."""
_SAMPLED_EVERY = 40


def free_tcp_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on."""
    return _free(socket.SOCK_STREAM)


def free_udp_port() -> int:
    """A UDP port on 127.0.0.1 that nobody holds."""
    return _free(socket.SOCK_DGRAM)


def free_audio_ports(size: int, *, beside: Iterable[range] = ()) -> range:
    """A range of UDP ports for RTP, of which the ends and a sample are free.

    Args:
        size: How many; two for each leg.
        beside: Ranges that must not be touched though nothing may be open in them yet.

    Raises:
        PbxError: There is no such range left.
    """
    taken = list(beside)
    for first in range(_AUDIO_PORTS.start, _AUDIO_PORTS.stop - size, size):
        found = range(first, first + size)
        if not any(_overlap(found, other) for other in taken) and all(map(_is_free, found[::_SAMPLED_EVERY])):
            return found
    raise PbxError(
        f"No {size} free UDP ports in a row are left for audio between {_AUDIO_PORTS.start} and {_AUDIO_PORTS.stop}. "
        "End a program that holds many."
    )


def _free(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _overlap(one: range, other: range) -> bool:
    return one.start < other.stop and other.start < one.stop
