"""A list taken over in sets comes out as if it had been taken row by row, whatever was known before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dialer.accounts.imported import ImportedAccount, OtherPhone
from dialer.store import importing, stopping
from dialer.store.sqlite import SqliteStore
from dialer.types import ContactRole, Number

AT = datetime(2026, 3, 2, tzinfo=UTC)
NUMBERS = [Number(f"+8615400000{index:03d}") for index in range(6)]
QUERIES = (
    "SELECT identity, name FROM debtors ORDER BY identity",
    "SELECT k.identity, d.identity FROM debtor_keys k JOIN debtors d USING (debtor_id) ORDER BY 1",
    "SELECT d.identity, p.number, p.rank, p.zone, p.role, p.state FROM phones p JOIN debtors d USING (debtor_id)"
    " ORDER BY 1, 2",
    "SELECT a.account_no, a.client, d.identity, a.list_name, a.product, a.principal_cents, a.amount_due_cents,"
    " a.days_past_due, a.risk, a.region, a.language, a.industry, a.remark, a.priority, a.state, a.next_rule, p.number,"
    " a.batch_id FROM accounts a JOIN debtors d USING (debtor_id) LEFT JOIN phones p ON p.phone_id = a.next_phone_id"
    " ORDER BY 1, 2",
    "SELECT d.identity, s.batch_id FROM debtor_sources s JOIN debtors d USING (debtor_id) ORDER BY 1, 2",
    "SELECT d.identity, f.field, f.source, f.value, f.batch_id FROM debtor_facts f JOIN debtors d USING (debtor_id)"
    " ORDER BY 1, 2",
    "SELECT number, flag FROM do_not_call ORDER BY 1",
    "SELECT added, updated, unchanged FROM import_batches ORDER BY batch_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    files: Sequence[Sequence[ImportedAccount]]
    forbidden: frozenset[Number]
    suppressed: frozenset[Number]
    stopped: frozenset[str]
    wrong: frozenset[Number]
    unlisted: frozenset[str]


@st.composite
def accounts(draw: st.DrawFn) -> ImportedAccount:
    phones = tuple(draw(st.lists(st.sampled_from(NUMBERS), max_size=2, unique=True)))
    others = draw(st.lists(st.sampled_from(NUMBERS), max_size=1)) if draw(st.integers(0, 3)) == 0 else []
    key = draw(st.sampled_from(["", "", "k1", "k2", "k3", "id-1"]))
    return ImportedAccount(
        account_no=draw(st.sampled_from(["a", "b", "c", "d", "e"])),
        client=draw(st.sampled_from(["", "bank"])),
        debtor_name=draw(st.sampled_from(["王一", "王一", "李二"])),
        debtor_key=key,
        phones=phones,
        zones=tuple(draw(st.sampled_from(["Asia/Shanghai", "Asia/Shanghai", "Asia/Urumqi", ""])) for _ in phones),
        others=tuple(
            OtherPhone(number=number, zone="Asia/Shanghai", role=draw(st.sampled_from(list(ContactRole)[1:])))
            for number in others
        ),
        amount_due=Decimal(draw(st.sampled_from(["100.00", "200.00"]))),
        days_past_due=draw(st.sampled_from([1, 2])),
        principal=draw(st.sampled_from([None, None, Decimal("5000.00")])),
        region=draw(st.sampled_from(["", "浙江", "江苏"])),
        alias=draw(st.sampled_from(["", "", "", "key:id-1", "key:id-2"])) if key.startswith("k") else "",
        details=draw(st.sampled_from([(), (), (("occupation", "司机"),)])),
    )


FILES = st.lists(accounts(), max_size=6, unique_by=lambda one: (one.account_no, one.client))
STORIES = st.builds(
    Story,
    files=st.lists(FILES, min_size=1, max_size=3),
    forbidden=st.frozensets(st.sampled_from(NUMBERS), max_size=1),
    suppressed=st.frozensets(st.sampled_from(NUMBERS), max_size=1),
    stopped=st.frozensets(st.sampled_from(["a", "b"]), max_size=1),
    wrong=st.frozensets(st.sampled_from(NUMBERS), max_size=1),
    unlisted=st.frozensets(st.sampled_from(["a", "c"]), max_size=1),
)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    folder: Path = tmp_path_factory.mktemp("store")
    store = SqliteStore.create(folder / "store.db")
    yield store
    store.close()


def told(connection: sqlite3.Connection, story: Story, *, in_sets: bool) -> list[list[tuple[object, ...]]]:
    """Everything that the store holds at the end of a story."""
    connection.execute("SAVEPOINT story")
    stopping.forbid_numbers(connection, story.suppressed, source="x", by="x", at=AT, hashed=True)
    for index, file in enumerate(story.files):
        importing.import_accounts(connection, f"list{index % 2}", "f", file, AT, in_sets=in_sets)
        for number in story.forbidden:
            stopping.add_stop(connection, number, "do_not_call", by="x", at=AT)
        for number in story.wrong:
            connection.execute("UPDATE phones SET state = 'wrong' WHERE number = ?", (number,))
        for account_no in story.stopped:
            found = "SELECT count(*) FROM accounts WHERE account_no = ?"
            if connection.execute(found, (account_no,)).fetchone() == (1,):
                stopping.add_stop(connection, account_no, "refused", by="x", at=AT)
        for account_no in story.unlisted:
            connection.execute(
                "UPDATE accounts SET state = 'closed', next_rule = 'unlisted', next_at = NULL"
                " WHERE account_no = ? AND state = 'open'",
                (account_no,),
            )
    found = [connection.execute(query).fetchall() for query in QUERIES]
    connection.execute("ROLLBACK TO story")
    connection.execute("RELEASE story")
    return found


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=STORIES)
def test_in_sets_and_row_by_row_are_the_same(store: SqliteStore, story: Story) -> None:
    with store.writing() as connection:
        row_by_row = told(connection, story, in_sets=False)
        in_sets = told(connection, story, in_sets=True)
    assert in_sets == row_by_row


@settings(max_examples=30, deadline=None)
@given(file=FILES)
def test_the_same_file_again_changes_nothing(store: SqliteStore, file: Sequence[ImportedAccount]) -> None:
    with store.writing() as connection:
        connection.execute("SAVEPOINT story")
        importing.import_accounts(connection, "one", "f", file, AT)
        before = [connection.execute(query).fetchall() for query in QUERIES[:4]]
        again = importing.import_accounts(connection, "one", "f", file, AT)
        after = [connection.execute(query).fetchall() for query in QUERIES[:4]]
        connection.execute("ROLLBACK TO story")
        connection.execute("RELEASE story")
    if len({(one.debtor_key, one.alias) for one in file}) == len(file):
        assert (before, again.added) == (after, 0)
