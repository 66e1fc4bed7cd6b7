"""Every command, over a store whose people are marked: no output, log or file names them in plain.

A dialer with a list of marked people, calls that ended and one that was recorded, and a running engine; then each
command as a program (`dialer ...`), in both languages and as JSON. What they print and every file in the folder are
searched, but for the store and the lists themselves, which hold people by their nature.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dialer.access import Reach, grant_of
from dialer.cli.guard import commands
from dialer.cli.main import app
from dialer.config import load_campaign, load_dialer
from dialer.control_door import user_name
from dialer.effects import CloseAttempt, SaveAttempt, SaveCallEvent, SaveDisposition
from dialer.leads import Lead, NextStep, Promise
from dialer.store.sqlite import SqliteStore
from dialer.types import (
    AgentId,
    AttemptId,
    CampaignName,
    DispositionCode,
    NextKind,
    Outcome,
    ServerName,
    TrunkName,
)

NAME, NUMBER, OTHER = "欧阳标记", "+8613912345678", "+8613787654321"
IDENTITY, CARD, ACCOUNT = "110101199003074258", "6222020200112233445", "MARK-2026-771234"
SECOND = "MARK-2026-882345"
PLAIN = {
    "name": ("欧阳标记", "标记二号"),
    "number": ("13912345678", "912345678", "139 1234 5678", "139-1234-5678", "13787654321", "787654321"),
    "identity": ("110101199003074258", "199003074", "11010119880101123"),
    "card": ("6222020200112233445", "0200112233", "6222 0202"),
    "account": ("MARK-2026", "771234", "882345"),
}
"""What may stand nowhere. An account shows its last four characters only."""
TYPED = f"电话{NUMBER[3:]}，身份证{IDENTITY}，卡号{CARD}"
"""What somebody may type anywhere; names are only known where a text is about their owner."""
TOLD = f"客户{NAME}，账户{ACCOUNT}，{TYPED}"
LIST = f"""\
合同号,姓名,手机号,手机号2,身份证号,欠款金额,备注,地区
{ACCOUNT},{NAME},{NUMBER[3:]},{OTHER[3:]},{IDENTITY},1200.50,{TOLD},广东
{SECOND},标记二号,{NUMBER[3:-1]}9,,11010119880101123X,90.00,身份证11010119880101123X,广东
MARK-2026-993456,{NAME},139123456,,{IDENTITY},12,号码错误,广东
"""
OWN_DATA = ("dialer.sqlite", "lists")
"""Files that hold people by their nature: 0600 or the user's own."""

