"""`dialer why`, `dialer audit` and the waterfall of `dialer campaign status`, as people and programs read them."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from dialer.cli.main import app
from dialer.cli.session import Session
from dialer.compliance import gate
from dialer.effects import CloseAttempt, Permit, SaveAttempt, SaveDisposition
from dialer.leads import NextStep
from dialer.store import audit_export
from dialer.store.sqlite import SqliteStore
from dialer.types import AttemptId, NextKind, Outcome, ServerName, TrunkName

ACCOUNT = "DEMO-0001"
NUMBER = "+8615400000001"


def run(*words: str, lang: str = "en_US.UTF-8") -> Result:
    environment = {"LC_ALL": lang, "COLUMNS": "120", "DIALER_CONFIG": None, "TERM": "dumb", "NO_COLOR": "1"}
    result = CliRunner().invoke(app, list(words), env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `dialer init` makes, its sample list, and one call to the first account that nobody answered."""
    place = tmp_path_factory.mktemp("d")
    assert run("init", str(place)).exit_code == 0
    assert run_in(place, "import", str(place / "lists/sample.csv"), "--list", "demo").exit_code == 0
    session = Session(config=place / "config/dialer.yaml")
    campaign, at = session.campaign("demo"), datetime.now(UTC) - timedelta(hours=1)
    with closing(SqliteStore.open(session.settings.store_path)) as store:
        leads = store.lease(campaign, limit=9, at=at, lease_s=60.0, engine="e").leads
        lead = next(one for one in leads if one.account_no == ACCOUNT)
        permit = gate.check(lead, campaign.rules, campaign.name, at)
        assert isinstance(permit, Permit)
        attempt = AttemptId("att-1")
        placed = SaveAttempt(attempt_id=attempt, campaign=campaign.name, lead=lead, server=ServerName("local"),
                             trunk=TrunkName("carrier"), caller_id="", permit_rules=permit.rules, at=at)  # fmt: skip
        assert store.apply([placed]) == ()
        waits = NextStep(kind=NextKind.RETRY, at=at + timedelta(days=2), rule="retry.no_answer", reason="再拨 · again")
        store.apply([
            CloseAttempt(attempt_id=attempt, at=at, outcome=Outcome.NO_ANSWER),
            SaveDisposition(attempt_id=attempt, campaign=campaign.name, lead=lead, at=at, agent_id=None, code=None,
                            outcome=Outcome.NO_ANSWER, by="rule", next_step=waits),
        ])  # fmt: skip
        store.release_leases("e")
    return place


def run_in(folder: Path, *words: str, lang: str = "en_US.UTF-8") -> Result:
    return run("--config", str(folder / "config/dialer.yaml"), *words, lang=lang)


# --- why -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        ("en_US.UTF-8", ("demo may not dial +86 154****0001 now: waiting for its next call: again, since",
                         "It may be dialled from", "no engine is running", "number/day 0/6", "no answer")),
        ("zh_CN.UTF-8", ("demo：现在不能拨打 +86 154****0001：等待下次外呼：再拨，自", "可以拨打。", "没有引擎在运行",
                         "号码/日 0/6", "无人接听")),
    ],
)  # fmt: skip
def test_the_first_line_is_the_answer_in_the_readers_language(folder: Path, lang: str, said: tuple[str, ...]) -> None:
    told = run_in(folder, "why", ACCOUNT, lang=lang).stdout
    assert told.splitlines()[1].startswith(said[0])
    assert all(one in told for one in said)
    assert "15400000001" not in told and "王小明" not in told


@pytest.mark.parametrize("asked", [NUMBER, "15400000001", "154 0000 0001"])
def test_a_number_may_be_asked_for_as_it_is_written(folder: Path, asked: str) -> None:
    (told,) = json.loads(run_in(folder, "why", asked, "--json").stdout)
    assert (told["account"], told["debtor"]) == ("****0001", "王*")
    (answer,) = told["campaigns"]
    assert answer["number"] == "+86 154****0001"


def test_programs_read_rule_since_next_moment_and_counters(folder: Path) -> None:
    (told,) = json.loads(run_in(folder, "why", ACCOUNT, "--json").stdout)
    (answer,) = told["campaigns"]
    assert not answer["may_be_dialled"] and answer["engine"] is None
    assert answer["blocks"][0]["rule"] == "retry.no_answer"
    assert answer["blocks"][0]["since"] < answer["next_at"] == answer["blocks"][0]["until"]
    (attempt,) = told["attempts"]
    assert "attempts_per_number_per_day 0/6" in attempt["checked"]
    assert (attempt["outcome"], attempt["next_kind"]) == ("no_answer", "retry")
    (whole,) = json.loads(run_in(folder, "why", ACCOUNT, "--json", "--unmasked").stdout)
    assert (whole["debtor"], whole["attempts"][0]["number"]) == ("王小明", NUMBER)


