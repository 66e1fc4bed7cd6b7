"""`dialer simulate case` as people and scripts meet it; its runs are tried in tests/sim/test_case_runs.py."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from dialer.cli import simulate_case_run
from dialer.cli.errors import joined
from dialer.cli.main import app
from dialer.cli.simulate_case import QUICK, QUICK_SEEDS
from dialer.cli.simulate_case_cache import Cache, default_folder
from dialer.cli.simulate_case_svg import Bar, bars_svg
from dialer.settings import CampaignSettings
from dialer.sim.case.arms import LADDER, Arm
from dialer.sim.case.population import Group
from dialer.sim.case.run import ArmResult
from dialer.sim.case.scenario import Scenario
from dialer.sim.case.study import Outcome, Study, Task, study_of

STUDY = study_of(Scenario(**QUICK), QUICK_SEEDS, sensitivity=False)


def told(task: Task) -> Outcome:
    """What a run might have told: made up so that the figures can be worked out by hand."""
    if task.arm is None:
        return Outcome(cured=0.10)
    step = LADDER.index(task.arm)
    by_lot = 4 if task.group is Group.CONTROL and task.seed == 2 else 0
    return Outcome(
        ArmResult(
            arm=task.arm.value,
            group=int(task.group),
            seed=task.seed,
            accounts=400,
            agent_days=4,
            work_h=36.0,
            busy_h=18.0 + step,
            dials=1000,
            answers=200,
            presented=1000 if task.arm is Arm.MANUAL else 220,
            presented_live=200,
            contacted=240 + 20 * step + by_lot,
            reached=200 + 20 * step,
            customers=200 + 30 * step,
            promises=90,
            kept=50,
            opening=1000.0,
            paid=200.0 + 10.0 * step - by_lot,
            abandoned=step,
            answered=200,
            dry=0,
            breaches=0,
            live_abandoned=step,
            live=200,
            days_over=0,
        )
    )


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    """A folder with every run of a quick case."""
    kept = Cache(tmp_path / "cache")
    for task in STUDY.tasks():
        kept.keep(task, told(task))
    return tmp_path / "cache"


def run(*words: str, lang: str = "en_US.UTF-8", columns: int = 200) -> Result:
    environment = {"LC_ALL": lang, "COLUMNS": str(columns), "DIALER_CONFIG": None, "TERM": "dumb", "NO_COLOR": "1"}
    result = CliRunner().invoke(app, list(words), env=environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def quick(cache: Path, *words: str, lang: str = "en_US.UTF-8") -> Result:
    return run("simulate", "case", "--quick", "--jobs", "1", "--cache", str(cache), *words, lang=lang)


def document(cache: Path, *words: str) -> Any:
    shown = quick(cache, "--json", *words)
    assert shown.exit_code == 0, shown.stderr
    return json.loads(shown.stdout)


def test_two_words_are_one_command_and_a_campaign_of_that_name_can_still_be_meant() -> None:
    assert joined(["--json", "simulate", "case", "--quick"]) == ["--json", "simulate case", "--quick"]
    assert joined(["simulate", "--", "case"]) == ["simulate", "--", "case"]
    assert joined(["simulate", "june"]) == ["simulate", "june"]


def test_help_teaches() -> None:
    shown = run("simulate", "case", "--help", columns=120).stdout
    assert "dialer simulate case --html case.html" in shown
    assert "No figure is a field result" in " ".join(shown.split())


def test_the_figures_stand_against_the_mission_misses_included(cache: Path) -> None:
    shown = quick(cache).stdout
    assert "not field results" in shown
    assert "60.0% → 80.0% [80.0, 80.0]" in shown and "missed" in shown  # contact without the assumed step
    assert "+60.0% [+60.0, +60.0]" in shown and "reached" in shown
    assert "+40.0% [+40.0, +40.0]" in shown  # (0.24 - 0.10) / (0.20 - 0.10) - 1
    assert "A/A" in shown and "covers 0" in shown
    assert "ASSUMED: + auto wrap-up (assumed)" in shown
    assert "Fewer than 10 seeds" in shown


def test_what_may_be_said_is_said_in_the_allowed_words(cache: Path) -> None:
    sentence = document(cache)["sentence"]
    assert sentence.startswith("In our simulation (3 seeds, 400 accounts an arm, 95 % intervals) account-level contact")
    assert "against the documented manual baseline, at ≤3% abandoned. These are not field results." in sentence
    assert "80.0%" in sentence and "85.0%" not in sentence  # of the highest step without an assumption


def test_json_has_every_figure_with_its_interval_and_says_what_is_assumed(cache: Path) -> None:
    found = document(cache)
    assert found["label"] == "simulation, not field results"
    assert [step["arm"] for step in found["ladder"]] == [arm.value for arm in LADDER]
    assert [step["effect_is_assumed"] for step in found["ladder"]] == [False] * 5 + [True]
    assert found["ladder"][4]["levels"]["recovery_net_of_self_cure"]["value"] == pytest.approx(0.14)
    assert found["ladder"][4]["over_manual"]["customers_per_agent_day"]["value"] == pytest.approx(0.6)
    assert found["ladder"][2]["over_step_before"]["customers_per_agent_day"]["value"] == pytest.approx(260 / 230 - 1)
    assert found["ladder"][1]["abandonment"] == pytest.approx(1 / 200)
    assert found["self_cure"]["value"] == pytest.approx(0.10)
    assert found["complete"] and found["runs_cached"] == found["runs_wanted"] == len(STUDY.tasks())
    goals = {(goal["arm"], goal["figure"]): goal["verdict"] for goal in found["goals"]}
    assert goals["order", "account_contact_rate"] == "missed"
    assert goals["order", "customers_per_agent_day"] == "reached"
    assert goals["order", "attempt_answer_rate"] == "missed"
    same = {one["figure"]: one for one in found["same"]}
    assert same["account_contact_rate"]["covers_zero"]
    assert same["account_contact_rate"]["difference"]["value"] < 0.0


def test_in_chinese_all_of_it_is_chinese(cache: Path) -> None:
    shown = quick(cache, lang="zh_CN.UTF-8").stdout
    for words in (
        "不是现场结果",
        "人工对人工",
        "账户接通率",
        "每坐席日客户数",
        "净回收率",
        "未达到",
        "假设",
        "种子少于 10 个",
    ):
        assert words in shown, words
    assert "account contact" not in shown and "missed" not in shown


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_page_draws_the_ladder_and_fetches_nothing(cache: Path, tmp_path: Path, lang: str) -> None:
    page = tmp_path / "case.html"
    assert quick(cache, "--lang", lang, "--html", str(page)).exit_code == 0
    text = page.read_text(encoding="utf-8")
    charts = [part.split("</svg>")[0] + "</svg>" for part in text.split("<svg")[1:]]
    assert len(charts) == 5  # four of the ladder, one of the A/A
    for chart in charts:
        ElementTree.fromstring("<svg" + chart)
    assert "://" not in text and "<script" not in text
    assert ("not field results" if lang == "en" else "不是现场结果") in text


def test_a_case_that_was_broken_off_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Task] = []

    def some(file: CampaignSettings, tasks: Sequence[Task], *, processes: int = 1) -> Iterator[tuple[Task, Outcome]]:
        assert [profile.name for profile in file.rules.profiles] == ["CN-BANK"]
        for number, task in enumerate(tasks):
            if len(asked) == 0 and number == 12:
                asked.append(task)
                raise KeyboardInterrupt
            yield task, told(task)

    monkeypatch.setattr(simulate_case_run, "each", some)
    first = quick(tmp_path / "cache")
    assert first.exit_code == 130
    assert f"12 of {len(STUDY.tasks())} runs (0 from before)" in first.stdout
    assert "Not finished: 0 of 3 seeds" in first.stdout or "Not finished: 1 of 3 seeds" in first.stdout
    second = quick(tmp_path / "cache")
    assert second.exit_code == 0
    assert f"{len(STUDY.tasks())} of {len(STUDY.tasks())} runs (12 from before)" in second.stdout
    fresh = quick(tmp_path / "cache", "--fresh")
    assert "(0 from before)" in fresh.stdout


def test_a_run_is_kept_for_what_was_asked_and_for_nothing_else(tmp_path: Path) -> None:
    kept, task = Cache(tmp_path), STUDY.task(Arm.ORDER, 1)
    kept.keep(task, told(task))
    assert kept.get(task) == told(task)
    assert kept.get(STUDY.task(Arm.ORDER, 2)) is None
    other = Study(scenario=Scenario(**{**QUICK, "days": 3}), seeds=3)
    assert kept.get(other.task(Arm.ORDER, 1)) is None
    assert Cache(tmp_path, fresh=True).get(task) is None
    next(iter(tmp_path.glob("*.json"))).write_text("{", encoding="utf-8")
    assert kept.get(task) is None


def test_the_cache_is_where_the_user_keeps_such_things() -> None:
    assert default_folder({"XDG_CACHE_HOME": "/somewhere"}) == Path("/somewhere/dialer/case")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--accounts", "5"), "accounts is 5; give 20 to 200000"),
        (("--talk", "soon"), "--talk soon: write a duration"),
        (("--abandonment", "high"), "--abandonment"),
        (("--dials-per-day", "9"), "dials_per_day is 9; give 1 to 6"),
    ],
)
def test_what_cannot_be_is_said_with_what_is_allowed(tmp_path: Path, words: tuple[str, ...], why: str) -> None:
    shown = run("simulate", "case", "--cache", str(tmp_path), *words)
    assert shown.exit_code != 0
    assert why in " ".join(shown.stderr.split())


def test_bars_stay_within_the_chart_below_zero_too() -> None:
    bars = [
        Bar(label="a", value=-0.04, low=-0.09, high=0.02, text="-4%"),
        Bar(label="b", value=0.31, low=0.2, high=0.44, text="+31%", faded=True),
    ]
    drawn = ElementTree.fromstring(bars_svg(bars, lambda value: f"{value:+.0%}", goal=0.5))
    spots = [float(one.attrib["cx"]) for one in drawn.iter("circle")]
    assert 230 < spots[0] < spots[1] < 810
