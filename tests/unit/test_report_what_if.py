"""Other targets for a day that was: the same customers for each, and honest words when nothing can be said."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import patch
from xml.etree import ElementTree

import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))
import floor_world as fw
import store_cases
from dialer.cli.lang import Lang
from dialer.cli.main import app
from dialer.cli.report_what_if import GAINS, CannotSay, WhatIf, answer, points_for, what_if
from dialer.cli.report_what_if_view import notes, render_what_if, rows, what_if_html, what_if_json
from dialer.cli.session import Session
from dialer.cli.simulate_run import Work
from dialer.effects import Effect, Write
from dialer.facts import Fact
from dialer.floor.floor import Floor
from dialer.floor.state import Moment
from dialer.sim.behaviour import Behaviour
from dialer.sim.durations import Lognormal
from dialer.sim.run import make_world, simulate
from dialer.store.sqlite import SqliteStore
from dialer.types import Mode

CREW = tuple(fw.crowd(4))
SPRING = fw.campaign(mode=Mode.PROGRESSIVE, record=False, wrap_up_limit_s=600.0)
HOURS = 0.75
TOMORROW = fw.EPOCH + timedelta(days=1)
TRUTH = Behaviour(answer_ratio=0.3, talk=Lognormal(mean_s=40.0), wrap_up=Lognormal(mean_s=10.0), break_gap_s=0.0)


def session() -> Session:
    one = Session(config=Path("nowhere.yaml"), json=True)
    one.settings = fw.settings(CREW)
    return one


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    """Three quarters of an hour of four agents, written by the floor itself."""
    store = SqliteStore.create(tmp_path_factory.mktemp("store") / "store.db")
    accounts = [store_cases.account(f"a{number}", number) for number in range(500)]
    store.import_accounts(SPRING.list_name, "spring.csv", accounts, fw.EPOCH - timedelta(days=1))
    leads = store.lease(SPRING, limit=500, at=fw.EPOCH - timedelta(hours=1), lease_s=60.0, engine="x").leads
    writes: list[Write] = []
    real_step = Floor.step

    def step(floor: Floor, fact: Fact, now: Moment) -> list[Effect]:
        effects = real_step(floor, fact, now)
        writes.extend(effect for effect in effects if isinstance(effect, Write))
        return effects

    with patch.object(Floor, "step", step):
        make_world(fw.settings(CREW), SPRING, TRUTH, seed=3, accounts=leads, start_at=fw.EPOCH).run(HOURS * 3600.0)
    with patch("dialer.store.writing.barred", return_value=None):  # the simulation kept its own books of leases
        store.apply(writes)
    yield store
    store.close()


@pytest.fixture(scope="module")
def told(lived: SqliteStore) -> WhatIf:
    found = what_if(session(), SPRING, lived, (None, TOMORROW), targets=(0.05, 0.01), runs=2, jobs=1)
    assert isinstance(found, WhatIf)
    return found


def test_the_campaign_as_it_is_stands_first_and_each_target_after_it(told: WhatIf) -> None:
    assert [(line.mode, line.is_own) for line in told.lines] == [
        (Mode.PROGRESSIVE, True),
        (Mode.PREDICTIVE, False),
        (Mode.PREDICTIVE, False),
    ]
    assert [line.target for line in told.lines[1:]] == [0.01, 0.05]
    assert (told.runs_done, told.runs_wanted, told.is_interrupted) == (6, 6, False)


def test_the_day_is_simulated_as_it_was_staffed(told: WhatIf) -> None:
    real = told.result.trial.real
    assert (real.day, len(real.agents)) == (fw.EPOCH.date(), len(CREW))
    assert real.hours == pytest.approx(HOURS, abs=0.1)
    assert {one.name for one in told.compared} >= {"occupancy", "abandonment_ratio", "placed", "answered"}


def test_gains_are_differences_of_runs_with_the_same_customers(told: WhatIf) -> None:
    own = told.result.trial.point.case
    last = told.lines[-1]
    other = replace(
        own.campaign,
        mode=Mode.PREDICTIVE,
        pacing=replace(own.campaign.pacing, target_abandonment_ratio=last.target),
    )
    pairs = [
        [
            simulate(own.dialer, one, own.behaviour, seed=seed, hours=own.hours, start_at=own.start_at)
            for one in (own.campaign, other)
        ]
        for seed in range(2)
    ]
    gained = [changed.occupancy - as_it_is.occupancy for as_it_is, changed in pairs]
    assert last.gains["occupancy"].mean == pytest.approx(sum(gained) / 2)
    assert last.gains["placed"].mean == pytest.approx(sum(b.placed - a.placed for a, b in pairs) / 2)
    assert {name: gain.mean for name, gain in told.own.gains.items()} == dict.fromkeys(GAINS, 0.0)


def test_predictive_gains_over_progressive(told: WhatIf) -> None:
    gain = told.lines[-1].gains["occupancy"]
    assert gain.mean > 0.0
    assert gain.is_sure == (gain.half_width is not None and gain.mean > gain.half_width)


def test_the_own_target_of_a_predictive_campaign_is_not_run_twice(told: WhatIf) -> None:
    own = told.result.trial.point
    predictive = replace(own, case=replace(own.case, campaign=replace(own.case.campaign, mode=Mode.PREDICTIVE)))
    points = points_for(predictive, (0.01, 0.03, 0.01))
    assert [point.target for point in points] == [0.03, 0.01]
    assert points[0] is predictive


def test_what_was_done_before_a_stop_is_told_with_the_seeds_that_both_have(lived: SqliteStore, told: WhatIf) -> None:
    points = points_for(told.result.trial.point, (0.01, 0.05))
    case = points[0].case
    run = simulate(case.dialer, case.campaign, case.behaviour, seed=0, hours=0.1, start_at=case.start_at)
    work = Work(points=points, seeds=2, results={0: [run], 1: [run]}, interrupted=True)
    found = answer(told.past, told.result.trial, points, work)
    assert isinstance(found, WhatIf)
    assert [line.target for line in found.lines] == [0.03, 0.01]
    assert found.lines[1].gains["occupancy"].half_width is None
    assert found.is_interrupted and "2 of 6 runs" in " ".join(notes(found, Lang.EN))
    nothing = answer(told.past, told.result.trial, points, Work(points=points, seeds=2, interrupted=True))
    assert isinstance(nothing, CannotSay) and nothing.is_interrupted


def test_with_too_little_history_a_sentence_says_how_much_there_is(lived: SqliteStore) -> None:
    early = (None, fw.EPOCH + timedelta(minutes=2))
    found = what_if(session(), SPRING, lived, early, runs=2, jobs=1)
    assert isinstance(found, CannotSay)
    assert "Too little history: of " in found.en and "needs 30" in found.en and "历史太少" in found.zh
    assert what_if_json(found) == {"why_not": found.en, "targets": []}
    other = what_if(session(), fw.campaign("other"), lived, (None, TOMORROW), runs=2, jobs=1)
    assert isinstance(other, CannotSay) and "of 0 calls only 0" in other.en


def test_preview_has_no_targets(lived: SqliteStore) -> None:
    found = what_if(session(), replace(SPRING, mode=Mode.PREVIEW), lived, (None, TOMORROW))
    assert isinstance(found, CannotSay) and "preview" in found.en


@pytest.mark.parametrize("lang", list(Lang))
@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_and_the_page_tell_the_same_numbers(told: WhatIf, lang: Lang, width: int) -> None:
    console = Console(width=width, force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(render_what_if(told, lang, width))
    text, page = capture.get(), what_if_html(told, lang)
    assert max(cell_len(line) for line in text.splitlines()) <= width
    for cells in rows(told, lang):
        for cell in cells if width >= 100 else cells[:-1]:
            assert cell in text and cell in page, cell
    tree = ElementTree.fromstring(f"<main>{page}</main>")
    assert len(tree.findall(".//svg")) == 1 and len(tree.findall(".//tr")) == 1 + len(told.lines)


def test_a_day_unlike_its_simulation_is_said_to_be_doubtful(told: WhatIf) -> None:
    real = told.result.trial.real
    odd = replace(real, figures={**real.figures, "occupancy": 0.01})
    result = replace(told.result, trial=replace(told.result.trial, real=odd))
    said = " ".join(notes(replace(told, result=result), Lang.EN))
    assert "occupancy 1.0% (simulated" in said
    assert "doubt the differences" in said and "occupancy" in said.partition("(95 %):")[2]


def test_the_json_is_plain_and_complete(told: WhatIf) -> None:
    plain = json.loads(json.dumps(what_if_json(told), allow_nan=False))
    assert plain["why_not"] is None and plain["day"] == "2026-03-10"
    assert [one["is_own"] for one in plain["targets"]] == [True, False, False]
    assert set(plain["targets"][1]["gains"]) == set(GAINS)
    assert plain["targets"][1]["figures"]["abandonment_ratio"].keys() == {"mean", "low", "high"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("demo", "--target", "1%"), "--target goes with --what-if"),
        (("--what-if",), "--what-if needs the name of one campaign"),
        (("demo", "--what-if", "--target", "x"), "--target x"),
    ],
)
def test_options_that_do_not_fit_are_told_before_anything_is_read(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    assert CliRunner().invoke(app, ["init", str(tmp_path)]).exit_code == 0
    config = str(tmp_path / "config/dialer.yaml")
    told = CliRunner().invoke(app, ["--config", config, "--lang", "en", "report", *words])
    assert told.exit_code != 0
    assert said in told.stderr
