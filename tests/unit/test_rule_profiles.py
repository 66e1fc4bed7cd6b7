"""Rule profiles: what is shipped is sound and documented; one's own are read, mistakes told with file and line."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from dialer.calling_rules import CallingRules, CampaignPeriod, LocalDays, Profile, Tag
from dialer.campaigns.describe import describe
from dialer.cli.profiles import as_json, markdown_table
from dialer.compliance import gate, rulebook
from dialer.config import load_campaign
from dialer.config.problems import SettingsFileError
from dialer.config.profiles import load_shipped, shipped_names
from dialer.effects import Permit
from dialer.leads import Lead, Touch
from dialer.settings import CampaignSettings, Window
from dialer.types import AccountId, CampaignName, ContactRole, Counted, DebtorId, Number, PhoneId
from test_config_files import complaints, config, dialer_of, edit

__all__ = ["config"]

REPOSITORY = Path(__file__).parents[2]
TODAY = date(2026, 11, 24)
LEAD = Lead(
    account_id=AccountId(1),
    account_no="A1",
    debtor_id=DebtorId(1),
    debtor_name="张三",
    phone_id=PhoneId(1),
    number=Number("+8613900000001"),
    zone="Asia/Shanghai",
)
PROFILES = {profile.name: profile for profile in load_shipped(TODAY)}
OWN = """\
profile: OURS
version: 2026-11-24
title: Our lawyers
hours: {days: {mon-fri: 10:00-18:00}, tag: house}
limits:
  - {id: ours1, key: debtor, counts: talk, window: 7 local days, max: 2, tag: house}
"""


def test_the_profiles_are_those_of_the_table() -> None:
    assert set(PROFILES) == set(shipped_names())
    assert set(PROFILES) == {
        *("CN-BANK", "CN-PLATFORM", "US-REGF", "US-MA", "US-WA", "US-NYC", "UK", "IN", "ID", "AU", "EU-GENERIC"),
        "HOUSE-STRICT",
    }


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_shipped_rule_has_a_source_or_is_called_our_own(profile: Profile) -> None:
    entries = rulebook.of_profile(profile)
    assert entries
    for entry in entries:
        assert entry.origin.cite or entry.origin.tag is Tag.HOUSE, entry
        assert entry.origin.profile == profile.name
        assert entry.zh and entry.en
    assert len({entry.origin.id for entry in entries}) == len(entries)


@pytest.mark.parametrize(
    ("name", "day", "window", "wait_s", "ring_s", "most"),
    [
        ("CN-BANK", 6, "08:00-22:00", 2, 20, 0.03),
        ("CN-PLATFORM", 0, "08:00-22:00", 2, 20, 0.03),
        ("US-REGF", 0, "08:00-21:00", 2, 15, 0.03),
        ("UK", 0, "08:00-21:00", 2, 15, 0.01),
        ("UK", 6, "10:00-20:00", 2, 15, 0.01),
        ("IN", 0, "08:00-19:00", 2, 20, 0.03),
        ("ID", 5, "08:00-20:00", 2, 20, 0.03),
        ("AU", 0, "07:30-21:00", 2, 15, 0.03),
        ("AU", 6, "09:00-21:00", 2, 15, 0.03),
        ("EU-GENERIC", 5, "08:00-20:00", 2, 15, 0.03),
        ("HOUSE-STRICT", 5, "09:00-20:00", 1, 20, 0.01),
    ],
)
def test_hours_waits_rings_and_ratios_are_as_tabulated(
    name: str, day: int, window: str, wait_s: float, ring_s: float, most: float
) -> None:
    one = PROFILES[name]
    assert one.hours and one.legal_wait and one.min_ring and one.abandonment
    opens, closes = map(time.fromisoformat, window.split("-"))
    assert one.hours.windows[day] == (Window(opens=opens, closes=closes),)
    assert (one.legal_wait.value, one.min_ring.value, one.abandonment.max_ratio) == (wait_s, ring_s, most)


@pytest.mark.parametrize("name", ["ID", "EU-GENERIC", "HOUSE-STRICT"])
def test_sundays_are_closed_where_the_table_says_so(name: str) -> None:
    hours = PROFILES[name].hours
    assert hours is not None
    assert 6 not in hours.windows


def test_holidays_are_those_of_the_country_for_two_years() -> None:
    closure = PROFILES["CN-BANK"].closure
    assert closure is not None
    assert {date(2026, 10, 1), date(2027, 1, 1), date(2027, 2, 6)} <= closure.dates.keys()
    assert {day.year for day in closure.dates} == {2026, 2027}


def test_the_document_holds_every_rule_of_every_profile() -> None:
    text = (REPOSITORY / "docs/compliance.md").read_text(encoding="utf-8")
    table = markdown_table(tuple(PROFILES.values()))
    assert table in text, "put what `dialer campaign profiles --markdown` prints at the end of docs/compliance.md"


def test_profiles_are_told_to_programs_without_any_settings(tmp_path: Path) -> None:
    command = [str(Path(sys.executable).with_name("dialer")), "--json", "campaign", "profiles"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, timeout=60)
    assert json.loads(told.stdout) == [as_json(profile) for profile in PROFILES.values()]


# --- in a campaign --------------------------------------------------------------------------------------


def demo(config: Path, calling: str = "", **files: str) -> CampaignSettings:
    """The demo campaign with another `calling:` part and profiles of one's own beside it."""
    path = config / "campaigns/demo.yaml"
    if calling:
        text = path.read_text(encoding="utf-8")
        start, end = text.index("calling:\n"), text.index("ring_timeout:")
        path.write_text(f"{text[:start]}calling:\n{calling}\n{text[end:]}", encoding="utf-8")
        edit(path, "ring_timeout: 15s", "ring_timeout: 30s")
    for name, content in files.items():
        (config / f"{name}.yaml").write_text(content, encoding="utf-8")
    return load_campaign(path, dialer_of(config), {}, today=TODAY)


