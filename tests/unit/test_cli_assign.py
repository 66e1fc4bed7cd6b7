"""`dialer assign` and `dialer order`, as people and programs use them."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from dialer.account_events import EventKind
from dialer.app import chores_of
from dialer.cli.main import app
from dialer.cli.session import Session
from dialer.store import happened
from dialer.store.sqlite import SqliteStore


def run_in(place: Path, *words: str) -> Result:
    environment = {"LC_ALL": "en_US.UTF-8", "COLUMNS": "140", "DIALER_CONFIG": None, "TERM": "dumb", "NO_COLOR": "1"}
    whole = ["--config", str(place / "config/dialer.yaml"), *words]
    result = CliRunner().invoke(app, whole, env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def told(place: Path, *words: str) -> Any:
    result = run_in(place, *words, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What `dialer init` makes, with its sample list."""
    assert CliRunner().invoke(app, ["init", str(tmp_path)]).exit_code == 0
    assert run_in(tmp_path, "import", str(tmp_path / "lists/sample.csv"), "--list", "demo").exit_code == 0
    return tmp_path


def test_a_preview_says_who_gets_what_and_why_and_changes_nothing(folder: Path) -> None:
    shown = run_in(folder, "assign", "--dry-run")
    assert shown.exit_code == 0
    assert "8 debtors: 0 kept, 0 moved, 8 given out, 0 waiting (a preview: nothing was written)" in shown.stdout
    assert "rule '长逾期或高风险'" in shown.stdout
    assert "欧阳雪" not in shown.stdout and "DEMO-0008" not in shown.stdout
    assert [one["debtors"] for one in told(folder, "assign", "show")] == [0, 0, 0, 0, 0, 0, 8]


def test_long_overdue_and_high_risk_go_to_seniors_and_the_others_to_juniors(folder: Path) -> None:
    found = told(folder, "assign", "--unmasked")
    by_account = {one["account"]: one for one in found["decisions"]}
    assert {one["team"] for one in by_account.values() if one["risk"] == "high"} == {"late"}
    assert {one["team"] for one in by_account.values() if one["risk"] != "high"} == {"early"}
    assert by_account["DEMO-0006"]["why"]["zh"].startswith("新分；规则“长逾期或高风险”")
    assert found["written"] is True
    again = told(folder, "assign")
    assert (again["kept"], again["decisions"]) == (8, [])


def test_the_command_alone_assigns_and_tells_everybody(folder: Path) -> None:
    assert run_in(folder, "assign").exit_code == 0
    session = Session(config=folder / "config/dialer.yaml")
    with closing(SqliteStore.open(session.settings.store_path)) as store, store.reading() as database:
        kinds = [one.kind for one in happened.after(database.conn, 0)]
    assert kinds.count(EventKind.OWNER_CHANGED) == 8


def test_an_override_needs_a_reason_keeps_the_debtor_and_is_taken_back(folder: Path) -> None:
    assert run_in(folder, "assign", "override", "DEMO-0006", "agent01").exit_code == 2
    empty = run_in(folder, "assign", "override", "DEMO-0006", "agent01", "--reason", " ")
    assert empty.exit_code != 0 and "Say why" in empty.stderr
    done = run_in(folder, "assign", "override", "DEMO-0006", "agent01", "--reason", "knows the shop")
    assert done.exit_code == 0
    assert "agent01 is not who rule '长逾期或高风险' asks for" in done.stderr
    run_in(folder, "assign")
    (shown,) = told(folder, "assign", "show", "DEMO-0006")
    assert (shown["agent"], shown["rule"], shown["reason"]) == ("agent01", "override", "knows the shop")
    assert run_in(folder, "assign", "release", "DEMO-0006", "--reason", "sold").exit_code == 0
    run_in(folder, "assign")
    (shown,) = told(folder, "assign", "show", "DEMO-0006")
    assert shown["team"] == "late"


def test_unknown_agents_and_accounts_are_named_with_the_cure(folder: Path) -> None:
    agent = run_in(folder, "assign", "override", "DEMO-0006", "agent99", "--reason", "x")
    assert agent.exit_code != 0 and "agent01" in agent.stderr
    account = run_in(folder, "assign", "show", "DEMO-9999")
    assert account.exit_code != 0 and "There is no account" in account.stderr


def test_one_agents_debtors_and_their_reasons_are_shown(folder: Path) -> None:
    run_in(folder, "assign")
    loads = {one["agent"]: one["debtors"] for one in told(folder, "assign", "show")}
    name, count = next((name, count) for name, count in loads.items() if count)
    owned = told(folder, "assign", "show", name, "--unmasked")
    assert len(owned) == count and all(one["account"].startswith("DEMO-") for one in owned)
    assert "given out" in run_in(folder, "assign", "show", name).stdout


