"""A script with a person's values in it, and the reason why this one. Pure.

The lexicon is asked again about every text that comes out: a value may say what the template did not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from dialer.campaigns.expressions import FactValue
from dialer.scripts import checking
from dialer.scripts.choosing import Choice
from dialer.scripts.lexicon import Hit, Lexicon
from dialer.scripts.model import Language, Script, Step, Wording
from dialer.scripts.person import LABELS, UNKNOWN, Known
from dialer.scripts.templates import render
from dialer.scripts.variables import VARIABLES
from dialer.types import ContactRole

WHY_FACTS: Final = (
    *("paid_on_time", "paid_late", "promises_kept", "promises_broken", "monthly_income", "occupation", "industry"),
    *("habit", "reason", "ability", "willingness", "last_disposition"),
)
"""What a reason may name besides the variables of scripts."""
WHY_NAMES: Final = (*VARIABLES, *WHY_FACTS)


class ForbiddenTextError(ValueError):
    """A value has made a text say what may not be said. It holds no text: that may be about somebody."""

    def __init__(self, script: Script, key: str, hits: tuple[Hit, ...]) -> None:
        self.script = script
        self.key = key
        self.categories = tuple(dict.fromkeys(hit.entry.category for hit in hits))
        self.entries = tuple(dict.fromkeys(hit.entry.id for hit in hits))
        super().__init__(
            f"{script.place.path}: {key}: with this person's values it says what may not be said "
            f"({', '.join(self.categories)}; {', '.join(self.entries)}); it is not shown"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedStep:
    """One step as it is said."""

    id: str
    title: str
    say: str
    tip: str = ""
    identity: bool = False
    questions: tuple[tuple[str, str], ...] = ()
    """What to ask, and the field for the answer (or empty)."""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedAnswer:
    """What may be heard, and what to say then."""

    heard: str
    answer: str
    early: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A fact that decided, for people."""

    name: str
    value: str
    how: str
    """`told`, or the reason of the rule that derived it; empty: it is in the books."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A script for one person in one language."""

    script: str
    version: int
    digest: str
    tier: str
    party: ContactRole
    language: Language
    title: str
    steps: tuple[RenderedStep, ...]
    answers: tuple[RenderedAnswer, ...]
    reason: str
    strategy: str
    rule: str
    """Where the strategy stands: file and line."""
    facts: tuple[Shown, ...] = ()
    experiment: str = ""
    arm: str = ""
    instead_of: str = ""

    @property
    def opening(self) -> tuple[RenderedStep, ...]:
        """Up to and with the identity check; all where there is none."""
        spots = [spot for spot, step in enumerate(self.steps) if step.identity]
        return self.steps[: spots[0] + 1] if spots else self.steps

    def texts(self) -> Iterator[str]:
        """Everything in it that people read."""
        yield self.title
        for step in self.steps:
            yield from (step.title, step.say, step.tip, *(ask for ask, _ in step.questions), *step.options)
        for answer in self.answers:
            yield from (answer.heard, answer.answer)
        yield self.reason


def render_script(
    choice: Choice,
    known: Known,
    lexicon: Lexicon,
    values: Mapping[Language, Mapping[str, object]],
    *,
    language: Language,
    reader: Language,
) -> Rendered:
    """A script with its values.

    Args:
        choice: which, and why.
        known: for whom.
        lexicon: asked about every text that comes out.
        values: of `dialer.scripts.variables.values_of`, in both of the languages below.
        language: to be spoken.
        reader: in which the agent reads the reason.

    Raises:
        TemplateValueError: a value does not fit.
        ForbiddenTextError: a value made a text say what may not be said.
    """
    script = choice.script
    put = _Put(script=script, lexicon=lexicon, language=language, values=values[language])
    why = _Put(script=script, lexicon=lexicon, language=reader, values=values[reader])
    public = checking.opening(script)
    is_public = script.party is ContactRole.CONTACT
    return Rendered(
        script=script.name,
        version=script.version,
        digest=script.digest,
        tier=script.tier.value,
        party=script.party,
        language=language,
        title=put.text(script.title.of(language), public=is_public),
        steps=tuple(put.step(step, public=is_public or step in public) for step in script.steps),
        answers=tuple(
            RenderedAnswer(
                heard=put.text(one.heard.of(language)),
                answer=put.text(one.answer.of(language), public=one.early or is_public),
                early=one.early,
            )
            for one in script.objections
        ),
        reason=why.because(choice.strategy.why.of(reader), known.facts),
        strategy=choice.strategy.name,
        rule=str(choice.strategy.place),
        facts=_shown(choice, known, reader),
        experiment=choice.experiment,
        arm=choice.arm,
        instead_of=choice.instead_of,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Put:
    """Puts values into the texts of a script."""

    script: Script
    lexicon: Lexicon
    language: Language
    values: Mapping[str, object]

    def text(self, wording: Wording, *, public: bool = False) -> str:
        return self._gated(render(wording, self.language, self.values), wording.key, public=public)

    def _gated(self, said: str, key: str, *, public: bool) -> str:
        hits = checking.check_text(said, self.lexicon, public=public)
        if hits:
            raise ForbiddenTextError(self.script, key, hits)
        return said

    def step(self, step: Step, *, public: bool) -> RenderedStep:
        options = self.values.get("options", ()) if step.options else ()
        listed = tuple(str(one) for one in options) if isinstance(options, tuple) else ()
        return RenderedStep(
            id=step.id,
            title=self.text(step.title.of(self.language), public=public),
            say=self.text(step.say.of(self.language), public=public),
            tip="" if step.tip is None else self.text(step.tip.of(self.language)),
            identity=step.identity,
            questions=tuple((self.text(one.ask.of(self.language), public=public), one.fact) for one in step.questions),
            options=tuple(self._gated(one, "options", public=False) for one in listed),
        )

    def because(self, why: Wording, facts: Mapping[str, FactValue]) -> str:
        named = {name: _spoken(name, facts[name], self.language) for name in WHY_FACTS}
        return self._gated(render(why, self.language, {**self.values, **named}), why.key, public=False)


def _spoken(name: str, value: FactValue, language: Language) -> FactValue:
    """A fact as it stands in a reason: labels in words, everything else as it is."""
    label = LABELS.get(value) if isinstance(value, str) and name != "occupation" and name != "industry" else None
    return value if label is None else label[0] if language is Language.ZH else label[1]


def _shown(choice: Choice, known: Known, language: Language) -> tuple[Shown, ...]:
    """The facts that the strategy asks about, and what was derived."""
    words = set(re.findall(r"\w+", choice.strategy.when))
    asked = [name for name in known.facts if name in words]
    derived = {one.field: one for one in known.derived}
    if known.person.party is ContactRole.CONTACT:
        return tuple(_show(name, known, language) for name in asked)  # nobody needs to know more about the debtor
    wanted = [*asked, *(name for name in derived if name not in asked and derived[name].value not in ("", UNKNOWN))]
    return tuple(_show(name, known, language) for name in wanted)


def _show(name: str, known: Known, language: Language) -> Shown:
    one = next((each for each in known.derived if each.field == name), None)
    value = known.facts[name]
    if one is None:
        return Shown(name=name, value=_plain(value), how="")
    spoken = str(_spoken(name, value, language)) or "–"
    if one.told:
        return Shown(name=name, value=spoken, how="本人或来源告知" if language is Language.ZH else "told")
    how = "" if one.why is None else one.why.of(language).text
    return Shown(name=name, value=spoken, how=how)


def _plain(value: FactValue) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return f"{value:,.2f}"
        case _:
            return str(value)
