"""`dialer risk` and `dialer alert`: learn, compare, promote, score, explain, report; alerts by role; mistakes."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

from dialer.account_events import AccountEvent, EventKind, EventValue
from dialer.cli.main import app
from dialer.config.problems import SettingsFileError
from dialer.config.risk import load_risk
from dialer.made_up.book import BookPlan
from dialer.made_up.filling import Filling, fill_store
from dialer.store import alerts, happened
from dialer.store.sqlite import SqliteStore
from dialer.types import DebtorId

CONFIG = Path(__file__).parents[2] / "config"
ZONE = ZoneInfo("Asia/Shanghai")
SAID: dict[str, str] = {}
"""What the commands answered that made the first card the champion."""


def run(folder: Path, *words: str, lang: str = "en", token: str | None = None) -> Result:
    environment = {
        "LC_ALL": "en_US.UTF-8", "COLUMNS": "120", "NO_COLOR": "1", "TERM": "dumb",
        "DIALER_CONFIG": str(folder / "config/dialer.yaml"), "DIALER_TOKEN": token,
    }  # fmt: skip
    result = CliRunner().invoke(app, [*words, "--lang", lang], env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lender's made-up book of a year and a half, graded by a card that was learned from it."""
    place = tmp_path_factory.mktemp("d")
    assert run(place, "init", str(place)).exit_code == 0
    (place / "var").mkdir(exist_ok=True)
    today = datetime.now(ZONE).date()
    with closing(SqliteStore.create(place / "var/dialer.sqlite")) as store:
        fill_store(store, BookPlan(accounts=1_500, seed=7, today=today), Filling(lines=False))
    for name, words in {
        "dry run": ("risk", "train", "--dry-run"),
        "train": ("risk", "train"),
        "models": ("risk", "models", "--json"),
        "compare": ("risk", "compare", "card-0001", "--json"),
        "promote": ("risk", "promote", "card-0001", "--reason", "better"),
        "score": ("risk", "score", "--all", "--json"),
    }.items():
        told = run(place, *words)
        assert told.exit_code == 0, told.output
        SAID[name] = told.stdout
    return place


def tell(folder: Path, debtor: int, **payload: EventValue) -> None:
    at = datetime.now(ZONE)
    with closing(SqliteStore.open(folder / "var/dialer.sqlite")) as store, store.writing() as connection:
        event = AccountEvent(kind=EventKind.RISK_REPORTED, at=at, debtor_id=DebtorId(debtor), payload=payload)
        happened.note(connection, event)


def account_of(folder: Path, condition: str) -> tuple[str, int]:
    with closing(SqliteStore.open(folder / "var/dialer.sqlite")) as store, store.reading() as database:
        row = database.execute(f"SELECT account_no, debtor_id FROM accounts WHERE {condition} LIMIT 1").fetchone()
    return str(row[0]), int(row[1])


def graded(grade: str) -> str:
    """The only account of its debtor, and of this grade by the card."""
    return (
        f"risk = '{grade}' AND account_id IN (SELECT account_id FROM account_grades WHERE grade = '{grade}') "
        "AND debtor_id IN (SELECT debtor_id FROM accounts GROUP BY debtor_id HAVING count(*) = 1)"
    )


