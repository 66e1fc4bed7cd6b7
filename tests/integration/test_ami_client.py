from __future__ import annotations

import asyncio
import functools
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from panoramisk.actions import Action as StockAction

from dialer.ami.client import AmiClient
from dialer.ami.link import DialerManager
from dialer.ami.messages import (
    AmiCongested,
    AmiConnectError,
    AmiDisconnected,
    AmiLoginError,
    AmiRefused,
    AmiTimeout,
    Message,
    UnsafeAction,
)
from dialer.ami.protocol import MAX_UNSENT_BYTES, ActionIds
from fake_ami import FakeAmi, Session, hang_up, ignore, list_of, refuse, until

ORIGINATE = [("Channel", "PJSIP/+8613800000001@carrier"), ("Async", "true"), ("ChannelId", "att-1")]


class Watcher:
    """A client and everything it was told, in order."""

    def __init__(self, fake: FakeAmi, **options: Any) -> None:
        self.told: list[tuple[str, Any]] = []
        settings: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": fake.port,
            "username": "dialer",
            "secret": "s3cret",
            "subscribed": frozenset({"Hangup", "OriginateResponse", "Newstate"}),
            "on_event": lambda event: self.told.append(("event", event)),
            "on_up": lambda epoch: self.told.append(("up", epoch)),
            "on_lost": lambda reason: self.told.append(("lost", reason)),
            "on_login_failed": lambda reason: self.told.append(("failed", reason)),
            "reconnect_delays_s": (0.02, 0.05),
        }
        self.client = AmiClient(name="pbx1", **(settings | options))

    def all(self, kind: str) -> list[Any]:
        return [what for name, what in self.told if name == kind]

    @property
    def events(self) -> list[Message]:
        return self.all("event")

    async def up(self, epoch: int) -> None:
        await until(lambda: self.client.connected and self.client.epoch == epoch)


Scenario = Callable[[FakeAmi, Watcher], Coroutine[Any, Any, None]]


def scenario(**options: Any) -> Callable[[Scenario], Callable[[], None]]:
    """Run a test in a loop with a fake peer and a started client; a complaint of the loop fails it."""

    def decorate(test: Scenario) -> Callable[[], None]:
        async def run() -> None:
            complaints: list[dict[str, Any]] = []
            asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
            async with FakeAmi() as fake:
                watcher = Watcher(fake, **options)
                await watcher.client.start()
                try:
                    await test(fake, watcher)
                finally:
                    await watcher.client.close()
            assert complaints == []

        @functools.wraps(test)
        def runner() -> None:
            asyncio.run(run())

        del runner.__wrapped__  # pytest would look for the inner arguments as fixtures
        return runner

    return decorate


async def settled(fake: FakeAmi, watcher: Watcher) -> None:
    """Wait until both sides have seen all that was sent before."""
    assert (await watcher.client.send("Ping")).success


# Never twice, never late


@scenario()
async def test_an_originate_whose_answer_was_lost_is_never_sent_again(fake: FakeAmi, watcher: Watcher):
    fake.handlers["Originate"] = hang_up
    future = watcher.client.send("Originate", ORIGINATE)
    with pytest.raises(AmiDisconnected, match="may have been done") as caught:
        await future
    assert caught.value.sent
    await watcher.up(2)
    fake.event("FullyBooted", Status="Fully Booted")
    await settled(fake, watcher)
    assert len(fake.named("Originate")) == 1


@scenario()
async def test_while_the_link_is_down_nothing_is_queued(fake: FakeAmi, watcher: Watcher):
    await fake.stop_listening()
    fake.drop()
    await until(lambda: not watcher.client.connected)
    for _ in range(500):
        with pytest.raises(AmiDisconnected) as caught:
            watcher.client.send("Originate", ORIGINATE)
        assert not caught.value.sent
    await fake.listen()
    await watcher.up(2)
    fake.event("FullyBooted", Status="Fully Booted")
    await settled(fake, watcher)
    assert fake.named("Originate") == []


@scenario()
async def test_nothing_is_sent_between_connecting_and_the_login(fake: FakeAmi, watcher: Watcher):
    fake.handlers["Login"] = ignore
    fake.drop()
    await until(lambda: len(fake.named("Login")) == 2)
    with pytest.raises(AmiDisconnected) as caught:
        watcher.client.send("Hangup", [("Channel", "att-1")])
    assert not caught.value.sent


