from __future__ import annotations

from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from source_cases import LISTED, NAMED, REPAID, SCORED, WANG, Place, made


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return made(tmp_path / "try")


def page(place: Place) -> Any:
    return place.told("account", "show", "HT-1", "--unmasked")


ALL = ("applications", "repayments", "scores", "contacts", "accounts")
ORDERS = [
    order for order in permutations(sorted(set(ALL) - {"repayments"})) if order[0] in ("applications", "accounts")
]


def everything(place: Place, order: tuple[str, ...] = ALL) -> None:
    files = {
        "applications": place.file("applications.csv", [WANG], "gb18030"),
        "repayments": place.file("repayments.csv", REPAID, "utf-8-sig"),
        "scores": place.file("scores.csv", [SCORED]),
        "contacts": place.file("contacts.xlsx", [NAMED]),
        "accounts": place.file("accounts.csv", [LISTED]),
    }
    for kind in order:
        more = ("--list", "june") if kind == "accounts" else ()
        assert place.counts(kind, files[kind], *more)[3] == 0, kind


def test_one_person_in_five_files_is_one_debtor_with_sources_times_and_conflicts(place: Place) -> None:
    everything(place)
    shown = page(place)
    facts = {fact["field"]: fact for fact in shown["facts"]}
    assert (facts["income_monthly"]["value"], facts["income_monthly"]["source"]) == ("12000.00", "applications")
    assert facts["income_monthly"]["at"].startswith("2025-09-27T16:00:00")  # midnight in Shanghai
    assert (facts["region"]["value"], facts["region"]["conflicts"]) == ("浙江", 1)
    assert [(one["value"], one["source"], one["file"]) for one in facts["region"]["others"]] == [
        ("江苏", "accounts", "accounts.csv")
    ]
    assert shown["conflicts"] == 1
    (loan,) = shown["loans"]
    assert (loan["principal_cents"], loan["annual_rate"], loan["periods"], loan["method"], loan["disbursed_on"]) == (
        "12000.00", "0.18", 3, "equal_principal", "2025-10-01",
    )  # fmt: skip
    assert [(one["no"], one["paid_cents"], one["left_cents"]) for one in shown["instalments"]] == [
        (1, "4180.00", "0.00"), (2, "0.00", "4120.00"), (3, "0.00", "4060.00"),
    ]  # fmt: skip
    assert [(one["txn_id"], one["amount_cents"]) for one in shown["payments"]] == [("T-1", "4180.00")]
    assert [(one["number"], one["role"], one["contact_name"]) for one in shown["contacts"]] == [
        ("+8615400000001", "debtor", ""), ("+8615400000077", "contact", "李四"),
    ]  # fmt: skip
    assert [(one["model"], one["score"], one["grade"]) for one in shown["scores"]] == [("b-card", 588.0, "C")]
    assert (shown["list"], shown["state"]) == ("june", "open")


@pytest.mark.parametrize("order", ORDERS[::4])
def test_the_files_may_come_in_any_order_once_somebody_is_known(place: Place, order: tuple[str, ...]) -> None:
    everything(place, order)
    shown = page(place)
    assert len(shown["accounts"]) == 1
    assert {fact["field"] for fact in shown["facts"]} >= {"occupation", "income_monthly", "region", "name"}
    assert (len(shown["contacts"]), len(shown["scores"]), shown["state"]) == (2, 1, "open")


def test_the_same_files_again_change_nothing(place: Place) -> None:
    everything(place)
    before = page(place)
    for kind, file, more in (
        ("applications", "applications.csv", ()),
        ("repayments", "repayments.csv", ()),
        ("scores", "scores.csv", ()),
        ("contacts", "contacts.xlsx", ()),
        ("accounts", "accounts.csv", ("--list", "june")),
    ):
        added, updated, _, rejected = place.counts(kind, str(place.folder / file), *more)
        assert (kind, added, updated, rejected) == (kind, 0, 0, 0)
    after = page(place)
    files = ("sources",)
    assert {name: value for name, value in after.items() if name not in files} == {
        name: value for name, value in before.items() if name not in files
    }


def test_an_account_that_only_an_application_tells_of_is_not_dialled_until_a_list_names_it(place: Place) -> None:
    place.counts("applications", place.file("a.csv", [WANG]))
    shown = page(place)
    assert (shown["state"], shown["next_rule"], shown["list"]) == ("closed", "unlisted", "")
    place.counts("accounts", place.file("l.csv", [LISTED]), "--list", "june")
    assert (page(place)["state"], page(place)["next_rule"]) == ("open", "")


def test_two_who_turn_out_to_be_one_person_become_one_debtor(place: Place) -> None:
    other = {**LISTED, "合同号": "HT-2", "本人手机": "15400000002"}
    place.counts("accounts", place.file("l.csv", [LISTED, other]), "--list", "june")
    assert len(page(place)["accounts"]) == 1
    second = {**WANG, "合同号": "HT-2", "本人手机": "15400000002"}
    assert place.counts("applications", place.file("a.csv", [WANG, second])) == (0, 2, 0, 0)
    shown = page(place)
    assert {one["account_no"] for one in shown["accounts"]} == {"HT-1", "HT-2"}
    assert {one["number"] for one in shown["contacts"]} == {"+8615400000001", "+8615400000002"}


