"""The fixed corpus, and a few fresh inputs: what `scripts/fuzz` does a million times, in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.__main__ import TARGETS
from tests.fuzz.target import Target

CORPUS = Path(__file__).resolve().parents[1] / "corpus"
FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())
FRESH = {"ami": 400, "csv": 200, "xlsx": 60, "yaml": 40, "control": 100}


@pytest.fixture(scope="module", params=TARGETS)
def border(request: pytest.FixtureRequest) -> Iterator[tuple[str, Target]]:
    with closing(TARGETS[request.param]()) as target:
        yield request.param, target


def test_no_input_of_the_corpus_breaks_its_border(border: tuple[str, Target]) -> None:
    name, target = border
    files = [path for path in FILES if path.parent.name == name]
    assert len(files) >= 8
    for path in files:
        try:
            target.check(path.read_bytes())
        except Exception as error:
            error.add_note(f"by {path.relative_to(CORPUS)}")
            raise


def test_no_fresh_input_breaks_its_border(border: tuple[str, Target]) -> None:
    name, target = border
    for number in range(FRESH[name]):
        target.check(target.make(Random(f"ci {name} {number}")))


def test_the_corpus_has_no_file_that_nobody_reads() -> None:
    assert {path.parent.name for path in FILES} == set(TARGETS)