def test_what_may_be_dialled_is_said_to_be(folder: Path) -> None:
    assert "demo may dial +86 154****0002 now." in run_in(folder, "why", "DEMO-0002").stdout
    assert "demo：现在可以拨打" in run_in(folder, "why", "DEMO-0002", "--lang", "zh").stdout


def test_an_account_that_does_not_exist_is_told_with_one_that_is_like_it(folder: Path) -> None:
    told = run_in(folder, "why", "DEMO-00O1")
    assert told.exit_code == 3
    assert "Did you mean" in told.stderr and "0001" in told.stderr
    assert "是不是" in run_in(folder, "why", "DEMO-00O1", "--lang", "zh").stderr


def test_a_campaign_of_another_list_says_that_it_does_not_dial_it(folder: Path) -> None:
    told = run_in(folder, "why", ACCOUNT, "--campaign", "example-predictive").stdout
    assert "No campaign dials the list demo" in told


# --- campaign status -----------------------------------------------------------------------------------


def test_the_waterfall_is_told_without_an_engine_and_adds_up(folder: Path) -> None:
    (row,) = json.loads(run_in(folder, "campaign", "status", "demo", "--json").stdout)
    told = row["waterfall"]
    assert told["total"] == 8
    assert sum(step["count"] for step in told["steps"]) + told["dialable"] == told["total"]
    assert (told["steps"][0]["step"], told["steps"][0]["count"]) == ("waiting", 1)
    shown = run_in(folder, "campaign", "status", "demo").stdout
    assert "waiting to retry" in shown and "dialable now" in shown
    assert "等待重拨" in run_in(folder, "campaign", "status", "demo", "--lang", "zh").stdout


def test_a_campaign_without_a_file_is_told_with_those_that_have_one(folder: Path) -> None:
    told = run_in(folder, "campaign", "status", "nope")
    assert (told.exit_code, "demo" in told.stderr) == (2, True)


# --- audit ---------------------------------------------------------------------------------------------


def test_the_head_that_was_printed_is_agreed_to_later(folder: Path) -> None:
    noted = json.loads(run_in(folder, "audit", "head", "--json").stdout)["head"]
    told = run_in(folder, "audit", "verify", "--head", noted)
    assert told.exit_code == 0
    assert "The log is whole" in told.stdout and "agrees on 1 attempts" in told.stdout
    assert "审计日志完好" in run_in(folder, "audit", "verify", "--lang", "zh").stdout
    assert "signed" in run_in(folder, "audit", "head").stdout
    seq, _, hashed = noted.partition(":")
    forged = f"{seq}:{hashed[:-1]}{'0' if hashed[-1] != '0' else '1'}"
    other = run_in(folder, "audit", "verify", "--head", forged, "--json")
    assert other.exit_code == 3
    assert json.loads(other.stdout)["finding"]["flaw"] == "other_head"
    assert run_in(folder, "audit", "verify", "--head", "12").exit_code == 2
    both = run_in(folder, "audit", "verify", "--head", forged, "--head", noted, "--json")
    assert json.loads(both.stdout)["finding"]["flaw"] == "other_head", "a true head does not hide a false one"


def test_every_head_that_stands_in_a_text_is_asked_for(folder: Path, tmp_path: Path) -> None:
    noted = [json.loads(run_in(folder, "audit", "head", "--json").stdout)["head"] for _ in range(2)]
    diary = tmp_path / "diary.txt"
    diary.write_text(f'Monday {noted[0]}, signed\n{{"event": "audit.head", "head": "{noted[1]}"}}\n')
    told = json.loads(run_in(folder, "audit", "verify", "--heads", str(diary), "--json").stdout)
    assert (told["whole"], told["heads_noted"]) == (True, 2)
    assert (
        "记下的 2 个末端都在日志中" in run_in(folder, "audit", "verify", "--heads", str(diary), "--lang", "zh").stdout
    )
    diary.write_text("Monday: nothing")
    assert "holds no head" in run_in(folder, "audit", "verify", "--heads", str(diary)).stderr


def test_an_edit_is_named_in_both_languages(folder: Path, tmp_path: Path) -> None:
    path = Session(config=folder / "config/dialer.yaml").settings.store_path
    kept = tmp_path / "kept.db"
    with closing(sqlite3.connect(path)) as raw, closing(sqlite3.connect(kept)) as copy:
        raw.backup(copy)
        raw.executescript("DROP TRIGGER audit_stays; UPDATE audit SET actor = 'nobody' WHERE seq = 2")
    told = run_in(folder, "audit", "verify")
    assert told.exit_code == 3 and "entry 2 was changed." in told.stdout
    assert "第 2 条被改动过" in run_in(folder, "audit", "verify", "--lang", "zh").stdout
    with closing(sqlite3.connect(path)) as raw, closing(sqlite3.connect(kept)) as copy:
        copy.backup(raw)
    assert run_in(folder, "audit", "verify").exit_code == 0


