"""While an engine dials, `why` answers for every kind of account, the alert names its reason, no edit stays hidden."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from dialer import app, log
from dialer.cli.main import app as commands
from dialer.cli.session import Session
from dialer.engine import Engine
from dialer.floor import board
from dialer.store import audit_check
from dialer.types import CampaignName
from fake_ami import FakeAmi, until
from fake_network import FakeNetwork

DEBTORS = 12
SLEEPERS = 3
STOPPED = "DAY-0011"
CALLED = DEBTORS - 1
PATIENCE_S = 30.0
RULES = """
profile: {name}
version: 2026-11-24
title: What this test wants
hours: {{days: {{mon-sun: "{hours}"}}, cite: "clause 2", tag: S}}
limits:
  - {{id: once, key: number, counts: dial, window: local day, max: 1, cite: "clause 6", tag: S}}
"""


def dialer(folder: Path, *words: str, lang: str = "en_US.UTF-8") -> Result:
    environment = {"LC_ALL": lang, "COLUMNS": "160", "DIALER_CONFIG": None, "TERM": "dumb", "NO_COLOR": "1"}
    return CliRunner().invoke(commands, ["--config", str(folder / "config/dialer.yaml"), *words], env=environment)


class Day:
    """A dialer's folder, two campaigns that ran in it, and what was said of them meanwhile."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        assert dialer(folder, "init", str(folder)).exit_code == 0
        hour = (datetime.now(ZoneInfo("Asia/Shanghai")).hour + 3) % 24
        self._campaign("day", "00:00-24:00")
        self._campaign("night", f"{hour:02}:00-{hour + 1:02}:00")
        self._list("day", "DAY", DEBTORS, 0)
        self._list("night", "NIGHT", SLEEPERS, 100)
        self.said: dict[str, Any] = {}
        self.alerts: tuple[str, ...] = ()
        self.waterfalls: list[dict[str, Any]] = []
        with capture_logs() as logs:
            asyncio.run(self._work())
        heads = [log.mask_event(None, "info", dict(line)) for line in logs if line["event"] == "audit.head"]
        self.heads = folder / "engine.log"
        self.heads.write_text("".join(json.dumps(line) + "\n" for line in heads))

    @property
    def store(self) -> Path:
        return self.folder / "var/dialer.sqlite"

    def _campaign(self, name: str, hours: str) -> None:
        place = self.folder / "config"
        (place / f"{name}-rules.yaml").write_text(RULES.format(name=name.upper(), hours=hours))
        text = (place / "campaigns/demo.yaml").read_text()
        for old, new in (
            ("list: demo", f"list: {name}"),
            ("mode: predictive", "mode: power"),
            ("  target_abandonment: 3% ", "  ratio: 3\n  target_abandonment: 3% "),
            ("profiles: [] ", f"profiles: [../{name}-rules.yaml] "),
            ("wrap_up_limit: 20s", "wrap_up_limit: 1s"),
        ):
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (place / f"campaigns/{name}.yaml").write_text(text)

    def _list(self, name: str, prefix: str, count: int, first: int) -> None:
        path = self.folder / f"{name}.csv"
        rows = [f"{prefix}-{index:04d},张三,1540001{first + index:04d},100.00,5" for index in range(count)]
        path.write_text("\n".join(["合同号,姓名,手机号,逾期金额,逾期天数", *rows]), encoding="utf-8")
        done = dialer(self.folder, "import", str(path), "--list", name)
        assert done.exit_code == 0, done.output

    async def _work(self) -> None:
        async with FakeAmi() as fake:
            with mock.patch.dict(os.environ, {"DIALER_AMI_PORT": str(fake.port)}):
                settings = Session(config=self.folder / "config/dialer.yaml").settings
                FakeNetwork(fake, [agent.id for agent in settings.agents])
                async with app.running(settings) as engine:
                    stopped = await asyncio.to_thread(
                        dialer, self.folder, "stop-calling", STOPPED, "--flag", "dispute", "--note", "来信"
                    )
                    assert stopped.exit_code == 0, stopped.output
                    await engine.launch("day")
                    await engine.launch("night")
                    await until(lambda: self._calm(engine), PATIENCE_S)
                    self.alerts = engine.snapshot().alerts
                    told = await asyncio.to_thread(dialer, self.folder, "campaign", "status", "--json")
                    self.waterfalls = [row["waterfall"] for row in json.loads(told.stdout) if row["name"] != "demo"]
                    for account in ("DAY-0000", "NIGHT-0001", STOPPED):
                        told = await asyncio.to_thread(dialer, self.folder, "why", account, "--json")
                        self.said[account] = json.loads(told.stdout)[0]

    @staticmethod
    def _calm(engine: Engine) -> bool:
        """Everybody was called who may be, and both lists were counted after that."""
        rows = {row.name: row for row in engine.snapshot().campaigns}
        counted = [set(row.not_dialable) for row in rows.values()]
        under_way = {"leased", "in_air"}
        return rows[CampaignName("day")].dialled == CALLED and all(one and not one & under_way for one in counted)


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Day]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(board, "IDLE_ALERT_S", 0.1)
        patch.setattr("dialer.idle.LOOK_EVERY_S", 0.05)
        patch.setattr("dialer.idle.COUNT_EVERY_S", 0.1)
        yield Day(tmp_path_factory.mktemp("day"))