def test_a_campaign_that_names_no_profile_is_a_bank_s(config: Path) -> None:
    rules = demo(config, "  close_margin: 20m").rules
    assert [profile.name for profile in rules.profiles] == ["CN-BANK"]
    assert rules.windows == PROFILES["CN-BANK"].hours.windows  # type: ignore[union-attr]
    assert (rules.close_margin_s, rules.min_gap_s, rules.attempts_per_debtor_per_day) == (1200.0, 7200.0, None)
    assert rules.third_parties and rules.prefixes and rules.after_consent is not None


def test_a_profile_of_one_s_own_holds_beside_the_others_and_narrows_the_hours(config: Path) -> None:
    calling = "  profiles: [CN-BANK, ../ours.yaml]\n  hours: {every day: 09:00-12:00}\n  min_gap: 1h"
    rules = demo(config, calling, ours=OWN).rules
    assert rules.windows == dict.fromkeys(range(5), (Window(opens=time(10), closes=time(12)),))
    assert [limit.origin.id for limit in rules.limits] == ["cn6", "cn3", "cn_gap", "ours1"]
    assert rules.min_gap_s == 7200.0  # the bank's is longer than the campaign's own
    assert len({profile.digest for profile in rules.profiles}) == 2


def test_the_lowest_abandonment_of_all_profiles_is_what_pacing_aims_at(config: Path) -> None:
    assert demo(config, "  profiles: [CN-BANK, HOUSE-STRICT]").pacing.target_abandonment_ratio == 0.01


def test_without_a_profile_only_numbers_of_the_dialer_s_country_are_dialled(config: Path) -> None:
    [rule] = demo(config).rules.prefixes
    assert rule.permits("+8613900000001")
    assert not rule.permits("+12125550123")


def test_the_digest_changes_with_the_file_and_the_file_alone(config: Path) -> None:
    calling = "  profiles: [../ours.yaml]"
    first = demo(config, calling, ours=OWN).rules.profiles[0].digest
    assert demo(config, ours=OWN).rules.profiles[0].digest == first
    assert demo(config, ours=OWN + "# a word\n").rules.profiles[0].digest != first


