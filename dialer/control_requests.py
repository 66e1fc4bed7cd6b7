"""What may be asked of a running engine? The requests of `dialer.control`, checked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from dialer.accounts.phones import parse_number
from dialer.accounts.values import Unusable, half_width
from dialer.errors import ControlError
from dialer.facts import DispositionTold
from dialer.leads import Promise
from dialer.types import AgentId, CampaignState, DispositionCode


def _one_line(text: str) -> str:
    """The text with white space as single spaces; what would steer a terminal or a table is refused."""
    line = " ".join(text.split())
    if not line.isprintable():
        raise ValueError("it has control or invisible characters; write plain text")
    return line


def _number_or_account(text: str) -> str:
    """What begins with a plus sign is a number, and read as an import reads it."""
    if not half_width(text).startswith("+"):
        return text
    number = parse_number(text, "ZZ")
    if isinstance(number, Unusable):
        raise ValueError(f"{number.reason_en}; write it like +8613900000000")
    return number


Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$")]
"""Of an agent, a campaign or a disposition: never a path, a pattern or a line of its own."""
Line = Annotated[str, AfterValidator(_one_line)]
Whom = Annotated[Line, AfterValidator(_number_or_account), Field(min_length=1, max_length=100)]
"""An account number, or a number as an import takes it; what becomes of it, lists, stop flags and the gate say."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Request(_Strict):
    """One line from a command."""

    id: int
    method: str
    params: dict[str, JsonValue] = {}
    token: Annotated[str, Field(max_length=128, repr=False)] = ""
    """Who asks, for those whom their user of the operating system does not tell."""


class Nothing(_Strict):
    """For methods that take no parameters."""


class Watch(_Strict):
    """How often the board wants to hear."""

    every_s: Annotated[float, Field(ge=0.1, le=60, strict=False)] = 0.5


class Stop(_Strict):
    """How long calls in the air may take to end."""

    drain_s: Annotated[float, Field(ge=0, le=86_400, strict=False)] = 60.0


class OneCampaign(_Strict):
    """A campaign by name."""

    campaign: Id


class MaybeCampaign(_Strict):
    """A campaign by name, or all."""

    campaign: Id | Literal[""] = ""


class OneAgent(_Strict):
    """An agent, and why."""

    agent: Id
    reason: Annotated[Line, Field(max_length=200)] = ""


class Dispose(_Strict):
    """A disposition for the call that an agent is wrapping up."""

    agent: Id
    code: Id
    amount: Annotated[Decimal, Field(gt=0, max_digits=14, decimal_places=2, strict=False)] | None = None
    due_on: Annotated[date, Field(strict=False)] | None = None
    callback_at: Annotated[AwareDatetime, Field(strict=False)] | None = None
    note: Annotated[Line, Field(max_length=2000)] = ""

    def fact(self) -> DispositionTold:
        """The fact for the floor.

        Raises:
            ControlError: half a promise.
        """
        return DispositionTold(
            agent_id=AgentId(self.agent),
            code=DispositionCode(self.code),
            promise=self._promise(),
            callback_at=self.callback_at,
            note=self.note,
        )

    def _promise(self) -> Promise | None:
        match self.amount, self.due_on:
            case None, None:
                return None
            case Decimal() as amount, date() as due_on:
                return Promise(amount=amount, due_on=due_on)
            case _:
                raise ControlError("A promise needs both an amount and a date.")


CAMPAIGN_STATES: Final = {
    "pause": CampaignState.PAUSED,
    "resume": CampaignState.RUNNING,
    "stop": CampaignState.STOPPING,
}


class StopOrder(_Strict):
    """Whom to stop calling, why, and who says so."""

    who: Whom
    flag: Id
    by: Annotated[Line, Field(min_length=1, max_length=100)]
    note: Annotated[Line, Field(max_length=2000)] = ""
    until_at: Annotated[AwareDatetime, Field(strict=False)] | None = None


class AllowOrder(_Strict):
    """Whom to allow calling again, and why."""

    who: Whom
    flag: Id | Literal[""] = ""
    by: Annotated[Line, Field(min_length=1, max_length=100)]
    note: Annotated[Line, Field(min_length=1, max_length=2000)]


class CallOrder(_Strict):
    """Whom an agent wants to call."""

    agent: Id
    who: Whom
    campaign: Id | Literal[""] = ""


AGENT_WISHES: Final = ("login", "logout", "ready", "pause", "accept", "skip", "hang_up")
