"""AMI text as values: reading what Asterisk says, writing what we ask, refusing what could be misread.

    bytes of one message  ->  Message            (parsed when first asked, never raises)
    name + headers        ->  encode_action()    (raises `UnsafeAction` rather than send something ambiguous)

What Asterisk does with an action (manager.c), and therefore what is refused here:
- a bare line feed ends a line and the first matching header wins, so one line break in a value can replace
  the action; hence no CR, LF or NUL anywhere, and `Action` is always the first line;
- a line longer than 1,022 bytes or a 129th header makes the whole action fail to parse;
- an ActionID of 100 bytes or more is cut when it is copied;
- `Hangup` with a Channel that begins with `/` is a regular expression over all channels;
- `Originate` without `Async: true` blocks the session until somebody answers;
- in the `Variable` of an `Originate` a comma starts the next variable, and a name that ends in `)` runs a
  function.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from dialer.errors import AmiError

MAX_LINE_BYTES = 1022
MAX_HEADERS = 128
MAX_ACTION_ID_BYTES = 99

_ACTION_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*", re.ASCII)
_HEADER_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*", re.ASCII)
_VARIABLE_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_SAFE_VARIABLE = re.compile(r"[A-Za-z_]\w*=[\w.~%-]*", re.ASCII)
_LINE_BREAKERS = re.compile(r"[\r\n\0]")

_C_ESCAPE = re.compile(r"\\([abfnrtv\\'\"?])")
_C_MEANING = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

_SUCCESSES = frozenset({"Success", "Follows", "Goodbye"})


class UnsafeAction(AmiError, ValueError):  # noqa: N818  # named for what happened
    """An action was refused before sending, because Asterisk could read it as something else.

    The message names the header and the cure, never the value: it may be a secret or a phone number.
    """


class AmiConnectError(AmiError):
    """Nobody answers at the manager's address, or what answers is not an Asterisk manager."""


class AmiLoginError(AmiError):
    """Asterisk refused the name or the secret."""


class AmiDisconnected(AmiError):  # noqa: N818  # named for what happened
    """There is no link, or it was lost while an action was waiting for its answer.

    Attributes:
        sent: False when nothing was sent, so trying again is safe. True when the action may have been
            carried out: ask Asterisk what is true, never send it again.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class AmiTimeout(AmiError):  # noqa: N818  # named for what happened
    """An action was sent and not answered in time; it may still have been carried out."""


class AmiCongested(AmiError):  # noqa: N818  # named for what happened
    """Asterisk does not read as fast as we write; nothing was sent."""


class AmiRefused(AmiError):  # noqa: N818  # named for what happened
    """Asterisk answered a list action with an error instead of a list."""


class AmiOversize(AmiError):  # noqa: N818  # named for what happened
    """A message grew beyond the limit, so the link is not to be trusted and was closed."""


class Message:
    """One event or response, parsed when first asked.

    Headers that are cut off, repeated, empty or not UTF-8 never raise. Use `get` for one value, `all` for a
    repeated header such as ChanVariable, `unescaped` for what a person typed (caller names, variables).
    """

    __slots__ = ("_headers", "_text", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._text: str | None = None
        self._headers: dict[str, str] | None = None

    @classmethod
    def from_headers(cls, headers: Iterable[tuple[str, str]]) -> Message:
        """Make a message from its headers, in order; for fakes and replay."""
        return cls("\r\n".join(f"{key}: {value}" for key, value in headers).encode())

    @property
    def event(self) -> str:
        """The event's name, or "" for a response."""
        return self.get("Event")

    @property
    def response(self) -> str:
        """The response's word (Success, Error, Goodbye), or "" where there is none."""
        return self.get("Response")

    @property
    def action_id(self) -> str:
        """The id of the action that this answers, or ""."""
        return self.get("ActionID")

    @property
    def success(self) -> bool:
        """Whether `Response` says yes. An OriginateResponse with `Response: Failure` does not."""
        return self.response in _SUCCESSES

    def get(self, header: str, default: str = "") -> str:
        """Return the first value of a header, or `default` when it is absent."""
        if self._headers is None:
            self._headers = self._parse()
        return self._headers.get(header, default)

    def all(self, header: str) -> tuple[str, ...]:
        """Return every value of a header, in order; a header that comes once gives one value."""
        pairs = (_split_header(line) for line in self._lines())
        return tuple(pair[1] for pair in pairs if pair is not None and pair[0] == header)

    def unescaped(self, header: str, default: str = "") -> str:
        """Return a header's first value with Asterisk's C escapes taken back."""
        return unescape(self.get(header, default))

    def _lines(self) -> list[str]:
        # Decoded whole: a chunk boundary inside a character must not lose it. And only CRLF separates
        # headers: U+2028 or a form feed in a caller's name must not begin a forged one.
        if self._text is None:
            self._text = self.raw.decode("utf-8", "replace")
        return self._text.split("\r\n")

    def _parse(self) -> dict[str, str]:
        headers: dict[str, str] = {}
        for line in self._lines():
            pair = _split_header(line)
            if pair is not None and pair[0] not in headers:
                headers[pair[0]] = pair[1]
        return headers

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Message) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        # Values stay out: this ends up in logs, and the values are people's numbers.
        return f"<Message {self.event or self.response or 'unnamed'}, {len(self.raw)} bytes>"