@scenario()
async def test_a_refused_action_leaves_no_byte_on_the_wire(fake: FakeAmi, watcher: Watcher):
    for headers in [
        [*ORIGINATE, ("CallerID", "x\r\n\r\nAction: Command")],
        ORIGINATE[:1],
        [("Account", "\udc80")],
    ]:
        with pytest.raises(UnsafeAction):
            watcher.client.send("Originate", headers)
    await settled(fake, watcher)
    assert [action.name for action in fake.received] == ["Login", "Ping"]


def test_before_the_start_sending_says_so():
    fake = FakeAmi()
    with pytest.raises(AmiDisconnected, match="not started") as caught:
        Watcher(fake).client.send("Ping")
    assert not caught.value.sent


# Answers


@scenario(subscribed=frozenset({"OriginateResponse"}))
async def test_the_answer_to_an_originate_is_its_ack_and_its_outcome_is_an_event(fake: FakeAmi, watcher: Watcher):
    ack = await watcher.client.send("Originate", [*ORIGINATE, ("ActionID", "att-1")])
    assert ack.success
    assert ack.action_id == "att-1"
    fake.event("OriginateResponse", ActionID="att-1", Response="Failure", Reason="0", Uniqueid="att-1")
    await until(lambda: len(watcher.events) == 1)
    assert not watcher.events[0].success
    assert watcher.events[0].get("Uniqueid") == "att-1"


@scenario()
async def test_an_outcome_after_a_timeout_is_still_an_event_and_nothing_leaks(fake: FakeAmi, watcher: Watcher):
    fake.handlers["Originate"] = ignore
    futures = [
        watcher.client.send("Originate", [*ORIGINATE, ("ActionID", f"att-{n}")], timeout_s=0.01 if n % 2 else 60)
        for n in range(50)
    ]
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.gather(*futures[::2]), 0.02)
    for future in futures[1::2]:
        with pytest.raises(AmiTimeout, match="Originate within"):
            await future
    await settled(fake, watcher)
    assert link_of(watcher).pending_count == 0
    for n in range(50):
        fake.event("OriginateResponse", ActionID=f"att-{n}", Response="Success", Reason="4")
    await until(lambda: len(watcher.events) == 50)


@scenario()
async def test_a_late_answer_and_a_strangers_answer_are_ignored(fake: FakeAmi, watcher: Watcher):
    fake.handlers["Hangup"] = ignore
    with pytest.raises(AmiTimeout):
        await watcher.client.send("Hangup", [("Channel", "att-1")], timeout_s=0.01)
    fake.session.answer(fake.named("Hangup")[0], "Success")
    fake.session.message([("Response", "Error"), ("Message", "Missing action in request")])
    await settled(fake, watcher)
    assert watcher.client.connected


@scenario()
async def test_every_waiting_future_fails_when_the_link_is_lost(fake: FakeAmi, watcher: Watcher):
    fake.handlers |= {"Hangup": ignore, "CoreShowChannels": ignore}
    futures = [watcher.client.send("Hangup", [("Channel", f"att-{n}")]) for n in range(20)]
    listing = asyncio.ensure_future(watcher.client.collect("CoreShowChannels"))
    await until(lambda: len(fake.named("CoreShowChannels")) == 1)
    fake.drop()
    for outcome in await asyncio.gather(*futures, listing, return_exceptions=True):
        assert isinstance(outcome, AmiDisconnected)
        assert outcome.sent


@scenario()
async def test_an_action_id_in_use_is_refused_and_free_again_after_the_answer(fake: FakeAmi, watcher: Watcher):
    first = watcher.client.send("Ping", [("ActionID", "att-1")])
    with pytest.raises(UnsafeAction, match="still waiting"):
        watcher.client.send("Ping", [("ActionID", "att-1")])
    assert (await first).success
    assert (await watcher.client.send("Ping", [("ActionID", "att-1")])).success


