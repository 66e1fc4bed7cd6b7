"""Made-up calls of the past about loans that were late, with what was said and promised.

Who pays is settled before anybody is called (`habits`): calls here tell of it and change nothing. Experienced agents
get the long overdue, and some agents are better than others: a report has to tell the two apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple

from dialer.made_up.book import Account
from dialer.made_up.habits import Habit
from dialer.made_up.people import INDUSTRIES, Person
from dialer.types import Outcome

LATE_DAYS: Final = 60
"""Above that the experienced call."""
AGENTS: Final = {
    "agent01": (False, 1.0), "agent02": (False, 0.75), "agent03": (False, 1.15), "agent07": (False, 1.0),
    "agent08": (False, 0.9), "agent04": (True, 1.0), "agent05": (True, 1.25), "agent06": (True, 0.95),
}  # fmt: skip
"""Agent -> (calls the long overdue, how good at getting promises)."""
_JUNIORS: Final = [name for name, (late, _) in AGENTS.items() if not late]
_SENIORS: Final = [name for name, (late, _) in AGENTS.items() if late]
_HOURS: Final = tuple(
    hour for hour, weight in zip(range(8, 20), (2, 5, 7, 6, 3, 4, 6, 7, 6, 5, 4, 3), strict=True) for _ in range(weight)
)
"""When lenders call, as often as they do; people answer more in the evening."""
_MOST_CALLS: Final = 20
"""About one instalment."""
_UNANSWERED: Final = (
    *(Outcome.NO_ANSWER,) * 58,
    *(Outcome.BUSY,) * 13,
    *(Outcome.REJECTED,) * 10,
    *(Outcome.UNREACHABLE,) * 11,
    *(Outcome.MACHINE,) * 8,
)


class MadeUpPromise(NamedTuple):
    """Money by a day."""

    cents: int
    due: int
    status: str
    paid_cents: int


class MadeUpCall(NamedTuple):
    """One attempt with its end."""

    day: int
    """An ordinal, of the debtor's zone."""
    second: int
    """Of the day."""
    phone: int
    """Place among the person's numbers."""
    outcome: Outcome
    agent: str
    code: str
    right_party: bool
    conversation: bool
    talk_s: float
    promise: MadeUpPromise | None


def make_calls(chance: Random, person: Person, account: Account, today: int) -> Iterator[MadeUpCall]:
    """Calls about every instalment that was late, oldest first.

    Args:
        chance: seeded.
        person: who is called.
        account: about which loan.
        today: an ordinal; no call is of it or later.
    """
    last = 0
    paid_days = account.course.paid_days
    for index, due in enumerate(account.loan.due_days):
        until = paid_days[index] if index < len(paid_days) else today
        if due >= today:
            break
        day = max(due + 2, last + 2) + int(chance.random() * 4)
        for _ in range(_MOST_CALLS):
            if day >= min(until, today):
                break
            call = _call(chance, person, account, index, day, today)
            yield call
            last = day
            if call.promise is not None:
                if call.promise.status == "open":
                    return  # nobody calls about a loan while a promise is open
                day = call.promise.due + 1
            day += _pause(chance, day - due)
        if index >= len(paid_days):
            break


def _pause(chance: Random, days_late: int) -> int:
    """Days until the next call; the longer it is late, the rarer."""
    least, more = (2, 6) if days_late <= 30 else (5, 12) if days_late <= 90 else (25, 40)
    return least + int(chance.random() * more)


def _call(chance: Random, person: Person, account: Account, index: int, day: int, today: int) -> MadeUpCall:
    draw = chance.random
    hour = _HOURS[int(draw() * len(_HOURS))]
    second = hour * 3600 + int(draw() * 3600)
    phone = 1 if len(person.phones) > 1 and draw() < 0.25 else 0
    if draw() >= _answer_odds(person, hour, day, phone):
        return MadeUpCall(day, second, phone, _unanswered(draw(), person, phone), "", "", False, False, 0.0, None)
    lost = draw()
    if lost < 0.08:
        outcome = Outcome.ABANDONED if lost < 0.02 else Outcome.EARLY_HANGUP
        return MadeUpCall(day, second, phone, outcome, "", "", False, False, 0.0, None)
    due = account.loan.due_days[index]
    agents = _SENIORS if day - due > LATE_DAYS else _JUNIORS
    agent = agents[int(draw() * len(agents))]
    code, promise = _said(chance, account, index, day, today, AGENTS[agent][1])
    right = code not in ("third_party", "wrong_number", "unrecorded")
    talk_s = 20.0 + 200.0 * draw() if right else 5.0 + 40.0 * draw()
    return MadeUpCall(
        day,
        second,
        phone,
        Outcome.BRIDGED,
        agent,
        code,
        right,
        right or code == "unrecorded",
        round(talk_s, 1),
        promise,
    )


def _answer_odds(person: Person, hour: int, day: int, phone: int) -> float:
    if person.reachable == 0.0 and phone == 0:
        return 0.0
    evening = INDUSTRIES[person.industry].evening
    curve = evening if hour >= 17 else 1.0 / evening if hour in (9, 10, 14, 15) else 1.0
    weekend = 1.25 if day % 7 in (6, 0) else 1.0
    return min(0.85, 0.30 * max(0.5, person.reachable) * curve * weekend * (0.7 if phone else 1.0))


def _unanswered(draw: float, person: Person, phone: int) -> Outcome:
    if person.reachable == 0.0 and phone == 0:
        return Outcome.INVALID if draw < 0.5 else Outcome.UNREACHABLE
    return _UNANSWERED[int(draw * len(_UNANSWERED))]


def _said(
    chance: Random, account: Account, index: int, day: int, today: int, quality: float
) -> tuple[str, MadeUpPromise | None]:
    draw = chance.random
    wrong = draw()
    if wrong < 0.2:
        return ("third_party" if wrong < 0.12 else "wrong_number" if wrong < 0.16 else "unrecorded"), None
    habit = account.course.habit
    if draw() < min(0.95, quality * (0.5, 0.48, 0.36, 0.22)[habit]):
        return "promise", _promise(chance, account, index, day, today)
    other = draw()
    if habit is Habit.STRAINED and other < 0.5:
        return "hardship", None
    if habit is Habit.UNWILLING and other < 0.5:
        return ("dispute" if other < 0.06 else "refuses"), None
    return ("says_paid" if other < 0.65 else "callback"), None


def _promise(chance: Random, account: Account, index: int, day: int, today: int) -> MadeUpPromise:
    """To pay what is overdue; whoever pays soon promises that day or one near it."""
    parts = account.loan.parts
    overdue = sum(1 for due in account.loan.due_days if due < day)
    cents = sum(sum(part) for part in parts[index : max(overdue, index + 1)])
    soon = next((one.day for one in account.course.payments if day <= one.day <= day + 12), None)
    if soon is not None and chance.random() < 0.85:
        due_day = max(day, soon + int(chance.random() * 3) - 1)
        cents = min(cents, sum(one.cents for one in account.course.payments if day <= one.day <= due_day + 1) or cents)
    else:
        due_day = day + 2 + int(chance.random() * 9)
    if due_day + 1 >= today:
        return MadeUpPromise(cents, due_day, "open", 0)
    paid = sum(one.cents for one in account.course.payments if day <= one.day <= due_day + 1)
    status = "kept" if paid * 100 >= cents * 95 else "partly_kept" if paid else "broken"
    return MadeUpPromise(cents, due_day, status, paid)
