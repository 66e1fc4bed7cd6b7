"""`dialer demo-data` and `dialer report portfolio` as people meet them: through the importers, in both languages."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree

import openpyxl
import pytest
from typer.testing import CliRunner, Result

from dialer.access import Role, grant_of
from dialer.cli.main import app

TODAY = "2026-06-18"
REPORT = ("report", "portfolio", "--today", TODAY)


def run(folder: Path, *words: str, lang: str = "en") -> Result:
    environment = {
        "LC_ALL": "zh_CN.UTF-8" if lang == "zh" else "en_US.UTF-8",
        "COLUMNS": "120",
        "DIALER_CONFIG": str(folder / "config/dialer.yaml"),
    }
    return CliRunner().invoke(app, list(words), env=environment)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dialer whose store was filled with a made-up book."""
    place = tmp_path_factory.mktemp("d")
    assert run(place, "init", str(place)).exit_code == 0
    plant = "region=广东,industry=制造业,times=9"
    filled = run(place, "demo-data", "--into-store", "--accounts", "1500", "--today", TODAY, "--plant", plant)
    assert filled.exit_code == 0, filled.stderr
    return place


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    path = folder / "portfolio.html"
    assert run(folder, *REPORT, "--html", str(path)).exit_code == 0
    return path.read_text(encoding="utf-8")


def test_the_files_go_through_the_importers_and_come_out_as_a_report(tmp_path: Path):
    assert run(tmp_path, "init", str(tmp_path)).exit_code == 0
    made = run(tmp_path, "demo-data", "--to", str(tmp_path / "files"), "--accounts", "60", "--today", TODAY, "--json")
    assert made.exit_code == 0, made.stderr
    for one in json.loads(made.stdout):
        path = Path(one["file"])
        to_list = ("--list", "demo") if path.stem == "accounts" else ()
        said = run(tmp_path, "import", path.stem, str(path), *to_list, "--json")
        assert said.exit_code == 0, said.stderr
        assert json.loads(said.stdout)["rejected"] == [], path.stem
    report = json.loads(run(tmp_path, *REPORT, "--json").stdout)
    with closing(sqlite3.connect(tmp_path / "var/dialer.sqlite")) as store:
        (open_loans,) = store.execute(
            "SELECT count(DISTINCT account_id) FROM instalments WHERE paid_on IS NULL OR paid_on > ?", (TODAY,)
        ).fetchone()
        (listed,) = store.execute("SELECT count(*) FROM accounts WHERE list_name = 'demo'").fetchone()
    assert report["standing"]["accounts"] == open_loans > 20
    assert report["standing"]["overdue_rate"]["part"] == listed


def test_the_terminal_tells_the_same_in_both_languages(folder: Path):
    english, chinese = run(folder, *REPORT).stdout, run(folder, *REPORT, lang="zh").stdout
    assert "Clearly worse" in english
    assert "明显更差" in chinese
    assert re.findall(r"\d+\.\d%", english) == re.findall(r"\d+\.\d%", chinese)
    assert "广东 · 制造业" in english


def test_the_page_fetches_nothing_names_nobody_and_every_chart_has_a_name(folder: Path, page: str):
    assert "default-src 'none'" in page
    assert not re.search(r"https?://|<script|<link|@import|url\(", page)
    with closing(sqlite3.connect(folder / "var/dialer.sqlite")) as store:
        people = [name for (name,) in store.execute("SELECT name FROM debtors WHERE length(name) > 2")]
        numbers = [number for (number,) in store.execute("SELECT number FROM phones")]
    assert not [text for text in (*people, *numbers) if text in page]
    drawings = re.findall(r"<svg.*?</svg>", page, re.DOTALL)
    assert len(drawings) >= 12
    for drawing in drawings:
        root = ElementTree.fromstring(drawing)
        assert root.get("aria-label")
        assert root.get("role") == "img"


