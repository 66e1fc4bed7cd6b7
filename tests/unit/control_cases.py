"""An engine's place at the control socket, for tests of the socket and of commands."""

from __future__ import annotations

from datetime import UTC, datetime

from dialer.effects import Report
from dialer.facts import Fact
from dialer.snapshot import AgentRow, BudgetRow, CallRow, CampaignRow, ForecastRow, ServerRow, Snapshot
from dialer.types import (
    AgentId,
    AgentState,
    AttemptId,
    CallState,
    CampaignName,
    CampaignState,
    Mode,
    ServerName,
)

M1 = CampaignName("m1")
A01 = AgentId("a01")
SNAPSHOT = Snapshot(
    at=datetime(2026, 3, 2, 9, 30, 0, 125_000, tzinfo=UTC),
    uptime_s=61.5,
    agents=(
        AgentRow(agent_id=A01, name="李娜", state=AgentState.TALKING, since_s=12.25, customer="王*"),
        AgentRow(agent_id=AgentId("a02"), name="陈伟", state=AgentState.PAUSED, since_s=3.0, reason="午餐"),
    ),
    calls=(
        CallRow(
            attempt_id=AttemptId("att-1"),
            campaign=CampaignName("m1"),
            state=CallState.TALKING,
            age_s=14.0,
            customer="王* 1234",
            agent_id=A01,
        ),
    ),
    campaigns=(
        CampaignRow(
            name=M1,
            state=CampaignState.RUNNING,
            mode=Mode.PREDICTIVE,
            dialled=10,
            outcomes={"busy": 3},
            dispositions={"ptp": 2},
            promised_amount="1200.00",
            next_due_at=datetime(2026, 3, 2, 10, 0, tzinfo=UTC),
            occupancy_ratio=0.8125,
            connect_ms_p50=1.375,
            forecast=ForecastRow(within_s=32.0, agents_free=2.5, answers=1.75),
            budget=BudgetRow(window="30 days", left=-0.5, aim_ratio=0.0125),
        ),
    ),
    servers=(ServerRow(name=ServerName("pbx1"), connected=False, reason="refused"),),
    alerts=("pbx1 lost",),
)


class FakeOrders:
    """Orders that only write down what was ordered."""

    def __init__(self, reports: tuple[Report, ...]) -> None:
        self.ordered: list[tuple[object, ...]] = []
        self.reports = reports

    async def stop(
        self, who: str, flag: str, *, by: str, note: str = "", until_at: datetime | None = None
    ) -> tuple[Report, ...]:
        self.ordered.append(("stop", who, flag, by, note, until_at))
        return self.reports

    async def allow(self, who: str, flag: str, *, by: str, note: str) -> tuple[Report, ...]:
        self.ordered.append(("allow", who, flag, by, note))
        return self.reports

    async def call(self, agent: str, who: str, campaign: str = "") -> tuple[Report, ...]:
        self.ordered.append(("call", agent, who, campaign))
        return self.reports


class FakeFloor:
    """A `ControlTarget` that writes down what it is told."""

    def __init__(self) -> None:
        self.orders = FakeOrders((Report(event="stop.added", fields={"withheld": 2}),))
        self.facts: list[Fact] = []
        self.launched: list[str] = []
        self.drain_s: float | None = None
        self.reports: tuple[Report, ...] = (Report(event="campaign.paused", fields={"campaign": "m1"}),)

    def snapshot(self) -> Snapshot:
        return SNAPSHOT

    async def tell(self, fact: Fact) -> tuple[Report, ...]:
        self.facts.append(fact)
        return self.reports

    async def launch(self, campaign: str) -> tuple[Report, ...]:
        if campaign == "defect":
            raise ZeroDivisionError
        self.launched.append(campaign)
        return self.reports

    async def reload(self) -> tuple[Report, ...]:
        return self.reports

    def stop(self, *, drain_s: float) -> None:
        self.drain_s = drain_s
