"""How long does it take to score a whole book, to learn a card from it, and to answer a sign of risk?

    python -m benchmarks.risk [--accounts 100000] [--quick] [--json]

A made-up book with loans, payments and calls is put into a store. Seconds are processor time, except from an event to
its alert, which is time on the clock with the chore at work as in an engine. `inference` is scoring alone, out of
features in memory.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import logging
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import structlog

from dialer.account_events import AccountEvent, EventKind
from dialer.chores import Chores
from dialer.cli.init import example_folder
from dialer.clock import SystemClock
from dialer.config.risk import load_risk
from dialer.early_warning import EarlyWarning
from dialer.made_up.book import BookPlan
from dialer.made_up.filling import Filling, fill_store
from dialer.risk.features import usable
from dialer.risk.observing import features
from dialer.risk.scorecard import score
from dialer.risk.settings import RiskSettings
from dialer.risk.training import train
from dialer.store import alerts, happened, modelling
from dialer.store.grading import save_scores, score_accounts
from dialer.store.risk_history import read_history
from dialer.store.sqlite import SqliteStore
from dialer.types import DebtorId

TODAY = date(2026, 11, 29)
ZONE = ZoneInfo("Asia/Shanghai")
AT = datetime(2026, 11, 29, 9, 0, tzinfo=ZONE)
SIGNS = 40
T = TypeVar("T")


def main() -> None:
    """Measure, and print a line for each figure."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--accounts", type=int, default=100_000)
    arguments.add_argument("--quick", action="store_true", help="3,000 accounts")
    arguments.add_argument("--json", action="store_true")
    asked = arguments.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder) / "dialer.sqlite", 3_000 if asked.quick else asked.accounts)
    if asked.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:28} {value:12,.3f}")


def measure(path: Path, accounts: int) -> dict[str, float]:
    """All figures, by name."""
    settings = load_risk(example_folder(), example_folder())
    with closing(SqliteStore.create(path)) as store:
        fill_store(store, BookPlan(accounts=accounts, seed=1, today=TODAY), Filling(lines=False))
        figures = {"accounts": float(accounts), **_scoring(store, settings), **_training(store, settings)}
    return figures | _reacting(path, settings)


def _timed(what: Callable[[], T]) -> tuple[T, float]:
    began_s = time.process_time()
    found = what()
    return found, time.process_time() - began_s


def _scoring(store: SqliteStore, settings: RiskSettings) -> dict[str, float]:
    with store.writing() as connection:
        model = modelling.champion(connection, settings.rules, by="benchmark", at=AT)
    with store.reading() as database:
        history, read_s = _timed(lambda: read_history(database.conn, AT, names=model.card.names))
        columns, features_s = _timed(lambda: features(history, AT.timestamp()))
        _, inference_s = _timed(lambda: score(model.card, columns))
        told, first_s = _timed(lambda: score_accounts(database.conn, model, AT))

    def save() -> None:
        for begin in range(0, len(told.changed), 2_000):
            with store.writing() as connection:
                save_scores(connection, model, told.changed[begin : begin + 2_000], AT)

    _, saved_s = _timed(save)
    with store.reading() as database:
        again, again_s = _timed(lambda: score_accounts(database.conn, model, AT))
    assert not again.changed
    return {
        "read_s": read_s,
        "features_s": features_s,
        "inference_s": inference_s,
        "score_first_s": first_s,
        "changed": float(len(told.changed)),
        "save_s": saved_s,
        "score_again_s": again_s,
    }


def _training(store: SqliteStore, settings: RiskSettings) -> dict[str, float]:
    with store.reading() as database:
        names = [one.name for one in usable(settings.excluded)]
        history = read_history(database.conn, AT, names=names)
    told, train_s = _timed(lambda: train(history, settings, until_s=AT.timestamp()))
    test = told.evaluation
    return {
        "train_s": train_s,
        "learned_rows": float(told.learned_rows),
        "tested_rows": float(test.rows),
        "auc": test.separation.auc.value,
        "auc_low": test.separation.auc.low,
        "auc_high": test.separation.auc.high,
    }


def _reacting(path: Path, settings: RiskSettings) -> dict[str, float]:
    """From the commit of a sign to the commit of its alert, one after the other."""
    waits = asyncio.run(_waits(path, settings))
    return {"signs": float(SIGNS), "alert_p50_s": statistics.median(waits), "alert_max_s": max(waits)}


async def _waits(path: Path, settings: RiskSettings) -> list[float]:
    clock = SystemClock()
    chores = Chores([EarlyWarning(lambda: settings, ZONE)], lambda: SqliteStore.open(path), clock)
    work = asyncio.create_task(chores.work())
    waits = []
    with closing(SqliteStore.open(path)) as store:
        for number in range(SIGNS):
            at = clock.now_at()
            event = AccountEvent(
                kind=EventKind.RISK_REPORTED,
                at=at,
                debtor_id=DebtorId(number + 1),
                payload={"sign": "income_lost"},
            )
            with store.writing() as connection:
                happened.note(connection, event)
            waits.append(await _raised(store, number + 1, at))
    work.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await work
    return waits


async def _raised(store: SqliteStore, debtor_id: int, at: datetime) -> float:
    while True:
        with store.reading() as database:
            found = alerts.alerts(database.conn, debtor_id=debtor_id)
        if found:
            return (found[0].at - at) / timedelta(seconds=1)
        await asyncio.sleep(0.01)


if __name__ == "__main__":
    main()
