from __future__ import annotations

import json
from pathlib import Path

import pytest

from source_cases import LISTED, WANG, Place, made


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    place = made(tmp_path_factory.mktemp("page") / "try")
    other = {**LISTED, "合同号": "HT-200", "客户姓名": "欧阳小红", "本人手机": "15400009876"}
    place.counts("accounts", place.file("l.csv", [LISTED, other]), "--list", "june")
    place.counts("applications", place.file("a.csv", [WANG]))
    return place


def test_the_page_masks_who_it_is_unless_somebody_may_see_it(place: Place) -> None:
    masked, whole = place.run("account", "show", "HT-200"), place.run("account", "show", "HT-200", "--unmasked")
    for secret in ("欧阳小红", "15400009876", "HT-200"):
        assert secret not in masked.stdout and secret in whole.stdout
    assert "欧阳*" in masked.stdout


def test_the_page_masks_its_json_and_its_html_too(place: Place, tmp_path: Path) -> None:
    told = json.dumps(place.told("account", "show", "HT-1"), ensure_ascii=False)
    file = tmp_path / "page.html"
    assert place.run("account", "show", "HT-1", "--html", str(file)).exit_code == 0
    for text in (told, file.read_text(encoding="utf-8")):
        assert "王小明" not in text and "15400000001" not in text and "王*" in text


def test_a_conflict_is_named_with_both_sources(place: Place) -> None:
    shown = place.run("account", "show", "HT-1").stdout
    line = next(line for line in shown.splitlines() if "江苏" in line)
    assert "浙江" in line and "applications" in line and "list" in line


def test_the_page_says_why_the_account_is_not_called(place: Place) -> None:
    assert "No campaign dials the list june" in place.run("account", "show", "HT-1").stdout


@pytest.mark.parametrize("text", ["小红", "HT-2", "9876", "+8615400009876"])
def test_somebody_is_found_by_name_account_or_number(place: Place, text: str) -> None:
    (found,) = place.told("account", "find", text)
    assert (found["debtor"], found["list"], found["amount_due"]) == ("欧阳*", "june", "4120.00")


def test_what_is_still_owed_is_found_before_what_is_closed(tmp_path: Path) -> None:
    place = made(tmp_path / "try")
    place.counts("applications", place.file("a.csv", [{**WANG, "合同号": "HT-0", "证件号": "990000198001010018"}]))
    place.counts("accounts", place.file("l.csv", [LISTED]), "--list", "june")
    assert [found["state"] for found in place.told("account", "find", "HT-")] == ["open", "closed"]


def test_nobody_is_found_without_a_traceback(place: Place) -> None:
    assert place.told("account", "find", "没有这个人") == []
    assert place.run("account", "find", "x").exit_code == 2
    assert place.run("account", "find", "%_").exit_code == 0


def test_two_lenders_with_one_number_must_be_told_apart(tmp_path: Path) -> None:
    place = made(tmp_path / "try")
    rows = [{**LISTED, "委托方": "甲银行"}, {**LISTED, "委托方": "乙银行", "本人手机": "15400000003"}]
    place.counts("accounts", place.file("l.csv", rows), "--list", "june")
    told = place.run("account", "show", "HT-1")
    assert told.exit_code != 0 and "--client" in told.stderr
    assert place.told("account", "show", "HT-1", "--client", "乙银行")["client"] == "乙银行"