def test_an_id_used_again_within_the_same_turn_is_not_forgotten_with_the_first():
    clients: list[AmiClient] = []
    again: list[asyncio.Future[Message]] = []

    def reuse(_: Message) -> None:
        again.append(clients[0].send("Ping", [("ActionID", "att-1")]))

    def answer_and_event(session: Session, action: Any) -> None:
        reply = f"Response: Success\r\nActionID: {action.get('ActionID')}\r\n\r\n"
        session.write(f"{reply}Event: Hangup\r\nUniqueid: att-1\r\n\r\n".encode())

    @scenario(on_event=reuse)
    async def check(fake: FakeAmi, watcher: Watcher) -> None:
        clients.append(watcher.client)
        fake.handlers["Hangup"] = answer_and_event
        await watcher.client.send("Hangup", [("Channel", "x"), ("ActionID", "att-1")])
        await until(lambda: again != [])
        assert (await again[0]).success

    check()


def test_a_forked_worker_never_repeats_an_action_id():
    ids = ActionIds()
    ids.next()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, ids.next().encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        theirs = pipe.read()
    assert theirs.startswith("dialer-")
    assert theirs != ids.next()


# Lists


@scenario()
async def test_a_list_is_its_items_and_other_events_pass_by(fake: FakeAmi, watcher: Watcher):
    channels = [[("Uniqueid", f"att-{n}"), ("ChannelStateDesc", "Up")] for n in range(3)]
    fake.handlers["CoreShowChannels"] = list_of("CoreShowChannel", channels)
    fake.split_bytes = 7
    items = await watcher.client.collect("CoreShowChannels")
    assert [item.get("Uniqueid") for item in items] == ["att-0", "att-1", "att-2"]
    assert [event.get("Uniqueid") for event in watcher.events] == ["between"] * 3
    fake.handlers["CoreShowChannels"] = list_of("CoreShowChannel", [])
    assert await watcher.client.collect("CoreShowChannels") == []


@scenario(subscribed=frozenset({"QueueMember"}))
async def test_two_lists_at_once_do_not_mix_and_items_are_not_events(fake: FakeAmi, watcher: Watcher):
    waiting: list[Any] = []
    fake.handlers["QueueStatus"] = lambda session, action: waiting.append(action)
    lists = [asyncio.ensure_future(watcher.client.collect("QueueStatus")) for _ in range(2)]
    await until(lambda: len(waiting) == 2)
    for action in waiting:
        fake.session.answer(action, "Success", EventList="start")
    for action in waiting:
        fake.event("QueueMember", ActionID=action.get("ActionID"), Name=action.get("ActionID"))
    for action in waiting:
        fake.event("QueueStatusComplete", ActionID=action.get("ActionID"), EventList="Complete")
    for action, items in zip(waiting, await asyncio.gather(*lists), strict=True):
        assert [item.get("Name") for item in items] == [action.get("ActionID")]
    assert watcher.events == []


@scenario()
async def test_a_refused_an_empty_and_an_endless_list_are_told_apart(fake: FakeAmi, watcher: Watcher):
    fake.handlers["BridgeList"] = lambda session, action: session.answer(action, "Error", Message="No permission")
    with pytest.raises(AmiRefused, match="BridgeList: No permission"):
        await watcher.client.collect("BridgeList")
    assert await watcher.client.collect("Ping") == []
    fake.handlers["BridgeList"] = lambda session, action: session.answer(action, "Success", EventList="start")
    with pytest.raises(AmiTimeout, match="BridgeList"):
        await watcher.client.collect("BridgeList", timeout_s=0.02)


# Events


@scenario()
async def test_events_keep_the_order_of_the_wire_through_any_split(fake: FakeAmi, watcher: Watcher):
    fake.split_bytes = 1
    for number in range(20):
        fake.event("VarSet", Variable="unsubscribed")
        fake.event("Hangup", Uniqueid=f"att-{number}", CallerIDName="José 李")
    await until(lambda: len(watcher.events) == 20)
    assert [event.get("Uniqueid") for event in watcher.events] == [f"att-{n}" for n in range(20)]
    assert {event.get("CallerIDName") for event in watcher.events} == {"José 李"}


def test_an_exception_in_a_callback_costs_nobody_else_their_event():
    seen: list[str] = []

    def explode(event: Message) -> None:
        seen.append(event.get("Uniqueid"))
        if event.get("Uniqueid") == "att-3":
            raise KeyError("a bug of ours")

    @scenario(on_event=explode)
    async def check(fake: FakeAmi, watcher: Watcher) -> None:
        fake.session.write(b"".join(b"Event: Hangup\r\nUniqueid: att-%d\r\n\r\n" % n for n in range(10)))
        await until(lambda: len(seen) == 10)
        await settled(fake, watcher)
        assert watcher.client.epoch == 1

    check()


