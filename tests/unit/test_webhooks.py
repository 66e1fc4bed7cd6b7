"""Webhooks: signed, in order, nothing left out whoever fails; and the same told twice is told once."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from dialer.account_events import AccountEvent, EventKind
from dialer.clock import SystemClock
from dialer.errors import PostingError
from dialer.loans.rules import HOUSE
from dialer.postings import PostKind
from dialer.store import happened, outbox
from dialer.store.sqlite import SqliteStore
from dialer.types import AccountId, DebtorId
from dialer.webhook_settings import HookSettings, ListenSettings, SourceSettings, WebhookSettings
from dialer.webhooks import signing
from dialer.webhooks.messages import id_of, wait_s
from dialer.webhooks.office import Office, beside
from dialer.webhooks.parsing import parse, parse_json
from store_cases import account, stocked

SECRET = "a-secret-of-thirty-characters-or-so"
DEADLINE_S = 20.0
KINDS = frozenset(EventKind) - {EventKind.IMPORT_FINISHED}
"""All that tests let happen, and not the import that they begin with."""


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "dialer.db"
    with closing(SqliteStore.create(place)) as store:
        stocked(store, [account("LN-1", 1), account("LN-2", 2)])
    yield place


def happen(path: Path, *kinds: EventKind) -> None:
    with closing(SqliteStore.open(path)) as store:
        for kind in kinds:
            with store.writing() as connection:
                event = AccountEvent(
                    kind=kind,
                    at=SystemClock().now_at(),
                    debtor_id=DebtorId(1),
                    account_id=AccountId(1),
                    actor="anna",
                    payload={"note": "承诺"},
                )
                happened.note(connection, event)


def stored(path: Path) -> list[tuple[int, EventKind]]:
    with closing(SqliteStore.open(path)) as store, store.reading() as database:
        return [(one.seq, one.kind) for one in happened.after(database.conn, 0)]


# --- signatures and messages ---------------------------------------------------------------------------


def test_a_signature_is_the_one_of_standard_webhooks() -> None:
    """The example of the specification's reference libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signed = signing.sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_message_that_was_changed_replayed_or_signed_by_somebody_else_is_refused() -> None:
    body, now_s = b'{"kind":"payment"}', 1_700_000_000
    good = signing.headers(SECRET, "m1", now_s, body)

    def refused(given: dict[str, str], text: bytes = body, at_s: float = now_s, secret: str = SECRET) -> str:
        return signing.refusal(secret, given, text, now_s=at_s, skew_s=300)

    assert refused(good) == ""
    assert refused(good, at_s=now_s + 300) == ""
    assert "from now" in refused(good, at_s=now_s + 301)
    assert "from now" in refused(good, at_s=now_s - 301)
    wrong = "the signature is wrong"
    assert refused(good, body + b" ") == wrong
    assert refused(good, secret="another-secret-of-thirty-characters") == wrong
    assert refused(good | {signing.ID: "m2"}) == wrong
    assert refused(good | {signing.TIMESTAMP: str(now_s + 1)}) == wrong
    assert refused(good | {signing.SIGNATURE: "v1," + base64.b64encode(b"0" * 32).decode()}) == wrong
    assert refused(good | {signing.SIGNATURE: f"v1,AAAA {good[signing.SIGNATURE]}"}) == "", "a secret being changed"
    for name in good:
        assert refused({key: text for key, text in good.items() if key != name}) != ""


def test_waits_double_and_never_pass_the_slowest() -> None:
    assert [wait_s(tries, 60.0) for tries in (1, 2, 3, 7, 8, 1000)] == [1.0, 2.0, 4.0, 60.0, 60.0, 60.0]
    assert (wait_s(1, 60.0, asked_s=30.0), wait_s(1, 60.0, asked_s=3600.0)) == (30.0, 60.0)


# --- telling -------------------------------------------------------------------------------------------