def _split_header(line: str) -> tuple[str, str] | None:
    key, separator, value = line.partition(": ")
    if not separator:
        key, separator, value = line.partition(":")
    return (key, value) if separator else None


def unescape(value: str) -> str:
    """Take back `ast_escape_c`; what is not one of its escapes stays as it is."""
    if "\\" not in value:
        return value
    return _C_ESCAPE.sub(lambda match: _C_MEANING.get(match[1], match[1]), value)


def encode_variable(name: str, value: str) -> str:
    """Write one channel variable for a `Variable` header; read it in the dialplan with `${URIDECODE(name)}`.

    Args:
        name: Letters, digits and underscores; a leading underscore makes it inherited.
        value: Any text without NUL; everything but letters, digits and `_.-~` is percent-encoded.

    Returns:
        `name=value`, free of anything Asterisk would parse.

    Raises:
        UnsafeAction: The name could be a function call or another variable, or the value has a NUL.
    """
    if not _VARIABLE_NAME.fullmatch(name):
        raise UnsafeAction(f"{name!r} is no variable name; use letters, digits and underscores only.")
    if "\0" in value:
        raise UnsafeAction(f"Variable {name} has a NUL, which would cut it short in Asterisk; remove it.")
    return f"{name}={quote(_encode(f'Variable {name}', value), safe='')}"


def encode_action(name: str, headers: Sequence[tuple[str, str]], action_id: str) -> bytes:
    """Write one action as Asterisk will read it: `Action`, `ActionID`, then the headers in order.

    Args:
        name: The action, such as `Originate`.
        headers: Key and value; a key may come several times. Neither `Action` nor `ActionID`.
        action_id: 1 to 99 bytes, ours to choose.

    Returns:
        The bytes to send, with the empty line that ends an action.

    Raises:
        UnsafeAction: Asterisk could read it as something else; the message says which header and the cure.
    """
    if not _ACTION_NAME.fullmatch(name):
        raise UnsafeAction(f"{name!r} is no action name; use letters and digits only.")
    if len(headers) + 2 > MAX_HEADERS:
        raise UnsafeAction(f"{name} has {len(headers)} headers; Asterisk reads {MAX_HEADERS - 2}, so send fewer.")
    if not 1 <= len(_encode("ActionID", action_id)) <= MAX_ACTION_ID_BYTES:
        raise UnsafeAction(f"ActionID of {name} must have 1 to {MAX_ACTION_ID_BYTES} bytes; choose a shorter one.")
    _check_meaning(name.lower(), headers)
    lines = [_encode_line("Action", name), _encode_line("ActionID", action_id)]
    lines += [_encode_header(key, value) for key, value in headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _encode_header(key: str, value: str) -> bytes:
    if not _HEADER_KEY.fullmatch(key):
        raise UnsafeAction(f"{key!r} is no header name; use letters, digits, '-' and '_' only.")
    if key.lower() in {"action", "actionid"}:
        raise UnsafeAction(f"Header {key} is written once, from its own argument; remove it from the headers.")
    return _encode_line(key, value)


def _encode_line(key: str, value: str) -> bytes:
    if _LINE_BREAKERS.search(value):
        raise UnsafeAction(
            f"Header {key} has a line break or NUL, which could smuggle in another action; remove it, "
            "or carry the text in a variable (encode_variable)."
        )
    line = _encode(f"Header {key}", f"{key}: {value}")
    if len(line) > MAX_LINE_BYTES:
        raise UnsafeAction(f"Header {key} makes a line of {len(line)} bytes; shorten it to {MAX_LINE_BYTES}.")
    return line


def _encode(what: str, value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise UnsafeAction(f"{what} has a lone surrogate and cannot be UTF-8; clean the text.") from None


def _check_meaning(action: str, headers: Sequence[tuple[str, str]]) -> None:
    # Asterisk compares header names without case and skips blanks before a value; so do these checks.
    pairs = [(key.lower(), value.strip()) for key, value in headers]
    match action:
        case "hangup":
            if any(key == "channel" and value.startswith("/") for key, value in pairs):
                raise UnsafeAction("Channel of Hangup begins with '/' and would match many calls; name one channel.")
        case "originate":
            _check_originate(pairs)


def _check_originate(pairs: Sequence[tuple[str, str]]) -> None:
    if next((value for key, value in pairs if key == "async"), "").lower() != "true":
        raise UnsafeAction("Originate without Async would block the whole link; add the header Async: true.")
    if any(key == "variable" and not _SAFE_VARIABLE.fullmatch(value) for key, value in pairs):
        raise UnsafeAction("Variable of Originate could be parsed as something else; build it with encode_variable.")