@scenario()
async def test_garbage_between_messages_is_passed_over(fake: FakeAmi, watcher: Watcher):
    fake.session.write(b"\r\n\r\n\xff\xfe\0\r\n\r\nEvent\r\n\r\nEvent: \r\n\r\n: : :\r\n\r\nResponse: \r\n\r\n")
    fake.session.write(b"\r\nEvent: Hangup\r\n\r\nPrivilege: x\r\nEvent: Hangup\r\nUniqueid: second\r\n\r\n")
    await until(lambda: len(watcher.events) == 2)
    assert watcher.events[1].get("Uniqueid") == "second"


@scenario()
async def test_a_message_over_one_megabyte_closes_the_link_with_a_reason(fake: FakeAmi, watcher: Watcher):
    fake.session.write(b"Event: Hangup\r\nUniqueid: before\r\n\r\nEvent: Hangup\r\nX: " + b"x" * 10_000_000)
    await watcher.up(2)
    assert [kind for kind, _ in watcher.told] == ["up", "event", "lost", "up"]
    assert "more than 1000000 bytes" in watcher.all("lost")[0]


@scenario()
async def test_no_event_of_an_epoch_comes_before_its_up(fake: FakeAmi, watcher: Watcher):
    def login(session: Session, action: Any) -> None:
        session.write(
            f"Response: Success\r\nActionID: {action.get('ActionID')}\r\n\r\n"
            "Event: Hangup\r\nUniqueid: at once\r\n\r\n".encode()
        )

    fake.handlers["Login"] = login
    fake.drop()
    await until(lambda: len(watcher.events) == 1)
    assert [kind for kind, _ in watcher.told] == ["up", "lost", "up", "event"]


# The link's life


@scenario()
async def test_a_lost_link_is_told_once_and_each_login_is_a_new_epoch(fake: FakeAmi, watcher: Watcher):
    for epoch in range(2, 5):
        fake.event("Shutdown", Shutdown="Cleanly", Restart="False")
        await settled(fake, watcher)
        fake.drop()
        await watcher.up(epoch)
    assert [kind for kind, _ in watcher.told] == ["up", "lost"] * 3 + ["up"]
    assert watcher.all("up") == [1, 2, 3, 4]
    assert set(watcher.all("lost")) == {"Asterisk announced its shutdown"}


@scenario(ping_idle_s=0.05, dead_after_s=0.3)
async def test_a_half_open_link_is_given_up_and_made_anew(fake: FakeAmi, watcher: Watcher):
    started_s = time.monotonic()
    fake.session.freeze()
    await watcher.up(2)
    assert "no byte from Asterisk" in watcher.all("lost")[0]
    assert 0.2 < time.monotonic() - started_s < 3


@scenario(ping_idle_s=0.02, dead_after_s=0.5)
async def test_an_idle_link_is_pinged_one_at_a_time_and_stays(fake: FakeAmi, watcher: Watcher):
    await until(lambda: len(fake.named("Ping")) == 5)
    assert link_of(watcher).pending_count <= 1
    fake.handlers["Ping"] = ignore
    before = len(fake.named("Ping"))
    await until(lambda: len(fake.named("Ping")) == before + 1)
    for _ in range(20):  # alive by its events, though the ping is never answered
        fake.event("VarSet", Variable="x")
        await asyncio.sleep(0.02)
    assert len(fake.named("Ping")) <= before + 1
    assert watcher.client.epoch == 1


@scenario(ping_idle_s=0.05, dead_after_s=0.3)
async def test_our_own_stall_does_not_end_a_healthy_link(fake: FakeAmi, watcher: Watcher):
    for _ in range(3):
        time.sleep(0.5)  # noqa: ASYNC251  # the stall is what is tested
        await settled(fake, watcher)
    assert watcher.all("lost") == []


