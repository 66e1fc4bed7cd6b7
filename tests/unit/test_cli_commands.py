"""The command line as people and scripts meet it."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner, Result

from control_cases import A01, M1, SNAPSHOT, FakeFloor
from dialer.cli.errors import hoist
from dialer.cli.exports import write_csv, write_xlsx
from dialer.cli.main import app
from dialer.cli.panels import PANELS
from dialer.cli.session import Session
from dialer.control import ControlServer
from dialer.control_client import snapshot_from_json
from dialer.effects import Report
from dialer.facts import AgentTold, CampaignTold, DispositionTold
from dialer.leads import Promise
from dialer.types import AgentId, CampaignState, DispositionCode

DEMO = "demo"
AGENT = AgentId("agent01")


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `dialer init` filled."""
    place = tmp_path_factory.mktemp("d")
    assert run("init", str(place)).exit_code == 0
    return place


def run(*words: str, lang: str = "en_US.UTF-8") -> Result:
    environment = {"LC_ALL": lang, "COLUMNS": "120", "DIALER_CONFIG": None, "TERM": "dumb", "NO_COLOR": "1"}
    result = CliRunner().invoke(app, list(words), env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def run_in(folder: Path, *words: str, lang: str = "en_US.UTF-8") -> Result:
    return run("--config", str(folder / "config/dialer.yaml"), *words, lang=lang)


@contextmanager
def engine(folder: Path, floor: FakeFloor) -> Iterator[FakeFloor]:
    """A control socket where the settings of `folder` say, in a thread of its own."""
    path = Session(config=folder / "config/dialer.yaml").settings.control_path
    ready, leave = threading.Event(), threading.Event()

    async def serve() -> None:
        async with ControlServer(path, floor):
            ready.set()
            await asyncio.to_thread(leave.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(5.0)
    try:
        yield floor
    finally:
        leave.set()
        thread.join()


# --- init ----------------------------------------------------------------------------------------------


def test_init_makes_settings_that_load_and_secrets_that_only_the_owner_reads(folder: Path) -> None:
    session = Session(config=folder / "config/dialer.yaml")
    assert session.settings.agents[0].id == "agent01"
    for name in session.campaign_names():
        session.campaign(name)
    secrets = sorted((folder / "config/secrets").iterdir())
    assert len({path.read_text() for path in secrets}) == len(secrets) >= 8
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}


def test_init_never_overwrites_and_fills_what_is_missing(folder: Path) -> None:
    settings, secret = folder / "config/dialer.yaml", folder / "config/secrets/ami"
    settings.write_text(settings.read_text() + "# mine\n")
    before = secret.read_text()
    (folder / "config/secrets/agent02").unlink()
    result = json.loads(run("init", str(folder), "--json").stdout)
    assert result["made"] == [str(folder / "config/secrets/agent02")]
    assert settings.read_text().endswith("# mine\n")
    assert secret.read_text() == before


# --- errors --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("campaign", "start", "nope"), 2, "There are: demo"),
        (("agent", "ready", "nobody"), 2, "agent01"),
        (("agent", "ready", "agent01"), 6, "start one with `dialer serve`"),
        (("stop",), 6, "No engine is running"),
        (("report", "demo"), 3, "dialer.sqlite"),
        (("import", "nofile.csv", "--list", "x"), 4, "nofile.csv"),
        (("import", "nofile.csv", "--list", "x", "--map", "bogus"), 4, "FIELD=HEADER"),
    ],
)
def test_what_people_can_mend_is_one_sentence_with_its_code(
    folder: Path, words: tuple[str, ...], code: int, says: str
) -> None:
    told = run_in(folder, *words)
    assert told.exit_code == code
    assert says in told.stderr
    assert "Traceback" not in told.output
    assert not told.stdout
    as_json = run_in(folder, *words, "--json")
    assert as_json.exit_code == code
    error = json.loads(as_json.stderr)["error"]
    assert says in error["message"]
    assert error["exit_code"] == code


@pytest.mark.parametrize("words", [("campaign",), ("agent", "ready"), ("board", "--bogus"), ("nonsense",)])
def test_wrong_usage_is_2(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_a_broken_settings_file_names_its_lines(folder: Path) -> None:
    path = folder / "config/dialer.yaml"
    path.write_text(path.read_text().replace("region: CN", "region: china"))
    told = run_in(folder, "campaign", "check", "demo")
    assert told.exit_code == 2
    line = 1 + path.read_text().split("\n").index(
        next(text for text in path.read_text().split("\n") if text.startswith("region: china"))
    )
    assert f"dialer.yaml:{line}: region" in told.stderr


def test_the_interrupt_key_leaves_with_130(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Session) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Session, "client", interrupted)
    assert run_in(folder, "reload").exit_code == 130


