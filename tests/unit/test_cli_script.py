"""`dialer script`, as its user sees it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dialer.cli.main import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("scripts")
    assert run(place, "init", str(place)).exit_code == 0
    assert run(place, "import", str(place / "lists/sample.csv"), "--list", "demo").exit_code == 0
    return place


def run(folder: Path, *words: str, columns: int = 160) -> Result:
    environment = {
        "LC_ALL": "en_US.UTF-8",
        "COLUMNS": str(columns),
        "DIALER_CONFIG": str(folder / "config/dialer.yaml"),
        "NO_COLOR": "1",
    }
    return CliRunner().invoke(app, list(words), env=environment)


def shown(folder: Path) -> list[dict[str, str]]:
    with closing(sqlite3.connect(folder / "var/dialer.sqlite")) as store:
        rows = store.execute("SELECT payload FROM account_events WHERE kind = 'script.shown' ORDER BY seq").fetchall()
    return [json.loads(payload) for (payload,) in rows]


def test_init_writes_what_decides_what_is_said(folder: Path) -> None:
    for name in ("strategies.yaml", "lexicon.yaml", "scripts/third-party.yaml", "scripts/firm.yaml"):
        assert (folder / "config" / name).is_file()


def test_show_gives_the_reason_the_steps_and_the_answers_and_masks_the_name(folder: Path) -> None:
    told = run(folder, "script", "show", "DEMO-0001", "--lang", "zh")
    assert told.exit_code == 0, told.output
    assert "为什么：逾期5天，没有不良迹象：先提醒。" in told.output
    assert "请问是王先生/女士吗？" in told.output
    assert "← 核实身份之前不谈事由" in told.output
    assert "王小明" not in told.output
    assert "DEMO-0001" not in told.output
    whole = run(folder, "script", "show", "DEMO-0001", "--lang", "zh", "--unmasked")
    assert "请问是王小明先生/女士吗？" in whole.output


def test_the_debtors_language_is_spoken_unless_another_is_asked_for(folder: Path) -> None:
    plain = run(folder, "script", "show", "DEMO-0003")
    assert "为保护您的个人信息" in plain.output
    assert "Why: Little is known" in plain.output, "the reason is for the reader"
    english = run(folder, "script", "show", "DEMO-0003", "--lang", "en")
    assert "To protect your information" in english.output


def test_as_contact_tells_of_nothing(folder: Path) -> None:
    told = json.loads(run(folder, "script", "show", "DEMO-0006", "--as", "contact", "--json").stdout)
    assert (told["script"], told["party"], told["tier"]) == ("third-party", "contact", "neutral")
    spoken = [step["say"] for step in told["steps"]] + [one["answer"] for one in told["answers"]]
    for word in ("26,800", "经营贷", "95", "逾期", "0006", "还款"):
        assert not [text for text in spoken if word in text.replace("95000", "")], word


def test_each_look_is_on_record_but_an_unrecorded_one(folder: Path) -> None:
    before = len(shown(folder))
    assert run(folder, "script", "show", "DEMO-0002").exit_code == 0
    assert run(folder, "script", "show", "DEMO-0002", "--no-record").exit_code == 0
    (event,) = shown(folder)[before:]
    assert (event["script"], event["version"], event["language"], event["arm"]) == ("standard", 1, "zh", "")
    assert set(event) == {
        *("script", "version", "digest", "tier", "strategy", "party", "language", "experiment", "arm", "attempt")
    }


def test_a_version_that_was_shown_can_be_read_after_the_file_has_changed(folder: Path) -> None:
    run(folder, "script", "show", "DEMO-0001")
    digest = shown(folder)[-1]["digest"]
    path = folder / "config/scripts/reminder.yaml"
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(
            before.replace("version: 1", "version: 2").replace("特地提醒您一下", "提醒您"), encoding="utf-8"
        )
        assert run(folder, "script", "show", "DEMO-0001").exit_code == 0
        assert shown(folder)[-1]["version"] == 2
        assert run(folder, "script", "versions", "reminder", digest).stdout == before
        kept = json.loads(run(folder, "script", "versions", "reminder", "--json").stdout)
        assert [one["version"] for one in kept] == [1, 2]
    finally:
        path.write_text(before, encoding="utf-8")


def test_the_page_is_whole_and_holds_no_name(folder: Path) -> None:
    page = folder / "script.html"
    assert run(folder, "script", "show", "DEMO-0001", "--html", str(page), "--lang", "zh").exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert text.endswith("</html>\n")
    assert "还款提醒" in text
    assert "王小明" not in text
    assert "DEMO-0001" not in text
    assert "http" not in text.replace("http-equiv", "")


def test_an_account_that_is_not_there_is_told_with_a_guess(folder: Path) -> None:
    told = run(folder, "script", "show", "DEMO-00011")
    assert told.exit_code == 3
    assert "There is no account ****0011. Did you mean ****" in told.output


def test_check_is_sound_and_lists_every_finding_with_its_line(folder: Path) -> None:
    assert "scripts with" in run(folder, "script", "check").output
    path = folder / "config/scripts/standard.yaml"
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(before.replace("请不要为此以贷还贷", "您可以先找亲友借钱还上"), encoding="utf-8")
        told = run(folder, "script", "check", "--lang", "zh")
        assert told.exit_code == 2
        assert "诱导借新还旧" in told.output
        line = before[: before.index("请不要为此以贷还贷")].count("\n") + 1
        found = json.loads(run(folder, "script", "check", "--json").stdout)
        assert found["sound"] is False
        assert {(one["rule"], one["line"]) for one in found["findings"]} >= {("borrowing", line)}
        refused = run(folder, "script", "show", "DEMO-0001")
        assert refused.exit_code == 2, "nothing is shown while anything may not be said"
        assert f"standard.yaml:{line}: " in refused.output
    finally:
        path.write_text(before, encoding="utf-8")


def test_a_sentence_can_be_tried(folder: Path) -> None:
    told = run(folder, "script", "check", "--text", "坐 。 牢", "--json")
    assert told.exit_code == 2
    (hit,) = json.loads(told.stdout)
    assert (hit["category"], hit["found"], hit["entry"]) == ("threat", "坐 。 牢", "zh-jail")
    assert "lexicon.yaml:" in hit["rule"]
    assert run(folder, "script", "check", "--text", "您的还款").exit_code == 0
    assert run(folder, "script", "check", "--text", "您的还款", "--public").exit_code == 2


def test_strategies_can_be_tried_on_made_up_facts(folder: Path) -> None:
    told = run(folder, "script", "try", "--facts", "ability=able", "--facts", "willingness=unwilling", "--json")
    answer = json.loads(told.stdout)
    assert answer["script"]["script"] == "firm"
    assert answer["tried"][-1] == {"strategy": "able and unwilling", "held": True, "fits": True}
    plain = run(folder, "script", "try", "--facts", "reason=illness", "--lang", "en").output
    assert "✓ 5. temporary hardship" in plain
    assert "ability: unable" in plain


@pytest.mark.parametrize(
    ("fact", "says"),
    [
        ("reson=x", "Did you mean reason?"),
        ("habit=good", "habit is never `good`. It can be punctual"),
        ("monthly_income=lots", "monthly_income is a number, not `lots`"),
        ("amount_due=-1", "a number from 0 on"),
        ("promise_open=maybe", "promise_open is yes or no"),
        ("reason", "no FACT=VALUE that is known"),
    ],
)
def test_facts_that_cannot_be_are_told(folder: Path, fact: str, says: str) -> None:
    told = run(folder, "script", "try", "--facts", fact)
    assert told.exit_code == 2
    assert says in told.output


def test_list_and_arm(folder: Path) -> None:
    listed = json.loads(run(folder, "script", "list", "--json").stdout)
    assert {"reminder", "firm", "hardship", "third-party"} <= {one["script"] for one in listed["scripts"]}
    assert listed["strategies"][0]["name"] == "third party"
    assert listed["experiments"] == []
    assert "No experiment is active." in run(folder, "script", "arm", "DEMO-0001").output
    path = folder / "config/strategies.yaml"
    before = path.read_text(encoding="utf-8")
    try:
        path.write_text(before.replace("active: false\n    salt", "active: true\n    salt"), encoding="utf-8")
        (row,) = json.loads(run(folder, "script", "arm", "DEMO-0001", "--json").stdout)
        assert row["experiment"] == "brief-reminder"
        assert row["arm"] in ("hold_out", "brief", "champion")
        assert (row["place"] < 500) is (row["arm"] == "hold_out")
    finally:
        path.write_text(before, encoding="utf-8")


def test_every_help_has_an_example(folder: Path) -> None:
    for command in ("check", "list", "show", "try", "arm", "versions"):
        assert f"Example: dialer script {command}" in run(folder, "script", command, "--help").output