@dataclass
class Other:
    """Another system: remembers what it was told, and answers as it is made to."""

    answer: Callable[[int], int] = lambda _: 200
    told: list[tuple[str, str]] = field(default_factory=list)
    """Id and kind of each that was answered with 200."""
    asked: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    url: str = ""

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.asked.append({name.lower(): text for name, text in request.headers.items()})
        self.bodies.append(body)
        status = self.answer(len(self.asked))
        if status == 200:
            self.told.append((request.headers[signing.ID], json.loads(body)["type"]))
        return web.Response(status=status, headers={"location": "/elsewhere"} if status == 302 else {})

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        app = web.Application()
        app.router.add_post("/hook", self.take)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
        try:
            yield
        finally:
            await runner.cleanup()


class QuickClock(SystemClock):
    """Every look is a quarter of an hour after the one before, so no wait is ever long."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now_at(self) -> datetime:
        self._ahead += timedelta(minutes=15)
        return datetime.now(UTC) + self._ahead


def office(path: Path, settings: Callable[[], HookSettings], clock: SystemClock | None = None) -> Office:
    return Office(
        load=settings,
        open_store=lambda: SqliteStore.open(path),
        rules=lambda: HOUSE,
        zone=UTC,
        clock=clock or SystemClock(),
    )


def hook(other: Other, name: str = "ledger", **more: object) -> WebhookSettings:
    plain = WebhookSettings(name=name, url=other.url, secret=SECRET, from_start=True, kinds=KINDS)
    return replace(plain, **more)  # type: ignore[arg-type]


def mark_of(store: SqliteStore) -> outbox.Mark | None:
    with store.reading() as database:
        return outbox.standing(database.conn).get("ledger")


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not true():
            await asyncio.sleep(0.01)


def test_events_arrive_in_order_signed_within_a_second_and_only_those_that_are_wanted(path: Path) -> None:
    async def play() -> None:
        other = Other()
        async with other.listening():
            wanted = hook(other, kinds=frozenset({EventKind.PROMISE_MADE, EventKind.PROMISE_KEPT}))
            async with beside(office(path, lambda: HookSettings(webhooks=(wanted,))).work):
                await asyncio.to_thread(happen, path, EventKind.PROMISE_MADE)
                await until(lambda: len(other.told) == 1)
                began_s = asyncio.get_running_loop().time()
                kinds = (EventKind.NOTE_ADDED, EventKind.PROMISE_KEPT, EventKind.PROMISE_MADE)
                await asyncio.to_thread(happen, path, *kinds)
                await until(lambda: len(other.told) == 3)
                assert asyncio.get_running_loop().time() - began_s < 1.0
        assert [kind for _, kind in other.told] == ["promise.made", "promise.kept", "promise.made"]
        given, body = other.asked[0], other.bodies[0]
        text = f"{given['webhook-id']}.{given['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(SECRET.encode(), text, sha256).digest()).decode()
        assert given["webhook-signature"] == f"v1,{expected}"
        assert json.loads(body)["data"]["account"] == "LN-1"
        assert json.loads(body)["data"]["payload"] == {"note": "承诺"}

    asyncio.run(play())


def test_what_is_not_taken_is_sent_again_with_the_same_id_and_holds_the_next_ones_back(path: Path) -> None:
    async def play() -> None:
        other = Other(answer=lambda asked: 500 if asked in (2, 3) else 302 if asked == 4 else 200)
        async with other.listening():
            happen(path, EventKind.PROMISE_MADE, EventKind.PROMISE_DUE, EventKind.PROMISE_KEPT)
            wanted = hook(other, give_up_s=90 * 86_400.0)
            async with beside(office(path, lambda: HookSettings(webhooks=(wanted,)), QuickClock()).work):
                await until(lambda: len(other.told) == 3)
        assert [kind for _, kind in other.told] == ["promise.made", "promise.due", "promise.kept"]
        ids = [given["webhook-id"] for given in other.asked]
        assert ids[1] == ids[2] == ids[3] == ids[4]
        assert len(set(ids)) == 3

    asyncio.run(play())


def test_one_that_is_never_taken_is_given_up_on_record_and_the_next_goes_ahead(path: Path) -> None:
    async def play() -> None:
        other = Other(answer=lambda _: 400 if b"promise.made" in other.bodies[-1] else 200)
        async with other.listening():
            happen(path, EventKind.PROMISE_MADE, EventKind.PROMISE_DUE)
            bad, last = (seq for seq, kind in stored(path) if kind in KINDS)
            wanted = hook(other, give_up_s=3600.0)
            with closing(SqliteStore.open(path)) as store:
                async with beside(office(path, lambda: HookSettings(webhooks=(wanted,)), QuickClock()).work):
                    # The mark is moved after the answer: who stops in between sends that one event once more.
                    await until(lambda: (mark := mark_of(store)) is not None and mark.seq == last)
                mark = mark_of(store)
        assert mark is not None and len(other.told) == 1
        assert (mark.given_up, mark.seq, mark.error) == ((bad,), last, "")
        assert len(other.asked) > 2, "it was tried more than once"

    asyncio.run(play())


@pytest.mark.parametrize("taken", [0, 1, 2, 3])
def test_who_is_torn_away_at_any_moment_leaves_nothing_out_and_repeats_at_most_one(path: Path, taken: int) -> None:
    """As `kill -9` between the other side's answer and our mark: the mark is not moved, as if it had never come."""

    class TornError(Exception):
        pass

    async def play() -> None:
        other = Other()
        async with other.listening():
            kinds = (EventKind.PROMISE_MADE, EventKind.PROMISE_DUE, EventKind.PROMISE_KEPT, EventKind.NOTE_ADDED)
            happen(path, *kinds)
            wanted = hook(other, kinds=frozenset(kinds))
            real = outbox.told

            def told(connection: object, webhook: str, seq: int, at: datetime) -> None:
                if len(other.told) > taken:
                    raise TornError
                real(connection, webhook, seq, at)  # type: ignore[arg-type]

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(outbox, "told", told)
                async with beside(office(path, lambda: HookSettings(webhooks=(wanted,))).work):
                    await until(lambda: len(other.told) > taken)
            async with beside(office(path, lambda: HookSettings(webhooks=(wanted,))).work):
                await until(lambda: other.told[-1][1] == "note.added")
        assert [kind for _, kind in dict(other.told).items()] == [kind.value for kind in kinds]
        order = [one for spot, one in enumerate(other.told) if one not in other.told[:spot]]
        assert [kind for _, kind in order] == [kind.value for kind in kinds]

    asyncio.run(play())


