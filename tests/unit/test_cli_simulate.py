"""`dialer simulate` as people and scripts meet it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

sys.path.insert(0, str(Path(__file__).parent))
from dialer.cli import simulate_run
from dialer.cli.main import app
from dialer.cli.simulate_svg import Dot, Line, lines_svg
from dialer.config import load_campaign, load_dialer
from dialer.sim.behaviour import Behaviour
from dialer.sim.durations import Lognormal
from dialer.sim.many import Run, each_run
from dialer.store.sqlite import SqliteStore
from lived_day import live

SHORT = ("--hours", "0.1", "--seeds", "2", "--jobs", "1", "--from", "09:00")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that `dialer init` filled, with another campaign that rests on Sundays."""
    place = tmp_path_factory.mktemp("d")
    assert run("init", str(place)).exit_code == 0
    demo = (place / "config/campaigns/demo.yaml").read_text()
    weekdays = demo.replace("hours: {every day: 00:00-24:00}", 'hours: {mon-sat: ["08:00-12:00", "14:00-20:00"]}')
    once = demo.replace("when: attempts >= 12", "when: attempts >= 1")
    once = once.replace("when: disposition == 'hardship' and team != 'late'", "when: attempts > 99")
    assert demo not in (weekdays, once)
    (place / "config/campaigns/weekdays.yaml").write_text(weekdays)
    (place / "config/campaigns/once.yaml").write_text(once)
    return place