ARGUMENTS: dict[str, list[str]] = {
    "init": ["."],
    "doctor": [],
    "import": ["lists/marked.csv", "--list", "demo", "--dry-run"],
    "campaign check": ["demo"],
    "campaign list": [],
    "campaign profiles": [],
    "campaign start": ["demo"],
    "campaign pause": ["demo"],
    "campaign resume": ["demo"],
    "campaign stop": ["demo"],
    "campaign status": [],
    "agent list": [],
    "agent login": ["agent01"],
    "agent logout": ["agent01"],
    "agent ready": ["agent01"],
    "agent pause": ["agent01", "--reason", TYPED],
    "agent accept": ["agent01"],
    "agent skip": ["agent01"],
    "agent dispose": ["agent01", "ptp", "--note", TYPED],
    "agent call": ["agent01", ACCOUNT],
    "board": ["--once"],
    "reload": [],
    "report": ["demo", "--html", "out/report.html"],
    "export attempts": ["--out", "out/attempts.csv"],
    "export accounts": ["--list", "demo", "--out", "out/accounts.csv"],
    "simulate": ["demo", "--agents", "2", "--hours", "0.05", "--seeds", "2", "--jobs", "1"],
    "replay": [],
    "purge": ["--dry-run", "--debtor", ACCOUNT, "--manifest", "out/manifest.json"],
    "hold": [ACCOUNT, "on", "--note", TOLD],
    "holds": [],
    "why": [ACCOUNT],
    "script check": ["--text", TYPED],
    "script list": [],
    "script try": ["--facts", "reason=illness"],
    "script show": [ACCOUNT, "--html", "out/script.html"],
    "script arm": [ACCOUNT],
    "script versions": [],
    "account find": [NAME],
    "account show": [ACCOUNT, "--html", "out/account.html"],
    "assign run": [],
    "assign show": [ACCOUNT],
    "assign override": [ACCOUNT, "agent01", "--reason", TOLD],
    "assign release": [ACCOUNT, "--reason", TOLD],
    "order refresh": [],
    "order show": ["demo"],
    "loan schedule": ["--principal", "12000", "--rate", "12%", "--months", "12", "--first-due", "2026-12-28"],
    "loan check": [ACCOUNT],
    "loan age": [],
    "loan pay": [ACCOUNT, "10.00", "--txn", "T-1", "--channel", "bank"],
    "loan reverse": [ACCOUNT, "T-1"],
    "plan": [ACCOUNT, "--income", "8000", "--offer", "1"],
    "plans list": [],
    "plans show": ["1"],
    "plans approve": ["1"],
    "plans sign": ["1"],
    "plans cancel": ["1", "--reason", TOLD],
    "desk take": [ACCOUNT],
    "desk list": [],
    "desk leave": [ACCOUNT],
    "event post": ["fact", ACCOUNT, "--field", "employer", "--value", "某公司"],
    "events": [],
    "events kinds": [],
    "events webhooks": [],
    "promise terms": [],
    "promise make": [ACCOUNT, "--amount", "12.00", "--due", "2026-12-05"],
    "promise list": [],
    "promise show": ["1"],
    "promise judge": [],
    "promise approve": ["1"],
    "promise renegotiate": ["1", "--amount", "11.00", "--due", "2026-12-06"],
    "promise cancel": ["1", "--reason", TOLD],
    "risk check": [],
    "risk score": [ACCOUNT],
    "risk show": [ACCOUNT],
    "risk react": [],
    "risk train": [],
    "risk models": [],
    "risk promote": ["card-0001", "--reason", TYPED],
    "risk compare": ["card-0001"],
    "risk report": ["--html", "out/risk.html"],
    "alert list": [],
    "alert show": ["1"],
    "alert ack": ["1", "--note", TYPED],
    "report portfolio": ["--html", "out/portfolio.html", "--xlsx", "out/portfolio.xlsx"],
    "demo-data": ["--accounts", "20", "--to", "out/made-up"],
    "audit head": [],
    "audit verify": [],
    "audit export": ["--debtor", ACCOUNT, "--out", "out/audit.json"],
    "stop-calling": [OTHER, "--note", TYPED],
    "allow": [OTHER, "--reason", TYPED],
    "consent": [SECOND, "--until", "2026-12-31", "--note", TYPED],
    "store encrypt": [],
    "store decrypt": [],
    "store rekey": ["--to", "config/secrets/ami"],
    "store new-key": ["out/key"],
    "asterisk render": ["--out", "out/asterisk"],
    "asterisk status": [],
    "carrier status": [],
    "stop": ["--drain", "0"],
}
"""What each command is asked; the order is that of a day."""
MORE: list[list[str]] = [
    ["export", "attempts", "--out", "out/attempts.xlsx"],
    ["why", NUMBER],
    ["script", "show", "MARK-2026-000000"],
    ["script", "show", ACCOUNT, "--as", "contact", "--json"],
    ["why", "MARK-2026-000000"],
    *(
        [*words, asked]
        for words in (
            ["plan"],
            ["assign", "show"],
            ["loan", "check"],
            ["promise", "list", "--account"],
            ["risk", "score"],
            ["script", "show"],
            ["account", "show"],
            ["desk", "take"],
        )
        for asked in ("MARK-2026-000000", NUMBER[4:], NUMBER[5:], NAME, IDENTITY[:-1], IDENTITY[6:15])
    ),
    ["stop-calling", NUMBER, "--flag", "wrong"],
    ["hold", "MARK-2026-000000", "on"],
    ["audit", "export", "--number", NUMBER],
    ["import", "lists/headless.csv", "--list", "demo"],
    ["import", "lists/marked.csv", "--list", "demo", "--map", f"phone={NUMBER[1:]}"],
    ["report", NUMBER[1:]],
    ["agent", "ready", NUMBER],
    ["account", "find", NUMBER[-4:]],
    ["account", "show", NUMBER],
    ["account", "show", ACCOUNT, "--lang", "zh"],
    ["event", "post", "note", ACCOUNT, "--note", TOLD],
    ["event", "post", "complaint", SECOND, "--note", TOLD],
    ["import", "contacts", "lists/headless.csv"],
    ["events", "--json"],
]
"""Other ways and mistakes, with people in what was typed."""
_GZIP = 31  # zlib: a window of 32 KiB, and gzip's header
LEFT_OUT = {
    "events listen": "takes posts until Ctrl-C; what it does with one is what `event post` does",
    "simulate case": "people of the simulator only; minutes",
    "serve": "the engine of this test",
    "run": "as serve",
    "softphone": "becomes another program; its display is the floor's, see test_floor_privacy",
    "asterisk install": "knows no people",
    "asterisk up": "knows no people",
    "asterisk down": "knows no people",
    "carrier up": "the simulated network, which nobody real is called through",
    "carrier down": "as carrier up",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    place = tmp_path_factory.mktemp("p")
    assert dialer(place, "init", ".").exit_code == 0
    (place / "out").mkdir()
    (place / "lists/marked.csv").write_text(LIST, encoding="utf-8")
    (place / "lists/headless.csv").write_text("\n".join(LIST.split("\n")[1:]), encoding="utf-8")
    told = dialer(place, "import", "lists/marked.csv", "--list", "demo")
    assert told.exit_code == 0, told.output
    said = [told.output]
    _live(place)
    engine = subprocess.Popen(
        [Path(sys.executable).with_name("dialer"), "serve", "--launch", "demo"],
        cwd=place,
        env=os.environ | _variables("en_US.UTF-8"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        _wait_for(place)
        yield place
    finally:
        engine.terminate()
        output, _ = engine.communicate(timeout=30)
        said.append(output)
    for text in said:
        assert leaks(text) == [], text


def _variables(lang: str) -> dict[str, str]:
    return {"LC_ALL": lang, "COLUMNS": "400", "DIALER_CONFIG": "config/dialer.yaml", "NO_COLOR": "1"}


def dialer(place: Path, *words: str, lang: str = "en_US.UTF-8") -> Result:
    """A command in this process, which is faster than one of its own, with the folder as its working directory."""
    cleared: dict[str, str | None] = {key: None for key in os.environ if key.startswith(("DIALER_", "LC_", "LANG"))}
    with contextlib.chdir(place):
        return CliRunner().invoke(app, list(words), env=cleared | _variables(lang))


def _wait_for(place: Path) -> None:
    until_s = time.monotonic() + 30.0
    while dialer(place, "board", "--once").exit_code != 0:
        assert time.monotonic() < until_s, "the engine did not come up"


def _live(place: Path) -> None:
    """A call to each of the marked people, with notes that say everything."""
    settings = load_dialer(place / "config/dialer.yaml", {})
    campaign = load_campaign(place / "config/campaigns/demo.yaml", settings, {})
    at = datetime.now(UTC) - timedelta(hours=3)
    with closing(SqliteStore.open(settings.store_path)) as store:
        leads = store.lease(campaign, limit=10, at=at, lease_s=60.0, engine="e").leads
        assert {lead.debtor_name for lead in leads} == {NAME, "标记二号"}
        for number, lead in enumerate(leads):
            _call(store, lead, AttemptId(f"att-{number}"), at)
        store.release_leases("e")


def _call(store: SqliteStore, lead: Lead, attempt_id: AttemptId, at: datetime) -> None:
    placed = SaveAttempt(
        attempt_id=attempt_id,
        campaign=CampaignName("demo"),
        lead=lead,
        server=ServerName("local"),
        trunk=TrunkName("carrier"),
        caller_id="+862100000101",
        permit_rules=("hours",),
        at=at,
    )
    told = f"客户{lead.debtor_name}，账户{lead.account_no}，电话{lead.number}，{TYPED}"
    event = SaveCallEvent(attempt_id=attempt_id, at=at, event="call.talking", detail=told)
    over = CloseAttempt(
        attempt_id=attempt_id,
        at=at + timedelta(seconds=90),
        outcome=Outcome.BRIDGED,
        cause=16,
        agent_id=AgentId("agent01"),
        ringing_s=1.0,
        answered_s=5.0,
        bridged_s=5.1,
        talk_s=60.0,
        ended_s=66.0,
        wait_s=0.1,
        connect_ms=100.0,
    )
    concluded = SaveDisposition(
        attempt_id=attempt_id,
        campaign=CampaignName("demo"),
        lead=lead,
        at=at + timedelta(seconds=95),
        agent_id=AgentId("agent01"),
        code=DispositionCode("promise"),
        outcome=Outcome.BRIDGED,
        by="dtmf",
        stop=None,
        conversation=True,
        right_party=True,
        promise=Promise(amount=Decimal("10.00"), due_on=at.date()),
        note=told,
        next_step=NextStep(kind=NextKind.HOLD, at=at + timedelta(days=3), rule="promise", reason=told),
    )
    store.apply([placed])
    store.apply([event, over, concluded])


def leaks(text: str) -> list[str]:
    return [f"{kind}: {mark}" for kind, marks in PLAIN.items() for mark in marks if mark in text]


def test_the_marks_are_found_where_they_stand_in_plain() -> None:
    assert {one.partition(":")[0] for one in leaks(LIST)} == set(PLAIN)


def test_every_command_is_asked_or_left_out_for_a_reason() -> None:
    assert set(commands(app)) <= set(ARGUMENTS) | set(LEFT_OUT)


def test_no_command_names_anybody_in_plain(folder: Path) -> None:
    known = commands(app)
    asked = [[*command.split(), *words] for command, words in ARGUMENTS.items() if command in known]
    more = [words for words in MORE if words[0] in known or " ".join(words[:2]) in known]
    found = []
    for words in [*asked[:-1], *more, asked[-1]]:
        for language, flags in (("en_US.UTF-8", []), ("zh_CN.UTF-8", ["--json"])):
            told = dialer(folder, *words, *flags, lang=language)
            found += [f"{' '.join(words[:2])} {flags}: {leak}" for leak in leaks(told.output)]
            assert told.exception is None or isinstance(told.exception, SystemExit), (words, told.exc_info)
    assert found == [], "\n".join(found)


def test_every_request_of_the_day_is_on_record_and_the_log_is_whole(folder: Path) -> None:
    assert dialer(folder, "audit", "verify").exit_code == 0
    with closing(sqlite3.connect(folder / "var/dialer.sqlite")) as store:
        rows = store.execute("SELECT action, actor, role, detail FROM audit WHERE role <> ''").fetchall()
    recorded = {action for action, *_ in rows}
    asked = {f"dialer {name}" for name in ARGUMENTS if grant_of(name).reach is Reach.FILES}
    assert asked - {"dialer store encrypt", "dialer store decrypt", "dialer store rekey"} <= recorded  # those failed
    assert {"board.get", "campaign.pause", "agent.pause", "agent.list", "engine.reload", "stop.add"} <= recorded
    by = {(actor, role) for action, actor, role, _ in rows if action.startswith(("dialer ", "board.", "engine."))}
    assert by == {(user_name(os.geteuid()), "admin")}
    assert leaks(str(rows)) == []


def test_no_file_names_anybody_in_plain(folder: Path) -> None:
    """Logs, facts, exports, pages, manifests; after all commands."""
    searched, found = 0, []
    for path in sorted(folder.rglob("*")):
        own = path.relative_to(folder).parts
        if not path.is_file() or any(part.startswith(OWN_DATA) for part in own):
            continue
        searched += 1
        found += [f"{path.name}: {leak}" for leak in leaks(_text(path))]
    assert found == [], "\n".join(found)
    assert searched > 15
    assert (folder / "var/dialer.log").stat().st_size > 0
    assert any(path.stat().st_size for path in (folder / "var/facts").iterdir())


def _text(path: Path) -> str:
    """What a file holds, unpacked."""
    content = path.read_bytes()
    if content.startswith(b"\x1f\x8b"):
        content = zlib.decompressobj(_GZIP).decompress(content)  # as far as it is written
    if content.startswith(b"PK"):
        with zipfile.ZipFile(path) as book:
            content = b"\n".join(book.read(name) for name in book.namelist())
    return content.decode("utf-8", errors="replace")
