from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from dialer.account_events import EventKind
from dialer.known_facts import Fact, Said, Source, weigh
from dialer.store import happened
from dialer.store.knowing import account_facts_of, facts_of, note_account_fact, note_fact
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId, DebtorId
from store_cases import AT, LIST, account

ONE = DebtorId(1)
LATER = AT + timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.create(tmp_path / "store.db")
    store.import_accounts(LIST, "list.csv", [account("a-1", 1)], AT)
    yield store
    store.close()


def said(value: str, source: Source, days: int = 0) -> Said:
    return Said(value=value, source=source, at=AT + timedelta(days=days))


def test_what_an_agent_heard_is_believed_before_a_newer_file():
    known = weigh("income_monthly", [said("9000.00", Source.APPLICATIONS, 5), said("4000.00", Source.AGENT)])
    assert known.value == "4000.00"
    assert [one.value for one in known.conflicts] == ["9000.00"]


def test_among_sources_of_one_standing_the_newest_is_believed():
    known = weigh("region", [said("浙江", Source.SCORES, 1), said("江苏", Source.CONTACTS, 2)])
    assert known.value == "江苏"


def test_spaces_width_and_case_are_no_conflict():
    known = weigh("employer", [said("ABC 公司", Source.AGENT), said("ａｂｃ公司", Source.ACCOUNTS)])
    assert known.conflicts == ()


def test_nobody_saying_anything_cannot_be_weighed():
    with pytest.raises(ValueError, match="nobody"):
        weigh("region", [])


def test_an_older_word_of_a_source_never_replaces_a_newer_one(store: SqliteStore):
    with store.writing() as connection:
        assert note_fact(connection, ONE, Fact.OCCUPATION, "教师", Source.APPLICATIONS, LATER)
        assert not note_fact(connection, ONE, Fact.OCCUPATION, "司机", Source.APPLICATIONS, AT)
        assert facts_of(connection, ONE)["occupation"].value == "教师"


def test_a_change_of_what_is_believed_is_an_event_and_the_same_word_again_is_none(store: SqliteStore):
    with store.writing() as connection:
        seq = happened.last(connection)
        note_fact(connection, ONE, Fact.INCOME_MONTHLY, "9000.00", Source.APPLICATIONS, AT)
        note_fact(connection, ONE, Fact.INCOME_MONTHLY, "9000.00", Source.APPLICATIONS, LATER)
        note_fact(connection, ONE, Fact.INCOME_MONTHLY, "4000.00", Source.AGENT, LATER, said_by="lin")
        note_fact(connection, ONE, Fact.INCOME_MONTHLY, "8000.00", Source.CONTACTS, LATER)
        events = happened.after(connection, seq)
    assert [(event.kind, event.payload["before"], event.payload["value"]) for event in events] == [
        (EventKind.FACT_CHANGED, None, "9000.00"),
        (EventKind.FACT_CHANGED, "9000.00", "4000.00"),
    ]
    assert events[1].actor == "lin"


def test_an_address_is_kept_out_of_the_events(store: SqliteStore):
    with store.writing() as connection:
        note_fact(connection, ONE, Fact.ADDRESS, "虚构路 1 号", Source.EVENT, AT)
        assert "虚构" not in str(happened.of_debtor(connection, ONE)[-1].payload)


def test_accounts_have_facts_of_their_own(store: SqliteStore):
    with store.writing() as connection:
        assert note_account_fact(connection, AccountId(1), "amount_due", "100.00", Source.ACCOUNTS, AT)
        assert note_account_fact(connection, AccountId(1), "amount_due", "90.00", Source.EVENT, AT)
        known = account_facts_of(connection, AccountId(1))["amount_due"]
        assert (known.value, [one.value for one in known.conflicts]) == ("90.00", ["100.00"])
        assert happened.of_debtor(connection, ONE)[-1].account_id == 1