def test_a_file_that_cannot_be_written_is_named(folder: Path) -> None:
    assert run_in(folder, "import", str(folder / "lists/sample.csv"), "--list", "demo").exit_code == 0
    told = run_in(folder, "export", "accounts", "--list", "demo", "--out", "/proc/nowhere/a.csv")
    assert (told.exit_code, told.stderr) == (1, "/proc/nowhere/a.csv: No such file or directory.\n")


@pytest.mark.parametrize(
    ("words", "moved"),
    [
        (["doctor", "--json"], ["--json", "doctor"]),
        (["a", "--lang", "zh", "b", "--config=x"], ["--lang", "zh", "--config=x", "a", "b"]),
        (["a", "--", "--json"], ["a", "--", "--json"]),
        (["a", "--lang"], ["--lang", "a"]),
    ],
)
def test_global_options_may_stand_anywhere(words: list[str], moved: list[str]) -> None:
    assert hoist(words) == moved


def test_every_command_has_a_help_text_with_an_example() -> None:
    groups = {"": app, **{group.name or "": group.typer_instance for group in app.registered_groups}}
    seen = 0
    for prefix, group in groups.items():
        assert group is not None
        for command in group.registered_commands:
            name = command.name or (command.callback.__name__ if command.callback else "")
            assert command.callback is not None and command.callback.__doc__, name
            assert (command.epilog or "").startswith(f"Example: dialer {prefix} {name}".replace("  ", " ")), name
            seen += 1
    assert seen > 30


def test_the_version_is_told() -> None:
    assert run("--version").stdout.startswith("dialer 0.")


# --- campaigns and agents ------------------------------------------------------------------------------


def test_a_campaign_is_told_in_the_language_of_the_reader(folder: Path) -> None:
    assert "Pacing" in run_in(folder, "campaign", "check", "demo").stdout
    assert "拨号节奏" in run_in(folder, "campaign", "check", "demo", lang="zh_CN.UTF-8").stdout
    assert "拨号节奏" in run_in(folder, "campaign", "check", "demo", "--lang", "zh").stdout


def test_the_list_of_campaigns_says_which_file_is_wrong(folder: Path) -> None:
    (folder / "config/campaigns/broken.yaml").write_text("mode: loud\n")
    rows = {row["name"]: row for row in json.loads(run_in(folder, "campaign", "list", "--json").stdout)}
    assert "broken.yaml" in rows["broken"]["problem"]
    assert rows["demo"]["problem"] == ""


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        (("campaign", "pause", "m1"), CampaignTold(campaign=M1, state=CampaignState.PAUSED)),
        (("campaign", "resume", "m1"), CampaignTold(campaign=M1, state=CampaignState.RUNNING)),
        (("agent", "pause", "agent01", "--reason", "用餐"), AgentTold(agent_id=AGENT, wish="pause", reason="用餐")),
        (("agent", "skip", "agent01"), AgentTold(agent_id=AGENT, wish="skip")),
        (
            ("agent", "dispose", "agent01", "promise", "--amount", "1200.50", "--due", "2026-03-09"),
            DispositionTold(
                agent_id=AGENT,
                code=DispositionCode("promise"),
                promise=Promise(amount=Decimal("1200.50"), due_on=date(2026, 3, 9)),
            ),
        ),
        (
            ("agent", "dispose", "agent01", "callback", "--callback", "2026-03-09 15:00", "--note", "下午"),
            DispositionTold(
                agent_id=AGENT,
                code=DispositionCode("callback"),
                callback_at=datetime(2026, 3, 9, 7, 0, tzinfo=UTC),
                note="下午",
            ),
        ),
    ],
)
def test_a_command_reaches_the_engine_as_its_fact(folder: Path, words: tuple[str, ...], fact: object) -> None:
    with engine(folder, FakeFloor()) as floor:
        result = run_in(folder, *words)
    assert result.exit_code == 0, result.stderr
    assert floor.facts == [fact]
    assert "m1: paused" in result.stdout  # what the engine reported