def test_what_files_say_is_text_on_the_page(tmp_path: Path):
    assert run(tmp_path, "init", str(tmp_path)).exit_code == 0
    assert run(tmp_path, "demo-data", "--into-store", "--accounts", "200", "--today", TODAY).exit_code == 0
    nasty = '<script>alert("x")</script>&'
    with closing(sqlite3.connect(tmp_path / "var/dialer.sqlite")) as store, store:
        store.execute("UPDATE accounts SET industry = ? WHERE industry = '制造业'", (nasty,))
    assert run(tmp_path, *REPORT, "--html", str(tmp_path / "p.html")).exit_code == 0
    text = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_the_tables_hold_every_section_and_the_workbook_the_same(folder: Path, tmp_path: Path):
    tables, workbook = tmp_path / "tables", tmp_path / "p.xlsx"
    assert run(folder, *REPORT, "--csv", str(tables), "--xlsx", str(workbook)).exit_code == 0
    report = json.loads(run(folder, *REPORT, "--json").stdout)
    with (tables / "cells.csv").open(encoding="utf-8-sig", newline="") as file:
        cells = list(csv.DictReader(file))
    assert len(cells) == len(report["cells"])
    assert all(not row["late_ratio"] and not row["outstanding"] for row in cells if row["suppressed"] == "1")
    book = openpyxl.load_workbook(workbook, read_only=True)
    assert len(book.sheetnames) == len(list(tables.iterdir())) >= 11
    assert len(list(book["cells"].iter_rows())) == len(cells) + 1
    chinese = run(folder, *REPORT, "--csv", str(tmp_path / "zh"), lang="zh")
    assert chinese.exit_code == 0
    assert (tmp_path / "zh/cells.csv").read_text(encoding="utf-8-sig").startswith("地区,行业,产品,户数")


def test_a_cell_shows_its_accounts_masked_unless_somebody_may_see_them(folder: Path):
    cell = ("--cell", "region=广东,industry=制造业", "--limit", "5")
    masked = json.loads(run(folder, *REPORT, *cell, "--json").stdout)
    whole = json.loads(run(folder, *REPORT, *cell, "--unmasked", "--json").stdout)
    assert len(masked) == 5
    assert all(row["account_no"].startswith("****") and "*" in row["name"] for row in masked)
    assert all(row["account_no"].startswith("HT") and "*" not in row["name"] for row in whole)
    days = [row["days_past_due"] for row in whole]
    assert days == sorted(days, reverse=True)
    assert days[0] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--cell", "region=火星"), "There are: 上海"),
        (("--cell", "planet=火星"), "region=..., industry=..., product=..."),
        (("--cell", "region="), "region=..., industry=..., product=..."),
    ],
)
def test_a_cell_that_is_none_says_which_there_are(folder: Path, words: tuple[str, ...], said: str):
    told = run(folder, *REPORT, *words)
    assert told.exit_code != 0
    assert said in told.stderr


def test_made_up_people_are_not_put_among_others(folder: Path, tmp_path: Path):
    again = run(folder, "demo-data", "--into-store", "--accounts", "5")
    assert again.exit_code != 0
    assert "has accounts already" in again.stderr
    neither = run(folder, "demo-data", "--accounts", "5")
    assert "--to DIR or --into-store" in neither.stderr
    wrong = run(folder, "demo-data", "--to", str(tmp_path / "x"), "--plant", "industry=太空")
    assert "建筑业" in wrong.stderr
    assert not (tmp_path / "x").exists()


def test_the_report_of_a_campaign_stays_what_it_was(folder: Path):
    told = run(folder, "report", "demo")
    assert told.exit_code == 0
    assert "demo" in told.stdout
    assert "Usage: dialer report portfolio" in run(folder, "report", "portfolio", "--help").stdout


def test_agents_may_not_see_the_portfolio():
    assert Role.AGENT not in grant_of("report portfolio").roles
    assert Role.AUDITOR in grant_of("report portfolio").roles
    assert grant_of("demo-data").roles == {Role.ADMIN, Role.SUPERVISOR}
