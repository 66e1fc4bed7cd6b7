"""Runs of chaos and of the soak that would look at nothing, and so find every promise kept, are refused."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from benchmarks import soak
from benchmarks.chaos import __main__ as chaos
from benchmarks.chaos.faults import Fault


def refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], main: Callable[[], int], *options: str
) -> str:
    monkeypatch.setattr(sys, "argv", ["it", *options])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    return " ".join(capsys.readouterr().err.split())


def test_chaos_without_a_fault_is_refused_with_the_names_of_all(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = refused(monkeypatch, capsys, chaos.main, "--only", "nope")
    assert "'nope'" in told
    assert all(fault in told for fault in Fault)


@pytest.mark.parametrize("kills", ["0", "-1"])
def test_no_kills_are_refused(kills: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"--kills {kills}: at least 1" in refused(monkeypatch, capsys, chaos.main, "--kills", kills)


@pytest.mark.parametrize("calls", ["0", "-5"])
def test_no_calls_are_refused(calls: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"--calls {calls}: at least 1" in refused(monkeypatch, capsys, soak.main, "--calls", calls)
