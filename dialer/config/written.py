"""Texts of settings files with the lines on which they stand, for whoever finds something wrong in one later."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from dialer.config.problems import Problem, key_path
from dialer.config.yaml_source import KeyPath, Source
from dialer.scripts.model import Place, Said, Wording

_LONGEST: Final = 40
"""Lines that one text may take in a file."""


@dataclass(frozen=True, slots=True)
class Written:
    """A file that was read, to be asked where things stand."""

    source: Source
    lines: tuple[str, ...]

    @classmethod
    def of(cls, source: Source) -> Written:
        """Read the file's lines again; it was just read whole."""
        return cls(source, tuple(source.path.read_text(encoding="utf-8-sig").splitlines()))

    def place(self, key: KeyPath) -> Place:
        """Where a key stands."""
        return Place(path=str(self.source.path), line=self.source.line_of(key))

    def said(self, section: object, key: KeyPath) -> Said:
        """A text in both languages."""
        return Said(zh=self._wording(section, key, "zh"), en=self._wording(section, key, "en"))

    def problem(self, key: KeyPath, text: str) -> Problem:
        """Something to mend at a key."""
        return Problem(path=self.source.path, line=self.source.line_of(key), key=key_path(key), text=text)

    def _wording(self, section: object, key: KeyPath, language: str) -> Wording:
        place = self.place((*key, language))
        begin = place.line - 1
        return Wording(
            text=str(getattr(section, language)),
            place=place,
            key=key_path((*key, language)),
            lines=self.lines[begin : begin + _LONGEST],
        )