def test_a_card_is_learned_compared_promoted_and_grades(folder: Path) -> None:
    assert "nothing was kept" in SAID["dry run"]
    assert "Kept as card-0001, a challenger." in SAID["train"]
    assert "Excluded by the settings: education, ethnicity, marital status, region, sex." in SAID["train"]
    assert "it has seen none of them" in SAID["train"]
    known = json.loads(SAID["models"])
    assert {one["model"]: one["role"] for one in known} == {"card-0001": "challenger", _rules(known): "champion"}
    (card,) = [one for one in known if one["model"] == "card-0001"]
    assert len(card["sha256"]) == 64
    assert card["record"]["test"]["auc"]["low"] > 0.75
    assert card["made_by"]
    compared = json.loads(SAID["compare"])
    assert compared["champion"] == _rules(known)
    assert compared["gain"]["low"] <= compared["gain"]["value"] <= compared["gain"]["high"]
    again = run(folder, "risk", "promote", "card-0001", "--reason", "better")
    assert (again.exit_code, "the champion already" in again.stderr) == (3, True)
    first = json.loads(SAID["score"])
    assert first["model"] == "card-0001"
    assert sum(first["grades"].values()) == first["accounts"] == len(first["changed"])
    assert first["changed"][0]["reasons"]
    assert json.loads(run(folder, "risk", "score", "--all", "--json").stdout)["changed"] == []
    with closing(SqliteStore.open(folder / "var/dialer.sqlite")) as store, store.reading() as database:
        kinds = {one.kind for one in happened.after(database.conn, 0, limit=10_000)}
        counts = dict(database.execute("SELECT risk, count(*) FROM accounts GROUP BY risk").fetchall())
    assert {EventKind.SCORE_CHANGED, EventKind.GRADE_CHANGED} <= kinds
    assert all(counts[grade] >= count for grade, count in first["grades"].items() if count)


def _rules(known: list[dict[str, str]]) -> str:
    return next(one["model"] for one in known if one["model"].startswith("rules-"))


def test_a_score_is_explained_in_both_languages_and_names_are_masked(folder: Path) -> None:
    number, _ = account_of(folder, "state <> 'closed' AND days_past_due > 30")
    english, chinese = (run(folder, "risk", "show", number, lang=lang).stdout for lang in ("en", "zh"))
    assert "main reasons" in english
    assert "days past due" in english
    assert "主要原因" in chinese
    assert "当前逾期天数" in chinese
    assert "不使用：学历、民族、婚姻状况、地区、性别、年龄" in chinese
    for text in (english, chinese):
        assert number not in text
        assert number[-4:] in text
    told = json.loads(run(folder, "risk", "show", number, "--json", "--unmasked").stdout)
    assert told[0]["account"] == number
    assert {"feature", "value", "bin", "points"} == set(told[0]["features"][0])


def test_the_page_shows_how_the_card_does_and_names_nobody(folder: Path) -> None:
    out = folder / "risk.html"
    for lang, heads in (("en", ("Separation: ROC", "Calibration", "PSI", "Every point of the card")),
                        ("zh", ("区分能力：ROC", "校准", "漂移", "评分卡的每一分"))):  # fmt: skip
        assert run(folder, "risk", "report", "--html", str(out), "--model", "card-0001", lang=lang).exit_code == 0
        text = out.read_text(encoding="utf-8")
        assert all(head in text for head in heads)
        assert text.count("<svg") > 8
        assert "http://" not in text
    number, debtor = account_of(folder, "state <> 'closed'")
    with closing(SqliteStore.open(folder / "var/dialer.sqlite")) as store, store.reading() as database:
        name = database.execute("SELECT name FROM debtors WHERE debtor_id = ?", [debtor]).fetchone()[0]
    assert number not in text
    assert name not in text
    told = json.loads(run(folder, "risk", "report", "--json").stdout)
    assert {one["verdict"] for one in told["drift"]} <= {"steady", "watch", "alarm"}


def test_a_sign_becomes_an_alert_that_its_owner_acknowledges(folder: Path) -> None:
    number, debtor = account_of(folder, graded("B"))
    tell(folder, debtor, sign="utilisation", value="0.95", before="0.60")
    tell(folder, debtor, sign="utilisation", value="0.95", before="0.60")
    done = json.loads(run(folder, "risk", "react", "--json").stdout)
    assert len(done["raised"]) == 1
    (one,) = json.loads(run(folder, "alert", "list", "--json").stdout)
    assert (one["rule"], one["grade_before"], one["grade_after"]) == ("utilisation_jump", "B", "C")
    assert number not in json.dumps(one)
    shown = run(folder, "alert", "show", str(one["alert"]), lang="zh").stdout
    assert "信用额度使用率上升：60% → 95%（升 35 个百分点）" in shown
    assert "等级 B → C（加重 1 级）" in shown
    assert "credit in use has risen: 60% to 95%, 35 points" in run(folder, "alert", "list").stdout
    assert "alerts in force" in run(folder, "risk", "show", number).stdout
    assert run(folder, "alert", "ack", str(one["alert"]), "--note", "13912345678 pays on Friday").exit_code == 0
    assert "13912345678" not in run(folder, "alert", "show", str(one["alert"])).stdout
    again = run(folder, "alert", "ack", str(one["alert"]))
    assert (again.exit_code, "already" in again.stderr) == (3, True)
    assert "No alert waits for anybody." in run(folder, "alert", "list").stdout
    assert run(folder, "alert", "ack", str(one["alert"]), "--dismiss").exit_code == 0
    assert account_of(folder, f"account_no = '{number}' AND risk = 'B'")[0] == number


