"""Orders not to call and lifting them, do-not-call lists, third parties, consents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from dialer.accounts.imported import ImportedAccount, OtherPhone
from dialer.effects import SaveRefusal
from dialer.errors import NoAccountError, StoreError
from dialer.leads import Lead
from dialer.settings import CampaignSettings
from dialer.store.columns import moment_text
from dialer.store.sqlite import SqliteStore
from dialer.types import ContactRole, NextKind, Number, Outcome, StopFlag
from store_cases import (
    AT,
    CAMPAIGN,
    CONTACTS,
    ENGINE,
    LIST,
    account,
    campaign,
    closed,
    concluded,
    number,
    placed,
    step,
    stocked,
    take,
    whole_call,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CONTACT = 50


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore.create(tmp_path / "store.db")
    yield store
    store.close()


def with_others(account_no: str, own: int, *others: tuple[int, ContactRole]) -> ImportedAccount:
    phones = tuple(OtherPhone(number=number(index), zone="Asia/Shanghai", role=role) for index, role in others)
    return replace(account(account_no, own), others=phones)


def rows(store: SqliteStore, sql: str) -> list[tuple[object, ...]]:
    with store.reading() as database:
        return database.execute(sql).fetchall()


def taken(store: SqliteStore, *, days: float = 0) -> list[tuple[str, Number]]:
    leads = take(store, at=AT + days * DAY)
    store.release_leases(ENGINE)
    return [(lead.account_no, lead.number) for lead in leads]


def to_contact(store: SqliteStore, own: int = 1) -> Lead:
    """A lead whose own number turned out not to exist, so that the contact is next."""
    stocked(store, [with_others("a", own, (CONTACT, ContactRole.CONTACT))])
    (lead,) = take(store)
    whole_call(store, lead, "att-own", step(NextKind.OTHER_NUMBER, AT), Outcome.INVALID)
    (lead,) = take(store, at=AT + HOUR)
    assert (lead.role, lead.number, lead.own_number_invalid) == (ContactRole.CONTACT, number(CONTACT), True)
    return lead


def test_a_stop_says_whom_it_concerns(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, 2), account("b", 2)])
    a, b = take(store)
    stopped = store.add_stop("a", "deceased", by="boss", at=AT)
    assert stopped.debtor_ids == frozenset({a.debtor_id}) and not stopped.phone_ids
    stopped = store.add_stop(number(2), "do_not_call", by="boss", at=AT)
    assert b.phone_id in stopped.phone_ids and len(stopped.phone_ids) == 2 and not stopped.debtor_ids


@pytest.mark.parametrize("flag", [flag for flag in StopFlag if flag is not StopFlag.WRONG_NUMBER])
def test_what_a_flag_stopped_is_open_again_when_it_is_lifted(store: SqliteStore, flag: StopFlag) -> None:
    stocked(store, [account("a", 1)])
    store.add_stop("a", flag, by="boss", at=AT)
    assert taken(store) == []
    assert store.lift_stop("a", "", by="boss", at=AT + HOUR, note="plan broken").lifted == 1
    assert taken(store, days=1) == [("a", number(1))]
    assert rows(store, "SELECT change, by, note FROM stop_changes ORDER BY change_id") == [
        ("stopped", "boss", ""),
        ("allowed", "boss", "plan broken"),
    ]


def test_one_flag_lifted_leaves_the_other_in_force(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    store.add_stop("a", "dispute", by="boss", at=AT)
    store.add_stop("a", "attorney", by="boss", at=AT)
    store.lift_stop("a", "dispute", by="boss", at=AT + HOUR, note="settled")
    assert taken(store, days=1) == []
    store.lift_stop("a", "attorney", by="boss", at=AT + 2 * HOUR, note="left")
    assert taken(store, days=1) == [("a", number(1))]


@pytest.mark.parametrize("flag", ["do_not_call", "refused", "wrong_number"])
def test_a_number_that_is_allowed_again_is_dialled_again(store: SqliteStore, flag: str) -> None:
    stocked(store, [account("a", 1)])
    store.add_stop(number(1), flag, by="boss", at=AT)
    assert taken(store) == []
    assert store.lift_stop(number(1), "", by="boss", at=AT + HOUR, note="a mix-up").lifted
    assert taken(store, days=1) == [("a", number(1))]


def test_a_debtor_who_forbade_a_line_stays_stopped_until_both_are_lifted(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    (lead,) = take(store)
    never = replace(step(NextKind.NEVER), rule="stop:do_not_call (spring.yaml)")
    whole_call(store, lead, "att-1", never, Outcome.BRIDGED, stop=StopFlag.DO_NOT_CALL)
    store.lift_stop("a", "", by="boss", at=AT + HOUR, note="asked for it")
    assert taken(store, days=1) == []
    store.lift_stop(number(1), "", by="boss", at=AT + HOUR, note="asked for it")
    assert taken(store, days=1) == [("a", number(1))]


def test_lifting_needs_a_reason_and_somebody_to_lift_it_from(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    with pytest.raises(StoreError, match="why"):
        store.lift_stop("a", "", by="boss", at=AT, note=" ")
    with pytest.raises(StoreError, match=r"no account zz\. Give a number like"):
        store.lift_stop("zz", "", by="boss", at=AT, note="x")
    with pytest.raises(StoreError, match="no stop flag"):
        store.lift_stop("a", "tired", by="boss", at=AT, note="x")


def test_a_plan_may_end_by_itself(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    store.add_stop("a", "plan_performing", by="boss", at=AT, until_at=AT + DAY)
    assert taken(store) == []
    assert taken(store, days=1) == [("a", number(1))]


# --- third parties ---


def test_guarantors_come_after_the_debtor_and_contacts_after_both(store: SqliteStore) -> None:
    others = ((CONTACT, ContactRole.CONTACT), (51, ContactRole.GUARANTOR), (1, ContactRole.CONTACT))
    stocked(store, [with_others("a", 1, *others)])
    assert rows(store, "SELECT number, role FROM phones ORDER BY rank") == [
        (number(1), "debtor"),
        (number(51), "guarantor"),
        (number(CONTACT), "contact"),
    ]
    again = store.import_accounts(LIST, "x", [with_others("a", 1, *others)], AT)
    assert again.unchanged == 1


def test_a_contact_who_refuses_is_never_called_again_and_the_debtor_is(store: SqliteStore) -> None:
    lead = to_contact(store)
    store.apply([placed(lead, "att-1", at=AT + HOUR), closed("att-1", Outcome.BRIDGED)])
    refused = concluded(lead, "att-1", step(NextKind.NEVER), Outcome.BRIDGED, agent="a7", stop=StopFlag.REFUSED)
    store.apply([refused])
    assert rows(store, "SELECT number, lasting FROM do_not_call") == [(number(CONTACT), 1)]
    assert rows(store, "SELECT flag FROM stop_flags") == []
    with pytest.raises(StoreError, match="for ever"):
        store.lift_stop(number(CONTACT), "", by="boss", at=AT + DAY, note="please")
    store.import_accounts(LIST, "x", [with_others("a", 2, (CONTACT, ContactRole.CONTACT))], AT)
    assert taken(store, days=2) == [("a", number(2))]
    store.add_stop(number(2), "wrong_number", by="boss", at=AT)
    assert taken(store, days=2) == [], "the contact's number is left, and stays forbidden"


def test_a_contacts_number_that_a_supervisor_stops_is_stopped_for_ever(store: SqliteStore) -> None:
    stocked(store, [with_others("a", 1, (CONTACT, ContactRole.CONTACT))])
    store.add_stop(number(CONTACT), "refused", by="boss", at=AT)
    with pytest.raises(StoreError, match="for ever"):
        store.lift_stop(number(CONTACT), "", by="boss", at=AT, note="please")
    assert taken(store) == [("a", number(1))]


def test_a_contact_whose_turn_has_not_come_gives_way_to_the_debtors_own_number(store: SqliteStore) -> None:
    stocked(store, [with_others("a", 1, (CONTACT, ContactRole.CONTACT))])
    (lead,) = take(store)
    whole_call(store, lead, "att-1", step(NextKind.OTHER_NUMBER, AT), Outcome.NO_ANSWER)
    (lead,) = take(store, at=AT + HOUR)
    assert lead.role is ContactRole.CONTACT
    no = SaveRefusal(campaign=CAMPAIGN, lead=lead, at=AT, rule="third_party", reason="not yet", until_at=None)
    store.apply([no])
    store.release_leases(ENGINE)
    assert taken(store, days=1) == [("a", number(1))]


NEVER = replace(campaign(), rules=replace(campaign().rules, third_parties=()))
LATER = replace(campaign(), rules=replace(campaign().rules, third_parties=(replace(CONTACTS, after_unreached=3),)))


@pytest.mark.parametrize("how", [NEVER, LATER])
def test_a_contact_whom_the_rules_do_not_allow_yet_is_never_leased_and_the_debtors_number_is(
    store: SqliteStore, how: CampaignSettings
) -> None:
    stocked(store, [with_others("a", 1, (CONTACT, ContactRole.CONTACT))])
    (lead,) = take(store, settings=how)
    whole_call(store, lead, "att-1", step(NextKind.OTHER_NUMBER, AT), Outcome.NO_ANSWER)
    leased = store.lease(how, limit=9, at=AT + HOUR, lease_s=60.0, engine=ENGINE)
    assert leased.leads == () and leased.waiting == 1, "the list is not at its end"
    (lead,) = take(store, at=AT + HOUR, settings=how)
    assert (lead.role, lead.number) == (ContactRole.DEBTOR, number(1))


def test_a_contact_is_leased_from_the_dial_on_at_which_the_rules_allow_it(store: SqliteStore) -> None:
    stocked(store, [with_others("a", 1, (CONTACT, ContactRole.CONTACT))])
    for index in range(3):
        (lead,) = take(store, at=AT + index * DAY, settings=LATER)
        assert lead.role is ContactRole.DEBTOR
        after = step(NextKind.OTHER_NUMBER if index == 2 else NextKind.RETRY, AT + (index + 1) * DAY)
        whole_call(store, lead, f"att-{index}", after, Outcome.NO_ANSWER, at=AT + index * DAY)
    (lead,) = take(store, at=AT + 4 * DAY, settings=LATER)
    assert (lead.role, lead.number) == (ContactRole.CONTACT, number(CONTACT))


def test_where_only_a_forbidden_contact_is_left_the_account_is_on_hold_with_the_rule(store: SqliteStore) -> None:
    stocked(store, [with_others("a", 1, (CONTACT, ContactRole.CONTACT))])
    (lead,) = take(store, settings=NEVER)
    whole_call(store, lead, "att-1", step(NextKind.OTHER_NUMBER, AT), Outcome.INVALID)
    assert take(store, at=AT + HOUR, settings=NEVER) == ()
    assert rows(store, "SELECT state, next_rule, leased_by FROM accounts") == [("hold", "third_party", None)]
    store.import_accounts(LIST, "x", [with_others("a", 3, (CONTACT, ContactRole.CONTACT))], AT)
    (lead,) = take(store, at=AT + DAY, settings=NEVER)
    assert lead.number == number(3)


def test_a_lead_says_how_many_of_the_other_numbers_are_contacts_and_whether_it_is_the_last_own_one(
    store: SqliteStore,
) -> None:
    others = ((2, ContactRole.DEBTOR), (51, ContactRole.GUARANTOR), (CONTACT, ContactRole.CONTACT))
    stocked(store, [with_others("a", 1, *others)])
    (lead,) = take(store)
    assert (lead.other_numbers, lead.other_contacts, lead.last_own_number) == (3, 1, False)
    store.add_stop(number(2), "wrong_number", by="boss", at=AT)
    store.release_leases(ENGINE)
    (lead,) = take(store)
    assert (lead.number, lead.other_numbers, lead.last_own_number) == (number(1), 2, True)


def test_where_only_a_contact_is_left_a_refused_account_waits_for_a_new_number(store: SqliteStore) -> None:
    lead = to_contact(store)
    no = SaveRefusal(campaign=CAMPAIGN, lead=lead, at=AT, rule="third_party", reason="never", until_at=None)
    store.apply([no])
    store.release_leases(ENGINE)
    assert taken(store, days=1) == []
    store.import_accounts(LIST, "x", [with_others("a", 3, (CONTACT, ContactRole.CONTACT))], AT)
    assert taken(store, days=1) == [("a", number(3))]


# --- lists ---


def followed(store: SqliteStore) -> list[tuple[str, object, str, dict[str, object]]]:
    found = rows(store, "SELECT kind, debtor_id, source, payload FROM account_events ORDER BY seq")
    return [(str(kind), debtor_id, str(source), json.loads(str(payload))) for kind, debtor_id, source, payload in found]


@pytest.mark.parametrize("hashed", [False, True])
def test_a_list_stops_numbers_that_are_here_and_those_that_come_later(store: SqliteStore, hashed: bool) -> None:
    stocked(store, [account("a", 1, 2), account("b", 3)])
    (_, lead) = take(store)
    told = store.forbid_numbers(
        [number(1), number(3), number(4)], source="register.csv", by="boss", at=AT, hashed=hashed
    )
    assert (told.total, told.added, told.on_our_lists) == (3, 3, 2)
    (bar,) = store.apply([placed(lead, "att-1")])
    assert bar.rule in ("stop:do_not_call", "no-number")
    store.release_leases(ENGINE)
    store.import_accounts(LIST, "later.csv", [account("c", 4), account("d", 5)], AT)
    assert sorted(taken(store, days=1)) == [("a", number(2)), ("d", number(5))]


@pytest.mark.parametrize("hashed", [False, True])
def test_a_list_is_told_to_who_follows_once_and_only_of_debtors_whom_it_stops(store: SqliteStore, hashed: bool) -> None:
    stocked(store, [account("a", 1, 2), account("b", 3), account("c", 5)])
    before = followed(store)
    for _ in range(2):
        store.forbid_numbers([number(1), number(3), number(4)], source="x", by="boss", at=AT, hashed=hashed)
    new = followed(store)[len(before) :]
    told = [(kind, debtor_id, source, payload["flag"], payload["of"]) for kind, debtor_id, source, payload in new]
    assert sorted(told, key=str) == [("stop.added", debtor_id, "list", "do_not_call", "number") for debtor_id in (1, 2)]


def test_of_a_list_of_digests_nothing_tells_the_numbers_that_are_not_ours(tmp_path: Path) -> None:
    store = SqliteStore.create(tmp_path / "store.db")
    stocked(store, [account("a", 1)])
    store.forbid_numbers([number(7), number(8)], source="x", by="boss", at=AT, hashed=True)
    again = store.forbid_numbers([number(7), number(9)], source="x", by="boss", at=AT, hashed=True)
    assert (again.total, again.added) == (2, 1)
    store.close()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert number(1).encode() in content
    assert not any(number(index).encode() in content for index in (7, 8, 9))


def test_two_stores_have_different_digests_of_one_number(tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        store = SqliteStore.create(tmp_path / f"{name}.db")
        store.forbid_numbers([number(7)], source="x", by="boss", at=AT, hashed=True)
        digests.add(rows(store, "SELECT digest FROM suppressed")[0])
        store.close()
    assert len(digests) == 2


def test_a_number_of_a_list_of_digests_can_be_allowed_again(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    store.forbid_numbers([number(1)], source="x", by="boss", at=AT, hashed=True)
    assert taken(store) == []
    store.lift_stop(number(1), "", by="boss", at=AT, note="written consent")
    assert taken(store, days=1) == [("a", number(1))]


# --- consents and calls that are asked for ---


def test_a_debtors_consent_comes_with_the_lead_until_it_ends_or_is_withdrawn(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    store.give_consent("a", until_at=AT + 2 * DAY, by="boss", at=AT, note="by letter")

    def consented(days: float) -> bool:
        (lead,) = take(store, at=AT + days * DAY)
        store.release_leases(ENGINE)
        return lead.consented_until == AT + 2 * DAY

    assert consented(1) and not consented(2) and not consented(-1)
    assert store.withdraw_consent("a", by="boss", at=AT + DAY) == 1
    assert not consented(1)
    with pytest.raises(StoreError, match="over already"):
        store.give_consent("a", until_at=AT, by="boss", at=AT)
    # It is about a debtor: a phone number, which stops take as well, is not offered.
    for order in (partial(store.give_consent, until_at=AT + DAY), store.withdraw_consent):
        with pytest.raises(NoAccountError, match=r"no account z\. Give an account's number"):
            order("z", by="boss", at=AT)


def test_a_consent_is_told_to_who_follows_when_it_is_given_and_when_it_ends_early(store: SqliteStore) -> None:
    stocked(store, [account("a", 1)])
    store.give_consent("a", until_at=AT + DAY, by="boss", at=AT)
    for _ in range(2):  # the second time there is nothing to withdraw
        store.withdraw_consent("a", by="boss", at=AT)
    given, withdrawn = followed(store)[-2:]
    assert (given[0], given[-1]) == ("consent.given", {"until": moment_text(AT + DAY)})
    assert (withdrawn[0], withdrawn[-1]) == ("consent.withdrawn", {})


def test_an_account_or_a_number_that_is_asked_for_is_leased(store: SqliteStore) -> None:
    stocked(store, [account("a", 1, 2), account("b", 3)])

    def ask(whom: str) -> Lead | None:
        return store.lease_one(campaign(), whom, at=AT, lease_s=60.0, engine=ENGINE)

    by_account, by_number = ask("b"), None
    assert by_account is not None and by_account.number == number(3)
    with pytest.raises(StoreError, match="about to be dialled"):
        ask("b")
    by_number = ask(number(2))
    assert by_number is not None and (by_number.account_no, by_number.number) == ("a", number(2))
    assert ask("nobody") is None and ask(number(9)) is None
    assert store.apply([placed(by_number, "att-1"), placed(by_account, "att-2")]) == ()
    with pytest.raises(StoreError, match="in a call"):
        ask(number(1))


def test_a_done_account_is_not_leased_for_anybody_and_a_flag_on_a_number_comes_with_the_lead(
    store: SqliteStore,
) -> None:
    stocked(store, [account("a", 1), account("b", 2, 3)])
    store.add_stop("a", "paid", by="boss", at=AT)
    with pytest.raises(StoreError, match="never"):
        store.lease_one(campaign(), "a", at=AT, lease_s=60.0, engine=ENGINE)
    store.add_stop(number(2), "do_not_call", by="boss", at=AT)
    lead = store.lease_one(campaign(), number(2), at=AT, lease_s=60.0, engine=ENGINE)
    assert lead is not None and StopFlag.DO_NOT_CALL in lead.stop_flags