def answer(day: Day, account: str) -> dict[str, Any]:
    (told,) = day.said[account]["campaigns"]
    return dict(told)


def test_an_account_at_its_cap_is_told_by_the_rule_with_its_source_and_both_moments(day: Day) -> None:
    told, (attempt,) = answer(day, "DAY-0000"), day.said["DAY-0000"]["attempts"]
    block = next(block for block in told["blocks"] if block["rule"] == "once")
    assert (block["profile"], block["cite"], block["tag"]) == ("DAY", "clause 6", "S")
    assert not told["may_be_dialled"]
    assert block["since"] == attempt["at"]
    midnight = datetime.fromisoformat(told["next_at"]).astimezone(ZoneInfo("Asia/Shanghai"))
    assert (midnight.hour, midnight.minute) == (0, 0)
    assert "DAY once 0/1" in attempt["checked"]
    assert told["engine"]["campaign_state"] == "running"


def test_an_account_outside_hours_is_told_since_when_and_until_when_it_is(day: Day) -> None:
    told = answer(day, "NIGHT-0001")
    block = told["blocks"][0]
    assert (block["rule"], block["profile"], block["cite"]) == ("hours", "NIGHT", "clause 2")
    assert block["since"] < block["until"] == told["next_at"]
    assert (day.said["NIGHT-0001"]["attempts"], len(day.said["NIGHT-0001"]["refusals"])) == ([], 1)
    chinese = dialer(day.folder, "why", "NIGHT-0001", lang="zh_CN.UTF-8").stdout
    assert "不在可拨打时段内" in chinese
    assert "时段外：outside calling hours" in chinese, "the refusal on record"


def test_a_stopped_account_is_told_by_its_flag_and_time_alone_changes_nothing(day: Day) -> None:
    told = answer(day, STOPPED)
    assert (told["next_at"], told["blocks"][0]["rule"], told["blocks"][0]["lasts"]) == (None, "stop:dispute", True)
    assert told["blocks"][0]["since"] is not None
    assert day.said[STOPPED]["attempts"] == []


def test_what_nobody_knows_is_an_error_in_the_readers_language(day: Day) -> None:
    for asked in ("DAY-9999", "+8613900009999"):
        told = dialer(day.folder, "why", asked)
        assert (told.exit_code, "There is no account and no number" in told.stderr) == (3, True)
    assert "没有账户或号码" in dialer(day.folder, "why", "DAY-9999", lang="zh_CN.UTF-8").stderr
    assert "error" in json.loads(dialer(day.folder, "why", "DAY-9999", "--json").output)


def test_idle_agents_are_told_with_the_reason_that_really_holds_the_list_back(day: Day) -> None:
    for_day, for_night = sorted(alert for alert in day.alerts if "0 dialable" in alert)
    assert f"0 dialable: {SLEEPERS} outside hours" in for_night
    assert "at the daily cap" in for_day and "waiting to retry" not in for_day


def test_the_waterfall_of_a_running_campaign_adds_up_to_nothing_dialable(day: Day) -> None:
    for told in day.waterfalls:
        assert sum(step["count"] for step in told["steps"]) == told["total"]
        assert told["dialable"] == 0
    cited = {(step["profile"], step["cite"]) for told in day.waterfalls for step in told["steps"] if step["profile"]}
    assert cited == {("DAY", "clause 6"), ("NIGHT", "clause 2")}


# --- the log -------------------------------------------------------------------------------------------


@pytest.fixture
def copied(day: Day, tmp_path: Path) -> Iterator[Day]:
    """The day, whose store may be damaged: afterwards it is as it was."""
    kept = tmp_path / "kept.sqlite"
    copy(day.store, kept)
    yield day
    copy(kept, day.store)


