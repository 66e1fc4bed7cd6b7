"""A floor to try things on: settings, leads, and facts at a clock of our own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

from dialer.agents import Agent
from dialer.calls import Call
from dialer.effects import CloseAttempt, Effect, LeaseLeads, Originate, Report, SaveDisposition
from dialer.facts import (
    AgentLegUp,
    AgentTold,
    BridgeEntered,
    BridgeLeft,
    CampaignLaunched,
    ChannelAnswered,
    ChannelEnded,
    ChannelRang,
    CustomerReady,
    CustomerReleased,
    DigitPressed,
    DispositionTold,
    Fact,
    LeadsLeased,
    LinkRestored,
    LiveChannel,
    Ticked,
)
from dialer.floor.floor import Floor
from dialer.floor.state import Moment
from dialer.leads import Lead
from dialer.settings import (
    AgentSettings,
    CallingRules,
    CampaignSettings,
    DialerSettings,
    DispositionSettings,
    MessageSettings,
    ServerSettings,
    TrunkSettings,
    Window,
)
from dialer.types import (
    AccountId,
    AgentId,
    AgentState,
    Asks,
    AttemptId,
    CampaignName,
    ChannelId,
    ConnectStyle,
    DebtorId,
    DispositionCode,
    Mode,
    Number,
    Outcome,
    PhoneId,
    ServerName,
    StopFlag,
    TrunkName,
)

MAIN = ServerName("main")
TRUNK = TrunkName("trunk")
EPOCH = datetime(2026, 3, 10, 2, 0, tzinfo=UTC)  # ten in the morning in Shanghai, a Tuesday
START_S = 1000.7  # not a round number: sums with it round in both directions
ALL_DAY = dict.fromkeys(range(7), (Window(opens=time(0), closes=time(0)),))
RULES = CallingRules(windows=ALL_DAY, close_margin_s=0.0, min_gap_s=60.0)

DISPOSITIONS = (
    DispositionSettings(code=DispositionCode("no_result"), digits="0", label_zh="无结果", label_en="no result"),
    DispositionSettings(
        code=DispositionCode("promise"),
        digits="1",
        label_zh="承诺还款",
        label_en="promise to pay",
        right_party=True,
        conversation=True,
        asks=Asks.PROMISE,
    ),
    DispositionSettings(
        code=DispositionCode("callback"),
        digits="2",
        label_zh="回拨",
        label_en="call back",
        right_party=True,
        conversation=True,
        asks=Asks.CALLBACK,
    ),
    DispositionSettings(
        code=DispositionCode("refused"),
        digits="9",
        label_zh="拒绝还款",
        label_en="refuses to pay",
        right_party=True,
        conversation=True,
    ),
    DispositionSettings(
        code=DispositionCode("complaint"),
        digits="91",
        label_zh="投诉",
        label_en="complaint",
        stop=StopFlag.COMPLAINT,
    ),
)

E = TypeVar("E", bound=Effect)


def agent(
    name: str, *, server: ServerName = MAIN, connect: ConnectStyle = ConnectStyle.NAILED_UP, **more: Any
) -> AgentSettings:
    return AgentSettings(
        id=AgentId(name), name=name, server=server, extension="1001", secret="x", connect=connect, **more
    )


def trunk(name: TrunkName = TRUNK, server: ServerName = MAIN, **more: Any) -> TrunkSettings:
    values: dict[str, Any] = {"host": "127.0.0.1", "channels": 30, "calls_per_s": 100.0} | more
    return TrunkSettings(name=name, server=server, **values)


def settings(agents: Iterable[AgentSettings] = (), trunks: Iterable[TrunkSettings] = (), **more: Any) -> DialerSettings:
    folder = Path("/nowhere")
    trunks = tuple(trunks) or (trunk(),)
    servers = sorted({one.server for one in trunks})
    return DialerSettings(
        source=folder / "dialer.yaml",
        store_path=folder / "store",
        recordings_path=folder,
        control_path=folder / "control",
        log_path=None,
        runtime_path=folder,
        servers=tuple(ServerSettings(name=name, ami_secret="x") for name in servers),
        trunks=trunks,
        agents=tuple(agents) or (agent("anna"),),
        pause_reasons={"1": "break", "2": "training"},
        **more,
    )


def campaign(name: str = "spring", **more: Any) -> CampaignSettings:
    values: dict[str, Any] = {
        "mode": Mode.PROGRESSIVE,
        "trunks": (TRUNK,),
        "rules": RULES,
        "retry_after_s": {Outcome.NO_ANSWER: (3600.0,), Outcome.BUSY: (600.0,)},
        "wrap_up_limit_s": 30.0,
    } | more
    return CampaignSettings(
        name=CampaignName(name),
        source=Path(f"{name}.yaml"),
        list_name=name,
        default_disposition=DispositionCode("no_result"),
        dispositions=DISPOSITIONS,
        next_steps=(),
        messages=MessageSettings(abandoned="dialer/zh/sorry"),
        **values,
    )


def lead(number: int, **more: Any) -> Lead:
    values: dict[str, Any] = {"debtor_id": DebtorId(number), "zone": "Asia/Shanghai"} | more
    return Lead(
        account_id=AccountId(number),
        account_no=f"A{number:05d}",
        debtor_name="张三",
        phone_id=PhoneId(number),
        number=Number(f"+86139{number:08d}"),
        **values,
    )


def leads(count: int, first: int = 1, **more: Any) -> tuple[Lead, ...]:
    return tuple(lead(number, **more) for number in range(first, first + count))


def of(kind: type[E], effects: Iterable[Effect]) -> list[E]:
    """The effects of one kind."""
    return [effect for effect in effects if isinstance(effect, kind)]


class World:
    """A floor, a clock, and the effects so far."""

    def __init__(
        self,
        dialer: DialerSettings | None = None,
        known: Sequence[CampaignSettings] = (),
        *,
        run_id: str = "r1",
        connected: bool = True,
    ) -> None:
        self.s = START_S
        self.log: list[tuple[Fact, list[Effect]]] = []
        self.floor = Floor(dialer or settings(), run_id=run_id, now=self.now, known={one.name: one for one in known})
        if connected:
            for name in self.floor.state.links:
                self.take(LinkRestored(server=name, channels=()))

    @property
    def now(self) -> Moment:
        return Moment(self.s, EPOCH + timedelta(seconds=self.s - START_S))

    # --- time and facts --------------------------------------------------------------------------------

    def take(self, *facts: Fact) -> list[Effect]:
        """Step the floor by facts; the effects of all of them."""
        effects: list[Effect] = []
        for fact in facts:
            answer = self.floor.step(fact, self.now)
            self.log.append((fact, answer))
            effects += answer
        return effects

    def tick(self) -> list[Effect]:
        return self.take(Ticked())

    def wait(self, seconds: float) -> list[Effect]:
        """Let time pass, waking exactly when the floor asks to be woken."""
        effects: list[Effect] = []
        until_s = self.s + seconds
        while (wake_s := self.floor.next_wake_s()) is not None and wake_s <= until_s:
            self.s = max(self.s, wake_s)
            effects += self.tick()
        self.s = until_s
        return effects + self.tick()

    def effects(self, kind: type[E]) -> list[E]:
        """All effects of one kind so far."""
        return [effect for _, effects in self.log for effect in of(kind, effects)]

    # --- what happens ----------------------------------------------------------------------------------

    def login(self, *names: str, server: ServerName = MAIN) -> list[Effect]:
        """Agents dial in."""
        effects = []
        for name in names:
            effects += self.take(
                AgentLegUp(server=server, agent_id=AgentId(name), channel_id=leg(name), channel=f"PJSIP/{name}-01")
            )
            self.s += 0.01
        return effects

    def launch(self, campaign: CampaignSettings, wanted: Iterable[Lead] = ()) -> list[Effect]:
        """Start a campaign and hand it leads; then pace once."""
        effects = self.take(CampaignLaunched(settings=campaign)) + self.tick()
        return effects + self.lease(campaign.name, wanted)

    def lease(self, name: CampaignName, wanted: Iterable[Lead] = (), waiting: int = 0) -> list[Effect]:
        """Answer a campaign's wish for leads; then pace once."""
        return self.take(LeadsLeased(campaign=name, leads=tuple(wanted), waiting=waiting)) + self.tick()

    def originated(self) -> list[AttemptId]:
        return [effect.attempt_id for effect in self.effects(Originate)]

    def ring(self, attempt: AttemptId) -> list[Effect]:
        return self.take(ChannelRang(channel_id=ChannelId(attempt)))

    def answer(self, attempt: AttemptId) -> list[Effect]:
        """A person answers and waits in the dialplan."""
        channel_id, channel = ChannelId(attempt), name_of(attempt)
        effects = self.take(ChannelRang(channel_id=channel_id))
        effects += self.take(ChannelAnswered(channel_id=channel_id, channel=channel))
        return effects + self.take(CustomerReady(channel_id=channel_id, channel=channel))

    def bridge(self, attempt: AttemptId, name: str, bridge_id: str = "") -> list[Effect]:
        """Asterisk joins a customer and an agent."""
        bridge_id = bridge_id or f"bridge-{attempt}-{name}"
        effects = self.take(BridgeEntered(channel_id=ChannelId(attempt), bridge_id=bridge_id))
        return effects + self.take(BridgeEntered(channel_id=self.leg_id(name), bridge_id=bridge_id))

    def hang_up(self, attempt: AttemptId, cause: int = 16, sip_code: int | None = None) -> list[Effect]:
        """The customer hangs up, in whatever state."""
        call = self.floor.state.calls.get(attempt)
        effects: list[Effect] = []
        if call is not None and call.bridge_id and call.talk_ended_s is None:
            effects += self.take(BridgeLeft(channel_id=ChannelId(attempt), bridge_id=call.bridge_id))
            effects += self.take(BridgeLeft(channel_id=self.leg_id(call.agent_id or ""), bridge_id=call.bridge_id))
        return effects + self.take(ChannelEnded(channel_id=ChannelId(attempt), cause=cause, sip_code=sip_code))

    def leg_lost(self, name: str, cause: int, *, released: bool = True) -> list[Effect]:
        """An agent's phone goes off the line; in a conversation the customer is left alone."""
        held, leg_id = self.agent(name), self.leg_id(name)
        call = self.floor.state.calls.get(held.attempt_id) if held.attempt_id is not None else None
        effects: list[Effect] = []
        talking = call is not None and held.state is AgentState.TALKING
        if call is not None and talking:
            effects += self.take(BridgeLeft(channel_id=leg_id, bridge_id=call.bridge_id))
            effects += self.take(BridgeLeft(channel_id=ChannelId(call.attempt_id), bridge_id=call.bridge_id))
        effects += self.take(ChannelEnded(channel_id=leg_id, cause=cause))
        if call is not None and talking and released:
            effects += self.take(CustomerReleased(channel_id=ChannelId(call.attempt_id)))
        return effects

    def talk(self, attempt: AttemptId, name: str) -> list[Effect]:
        """From the ringing to the conversation."""
        return self.answer(attempt) + self.bridge(attempt, name)

    def press(self, name: str, digits: str) -> list[Effect]:
        return self.take(*(DigitPressed(channel_id=self.leg_id(name), digit=digit) for digit in digits))

    def tell(self, name: str, wish: str, reason: str = "") -> list[Effect]:
        return self.take(AgentTold(agent_id=AgentId(name), wish=wish, reason=reason))

    # --- what is -----------------------------------------------------------------------------------------

    def agent(self, name: str) -> Agent:
        return self.floor.state.agents[AgentId(name)]

    def leg_id(self, name: str) -> ChannelId:
        held = self.agent(name).leg
        return held.channel_id if held is not None else leg(name)

    def state(self, name: str) -> AgentState:
        return self.agent(name).state

    def call(self, attempt: AttemptId) -> Call:
        return self.floor.state.calls[attempt]

    def outcome(self, attempt: AttemptId) -> Outcome:
        (closed,) = [effect for effect in self.effects(CloseAttempt) if effect.attempt_id == attempt]
        return closed.outcome

    def concluded(self, attempt: AttemptId) -> SaveDisposition:
        (saved,) = [effect for effect in self.effects(SaveDisposition) if effect.attempt_id == attempt]
        return saved

    def refusals(self) -> list[str]:
        return [str(one.fields["message"]) for one in self.effects(Report) if one.event == "request.refused"]