def test_a_refusal_of_the_engine_is_passed_on(folder: Path) -> None:
    floor = FakeFloor()
    floor.reports = (Report(event="request.refused", fields={"message": "agent01 is not here"}, level="error"),)
    with engine(folder, floor):
        told = run_in(folder, "agent", "ready", "agent01")
    assert (told.exit_code, told.stderr) == (6, "agent01 is not here\n")


def test_a_campaign_with_a_mistake_is_not_sent_to_the_engine(folder: Path) -> None:
    (folder / "config/campaigns/broken.yaml").write_text("mode: loud\n")
    with engine(folder, FakeFloor()) as floor:
        assert run_in(folder, "campaign", "start", "broken").exit_code == 2
        assert run_in(folder, "campaign", "start", "demo").exit_code == 0
    assert floor.launched == ["demo"]


def test_the_board_without_a_terminal_is_a_line_and_in_json_a_snapshot(folder: Path) -> None:
    with engine(folder, FakeFloor()):
        plain = run_in(folder, "board", "--once").stdout
        exact = run_in(folder, "board", "--once", "--json").stdout
        agents = run_in(folder, "agent", "list", lang="zh_CN").stdout
        status = run_in(folder, "campaign", "status", "m1").stdout
    assert plain.startswith("17:30:00 | agents 2 online 1 talking 0 ready | m1 running dialled 10")
    assert plain.count("\n") == 1
    assert snapshot_from_json(json.loads(exact)) == SNAPSHOT
    assert "李娜" in agents and "通话" in agents and "午餐" in agents
    assert "m1" in status and "81%" in status
    assert A01 not in status


def test_stop_waits_until_the_engine_is_gone(folder: Path) -> None:
    class Stopping(FakeFloor):
        def stop(self, *, drain_s: float) -> None:
            super().stop(drain_s=drain_s)
            leave.set()

    leave = threading.Event()
    floor = Stopping()
    with engine(folder, floor):
        result = run_in(folder, "stop", "--drain", "3", "--no-wait", "--json")
    assert leave.is_set()
    assert floor.drain_s == 3.0
    assert json.loads(result.stdout) == {"stopped": False}


# --- lists, reports, exports ---------------------------------------------------------------------------


def test_a_dry_run_writes_nothing_and_an_import_twice_changes_nothing(folder: Path) -> None:
    sample = str(folder / "lists/sample.csv")
    dry = json.loads(run_in(folder, "import", sample, "--list", "demo", "--dry-run", "--json").stdout)
    assert (dry["accounts"], dry["imported"]) == (8, None)
    assert not (folder / "var/dialer.sqlite").exists()
    first = json.loads(run_in(folder, "import", sample, "--list", "demo", "--json").stdout)
    again = json.loads(run_in(folder, "import", sample, "--list", "demo", "--json").stdout)
    assert first["imported"] == {"added": 8, "updated": 0, "unchanged": 0}
    assert again["imported"] == {"added": 0, "updated": 0, "unchanged": 8}


def test_bad_rows_are_shown_counted_and_written_to_be_mended(folder: Path) -> None:
    path, rejects = folder / "bad.csv", folder / "rejects.csv"
    path.write_text("合同号,姓名,手机号,逾期金额\nA1,王一,13900000001,10\nA2,李二,123,10\nA3,张三,13900000003,x\n")
    told = run_in(folder, "import", str(path), "--list", "demo", "--rejects", str(rejects))
    assert told.exit_code == 0
    assert "1 added" in told.stdout
    assert "2 rows rejected" in told.stdout
    with rejects.open(encoding="utf-8-sig") as file:
        assert [row["合同号"] for row in csv.DictReader(file)] == ["A2", "A3"]


def test_a_header_can_be_mapped(folder: Path) -> None:
    path = folder / "odd.csv"
    path.write_text("合同号,姓名,怎么打,逾期金额\nA1,王一,13900000001,10\n")
    assert run_in(folder, "import", str(path), "--list", "demo").exit_code == 4
    assert run_in(folder, "import", str(path), "--list", "demo", "--map", "phone=怎么打").exit_code == 0


def test_exports_mask_people_unless_told_otherwise(folder: Path) -> None:
    run_in(folder, "import", str(folder / "lists/sample.csv"), "--list", "demo")
    for flags, name, number in (((), "王*", "+86 154****0001"), (("--unmasked",), "王小明", "+8615400000001")):
        out = folder / "accounts.csv"
        assert run_in(folder, "export", "accounts", "--list", "demo", "--out", str(out), *flags).exit_code == 0
        with out.open(encoding="utf-8-sig") as file:
            row = next(csv.DictReader(file))
        assert (row["debtor_name"], row["number"], row["amount_due"]) == (name, number, "1280.50")


