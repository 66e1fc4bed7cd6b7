"""Other settings: at each recorded decision, and over a simulated day; and the command that asks."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import patch

import pytest
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))
import floor_world as fw
from dialer import pacing
from dialer.cli.main import app
from dialer.config import load_dialer
from dialer.config.changed import changeable, changed_campaign
from dialer.effects import Effect
from dialer.errors import RecordingError, SettingsError
from dialer.facts import Fact
from dialer.floor.floor import Floor
from dialer.floor.state import Moment
from dialer.replay.behaviour import Day, DayWatcher
from dialer.replay.counterfactual import compare_days
from dialer.replay.reading import Recording
from dialer.replay.recorder import Recorder
from dialer.replay.verify import verify
from dialer.replay.what_if import compare_decisions
from dialer.settings import CampaignSettings, FactsSettings, PacingSettings
from dialer.sim.behaviour import Behaviour, Shift
from dialer.sim.durations import Lognormal
from dialer.sim.run import make_world
from dialer.types import Mode

CREW = tuple(fw.crowd(6))
SPRING = fw.campaign(mode=Mode.POWER, pacing=PacingSettings(ratio=2.0), record=False)
TRUTH = Behaviour(
    answer_ratio=0.3,
    talk=Lognormal(mean_s=60.0, cv=0.8),
    wrap_up=Lognormal(mean_s=15.0, cv=0.5),
    refusal_delay=Lognormal(mean_s=4.0, cv=0.3),
    shifts=(Shift(agents=4, spread_s=10.0), Shift(agents=2, login_s=600.0, logout_s=2400.0, spread_s=10.0)),
    break_gap_s=1800.0,
)
HOURS = 0.75


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three quarters of an hour of six people, with calls two to a free agent, as an engine would have recorded it."""
    folder = tmp_path_factory.mktemp("facts")
    dialer = fw.settings(CREW)
    recorder = Recorder(
        FactsSettings(folder=folder),
        run_id="sim",
        began=Moment(0.0, fw.EPOCH),
        dialer=dialer,
        known={SPRING.name: SPRING},
    )
    real_step = Floor.step

    def step(floor: Floor, fact: Fact, now: Moment) -> list[Effect]:
        effects = real_step(floor, fact, now)
        recorder.note(fact, now, effects)
        return effects

    recorder.begin()
    with patch.object(Floor, "step", step):
        world = make_world(dialer, SPRING, TRUTH, seed=3, start_at=fw.EPOCH, rule=recorder.rule)
        world.run(HOURS * 3600.0)
    recorder.close()
    return folder / "sim.facts.gz"


@pytest.fixture(scope="module")
def day(recorded: Path) -> Day:
    watcher = DayWatcher()
    verdict = verify(Recording(recorded), watcher=watcher)
    assert verdict.difference is None
    return watcher.day()


# --- keys ----------------------------------------------------------------------------------------------


def test_keys_are_written_as_in_the_file_or_as_the_values_are_called() -> None:
    for key in ("pacing.target_abandonment", "pacing.target_abandonment_ratio"):
        assert changed_campaign(SPRING, {key: "1%"}).pacing.target_abandonment_ratio == 0.01
    assert changed_campaign(SPRING, {"pacing.initial_talk": "2m"}).pacing.initial_talk_s == 120.0
    changed = changed_campaign(SPRING, {"mode": "predictive", "pacing.max_ratio": "3"})
    assert (changed.mode, changed.pacing.max_ratio) == (Mode.PREDICTIVE, 3.0)
    assert replace(changed, mode=SPRING.mode, pacing=SPRING.pacing) == SPRING