def test_two_webhooks_do_not_wait_for_each_other(path: Path) -> None:
    async def play() -> None:
        slow, quick = Other(answer=lambda _: 503), Other()
        async with slow.listening(), quick.listening():
            happen(path, EventKind.PROMISE_MADE, EventKind.PROMISE_DUE)
            both = HookSettings(webhooks=(hook(slow, "slow"), hook(quick, "quick")))
            async with beside(office(path, lambda: both).work):
                await until(lambda: [kind for _, kind in quick.told][-2:] == ["promise.made", "promise.due"])
                await until(lambda: bool(slow.asked))
        assert slow.told == []

    asyncio.run(play())


def test_a_new_webhook_begins_with_what_happens_next_unless_it_wants_everything(path: Path) -> None:
    happen(path, EventKind.PROMISE_MADE)
    with closing(SqliteStore.open(path)) as store, store.writing() as connection:
        last = happened.last(connection)
        assert outbox.begin(connection, "now", from_start=False).seq == last
        assert outbox.begin(connection, "all", from_start=True).seq == 0
        assert outbox.begin(connection, "all", from_start=False).seq == 0, "it is known already"
        assert outbox.waiting(connection, "all", [EventKind.PROMISE_MADE]) == 1


def test_the_id_of_an_event_is_its_own(path: Path) -> None:
    happen(path, EventKind.PROMISE_MADE, EventKind.PROMISE_MADE)
    with closing(SqliteStore.open(path)) as store, store.reading() as database:
        events = happened.after(database.conn, 0)
    assert len({id_of(event) for event in events}) == len(events)
    assert id_of(events[0]) == id_of(events[0])


