"""Settings files: what is shipped loads, and everything wrong is named by file, line, key and remedy."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from pathlib import Path

import pytest

from dialer.campaigns.describe import describe
from dialer.config import SettingsFileError, load_campaign, load_campaigns, load_dialer
from dialer.errors import SettingsError
from dialer.settings import CampaignSettings, DialerSettings, Window
from dialer.types import NextKind, Outcome

REPOSITORY = Path(__file__).parents[2]
SECRETS = ("ami", "witness", "supervisor01", *(f"agent0{number}" for number in range(1, 7)))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A copy of the shipped settings with secrets as `dialer init` makes them."""
    folder = tmp_path / "config"
    shutil.copytree(REPOSITORY / "config", folder, ignore=shutil.ignore_patterns("secrets"))
    (folder / "secrets").mkdir()
    for name in SECRETS:
        secret = folder / "secrets" / name
        secret.write_text(f"{name}-0123456789\n", encoding="utf-8")
        secret.chmod(0o600)
    return folder


def dialer_of(config: Path, **env: str) -> DialerSettings:
    return load_dialer(config / "dialer.yaml", env)


def demo_of(config: Path) -> CampaignSettings:
    return load_campaign(config / "campaigns/demo.yaml", dialer_of(config), {})


def edit(path: Path, old: str, new: str) -> int:
    """Replace the one place where `old` stands; returns its line."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {path}"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def complaints(load: Callable[[], object]) -> list[str]:
    with pytest.raises(SettingsFileError) as caught:
        load()
    assert isinstance(caught.value, SettingsError)
    assert str(caught.value) == "\n".join(str(problem) for problem in caught.value.problems)
    return [str(problem) for problem in caught.value.problems]


def test_the_shipped_files_load(config: Path) -> None:
    dialer = dialer_of(config)
    assert [agent.id for agent in dialer.agents] == [f"agent0{number}" for number in range(1, 7)]
    assert all(agent.server == "local" for agent in dialer.agents)
    assert dialer.agents[0].secret == "agent01-0123456789"
    assert dialer.store_path == config.parent / "var/dialer.sqlite"
    assert set(load_campaigns(config / "campaigns", dialer, {})) == {"demo", "example-predictive"}


def test_what_is_written_is_what_is_loaded(config: Path) -> None:
    campaign = load_campaign(config / "campaigns/example-predictive.yaml", dialer_of(config), {})
    assert campaign.pacing.target_abandonment_ratio == 0.03
    assert campaign.retry_after_s[Outcome.NO_ANSWER] == (10800.0, 86400.0, 86400.0, 172800.0)
    assert campaign.retry_after_s[Outcome.TRUNK_FAILED]  # our own faults never close an account by themselves
    assert campaign.rules.windows[0][1] == Window(opens=time(14), closes=time(21, 30))
    assert campaign.rules.windows[6] == (Window(opens=time(9), closes=time(21)),)
    assert date(2026, 10, 1) in campaign.rules.closed_dates
    assert campaign.promise_min_amount == Decimal("100.00")
    assert campaign.next_steps[0].then is NextKind.HOLD
    file, line = campaign.next_steps[0].source.rsplit(":", 1)
    assert "says paid" in Path(file).read_text(encoding="utf-8").splitlines()[int(line) - 1]


def test_round_the_clock_is_midnight_to_midnight(config: Path) -> None:
    assert demo_of(config).rules.windows[6] == (Window(opens=time(0), closes=time(0)),)


def test_the_environment_chooses_ports(config: Path) -> None:
    dialer = dialer_of(config, DIALER_AMI_PORT="15038", DIALER_CARRIER_PORT="15070")
    assert (dialer.servers[0].ami_port, dialer.trunks[0].port) == (15038, 15070)
    assert dialer_of(config).servers[0].ami_port == 5038


def test_secrets_do_not_show(config: Path) -> None:
    assert "0123456789" not in repr(dialer_of(config))


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "target_abandonment: 3% ",
            "target_abandonment: 3 percent ",
            'pacing.target_abandonment: "3 percent" is not a ratio; write 0.03 or 3%',
        ),
        ("target_abandonment: 3% ", "target_abandonment: 3 ", "write 3% or a number from 0 to 1"),
        ("ring_timeout: 15s", "ringing_timeout: 20s", "this key is not known. Did you mean ring_timeout?"),
        ("ring_timeout: 15s", "ring_timeout: 20 sec", '"20 sec" is not a duration; write 30s, 5m'),
        ("ring_timeout: 15s", "ring_timeout: 14s", "14 s is shorter than calling.min_ring, 15 s"),
        ("ring_timeout: 15s", "ring_timeout: 1h", "is out of range: should be less than or equal to 120"),
        ("mode: predictive", "mode: predictve", '"predictve" is not one of preview, progressive, power, pred'),
        ("max_calls_per_s: 5", "max_calls_per_s: many", '"many" is not a number'),
        ("record: true", "record: perhaps", '"perhaps" is neither true nor false'),
        ("trunks: [carrier]", "trunks: [carier]", '"carier" is not a trunk in'),
        ("trunks: [carrier]", "trunks: [carrier]\nagents: [agent1]", "Did you mean agent01?"),
        ("trunks: [carrier]", "trunks: [carrier]\nteams: [nobody]", "is not a team of any agent in"),
        ("every day: 00", "mon-friday: 00", "'mon-friday' is not a weekday; write mon-fri"),
        ("00:00-24:00", "22:00-08:00", '"22:00-08:00" ends before it begins; split it at midnight'),
        ("00:00-24:00", "08.00-22.00", '"08.00-22.00" is not a time; write 08:00'),
        ("digits: 92", "digits: 91", '"91" is already the code of deceased'),
        ("digits: 92", "digits: 921", '"921" is not allowed; write one or two digits'),
        ("stop: deceased", "stop: dead", '"dead" is not one of do_not_call'),
        ("default_disposition: unrecorded", "default_disposition: unrecord", "Did you mean unrecorded?"),
        ("when: attempts >= 12", "when: atempts >= 12", "'atempts' is not a known fact. Did you mean attempts?"),
        ("when: attempts >= 12", "when: attempts >=", "it cannot be read at its end"),
        ("when: attempts >= 12", "when: attempts", "it is a value, not a condition"),
        ("when: attempts >= 12", "when: attempts >= 'x'", "text goes with text and numbers with numbers"),
        ("when: attempts >= 12", "when: $now > d'2026-01-01'", "$now cannot be used here"),
        ("when: attempts >= 12", "when: outcome.length > 3", "facts have no parts"),
        ("outcome == 'invalid'", "outcome == 'invald'", "outcome is never 'invald'. Did you mean 'invalid'?"),
        ("when: attempts >= 12", "when: disposition == 'promis'", "Did you mean 'promise'?"),
        ("    team: late\n", "", "`then: team` needs the team's name"),
        ("skill: late", "skill: lat", '"lat" is not a skill of any agent'),
        ("busy: [15s", "bussy: [15s", '"bussy" is not one of bridged'),
        ("min_amount: 1.00", "min_amount: NaN", '"NaN" is not an amount'),
        ("title: 演示", "title: &a [*a]", "the file is too large or refers to itself"),
        ("title: 演示", "title: !secret x", "the tag !secret is not known; use !env NAME or !file PATH"),
        ("  close_margin: 0s", "  close_margin: 0s\n  close_margin: 5s", "this key was already given in line"),
        ("promise: {max_days", "promise: {{max_days", "not YAML"),
        ("mode: predictive", "mode: [predictive", "not YAML"),
    ],
)
def test_a_mistake_in_a_campaign_is_told_with_its_line(config: Path, old: str, new: str, expected: str) -> None:
    path = config / "campaigns/demo.yaml"
    line = edit(path, old, new)
    found = complaints(lambda: demo_of(config))
    assert any(expected in one for one in found), found

    first = line if new else line - 3  # what is missing is told where its section begins
    place = range(first, line + new.count("\n") + 3)
    assert any(one.startswith(f"{path}:{number}:") for number in place for one in found), (line, found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("extension: 1002", "extension: 1001", "1001 is already the extension of agent01"),
        ("  agent02:", "  agent01:", "this key was already given in line"),
        ("  agent02:", "  carrier:", '"carrier" is already the name of one of the trunks'),
        ("  agent02:", "  Agent02:", '"Agent02" is not allowed; write a small letter'),
        ("    name: 李娜\n", "    name: 李娜\n    server: other\n", '"other" is not a server; there are local'),
        ("number_format: e164 ", "number_format: e146 ", '"e146" is not one of e164, digits, national'),
        ("time_zone: Asia/Shanghai", "time_zone: Asia/Shanghi", "Did you mean Asia/Shanghai?"),
        ("!env [DIALER_AMI_PORT, 5038]", "!env DIALER_AMI_PORT", "variable DIALER_AMI_PORT is not set"),
        ("!env [DIALER_AMI_PORT, 5038]", "!env [A, B, C]", "write !env NAME or !env [NAME, default]"),
        ("!env [DIALER_AMI_PORT, 5038]", "70000", '"70000" is out of range'),
        ("secret: !file secrets/agent02", "secret: hunter2hunter2", "a secret must not be written in this file"),
        ("secret: !file secrets/agent02", "secret: !env [NOT_SET, hunter2hunter2]", "must not be written"),
        ("secret: !file secrets/agent02", "secret: !file secrets/agent99", "`dialer init` makes secrets"),
        ("    secret: !file secrets/agent02\n", "", "agents.agent02.secret: this key is missing"),
        ("    host: 127.0.0.1\n    ami_port", "    host: 192.0.2.1\n    ami_port", "is not this machine"),
        ("control: ../var/dialer.sock", f"control: /{'x' * 120}", "too long for a socket"),
    ],
)
def test_a_mistake_in_the_dialer_file_is_told_with_its_line(config: Path, old: str, new: str, expected: str) -> None:
    path = config / "dialer.yaml"
    line = edit(path, old, new)
    found = complaints(lambda: dialer_of(config))
    assert any(expected in one for one in found), found
    assert not any("hunter2" in one for one in found)
    place = range(line - 3, line + 3)
    assert any(one.startswith(f"{path}:{number}:") for number in place for one in found), (line, found)


def test_all_mistakes_are_told_at_once_in_the_order_of_lines(config: Path) -> None:
    path = config / "campaigns/demo.yaml"
    lines = [
        edit(path, "mode: predictive", "mode: fast"),
        edit(path, "max_ratio: 3", "max_ratio: three"),
        edit(path, "record: true", "recording: true"),
    ]
    found = complaints(lambda: demo_of(config))
    assert [one.split(":")[1] for one in found] == [str(line) for line in lines]


def test_mistakes_of_all_campaigns_are_told_at_once(config: Path) -> None:
    edit(config / "campaigns/demo.yaml", "mode: predictive", "mode: fast")
    edit(config / "campaigns/example-predictive.yaml", "ring_timeout: 30s", "ring_timeout: long")
    found = complaints(lambda: load_campaigns(config / "campaigns", dialer_of(config), {}))
    assert [one.split(":")[0].rsplit("/")[-1] for one in found] == ["demo.yaml", "example-predictive.yaml"]


def test_a_secret_file_that_others_may_read_is_refused(config: Path) -> None:
    (config / "secrets/ami").chmod(0o640)
    found = complaints(lambda: dialer_of(config))
    assert len(found) == 1
    assert "others may read" in found[0]
    assert "chmod 600" in found[0]


def test_a_secret_that_asterisk_cannot_hold_is_refused_without_showing_it(config: Path) -> None:
    (config / "secrets/ami").write_text("short;1\n", encoding="utf-8")
    found = complaints(lambda: dialer_of(config))
    assert "8 to 128" in found[0]
    assert "short;1" not in found[0]


def test_a_value_from_outside_is_named_and_not_shown(config: Path) -> None:
    found = complaints(lambda: dialer_of(config, DIALER_AMI_PORT="letmein"))
    assert "the value of !env DIALER_AMI_PORT is not a whole number" in found[0]


def test_a_missing_file_names_the_command_that_makes_it(tmp_path: Path) -> None:
    found = complaints(lambda: load_dialer(tmp_path / "dialer.yaml", {}))
    assert found == [f"{tmp_path / 'dialer.yaml'}: there is no such file; `dialer init` makes one"]


def test_a_file_in_another_encoding_is_told_where(config: Path) -> None:
    path = config / "campaigns/demo.yaml"
    path.write_bytes("# one\ntitle: 演示\n".encode("gb18030"))
    assert complaints(lambda: demo_of(config)) == [f"{path}:2: byte 14 is not UTF-8; save the file as UTF-8"]


def test_an_empty_file_misses_its_keys(config: Path) -> None:
    path = config / "campaigns/demo.yaml"
    path.write_text("", encoding="utf-8")
    found = complaints(lambda: demo_of(config))
    assert f"{path}:1: list: this key is missing" in found


def test_a_campaigns_file_name_must_be_a_name(config: Path) -> None:
    path = config / "campaigns/Demo 2.yaml"
    path.write_text("", encoding="utf-8")
    assert "cannot be a campaign's name" in complaints(lambda: load_campaign(path, dialer_of(config), {}))[0]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_campaign_can_be_told_in_words(config: Path, language: str) -> None:
    sections = describe(demo_of(config), dialer_of(config), language)  # type: ignore[arg-type]
    text = "\n".join((section.title + "\n" + "\n".join(section.lines)) for section in sections)
    for told in ("carrier", "agent06", "00:00-24:00", "3%", "91", "attempts >= 12", "30s, 1m, 2m"):
        assert told in text
    late = next(line for line in text.splitlines() if "days_past_due > 60" in line)
    assert [f"agent0{number}" in late for number in range(1, 7)] == [False, False, False, True, True, True]