def test_agents_see_and_answer_the_alerts_of_their_own_debtors_only(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets, settings = folder / "config/secrets", folder / "config/dialer.yaml"
    before = settings.read_text(encoding="utf-8")
    for name in ("boss", "one", "two"):
        (secrets / f"token_{name}").touch(mode=0o600)
        (secrets / f"token_{name}").write_text(f"token-of-{name}")
    users = "".join(
        f"  {name}:\n    role: {role}\n    token: !file secrets/token_{name}\n{extra}"
        for name, role, extra in (
            ("boss", "admin", ""), ("one", "agent", "    agent: agent01\n"), ("two", "agent", "    agent: agent02\n")
        )
    )  # fmt: skip
    settings.write_text(before + "\nusers:\n" + users, encoding="utf-8")
    try:
        _, debtor = account_of(folder, graded("C"))
        with closing(SqliteStore.open(folder / "var/dialer.sqlite")) as store, store.writing() as connection:
            connection.execute(
                "INSERT INTO owners (debtor_id, agent_id, team, rule, reason, since) "
                "VALUES (?, 'agent01', '', 'override', '', '2026-03-01T00:00:00.000000Z')",
                [debtor],
            )
        tell(folder, debtor, sign="income_lost")
        assert run(folder, "risk", "react", token="token-of-one").exit_code == 9
        run(folder, "risk", "react", token="token-of-boss")
        (mine,) = json.loads(run(folder, "alert", "list", "--json", token="token-of-one").stdout)
        number = str(mine["alert"])
        assert mine["told"] == "agent01"
        assert json.loads(run(folder, "alert", "list", "--json", token="token-of-two").stdout) == []
        for words in (("show", number), ("ack", number)):
            refused = run(folder, "alert", *words, token="token-of-two")
            assert (refused.exit_code, "agent01's, not agent02's" in refused.stderr) == (9, True)
        assert "admin or supervisor" in run(folder, "alert", "ack", number, "--dismiss", token="token-of-one").stderr
        assert run(folder, "alert", "ack", number, token="token-of-one").exit_code == 0
        with closing(SqliteStore.open(folder / "var/dialer.sqlite")) as store, store.reading() as database:
            assert alerts.alert(database.conn, int(number)).acknowledged_by == "one"
    finally:
        settings.write_text(before, encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("risk", "score"), 2, "Give either an ACCOUNT or --all."),
        (("risk", "score", "--all", "--model", "card-0001"), 2, "--model goes with --dry-run"),
        (("risk", "score", "NOBODY-0001"), 2, "There is no account ****0001"),
        (("risk", "show", "NOBODY-0001"), 2, "There is no account ****0001"),
        (("risk", "promote", "card-9999", "--reason", "x"), 3, "There is no scorecard card-9999. There are: card-0001"),
        (("risk", "train", "--until", "2020-01-01"), 2, "not enough history"),
        (("alert", "show", "4711"), 3, "There is no alert 4711"),
    ],
)
def test_mistakes_say_what_to_do(folder: Path, words: tuple[str, ...], code: int, said: str) -> None:
    told = run(folder, *words)
    assert told.exit_code == code, told.output
    assert said in told.stderr


def test_what_the_settings_mean_is_said_in_both_languages(folder: Path) -> None:
    assert "No card looks at: education, ethnicity" in run(folder, "risk", "check").stdout
    assert "任何评分卡都不使用：学历、民族、婚姻状况、地区、性别" in run(folder, "risk", "check", lang="zh").stdout
    assert json.loads(run(folder, "risk", "check", "--json").stdout)["excluded"][0] == "education"


