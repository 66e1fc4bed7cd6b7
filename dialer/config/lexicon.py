"""`lexicon.yaml` to a lexicon, with every mistake by its line; without such a file the shipped one holds."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path

from dialer.config.problems import Problem, SettingsFileError
from dialer.config.read import read_model
from dialer.config.script_models import LexiconFile
from dialer.config.written import Written
from dialer.scripts.lexicon import REQUIRED, Category, Entry, Lexicon, PatternError, loose, strict
from dialer.scripts.model import Language

NAME = "lexicon.yaml"


def load_lexicon(path: Path, env: Mapping[str, str]) -> Lexicon:
    """Read a lexicon.

    Raises:
        SettingsFileError: with every problem of the file.
    """
    source, file = read_model(path, LexiconFile, env, made_by="dialer init")
    written = Written.of(source)
    problems = list(_problems(written, file))
    if problems:
        raise SettingsFileError(problems)
    return Lexicon(
        categories={
            name: Category(name=name, label=written.said(one.label, ("categories", name, "label")), source=one.source)
            for name, one in file.categories.items()
        },
        entries=tuple(
            Entry(
                id=one.id,
                category=one.category,
                language=Language(one.language),
                patterns=one.patterns,
                exceptions=one.exceptions,
                source=one.source,
                place=written.place(("entries", spot)),
            )
            for spot, one in enumerate(file.entries)
        ),
        variants={variant: meant for meant, variants in file.variants.items() for variant in variants},
    )


def _problems(written: Written, file: LexiconFile) -> Iterator[Problem]:
    for name in REQUIRED:
        if not any(entry.category == name for entry in file.entries):
            yield written.problem(("entries",), f"nothing is of the category `{name}`, which every lexicon must have")
    for meant in file.variants:
        if len(meant) != 1 or unicodedata.normalize("NFKC", meant).casefold() != meant:
            yield written.problem(("variants", meant), f'"{meant}" must be one ordinary small character')
    seen: dict[str, int] = {}
    for spot, entry in enumerate(file.entries):
        if entry.id in seen:
            yield written.problem(("entries", spot, "id"), f'"{entry.id}" is already the id of entry {seen[entry.id]}')
        seen.setdefault(entry.id, spot + 1)
        if entry.category not in file.categories:
            known = ", ".join(file.categories)
            yield written.problem(
                ("entries", spot, "category"), f'"{entry.category}" is no category. There are {known}'
            )
        for kind, patterns in (("patterns", entry.patterns), ("exceptions", entry.exceptions)):
            for index, pattern in enumerate(patterns):
                text = _unreadable(pattern, Language(entry.language), is_exception=kind == "exceptions")
                if text:
                    yield written.problem(("entries", spot, kind, index), text)


def _unreadable(pattern: str, language: Language, *, is_exception: bool) -> str:
    """What is wrong with an expression; empty: nothing."""
    try:
        made = strict(pattern) if is_exception else loose(pattern, language)
    except PatternError as problem:
        return str(problem)
    if made.search("") is not None:
        return f"`{pattern}` is found in every text, an empty one too"
    if unicodedata.normalize("NFKC", pattern).casefold() != pattern and "\\" not in pattern:
        return f"`{pattern}` must be written in ordinary small characters, as texts are read"
    return ""
