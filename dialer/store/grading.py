"""From scores and alerts to the grade of an account, `accounts.risk`, with the events that tell of it.

Rules
- The grade is the scorecard's, made worse by the alerts in force of the debtor. Of an account that no card has scored
  it begins with what its list said, and goes back to that text.
- A score is written, and told as `score.changed`, when it is another one than the last by the same card; a grade as
  `grade.changed` when it is another one than before.
- While alerts are in force the priority of the accounts is at least theirs; afterwards it is what it was, unless
  somebody else has changed it meanwhile.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from dialer.account_events import AccountEvent, EventKind, EventValue
from dialer.risk.features import Column
from dialer.risk.grades import UNKNOWN, Grade, read_grade
from dialer.risk.history import Accounts, Flags
from dialer.risk.observing import features, owes
from dialer.risk.scorecard import Reason, Scored, reasons, score
from dialer.risk.warnings import raised
from dialer.store.columns import moment, moment_text
from dialer.store.happened import note
from dialer.store.modelling import Model
from dialer.store.risk_history import read_history
from dialer.store.statements import Statements
from dialer.types import AccountId, DebtorId

_SQL = Statements("risk")
_EVERYBODY = (0, 2**62)
ACTOR = "risk"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewScore:
    """What a card says of one account, when that is another thing than before."""

    account_id: int
    debtor_id: int
    score: float
    grade: Grade
    reasons: tuple[Reason, ...]
    score_before: float | None
    """By the same card; None: it had not scored."""
    risk_before: str
    risk: str
    """The grade to be kept in `accounts.risk`."""
    listed: str
    because: str
    """Rules of the alerts that make it worse, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """All accounts of a scoring."""

    accounts: Accounts
    columns: Mapping[str, Column]
    scored: Scored
    owes: Flags
    """Which of them are graded: something is, or will be, asked of them."""
    changed: tuple[NewScore, ...]


def score_accounts(
    connection: sqlite3.Connection, model: Model, at: datetime, *, debtor_id: int | None = None
) -> Scoring:
    """Score accounts as of now and find out what is new; writes nothing.

    Args:
        connection: of one transaction or view.
        model: the card.
        at: now, in the dialer's zone.
        debtor_id: only the accounts of this one; None: all.
    """
    history = read_history(connection, at, debtor_id=debtor_id, names=model.card.names)
    columns = features(history, at.timestamp())
    scored, graded = score(model.card, columns), owes(history, at.timestamp())
    changed = tuple(_changed(connection, model, scored, graded, at, debtor_id))
    return Scoring(accounts=history.accounts, columns=columns, scored=scored, owes=graded, changed=changed)


def is_scored(connection: sqlite3.Connection, debtor_id: int) -> bool:
    """Whether some card has scored an account of a debtor."""
    return connection.execute(_SQL["is_scored"], {"debtor_id": debtor_id}).fetchone() is not None


def _changed(
    connection: sqlite3.Connection, model: Model, scored: Scored, graded: Flags, at: datetime, debtor_id: int | None
) -> Iterator[NewScore]:
    low, high = _EVERYBODY if debtor_id is None else (debtor_id, debtor_id)
    wanted = {"low": low, "high": high, "at": moment_text(at)}
    in_force = {row[0]: (int(row[1]), str(row[3])) for row in connection.execute(_SQL["in_force"], wanted)}
    scores, grades = scored.scores.tolist(), scored.grades.tolist()
    for place, row in enumerate(connection.execute(_SQL["standing"], wanted)):
        if not graded[place]:
            continue
        account_id, debtor, risk, listed, known_by, before, grade_before = row
        steps, because = in_force.get(debtor, (0, ""))
        grade = Grade(grades[place])
        effective = raised(grade, [steps])
        same_card = known_by == model.name
        if same_card and before == scores[place] and grade_before == grade.value and risk == effective.value:
            continue
        yield NewScore(
            account_id=account_id,
            debtor_id=debtor,
            score=scores[place],
            grade=grade,
            reasons=reasons(model.card, scored, place),
            score_before=before if same_card else None,
            risk_before=risk,
            risk=effective.value,
            listed=risk if listed is None else listed,
            because=because if steps else "",
        )


def save_scores(connection: sqlite3.Connection, model: Model, changed: Sequence[NewScore], at: datetime) -> None:
    """Write down new scores and grades and tell of them, inside a transaction that may write."""
    when = moment_text(at)
    rows = [
        {
            "account_id": one.account_id,
            "debtor_id": one.debtor_id,
            "model": model.name,
            "score": one.score,
            "grade": one.grade.value,
            "reasons": reasons_json(one.reasons),
            "listed": one.listed,
            "risk": one.risk,
            "at": when,
        }
        for one in changed
    ]
    connection.executemany(_SQL["save_grade"], rows)
    connection.executemany(_SQL["save_score"], (row for row, one in zip(rows, changed, strict=True) if _is_new(one)))
    connection.executemany(
        _SQL["set_risk"], (row for row, one in zip(rows, changed, strict=True) if one.risk != one.risk_before)
    )
    for one in changed:
        _tell(connection, model, one, at)


def _is_new(one: NewScore) -> bool:
    return one.score_before is None or one.score_before != one.score


