"""What may not be said: a list of expressions, and a reader that finds them however they are dressed up. Pure.

A text is first made plain: compatibility forms (full width, circled, ligatures) become ordinary ones (NFKC), capitals
small, characters that nobody sees and accents go, look-alikes (Cyrillic а, traditional 貸) become the ordinary ones.
Between the characters of an expression up to `GAP` others may stand: in Chinese whatever is no Chinese character, in
Latin whatever is no letter. In Latin text digits and signs that stand for letters are read as these, within a word.

An exception lifts a finding when it covers it whole, and is read strictly: `可以报警` may be said, `可以报*警` not.
What is found falsely costs somebody a rewording, what is not found costs somebody else more; so joints of sentences do
not separate (`坐。牢` is found).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from dialer.scripts.model import Language, Place, Said

GAP: Final = 4
"""So many characters that do not belong may stand between two that do."""
DEBT: Final = "debt"
"""The category of words that tell of a debt: refused before identity is checked, and to third parties; else allowed."""
REQUIRED: Final = ("threat", "impersonation", "disclosure", "borrowing", DEBT)
"""Categories that every lexicon must have."""

_HAN_GAP: Final = rf"[\x00-\x7f]{{0,{GAP}}}"  # Chinese is read with blanks for whatever is neither Chinese nor ASCII
_ANY: Final = {Language.ZH: r"[^\x00-\x7f]", Language.EN: "[a-z]"}
"""What a dot stands for: a character that counts. It is none of a gap, so that there is one way only to read a text."""
_LATIN_GAP: Final = rf"[^a-z]{{0,{GAP}}}"
_WORD_GAP: Final = r"[^a-z]{1,8}"
_CHINESE: Final = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_FEWEST_LETTERS: Final = 3
_NEITHER: Final = re.compile(r"[^\x00-\x7f\u3400-\u9fff\uf900-\ufaff]")
_LEET: Final = {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s", "!": "i", "|": "l"}
_TOKEN: Final = re.compile(r"\\.|\[(?:\\.|[^\]\\])*\]|\(\?(?:[:=!]|<[=!])|[()|^]|[?*+]|\{\d+(?:,\d*)?\}|.", re.DOTALL)
_QUANTIFIER: Final = re.compile(r"[?*+]|\{\d+(?:,\d*)?\}")
_STRUCTURE: Final = re.compile(r"\(.*|[)|^]", re.DOTALL)


class PatternError(ValueError):
    """An expression that cannot be read; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that may not be said, in some ways of saying it."""

    id: str
    category: str
    language: Language
    patterns: tuple[str, ...]
    exceptions: tuple[str, ...] = ()
    source: str = ""
    """The law, standard or guideline; or `house`."""
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A kind of things that may not be said."""

    name: str
    label: Said
    source: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lexicon:
    """All that may not be said. One that is read again is another one, whatever it says."""

    categories: Mapping[str, Category]
    entries: tuple[Entry, ...]
    variants: Mapping[str, str] = field(default_factory=dict)
    """Look-alike -> the character that is meant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something that may not be said, in a text."""

    entry: Entry
    begin: int
    end: int
    """Where it stands in the text as it was given."""
    found: str
    """As it was written."""


@lru_cache(maxsize=4096)  # most of what is said is the same for everybody
def scan(lexicon: Lexicon, text: str, *, debt: bool = False) -> tuple[Hit, ...]:
    """Everything in a text that may not be said, in its order.

    Args:
        lexicon: what may not.
        text: as it is said; of a template, without its tags.
        debt: words of a debt may not be said either.
    """
    plain, origin = _plain(text, lexicon.variants)
    languages = _languages(plain)
    hits = [
        Hit(entry=entry, begin=begin, end=end, found=text[begin:end])
        for entry in lexicon.entries
        if entry.language in languages and (debt or entry.category != DEBT)
        for begin, end in _spans(entry, plain, origin)
    ]
    return tuple(sorted(hits, key=lambda hit: (hit.begin, hit.end, hit.entry.id)))