def test_an_id_that_contradicts_is_refused_and_changes_nothing(place: Place) -> None:
    place.counts("applications", place.file("a.csv", [WANG]))
    stranger = {**WANG, "证件号": "990000199001019999", "职业": "教师"}
    told = place.told("import", "applications", place.file("b.csv", [stranger]))
    assert [one["en"] for one in told["rejected"]] == [
        "the account belongs to a debtor with another id; one of the two is wrong"
    ]
    assert {fact["field"]: fact["value"] for fact in page(place)["facts"]}["occupation"] == "司机"


def test_rows_that_cannot_be_placed_or_read_go_to_a_file_to_be_mended_and_come_back(place: Place) -> None:
    place.counts("applications", place.file("a.csv", [WANG]))
    wrong = [{**REPAID[0], "实还金额": "四千"}, {**REPAID[0], "合同号": "HT-9"}, REPAID[1]]
    assert place.counts("repayments", place.file("r.csv", wrong)) == (1, 0, 0, 2)
    mended = place.folder / "r-rejected.csv"
    text = mended.read_text(encoding="utf-8-sig")
    assert "not an amount" in text and "import applications or accounts first" in text
    mended.write_text(text.replace("四千", "4180").replace("HT-9", "HT-1"), encoding="utf-8-sig")
    told = place.told("import", "repayments", str(mended))
    assert (told["imported"]["added"], told["rejected"]) == (1, [])


def test_a_dry_run_tells_what_would_be_and_writes_nothing(place: Place) -> None:
    file = place.file("a.csv", [WANG])
    told = place.told("import", "applications", file, "--dry-run")
    assert (told["imported"], told["would_import"]["added"]) == (None, 1)
    assert place.run("account", "show", "HT-1").exit_code != 0
    assert place.counts("applications", file)[0] == 1


def test_a_mapping_is_remembered_for_the_kind_and_under_a_name(place: Place) -> None:
    row = {**{name: value for name, value in SCORED.items() if name != "score"}, "分值": "588"}
    place.counts("applications", place.file("a.csv", [WANG]))
    file = place.file("s.csv", [row])
    assert place.counts("scores", file, "--map", "score=分值", "--as", "bank-a")[0] == 1
    assert place.counts("scores", place.file("s2.csv", [{**row, "分值": "600"}]), "--as", "bank-a")[0] == 1
    unknown = place.told("import", "scores", place.file("s3.csv", [{**row, "分值": "601"}]))
    assert unknown["unknown_columns"] == ["分值"]
    place.counts("scores", place.file("s4.csv", [{**row, "分值": "602"}]), "--map", "score=分值")
    learned = place.told("import", "scores", place.file("s5.csv", [{**row, "分值": "603"}]))
    assert learned["columns"]["score"] == "分值" and learned["imported"]["added"] == 1
    assert any("earlier --map" in one["en"] for one in learned["warnings"])
    told = place.run("import", "scores", file, "--as", "bank-z")
    assert told.exit_code == 2 and "bank-z" in told.stderr


def test_a_header_that_is_somebodys_number_is_not_remembered(place: Place) -> None:
    rows = [{**LISTED, "15400000009": "15400000005"}]
    place.counts("accounts", place.file("l.csv", rows), "--list", "june", "--map", "phone2=15400000009")
    again = place.told("import", "accounts", place.file("m.csv", rows), "--list", "june")
    assert again["unknown_columns"] == ["15400000009"]


def test_an_older_file_never_replaces_a_newer_word_and_an_agent_is_believed_first(place: Place) -> None:
    newer = {**WANG, "职业": "教师", "申请日期": "2025-12-01"}
    place.counts("applications", place.file("new.csv", [newer]))
    place.counts("applications", place.file("old.csv", [WANG]))
    facts = {fact["field"]: fact for fact in page(place)["facts"]}
    assert facts["occupation"]["value"] == "教师"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("import", "applications"), "[KIND] FILE"),
        (("import", "people", "x.csv"), "KIND one of"),
        (("import", "scores", "x.csv", "--list", "june"), "for accounts"),
        (("import", "accounts", "x.csv"), "--list NAME"),
    ],
)
def test_a_wrong_line_says_what_to_write(place: Place, words: tuple[str, ...], says: str) -> None:
    told = place.run(*words)
    assert told.exit_code == 2 and says in told.stderr


@pytest.mark.parametrize("kind", ["accounts", "applications", "repayments", "scores", "contacts"])
def test_each_kind_says_which_columns_it_takes(place: Place, kind: str) -> None:
    told = place.told("import", kind, "--columns")
    assert any(one["required"] for one in told)
    assert all(one["headers"][0] == one["field"] for one in told)