def _tell(connection: sqlite3.Connection, model: Model, one: NewScore, at: datetime) -> None:
    why = [reason.feature for reason in one.reasons]
    if _is_new(one):
        payload: dict[str, EventValue] = {
            "model": model.name,
            "score": int(one.score),
            "before": None if one.score_before is None else int(one.score_before),
            "grade": one.grade.value,
            "reasons": why,
        }
        _note(connection, EventKind.SCORE_CHANGED, one.debtor_id, one.account_id, payload, at)
    if one.risk != one.risk_before:
        payload = {"grade": one.risk, "before": one.risk_before, "card": one.grade.value, "model": model.name}
        payload["because"] = one.because.split(",") if one.because else why
        _note(connection, EventKind.GRADE_CHANGED, one.debtor_id, one.account_id, payload, at)


def _note(
    connection: sqlite3.Connection,
    kind: EventKind,
    debtor_id: int,
    account_id: int | None,
    payload: Mapping[str, EventValue],
    at: datetime,
) -> None:
    event = AccountEvent(
        kind=kind,
        at=at,
        debtor_id=DebtorId(debtor_id),
        account_id=None if account_id is None else AccountId(account_id),
        actor=ACTOR,
        source="engine",
        payload=payload,
    )
    note(connection, event)


def reasons_json(found: Iterable[Reason]) -> str:
    """Reasons as they stand in `scores.reasons`."""
    return json.dumps(
        [{"feature": one.feature, "bin": one.label, "points": -one.points} for one in found], ensure_ascii=False
    )


def read_reasons(text: str) -> tuple[Reason, ...]:
    """Reasons that a card of ours wrote; other sources' are passed over."""
    try:
        said = json.loads(text)
        return tuple(
            Reason(feature=str(one["feature"]), label=str(one["bin"]), points=-int(one["points"])) for one in said
        )
    except (ValueError, KeyError, TypeError):
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Regraded:
    """What alerts made of one account."""

    account_id: int
    before: str
    after: str


def regrade(connection: sqlite3.Connection, debtor_id: int, at: datetime) -> tuple[Regraded, ...]:
    """Bring the grades and priorities of a debtor's accounts in line with the alerts in force.

    Args:
        connection: in a transaction that may write.
        debtor_id: whose.
        at: now, aware.
    """
    wanted = {"low": debtor_id, "high": debtor_id, "at": moment_text(at)}
    row = connection.execute(_SQL["in_force"], wanted).fetchone()
    steps, priority, because = (int(row[1]), int(row[2]), str(row[3])) if row is not None else (0, 0, "")
    done = []
    for account in connection.execute(_SQL["of_debtor"], {"debtor_id": debtor_id}).fetchall():
        account_id, risk, has_priority, listed, model, grade, before, was_raised = account
        base = read_grade(grade) or read_grade(risk if listed is None else listed) or UNKNOWN
        after = raised(base, [steps]).value
        if steps == 0 and not grade:
            after = risk if listed is None else listed
        keep = {"account_id": account_id, "listed": risk, "at": moment_text(at)}
        connection.execute(_SQL["keep_listed"], keep)
        _prioritise(connection, account_id, has_priority, priority, before, was_raised)
        done.append(Regraded(account_id=account_id, before=risk, after=after))
        if after == risk:
            continue
        connection.execute(_SQL["set_risk"], {"account_id": account_id, "risk": after})
        payload: dict[str, EventValue] = {"grade": after, "before": risk, "card": grade or None, "model": model or None}
        payload["because"] = because.split(",") if because else ["run_out"]
        _note(connection, EventKind.GRADE_CHANGED, debtor_id, account_id, payload, at)
    return tuple(done)


def _prioritise(
    connection: sqlite3.Connection, account_id: int, now: int, wanted: int, before: int | None, was_raised: int | None
) -> None:
    """Raise a priority to what alerts ask for, or give it back."""
    ours = was_raised is not None and now == was_raised
    own = before if ours and before is not None else now
    after = max(own, wanted)
    kept = (own, after) if after > own else (None, None)
    if after != now:
        connection.execute(_SQL["raise_priority"], {"account_id": account_id, "priority": after})
    if kept != (before, was_raised):
        row = {"account_id": account_id, "before": kept[0], "raised": kept[1]}
        connection.execute(_SQL["note_priority"], row)


# --- reading them --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownAccount:
    """An account of a number."""

    account_id: int
    debtor_id: int
    account_no: str
    client: str
    debtor_name: str
    risk: str


def known_accounts(connection: sqlite3.Connection, account_no: str) -> tuple[KnownAccount, ...]:
    """The accounts of a number: several lenders may use the same."""
    rows = connection.execute(_SQL["account"], {"account_no": account_no})
    return tuple(
        KnownAccount(
            account_id=row[0], debtor_id=row[1], account_no=row[2], client=row[3], debtor_name=row[4], risk=row[5]
        )
        for row in rows
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A score that was kept."""

    at: datetime
    model: str
    score: float
    grade: str
    reasons: tuple[Reason, ...]


def earlier_scores(connection: sqlite3.Connection, account_id: int, *, most: int) -> tuple[Earlier, ...]:
    """The last scores of an account by any card, the newest first."""
    rows = connection.execute(_SQL["scores_of"], {"account_id": account_id, "most": most})
    return tuple(
        Earlier(at=moment(at), model=model, score=value, grade=grade, reasons=read_reasons(text))
        for model, value, grade, text, at in rows
    )


def grades_now(connection: sqlite3.Connection) -> tuple[tuple[str, int, int], ...]:
    """Grade, accounts that are not closed, and cents due of them, as they stand."""
    return tuple((risk, int(count), int(due or 0)) for risk, count, due in connection.execute(_SQL["grades"]))
