"""A server that was down is reached again within a second of its return, however long it was away."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from dialer.ami.link import MAX_LOGIN_REFUSALS, LinkTiming
from dialer.clock import SystemClock
from dialer.facts import Fact, LinkRestored
from dialer.pbx.free_ports import free_tcp_port
from dialer.servers import REFUSED_RETRY_S, Servers
from fake_ami import FakeAmi, list_of, refuse, succeed, until
from tests.unit import floor_world as fw

BUSY_S = 1.0
"""What a machine that runs other tests beside may add."""


def _servers(port: int, take: list[Fact]) -> Servers:
    plain = fw.settings([fw.agent("anna")])
    [first, *_] = plain.servers
    return Servers(replace(plain, servers=(replace(first, ami_port=port),)), SystemClock(), take=take.append)


def _restored(facts: list[Fact]) -> int:
    return sum(isinstance(fact, LinkRestored) for fact in facts)


def _boot(fake: FakeAmi) -> None:
    fake.handlers["CoreShowChannels"] = list_of("CoreShowChannel", [])
    fake.event("FullyBooted", Status="Fully Booted")


def test_a_server_that_was_never_there_is_reached_within_a_second_of_its_start() -> None:
    async def run() -> None:
        facts: list[Fact] = []
        port = free_tcp_port()
        servers = _servers(port, facts)
        servers.begin()
        await until(lambda: len(facts) >= 3)  # tried in vain again and again
        back_s = time.monotonic()
        async with FakeAmi(port=port) as fake:
            await until(lambda: bool(fake.named("Login")))
            assert time.monotonic() - back_s < 1.0 + BUSY_S
            _boot(fake)
            await until(lambda: _restored(facts) == 1)
            await servers.close()

    asyncio.run(run())


def test_a_server_that_refuses_the_login_is_left_alone_for_longer() -> None:
    async def run() -> None:
        facts: list[Fact] = []
        async with FakeAmi() as fake:
            fake.handlers["Login"] = refuse
            servers = _servers(fake.port, facts)
            servers.begin()
            await until(lambda: len(fake.named("Login")) == 1)
            first_s = time.monotonic()
            await until(lambda: len(fake.named("Login")) == 2)
            assert time.monotonic() - first_s > REFUSED_RETRY_S - 0.1
            fake.handlers["Login"] = succeed
            await servers.close()

    asyncio.run(run())


def test_a_server_that_refuses_us_after_its_restart_and_is_mended_later_is_reached_again() -> None:
    async def run() -> None:
        facts: list[Fact] = []
        async with FakeAmi() as fake:
            servers = _servers(fake.port, facts)
            servers.begin()
            await until(lambda: bool(fake.named("Login")))
            _boot(fake)
            await until(lambda: _restored(facts) == 1)
            fake.handlers["Login"] = refuse
            fake.drop()
            await until(lambda: len(fake.named("Login")) > 1 + MAX_LOGIN_REFUSALS, within_s=15.0)
            fake.handlers["Login"] = succeed
            tries = len(fake.named("Login"))
            await until(lambda: len(fake.named("Login")) > tries, within_s=REFUSED_RETRY_S + 5.0)
            _boot(fake)
            await until(lambda: _restored(facts) == 2)
            await servers.close()

    asyncio.run(run())


def test_the_pause_between_tries_never_grows_beyond_a_second() -> None:
    assert max(LinkTiming().reconnect_delays_s) <= 1.0