@pytest.mark.parametrize("option", [("--number", NUMBER), ("--debtor", ACCOUNT)])
def test_an_excerpt_proves_itself_without_the_store(folder: Path, tmp_path: Path, option: tuple[str, str]) -> None:
    out = tmp_path / "excerpt.json"
    assert run_in(folder, "audit", "export", *option, "--out", str(out)).exit_code == 0
    told = json.loads(out.read_text())
    assert [one["action"] for one in told["entries"]] == ["attempt.placed", "attempt.closed", "attempt.concluded"]
    assert told["entries"][0]["number"] == "+86 154****0001"
    assert "15400000001" not in out.read_text()
    assert told["about"] in ("number +86 154****0001", "debtor of account ****0001") and told["at"]
    assert "All 3 entries are proved" in run_in(folder, "audit", "verify", "--excerpt", str(out)).stdout
    out.write_text(out.read_text().replace("no_answer", "bridged"))
    wrong = run_in(folder, "audit", "verify", "--excerpt", str(out))
    assert wrong.exit_code == 3 and "is not what the chain proves" in wrong.stdout
    out.write_text("{}")
    assert "no excerpt" in run_in(folder, "audit", "verify", "--excerpt", str(out)).stderr


def test_what_is_not_on_record_is_said_to_be_and_is_an_excerpt_all_the_same(folder: Path) -> None:
    told = run_in(folder, "audit", "export", "--day", "2031-01-01")
    assert (told.exit_code, json.loads(told.stdout)["entries"]) == (0, [])
    assert "Nothing is on record" in told.stderr
    assert "没有任何记录" in run_in(folder, "audit", "export", "--day", "2031-01-01", "--lang", "zh").stderr


def test_a_day_is_written_as_tables_with_its_chain(folder: Path, tmp_path: Path) -> None:
    zone = Session(config=folder / "config/dialer.yaml").zone
    day = (datetime.now(UTC) - timedelta(hours=1)).astimezone(zone).date().isoformat()
    book, table = tmp_path / "day.xlsx", tmp_path / "day.csv"
    for path in (book, table):
        assert run_in(folder, "audit", "export", "--day", day, "--out", str(path)).exit_code == 0
    sheets = load_workbook(book, read_only=True)
    rows = list(sheets["entries"].values)
    chain = list(sheets["chain"].values)
    with table.open(encoding="utf-8-sig", newline="") as file:
        plain = list(csv.DictReader(file))
    with (tmp_path / "day.chain.csv").open(encoding="utf-8-sig", newline="") as file:
        links = list(csv.DictReader(file))
    assert {"attempt.placed", "attempt.closed"} <= {one["action"] for one in plain}
    assert [row[0] for row in rows[1:]] == [int(one["seq"]) for one in plain[: len(rows) - 1]]
    assert len(chain) <= len(links) + 1
    assert {one["hash"] for one in plain} <= {one["hash"] for one in links}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("export",), 2, "Give one of --number"),
        (("export", "--number", NUMBER, "--debtor", ACCOUNT), 2, "Give one of --number"),
        (("export", "--number", "hello"), 2, "no phone number"),
        (("export", "--debtor", "nobody"), 3, "no account nobody"),
        (("export", "--number", NUMBER, "--out", "x.txt"), 2, ".json, .csv or .xlsx"),
        (("export", "--number", NUMBER, "--format", "csv"), 2, "needs --out"),
        (("verify", "--excerpt", "/nowhere/x.json"), 1, "/nowhere/x.json"),
    ],
)
def test_what_cannot_be_exported_is_one_sentence(folder: Path, words: tuple[str, ...], code: int, says: str) -> None:
    told = run_in(folder, "audit", *words)
    assert (told.exit_code, says in told.stderr) == (code, True), told.stderr


def test_the_excerpt_of_a_debtor_is_found_by_the_stores_own_id_too(folder: Path) -> None:
    path = Session(config=folder / "config/dialer.yaml").settings.store_path
    with closing(SqliteStore.open(path)) as store, store.reading() as database:
        row = database.execute("SELECT debtor_id FROM accounts WHERE account_no = ?", [ACCOUNT]).fetchone()
        found = audit_export.of_debtor(database.conn, f"debtor:{row[0]}")
    assert len(found.entries) == 3
