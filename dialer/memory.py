"""What pacing remembers of a campaign when the engine starts again, or the campaign does.

Two things, from the store and read in its thread: whom the campaign answered for on each of the last days, counted from
its attempts; and what pacing had learned, saved every minute and at an orderly stop. A crash costs the last minute of
learning, and no answer that was written. The abandonment of the last hour, which is watched too, begins anew: its
answers are counted in their day, so the budget of the day is whole.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from dialer.clock import Clock
from dialer.errors import StoreError
from dialer.facts import CampaignLaunched, CampaignRecalled, DayAnswers
from dialer.floor.answers import PERIOD_DAYS
from dialer.floor.state import CampaignRun
from dialer.ledger import Ledger
from dialer.settings import CampaignSettings
from dialer.store.api import Store
from dialer.types import CampaignName

SAVE_EVERY_S: Final = 60.0

_log = structlog.stdlib.get_logger("dialer.engine")


class Memory:
    """Saves what campaigns have learned, and recalls it.

    Args:
        store: open.
        ledger: whose thread the store is used in.
        clock: for the moment of a snapshot, and for what day it is.
    """

    def __init__(self, store: Store, ledger: Ledger, clock: Clock) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._saved: dict[CampaignName, str] = {}
        """What the store has of campaigns that were recalled; touched in its thread only."""
        self._failed = False

    async def launch_of(self, settings: CampaignSettings, time_zone: str) -> CampaignLaunched:
        """The launch of a campaign that has not run in this engine, with all that is known of it; see `recall`."""
        known = await self.recall(settings, time_zone)
        return CampaignLaunched(settings=settings, days=known.days, learned=known.learned)

    async def recall(self, settings: CampaignSettings, time_zone: str) -> CampaignRecalled:
        """All that is known of a campaign; from then on `save` may write over what the store has of it.

        Args:
            settings: of the campaign.
            time_zone: where the dialer is; its days are counted.

        Raises:
            StoreError: The store cannot be read. To launch without the budget already spent might overspend it.
        """
        name = settings.name
        days, learned = await self._ledger.ask(partial(self._recall, name, self._clock.now_at(), ZoneInfo(time_zone)))
        _log.info(
            "pacing.recalled",
            campaign=name,
            answered=sum(day.answered for day in days),
            abandoned=sum(day.abandoned for day in days),
            days=len(days),
            learned=bool(learned),
        )
        return CampaignRecalled(settings=settings, days=days, learned=learned)

    async def keep(self, runs: Callable[[], Iterable[CampaignRun]]) -> None:
        """Save every minute until cancelled; a save that is under way is finished in the store's thread.

        Args:
            runs: tells what campaigns there are.
        """
        while True:
            await asyncio.sleep(SAVE_EVERY_S)
            await self.save(runs())

    async def save(self, runs: Iterable[CampaignRun]) -> None:
        """Save what was learned since the last time. A failure is logged, the first one only, and tried again later.

        Args:
            runs: whose; those that have learned nothing at all are left out, so that mended `initial_*` settings count,
                and so are those that were never recalled: what nobody has read is worth more than what began afresh.
        """
        for run in [run for run in runs if _has_learned(run)]:
            try:
                # Plain copies are made here, where the floor cannot learn meanwhile; the rest is the thread's.
                learned, at = run.estimates.as_dict(), self._clock.now_at()
                await self._ledger.ask(partial(self._keep, run.settings.name, at, learned))
            except Exception as error:  # whatever it is, calls go on
                if not self._failed:
                    _log.warning(
                        "pacing.not_saved", campaign=run.settings.name, reason=str(error), exc_info=_defect(error)
                    )
                self._failed = True
                return
        if self._failed:
            _log.info("pacing.saved_again")
        self._failed = False

    # --- in the store's thread -------------------------------------------------------------------------

    def _recall(self, name: CampaignName, at: datetime, zone: ZoneInfo) -> tuple[tuple[DayAnswers, ...], str]:
        learned = self._saved[name] = self._store.learned(name)
        return self._store.answers_by_day(name, at=at, zone=zone, days=PERIOD_DAYS), learned

    def _keep(self, name: CampaignName, at: datetime, learned: Mapping[str, object]) -> None:
        text = json.dumps(learned, ensure_ascii=False, allow_nan=False)
        if name in self._saved and text != self._saved[name]:
            self._store.save_learned(name, at=at, learned=text)
            self._saved[name] = text


def _has_learned(run: CampaignRun) -> bool:
    known = run.estimates
    return bool(known.ring.count or known.talk.count or known.wrap_up.count)


def _defect(error: Exception) -> bool:
    """Whether the log should say where it happened: a store that fails says enough by itself."""
    return not isinstance(error, StoreError)