def copy(origin: Path, target: Path) -> None:
    with closing(sqlite3.connect(origin)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def sqlite3_shell(day: Day, *statements: str) -> None:
    """What anybody with the file and sqlite3 may do."""
    with closing(sqlite3.connect(day.store)) as raw, raw:
        for trigger in ("audit_stays", "audit_remains"):
            raw.execute(f"DROP TRIGGER {trigger}")
        for statement in statements:
            raw.execute(statement)


def verified(day: Day, *words: str) -> dict[str, Any]:
    told = dialer(day.folder, "audit", "verify", "--json", *words)
    said: dict[str, Any] = json.loads(told.stdout)
    assert (told.exit_code == 0) == said["whole"]
    return said


def entries(day: Day) -> int:
    with closing(sqlite3.connect(day.store)) as raw:
        (count,) = raw.execute("SELECT count(*) FROM audit").fetchone()
    return int(count)


def test_a_whole_day_verifies_with_every_head_that_the_engine_told_as_it_began_and_ended(day: Day) -> None:
    told = verified(day, "--heads", str(day.heads))
    assert told["whole"] and told["heads_noted"] == 2
    assert told["attempts"] == CALLED, "all but the one that was stopped"
    with closing(sqlite3.connect(day.store)) as raw:
        actions = {action for (action,) in raw.execute("SELECT DISTINCT action FROM audit WHERE role <> ''")}
    assert actions >= {"board.get", "dialer stop-calling", "dialer audit verify"}


@pytest.mark.parametrize("column", ["seq", "at", "actor", "role", "action", "subject", "detail", "prev_hash", "hash"])
def test_any_column_of_every_entry_that_was_edited_is_found_at_that_entry(copied: Day, column: str) -> None:
    edit = {"seq": "-seq", "prev_hash": "randomblob(32)", "hash": "randomblob(32)"}.get(column, f"{column} || 'x'")
    with closing(sqlite3.connect(copied.store, isolation_level=None)) as raw:
        (count,) = raw.execute("SELECT count(*) FROM audit").fetchone()
        assert audit_check.verify(raw).finding is None
        raw.execute("DROP TRIGGER audit_stays")
        for seq in range(1, count + 1):
            raw.execute("BEGIN")
            raw.execute(f"UPDATE audit SET {column} = {edit} WHERE seq = {seq}")
            found = audit_check.verify(raw).finding
            raw.execute("ROLLBACK")
            assert found is not None, seq
            assert abs(found.seq) == seq
        raw.execute(f"UPDATE audit SET {column} = {edit} WHERE seq = {count // 2}")
    told = verified(copied)
    assert abs(told["finding"]["entry"]) == count // 2


def test_an_entry_removed_from_the_middle_is_named(copied: Day) -> None:
    middle = entries(copied) // 2
    sqlite3_shell(copied, f"DELETE FROM audit WHERE seq = {middle}")
    found = verified(copied)["finding"]
    assert (found["flaw"], found["entry"]) == ("missing", middle)


def test_a_tail_that_was_cut_off_with_all_its_traces_is_found_by_the_engines_log(copied: Day) -> None:
    kept = 3
    sqlite3_shell(copied, f"DELETE FROM audit WHERE seq > {kept}")
    found = verified(copied)["finding"]
    assert found["flaw"] in ("cut_off", "missing"), "the question itself was put on record behind the gap"
    assert found["entry"] == kept + 1
    with closing(sqlite3.connect(copied.store)) as raw, raw:
        (last,) = raw.execute("SELECT hash FROM audit WHERE seq = ?", (kept,)).fetchone()
        for trigger, of in raw.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            if of in ("attempts", "dispositions", "call_events", "audit"):
                raw.execute(f"DROP TRIGGER {trigger}")
        for table in ("promises", "call_events", "dispositions", "attempts"):
            raw.execute(f"DELETE FROM {table}")
        raw.execute("DELETE FROM audit WHERE seq > ?", (kept,))
        raw.execute("UPDATE audit_head SET seq = ?, hash = ?", (kept, last))
    assert verified(copied)["whole"], "the file alone does not tell any more"
    found = verified(copied, "--heads", str(copied.heads))["finding"]
    assert found["flaw"] in ("cut_off", "other_head")
    (copied.folder / "empty.log").write_text("nothing\n")
    assert dialer(copied.folder, "audit", "verify", "--heads", str(copied.folder / "empty.log")).exit_code == 2