def _languages(plain: str) -> frozenset[Language]:
    """Whose expressions can be in a text at all: Chinese ones want a Chinese character, English ones three letters."""
    found = {Language.ZH} if _CHINESE.search(plain) else set()
    letters = sum(letter in _LEET or "a" <= letter <= "z" for letter in plain)
    return frozenset(found | {Language.EN} if letters >= _FEWEST_LETTERS else found)


def _spans(entry: Entry, plain: str, origin: list[int]) -> Iterator[tuple[int, int]]:
    """Where in the text as it was given an entry holds and no exception covers it."""
    excused = [found.span() for pattern in entry.exceptions for found in strict(pattern).finditer(plain)]
    seen: set[tuple[int, int]] = set()
    for reading in _readings(plain, entry.language):
        for pattern in entry.patterns:
            for found in loose(pattern, entry.language).finditer(reading):
                begin, end = _trimmed(reading, *found.span(), entry.language)
                if end > begin and not any(left <= begin and end <= right for left, right in excused):
                    seen.add((origin[begin], origin[end - 1] + 1))
    yield from sorted(seen)


def _trimmed(plain: str, begin: int, end: int, language: Language) -> tuple[int, int]:
    """Without the gap before the first character."""
    counts = re.compile(_ANY[language])
    while begin < end and counts.match(plain[begin]) is None:
        begin += 1
    return begin, end


def _plain(text: str, variants: Mapping[str, str]) -> tuple[str, list[int]]:
    """The text made plain, and for each of its characters the place in the text as it was given."""
    plain: list[str] = []
    origin: list[int] = []
    for place, letter in enumerate(text):
        for one in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", letter)).casefold():
            if unicodedata.category(one) in ("Mn", "Me", "Cf"):  # accents, and what nobody sees
                continue
            plain.append(variants.get(one, one))
            origin.append(place)
    return "".join(plain), origin


@lru_cache(maxsize=64)
def _readings(plain: str, language: Language) -> tuple[str, ...]:
    """The text as it is looked through, in forms of the same length."""
    if language is Language.ZH:
        return (_NEITHER.sub(" ", plain),)
    return tuple(dict.fromkeys((plain, _letters_for_signs(plain))))


def _letters_for_signs(plain: str) -> str:
    """`p0lice` is `police`: a digit or sign between or beside letters; same length."""
    letters = list(plain)
    for place, letter in enumerate(plain):
        if letter in _LEET:
            near = plain[max(0, place - 1) : place] + plain[place + 1 : place + 2]
            if any("a" <= one <= "z" for one in near):
                letters[place] = _LEET[letter]
    return "".join(letters)


@lru_cache(maxsize=4096)
def strict(pattern: str) -> re.Pattern[str]:
    """An expression as it is written.

    Raises:
        PatternError: it cannot be read.
    """
    return _compiled(pattern, pattern)


@lru_cache(maxsize=4096)
def loose(pattern: str, language: Language) -> re.Pattern[str]:
    """An expression that is found with other characters between its own.

    Raises:
        PatternError: it cannot be read.
    """
    body = "".join(_widened(_TOKEN.findall(pattern), language))
    return _compiled(body if language is Language.ZH else rf"(?<![a-z])(?:{body})(?![a-z])", pattern)


def _compiled(body: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(body)
    except re.error as problem:
        raise PatternError(f"`{pattern}` is no regular expression: {problem}") from None


def _widened(tokens: list[str], language: Language) -> Iterator[str]:
    """The tokens of an expression with a gap before each character; what the first one takes in is trimmed later."""
    gap = _HAN_GAP if language is Language.ZH else _LATIN_GAP
    for token in tokens:
        if token == " ":
            yield _WORD_GAP
        elif token == ".":
            yield f"(?:{gap}{_ANY[language]})"
        elif _STRUCTURE.fullmatch(token) or _QUANTIFIER.fullmatch(token):
            yield token
        else:
            yield f"(?:{gap}{token})"


def categories_of(hits: Iterable[Hit]) -> tuple[str, ...]:
    """The kinds of what was found, each once."""
    return tuple(dict.fromkeys(hit.entry.category for hit in hits))