def test_no_cell_of_an_export_is_run_by_a_spreadsheet(tmp_path: Path) -> None:
    rows = [{"remark": "=cmd|' /C calc'!A0", "amount": Decimal("-12.50"), "number": "+86 139****1234"}]
    assert write_csv(tmp_path / "a.csv", iter(rows)) == 1
    with (tmp_path / "a.csv").open(encoding="utf-8-sig") as file:
        assert list(csv.reader(file))[1] == ["'=cmd|' /C calc'!A0", "-12.50", "+86 139****1234"]
    assert write_xlsx(tmp_path / "a.xlsx", iter(rows)) == 1
    sheet = load_workbook(tmp_path / "a.xlsx").active
    assert sheet is not None
    assert [cell.data_type for cell in sheet[2]] == ["s", "n", "s"]


# --- completion ----------------------------------------------------------------------------------------


def completed(folder: Path, words: str) -> str:
    environment = {
        "_DIALER_COMPLETE": "complete_bash",
        "COMP_WORDS": f"dialer {words}",
        "COMP_CWORD": str(len(words.split())),
        "DIALER_CONFIG": str(folder / "config/dialer.yaml"),
    }
    return CliRunner().invoke(app, [], prog_name="dialer", env={**os.environ, **environment}).stdout


def test_names_of_campaigns_and_agents_are_completed(folder: Path) -> None:
    assert completed(folder, "campaign check d").split() == ["demo"]
    assert completed(folder, "agent ready agent0").split()[:2] == ["agent01", "agent02"]
    (folder / "config/dialer.yaml").write_text("nonsense")
    assert completed(folder, "agent ready agent0").strip() == ""


# --- stops ---------------------------------------------------------------------------------------------


def listed(folder: Path) -> None:
    path = folder / "list.csv"
    path.write_text("账户编号,姓名,手机号,欠款金额\nA-1,王芳,13900000001,100\nA-2,李娜,13900000002,100\n", "utf-8")
    assert run_in(folder, "import", str(path), "--list", "demo").exit_code == 0


def stop_changes(folder: Path) -> list[tuple[str, str]]:
    settings = Session(config=folder / "config/dialer.yaml").settings
    with closing(sqlite3.connect(settings.store_path)) as store:
        return store.execute("SELECT change, note FROM stop_changes ORDER BY change_id").fetchall()


def test_calls_are_stopped_and_allowed_without_an_engine_and_both_are_on_record(folder: Path) -> None:
    listed(folder)
    assert run_in(folder, "stop-calling", "A-1", "--flag", "dispute", "--note", "letter").exit_code == 0
    assert run_in(folder, "stop-calling", "+8613900000002").exit_code == 0
    assert run_in(folder, "consent", "A-1", "--until", "2099-01-01").exit_code == 0
    allowed = run_in(folder, "allow", "A-1", "--reason", "settled")
    assert allowed.exit_code == 0 and "1 stops were lifted" in allowed.stdout
    assert stop_changes(folder) == [("stopped", "letter"), ("stopped", ""), ("consented", ""), ("allowed", "settled")]


def test_a_running_engine_is_told_to_stop_calling(folder: Path) -> None:
    listed(folder)
    with engine(folder, FakeFloor()) as floor:
        result = run_in(folder, "stop-calling", "A-1", "--flag", "deceased")
    assert "2 in preparation were taken back" in result.stdout
    assert floor.orders.ordered[0][:3] == ("stop", "A-1", "deceased")
    assert stop_changes(folder) == [], "the engine writes it, not the command"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("stop-calling", "A-1", "--flag", "tired"), 3, "no stop flag"),
        (("stop-calling", "A-9"), 3, "no account A-9"),
        (("allow", "A-1"), 2, "--reason"),
        (("consent", "A-1"), 2, "--until or --withdraw"),
    ],
)
def test_an_order_that_cannot_be_is_explained(folder: Path, words: tuple[str, ...], code: int, says: str) -> None:
    listed(folder)
    result = run_in(folder, *words)
    assert result.exit_code == code
    assert says in result.output


def test_help_lists_every_command_under_the_heading_of_what_one_comes_to_do() -> None:
    told = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "120"}).output
    headings = [heading.split()[0] for heading in PANELS]
    places = [told.index(f"╭─ {heading} ") for heading in headings]
    assert places == sorted(places)
    assert "╭─ Commands " not in told
