"""Jinja, fenced in: variables that are known, a few filters, `if` and `for` over the options; nothing else. Pure.

    {{ amount_due | money }}     1,280.50元 · CNY 1,280.50
    {{ pay_by | day }}           3月5日 · 5 March
    {% if days_past_due > 30 %} ... {% endif %}
    {% for option in options %} ... {% endfor %}

Text may only stand where it can be read: a piece of text within an expression could be put together to say what no
reader of the file sees, so that quoted text may be compared with and never printed.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from dialer.scripts.model import Language, Wording
from dialer.scripts.variables import VARIABLES

_MONTHS: Final = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_FILTERS: Final = ("money", "day")
_ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Filter, nodes.If, nodes.For),
    *(nodes.Compare, nodes.Operand, nodes.Const, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr),
)
_HIDDEN: Final = "\ufffc"
"""Stands for a tag where a template is read as text."""


class TemplateValueError(ValueError):
    """A template that cannot be used for these values; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """Something to mend in a template."""

    line: int
    """Of the file."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Which variables a template may name."""

    known: Collection[str] = tuple(VARIABLES)
    refused: Collection[str] = ()
    """Known, and not here."""
    why: str = ""
    """The end of the sentence for one that is refused."""


ANYWHERE: Final = Names()


def mistakes(wording: Wording, names: Names = ANYWHERE) -> Iterator[Mistake]:
    """What is wrong with a template.

    Args:
        wording: with its place.
        names: which variables it may name.
    """
    try:
        tree = _environment(Language.ZH).parse(wording.text)
    except TemplateSyntaxError as problem:
        yield Mistake(line=_line(wording, problem.lineno), text=f"not a template: {problem.message}")
        return
    own = {node.target.name for node in tree.find_all(nodes.For) if isinstance(node.target, nodes.Name)}
    for node in _all(tree):
        text = _wrong(node, names, own)
        if text:
            yield Mistake(line=_line(wording, node.lineno), text=text)


def _wrong(node: nodes.Node, names: Names, own: set[str]) -> str:
    match node:
        case nodes.Name() if node.ctx == "load" and node.name not in own and node.name not in names.known:
            near = difflib.get_close_matches(node.name, names.known, n=1)
            hint = f" Did you mean `{near[0]}`?" if near else ""
            return f"`{node.name}` is not known.{hint} Known: {', '.join(names.known)}"
        case nodes.Name() if node.ctx == "load" and node.name in names.refused:
            return f"`{node.name}` {names.why}"
        case nodes.Filter() if node.name not in _FILTERS or node.args or node.kwargs:
            return f"the filter `{node.name}` is not known; there are {' and '.join(_FILTERS)}"
        case nodes.Output() if any(isinstance(one, nodes.Const) for one in node.find_all(nodes.Const)
                                   if not _is_compared(node, one)):  # fmt: skip
            return "text within {{ }} is not printed; write it outside of them"
        case nodes.For() if not (isinstance(node.iter, nodes.Name) and node.iter.name == "options") or node.recursive:
            return "`for` goes over `options` only"
        case _ if not isinstance(node, _ALLOWED):
            return f"`{type(node).__name__}` is not allowed; use variables, filters, if, and for over options"
    return ""


def _is_compared(within: nodes.Node, const: nodes.Const) -> bool:
    return any(const in compared.find_all(nodes.Const) for compared in within.find_all(nodes.Compare))


def _all(node: nodes.Node) -> Iterator[nodes.Node]:
    yield node
    for child in node.iter_child_nodes():
        yield from _all(child)


def _line(wording: Wording, lineno: int) -> int:
    """The line of the file for a line of the template."""
    parts = wording.text.split("\n")
    within = parts[lineno - 1] if 0 < lineno <= len(parts) else ""
    return wording.line_of(within)


def as_text(wording: Wording) -> str:
    """A template as its readers see it: its text, with a sign in place of each tag; what a condition hides is there."""
    try:
        tokens = list(_environment(Language.ZH).lex(wording.text))
    except TemplateError:
        return wording.text  # what is wrong with it is told elsewhere
    said: list[str] = []
    for _, kind, value in tokens:
        if kind == "data":
            said.append(value)
        elif kind == "variable_begin":
            said.append(_HIDDEN)
        elif kind in ("string", "comment"):
            said.append(value)
    return "".join(said)


def render(wording: Wording, language: Language, values: Mapping[str, object]) -> str:
    """A template with its values.

    Raises:
        TemplateValueError: a value is missing or does not fit.
    """
    try:
        return " ".join(_template(wording.text, language).render(values).split())
    except (TemplateError, ArithmeticError, TypeError, ValueError, AttributeError) as problem:
        raise TemplateValueError(f"{wording.place}: {wording.key}: {problem}") from None


@lru_cache(maxsize=2048)
def _template(text: str, language: Language) -> Template:
    return _environment(language).from_string(text)


@lru_cache(maxsize=2)
def _environment(language: Language) -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, cache_size=0)
    made.globals.clear()
    made.tests.clear()
    made.filters.clear()
    zh = language is Language.ZH
    made.filters["money"] = money_zh if zh else money_en
    made.filters["day"] = day_zh if zh else day_en
    return made


def money_zh(amount: Decimal) -> str:
    """`1,280.50元`."""
    return f"{_cents(amount):,.2f}元"


def money_en(amount: Decimal) -> str:
    """`CNY 1,280.50`."""
    return f"CNY {_cents(amount):,.2f}"


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def day_zh(day: date) -> str:
    """`3月5日`."""
    return f"{day.month}月{day.day}日"


def day_en(day: date) -> str:
    """`5 March`."""
    return f"{day.day} {_MONTHS[day.month - 1]}"
