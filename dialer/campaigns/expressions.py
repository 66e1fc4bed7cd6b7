"""Conditions of next-step, route, strategy and assignment rules: rule-engine expressions over fixed sets of facts.

An expression sees the facts listed here and nothing else: no attributes, no built-in functions, no clock and
no chance, so that the same facts always give the same answer. Everything that can be wrong with one is found
when the settings are loaded.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from rule_engine import Context, DataType, Rule, ast, errors
from rule_engine.builtins import Builtins

FactValue = str | bool | int | float | Decimal

TEXT, NUMBER, YES_NO = "text", "number", "yes/no"

LEAD_FACTS: Mapping[str, str] = {
    "days_past_due": NUMBER,
    "amount_due": NUMBER,
    "risk": TEXT,
    "region": TEXT,
    "product": TEXT,
    "language": TEXT,
    "team": TEXT,
    "attempts": NUMBER,
    "number_attempts_today": NUMBER,
    "debtor_attempts_today": NUMBER,
    "conversations_today": NUMBER,
    "other_numbers": NUMBER,
}
"""What a route rule may ask about: the account before it is called."""

CALL_FACTS: Mapping[str, str] = {
    **LEAD_FACTS,
    "outcome": TEXT,
    "disposition": TEXT,
    "right_party": YES_NO,
    "conversation": YES_NO,
    "retries": NUMBER,
    "talk_s": NUMBER,
    "agent": TEXT,
    "hour": NUMBER,
    "weekday": NUMBER,
}
"""What a next-step rule may ask about: the account and the call that just ended.

The counts include that call; `hour` (0-23) and `weekday` (Monday 0) are the debtor's local time."""

PERSON_FACTS: Mapping[str, str] = {
    "party": TEXT,
    "days_past_due": NUMBER,
    "amount_due": NUMBER,
    "risk": TEXT,
    "region": TEXT,
    "product": TEXT,
    "industry": TEXT,
    "occupation": TEXT,
    "language": TEXT,
    "income_known": YES_NO,
    "monthly_income": NUMBER,
    "monthly_due": NUMBER,
    "promises_kept": NUMBER,
    "promises_broken": NUMBER,
    "promise_open": YES_NO,
    "paid_on_time": NUMBER,
    "paid_late": NUMBER,
    "last_disposition": TEXT,
    "habit": TEXT,
    "reason": TEXT,
    "ability": TEXT,
    "willingness": TEXT,
}
"""What a strategy may ask about: the person whom somebody is about to speak with. Numbers not known are 0.

`paid_on_time` and `paid_late` count instalments; see `dialer.scripts.person` for what is derived."""

ACCOUNT_FACTS: Mapping[str, str] = {
    name: kind
    for name, kind in LEAD_FACTS.items()
    if name in ("days_past_due", "amount_due", "risk", "region", "product", "language")
}
"""What an experiment may ask about, before a call and in it: no counters, so that nobody moves in and out by being
called."""

CASE_FACTS: Mapping[str, str] = {
    "days_past_due": NUMBER,
    "bucket": TEXT,
    "amount_due": NUMBER,
    "expected": NUMBER,
    "accounts": NUMBER,
    "risk": TEXT,
    "region": TEXT,
    "product": TEXT,
    "language": TEXT,
    "owner": TEXT,
    "owner_team": TEXT,
    "promise_open": YES_NO,
    "promises_broken": NUMBER,
    "complained": YES_NO,
    "days_without_contact": NUMBER,
}
"""What an assignment rule may ask about: a debtor with all accounts, before somebody is to look after them.

`days_past_due` is the oldest account's, `amount_due` and `expected` are sums, `risk` is the worst grade, `product` that
of the largest account; `days_without_contact` counts from the last right-party contact, or from when the owner got the
debtor if that was later."""

_TYPES = {TEXT: DataType.STRING, NUMBER: DataType.FLOAT, YES_NO: DataType.BOOLEAN}


class ExpressionError(ValueError):
    """An expression that cannot be asked; the message says what is wrong and what is allowed."""


def holds(when: str, facts: Mapping[str, FactValue]) -> bool:
    """Whether a condition is true of some facts.

    Args:
        when: an expression that `check` accepted.
        facts: every fact of one subject, such as `CALL_FACTS`, by name.

    Returns:
        False, too, when these facts allow no answer, as in a division by a count that is zero.
    """
    return first_that_holds((when,), facts) is not None


def first_that_holds(whens: tuple[str, ...], facts: Mapping[str, FactValue]) -> int | None:
    """Which of some conditions is the first that is true of some facts; see `holds`. None: not one."""
    for index, condition in enumerate(_conditions(whens, _subject(facts))):
        try:
            if condition(facts):
                return index
        except (errors.EngineError, ArithmeticError):
            continue
    return None


Condition = Callable[[Mapping[str, FactValue]], bool]


Subject = Literal["lead", "call", "person", "case"]
_KNOWN: Mapping[Subject, Mapping[str, str]] = {
    "lead": LEAD_FACTS,
    "call": CALL_FACTS,
    "person": PERSON_FACTS,
    "case": CASE_FACTS,
}
_MARKS: Mapping[str, Subject] = {"outcome": "call", "party": "person", "days_without_contact": "case"}
"""A fact that only one subject has."""


def _subject(facts: Collection[str]) -> Subject:
    """What some facts are about, by a name that only these have."""
    return next((subject for mark, subject in _MARKS.items() if mark in facts), "lead")


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
    asked = tuple(name for name in _KNOWN[subject] if name in named)

    @lru_cache(maxsize=4096)
    def answer(values: tuple[FactValue, ...]) -> bool:
        return bool(part.matches(dict(zip(asked, values, strict=True))))

    return lambda facts: answer(tuple([facts[name] for name in asked]))


def check(when: str, known: Mapping[str, str], allowed: Mapping[str, Collection[str]]) -> None:
    """Find out what is wrong with a condition before anybody relies on it.

    Args:
        when: the expression.
        known: the facts it may use, `CALL_FACTS`, `LEAD_FACTS`, `PERSON_FACTS` or a part of one of them.
        allowed: for facts with few possible values, those values; comparing with another is an error.

    Raises:
        ExpressionError: syntax, an unknown fact, a comparison that can never hold, or not a condition at all.
    """
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
        return _rule(when, _subject(known)).statement.expression
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


@lru_cache(maxsize=len(_KNOWN))
def _context(subject: Subject) -> Context:
    known = _KNOWN[subject]
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
