"""From a parsed file to a checked model: every complaint of pydantic in the words of the file."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from dialer.config.models import Section
from dialer.config.problems import Problem, SettingsFileError, key_path
from dialer.config.yaml_source import FromOutside, KeyPath, Source, read_source

Model = TypeVar("Model", bound=Section)

_KINDS = {
    "int_parsing": "is not a whole number",
    "int_from_float": "is not a whole number",
    "int_type": "is not a whole number",
    "float_parsing": "is not a number",
    "float_type": "is not a number",
    "finite_number": "is not a number",
    "bool_parsing": "is neither true nor false",
    "bool_type": "is neither true nor false",
    "string_type": "is not a text",
    "string_too_short": "is empty",
    "dict_type": "is not a set of keys; write `key: value` lines below it, indented",
    "model_type": "is not a set of keys; write `key: value` lines below it, indented",
    "model_attributes_type": "is not a set of keys; write `key: value` lines below it, indented",
    "tuple_type": "is not a list; write [a, b] or lines that begin with a dash",
}


def read_model(path: Path, model: type[Model], env: Mapping[str, str], *, made_by: str) -> tuple[Source, Model]:
    """Read and check one file by itself.

    Raises:
        SettingsFileError: with every problem that can be seen without looking at other files.
    """
    source, problems = read_source(path, env, made_by=made_by)
    tree = {} if source.tree is None else source.tree
    try:
        checked = model.model_validate(tree)
    except ValidationError as invalid:
        told = {problem.key for problem in problems}
        found = [_problem(source, model, error) for error in invalid.errors()]
        raise SettingsFileError([*problems, *(problem for problem in found if problem.key not in told)]) from None
    if problems:
        raise SettingsFileError(problems)
    return source, checked


def _problem(source: Source, model: type[BaseModel], error: ErrorDetails) -> Problem:
    key: KeyPath = tuple(part for part in error["loc"] if part != "[key]")
    of_key = "[key]" in error["loc"]
    text = _sentence(model, key, error, str(key[-1]) if of_key and key else error["input"])
    return Problem(path=source.path, line=source.line_of(key), key=key_path(key), text=text)


def _sentence(model: type[BaseModel], key: KeyPath, error: ErrorDetails, value: object) -> str:
    kind, context = error["type"], error.get("ctx", {})
    match kind:
        case "missing":
            return "this key is missing"
        case "extra_forbidden":
            return _unknown(model, key)
        case "secret":
            return error["msg"]
        case "wrong_value":
            return f"{_shown(value)} {context['text']}"
        case "enum" | "literal_error":
            return _choice(value, str(context["expected"]))
        case "string_pattern_mismatch":
            return f"{_shown(value)} does not have the form {context['pattern']}"
        case "greater_than_equal" | "greater_than" | "less_than_equal" | "less_than":
            return f"{_shown(value)} is out of range: {error['msg'].removeprefix('Input ').lower()}"
        case "too_short":
            return "at least one is needed"
        case _:
            return f"{_shown(value)} {_KINDS.get(kind, error['msg'])}"


def _shown(value: object) -> str:
    match value:
        case None:
            return "nothing"
        case FromOutside():
            return f"the value of {value.origin}"
        case str():
            return f'"{value}"'
        case _:
            return f"a {'list' if isinstance(value, list) else 'set of keys'}"


def _choice(value: object, expected: str) -> str:
    choices = expected.replace(" or ", ", ").replace("'", "").split(", ")
    near = difflib.get_close_matches(str(value), choices, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{_shown(value)} is not one of {', '.join(choices)}.{hint}"


def _unknown(model: type[BaseModel], key: KeyPath) -> str:
    known = list(_section_at(model, key[:-1]).model_fields)
    near = difflib.get_close_matches(str(key[-1]), known, n=1)
    if near:
        return f"this key is not known. Did you mean {near[0]}?"
    return f"this key is not known. Known here: {', '.join(known)}"


def _section_at(model: type[BaseModel], key: KeyPath) -> type[BaseModel]:
    """The section that a key leads to; names within a mapping or list of sections are passed over."""
    parts = iter(key)
    for part in parts:
        annotation = model.model_fields[str(part)].annotation
        model = next(_models(annotation), model)
        if get_origin(annotation) in (dict, tuple):
            next(parts, None)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)