@scenario(dead_after_s=60)
async def test_a_peer_that_does_not_read_gets_no_more_than_a_megabyte(fake: FakeAmi, watcher: Watcher):
    fake.session.freeze()
    big = [("Data", "x" * 1000)] * 120
    with pytest.raises(AmiCongested, match="slow down"):
        for _ in range(1000):
            watcher.client.send("UserEvent", big)
    assert link_of(watcher).transport.get_write_buffer_size() <= MAX_UNSENT_BYTES
    refused_at = link_of(watcher).pending_count
    with pytest.raises(AmiCongested):
        watcher.client.send("UserEvent", big)
    assert link_of(watcher).pending_count == refused_at


@scenario()
async def test_close_fails_what_waits_and_nothing_comes_after_it(fake: FakeAmi, watcher: Watcher):
    fake.handlers["Hangup"] = ignore
    future = watcher.client.send("Hangup", [("Channel", "att-1")])
    await watcher.client.close()
    with pytest.raises(AmiDisconnected):
        await future
    with pytest.raises(AmiDisconnected):
        watcher.client.send("Ping")
    assert [kind for kind, _ in watcher.told] == ["up"]


@scenario()
async def test_close_while_waiting_to_reconnect_leaves_no_zombie(fake: FakeAmi, watcher: Watcher):
    fake.drop()
    await until(lambda: watcher.all("lost") != [])
    await watcher.client.close()
    await asyncio.sleep(0.1)  # five times the reconnect delay: nothing is what must happen
    assert len(fake.sessions) == 1


def test_close_from_within_on_lost_is_heeded():
    clients: list[AmiClient] = []
    closing: list[asyncio.Future[None]] = []

    @scenario(on_lost=lambda reason: closing.append(asyncio.ensure_future(clients[0].close())))
    async def check(fake: FakeAmi, watcher: Watcher) -> None:
        clients.append(watcher.client)
        fake.drop()
        await until(lambda: closing != [])
        await closing[0]
        await asyncio.sleep(0.1)
        assert len(fake.sessions) == 1

    check()


def test_a_subscriber_that_closes_the_link_gets_no_more_events():
    seen: list[Message] = []
    watchers: list[Watcher] = []

    def close_at_once(event: Message) -> None:
        seen.append(event)
        manager_of(watchers[0]).close()

    @scenario(on_event=close_at_once)
    async def check(fake: FakeAmi, watcher: Watcher) -> None:
        watchers.append(watcher)
        fake.session.write(b"Event: Hangup\r\n\r\n" * 3)
        await until(lambda: fake.closed_sessions == 1)
        assert len(seen) == 1

    check()


@scenario()
async def test_three_refused_logins_stop_the_client_and_are_told_once(fake: FakeAmi, watcher: Watcher):
    fake.handlers["Login"] = refuse
    fake.drop()
    await until(lambda: watcher.all("failed") != [])
    await asyncio.sleep(0.1)
    assert len(fake.named("Login")) == 1 + 3
    assert len(watcher.all("failed")) == 1
    assert "compare user and secret" in watcher.all("failed")[0]
    assert "s3cret" not in watcher.all("failed")[0]


@scenario()
async def test_refusals_count_only_in_a_row(fake: FakeAmi, watcher: Watcher):
    logins = 0

    def every_third(session: Session, action: Any) -> None:
        nonlocal logins
        logins += 1
        if logins % 3:
            refuse(session, action)
        else:
            session.answer(action, "Success")

    fake.handlers["Login"] = every_third
    for epoch in (2, 3):
        fake.drop()
        await watcher.up(epoch)
    assert watcher.all("failed") == []


# Starting


def start_with(prepare: Callable[[FakeAmi], None], **options: Any) -> tuple[Exception | None, FakeAmi]:
    async def run() -> tuple[Exception | None, FakeAmi]:
        async with FakeAmi() as fake:
            prepare(fake)
            watcher = Watcher(fake, **options)
            try:
                await watcher.client.start()
            except (AmiConnectError, AmiLoginError) as error:
                await asyncio.sleep(0.1)  # a background retry would show
                return error, fake
            await watcher.client.close()
            return None, fake

    return asyncio.run(run())


def test_a_wrong_secret_is_told_at_the_first_try():
    error, fake = start_with(lambda fake: fake.handlers.update(Login=refuse))
    assert isinstance(error, AmiLoginError)
    assert "manager.conf" in str(error)
    assert len(fake.sessions) == 1


def test_what_is_not_asterisk_is_called_by_its_name():
    error, _ = start_with(lambda fake: setattr(fake, "greeting", b"SSH-2.0-OpenSSH_9.2\r\n"))
    assert isinstance(error, AmiConnectError)
    assert "not an Asterisk manager" in str(error)
    assert "SSH-2.0" in str(error)