# --- hearing -------------------------------------------------------------------------------------------


LISTEN = ListenSettings(
    enabled=True,
    port=0,
    largest_bytes=2_048,
    sources={
        "bank": SourceSettings(name="bank", secret=SECRET, kinds=frozenset({"payment", "reversal"})),
        "desk": SourceSettings(name="desk", secret=SECRET[::-1]),
    },
)
PAYMENT = {"kind": "payment", "account": "LN-1", "amount": "50.00", "txn_id": "T1"}


class Door:
    """An office that listens, and somebody who posts to it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._where = ""

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        one = Office(
            load=lambda: HookSettings(listen=LISTEN),
            open_store=lambda: SqliteStore.open(self._path),
            rules=lambda: HOUSE,
            zone=UTC,
            clock=SystemClock(),
            said=lambda where: setattr(self, "_where", where),
        )
        async with beside(one.work):
            await until(lambda: bool(self._where))
            yield

    async def post(
        self,
        told: object,
        *,
        source: str = "bank",
        secret: str = SECRET,
        message_id: str = "m1",
        late_s: float = 0.0,
    ) -> tuple[int, dict[str, object]]:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        moment_s = int(SystemClock().now_at().timestamp() - late_s)
        headers = signing.headers(secret, message_id, moment_s, body)
        async with (
            aiohttp.ClientSession() as session,
            session.post(self._where + source, data=body, headers=headers) as answer,
        ):
            return answer.status, await answer.json()


def at_the_door(path: Path, play: Callable[[Door], object]) -> None:
    async def run() -> None:
        door = Door(path)
        async with door.open():
            await play(door)  # type: ignore[misc]

    asyncio.run(run())


def test_a_signed_payment_is_booked_once_however_often_it_is_sent(path: Path) -> None:
    async def play(door: Door) -> None:
        status, answer = await door.post(PAYMENT)
        assert status == 200
        assert (answer["duplicate"], [one["kind"] for one in answer["events"]]) == (False, ["payment.received"])  # type: ignore[attr-defined]
        assert await door.post(PAYMENT) == (200, {"duplicate": True, "events": []})
        status, answer = await door.post(PAYMENT, message_id="m2")
        assert (status, answer["events"]) == (200, []), "another message, the same payment"
        status, answer = await door.post(PAYMENT | {"amount": "51.00"}, message_id="m1")
        assert status == 422, "the same key with other words"

    at_the_door(path, play)
    assert [kind for _, kind in stored(path)].count(EventKind.PAYMENT_RECEIVED) == 1


def test_what_is_not_signed_by_its_source_is_refused_and_nothing_is_said_or_written(path: Path) -> None:
    before = stored(path)

    async def play(door: Door) -> None:
        refused = [
            await door.post(PAYMENT, secret="not-the-secret-of-this-source"),
            await door.post(PAYMENT, late_s=301.0),
            await door.post(PAYMENT, late_s=-301.0),
            await door.post(PAYMENT, source="desk"),
            await door.post(PAYMENT, source="nobody"),
        ]
        assert [status for status, _ in refused] == [401] * 5
        assert len({json.dumps(answer) for _, answer in refused}) == 1

    at_the_door(path, play)
    assert stored(path) == before


def test_what_cannot_be_taken_says_why(path: Path) -> None:
    async def play(door: Door) -> None:
        async def said(told: object, **more: str) -> tuple[int, str]:
            status, answer = await door.post(told, **more)  # type: ignore[arg-type]
            return status, str(answer["error"]["message"])  # type: ignore[index]

        desk = {"source": "desk", "secret": SECRET[::-1]}
        assert await said(b"{", message_id="a") == (
            400,
            "This is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 (char 1).",
        )
        assert (await said(b"[" * 2000, message_id="b"))[0] == 400
        status, text = await said({"kind": "refusal", "account": "LN-1"}, message_id="c")
        assert (status, text) == (403, "bank may not tell of a refusal, only of payment, reversal.")
        assert (await said(PAYMENT | {"account": "LN-9"}, message_id="d"))[0] == 422
        assert (await said(PAYMENT | {"note": "x" * 3000}, message_id="e"))[0] == 413
        status, text = await said({"kind": "promise", "account": "LN-1"}, message_id="f", **desk)
        assert (status, text[:34]) == (400, "A promise needs amount and due_on,")

    at_the_door(path, play)


def test_a_refusal_by_webhook_stops_the_debtor_in_the_same_transaction(path: Path) -> None:
    async def play(door: Door) -> None:
        status, _ = await door.post({"kind": "refusal", "account": "LN-2"}, source="desk", secret=SECRET[::-1])
        assert status == 200

    at_the_door(path, play)
    with closing(SqliteStore.open(path)) as store, store.reading() as database:
        (state,) = database.execute("SELECT state FROM accounts WHERE account_no = 'LN-2'").fetchone()
    assert state == "never"


# --- parsing -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"kind": "paymnt", "account": "1"}, "Did you mean payment?"),
        ({"account": "1"}, "`kind` is missing"),
        ({"kind": "refusal"}, "`account` is missing"),
        ({"kind": "refusal", "account": "1", "acount": "1"}, "Did you mean account?"),
        ({"kind": "payment", "account": "1", "amount": "0", "txn_id": "1"}, "`amount`"),
        ({"kind": "payment", "account": "1", "amount": "1.005", "txn_id": "1"}, "`amount`"),
        ({"kind": "payment", "account": "1", "amount": "NaN", "txn_id": "1"}, "`amount`"),
        ({"kind": "payment", "account": "1", "amount": "1", "txn_id": ""}, "A payment needs txn_id, as in"),
        ({"kind": "payment", "account": "1"}, "needs amount and txn_id"),
        ({"kind": "refusal", "account": "1", "amount": "1"}, "A refusal has no amount"),
        ({"kind": "promise", "account": "1", "amount": "1", "due_on": "soon"}, "`due_on`"),
        ({"kind": "fact", "account": "1", "field": "incom", "value": "1"}, "There is no field incom"),
        ({"kind": "fact", "account": "1", "field": "income_monthly", "value": "much"}, "an income is an amount"),
        ({"kind": "stop", "account": "1", "flag": "promise_open"}, "post a promise"),
        ({"kind": "refusal", "account": "1", "number": "12"}, "`number`"),
        ({"kind": "note", "account": "1", "note": "x", "at": "2026-03-02T10:00:00"}, "needs a zone"),
        ({"kind": "note", "account": "1\n2", "note": "x"}, "`account`"),
    ],
)
def test_what_is_no_posting_is_refused_with_its_field_and_what_is_allowed(told: dict[str, object], says: str) -> None:
    with pytest.raises(PostingError) as refused:
        parse(told)
    assert says in str(refused.value)


def test_a_posting_may_be_written_with_numbers_and_with_days() -> None:
    one = parse_json('{"kind":"payment","account":1234567,"amount":500.10,"txn_id":88,"at":"2026-03-02"}', UTC)
    assert (one.kind, one.account, one.amount, one.txn_id) == (PostKind.PAYMENT, "1234567", Decimal("500.10"), "88")
    assert one.at == datetime(2026, 3, 2, tzinfo=UTC)
