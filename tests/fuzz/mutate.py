"""Bytes that are nearly right: a seed, changed a few times by chance that is repeatable."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

LONGEST_BYTES = 200_000
_NASTY = (
    *(b"\r\n", b"\n", b"\r", b"\0", b"\r\n\r\n", b"\xff", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b'"', b"'", b";", b","),
    *(b"${", b"$[", b"}", b"=cmd|", b"+", b"@", b"-", b"\\", b"%0d%0a", b"\x1b[2J", b"\xed\xa0\x80", b"\xe2\x80\xae"),
)


def mutated(random: Random, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One input: a seed with one to eight changes.

    Args:
        random: decides everything.
        seeds: well-formed inputs.
        words: of the format; they are put in besides the bytes that are nasty everywhere.
    """
    data = bytearray(random.choice(seeds))
    for _ in range(random.choice((1, 1, 2, 3, 5, 8))):
        _change(random, data, seeds, (*words, *_NASTY))
    return bytes(data[:LONGEST_BYTES])


def _change(random: Random, data: bytearray, seeds: Sequence[bytes], words: Sequence[bytes]) -> None:
    at = random.randrange(len(data) + 1)
    to = min(len(data), at + random.choice((1, 2, 4, 16, 64, 400)))
    match random.randrange(9):
        case 0 if at < len(data):
            data[at] ^= 1 << random.randrange(8)
        case 1:
            data[at:at] = random.randbytes(random.choice((1, 2, 8, 40)))
        case 2 | 3:
            data[at:at] = random.choice(words)
        case 4:
            data[at:to] = random.choice(words)
        case 5:
            del data[at:to]
        case 6:
            data[at:at] = bytes(data[at:to]) * random.choice((1, 2, 10, 100))
        case 7:
            other = random.choice(seeds)
            start = random.randrange(len(other) + 1)
            data[at:to] = other[start : start + 200]
        case _:
            del data[at:]


def pieces(data: bytes, random: Random) -> list[bytes]:
    """The same bytes as a network might deliver them: whole, byte by byte, or cut anywhere."""
    if len(data) < 2_000 and random.random() < 0.1:
        return [data[at : at + 1] for at in range(len(data))]
    cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randrange(6)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]