def leg(name: str) -> ChannelId:
    """The channel of an agent who dialled in."""
    return ChannelId(f"17000.{name}")


def name_of(attempt: AttemptId) -> str:
    """Asterisk's name of a customer's channel."""
    return f"PJSIP/trunk-{attempt}"


def live(attempt: AttemptId, *, up: bool = True, bridge_id: str = "") -> LiveChannel:
    """A customer's channel in Asterisk's list."""
    return LiveChannel(
        channel_id=ChannelId(attempt), channel=name_of(attempt), up=up, context="dialer-customer", bridge_id=bridge_id
    )


def live_leg(name: str, *, up: bool = True, bridge_id: str = "", channel_id: ChannelId | None = None) -> LiveChannel:
    """An agent's leg in Asterisk's list."""
    return LiveChannel(
        channel_id=channel_id or leg(name),
        channel=f"PJSIP/{name}-01",
        up=up,
        context="dialer-agent",
        bridge_id=bridge_id,
        agent_id=AgentId(name),
    )


def asked(effects: Iterable[Effect]) -> LeaseLeads:
    """The wish for leads among some effects."""
    (wish,) = of(LeaseLeads, effects)
    return wish


def crowd(count: int) -> list[AgentSettings]:
    return [agent(f"a{number:02d}") for number in range(count)]


def same(one: CampaignSettings, **changed: Any) -> CampaignSettings:
    return replace(one, **changed)


def disposed_of(name: str, code: str, **more: Any) -> DispositionTold:
    """A disposition by CLI."""
    return DispositionTold(agent_id=AgentId(name), code=DispositionCode(code), **more)
