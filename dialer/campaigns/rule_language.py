"""The language of `dialer.campaigns.expressions`: parsing and asking, by rule-engine. Nothing else imports that."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from functools import lru_cache

from rule_engine import Context, DataType, Rule, ast, errors
from rule_engine.builtins import Builtins

from dialer.campaigns.expressions import (
    KNOWN,
    NUMBER,
    TEXT,
    YES_NO,
    ExpressionError,
    FactValue,
    Subject,
    subject_of,
)

_TYPES = {TEXT: DataType.STRING, NUMBER: DataType.FLOAT, YES_NO: DataType.BOOLEAN}
Condition = Callable[[Mapping[str, FactValue]], bool]


def first_that_holds(whens: tuple[str, ...], facts: Mapping[str, FactValue], subject: Subject) -> int | None:
    """See `expressions.first_that_holds`."""
    for index, condition in enumerate(_conditions(whens, subject)):
        try:
            if condition(facts):
                return index
        except (errors.EngineError, ArithmeticError):
            continue
    return None


@lru_cache(maxsize=1024)
def _conditions(whens: tuple[str, ...], subject: Subject) -> tuple[Condition, ...]:
    return tuple(_condition_of(when, subject) for when in whens)


def _condition_of(when: str, subject: Subject) -> Condition:
    try:
        rule = _rule(when, subject)
    except errors.EngineError:
        return lambda _: False  # no settings that were loaded have such a one
    return _condition(rule, rule.statement.expression, subject)


def _condition(rule: Rule, node: ast.base.ExpressionBase, subject: Subject) -> Condition:
    """A part of a rule, to be asked of facts. The engine takes 30 µs for an answer, so answers are kept.

    What stands on either side of `and` and `or` is kept apart: each side names few facts, which have few values.
    """
    if isinstance(node, ast.LogicExpression):
        left, right = _condition(rule, node.left, subject), _condition(rule, node.right, subject)
        if node.type == "and":
            return lambda facts: left(facts) and right(facts)
        return lambda facts: left(facts) or right(facts)
    part = copy(rule)
    part.statement = ast.Statement(rule.context, node)
    named = {one.name for one in _nodes(node) if isinstance(one, ast.SymbolExpression)}
    asked = tuple(name for name in KNOWN[subject] if name in named)

    @lru_cache(maxsize=4096)
    def answer(values: tuple[FactValue, ...]) -> bool:
        return bool(part.matches(dict(zip(asked, values, strict=True))))

    return lambda facts: answer(tuple([facts[name] for name in asked]))


def check(when: str, known: Mapping[str, str], allowed: Mapping[str, Collection[str]]) -> None:
    """See `expressions.check`."""
    expression = _parsed(when, known)
    for node in _nodes(expression):
        match node:
            case ast.GetAttributeExpression():
                raise ExpressionError(f"facts have no parts to ask for with a dot; the facts are {_names(known)}")
            case ast.SymbolExpression() if node.scope is not None:
                raise ExpressionError(f"${node.name} cannot be used here; the facts are {_names(known)}")
            case ast.SymbolExpression() if node.name not in known:
                raise ExpressionError(f"{node.name!r} is not a known fact here. The facts are {_names(known)}")
            case ast.ComparisonExpression() | ast.ContainsExpression():
                _check_comparison(node, allowed)
            case _:
                pass
    if expression.result_type != DataType.BOOLEAN:
        raise ExpressionError("it is a value, not a condition; compare it with something, as in `attempts > 2`")


def _parsed(when: str, known: Mapping[str, str]) -> ast.base.ExpressionBase:
    try:
        return _rule(when, subject_of(known)).statement.expression
    except errors.SymbolResolutionError as problem:
        near = difflib.get_close_matches(problem.symbol_name, known, n=1)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise ExpressionError(
            f"{problem.symbol_name!r} is not a known fact.{hint} The facts are {_names(known)}"
        ) from problem
    except errors.AttributeResolutionError as problem:
        raise ExpressionError(f"facts have no parts to ask for with a dot; the facts are {_names(known)}") from problem
    except errors.SyntaxError as problem:
        detail = str(problem.message).removeprefix("syntax error at: ")
        where = {"EOF": " at its end"}.get(detail, f" ({detail})")
        raise ExpressionError(f"it cannot be read{where}; write for example {_EXAMPLE}") from problem
    except errors.EvaluationError as problem:
        raise ExpressionError(
            f"{problem.message}: text goes with text and numbers with numbers; the facts are {_names(known)}"
        ) from problem


_EXAMPLE = "`outcome == 'busy' and retries < 3`"


def _check_comparison(
    node: ast.ComparisonExpression | ast.ContainsExpression, allowed: Mapping[str, Collection[str]]
) -> None:
    parts = list(_nodes(node))
    for fact in (part.name for part in parts if isinstance(part, ast.SymbolExpression)):
        values = allowed.get(fact)
        if values is None:
            continue
        for text in (part.value for part in parts if isinstance(part, ast.StringExpression)):
            if text and text not in values:
                near = difflib.get_close_matches(text, values, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else ""
                raise ExpressionError(f"{fact} is never {text!r}.{hint} It can be {', '.join(sorted(values))}")
    if isinstance(node, ast.ComparisonExpression):
        sides = (node.left.result_type, node.right.result_type)
        if sides[0] != sides[1] and DataType.UNDEFINED not in sides:
            raise ExpressionError(
                f"a {sides[0].name.lower()} never equals a {sides[1].name.lower()}; "
                "text goes in quotes, numbers and true or false without"
            )


def _nodes(node: ast.base.ASTNodeBase) -> Iterator[ast.base.ASTNodeBase]:
    """A node of the parsed expression and all below it."""
    yield node
    slots = [name for kind in type(node).__mro__ for name in getattr(kind, "__slots__", ())]
    for value in (getattr(node, name, None) for name in dict.fromkeys((*slots, *getattr(node, "__dict__", ())))):
        for child in value if isinstance(value, list | tuple) else (value,):
            if isinstance(child, ast.base.ASTNodeBase):
                yield from _nodes(child)


def _names(known: Mapping[str, str]) -> str:
    kinds = {TEXT: "texts", NUMBER: "numbers", YES_NO: "yes or no"}
    return "; ".join(
        f"{plural} " + ", ".join(name for name, kind in known.items() if kind == wanted)
        for wanted, plural in kinds.items()
        if wanted in known.values()
    )


@lru_cache(maxsize=len(KNOWN))
def _context(subject: Subject) -> Context:
    known = KNOWN[subject]
    context = Context(
        type_resolver={name: _TYPES[kind] for name, kind in known.items()},
        resolver=lambda facts, name: facts[name],
        default_timezone="utc",
        mapping_attribute_lookup=False,
    )
    context.builtins = Builtins({})
    return context


@lru_cache(maxsize=1024)
def _rule(when: str, subject: Subject) -> Rule:
    return Rule(when, context=_context(subject))
