"""Feed made-up inputs to the borders of the program until the number is reached; keep what breaks one."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import logging
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from random import Random
from types import FrameType

import structlog

from tests.fuzz.ami import AmiTarget
from tests.fuzz.control import ControlTarget
from tests.fuzz.lists import CsvTarget, XlsxTarget
from tests.fuzz.settings_files import YamlTarget
from tests.fuzz.target import Target

TARGETS: Mapping[str, Callable[[], Target]] = {
    "ami": AmiTarget,
    "csv": CsvTarget,
    "xlsx": XlsxTarget,
    "yaml": YamlTarget,
    "control": ControlTarget,
}
HANGS_AFTER_S = 20
TOLD_EVERY_S = 5.0
KEPT_OF_A_KIND = 3


class HangError(BaseException):
    """An input took too long; not an `Exception`, or code that catches those would hide it."""


def main() -> int:
    chosen = _parser().parse_args()
    warnings.simplefilter("error")
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    if chosen.replay:
        with contextlib.closing(TARGETS[_one(chosen.what)]()) as target:
            _checked(target, chosen.replay.read_bytes())
        _say(f"{chosen.replay}: nothing wrong.")
        return 0
    names = list(TARGETS) if chosen.what == "all" else [chosen.what]
    crashes = sum(_fuzz(name, chosen.inputs // len(names), chosen.seed, chosen.crashes) for name in names)
    return 1 if crashes else 0


def _fuzz(name: str, inputs: int, seed: int, folder: Path) -> int:
    """Run one target; returns how many inputs broke it."""
    kinds: dict[str, int] = {}
    with contextlib.closing(TARGETS[name]()) as target:
        began_s = told_s = time.monotonic()
        for number in range(inputs):
            data = target.make(Random(f"{name} {seed} {number}"))
            try:
                _checked(target, data)
            except (Exception, HangError) as error:
                kind = _kind(error)
                kinds[kind] = kinds.get(kind, 0) + 1
                if kinds[kind] <= KEPT_OF_A_KIND:
                    _keep(folder, name, data)
            if time.monotonic() - told_s > TOLD_EVERY_S:
                told_s = time.monotonic()
                _say(f"{name}: {number + 1:,} of {inputs:,}, {(number + 1) / (told_s - began_s):,.0f}/s")
        took_s = time.monotonic() - began_s
    broken = sum(kinds.values())
    _say(f"{name}: {inputs:,} inputs in {took_s:.1f} s, {inputs / took_s:,.0f}/s, {broken} broke it")
    for kind, count in kinds.items():
        _say(f"{name}: {count} times {kind}")
    return broken


def _checked(target: Target, data: bytes) -> None:
    with _limit():
        target.check(data)


@contextlib.contextmanager
def _limit() -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        raise HangError(f"no end within {HANGS_AFTER_S} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, HANGS_AFTER_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _kind(error: BaseException) -> str:
    """What two crashes of one cause have in common."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"


def _keep(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-{hashlib.sha256(data).hexdigest()[:12]}"
    path.write_bytes(data)
    path.with_suffix(".txt").write_text(traceback.format_exc(), encoding="utf-8", errors="replace")
    _say(f"{name}: {traceback.format_exc(limit=-1).splitlines()[-1][:200]}")
    _say(f"{name}: broken by {path}; again: ./scripts/fuzz --what {name} --replay {path}")


def _one(what: str) -> str:
    if what == "all":
        raise SystemExit("--replay needs --what: which border the file is for.")
    return what


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--inputs", type=int, default=50_000, metavar="N", help="how many, shared by the borders")
    parser.add_argument("--what", choices=["all", *TARGETS], default="all")
    parser.add_argument("--seed", type=int, default=1, help="the same seed makes the same inputs")
    parser.add_argument("--crashes", type=Path, default=Path("fuzz-crashes"), help="folder for what breaks something")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="only feed this input")
    return parser


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
