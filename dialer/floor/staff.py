"""Who works for a campaign, who of them is on shift, and who is free: kept, so that no fact need ask every agent.

`AgentBook` is the only place where agents are kept. What it says of a campaign's staff cannot disagree with it,
because every change of an agent changes that too; new settings of agents or of the campaign make it anew.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from dialer.agents import Agent
from dialer.campaigns import assignment
from dialer.settings import CampaignSettings
from dialer.types import AgentId, AgentState, CampaignName, ServerName

Place = tuple[float, AgentId]
"""An agent's place in the line: since when idle, and a name to decide between equals."""

BUSY = frozenset({AgentState.TALKING, AgentState.WRAP_UP})


class Staff:
    """The agents of one campaign, as `AgentBook` keeps them."""

    def __init__(self, campaign: CampaignSettings) -> None:
        """Begin with nobody.

        Args:
            campaign: whose staff it is.
        """
        self.campaign = campaign
        self.shift_changes = 0
        """Grows with everyone who logs in or out."""
        self.able: dict[tuple[ServerName, str, str, str, int], frozenset[AgentId]] = {}
        """Of a server, a route rule, a team, a skill and its level: who may take such calls; `routing` fills it."""
        self._agents: dict[AgentId, None] = {}
        self._at: Counter[ServerName] = Counter()
        self.on_shift = 0
        """How many are logged in."""
        self.servers: tuple[ServerName, ...] = ()
        """Where somebody is logged in, by name."""
        self._on_shift: Counter[ServerName] = Counter()
        self._lines: dict[ServerName, list[Place]] = {}
        self._busy: dict[ServerName, dict[AgentId, None]] = {}
        self._free: frozenset[AgentId] | None = None

    def __contains__(self, agent_id: AgentId) -> bool:
        """Whether an agent works for the campaign, on shift or not."""
        return agent_id in self._agents

    def __iter__(self) -> Iterator[AgentId]:
        """All of them, on shift or not."""
        return iter(self._agents)

    def __len__(self) -> int:
        """How many there are, on shift or not."""
        return len(self._agents)

    def at(self, server: ServerName) -> int:
        """How many belong to a server, on shift or not."""
        return self._at[server]

    @property
    def free(self) -> frozenset[AgentId]:
        """Who may be given a call now."""
        if self._free is None:
            self._free = frozenset(agent_id for line in self._lines.values() for _, agent_id in line)
        return self._free

    def line(self, server: ServerName) -> Sequence[Place]:
        """The free ones on a server, longest idle first. It changes with them: copy it before giving anybody a call."""
        return self._lines.get(server, ())

    def busy(self, server: ServerName) -> Iterable[AgentId]:
        """Who on a server is in a conversation or in wrap-up, whatever the campaign."""
        return self._busy.get(server, ())

    def add(self, agent: Agent) -> None:
        """One more agent works for the campaign."""
        self._agents[agent.settings.id] = None
        self._at[agent.settings.server] += 1
        if agent.state is not AgentState.OFFLINE:
            self._count(agent, 1)
        self._enter(agent)

    def change(self, before: Agent, after: Agent) -> None:
        """An agent, of this campaign or not, is in another state, waits since another moment, or has another leg."""
        if after.settings.id not in self._agents:
            return
        was_there, is_there = before.state is not AgentState.OFFLINE, after.state is not AgentState.OFFLINE
        if was_there is not is_there:
            self._count(after, 1 if is_there else -1)
        self._leave(before)
        self._enter(after)

    def _count(self, agent: Agent, change: int) -> None:
        self._on_shift[agent.settings.server] += change
        self.on_shift += change
        self.shift_changes += 1
        self.servers = tuple(sorted(server for server, count in self._on_shift.items() if count))

    def _enter(self, agent: Agent) -> None:
        server, agent_id = agent.settings.server, agent.settings.id
        if agent.free:
            insort(self._lines.setdefault(server, []), (agent.idle_since_s, agent_id))
            self._free = None
        elif agent.state in BUSY:
            self._busy.setdefault(server, {})[agent_id] = None

    def _leave(self, agent: Agent) -> None:
        server, agent_id = agent.settings.server, agent.settings.id
        if agent.free:
            line = self._lines[server]
            del line[bisect_left(line, (agent.idle_since_s, agent_id))]
            self._free = None
        elif agent.state in BUSY:
            del self._busy[server][agent_id]


class AgentBook(dict[AgentId, Agent]):
    """Agents by id. Change it by item assignment and `del` only."""

    def __init__(self) -> None:
        """Begin with none."""
        super().__init__()
        self._staffs: dict[CampaignName, Staff] = {}

    def __setitem__(self, agent_id: AgentId, agent: Agent) -> None:
        before = self.get(agent_id)
        super().__setitem__(agent_id, agent)
        if before is None or before.settings is not agent.settings:
            self._staffs.clear()
        elif _stands_elsewhere(before, agent):
            for staff in self._staffs.values():
                staff.change(before, agent)

    def __delitem__(self, agent_id: AgentId) -> None:
        super().__delitem__(agent_id)
        self._staffs.clear()

    def staff(self, campaign: CampaignSettings) -> Staff:
        """Who works for a campaign; worked out once for each reload of its settings or the agents'."""
        known = self._staffs.get(campaign.name)
        if known is not None and known.campaign is campaign:
            return known
        staff = self._staffs[campaign.name] = Staff(campaign)
        for agent in self.values():
            if assignment.serves(agent.settings, campaign):
                staff.add(agent)
        return staff


def _stands_elsewhere(before: Agent, after: Agent) -> bool:
    """Whether a change of an agent is one that a `Staff` tells of."""
    return (
        before.state is not after.state
        or before.idle_since_s != after.idle_since_s
        or (before.leg is None) is not (after.leg is None)
    )
