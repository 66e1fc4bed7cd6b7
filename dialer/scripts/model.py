"""What a script and a strategy are. Every text remembers where it was written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from dialer.types import ContactRole


class Language(StrEnum):
    """In which scripts are written."""

    ZH = "zh"
    EN = "en"

    @classmethod
    def of(cls, text: str) -> Language:
        """The nearest one to a debtor's language: whoever speaks neither is spoken to in Chinese."""
        return cls.EN if text.lower().startswith("en") else cls.ZH


class Tier(StrEnum):
    """How a script asks."""

    NEUTRAL = "neutral"  # to a third party, and wherever nothing may be asked: no word of a debt
    REMINDER = "reminder"
    STANDARD = "standard"
    HARDSHIP = "hardship"  # offers options
    FIRM = "firm"  # plain about consequences that are true; needs an approval on file
    CARE = "care"  # asks for nothing: dispute, fraud, bereavement


class Kind(StrEnum):
    """Where a script is used."""

    CALL = "call"
    MESSAGE = "message"  # one text, such as a reminder; it may be read by anybody who holds the phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where something stands in a settings file."""

    path: str
    line: int

    def __str__(self) -> str:
        """As editors take it: `config/scripts/reminder.yaml:12`."""
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A text in one language, a Jinja template, with the lines of the file that hold it."""

    text: str
    place: Place
    key: str = ""
    """Dotted, such as `steps[2].say.zh`."""
    lines: tuple[str, ...] = ()
    """The file from the key's line on, as far as the text may reach: to name the very line of a mistake."""

    def line_of(self, fragment: str) -> int:
        """The line of the file in which a piece of the text stands; of the key when it cannot be found."""
        wanted = fragment.strip()
        while wanted:
            for offset, line in enumerate(self.lines):
                if wanted in line:
                    return self.place.line + offset
            wanted = wanted[: len(wanted) // 2].rstrip()
        return self.place.line


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text in both languages."""

    zh: Wording
    en: Wording

    def of(self, language: Language) -> Wording:
        """The one in a language."""
        return self.zh if language is Language.ZH else self.en

    def both(self) -> tuple[Wording, Wording]:
        """Chinese, English."""
        return self.zh, self.en


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something to find out in a step."""

    ask: Said
    fact: str = ""
    """The field in which the answer belongs, such as delay_reason; empty: it is kept nowhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a conversation."""

    id: str
    title: Said
    say: Said
    identity: bool = False
    """Here the agent makes sure who is on the line."""
    tip: Said | None = None
    """To the agent, not to be said."""
    questions: tuple[Question, ...] = ()
    options: bool = False
    """The plans that may be offered are listed here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Objection:
    """What the other side may say, and an answer."""

    id: str
    heard: Said
    answer: Said
    early: bool = False
    """It may be answered before identity is checked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who let a script be used, and when."""

    by: str
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One version of a script: a file of `config/scripts`."""

    name: str
    version: int
    digest: str
    """Of the file, so that a version that was changed without a new number can be told."""
    place: Place
    kind: Kind
    tier: Tier
    party: ContactRole
    """For whom it is made."""
    title: Said
    steps: tuple[Step, ...]
    objections: tuple[Objection, ...] = ()
    body: str = ""
    """The whole file, to be kept with what was shown."""
    approval: Approval | None = None

    def texts(self) -> tuple[Wording, ...]:
        """Every text in it, of both languages, in the order of the file."""
        found = [*self.title.both()]
        for step in self.steps:
            found += [*step.title.both(), *step.say.both()]
            found += step.tip.both() if step.tip else ()
            found += [one for question in step.questions for one in question.ask.both()]
        for objection in self.objections:
            found += [*objection.heard.both(), *objection.answer.both()]
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """If `when` holds of a person, this script is for them. They are asked in order; the first that holds decides."""

    name: str
    when: str
    script: str
    why: Said
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Derivation:
    """If `when` holds, a fact that nobody told has this value."""

    value: str
    when: str
    why: Said
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A plan that may be offered to somebody in hardship."""

    kind: str
    """extension, instalments or waiver."""
    zh: str
    en: str
    months: int = 0
    each: Decimal = Decimal(0)
    """The first payment."""
    waived: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is about to be spoken with, as the store knows them."""

    name: str = ""
    party: ContactRole = ContactRole.DEBTOR
    days_past_due: int = 0
    amount_due: Decimal = Decimal(0)
    risk: str = ""
    region: str = ""
    product: str = ""
    industry: str = ""
    occupation: str = ""
    language: str = "zh"
    monthly_income: Decimal | None = None
    monthly_due: Decimal | None = None
    """What falls due each month, over all loans that are known."""
    promises_kept: int = 0
    promises_broken: int = 0
    promise_open: bool = False
    promised: Decimal | None = None
    """The promise that is open, or the one that was broken last."""
    promised_on: date | None = None
    paid_on_time: int = 0
    """Instalments that were paid by their day of grace."""
    paid_late: int = 0
    """Instalments that were paid later, or are overdue."""
    last_disposition: str = ""
    told: Mapping[str, str] = field(default_factory=dict)
    """Field (habit, reason, ability, willingness) -> what a source said, in its own words."""
    told_at: Mapping[str, datetime] = field(default_factory=dict)
    """When; what is not here does not grow old."""
