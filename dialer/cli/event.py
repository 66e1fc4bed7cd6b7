"""`dialer event post`: telling what happened to an account, so that everybody and the engine know at once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import JsonValue

from dialer.access import Role
from dialer.cli.opening import loan_rules, name_of, opened, use_terms
from dialer.cli.session import Session, session_of
from dialer.clock import SystemClock
from dialer.errors import AccessError, PostingError, WriteRefusedError
from dialer.masking import mask_text
from dialer.postings import PostKind
from dialer.types import StopFlag

if TYPE_CHECKING:
    from dialer.loans.rules import LoanRules
    from dialer.postings import Posting
    from dialer.store.posting import Posted
    from dialer.store.sqlite import SqliteStore

BOOKED = frozenset({PostKind.PAYMENT, PostKind.REVERSAL, PostKind.RISK})
"""What agents do not tell: money is booked by those who have received it."""
app = typer.Typer(help="Tell what happened to an account.", no_args_is_help=True)


def _kinds(incomplete: str) -> list[str]:
    return [kind.value for kind in PostKind if kind.startswith(incomplete)]


def _flags(incomplete: str) -> list[str]:
    return [flag.value for flag in StopFlag if flag.startswith(incomplete)]


@app.command(
    epilog="Example: dialer event post payment LN-2026-0042 --amount 500 --txn T-88 · "
    "dialer event post fact LN-2026-0042 --field income_monthly --value 8000 · "
    "dialer event post - --json < told.jsonl"
)
def post(
    context: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND|-",
            help="payment, reversal, refusal, complaint, dispute, stop, promise, fact, risk or note; -: JSON lines "
            "from standard input, one object each.",
            autocompletion=_kinds,
        ),
    ],
    account: Annotated[str, typer.Argument(metavar="[ACCOUNT]", help="An account's number.")] = "",
    amount: Annotated[str, typer.Option(help="Of a payment or a promise: 500.00")] = "",
    txn: Annotated[str, typer.Option("--txn", help="The payment's own id: the same one again is one payment.")] = "",
    due: Annotated[str, typer.Option("--due", help="When it is promised for: 2026-03-15")] = "",
    channel: Annotated[str, typer.Option(help="How it was paid, or how the debtor said so.")] = "",
    flag: Annotated[str, typer.Option(help="Of a stop.", autocompletion=_flags)] = "",
    until: Annotated[str, typer.Option(help="Of a stop: until when, such as 2026-04-01T00:00:00+08:00")] = "",
    number: Annotated[str, typer.Option(help="Of a refusal: only this number, like +86139...")] = "",
    field: Annotated[str, typer.Option(help="Of a fact: income_monthly, occupation, delay_reason ...")] = "",
    value: Annotated[str, typer.Option(help="Of a fact or a sign of risk.")] = "",
    sign: Annotated[str, typer.Option(help="Of risk: utilisation, overdue_elsewhere, income_lost ...")] = "",
    before: Annotated[str, typer.Option(help="Of risk: the value before.")] = "",
    agent: Annotated[str, typer.Option(help="Who heard it from the debtor.")] = "",
    at: Annotated[str, typer.Option(help="When it happened; default now.")] = "",
    note: Annotated[str, typer.Option(help="For the record.")] = "",
    key: Annotated[str, typer.Option(help="An id: told again with the same one, nothing changes.")] = "",
    client: Annotated[str, typer.Option(help="The lender, where two use one number.")] = "",
) -> None:
    """Tell what happened: it is committed, visible to everybody, and a queued call stops, within a second.

    With `-` every line is one object, as `{"kind": "payment", "account": "LN-1", "amount": "500.00", "txn_id": "T-1"}`;
    each is taken by itself, and answered on a line of its own. What cannot be taken leaves with exit code 4 at the end.
    """
    session = session_of(context)
    own = _own(session)
    with opened(session) as store:
        use_terms(session, store)
        if kind == "-":
            _post_lines(session, store)
            return
        given = {
            "kind": kind,
            "account": account,
            "amount": amount,
            "txn_id": txn,
            "due_on": due,
            "channel": channel,
            "flag": flag,
            "until": until,
            "number": number,
            "field": field,
            "value": value,
            "sign": sign,
            "before": before,
            "agent": agent or (own if kind in ("promise", "fact", "note") else ""),
            "at": at,
            "note": note,
            "key": key,
            "client": client,
        }
        posted = _post(session, store, {name: text for name, text in given.items() if text})
    if session.json:
        session.emit(_as_json(posted))
    elif posted.duplicate:
        session.say("此前已收到，未作更改。", "It was told before; nothing changed.", "bright_black")
    else:
        said = ", ".join(f"{event.value} (seq {seq})" for seq, event in posted.events)
        session.say(f"已记录：{said or '无变化'}。", f"Done: {said or 'it was known already'}.", "green")


def _own(session: Session) -> str:
    """The agent who runs this; empty: nobody of that role."""
    person = session.person
    return person.agent if person is not None and person.role is Role.AGENT else ""


def _check_role(session: Session, kind: PostKind) -> None:
    person = session.person
    if kind in BOOKED and person is not None and person.role is Role.AGENT:
        raise AccessError(f"`dialer event post {kind}` needs the role admin or supervisor; {person.name} is agent.")


def _post(session: Session, store: SqliteStore, given: dict[str, str]) -> Posted:
    from dialer.webhooks.parsing import parse

    return _taken(session, store, parse(given, session.zone), loan_rules(session))


def _taken(session: Session, store: SqliteStore, told: Posting, rules: LoanRules) -> Posted:
    from dialer.store import posting

    _check_role(session, told.kind)
    with store.writing() as connection:
        poster = posting.Poster(source="cli", by=name_of(session), at=SystemClock().now_at(), rules=rules)
        return posting.post(connection, told, poster)


def _post_lines(session: Session, store: SqliteStore) -> None:
    from dialer.webhooks.parsing import parse_json

    refused = total = 0
    rules = loan_rules(session)
    for place, text in _lines():
        total += 1
        try:
            answer = _as_json(_taken(session, store, parse_json(text, session.zone), rules))
        except (PostingError, WriteRefusedError, AccessError) as error:
            refused += 1
            answer = {"error": {"line": place, "message": mask_text(str(error))}}
        if session.json:
            session.emit_line(answer)
        elif "error" in answer:
            session.err.print(f"{place}: {mask_text(str(answer['error']))}", soft_wrap=True, markup=False)
    session.say(
        f"共 {total} 条，记录 {total - refused} 条，拒绝 {refused} 条。",
        f"{total} told, {total - refused} taken, {refused} refused.",
        "red" if refused else "green",
    )
    if refused:
        raise typer.Exit(PostingError.exit_code)


def _lines() -> Iterator[tuple[int, str]]:
    """The lines of standard input that say something, as they come."""
    for place, line in enumerate(sys.stdin, start=1):
        if line.strip():
            yield place, line


def _as_json(posted: Posted) -> dict[str, JsonValue]:
    return {
        "duplicate": posted.duplicate,
        "events": [{"seq": seq, "kind": kind.value} for seq, kind in posted.events],
    }