def test_a_peer_that_says_nothing_does_not_hold_the_start_for_ever():
    error, fake = start_with(lambda fake: setattr(fake, "mute", True), ping_idle_s=0.05, dead_after_s=0.2)
    assert isinstance(error, AmiConnectError)
    assert "no byte" in str(error)
    assert len(fake.sessions) == 1


def test_a_tls_handshake_that_never_ends_is_a_connect_timeout():
    error, _ = start_with(
        lambda fake: setattr(fake, "mute", True),
        ssl_context=ssl.create_default_context(),
        connect_timeout_s=0.2,
    )
    assert isinstance(error, AmiConnectError)
    assert "within 0.2 s" in str(error)


def test_nobody_there_is_told_with_the_address():
    async def run() -> None:
        async with FakeAmi() as fake:
            await fake.stop_listening()
            with pytest.raises(AmiConnectError, match=rf"127\.0\.0\.1:{fake.port}.*check that it runs"):
                await Watcher(fake).client.start()

    asyncio.run(run())


def test_a_secret_with_a_line_break_is_refused_when_the_client_is_made():
    with pytest.raises(UnsafeAction, match="Secret"):
        Watcher(FakeAmi(), secret="a\nAction: Command")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes its certificate with openssl")
def test_tls_works_and_an_untrusted_certificate_is_told(tmp_path: Path):
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 1 -keyout"
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [*command.split(), key, "-out", cert, *subject],
        check=True,
        capture_output=True,
    )
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(cert, key)

    async def run() -> None:
        async with FakeAmi(ssl_context=served) as fake:
            watcher = Watcher(fake, ssl_context=ssl.create_default_context(cafile=str(cert)))
            await watcher.client.start()
            await settled(fake, watcher)
            fake.drop()
            await watcher.up(2)
            await watcher.client.close()
            with pytest.raises(AmiConnectError, match="ca_file"):
                await Watcher(fake, ssl_context=ssl.create_default_context()).client.start()

    asyncio.run(run())


# panoramisk's own interface, which stays usable


@scenario()
async def test_panoramisks_forms_of_sending_keep_its_meaning_without_its_resending(fake: FakeAmi, watcher: Watcher):
    manager = manager_of(watcher)
    assert (await manager.send_action({"Action": "UserEvent", "Variable": ["A=1", "B=2"]}, UserEvent="x")).success
    assert [pair for pair in fake.received[-1].headers if pair[0] == "Variable"] == [
        ("Variable", "A=1"),
        ("Variable", "B=2"),
    ]
    assert (await manager.send_action(StockAction({"Action": "Ping"}))).success
    fake.handlers["Command"] = hang_up
    with pytest.raises(AmiDisconnected):
        await manager.send_command("core show version")
    await watcher.up(2)
    fake.event("FullyBooted", Status="Fully Booted")
    await settled(fake, watcher)
    assert len(fake.named("Command")) == 1
    assert not manager.awaiting_actions


@scenario()
async def test_patterns_and_decorators_subscribe_and_coroutines_are_refused(fake: FakeAmi, watcher: Watcher):
    seen: list[str] = []
    manager = manager_of(watcher)

    @manager.register_event("Bridge*")
    def remember(_: DialerManager, event: Message) -> None:
        seen.append(event.event)

    with pytest.raises(TypeError, match="plain function"):

        @manager.register_event("Hangup")
        async def too_late(_: DialerManager, event: Message) -> None: ...

    for name in ("BridgeEnter", "Newchannel", "BridgeLeave"):
        fake.event(name)
    await until(lambda: seen == ["BridgeEnter", "BridgeLeave"])


@scenario()
async def test_invented_event_names_do_not_fill_the_memory(fake: FakeAmi, watcher: Watcher):
    for number in range(2500):
        fake.event(f"Invented{number}")
    await settled(fake, watcher)
    assert len(manager_of(watcher)._routes) <= 1000


def manager_of(watcher: Watcher) -> DialerManager:
    manager = watcher.client._manager
    assert manager is not None
    return manager


def link_of(watcher: Watcher) -> Any:
    link = manager_of(watcher).protocol
    assert link is not None
    return link
