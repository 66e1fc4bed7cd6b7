"""`dialer event post`, `events`, `promise` and `desk` as their users run them: right, wrong, zh, en, by every role."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

from dialer.access import Role
from dialer.account_events import EventKind
from dialer.cli.event_text import WORDS
from dialer.cli.main import app
from dialer.store.sqlite import SqliteStore

TOKENS = {role: f"token-of-{role}" for role in Role}
DUE = (datetime.now(tz=ZoneInfo("Asia/Shanghai")) + timedelta(days=5)).date().isoformat()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    assert run(tmp_path, "init", str(tmp_path)).exit_code == 0
    listed = run(tmp_path, "import", str(tmp_path / "lists/sample.csv"), "--list", "demo")
    assert listed.exit_code == 0, listed.output
    yield tmp_path


def run(folder: Path, *words: str, role: Role | None = None, lang: str = "en", stdin: str = "") -> Result:
    environment = {
        "LC_ALL": "en_US.UTF-8" if lang == "en" else "zh_CN.UTF-8",
        "COLUMNS": "120",
        "DIALER_CONFIG": str(folder / "config/dialer.yaml"),
        "DIALER_TOKEN": None if role is None else TOKENS[role],
        "NO_COLOR": "1",
    }
    return CliRunner().invoke(app, list(words), env=environment, input=stdin)


def with_users(folder: Path) -> Path:
    users = ""
    for role, token in TOKENS.items():
        secret = folder / f"config/secrets/token_{role}"
        secret.touch(mode=0o600)
        secret.write_text(token)
        users += f"  {role}:\n    role: {role}\n    token: !file secrets/token_{role}\n"
        users += "    agent: agent01\n" if role is Role.AGENT else ""
    settings = folder / "config/dialer.yaml"
    settings.write_text(settings.read_text() + "\nusers:\n" + users)
    return folder


def events(folder: Path, *words: str) -> list[dict[str, object]]:
    told = run(folder, "events", "--after", "0", "--json", *words)
    assert told.exit_code == 0, told.output
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_what_is_posted_is_in_the_stream_masked_and_filtered(folder: Path) -> None:
    paid = run(folder, "event", "post", "payment", "DEMO-0001", "--amount", "100", "--txn", "T1", "--json")
    (one,) = json.loads(paid.stdout)["events"]
    assert one["kind"] == "payment.received"
    assert run(folder, "event", "post", "refusal", "DEMO-0002", "--note", "13912345678").exit_code == 0
    (payment,) = events(folder, "--kind", "payment.*")
    assert (payment["account"], payment["payload"]["amount"]) == ("****0001", "100.00")  # type: ignore[index]
    (stop,) = events(folder, "--account", "DEMO-0002")
    assert (stop["kind"], stop["payload"]) == ("stop.added", {"flag": "refused", "of": "debtor"})
    assert events(folder, "--account", "DEMO-0002", "--unmasked")[0]["account"] == "DEMO-0002"
    assert [one["seq"] for one in events(folder, "--count", "2")] == [1, 2]


def test_json_lines_are_taken_one_by_one_and_the_wrong_ones_are_named(folder: Path) -> None:
    lines = [
        '{"kind":"payment","account":"DEMO-0001","amount":5,"txn_id":"T1","key":"k1"}',
        '{"kind":"payment","account":"DEMO-0001","amount":5,"txn_id":"T1","key":"k1"}',
        "",
        '{"kind":"payment","account":"DEMO-9999","amount":5,"txn_id":"T2"}',
        "nonsense",
        '{"kind":"fact","account":"DEMO-0001","field":"income_monthly","value":8000}',
    ]
    told = run(folder, "event", "post", "-", "--json", stdin="\n".join(lines))
    answers = [json.loads(line) for line in told.stdout.splitlines()]
    assert [answer.get("duplicate") for answer in answers] == [False, True, None, None, False]
    assert [answer["error"]["line"] for answer in answers if "error" in answer] == [4, 5]
    assert told.exit_code == 4


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("event", "post", "paymnt", "DEMO-0001"), 4, "Did you mean payment?"),
        (("event", "post", "payment", "DEMO-0001", "--amount", "5"), 4, "needs txn_id"),
        (("event", "post", "refusal", "DEMO-77"), 3, "There is no account ****77"),
        (("events", "--kind", "promse.made"), 2, "Did you mean promise.made?"),
        (("promise", "make", "DEMO-0001", "--amount", "x", "--due", DUE), 4, "is no amount"),
        (("promise", "make", "DEMO-0001", "--amount", "5", "--due", "2020-01-01"), 3, "has passed"),
        (("promise", "show", "99"), 3, "There is no promise 99"),
        (("promise", "list", "--status", "brokn"), 2, "There is no status brokn"),
        (("desk", "take", "DEMO-0001", "--for", "2d"), 3, "at most 8 hours"),
        (("events", "listen"), 2, "names no source"),
    ],
)
def test_what_is_wrong_is_said_with_its_cure(folder: Path, words: tuple[str, ...], code: int, says: str) -> None:
    told = run(folder, *words)
    assert (told.exit_code, says in told.output) == (code, True), told.output


def test_a_promise_from_making_to_its_end_in_both_languages(folder: Path) -> None:
    made = json.loads(run(folder, "promise", "make", "DEMO-0003", "--amount", "500", "--due", DUE, "--json").stdout)
    assert (made["status"], made["amount"], made["due_on"]) == ("open", "500.00", DUE)
    shown = json.loads(run(folder, "promise", "show", str(made["promise"]), "--json").stdout)
    assert shown["next_dial_is_reminder"] is True
    assert "未到期" in run(folder, "promise", "list", lang="zh").output
    again = run(folder, "promise", "renegotiate", str(made["promise"]), "--amount", "300", "--due", DUE, "--json")
    second = json.loads(again.stdout)["promise"]
    assert json.loads(run(folder, "promise", "show", str(made["promise"]), "--json").stdout)["replaced_by"] == second
    assert run(folder, "event", "post", "payment", "DEMO-0003", "--amount", "300", "--txn", "T1").exit_code == 0
    assert "kept" in run(folder, "promise", "show", str(second)).output
    assert "cannot be cancelled" in run(folder, "promise", "cancel", str(second), "--reason", "x").output
    assert json.loads(run(folder, "promise", "judge", "--json").stdout) == {"changed": 0}


def test_why_and_the_waterfall_tell_of_promises_and_desks(folder: Path) -> None:
    run(folder, "promise", "make", "DEMO-0003", "--amount", "500", "--due", DUE)
    run(folder, "desk", "take", "DEMO-0004")
    (promised,) = json.loads(run(folder, "why", "DEMO-0003", "--campaign", "demo", "--json").stdout)
    assert promised["campaigns"][0]["blocks"][0]["rule"] == "promise.reminder"
    assert [one["status"] for one in promised["promises"]] == ["open"]
    (seated,) = json.loads(run(folder, "why", "DEMO-0004", "--campaign", "demo", "--json").stdout)
    assert seated["campaigns"][0]["blocks"][0]["rule"] == "desk"
    zh = run(folder, "why", "DEMO-0004", "--campaign", "demo", lang="zh").output.replace("\n", "")
    assert "正在处理该债务人" in zh
    (status,) = json.loads(run(folder, "campaign", "status", "demo", "--json").stdout)
    steps = {step["step"]: step["count"] for step in status["waterfall"]["steps"]}
    assert (steps["promise"], steps["desk"]) == (1, 1)


def test_two_people_cannot_have_one_debtor_and_each_role_may_what_it_should(folder: Path) -> None:
    with_users(folder)
    assert run(folder, "desk", "take", "DEMO-0001", role=Role.AGENT).exit_code == 0
    second = run(folder, "desk", "take", "DEMO-0001", role=Role.SUPERVISOR)
    assert (second.exit_code, "agent01 has worked on this debtor since" in second.output) == (3, True)
    assert run(folder, "desk", "take", "DEMO-0001", role=Role.AUDITOR).exit_code == 9
    assert run(folder, "desk", "leave", "DEMO-0001", "--force", role=Role.SUPERVISOR).exit_code == 0
    assert run(folder, "desk", "take", "DEMO-0001", "--as", "agent02", role=Role.AGENT).exit_code == 9
    words = ("event", "post", "payment", "DEMO-0001", "--amount", "5", "--txn", "T")
    assert run(folder, *words, role=Role.AGENT).exit_code == 9
    assert run(folder, *words, role=Role.SUPERVISOR).exit_code == 0
    made = run(folder, "event", "post", "promise", "DEMO-0002", "--amount", "9", "--due", DUE, role=Role.AGENT)
    assert made.exit_code == 0, made.output
    (promise,) = events_as(folder, Role.AGENT, "--kind", "promise.made")
    assert (promise["actor"], promise["payload"]["agent"]) == ("agent01", "agent01")  # type: ignore[index]
    assert run(folder, "promise", "cancel", "1", "--reason", "x", role=Role.AGENT).exit_code == 9


def events_as(folder: Path, role: Role, *words: str) -> list[dict[str, object]]:
    told = run(folder, "events", "--after", "0", "--json", *words, role=role)
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_who_follows_sees_what_another_process_tells_and_reads_on_where_it_stopped(folder: Path) -> None:
    last = int(str(events(folder)[-1]["seq"])) if events(folder) else 0

    def tell() -> None:
        with closing(SqliteStore.open(folder / "var/dialer.sqlite")) as store:
            store.add_stop("DEMO-0005", "complaint", by="boss", at=datetime.now(tz=UTC))

    teller = threading.Timer(0.3, tell)
    teller.start()
    told = run(folder, "events", "--follow", "--after", str(last), "--count", "1", "--json")
    teller.join()
    (event,) = [json.loads(line) for line in told.stdout.splitlines()]
    assert (event["kind"], event["seq"]) == ("stop.added", last + 1)
    assert events(folder, "--after", str(last + 1)) == []


def test_a_mistake_in_the_settings_is_told_with_file_line_and_key(folder: Path) -> None:
    promises = folder / "config/promises.yaml"
    promises.write_text(promises.read_text().replace("kept_from: 95%", "kept_from: 195%").replace("grace:", "grase:"))
    told = run(folder, "promise", "terms")
    assert told.exit_code == 2
    assert "promises.yaml:5: grase: this key is not known. Did you mean grace?" in told.output.replace("\n", "")
    hooks = folder / "config/webhooks.yaml"
    hooks.write_text(
        "webhooks:\n  a:\n    url: http://bank.example.com/x\n    secret: abcdefgh\n    kinds: [promse.*]\n"
    )
    told = run(folder, "events", "webhooks")
    flat = told.output.replace("\n", "")
    assert "webhooks.yaml:3: webhooks.a.url" in flat
    assert "webhooks.yaml:4: webhooks.a.secret: a secret must not be written in this file" in flat


def test_every_kind_has_words_in_both_languages() -> None:
    assert set(WORDS) == set(EventKind)
    assert len({zh for zh, _ in WORDS.values()}) == len({en for _, en in WORDS.values()}) == len(EventKind)
