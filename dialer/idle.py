"""Agents who wait with nothing to dial: why is that? Counted off the event loop, told on the board and in the log.

The floor knows that nothing is in hand; what holds every account of the list back only the store can say. It is asked
when agents have been free for ten seconds with nothing dialled for them, again every ten seconds while that lasts, on a
connection and in a thread of its own, so that neither calls nor their records wait for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import structlog

from dialer.clock import Clock
from dialer.errors import StoreError
from dialer.floor import board
from dialer.floor.state import CampaignRun, FloorState, Moment
from dialer.settings import AgentSettings, CampaignSettings
from dialer.snapshot import CampaignRow
from dialer.types import AgentState, CampaignName
from dialer.waterfall import Waterfall, zero_dialable

LOOK_EVERY_S: Final = 1.0
COUNT_EVERY_S: Final = 10.0
WARN_EVERY_S: Final = 60.0

Count = Callable[[CampaignSettings, datetime, Collection[AgentSettings]], Waterfall]
"""Counts a campaign's list for some agents; called in a thread."""

_log = structlog.stdlib.get_logger("dialer.engine")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was counted last."""

    counted_s: float
    told: Waterfall


class IdleWatch:
    """Knows of each campaign why its agents have nothing to dial.

    Args:
        count: counts a list.
        clock: the machine's.
    """

    def __init__(self, count: Count, clock: Clock) -> None:
        self._count = count
        self._clock = clock
        self._known: dict[CampaignName, _Known] = {}
        self._warned_s: dict[CampaignName, float] = {}

    async def watch(self, floor: Callable[[], FloorState]) -> None:
        """Look every second until cancelled; a count that is under way is finished in its thread."""
        while True:
            await self.look(floor())
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self, floor: FloorState) -> None:
        """Count the lists of campaigns whose agents are idle, where that was not done lately."""
        for run in tuple(floor.campaigns.values()):
            now = Moment(self._clock.now_s(), self._clock.now_at())
            name, idle = run.settings.name, board.idle_agents(floor, run, now)
            if not idle:
                self._known.pop(name, None)
                continue
            known = self._known.get(name)
            if known is None or now.s >= known.counted_s + COUNT_EVERY_S:
                await self._recount(run, list(_on_shift(floor, run)), now)
            self._warn(name, idle, run.idle_reason, now.s)

    async def _recount(self, run: CampaignRun, agents: list[AgentSettings], now: Moment) -> None:
        try:
            told = await asyncio.to_thread(self._count, run.settings, now.at, agents)
        except StoreError as error:
            _log.debug("idle.not_counted", campaign=run.settings.name, reason=str(error))
        else:
            self._known[run.settings.name] = _Known(counted_s=self._clock.now_s(), told=told)

    def _warn(self, name: CampaignName, idle: int, reason: str, now_s: float) -> None:
        if now_s < self._warned_s.get(name, -WARN_EVERY_S) + WARN_EVERY_S:
            return
        self._warned_s[name] = now_s
        known = self._known.get(name)
        told = {} if known is None else known.told.held()
        said = reason if known is None else _sentence(known.told)
        _log.warning("agents.idle", campaign=name, agents=idle, reason=said, **{"held_back": told} if told else {})

    def row(self, row: CampaignRow) -> CampaignRow:
        """A campaign's row with what is known of why nothing can be dialled."""
        known = self._known.get(row.name)
        if known is None or not row.idle_agents:
            return row
        return replace(row, idle_reason=_sentence(known.told), not_dialable=known.told.held())


def _sentence(told: Waterfall) -> str:
    if told.dialable:
        return f"{told.dialable} dialable, not in hand yet"
    return zero_dialable(told.held())[1]


def _on_shift(floor: FloorState, run: CampaignRun) -> Iterable[AgentSettings]:
    away = (AgentState.OFFLINE, AgentState.CALLING_IN)
    return (agent.settings for agent in floor.staff(run.settings) if agent.state not in away)
