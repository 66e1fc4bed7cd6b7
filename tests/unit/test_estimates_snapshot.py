"""A snapshot of what was learned: the same again afterwards, and refused rather than followed into an error."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from dialer.estimates import Estimates
from dialer.pacing import PoolView, decide
from dialer.settings import PacingSettings
from dialer.types import Mode

SETTINGS = PacingSettings()
VIEW = PoolView(
    mode=Mode.PREDICTIVE,
    ready=3,
    talking_s=[3.0, 50.0],
    wrapping_s=[4.0],
    dialling_s=[0.5],
    ringing_s=[5.0, 9.0],
    waiting=0,
    trunk_free=50,
    leads=50,
    cps_allowance=50,
    answered=100,
    elapsed_s=600.0,
    wrap_up_limit_s=60.0,
)
Path = tuple[str | int, ...]


def experienced(calls: int = 100) -> Estimates:
    """After so many calls, every fourth of them answered."""
    found = Estimates.initial(SETTINGS)
    for index in range(calls):
        learn(found, index)
    return found


def learn(found: Estimates, index: int) -> None:
    answered = index % 4 == 0
    found.ring.observe(dialled_s=1.0 + index % 3, rang_s=float(index % 25), answered=answered)
    found.odds.observe(("trunk a", f"hour {index % 3}"), answered=answered, answer_ratio=0.25)
    if answered:
        found.talk.observe(5.0 + index)
        found.wrap_up.observe(1.0 + index % 20)
        found.price.observe(price=0.04, abandoned=index % 32 == 0)


def written(estimates: Estimates) -> dict[str, Any]:
    return json.loads(json.dumps(estimates.as_dict(), allow_nan=False))  # type: ignore[no-any-return]


def places(part: object, path: Path = ()) -> Iterator[Path]:
    """Every number of a snapshot, of long rows the first, one in the middle and the last."""
    match part:
        case dict():
            for key, value in part.items():
                yield from places(value, (*path, key))
        case list():
            for index in {0, len(part) // 2, len(part) - 1}:
                yield from places(part[index], (*path, index))
        case _:
            yield path


def changed(snapshot: dict[str, Any], path: Path, value: object) -> dict[str, Any]:
    found = copy.deepcopy(snapshot)
    *way, last = path
    spot: Any = found
    for key in way:
        spot = spot[key]
    spot[last] = value
    return found


def test_what_is_recalled_decides_and_learns_as_if_there_had_been_no_restart() -> None:
    first = experienced()
    again = Estimates.from_dict(written(first), SETTINGS)
    assert decide(VIEW, again, SETTINGS) == decide(VIEW, first, SETTINGS)
    for index in range(100, 140):
        learn(first, index)
        learn(again, index)
    assert written(again) == written(first)
    assert decide(VIEW, again, SETTINGS) == decide(VIEW, first, SETTINGS)


def test_a_snapshot_does_not_change_while_learning_goes_on() -> None:
    found = experienced()
    snapshot = found.as_dict()
    before = json.dumps(snapshot)
    learn(found, 8)
    assert json.dumps(snapshot) == before


@pytest.mark.parametrize("value", [0, -1, -1e-9, 1e13, -1e300, 1e300, 1e-300, True, None, "1", [], float("nan")])
def test_no_number_of_a_snapshot_whatever_it_is_leads_to_an_error_later(value: object) -> None:
    snapshot = written(experienced())
    refused = 0
    for path in places(snapshot):
        try:
            found = Estimates.from_dict(changed(snapshot, path, value), SETTINGS)
        except ValueError as error:
            assert "start from Estimates.initial" in str(error)
            refused += 1
            continue
        decision = decide(VIEW, found, SETTINGS)
        assert 0 <= decision.calls <= VIEW.cps_allowance
        learn(found, 4)
        decide(VIEW, found, SETTINGS)
    assert refused or value in (0, 1e-300)


@pytest.mark.parametrize("lost", ["ring", "odds", "talk", "wrap_up", "price"])
def test_a_snapshot_without_a_part_is_refused(lost: str) -> None:
    snapshot = written(experienced())
    del snapshot[lost]
    with pytest.raises(ValueError, match=f"lacks {lost}"):
        Estimates.from_dict(snapshot, SETTINGS)


def test_a_row_of_another_length_is_of_another_version_and_refused() -> None:
    snapshot = written(experienced())
    rows = [path[:-1] for path in places(snapshot) if path[-1] == 0]
    assert len(rows) > 4
    for path in rows:
        spot: Any = snapshot
        for key in path:
            spot = spot[key]
        with pytest.raises(ValueError, match=str(path[-1])):
            Estimates.from_dict(changed(snapshot, path, [*spot, 1.0]), SETTINGS)
