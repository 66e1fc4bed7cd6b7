"""In which encoding a text file is written, found by reading all of it before any row is used.

UTF-16 is told by its mark. Everything else must be UTF-8 from the first byte to the last, or else GB18030.
GB18030 can read nearly any bytes, so a file that is UTF-8 but for a few damaged bytes is reported as damaged
instead of being read as nonsense.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from dialer.errors import IntakeError

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "utf-16")
_CHUNK_BYTES = 1 << 20
_SAMPLE_BYTES = 1 << 16
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_HOW_TO_SAVE = "Save the file again as CSV UTF-8 or XLSX 请另存为 CSV UTF-8 或 XLSX"


@dataclass(frozen=True, slots=True, kw_only=True)
class BadByte:
    """The first place at which bytes are no text in some encoding."""

    offset: int
    """From 0."""
    line: int
    """From 1."""


def detect_encoding(path: Path, chosen: str | None = None) -> str:
    """Find the encoding of a text file.

    Args:
        path: the file.
        chosen: an encoding that the user insists on; checked, not guessed.

    Returns:
        One of `ENCODINGS`.

    Raises:
        IntakeError: the bytes are text in no accepted encoding; with byte offset and line.
    """
    if chosen is not None:
        return _checked(path, chosen)
    with path.open("rb") as file:
        head = file.read(4096)
    _refuse_empty(path)
    _refuse_other_kinds(path, head)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return _checked(path, encoding)
    bad = first_bad_byte(path, "utf-8")
    if bad is None:
        return "utf-8"
    if _mostly_utf8(path, bad):
        raise IntakeError(f"{path}: damaged UTF-8 已损坏的 UTF-8: {_place(bad)}. {_HOW_TO_SAVE}.")
    if (second := first_bad_byte(path, "gb18030")) is not None:
        raise IntakeError(
            f"{path}: neither UTF-8 nor GB18030 text 既不是 UTF-8 也不是 GB18030. UTF-8: {_place(bad)}; "
            f"GB18030: {_place(second)}. {_HOW_TO_SAVE}."
        )
    return "gb18030"


def _checked(path: Path, encoding: str) -> str:
    if encoding not in ENCODINGS:
        raise IntakeError(f"--encoding {encoding}: choose one of 可选 {', '.join(ENCODINGS)}.")
    if (bad := first_bad_byte(path, encoding)) is not None:
        raise IntakeError(
            f"{path}: bytes that are no {encoding.upper()} text 含有无法解码的字节: {_place(bad)}. {_HOW_TO_SAVE}."
        )
    return encoding


def _place(bad: BadByte) -> str:
    return f"byte {bad.offset}, line {bad.line} 第 {bad.offset} 字节、第 {bad.line} 行"


def first_bad_byte(path: Path, encoding: str) -> BadByte | None:
    """Where decoding fails first, reading in pieces so that the size of the file does not matter."""
    with path.open("rb") as file:
        return _first_bad_byte(file, encoding)


def _first_bad_byte(file: BinaryIO, encoding: str) -> BadByte | None:
    big_endian = file.read(2) == codecs.BOM_UTF16_BE
    file.seek(0)
    # Codecs that leave the mark in the text decode any piece of it alike.
    plain = {"utf-8-sig": "utf-8", "utf-16": "utf-16-be" if big_endian else "utf-16-le"}.get(encoding, encoding)
    decoder = codecs.getincrementaldecoder(plain)()
    position, line = 0, 1
    while True:
        chunk = file.read(_CHUNK_BYTES)
        pending = len(decoder.getstate()[0])
        try:
            line += decoder.decode(chunk, final=not chunk).count("\n")
        except UnicodeDecodeError as error:
            # The decoder saw what was left of the last piece, then this one.
            before = error.object[: error.start].decode(plain, errors="replace")
            return BadByte(offset=position - pending + error.start, line=line + before.count("\n"))
        position += len(chunk)
        if not chunk:
            return None


def _mostly_utf8(path: Path, bad: BadByte) -> bool:
    """Whether the text around a bad byte is UTF-8 with few flaws.

    Chinese text in GB18030 has hardly a valid sequence among its characters when read as UTF-8.
    """
    with path.open("rb") as file:
        file.seek(max(0, bad.offset - _SAMPLE_BYTES))
        sample = file.read(2 * _SAMPLE_BYTES).decode("utf-8", errors="replace")
    wide = sum(1 for char in sample if char > "\x7f")
    flaws = sample.count("\ufffd")
    return wide - flaws >= 3 and wide - flaws > 4 * flaws


def _refuse_empty(path: Path) -> None:
    with path.open("rb") as file:
        if not any(chunk.strip() for chunk in iter(lambda: file.read(_CHUNK_BYTES), b"")):
            raise IntakeError(f"{path}: the file is empty 文件是空的. Choose another file 请换一个文件.")


def _refuse_other_kinds(path: Path, head: bytes) -> None:
    """Say what a file is when it is no text at all."""
    marked = head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        kind = "an old .xls or a password-protected workbook 旧版 .xls 或加密的工作簿"
    elif head.lstrip().lower().startswith((b"<html", b"<table", b"<!doctype", b"<?xml", b"<meta")):
        kind = "a web page under another name 实际是网页"
    elif head.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        kind = "UTF-32 text UTF-32 文本"
    elif head.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!")):
        kind = "a PDF, a picture or an archive, not a table 不是表格"
    elif not marked and head.count(0) * 4 > len(head):
        kind = "UTF-16 without its mark, or no text at all 没有 BOM 的 UTF-16，或不是文本"
    else:
        return
    raise IntakeError(f"{path}: this is {kind}. {_HOW_TO_SAVE}.")
