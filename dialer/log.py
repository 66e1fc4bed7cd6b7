"""Where do log lines go, and what never gets into them?

JSON lines to a file or a pipe, a readable form on a terminal. Every line, ours or a library's, passes
the same processors; one masks whatever looks like a phone number and hides secrets by the name of their key.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import re
import sys
from collections.abc import Mapping, MutableMapping
from io import TextIOWrapper
from pathlib import Path
from typing import Final, TextIO

import structlog

from dialer import private
from dialer.errors import SettingsError
from dialer.masking import mask_text

LEVELS: Final = ("debug", "info", "warning", "error")

_SECRET_KEY: Final = re.compile(r"secret|passw|token|authorization|credential", re.IGNORECASE)
_ID_KEYS: Final = {
    # Ours and Asterisk's ids are made of digits too, and a masked id leads nowhere.
    *("attempt_id", "channel_id", "leg_id", "bridge_id", "action_id", "uniqueid", "linkedid"),
    *("account_id", "debtor_id", "phone_id", "at"),
}
_HIDDEN: Final = "***"


def mask_event(logger: object, method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Mask phone numbers and secrets in one event (a structlog processor)."""
    for key, value in event.items():
        event[key] = _masked(key, value)
    return event


def _masked(key: str, value: object) -> object:
    if _SECRET_KEY.search(key):
        return _HIDDEN
    match value:
        case None | bool() | float():
            return value
        case int():  # may be a number that somebody forgot to quote
            text = str(value)
            return value if key in _ID_KEYS or mask_text(text) == text else mask_text(text)
        case str():
            return value if key in _ID_KEYS else mask_text(str(value))
        case Mapping():
            return {str(name): _masked(str(name), item) for name, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_masked(key, item) for item in value]
        case _:
            return mask_text(str(value))


def configure(path: Path | None = None, *, level: str = "info", stream: TextIO | None = None) -> None:
    """Send all logging of this process to one place; may be called again.

    Args:
        path: a file for JSON lines, appended to and closed to other users; a log rotator may move it away.
        level: the least level that is written, one of `LEVELS`.
        stream: where to write without a path; default standard error. Pretty when it is a terminal.

    Raises:
        SettingsError: the file cannot be opened.
    """
    before: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _handler(path, stream)
    terminal = path is None and (stream or sys.stderr).isatty()
    handler.setFormatter(_formatter(before, pretty=terminal))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(level.upper())


def _handler(path: Path | None, stream: TextIO | None) -> logging.Handler:
    if path is None:
        return logging.StreamHandler(stream)
    try:
        private.make_folder(path.parent)
        return _PrivateFileHandler(path, encoding="utf-8")
    except OSError as error:
        raise SettingsError(
            f"The log file {path} cannot be written: {error.strerror}. Set another one in dialer.yaml."
        ) from error


class _PrivateFileHandler(logging.handlers.WatchedFileHandler):
    """A file for its owner only, the one after a rotation too.

    Its trouble is nobody else's: a full disk or a folder that is gone must not end the engine, nor fill standard error,
    where each trouble is told once. The standard library lets the error through when the file cannot be made anew.
    """

    _failed = False
    _fails = False

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; what cannot be written is lost, but for what the stream still holds."""
        self._failed, self._fails = self._fails, False
        try:
            super().emit(record)
        except OSError:
            self.handleError(record)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802  # the standard library's name
        """Say once that the file cannot be written; any other error is a defect and shown as one."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            super().handleError(record)
            return
        self._fails = True
        if not self._failed:
            sys.stderr.write(f"The log file {self.baseFilename} cannot be written: {error.strerror}. Make room.\n")

    def _open(self) -> TextIOWrapper:
        return open(self.baseFilename, "a", encoding=self.encoding, errors=self.errors, opener=private.opener)


def _formatter(before: list[structlog.typing.Processor], *, pretty: bool) -> logging.Formatter:
    # The traceback becomes a text before the masking, so that it is masked too.
    last: list[structlog.typing.Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        structlog.processors.format_exc_info,
        mask_event,
        _console() if pretty else structlog.processors.JSONRenderer(serializer=_to_json),
    ]
    return structlog.stdlib.ProcessorFormatter(processors=last, foreign_pre_chain=before)


def _console() -> structlog.typing.Processor:
    return structlog.dev.ConsoleRenderer(timestamp_key="at")


def _to_json(event: object, **_: object) -> str:
    return json.dumps(event, ensure_ascii=False, default=str)
