"""What the floor shows of a customer: on the board, on the agent's phone and in the log, never the whole of it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dialer.control_client import snapshot_to_json
from dialer.effects import Originate, Report, Show
from dialer.floor.board import snapshot
from dialer.log import mask_event
from dialer.types import AttemptId, Mode, Number
from floor_world import World, agent, campaign, disposed_of, lead, settings

NAME, NUMBER, ACCOUNT = "欧阳标记", "+8613912345678", "MARK-2026-771234"
PLAIN = (NAME, NUMBER, NUMBER[1:], NUMBER[3:], ACCOUNT, "2026-77")
NOTE = f"{NAME}，{NUMBER[3:]}，{ACCOUNT}"
MARKED = replace(lead(1), debtor_name=NAME, number=Number(NUMBER), account_no=ACCOUNT)


def shown(world: World) -> str:
    """What people see of the floor at this moment, and all that it has told phones and the log."""
    board = json.dumps(snapshot_to_json(snapshot(world.floor.state, world.now)), ensure_ascii=False)
    phones = [f"{one.display_name} {one.display_number}" for one in world.effects(Originate)]
    displays = [f"{one.name} {one.number}" for one in world.effects(Show)]
    logged = [str(mask_event(None, "info", {"event": one.event, **one.fields})) for one in world.effects(Report)]
    return "\n".join([board, *phones, *displays, *logged])


def placed(mode: Mode) -> tuple[World, AttemptId]:
    world = World(settings([agent("anna"), agent("ben")]))
    world.login("anna")
    world.launch(campaign(mode=mode), [MARKED])
    if mode is Mode.PREVIEW:
        assert not leaks(shown(world))
        world.tell("anna", "accept")
    (attempt,) = world.originated()
    return world, attempt


def leaks(text: str) -> list[str]:
    return [mark for mark in PLAIN if mark in text]


@pytest.mark.parametrize("mode", [Mode.PROGRESSIVE, Mode.PREVIEW])
@pytest.mark.parametrize("ends", ["talk", "abandoned", "unanswered"])
def test_nobody_is_named_in_plain_from_the_first_display_to_the_last_line(mode: Mode, ends: str) -> None:
    world, attempt = placed(mode)
    seen = [shown(world)]
    world.ring(attempt)
    seen.append(shown(world))
    match ends:
        case "talk":
            world.talk(attempt, "anna")
            seen.append(shown(world))
            world.hang_up(attempt)
            seen.append(shown(world))
            world.take(disposed_of("anna", "refused", note=NOTE))
        case "abandoned":
            world.tell("anna", "logout")
            world.answer(attempt)
            world.wait(10.0)
            world.hang_up(attempt)
        case _:
            world.hang_up(attempt, cause=19)
    seen.append(shown(world))
    assert leaks("\n".join(seen)) == []
    assert "欧*" in seen[-1] or "欧阳*" in seen[-1]  # something of the customer was shown at all
    assert "call.closed" in seen[-1]
    assert "****1234" in seen[-1]  # the account's end, in the line of the call


def test_the_marks_would_be_found() -> None:
    assert leaks(NOTE) == [NAME, NUMBER[3:], ACCOUNT, "2026-77"]
