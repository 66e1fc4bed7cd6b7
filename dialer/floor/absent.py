"""An agent's phone went off the line in wrap-up: the agent is offline at once, the conversation waits to be concluded.

Rules
- An agent without a leg is not about to be free: whoever paces must not count on them.
- Back on the line within the wrap-up limit, the agent goes on with the wrap-up and keys in what was agreed.
- After the limit the campaign's default disposition holds, as for anybody who keys in nothing.
"""

from __future__ import annotations

from dialer import agents
from dialer.agents import Agent
from dialer.floor.books import Wrap
from dialer.floor.prompts import Prompt
from dialer.floor.state import FloorState, Moment
from dialer.floor.wrapping import conclude_by_default, say
from dialer.types import AgentId, AgentState, AttemptId
from dialer.values import replace

ABSENT = "phone lost"


def leave(floor: FloorState, agent_id: AgentId, now: Moment) -> None:
    """Send an agent in wrap-up whose leg has ended offline; nothing happens to one whose phone is rung per call."""
    agent = floor.agents[agent_id]
    if agent.state is not AgentState.WRAP_UP or agent.leg is not None or not agent.nailed_up:
        return
    if agent.attempt_id is not None and agent.attempt_id in floor.wraps and agent.campaign is not None:
        limit_s = floor.known[agent.campaign].wrap_up_limit_s
        floor.wake(agent.since_s + limit_s, "absent", agent.attempt_id)
    agent = agents.enter(agent, AgentState.OFFLINE, now.s, reason=ABSENT)
    floor.put_agent(replace(agent, pause_wish="", logout_wish=False), now)


def resume(floor: FloorState, agent: Agent, now: Moment) -> bool:
    """Let an agent who is back go on with the wrap-up that was left; False: there is none."""
    wrap = _left_by(floor, agent)
    if wrap is None:
        return False
    attempt_id, campaign = wrap.call.attempt_id, wrap.call.campaign
    agent = agents.enter(agent, AgentState.WRAP_UP, now.s, attempt_id=attempt_id, campaign=campaign)
    floor.put_agent(agent, now)
    floor.wake(now.s + floor.known[campaign].wrap_up_limit_s, "wrap_up", agent.settings.id)
    say(floor, agent, Prompt.WRAP_UP)
    return True


def _left_by(floor: FloorState, agent: Agent) -> Wrap | None:
    """The conversation that an agent who is offline has not concluded."""
    if agent.state not in (AgentState.OFFLINE, AgentState.CALLING_IN):
        return None
    return next((wrap for wrap in floor.wraps.values() if wrap.agent_id == agent.settings.id), None)


def overdue(floor: FloorState, attempt_id: AttemptId, now: Moment) -> None:
    """Alarm: the wrap-up limit of a conversation whose agent left is over."""
    wrap = floor.wraps.get(attempt_id)
    if wrap is None:
        return  # concluded, or handed over to another agent
    agent = floor.agents.get(wrap.agent_id)
    if agent is not None and agent.attempt_id == attempt_id:
        return  # back at it
    del floor.wraps[attempt_id]
    conclude_by_default(floor, replace(wrap.call, talked_with=wrap.agent_id), now, ABSENT)
    run = floor.campaigns.get(wrap.call.campaign)
    if run is not None:
        code = floor.known[wrap.call.campaign].default_disposition
        run.tally.dispositions[code] = run.tally.dispositions.get(code, 0) + 1