# --- the file ------------------------------------------------------------------------------------------


def test_every_line_of_the_shipped_card_says_where_its_points_come_from() -> None:
    settings = load_risk(CONFIG, CONFIG, {})
    assert all(all(one.sources) for one in settings.rules.features)
    assert all(rule.source for rule in settings.warnings)
    assert settings.rules.kind.value == "rules"


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        ("excluded: [sex,", "excluded: [gender, sex,", ':9: excluded[1]: "gender" is not an attribute'),
        ("    unanswered:  ", "    unansweredd: ", "Did you mean unanswered?"),
        ("{below: 8, costs: 40", "{below: 0.5, costs: 40", "bounds go from low to high"),
        ("grades: {A: 5%, B: 10%", "grades: {A: 5%, B: 4%", "the bound of B must be greater than that of A"),
        ("grades: {A: 920, B: 820", "grades: {A: 920, B: 920", "the bound of B must be lower than that of A"),
        ("alarm: 0.25", "alarm: 0.05", "it must be greater than `watch`"),
        ("sign: utilisation, at_least: 20%", "sign: utilisation, at_least: 20", "it is a share here"),
        ("sign: promise_broken, at_least: 2", "sign: promise_broken, at_least: 1.5", "a number of times"),
        ("sign: income_lost", "sign: income_los", "Did you mean income_lost?"),
        ("id: income_lost, sign: income_lost", "id: income_fell, sign: income_lost", "already the id of another rule"),
        ("sign: income_lost", "sign: reported", "says which sign is meant"),
        ("horizon: 30d", "horizen: 30d", "Did you mean horizon?"),
        ("costs: 330, source: house", "costs: 330", "this key is missing"),
        ("      - {rest: true, costs: 330, source: house}\n", "", "end with `rest: true`"),
    ],
)
def test_mistakes_in_the_file_are_told_by_line_and_key(tmp_path: Path, wrong: str, right: str, said: str) -> None:
    text = (CONFIG / "risk.yaml").read_text(encoding="utf-8")
    assert wrong in text
    (tmp_path / "risk.yaml").write_text(text.replace(wrong, right, 1), encoding="utf-8")
    with pytest.raises(SettingsFileError) as told:
        load_risk(tmp_path, CONFIG, {})
    assert said in str(told.value)
    assert str(tmp_path / "risk.yaml:") in str(told.value)


def test_a_card_that_looks_at_an_excluded_attribute_is_refused(tmp_path: Path) -> None:
    text = (CONFIG / "risk.yaml").read_text(encoding="utf-8")
    lines = (
        "    region:\n      - {unknown: true, costs: 0, source: house}\n"
        "      - {any_of: [上海], costs: 10, source: house}\n"
        "      - {rest: true, costs: 0, source: house}\n"
    )
    changed = text.replace("    unanswered:  ", lines + "    unanswered:  ")
    (tmp_path / "risk.yaml").write_text(changed, encoding="utf-8")
    with pytest.raises(SettingsFileError, match='it tells "region", which is excluded'):
        load_risk(tmp_path, CONFIG, {})
    (tmp_path / "risk.yaml").write_text(
        changed.replace("education, ethnicity, region]", "education]"), encoding="utf-8"
    )
    assert "region" in load_risk(tmp_path, CONFIG, {}).rules.names


def test_a_folder_without_the_file_has_the_shipped_one(tmp_path: Path) -> None:
    assert load_risk(tmp_path, CONFIG, {}).source == str(CONFIG / "risk.yaml")


def test_escalated_alerts_stand_first(folder: Path) -> None:
    _, debtor = account_of(folder, graded("A"))
    tell(folder, debtor, sign="overdue_elsewhere", value="5000")
    run(folder, "risk", "react")
    with closing(SqliteStore.open(folder / "var/dialer.sqlite")) as store, store.writing() as connection:
        assert alerts.escalate(connection, datetime.now(ZONE) + timedelta(hours=2, minutes=1))
    assert "escalated to the supervisors" in run(folder, "alert", "list").stdout
    assert "已升级至主管" in run(folder, "alert", "list", lang="zh").stdout
