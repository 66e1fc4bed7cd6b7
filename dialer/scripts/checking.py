"""What is wrong with a script before anybody reads it to anybody. Pure.

Rules
    1. No text holds anything of the lexicon (threats, impersonation, disclosure, borrowing to repay ...), whoever
       would say it: titles, tips and what the other side is heard to say are looked at too.
    2. A script for a debtor or guarantor has one identity step. What is said up to and in it, and answers marked
       `early`, hold no word of a debt and no variable that discloses one.
    3. A script for a third party has no identity step, and no such word or variable anywhere in what is said.
    4. So has a message: it may be read by whoever holds the phone. It has one step and no answers.
    5. Options for hardship come after the identity step.
    6. A firm script has an approval on file.
    7. Templates are sound: `dialer.scripts.templates`.
Tips and what the other side says are not said by the agent, so 2 to 4 pass them over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from dialer.scripts.lexicon import DEBT, Hit, Lexicon, scan
from dialer.scripts.model import Kind, Place, Said, Script, Step, Tier, Wording
from dialer.scripts.templates import ANYWHERE, Mistake, Names, as_text, mistakes
from dialer.scripts.variables import SILENT, VARIABLES
from dialer.types import ContactRole

_DISCLOSING: Final = tuple(name for name in VARIABLES if name not in SILENT)
_BEFORE: Final = Names(refused=_DISCLOSING, why="tells of a debt, and identity is not checked yet here")
_THIRD: Final = Names(refused=_DISCLOSING, why="tells of a debt, and whoever hears this may be anybody")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that must be mended before a script may be used."""

    place: Place
    key: str
    """Dotted; empty: the file as a whole."""
    rule: str
    """A category of the lexicon, or identity, third_party, template, options, approval, shape."""
    zh: str
    en: str
    found: str = ""
    """As it is written."""
    entry: str = ""
    """Of the lexicon."""
    source: str = ""


def check_script(script: Script, lexicon: Lexicon) -> tuple[Finding, ...]:
    """Everything that is wrong with a script, in the order of its lines."""
    found = [*_shape(script)]
    quiet = _quiet(script)
    for wording in script.texts():
        names = (_THIRD if _is_public(script) else _BEFORE) if wording in quiet else ANYWHERE
        found += check_said(wording, lexicon, mistakes(wording, names))
    for wording in quiet:
        found += _debt_words(wording, lexicon, third=_is_public(script))
    return tuple(sorted(found, key=lambda one: (one.place.path, one.place.line, one.rule)))


def check_said(wording: Wording, lexicon: Lexicon, wrong: Iterable[Mistake]) -> Iterator[Finding]:
    """What may not be said in one text, and what is wrong with it as a template."""
    yield from _lexicon(wording, lexicon)
    for one in wrong:
        place = Place(path=wording.place.path, line=one.line)
        yield Finding(place=place, key=wording.key, rule="template", zh=one.text, en=one.text)


def check_public(wording: Wording, lexicon: Lexicon) -> Iterator[Finding]:
    """What may not be said in a text that anybody may hear."""
    yield from _lexicon(wording, lexicon)
    yield from _debt_words(wording, lexicon, third=True)


def check_text(text: str, lexicon: Lexicon, *, public: bool = False) -> tuple[Hit, ...]:
    """The gate for a text as it would be said; empty: it may be.

    Args:
        text: with its values put in.
        lexicon: what may not be said.
        public: whoever hears it may be anybody: no word of a debt either.
    """
    return scan(lexicon, text, debt=public)


def opening(script: Script) -> tuple[Step, ...]:
    """The steps up to and with the identity check; all steps where there is none."""
    spots = [spot for spot, step in enumerate(script.steps) if step.identity]
    return script.steps[: spots[0] + 1] if spots else script.steps


def _is_public(script: Script) -> bool:
    """Whether anybody may hear all of it."""
    return script.party is ContactRole.CONTACT or script.kind is Kind.MESSAGE


def _quiet(script: Script) -> tuple[Wording, ...]:
    """What may be heard by somebody who is not known to be the debtor."""
    said = [one for step in opening(script) for one in _said_in(step)]
    said += [
        one for each in script.objections if each.early or _is_public(script) for one in each.answer.both()
    ]  # fmt: skip
    return (*said, *(script.title.both() if _is_public(script) else ()))


def _said_in(step: Step) -> Iterator[Wording]:
    for said in (step.title, step.say, *(question.ask for question in step.questions)):
        yield from said.both()


# --- the lexicon ---------------------------------------------------------------------------------------


def _lexicon(wording: Wording, lexicon: Lexicon) -> Iterator[Finding]:
    for hit in scan(lexicon, as_text(wording)):
        yield _refused(wording, lexicon, hit, hit.entry.category, "", "")


def _debt_words(wording: Wording, lexicon: Lexicon, *, third: bool) -> Iterator[Finding]:
    rule = "third_party" if third else "identity"
    where = (
        ("，听到的人可能是任何人", ", and whoever hears this may be anybody")
        if third
        else ("，此时尚未核实身份", ", and identity is not checked yet here")
    )
    for hit in scan(lexicon, as_text(wording), debt=True):
        if hit.entry.category == DEBT:
            yield _refused(wording, lexicon, hit, rule, *where)


def _refused(wording: Wording, lexicon: Lexicon, hit: Hit, rule: str, more_zh: str, more_en: str) -> Finding:
    category = lexicon.categories[hit.entry.category]
    found = hit.found.replace("\ufffc", "{{…}}").replace("\n", " ")
    return Finding(
        place=Place(path=wording.place.path, line=wording.line_of(hit.found)),
        key=wording.key,
        rule=rule,
        zh=f"“{found}”：{category.label.zh.text}{more_zh}",
        en=f"`{found}`: {category.label.en.text}{more_en}",
        found=found,
        entry=hit.entry.id,
        source=hit.entry.source or category.source,
    )


# --- the shape -----------------------------------------------------------------------------------------


def _shape(script: Script) -> Iterator[Finding]:
    checks = [spot for spot, step in enumerate(script.steps) if step.identity]
    if _is_public(script) and checks:
        yield _wrong(
            script, checks[0], "identity", "对第三方或短信不核实身份", "nobody is identified in this kind of script"
        )
    if not _is_public(script) and len(checks) != 1:
        yield _wrong(script, None, "identity", f"应有一个核实身份的步骤（identity: true），现有 {len(checks)} 个",
                     f"one step must check identity (`identity: true`); there are {len(checks)}")  # fmt: skip
    if script.kind is Kind.MESSAGE and (len(script.steps) != 1 or script.objections):
        yield _wrong(script, None, "shape", "短信只有一个步骤，没有应答", "a message has one step and no answers")
    for spot, step in enumerate(script.steps):
        if step.options and (not checks or spot <= checks[0]):
            yield _wrong(script, spot, "options", "方案须在核实身份之后", "options come after the identity step")
    if script.tier is Tier.FIRM and script.approval is None:
        yield _wrong(script, None, "approval", "强硬话术须有审批（approved: {by, on}）",
                     "a firm script needs an approval: write `approved: {by: ..., on: ...}`")  # fmt: skip


def _wrong(script: Script, spot: int | None, rule: str, zh: str, en: str) -> Finding:
    place = script.place if spot is None else script.steps[spot].say.zh.place
    return Finding(place=place, key="" if spot is None else f"steps[{spot + 1}]", rule=rule, zh=zh, en=en)


def label_of(said: Said) -> tuple[str, str]:
    """A label as plain text, Chinese and English."""
    return said.zh.text, said.en.text
