"""A day that a simulated floor lived, written to a real store as an engine would have written it."""

from __future__ import annotations

from datetime import datetime, timedelta
from unittest.mock import patch

import store_cases
from dialer.effects import CloseAttempt, Effect, SaveAgentState, SaveAttempt, SaveCallEvent, SaveDisposition, Write
from dialer.facts import Fact
from dialer.floor.floor import Floor
from dialer.floor.state import Moment
from dialer.settings import CampaignSettings, DialerSettings
from dialer.sim.behaviour import Behaviour
from dialer.sim.measures import RunResult
from dialer.sim.run import make_world
from dialer.store.sqlite import SqliteStore
from dialer.types import AgentState


def live(
    store: SqliteStore,
    dialer: DialerSettings,
    campaign: CampaignSettings,
    behaviour: Behaviour,
    *,
    start_at: datetime,
    hours: float,
    accounts: int,
    seed: int,
) -> RunResult:
    """Import a list and dial it; calls that are in the air at the end never were, and everybody logs out."""
    imported = [store_cases.account(f"a{number}", number) for number in range(accounts)]
    store.import_accounts(campaign.list_name, "list.csv", imported, start_at - timedelta(days=1))
    # Leased and given back, so that they are the store's own.
    leads = store.lease(campaign, limit=accounts, at=start_at, lease_s=60.0, engine="x").leads
    store.release_leases("x")
    writes: list[Write] = []
    real_step = Floor.step

    def step(floor: Floor, fact: Fact, now: Moment) -> list[Effect]:
        effects = real_step(floor, fact, now)
        writes.extend(effect for effect in effects if isinstance(effect, Write))
        return effects

    with patch.object(Floor, "step", step):
        world = make_world(dialer, campaign, behaviour, seed=seed, accounts=leads, start_at=start_at)
        result = world.run(hours * 3600.0)
    of_calls = (SaveAttempt, SaveCallEvent, CloseAttempt, SaveDisposition)
    over = {one.attempt_id for one in writes if isinstance(one, SaveDisposition)}
    end_at = start_at + timedelta(hours=hours)
    with patch("dialer.store.writing.barred", return_value=None):  # the simulation kept its own books of leases
        store.apply([one for one in writes if not isinstance(one, of_calls) or one.attempt_id in over])
    store.apply([SaveAgentState(agent_id=agent.id, state=AgentState.OFFLINE, at=end_at) for agent in dialer.agents])
    return result