def run(*words: str, lang: str = "en_US.UTF-8", columns: int = 120) -> Result:
    environment = {"LC_ALL": lang, "COLUMNS": str(columns), "DIALER_CONFIG": None, "TERM": "dumb", "NO_COLOR": "1"}
    result = CliRunner().invoke(app, list(words), env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def simulated(folder: Path, *words: str, lang: str = "en_US.UTF-8", columns: int = 120) -> Result:
    config = str(folder / "config/dialer.yaml")
    return run("--config", config, "simulate", *words, lang=lang, columns=columns)


def document(folder: Path, *words: str) -> Any:
    told = simulated(folder, *words, "--json")
    assert told.exit_code == 0, told.stderr
    return json.loads(told.stdout)


# --- a day ---------------------------------------------------------------------------------------------


def test_a_campaign_is_simulated_as_its_file_says_and_every_number_has_an_origin(folder: Path) -> None:
    told = simulated(folder, "demo", *SHORT)
    assert told.exit_code == 0
    assert re.search(r"mode +predictive +demo.yaml: mode", told.stdout)
    assert re.search(r"agents +6 +the campaign's own", told.stdout)
    assert re.search(r"answer rate +40.0% +demo.yaml: pacing.initial_answer_ratio", told.stdout)
    assert re.search(r"list +without end.* no list demo in the store", told.stdout)
    assert re.search(r"mean ring to the answer +11 s +stand-in of the simulator", told.stdout)
    assert re.search(r"occupancy +\d+\.\d% ± \d+\.\d%", told.stdout)
    assert re.search(r"abandonment +\d+\.\d\d% ± .*target ≤ 3%; above it in \d of 2 runs", told.stdout)
    assert re.search(r"peak calls at once.*the trunks have 30", told.stdout)


def test_in_chinese_not_a_word_is_left_in_english(folder: Path) -> None:
    told = simulated(folder, "demo", "--mode", "progressive", "--agents", "2..4", *SHORT, lang="zh_CN.UTF-8")
    assert told.exit_code == 0
    assert "渐进式" in told.stdout
    assert "选项 --agents" in told.stdout
    words = set(re.findall(r"[A-Za-z]{3,}", told.stdout.replace("demo", "")))
    assert words <= {"agents", "mode", "pacing", "dialer", "yaml", "initial", "answer", "ratio", "talk", "wrap"} | {
        *("target", "abandonment", "channels", "Asia", "Shanghai")
    }


def test_the_same_command_says_the_same(folder: Path) -> None:
    words = ("demo", "--mode", "progressive", "--on", "2026-11-24", *SHORT)
    assert simulated(folder, *words).stdout == simulated(folder, *words, "--jobs", "2").stdout


def test_options_change_the_world_and_are_named_as_its_origin(folder: Path) -> None:
    words = ("--mode", "progressive", "--answer-rate", "60%", "--talk", "2m", "--wrap-up", "30s", "--breaks", "none")
    told = document(folder, "demo", *words, "--ring", "8s", "--agents", "3", "--trunks", "2", *SHORT)
    origins = {row["key"]: (row["value"], row["origin"]) for row in told["world"]}
    assert origins["answer_rate"] == ("60.0%", "option --answer-rate")
    assert origins["talk"] == ("120 s", "option --talk")
    assert origins["wrap_up"] == ("30 s", "option --wrap-up")
    assert origins["ring"] == ("8 s", "option --ring")
    assert origins["breaks"] == ("none", "option --breaks")
    assert origins["agents"] == ("3", "option --agents")
    (point,) = told["points"]
    assert point["settings"] == {"mode": "progressive", "target": 0.03, "answer_rate": 0.6, "trunks": 2, "agents": 3}
    assert point["figures"]["peak_calls"]["most"] <= 2
    assert point["held_back_by"]["trunk"] > 0.1
    assert told["complete"] is True
    assert (told["runs_done"], told["runs_wanted"]) == (2, 2)


# --- sweeps --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def swept(folder: Path) -> Any:
    words = ("--mode", "progressive", "--agents", "2,4,6,8", "--accounts", "150", "--finish-by", "09:20")
    return document(folder, "once", *words, "--from", "09:00", "--until", "09:40", "--seeds", "2", "--jobs", "1")


def test_more_agents_finish_a_list_sooner_and_the_answer_is_the_fewest_who_do(swept: Any) -> None:
    assert swept["swept"] == ["agents"]
    points = swept["points"]
    assert [point["settings"]["agents"] for point in points] == [2, 4, 6, 8]
    in_time = [point["runs_tried_by"] == point["runs"] for point in points]
    (answer,) = [one for one in swept["answers"] if one["goal"] == "finish_by"]
    assert (answer["key"], answer["tried"]) == ("agents", [2, 4, 6, 8])
    assert in_time[-1]
    assert answer["value"] == [2, 4, 6, 8][in_time.index(True)]
    tried = [point["figures"]["tried_s"]["mean"] for point in points if point["runs_tried"] == 2]
    assert len(tried) >= 2
    assert tried == sorted(tried, reverse=True)
    assert [point["runs_finished"] for point in points][-1] == 2, "nobody is tried twice, so all tried is all done"


def test_figures_have_their_intervals(swept: Any) -> None:
    for point in swept["points"]:
        for name, figure in point["figures"].items():
            assert figure["low"] <= figure["mean"] <= figure["high"], name
            assert figure["least"] <= figure["most"], name
        assert sum(point["held_back_by"].values()) == pytest.approx(1.0)


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_sweep_is_a_table_with_bars_that_fits_the_terminal(folder: Path, columns: int) -> None:
    words = ("--mode", "progressive", "--agents", "2,4", "--target", "1%,3%", "--occupancy", "99%")
    told = simulated(folder, "demo", *words, "--hours", "0.05", *SHORT[2:], columns=columns)
    assert told.exit_code == 0
    assert "…" not in told.stdout
    assert max(len(line) for line in told.stdout.splitlines()) <= columns
    assert len(re.findall(r"^ *[13]% +[24] +\d", told.stdout, re.MULTILINE)) == 4
    assert re.search(r"target 3% +2 +█", told.stdout)
    flowing = " ".join(told.stdout.split())
    assert "to hold the target of 1% at an occupancy of 99%: none of the 2–4 agents tried" in flowing
    assert "Only mode predictive heeds the target" in flowing


def test_a_page_with_charts_fetches_nothing_and_is_sound(folder: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    words = ("--mode", "progressive,predictive", "--agents", "2,4", "--hours", "0.05")
    assert simulated(folder, "demo", *words, *SHORT[2:], "--html", str(page), lang="zh_CN.UTF-8").exit_code == 0
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=|url\(|@import|<script", text)
    root = ElementTree.fromstring(re.sub(r"<meta[^>]*>|<!doctype html>", "", text))
    charts = [one for one in root.iter("svg") if one.get("role") == "img"]
    assert len(charts) == 4
    for chart in charts:
        lines = list(chart.iter("polyline"))
        assert len(lines) == 2, "one for each mode"
        assert all(len((line.get("points") or "").split()) == 2 for line in lines)


def test_a_line_breaks_where_nothing_is_known_and_stays_inside() -> None:
    dots = [Dot(x=1, y=0.2, low=0.0, high=9.0), Dot(x=2, y=None), Dot(x=3, y=0.4), Dot(x=4, y=0.5)]
    line = Line(name="<b>", dots=tuple(dots))
    root = ElementTree.fromstring(lines_svg([line], x_text=str, y_text=str, x_label="x", top=1.0))
    assert [len((part.get("points") or "").split()) for part in root.iter("polyline")] == [1, 2]
    for circle in root.iter("circle"):
        assert 0 <= float(circle.get("cx") or -1) <= 880
        assert 0 <= float(circle.get("cy") or -1) <= 200


def test_ctrl_c_shows_what_is_done(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*words: Any, **more: Any) -> Iterator[Run]:
        for number, each in enumerate(each_run(*words, **more)):
            yield each
            if number == 2:
                raise KeyboardInterrupt

    monkeypatch.setattr(simulate_run, "each_run", interrupted)
    words = ("demo", "--mode", "progressive", "--agents", "2,4", *SHORT)
    told = simulated(folder, *words, "--json")
    assert told.exit_code == 130
    found = json.loads(told.stdout)
    assert (found["complete"], found["runs_done"], found["runs_wanted"]) == (False, 3, 4)
    assert [point["runs"] for point in found["points"]] == [2, 1], "the first seeds of all points come first"
    assert "Stopped: 3 of 4 runs are done." in simulated(folder, *words).stdout


# --- what cannot be ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("nope",), "There are: demo"),
        (("demo", "--agents", "5.."), "--agents 5..: it cannot be read; write"),
        (("demo", "--target", "60%"), "--target 60%: it is not within 0.0001..0.5"),
        (("demo", "--mode", "fast"), "choose of preview, progressive, power, predictive"),
        (("demo", "--ratio", "2"), "--ratio is for mode power; add --mode power"),
        (("demo", "--talk", "long"), "write a duration, such as 90s or 2m"),
        (("demo", "--breaks", "5m"), "write LENGTH/EVERY, such as 5m/90m, or none"),
        (("demo", "--from", "9"), "--from 9: write a time, such as 18:00"),
        (("demo", "--accounts", "some"), "--accounts some: write a number from 1 to 9999999, or endless"),
        (("demo", "--finish-by", "18:00"), "--finish-by needs a list with an end"),
        (("demo", "--agents", "1..60:1", "--trunks", "1..60:1"), "3600 combinations"),
        (("demo", "--day", "2026-11-22"), "--day goes with --from-history"),
        (("demo", "--from-history"), "There is no history: no file"),
        (("demo", "--on", "someday"), "write a date or a day of the week"),
        (("weekdays", "--on", "2026-11-29"), "Sunday 2026-11-29 is closed by calling.hours in"),
        (("weekdays", "--on", "2026-11-24", "--from", "20:00"), "calling.hours are 08:00-12:00, 14:00-20:00"),
        (("weekdays", "--on", "mon", "--accounts", "9", "--finish-by", "07:00"), "is before the start at 08:00"),
    ],
)
def test_what_cannot_be_is_one_sentence_that_says_what_to_do(folder: Path, words: tuple[str, ...], says: str) -> None:
    told = simulated(folder, *words)
    assert told.exit_code == 2
    assert says in told.stderr
    assert "Traceback" not in told.stderr


def test_help_teaches_by_examples() -> None:
    told = run("simulate", "--help", columns=100)
    assert "dialer simulate june --agents 5..40 --target 1%,3%" in told.stdout
    assert "--from-history" in told.stdout


# --- from history --------------------------------------------------------------------------------------


TRUTH = Behaviour(
    answer_ratio=0.35, talk=Lognormal(mean_s=40.0, cv=0.7), wrap_up=Lognormal(mean_s=8.0, cv=0.4), break_gap_s=0.0
)


def with_history(place: Path, *, hours: float) -> Path:
    """A folder whose store knows a morning of the demo."""
    assert run("init", str(place)).exit_code == 0
    settings = load_dialer(place / "config/dialer.yaml")
    file = place / "config/campaigns/demo.yaml"
    file.write_text(file.read_text().replace("mode: predictive", "mode: progressive"))
    demo = load_campaign(file, settings)
    store = SqliteStore.create(settings.store_path)
    morning_at = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
    live(store, settings, demo, TRUTH, start_at=morning_at, hours=hours, accounts=500, seed=5)
    store.close()
    return place


def test_history_is_learned_and_a_real_day_stands_beside_its_simulation(tmp_path: Path) -> None:
    place = with_history(tmp_path, hours=0.4)
    words = ("demo", "--from-history", *SHORT)
    told = document(place, *words, "--on", "2026-11-24")
    origins = {row["key"]: row["origin"] for row in told["world"]}
    assert re.fullmatch(r"history: \d+ calls", origins["answer_rate"])
    assert re.fullmatch(r"history: \d+ samples", origins["talk"])
    assert origins["breaks"].endswith("history has too little")
    assert origins["accounts"] == "list demo in the store"
    real = told["real_day"]
    assert (real["day"], real["agents"], real["runs"]) == ("2026-03-10", 6, 2)
    for name in ("occupancy", "answered", "placed", "talk_minutes"):
        found = real["figures"][name]
        assert found["forecast"]["mean"] == pytest.approx(found["real"], rel=0.25), name
    shown = simulated(place, *words).stdout
    assert "2026-03-10 as it was and as simulated" in shown
    other_day = simulated(place, *words, "--day", "2026-03-09")
    assert "There is nothing to compare with on 2026-03-09" in other_day.stderr
    assert "Days with calls: 2026-03-10" in other_day.stderr


def test_too_little_history_says_how_much_there_is_and_what_to_do(tmp_path: Path) -> None:
    told = simulated(with_history(tmp_path, hours=0.03), "demo", "--from-history")
    assert told.exit_code == 2
    assert re.search(r"Too little history: of \d+ calls of demo since 2026-02-08 only \d+ were", told.stderr)
    assert "--answer-rate, --talk and --wrap-up" in told.stderr


def test_a_list_of_which_nobody_may_be_called_says_so(tmp_path: Path) -> None:
    place = with_history(tmp_path, hours=0.03)
    settings = load_dialer(place / "config/dialer.yaml")
    store = SqliteStore.open(settings.store_path)
    with store._writing() as connection:
        connection.execute("UPDATE accounts SET state = 'closed', next_at = NULL WHERE leased_by IS NULL")
    store.close()
    told = simulated(place, "demo")
    assert told.exit_code == 2
    assert "None of the 500 accounts of list demo may be dialled that day" in told.stderr