def test_the_shares_are_a_page_with_bars_in_both_languages(folder: Path) -> None:
    page = folder / "shares.html"
    assert run_in(folder, "assign", "--dry-run", "--html", str(page), "--lang", "zh").exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert "可互换的坐席" in text and '<rect class="after"' in text and "基尼系数" in text
    run_in(folder, "assign", "--html", str(page), "--lang", "en")
    assert "Gini after" in page.read_text(encoding="utf-8")


def test_mistakes_of_the_rules_are_told_with_their_lines(folder: Path) -> None:
    path = folder / "config/assignment.yaml"
    path.write_text(
        "rules:\n"
        "  - {name: a, when: days_past_duee > 3, skill: late, level: 3}\n"
        "  - {name: a, when: bucket == 'M9', skill: lates}\n"
        "  - {name: b, when: amount_due > 3, level: 2, team: lat}\n"
        "  - {name: c}\n"
        "  - {name: d, skill: late, level: 3, up_to: 2, agents: [agent77]}\n"
        "capacity: {share: {agent01: 0%}, debtors: many}\n",
        encoding="utf-8",
    )
    wrong = run_in(folder, "assign", "--dry-run")
    assert wrong.exit_code != 0
    assert ":7: capacity.share.agent01" in wrong.stderr and ":7: capacity.debtors" in wrong.stderr
    path.write_text(path.read_text("utf-8").rpartition("capacity")[0], encoding="utf-8")
    found = run_in(folder, "assign", "--dry-run").stderr
    for sentence in (
        ":2: rules[1].when: `days_past_duee > 3`: 'days_past_duee' is not a known fact. Did you mean days_past_due?",
        ':3: rules[2].name: "a" is already the name of another rule',
        ":3: rules[2].when: `bucket == 'M9'`: bucket is never 'M9'.",
        ":3: rules[2].skill: how much of it is needed?",
        ':3: rules[2].skill: "lates" is not a skill of any agent',
        ":4: rules[3].level: of which skill?",
        ':4: rules[3].team: "lat" is not a team of any agent',
        ":5: rules[4]: it holds of everybody, so no later rule is ever reached",
        ":6: rules[5].up_to: 2 is below the level 3 that is needed",
        ':6: rules[5].agents: "agent77" is not an agent',
    ):
        assert sentence in found.replace("\n", " "), sentence


def test_the_queue_is_explained_before_and_after_it_was_worked_out(folder: Path) -> None:
    before = told(folder, "order", "show", "demo", "--limit", "8")
    assert [one["ordered_by"] for one in before] == ["0.00"] * 8
    done = told(folder, "order", "refresh")
    assert (done["accounts"], done["changed"], done["other_number"]) == (8, 8, 0)
    after = told(folder, "order", "show", "demo", "--limit", "8", "--unmasked")
    worths = [float(one["ordered_by"]) for one in after]
    assert worths == sorted(worths, reverse=True) and worths[-1] > 0
    assert after[0]["account"] == "DEMO-0003"
    shown = run_in(folder, "order", "show", "demo", "--limit", "1", "--lang", "zh").stdout
    assert "接通本人的机会" in shown and "每坐席分钟值" in shown and "尚无差别" in shown and "DEMO-0003" not in shown


def test_a_list_that_is_not_there_is_told_with_those_that_are(folder: Path) -> None:
    for words in (("order", "show", "june"), ("order", "refresh", "--list", "june")):
        wrong = run_in(folder, *words)
        assert wrong.exit_code != 0 and "There are: demo" in wrong.stderr


def test_mistakes_of_the_order_are_told_with_their_lines(folder: Path) -> None:
    path = folder / "config/ordering.yaml"
    path.write_text("later_weight: 2\ncosts: {talk: never}\nrecovery: {by_bucket: {M9: 3%}}\n", encoding="utf-8")
    wrong = run_in(folder, "order", "refresh").stderr
    assert ":1: later_weight" in wrong and ":2: costs.talk" in wrong and ":3: recovery.by_bucket" in wrong


def test_without_files_of_ones_own_the_shipped_ones_hold(folder: Path) -> None:
    for name in ("assignment.yaml", "ordering.yaml"):
        (folder / "config" / name).unlink()
    assert told(folder, "assign", "--dry-run")["given"] == 8
    assert told(folder, "order", "refresh")["accounts"] == 8


def test_a_running_engine_keeps_the_order_by_itself_unless_told_not_to(folder: Path) -> None:
    settings = Session(config=folder / "config/dialer.yaml").settings
    assert "order" in {chore.name for chore in chores_of(settings)}
    path = folder / "config/ordering.yaml"
    path.write_text("refresh: 0s\n", encoding="utf-8")
    assert "order" not in {chore.name for chore in chores_of(settings)}
