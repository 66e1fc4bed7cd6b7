"""What a check of the doctor says: values, drawn or printed elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dialer.cli.lang import Lang


class Health(StrEnum):
    """How a check went."""

    OK = "ok"
    WARNING = "warning"  # works, but somebody should look
    FAILED = "failed"  # calls will not work
    SKIPPED = "skipped"  # could not be known


@dataclass(frozen=True, slots=True, kw_only=True)
class Text2:
    """A sentence in both languages."""

    zh: str
    en: str

    def of(self, lang: Lang) -> str:
        """The one that is read."""
        return lang.pick(self.zh, self.en)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    name: str
    """Stable, for programs: `ami.login`."""
    health: Health
    said: Text2
    """What was seen."""
    advice: Text2 | None = None
    """What to do; every failure has one."""
    place: str = ""
    """The server, or empty for this machine."""


def ok(name: str, zh: str, en: str, *, place: str = "") -> Check:
    """All is well."""
    return Check(name=name, health=Health.OK, said=Text2(zh=zh, en=en), place=place)


def bad(name: str, said: Text2, advice: Text2, *, place: str = "", health: Health = Health.FAILED) -> Check:
    """Something to mend, and how."""
    return Check(name=name, health=health, said=said, advice=advice, place=place)


def skipped(name: str, zh: str, en: str, *, place: str = "") -> Check:
    """It could not be known."""
    return Check(name=name, health=Health.SKIPPED, said=Text2(zh=zh, en=en), place=place)
