"""From a JSON object to a `Posting`, with every complaint in a sentence: what was wrong, and what is allowed."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from dialer.account_events import EventValue
from dialer.accounts.phones import parse_number
from dialer.accounts.values import Unusable
from dialer.errors import PostingError
from dialer.known_facts import AccountFact, Fact
from dialer.postings import Posting, PostKind
from dialer.types import Number, StopFlag

LONGEST: Final = 2_000
"""Characters of a text."""
_Text = Annotated[str, Field(max_length=LONGEST)]
_Id = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_EXAMPLES: Final[Mapping[PostKind, str]] = {
    PostKind.PAYMENT: '{"kind":"payment","account":"LN-1","amount":"500.00","txn_id":"T-1"}',
    PostKind.REVERSAL: '{"kind":"reversal","account":"LN-1","txn_id":"T-1"}',
    PostKind.REFUSAL: '{"kind":"refusal","account":"LN-1"}',
    PostKind.COMPLAINT: '{"kind":"complaint","account":"LN-1","note":"..."}',
    PostKind.DISPUTE: '{"kind":"dispute","account":"LN-1","note":"..."}',
    PostKind.STOP: '{"kind":"stop","account":"LN-1","flag":"attorney"}',
    PostKind.PROMISE: '{"kind":"promise","account":"LN-1","amount":"500.00","due_on":"2026-03-15"}',
    PostKind.FACT: '{"kind":"fact","account":"LN-1","field":"income_monthly","value":"8000.00"}',
    PostKind.RISK: '{"kind":"risk","account":"LN-1","sign":"utilisation","value":"0.95","before":"0.60"}',
    PostKind.NOTE: '{"kind":"note","account":"LN-1","note":"..."}',
}
_NEEDS: Final[Mapping[PostKind, tuple[str, ...]]] = {
    PostKind.PAYMENT: ("amount", "txn_id"),
    PostKind.REVERSAL: ("txn_id",),
    PostKind.STOP: ("flag",),
    PostKind.PROMISE: ("amount", "due_on"),
    PostKind.FACT: ("field", "value"),
    PostKind.RISK: ("sign",),
    PostKind.NOTE: ("note",),
}
_MAY: Final[Mapping[PostKind, tuple[str, ...]]] = {
    PostKind.PAYMENT: ("channel",),
    PostKind.REVERSAL: (),
    PostKind.REFUSAL: ("number", "until"),
    PostKind.COMPLAINT: ("until",),
    PostKind.DISPUTE: ("until",),
    PostKind.STOP: ("until",),
    PostKind.PROMISE: ("channel", "agent"),
    PostKind.FACT: ("agent",),
    PostKind.RISK: ("value", "before"),
    PostKind.NOTE: ("agent",),
}
_ALWAYS: Final = ("kind", "account", "client", "key", "at", "note")


class _Told(BaseModel):
    """One object."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: PostKind
    account: Annotated[_Id, Field(min_length=1)]
    client: _Id = ""
    key: _Id = ""
    at: AwareDatetime | date | None = None
    amount: Annotated[Decimal, Field(gt=0, lt=Decimal("1e13"), decimal_places=2)] | None = None
    txn_id: _Id = ""
    channel: _Id = ""
    due_on: date | None = None
    agent: _Id = ""
    flag: StopFlag | None = None
    until: AwareDatetime | None = None
    number: _Id = ""
    field: _Id = ""
    value: _Text = ""
    sign: _Id = ""
    before: _Text = ""
    note: _Text = ""


def parse_json(text: str | bytes, zone: tzinfo = UTC) -> Posting:
    """A posting from a JSON text; days without a time begin in `zone`.

    Raises:
        PostingError: it is none.
    """
    try:
        told = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise PostingError(f"This is not JSON: {str(error)[:100]}.") from None
    if not isinstance(told, dict):
        raise PostingError(f"This is no JSON object. Write one like {_EXAMPLES[PostKind.PAYMENT]}")
    return parse(told, zone)