def test_every_key_of_pacing_can_be_changed() -> None:
    values = {name.removeprefix("pacing.") for name in changeable().values()} - {"mode"}
    assert values == set(PacingSettings.__dataclass_fields__)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"pacing.ratoi": "2"}, r"pacing\.ratoi cannot be changed here\. Did you mean pacing\.ratio\?"),
        ({"ring_timeout": "20s"}, "ring_timeout cannot be changed here"),
        ({"pacing.ratio": "99"}, r"pacing\.ratio: 99 does not fit"),
        ({"pacing.target_abandonment": "many"}, "does not fit: is not a ratio; write 0.03 or 3%"),
        ({"mode": "fast"}, "mode: fast is not one of preview, progressive, power, predictive"),
    ],
)
def test_a_key_or_value_that_the_file_would_not_take_is_refused(changes: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        changed_campaign(SPRING, changes)


# --- decision by decision ------------------------------------------------------------------------------


def test_the_same_settings_would_have_decided_the_same(recorded: Path) -> None:
    (found,), verdict = compare_decisions(Recording(recorded), lambda settings: settings)
    assert len(found.points) == verdict.decisions > 1000
    assert not found.more
    assert not found.fewer
    assert found.aimed == found.would_aim


def test_other_settings_are_asked_in_the_very_same_situation(recorded: Path) -> None:
    def eager(settings: CampaignSettings) -> CampaignSettings:
        return changed_campaign(settings, {"pacing.ratio": "3"})

    (found,), _ = compare_decisions(Recording(recorded), eager)
    assert found.more
    assert not found.fewer
    for point in found.more:
        # Each moment as it was: three for each who is ready, less those that were in the air then.
        assert point.was < point.would <= 3 * point.ready - point.in_air
    assert found.would_aim > found.aimed
    spans = found.spans(12)
    assert len(spans) == 12
    assert all(span.would_aim >= span.aimed for span in spans)


def test_only_the_campaign_that_was_asked_for_is_compared(recorded: Path) -> None:
    assert compare_decisions(Recording(recorded), lambda settings: settings, campaign="winter")[0] == ()


def test_past_a_difference_nothing_is_compared(recorded: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = pacing.decide
    asked = 0

    def moody(view: pacing.PoolView, e: pacing.Estimates, settings: PacingSettings) -> pacing.Decision:
        nonlocal asked
        asked += 1
        decided = real(view, e, settings)
        # Asked twice at each moment: as it was, then with the other settings.
        return replace(decided, reason="another program") if asked == 201 else decided

    monkeypatch.setattr(pacing, "decide", moody)
    (found,), verdict = compare_decisions(Recording(recorded), lambda settings: settings)
    assert verdict.difference is not None
    assert verdict.difference.now.decided[0].endswith("another program")
    assert len(found.points) == verdict.decisions == 100


# --- the day -------------------------------------------------------------------------------------------


def test_a_day_is_learned_as_it_was(day: Day) -> None:
    assert (day.calls, len(day.dialer.agents)) == (pytest.approx(day.seen.placed_per_hour * day.hours, rel=0.05), 6)
    assert day.hours == pytest.approx(HOURS, rel=0.02)
    assert day.left_out == ()
    (curve,) = (day.behaviour.answers,)
    assert all(abs(ratio - 0.3) < 0.12 for _, ratio in curve.points)
    assert day.behaviour.talk.mean_s == pytest.approx(TRUTH.talk.mean_s, rel=0.25)
    assert day.behaviour.wrap_up.mean_s == pytest.approx(TRUTH.wrap_up.mean_s, rel=0.2)
    assert day.behaviour.refusal_delay is not None
    assert day.behaviour.refusal_delay.mean_s == pytest.approx(4.0, rel=0.15)
    logins = sorted(shift.login_s for shift in day.behaviour.shifts)
    assert all(login < 20.0 for login in logins[:4])
    assert all(590.0 < login < 620.0 for login in logins[4:])
    assert sum(shift.logout_s < 3000.0 for shift in day.behaviour.shifts) == 2


def test_the_simulated_day_is_like_the_real_one_and_other_settings_differ(day: Day) -> None:
    rows = compare_days(day, changed_campaign(day.campaign, {"pacing.ratio": "1"}), seeds=range(4))
    by_name = {row.measure: row for row in rows}
    for row in rows:
        spread = max(2.5 * row.as_was.half_width, 0.1 * abs(row.seen))
        assert abs(row.seen - row.as_was.mean) < spread, row
    # One call for each free agent: nobody is ever abandoned, and agents wait longer.
    assert by_name["abandonment_ratio"].other.mean < 0.01 < by_name["abandonment_ratio"].as_was.mean
    assert by_name["occupancy"].is_clear
    assert by_name["occupancy"].difference.mean < 0.0


def test_a_recording_without_a_call_makes_no_day() -> None:
    watcher = DayWatcher("spring")
    with pytest.raises(RecordingError, match=r"No call of campaign spring ended.*Campaigns with calls in it: none"):
        watcher.day()


# --- the command ---------------------------------------------------------------------------------------


@pytest.fixture
def command(recorded: Path, tmp_path: Path) -> list[str]:
    """`dialer` with settings whose recordings are the recorded one."""
    made = CliRunner().invoke(app, ["init", str(tmp_path / "work")])
    assert made.exit_code == 0, made.output
    config = tmp_path / "work/config/dialer.yaml"
    text, changed = re.subn(r"(?m)^  facts: \S+", f"  facts: {recorded.parent}", config.read_text(encoding="utf-8"))
    assert changed == 1
    config.write_text(text, encoding="utf-8")
    return ["--config", str(config), "--lang", "en"]


def test_recording_is_on_beside_the_store_unless_the_settings_say_otherwise(tmp_path: Path) -> None:
    CliRunner().invoke(app, ["init", str(tmp_path / "work")])
    main = tmp_path / "work/config/dialer.yaml"
    usual = load_dialer(main)
    assert usual.facts == FactsSettings(folder=usual.store_path.parent / "facts", record=True, keep_s=30 * 86_400.0)
    text = main.read_text(encoding="utf-8")
    main.write_text(text + "\nfacts: {record: false, keep: 7d}\n", encoding="utf-8")
    assert load_dialer(main).facts == FactsSettings(
        folder=usual.store_path.parent / "facts", record=False, keep_s=604_800.0
    )
    main.write_text(text + "\nfacts: {keep: 5m}\n", encoding="utf-8")
    line = text.count("\n") + 2
    with pytest.raises(SettingsError, match=rf"dialer\.yaml:{line}: facts\.keep: \"5m\" is out of range"):
        load_dialer(main)


def run(command: list[str], *words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, [*command, "replay", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_the_command_verifies_the_newest_run(command: list[str]) -> None:
    assert "all the same." in run(command)
    told = json.loads(run([*command, "--json"], "sim"))
    assert (told["same"], told["difference"], told["end"]) == (True, None, "engine stopped")
    assert "全部一致" in run([*command, "--lang", "zh"])


def test_the_command_lists_recordings(command: list[str]) -> None:
    assert "sim" in run(command, "--list")
    (entry,) = json.loads(run([*command, "--json"], "--list"))
    assert (entry["run"], entry["problem"]) == ("sim", "")


def test_the_command_shows_what_other_settings_would_have_done(command: list[str]) -> None:
    text = run(command, "--set", "pacing.ratio=3")
    assert "would place more calls" in text
    told = json.loads(run([*command, "--json"], "--set", "pacing.ratio=3"))
    (spring,) = told["campaigns"]
    assert spring["more"] == len(spring["other_decisions"]) > 0


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("zz",), 8, "no recording zz"),
        (("--set", "pacing.ratoi=2"), 2, "Did you mean pacing.ratio?"),
        (("--set", "pacing.ratio"), 2, "write KEY=VALUE"),
        (("--simulate",), 2, "--simulate needs at least one --set"),
    ],
)
def test_the_command_says_what_is_wrong(command: list[str], words: tuple[str, ...], code: int, said: str) -> None:
    assert said in " ".join(run(command, *words, code=code).split())


def test_another_decision_is_shown_with_both_and_fails(command: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    real = pacing.decide

    def eager(view: pacing.PoolView, e: pacing.Estimates, settings: PacingSettings) -> pacing.Decision:
        return real(view, e, replace(settings, ratio=3.0))

    monkeypatch.setattr(pacing, "decide", eager)
    text = run(command, code=1)
    assert "is decided otherwise" in text
    assert "- decided" in text
    assert "+ decided" in text
