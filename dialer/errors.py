"""The tree of everything that can go wrong and is somebody's to mend.

    DialerError
    |-- SettingsError      a settings file: where, what, what is allowed
    |-- IntakeError       a file of debtors that cannot be read at all (bad rows are values, not errors)
    |   `-- PostingError      what was posted from outside makes no sense
    |-- StoreError         the local store: missing, locked, too new
    |   `-- WriteRefusedError   a write that contradicts what is stored; trying again is useless
    |       `-- NoAccountError       there is no account of the number that was asked for
    |-- PbxError           getting, starting or reaching Asterisk
    |   `-- AmiError       the manager connection (see `dialer.ami`)
    |-- ControlError       the engine refused or did not answer a command
    |-- PhoneError         a softphone
    |-- RecordingError     recorded facts that are missing, damaged or of another format
    `-- AccessError        somebody whose role does not allow it, or whom nobody knows

A normal "no" (a refusal of the gate, a busy line, a rejected row) is a value and never an exception.
Every message is a sentence or two: what was wrong, where, and what to do.
"""

from __future__ import annotations


class DialerError(Exception):
    """Something a person can mend; `str()` is the sentence to show them."""

    exit_code = 1


class StoreError(DialerError):
    """The local store is missing, locked, damaged or newer than this program."""

    exit_code = 3


class WriteRefusedError(StoreError):
    """A write contradicts what is stored; nothing of its batch was written, and trying again is useless."""


class NoAccountError(WriteRefusedError):
    """There is no account of a number.

    Args:
        asked: the number as it was asked for; `str()` has it whole, so only who asked may be shown that.
        sentence: with `{asked}` where it belongs.
        exit_code: of a command that ends with it.
    """

    def __init__(
        self,
        asked: str,
        sentence: str = "There is no account {asked}. Give an account's number as the list had it.",
        *,
        exit_code: int = StoreError.exit_code,
    ) -> None:
        self.asked = asked
        self.exit_code = exit_code
        self._sentence = sentence
        super().__init__(self.naming(asked))

    def naming(self, shown: str) -> str:
        """The sentence, with something else in place of what was asked for."""
        return self._sentence.replace("{asked}", shown)


class IntakeError(DialerError):
    """A file of debtors cannot be read at all."""

    exit_code = 4


class PostingError(IntakeError):
    """What somebody told of an account cannot be taken as it is; the message names the field and what is allowed."""


class SettingsError(DialerError):
    """A settings file is wrong; the message names file, line, key, value and what is allowed."""

    exit_code = 2


class PbxError(DialerError):
    """Asterisk cannot be installed, started or reached."""

    exit_code = 5


class AmiError(PbxError):
    """The manager connection failed."""


class ControlError(DialerError):
    """The engine refused a command, or no engine is running."""

    exit_code = 6


class PhoneError(DialerError):
    """A softphone cannot start or register."""

    exit_code = 7


class AccessError(DialerError):
    """Whoever asks may not; the message says which role may."""

    exit_code = 9


class RecordingError(DialerError):
    """Recorded facts are missing, damaged, or of a format that this program does not read."""

    exit_code = 8