def parse(told: Mapping[str, object], zone: tzinfo = UTC) -> Posting:
    """A posting from the object that tells it; days without a time begin in `zone`.

    Raises:
        PostingError: a field is missing, wrong or not known.
    """
    told = {key: _plain(value) for key, value in told.items()}
    try:
        one = _Told.model_validate(told)
    except ValidationError as invalid:
        raise PostingError(" ".join(_sentence(error, told) for error in invalid.errors()[:3])) from None
    _check(one, told)
    return Posting(
        kind=one.kind,
        account=one.account,
        client=one.client,
        key=one.key,
        at=_moment(one.at, zone),
        amount=one.amount,
        txn_id=one.txn_id,
        channel=one.channel,
        due_on=one.due_on,
        agent=one.agent,
        flag=one.flag,
        until_at=one.until,
        number=_number(one.number),
        fact=one.field,
        value=_money(one.value) if one.field == Fact.INCOME_MONTHLY else one.value,
        sign=one.sign,
        note=one.note,
        details=_details(one),
    )


def _plain(value: object) -> object:
    """Numbers may be written without quotes; what is empty is as good as not said."""
    if isinstance(value, bool):
        return value
    return str(value) if isinstance(value, int | float | Decimal) else value


def _check(one: _Told, told: Mapping[str, object]) -> None:
    needs, may = _NEEDS.get(one.kind, ()), _MAY[one.kind]
    missing = [name for name in needs if told.get(name) in (None, "")]
    if missing:
        raise PostingError(f"A {one.kind} needs {' and '.join(missing)}, as in {_EXAMPLES[one.kind]}")
    strange = [name for name in told if told[name] not in (None, "") and name not in (*_ALWAYS, *needs, *may)]
    if strange:
        raise PostingError(f"A {one.kind} has no {strange[0]}. It may have: {', '.join((*_ALWAYS, *needs, *may))}.")
    if one.kind is PostKind.FACT and one.field not in (known := [*Fact, *AccountFact]):
        raise PostingError(f"There is no field {one.field}.{_near(one.field, known)} There are: {', '.join(known)}.")
    if one.flag in (StopFlag.PROMISE_OPEN, StopFlag.WRONG_NUMBER):
        cure = "post a promise" if one.flag is StopFlag.PROMISE_OPEN else "`dialer stop-calling` takes the number"
        raise PostingError(f"The flag {one.flag} is not set like this; {cure}.")


def _sentence(error: ErrorDetails, told: Mapping[str, object]) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    match error["type"]:
        case "missing":
            return f"`{name}` is missing, as in {_EXAMPLES[PostKind.REFUSAL]}."
        case "extra_forbidden":
            known = list(_Told.model_fields)
            return f"`{name[:40]}` is not known.{_near(name, known)} Known: {', '.join(known)}."
        case "enum":
            allowed = list(PostKind) if name == "kind" else list(StopFlag)
            return f"`{name}` is not one of {', '.join(allowed)}.{_near(str(told.get(name))[:40], allowed)}"
        case "timezone_aware":
            return f"`{name}` needs a zone, such as 2026-03-02T10:00:00+08:00."
        case _:
            return f"`{name}`: {error['msg'][0].lower()}{error['msg'][1:]}."


def _near(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, known, n=1)
    return f" Did you mean {near[0]}?" if near else ""


def _moment(at: datetime | date | None, zone: tzinfo) -> datetime | None:
    if at is None or isinstance(at, datetime):
        return at
    return datetime(at.year, at.month, at.day, tzinfo=zone)


def _number(text: str) -> Number | None:
    if not text:
        return None
    number = parse_number(text, "ZZ")
    if isinstance(number, Unusable):
        raise PostingError(f"`number`: {number.reason_en}. Write it like +8613900000000.")
    return number


def _money(text: str) -> str:
    try:
        amount = Decimal(text.replace(",", ""))
    except ArithmeticError:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0 or amount != amount.quantize(Decimal("0.01")):
        raise PostingError("`value`: an income is an amount such as 8000.00.")
    return f"{amount:.2f}"


def _details(one: _Told) -> dict[str, EventValue]:
    if one.kind is not PostKind.RISK:
        return {}
    return {name: text for name, text in (("value", one.value), ("before", one.before)) if text}
