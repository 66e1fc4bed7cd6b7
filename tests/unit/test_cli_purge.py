"""`dialer purge`, `hold` and `holds` as an administrator meets them."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dialer.cli.main import app
from dialer.config import load_campaign, load_dialer
from dialer.control_socket import claim
from dialer.retention import HOUSE_DAYS, Periods, schedule_of

LIST = "合同号,姓名,手机号,欠款金额\nHT-2026-000001,王小明,13912345678,100\nHT-2026-000002,李小红,13912345679,200\n"


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dialer whose list was imported six years ago."""
    place = tmp_path_factory.mktemp("d")
    assert run(place, "init", str(place)).exit_code == 0
    (place / "lists/two.csv").write_text(LIST, encoding="utf-8")
    assert run(place, "import", str(place / "lists/two.csv"), "--list", "demo").exit_code == 0
    with closing(sqlite3.connect(place / "var/dialer.sqlite")) as store, store:
        store.execute("UPDATE import_batches SET at = '2020-01-01T00:00:00.000000Z'")
    return place


def run(folder: Path, *words: str) -> Result:
    environment = {"LC_ALL": "en_US.UTF-8", "COLUMNS": "120", "DIALER_CONFIG": str(folder / "config/dialer.yaml")}
    return CliRunner().invoke(app, list(words), env=environment)


def names(folder: Path) -> list[str]:
    with closing(sqlite3.connect(folder / "var/dialer.sqlite")) as store:
        return [name for (name,) in store.execute("SELECT name FROM debtors ORDER BY debtor_id")]


def test_a_dry_run_a_hold_and_a_purge(folder: Path) -> None:
    assert "Dry run, nothing was removed: 2 debtors" in run(folder, "purge", "--dry-run").stdout
    assert run(folder, "hold", "HT-2026-000001", "on", "--note", "诉讼").exit_code == 0
    (held,) = json.loads(run(folder, "holds", "--json").stdout)
    assert (held["account"], held["note"]) == ("****0001", "诉讼")
    said = run(folder, "purge").stdout
    assert "1 debtors" in said and "kept, legal hold: 1 debtors" in said
    assert names(folder) == ["王小明", ""]
    assert run(folder, "hold", "HT-2026-000001", "off").exit_code == 0
    assert json.loads(run(folder, "purge", "--json").stdout)["debtors"] == 1
    assert names(folder) == ["", ""]
    assert b"13912345678" not in (folder / "var/dialer.sqlite").read_bytes()


def test_the_manifest_is_private_and_its_hash_stands_in_the_audit_log(folder: Path) -> None:
    path = folder / "purge.json"
    told = json.loads(run(folder, "purge", "--manifest", str(path), "--json").stdout)
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == told
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not any(mark in text for mark in ("王小明", "1391234", "HT-2026"))
    with closing(sqlite3.connect(folder / "var/dialer.sqlite")) as store:
        (detail,) = store.execute("SELECT detail FROM audit WHERE action = 'purge.done'").fetchone()
        asked = store.execute("SELECT count(*) FROM audit WHERE action = 'dialer purge'").fetchone()
    assert json.loads(detail)["manifest_sha256"] == sha256(text.rstrip("\n").encode()).hexdigest()
    assert asked == (1,)
    assert run(folder, "audit", "verify").exit_code == 0


def test_while_an_engine_runs_nothing_is_purged(folder: Path) -> None:
    lock = claim(folder / "var/dialer.sock")
    try:
        told = run(folder, "purge")
        assert told.exit_code == 6
        assert "dialer stop" in told.stderr
        assert run(folder, "purge", "--dry-run").exit_code == 0
        assert run(folder, "store", "decrypt").exit_code == 2
    finally:
        os.close(lock)
    assert names(folder) == ["王小明", "李小红"]


def test_a_campaign_whose_period_cannot_be_read_stops_the_purge(folder: Path) -> None:
    (folder / "config/campaigns/broken.yaml").write_text("mode: loud\n")
    assert run(folder, "purge").exit_code == 2
    assert names(folder) == ["王小明", "李小红"]


def test_the_shipped_profiles_say_for_how_long(folder: Path) -> None:
    settings = load_dialer(folder / "config/dialer.yaml", {})
    campaign = load_campaign(folder / "config/campaigns/example-predictive.yaml", settings, {})
    assert [profile.name for profile in campaign.rules.profiles if profile.retention]
    schedule = schedule_of([campaign])
    assert schedule.of([campaign.name]) == Periods(ledger_days=HOUSE_DAYS, recording_days=HOUSE_DAYS)