@pytest.mark.parametrize(
    ("calling", "expected"),
    [
        ("  profiles: [CN-BNK]", 'calling.profiles[1]: "CN-BNK" is no profile. Did you mean CN-BANK?'),
        ("  profiles: [cn-bank]", "Did you mean CN-BANK?"),
        ("  profiles: [ours.yaml]", "there is no file"),
        ("  profiles: [CN-BANK, CN-BANK]", "CN-BANK is named twice"),
        ("  profiles: [CN-BANK, US-REGF]", "the prefixes of CN-BANK, US-REGF have none in common"),
        ("  profiles: []", "calling.hours: this key is missing; without a profile the campaign must say its hours"),
        ("  hours: {every day: 22:30-23:00}", "the hours of CN-BANK, campaign have none in common"),
        ("  hours: {every dya: 08:00-20:00}", "is not a weekday"),
        ("  min_ring: 40s", "30 s is shorter than calling.min_ring, 40 s"),
        ("  prefixes: {allow: [86]}", "+ and 1 to 12 digits"),
        ('  prefixes: {deny: ["+86"]}', "no number could be called"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_its_cure(config: Path, calling: str, expected: str) -> None:
    found = complaints(lambda: demo(config, calling))
    assert any(expected in one for one in found), found
    assert all(one.startswith(f"{config}/campaigns/demo.yaml:") for one in found)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("max: 2, ", "", "it limits nothing; write `max: N`, or `after: conversation`"),
        ("max: 2", "max: 2, after: abandoned", "with `after` no dial at all is allowed in the window"),
        ("key: debtor", "key: agent", '"agent" is not one of number, debtor, debt, contact'),
        ("counts: talk", "counts: talks", "Did you mean talk?"),
        ("7 local days", "400 local days", "is not a window; write local day, 7 local days"),
        ("7 local days", "367d", "is not a window"),
        ("max: 2, tag: house", "max: 2, tag: S", "a rule that is not our own needs its source"),
        ("tag: house}\nlimits", "tag: law}\nlimits", '"law" is not one of V, S, M, ?, house'),
        ("title: Our lawyers", "titel: Our lawyers", "Did you mean title?"),
        ("mon-fri", "mon-friday", "is not a weekday"),
        ("limits:", "holidays: {tag: house}\nlimits:", "whose? Name the `country`"),
        ("limits:", "country: QQ\nholidays: {tag: house}\nlimits:", '"QQ" has no public holidays here'),
    ],
)
def test_a_mistake_in_a_profile_is_told_with_the_line_of_the_profile(
    config: Path, old: str, new: str, expected: str
) -> None:
    path = config / "ours.yaml"
    path.write_text(OWN, encoding="utf-8")
    line = edit(path, old, new)
    calling = "  profiles: [../ours.yaml]"
    found = complaints(lambda: demo(config, calling))
    assert any(expected in one for one in found), found
    assert all(one.startswith(f"{path}:") for one in found)
    assert any(abs(int(one.removeprefix(f"{path}:").split(":")[0]) - line) <= 1 for one in found)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_check_of_a_campaign_names_profile_citation_and_tag_of_every_rule(config: Path, language: str) -> None:
    campaign = load_campaign(config / "campaigns/example-predictive.yaml", dialer_of(config), {}, today=TODAY)
    sections = describe(campaign, dialer_of(config), language)  # type: ignore[arg-type]
    told = "\n".join(line for section in sections for line in section.lines)
    for entry in rulebook.of_campaign(campaign.rules):
        origin = entry.origin
        assert f"{origin.profile} {origin.id}: {entry.zh if language == 'zh' else entry.en}" in told
        assert not origin.cite or f"[{origin.cite}]" in told
    assert campaign.rules.profiles[0].stamp in told


def test_a_campaign_without_profiles_is_told_so(config: Path) -> None:
    sections = describe(demo(config), dialer_of(config), "en")
    assert any("there is no rule profile" in line for section in sections for line in section.lines)


def test_the_check_says_from_when_the_timeout_and_the_least_ring_count(config: Path) -> None:
    campaign = demo(config, "  profiles: [CN-BANK]")
    told = [line for section in describe(campaign, dialer_of(config), "en") for line in section.lines]
    assert any("rings until 30s after the dial, and for 20s at least once it rings" in line for line in told)


def test_rules_out_of_profiles_survive_a_recording(config: Path) -> None:
    kept = TypeAdapter(CallingRules)
    for names in ("CN-BANK, HOUSE-STRICT", "US-REGF, US-NYC", "UK"):
        rules = demo(config, f"  profiles: [{names}]").rules
        assert kept.validate_json(kept.dump_json(rules)) == rules
        (config / "campaigns/demo.yaml").write_text(
            (REPOSITORY / "config/campaigns/demo.yaml").read_text(encoding="utf-8"), encoding="utf-8"
        )


SEASON = """\
profile: SEASON
version: 2026-11-24
title: So often in all
limits:
  - {id: season, key: debtor, window: campaign, max: 9, tag: house}
  - {id: quarter, key: number, window: 90 local days, max: 9, tag: house}
"""
NAMED = "  profiles: [CN-BANK, ../season.yaml]\n"


def test_a_limit_over_the_campaigns_period_takes_it_from_the_campaign(config: Path) -> None:
    period = "  period: {begins_on: 2026-11-01, ends_on: 2026-12-31}"
    rules = demo(config, NAMED + period, season=SEASON).rules
    windows = {limit.origin.id: limit.window for limit in rules.limits}
    assert windows["season"] == CampaignPeriod(days=61, begins_on=date(2026, 11, 1))
    assert windows["quarter"] == LocalDays(days=90)
    told = [entry.en for entry in rulebook.of_campaign(rules) if entry.origin.id == "season"]
    assert told and all("campaign's period" in text for text in told)


@pytest.mark.parametrize(
    ("period", "problem"),
    [
        ("", "season of SEASON counts over it: write begins_on and ends_on"),
        ("  period: {begins_on: 2026-12-31, ends_on: 2026-11-01}", "ends on the day it begins or later"),
        ("  period: {begins_on: 2026-01-01, ends_on: 2027-01-02}", "within 366 days"),
    ],
)
def test_a_period_that_is_missing_or_is_none_is_told(config: Path, period: str, problem: str) -> None:
    with pytest.raises(SettingsFileError, match=problem):
        demo(config, NAMED + period, season=SEASON)


def test_a_campaigns_period_survives_a_recording(config: Path) -> None:
    kept = TypeAdapter(CallingRules)
    rules = demo(config, NAMED + "  period: {begins_on: 2026-11-01, ends_on: 2026-12-31}", season=SEASON).rules
    again = kept.validate_json(kept.dump_json(rules))
    assert again == rules
    assert [type(limit.window) for limit in again.limits] == [type(limit.window) for limit in rules.limits]


# --- rules that come into force on a day -----------------------------------------------------------------

DATED = """\
profile: DATED
version: 2026-11-24
title: A law that comes in steps
hours: {days: {every day: 09:00-12:00}, tag: house, in_force_on: 2026-12-02}
close_margin: {value: 30m, tag: house, in_force_on: 2026-12-02}
third_party: {own_number_invalid: true, tag: house, in_force_on: 2026-12-02}
prefixes: {allow: ["+8613"], tag: house, in_force_on: 2026-12-02}
limits:
  - {id: dated, key: number, window: local day, max: 1, tag: house, in_force_on: 2026-12-02}
  - {id: always, key: number, window: local day, max: 5, tag: house}
"""
BASIC = """\
profile: BASIC
version: 2026-11-24
title: What holds anyway
hours: {days: {every day: 08:00-20:00}, tag: house}
third_party: {after_unreached: 1, own_number_invalid: true, tag: house}
"""


def asked(
    rules: CallingRules, at: str, number: str = "+8613900000001", zone: str = "Asia/Shanghai", **more: Any
) -> str:
    """The gate's answer at a local time of the first zone: the rule that refuses, or `permit`."""
    moment = datetime.fromisoformat(at).replace(tzinfo=ZoneInfo(zone.split(",")[0]))
    lead = replace(LEAD, number=Number(number), zone=zone, **more)
    found = gate.check(lead, rules, CampaignName("test"), moment)
    return "permit" if isinstance(found, Permit) else f"{found.profile} {found.rule}"


@pytest.mark.parametrize(
    ("at", "more", "expected"),
    [
        ("2026-12-01T15:00", {}, "permit"),
        ("2026-12-02T15:00", {}, "DATED hours"),
        ("2026-12-01T11:45", {}, "permit"),
        ("2026-12-02T11:45", {}, "DATED closing_margin"),
        ("2026-12-01T10:00", {"number": "+8615900000001"}, "permit"),
        ("2026-12-02T10:00", {"number": "+8615900000001"}, "DATED prefix"),
        ("2026-12-01T10:00", {"role": ContactRole.CONTACT, "unreached": True}, "permit"),
        ("2026-12-02T10:00", {"role": ContactRole.CONTACT, "unreached": True}, "DATED third_party"),
        ("2026-12-01T10:00", {"number_attempts_today": 1}, "permit"),
        ("2026-12-02T10:00", {"number_attempts_today": 1}, "DATED dated"),
        ("2026-12-01T10:00", {"number_attempts_today": 5}, "DATED always"),
        # 1 December in Los Angeles, the 2nd already in Shanghai: where the debtor may be, it holds.
        ("2026-12-01T09:30", {"zone": "America/Los_Angeles"}, "permit"),
        ("2026-12-01T17:30", {"zone": "America/Los_Angeles,Asia/Shanghai"}, "DATED hours"),
    ],
)
def test_every_rule_of_a_profile_holds_from_its_day_on_by_the_debtors_date(
    config: Path, at: str, more: dict[str, Any], expected: str
) -> None:
    rules = demo(config, "  profiles: [../dated.yaml, ../basic.yaml]", dated=DATED, basic=BASIC).rules
    if more.pop("unreached", False):
        moment = datetime.fromisoformat("2026-11-30T10:00").replace(tzinfo=ZoneInfo("Asia/Shanghai"))
        dial = Touch(
            at=moment,
            number=LEAD.number,
            debtor_id=LEAD.debtor_id,
            account_id=LEAD.account_id,
            counted=frozenset({Counted.DIAL}),
        )
        more["touches"] = (dial,)
    assert asked(rules, at, **more) == expected


def test_before_the_only_hours_are_in_force_they_hold_all_the_same(config: Path) -> None:
    rules = demo(config, "  profiles: [../dated.yaml]", dated=DATED).rules
    assert asked(rules, "2026-12-01T15:00") == "DATED hours"


def test_before_any_rule_of_the_only_profile_is_in_force_the_house_s_caps_hold(config: Path) -> None:
    late = DATED.replace("title:", "in_force_on: 2027-01-01\ntitle:").replace(", in_force_on: 2026-12-02", "")
    rules = demo(config, "  profiles: [../dated.yaml]", dated=late).rules
    assert asked(rules, "2026-12-02T10:00", number_attempts_today=6) == "campaign attempts_per_number_per_day"
    assert asked(rules, "2027-01-04T10:00", number_attempts_today=1) == "DATED dated"


def test_rules_with_dates_survive_a_recording_and_are_told_with_their_day(config: Path) -> None:
    rules = demo(config, "  profiles: [../dated.yaml, ../basic.yaml]", dated=DATED, basic=BASIC).rules
    kept = TypeAdapter(CallingRules)
    assert kept.validate_json(kept.dump_json(rules)) == rules
    told = {entry.origin.id: entry.en for entry in rulebook.of_campaign(rules) if entry.origin.profile == "DATED"}
    assert {name for name, text in told.items() if text.endswith(", from 2026-12-02 on")} == set(told) - {"always"}
