"""Agents who act like agents: they hear that the customer has gone, think a little, and key in a result.

They do it as people do, by DTMF over real audio; nothing is told to the engine behind its back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from dialer.engine import Engine
from dialer.phones.spawned import Phone
from dialer.types import AgentState

LOOK_EVERY_S = 0.25
KEYING_PAUSE_S = 1.2
"""Between a code and the next entry it asks for."""


@dataclass(frozen=True, slots=True)
class Result:
    """Something an agent may key in: strings of digits with pauses between, and how often."""

    entries: tuple[str, ...]
    weight: float


RESULTS = (
    Result(("1", "{amount}#", "{days}#", "1"), 0.34),  # promise to pay
    Result(("2",), 0.12),
    Result(("3",), 0.14),
    Result(("4",), 0.10),
    Result(("5", "2#", "1"), 0.08),  # call back in two hours
    Result(("6",), 0.04),
    Result(("7",), 0.08),
    Result(("0",), 0.10),
)


async def act(engine: Engine, phones: Mapping[str, Phone], *, seed: int) -> None:
    """Play every agent until cancelled.

    Args:
        engine: looked at only to know when an agent is in wrap-up, which a person would hear.
        phones: agent id -> phone.
        seed: of thinking times and results.
    """
    random = Random(seed)
    busy: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            for row in engine.snapshot().agents:
                keying = row.agent_id in busy and not busy[row.agent_id].done()
                if row.state is AgentState.WRAP_UP and row.agent_id in phones and not keying:
                    work = _key_in(
                        phones[row.agent_id], random.choices(RESULTS, [r.weight for r in RESULTS])[0], random
                    )
                    busy[row.agent_id] = asyncio.create_task(work, name=f"keying {row.agent_id}")
            await asyncio.sleep(LOOK_EVERY_S)
    finally:
        for task in busy.values():
            task.cancel()


async def _key_in(phone: Phone, result: Result, random: Random) -> None:
    await asyncio.sleep(random.uniform(1.0, 3.5))
    values = {"amount": random.randrange(200, 5000, 50), "days": random.randint(1, 20)}
    for entry in result.entries:
        phone.send(f"dtmf {entry.format(**values)}")
        await asyncio.sleep(KEYING_PAUSE_S + 0.2 * len(entry))
    await asyncio.sleep(2.0)
