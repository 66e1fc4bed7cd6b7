"""What people order of a running engine besides steering it: stop calling somebody, allow it again, make one call.

An order goes to the store first, in the store's own thread, and to the floor at once afterwards; what another engine
has in hand, its own store refuses when it is to be committed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from functools import partial

from dialer.clock import Clock
from dialer.effects import Report
from dialer.errors import ControlError
from dialer.facts import CallAsked, Fact
from dialer.floor.state import CampaignRun
from dialer.ledger import LEASE_S, Ledger
from dialer.store.api import Store
from dialer.types import AgentId, CampaignState


class Orders:
    """Takes orders.

    Args:
        store: open.
        ledger: whose thread the store is used in.
        clock: for the moment of an order.
        engine: in whose name leads are leased.
        tell: feeds a fact to the floor and answers with its reports.
        runs: tells what campaigns there are.
    """

    def __init__(
        self,
        store: Store,
        ledger: Ledger,
        clock: Clock,
        *,
        engine: str,
        tell: Callable[[Fact], Awaitable[tuple[Report, ...]]],
        runs: Callable[[], Iterable[CampaignRun]],
    ) -> None:
        self._store = store
        self._ledger = ledger
        self._clock = clock
        self._engine = engine
        self._tell = tell
        self._runs = runs

    async def stop(
        self, who: str, flag: str, *, by: str, note: str = "", until_at: datetime | None = None
    ) -> tuple[Report, ...]:
        """Forbid calls to a number or the debtor of an account; leads in hand go back at once.

        Raises:
            StoreError: see `Store.add_stop`; or it could not be written, and then nothing is stopped yet.
        """
        at = self._clock.now_at()
        order = partial(self._store.add_stop, who, flag, by=by, at=at, note=note, until_at=until_at)
        return await self._tell(await self._ledger.ask(order))

    async def allow(self, who: str, flag: str, *, by: str, note: str) -> tuple[Report, ...]:
        """Allow calls again.

        Raises:
            StoreError: see `Store.lift_stop`.
        """
        at = self._clock.now_at()
        done = await self._ledger.ask(partial(self._store.lift_stop, who, flag, by=by, at=at, note=note))
        return (Report(event="stop.lifted", fields={"lifted": done.lifted}),)

    async def call(self, agent: str, who: str, campaign: str = "") -> tuple[Report, ...]:
        """Have an agent call an account, or a number of one, through the gate.

        Args:
            agent: who calls.
            who: an account number, or a number in E.164 that is on the list.
            campaign: on whose behalf; empty: the first one that runs and has it.

        Raises:
            ControlError: no campaign that runs has it.
            StoreError: it is leased, in a call, or done.
        """
        for run in list(self._runs()):
            if run.state is CampaignState.RUNNING and campaign in ("", run.settings.name):
                lease = partial(
                    self._store.lease_one,
                    run.settings,
                    who,
                    at=self._clock.now_at(),
                    lease_s=LEASE_S,
                    engine=self._engine,
                    agent=agent,
                )
                lead = await self._ledger.ask(lease)
                if lead is not None:
                    return await self._tell(CallAsked(agent_id=AgentId(agent), campaign=run.settings.name, lead=lead))
        raise ControlError(
            "No list of a running campaign has this account or number. Only what was imported may be called; "
            "write a number with its country code, such as +8613900000000."
        )
