"""What is written of a run, what is left out, and what becomes of a file that is not whole."""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
import zlib
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args, get_type_hints

import hypothesis.strategies as st
import pytest
from hypothesis import Phase, given, settings
from structlog.testing import capture_logs

sys.path.insert(0, str(Path(__file__).parent))
import floor_world as fw
from dialer.calling_rules import CallingRules, Origin, PrefixRule, Profile
from dialer.compliance import gate
from dialer.compliance.merging import OwnRules, merge
from dialer.config.profiles import load_shipped
from dialer.effects import Effect, Originate, Show
from dialer.errors import RecordingError
from dialer.facts import (
    AgentTold,
    AttemptRecovered,
    CallRefused,
    CampaignLaunched,
    ChannelAnswered,
    DigitPressed,
    DispositionTold,
    Fact,
    LeadsLeased,
    LinkRestored,
    LiveChannel,
    SettingsReloaded,
    Ticked,
)
from dialer.floor.state import Moment
from dialer.replay import codec, recorder
from dialer.replay.codec import Step
from dialer.replay.essence import essence
from dialer.replay.privacy import FREE_TEXTS, Veil
from dialer.replay.reading import Recording, entries, find
from dialer.replay.recorder import Recorder
from dialer.replay.verify import verify
from dialer.settings import FactsSettings
from dialer.types import AttemptId, ChannelId, DispositionCode, Mode, Number

KINDS: tuple[type, ...] = get_args(Fact)
AGENTS = (
    replace(fw.agent("anna", skills={"calm": 3}), name="陈静", secret="anna-secret-1"),
    replace(fw.agent("ben"), name="李娜", secret="ben-secret-22"),
)
TRUNKS = (fw.trunk(caller_ids=("+862155500001", "+862155500002"), username="account9", secret="trunk-secret"),)
PLAIN_TEXTS = {"digit", "bridge_id", "context", "wish", "note", "learned", "rule"}
"""Texts of facts that are no free texts; keys that customers press and notes are left out.

What pacing has learned is numbers, by nothing finer than what a recorded lead keeps: trunk, hour, region, product.
"""

finite = st.floats(allow_nan=False, allow_infinity=False)
moments = st.datetimes(timezones=st.just(UTC))


def dictionaries(mapping: type) -> st.SearchStrategy[dict[Any, Any]]:
    key, value = get_args(mapping)
    return st.dictionaries(st.from_type(key), st.from_type(value), max_size=2)


def tuples(kind: type) -> st.SearchStrategy[tuple[Any, ...]]:
    """Short ones: settings hold rules, which hold limits, which hold origins."""
    match get_args(kind):
        case (each, end) if end is Ellipsis:
            return st.lists(st.from_type(each), max_size=2).map(tuple)
        case parts:
            return st.tuples(*map(st.from_type, parts))


def calling_rules() -> st.SearchStrategy[CallingRules]:
    """With others for earlier days and after consent, which have none."""
    hints = get_type_hints(CallingRules)
    parts = {
        name: st.from_type(hint) for name, hint in hints.items() if name not in ("after_consent", "before", "profiles")
    }
    plain = st.builds(CallingRules, **parts)
    return st.builds(
        CallingRules,
        after_consent=st.none() | plain,
        before=st.lists(st.tuples(st.dates(), plain), max_size=1).map(tuple),
        profiles=st.lists(st.from_type(Profile), max_size=1).map(tuple),
        windows=parts["windows"],
    )


def any_fact(kind: type) -> st.SearchStrategy[Any]:
    st.register_type_strategy(float, finite)
    st.register_type_strategy(datetime, moments)
    st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=2))
    st.register_type_strategy(Mapping, dictionaries)
    st.register_type_strategy(tuple, tuples)
    st.register_type_strategy(CallingRules, calling_rules())
    st.register_type_strategy(Path, st.text("abc./", min_size=1).map(Path))
    return st.from_type(kind)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=20, deadline=None, phases=(Phase.explicit, Phase.generate))  # shrinking settings takes minutes
def test_every_kind_of_fact_comes_back_as_it_was(kind: type, data: st.DataObject) -> None:
    step = Step(
        fact=data.draw(any_fact(kind)),
        now=Moment(data.draw(finite), data.draw(moments)),
        effects=tuple(data.draw(st.lists(st.text(), max_size=2))),
        decided=tuple(data.draw(st.lists(st.text(), max_size=2))),
        raised=data.draw(st.text(max_size=5)),
    )
    line = codec.encode_step(step)
    assert line.count(b"\n") == 1
    assert codec.decode_line(line) == step


@pytest.mark.parametrize("kind", (*KINDS, LiveChannel), ids=lambda kind: kind.__name__)
def test_every_text_of_a_fact_is_known_to_be_free_or_plain(kind: type) -> None:
    hints = get_type_hints(kind)
    texts = {one.name for one in fields(kind) if hints[one.name] is str}
    assert texts <= FREE_TEXTS | PLAIN_TEXTS, "say in dialer.replay.privacy how it is kept"


# --- a run ---------------------------------------------------------------------------------------------


def facts_settings(folder: Path, **more: Any) -> FactsSettings:
    return FactsSettings(folder=folder / "facts", **more)


def recorder_of(world: fw.World, folder: FactsSettings | None, run: str = "r1") -> Recorder:
    world.floor.state.run_id = run
    dialer = world.floor.state.settings
    made = Recorder(folder, run_id=run, began=world.now, dialer=dialer, known={})
    world.floor.state.rule = made.rule
    return made


class Recorded(fw.World):
    """A world whose every step is recorded."""

    def __init__(self, folder: Path, run: str = "r1") -> None:
        super().__init__(fw.settings(AGENTS, TRUNKS), connected=False)
        self.recorder = recorder_of(self, facts_settings(folder), run)
        self.recorder.begin()
        self.path = folder / "facts" / f"{run}.facts.gz"
        self.take(LinkRestored(server=fw.MAIN, channels=()))

    def take(self, *facts: Fact) -> list[Effect]:
        effects: list[Effect] = []
        for fact in facts:
            answered = super().take(fact)
            self.recorder.note(fact, self.now, answered)
            effects += answered
        return effects

    def work(self) -> None:
        """Two agents, a few calls of each fate, one promise."""
        self.login("anna", "ben")
        self.launch(fw.campaign(mode=Mode.POWER), fw.leads(6))
        first, second = self.originated()
        self.talk(first, "anna")
        self.hang_up(first)
        self.press("anna", "1500#5#1")
        self.hang_up(second, cause=17)
        self.take(CallRefused(channel_id=ChannelId("att-x"), reason="no way to +8613900000001"))
        self.wait(40.0)

    def closed(self) -> Path:
        self.recorder.close()
        return self.path


def text_of(path: Path) -> str:
    return zlib.decompressobj(wbits=31).decompress(path.read_bytes()).decode()


def test_a_run_replays_to_the_last_decision(tmp_path: Path) -> None:
    world = Recorded(tmp_path)
    world.work()
    verdict = verify(Recording(world.closed()))
    assert verdict.difference is None
    assert (verdict.facts, verdict.torn, verdict.end) == (len(world.log), False, "engine stopped")
    assert verdict.decisions > 0
    assert verdict.same_rules


def test_a_step_that_raised_is_the_same_when_it_raises_again(tmp_path: Path) -> None:
    world = Recorded(tmp_path)
    fact = LinkRestored(server=fw.ServerName("unknown"), channels=())
    with pytest.raises(KeyError) as raised:
        world.floor.step(fact, world.now)
    world.recorder.note(fact, world.now, raised=raised.value)
    assert verify(Recording(world.closed())).difference is None


def test_the_first_other_decision_is_found(tmp_path: Path) -> None:
    world = Recorded(tmp_path)
    world.work()
    path = world.closed()
    lines = text_of(path).splitlines(keepends=True)
    (number,) = [n for n, line in enumerate(lines) if '"Originate' in line][:1]
    lines[number] = lines[number].replace("ring_timeout_s=", "ring_timeout_s=1")
    path.write_bytes(zlib.compress("".join(lines).encode(), wbits=31))
    found = verify(Recording(path)).difference
    assert found is not None
    assert found.number == number  # the header is no step
    assert set(found.then.effects) ^ set(found.now.effects)


# --- privacy -------------------------------------------------------------------------------------------


def test_a_recording_holds_no_name_no_number_and_no_secret(tmp_path: Path) -> None:
    world = Recorded(tmp_path)
    world.work()
    lead = fw.lead(7)
    world.take(
        DispositionTold(agent_id=AGENTS[0].id, code=DispositionCode("no_result"), note="his wife 王芳, 13711112222"),
        AgentTold(agent_id=AGENTS[0].id, wish="pause", reason="call 13711112222 back"),
        DigitPressed(channel_id=ChannelId("att-r1-000001"), digit="*"),
        ChannelAnswered(channel_id=ChannelId("1.2@main"), channel="PJSIP/13711112222-00000001"),
        LinkRestored(
            server=fw.MAIN,
            channels=(LiveChannel(channel_id=ChannelId("1.2"), channel="PJSIP/13711112222-00000001", up=True),),
        ),
        AttemptRecovered(
            attempt_id=AttemptId("att-r0-1"),
            campaign=fw.campaign().name,
            server=fw.MAIN,
            trunk=fw.TRUNK,
            lead=lead,
            at=world.now.at,
            outcome=None,
            agent_id=None,
        ),
        SettingsReloaded(settings=fw.settings(AGENTS, TRUNKS)),
        CampaignLaunched(settings=replace(fw.campaign(), source=Path("/home/zhang/campaigns/spring.yaml"))),
    )
    path = world.closed()
    told = text_of(path)
    assert world.originated()
    for hidden in (
        *(
            "13711112222",
            "王芳",
            "陈静",
            "李娜",
            "张三",
            "张*",
            "86139",
            "3900000",
            "A00001",
            "/home/zhang",
            "/nowhere",
        ),
        *("secret", "account9", "8621555", '"digit":"*"'),
    ):
        assert hidden not in told.replace('secret":""', ""), hidden
    assert "phone-1" in told
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert verify(Recording(path)).difference is None


def test_our_own_numbers_are_told_apart_without_being_named() -> None:
    veil = Veil()
    kept = veil.settings(fw.settings(AGENTS, TRUNKS))
    assert kept.trunks[0].caller_ids == ("caller-1", "caller-2")
    again = veil.settings(fw.settings(AGENTS, (replace(TRUNKS[0], caller_ids=("+862155500002",)),)))
    assert again.trunks[0].caller_ids == ("caller-2",)
    assert veil.caller_id("+862155500001") == "caller-1"


def test_an_effect_says_which_call_and_not_whom() -> None:
    world = fw.World(fw.settings(AGENTS, TRUNKS))
    world.login("anna")
    world.launch(fw.campaign(), fw.leads(1))
    (placed,) = world.effects(Originate)
    line = essence(placed, world.now.at)
    assert f"attempt_id={placed.attempt_id}" in line
    assert "issued_at=now" in line
    shown = essence(
        Show(server=fw.MAIN, channel="PJSIP/anna-1", name="张* 0001", number="+86 139****0001"), world.now.at
    )
    assert shown == "Show server=main channel=PJSIP/anna-1"


# --- files that are not whole --------------------------------------------------------------------------


def test_a_crash_costs_the_torn_line_and_what_was_not_flushed(tmp_path: Path) -> None:
    world = Recorded(tmp_path)
    world.work()
    whole = world.closed().read_bytes()
    for kept in (len(whole) * 9 // 10, len(whole) * 3 // 4, len(whole) // 2):
        world.path.write_bytes(whole[:kept])
        verdict = verify(Recording(world.path))
        assert verdict.difference is None
        assert verdict.end == ""
    assert 0 < verdict.facts < len(world.log)


def test_a_torn_last_line_is_said(tmp_path: Path) -> None:
    world = Recorded(tmp_path)
    world.work()
    lines = text_of(world.closed()).splitlines(keepends=True)
    torn = "".join(lines[:4]) + lines[4][: len(lines[4]) // 2]
    world.path.write_bytes(zlib.compress(torn.encode(), wbits=31))
    verdict = verify(Recording(world.path))
    assert (verdict.facts, verdict.torn, verdict.difference) == (3, True, None)


def test_a_damaged_line_in_the_middle_is_named(tmp_path: Path) -> None:
    world = Recorded(tmp_path)
    world.work()
    lines = text_of(world.closed()).splitlines(keepends=True)
    lines[3] = lines[3].replace('"fact":"', '"fact":"Never')
    world.path.write_bytes(zlib.compress("".join(lines).encode(), wbits=31))
    with pytest.raises(RecordingError, match=r"line 4 cannot be read: this program knows no fact Never"):
        verify(Recording(world.path))


def test_a_recording_of_another_format_is_refused(tmp_path: Path) -> None:
    world = Recorded(tmp_path)
    told = text_of(world.closed()).replace('{"format":1', '{"format":99', 1)
    world.path.write_bytes(zlib.compress(told.encode(), wbits=31))
    with pytest.raises(RecordingError, match="format 99, and this program reads format 1"):
        Recording(world.path)
    (entry,) = entries(world.path.parent)
    assert entry.header is None
    assert "format 99" in entry.problem


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b\x08\x00", b"no gzip at all", zlib.compress(b"[1]\n", wbits=31)])
def test_what_is_no_recording_is_said_to_be_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.facts.gz").write_bytes(content)
    with pytest.raises(RecordingError, match=r"x\.facts\.gz"):
        Recording(tmp_path / "x.facts.gz")


# --- many runs, full disks -----------------------------------------------------------------------------


def test_the_newest_run_is_meant_and_a_beginning_is_enough(tmp_path: Path) -> None:
    paths = []
    for number, run in enumerate(("aa1", "aa2", "bb1")):
        paths.append(Recorded(tmp_path, run).closed())
        os.utime(paths[-1], (time.time() - 100 + number,) * 2)
    folder = tmp_path / "facts"
    assert find(folder) == paths[2]
    assert find(folder, "aa1") == find(folder, str(paths[0])) == paths[0]
    with pytest.raises(RecordingError, match="aa1, aa2"):
        find(folder, "aa")
    with pytest.raises(RecordingError, match="no recording zz"):
        find(folder, "zz")
    with pytest.raises(RecordingError, match="no recordings in"):
        find(tmp_path / "elsewhere")
    assert [entry.run for entry in entries(folder)] == ["aa1", "aa2", "bb1"]


def test_old_recordings_are_removed_and_others_are_not(tmp_path: Path) -> None:
    old, young = Recorded(tmp_path, "old").closed(), Recorded(tmp_path, "young").closed()
    foreign = old.parent / "notes.txt"
    foreign.write_text("mine")
    for path, age_s in ((old, 8000), (young, 1000), (foreign, 8000)):
        os.utime(path, (time.time() - age_s,) * 2)
    recorder.forget_old(old.parent, keep_s=7200.0, now_s=time.time())
    assert not old.exists()
    assert young.exists()
    assert foreign.exists()


def test_nothing_is_written_when_recording_is_off(tmp_path: Path) -> None:
    world = fw.World()
    for off in (None, facts_settings(tmp_path, record=False)):
        made = recorder_of(world, off)
        made.begin()
        made.note(Ticked(), world.now)
        made.close()
    assert not (tmp_path / "facts").exists()


def test_a_folder_that_cannot_be_made_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "facts").write_text("a file")
    with capture_logs() as logs:
        world = Recorded(tmp_path)
        world.work()
        world.recorder.close()
    assert [line["event"] for line in logs] == ["facts.not_recorded"]


def test_a_full_disk_is_reported_once_and_loses_nothing_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = Recorded(tmp_path)
    real_write, refused = os.write, []

    def full(file: int, data: bytes) -> int:
        refused.append(len(data))
        raise OSError(errno.ENOSPC, "No space left on device")

    with capture_logs() as logs:
        monkeypatch.setattr(recorder, "WRITE_EVERY_S", 0.01)
        monkeypatch.setattr(recorder, "FLUSH_EVERY_S", 0.0)
        monkeypatch.setattr(os, "write", full)
        world.work()
        give_up_s = time.monotonic() + 10.0
        while len(refused) < 3 and time.monotonic() < give_up_s:
            time.sleep(0.01)
        monkeypatch.setattr(os, "write", real_write)
        path = world.closed()
    assert len(refused) >= 3
    assert [line["event"] for line in logs] == ["facts.not_written", "facts.written_again"]
    assert verify(Recording(path)).facts == len(world.log)


def test_a_disk_that_stays_full_ends_the_recording_and_not_the_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recorder, "WRITE_EVERY_S", 0.01)
    monkeypatch.setattr(recorder, "FLUSH_EVERY_S", 0.0)
    monkeypatch.setattr(recorder, "MOST_WAITING", 20)
    monkeypatch.setattr(os, "write", full)
    with capture_logs() as logs:
        world = Recorded(tmp_path)
        give_up_s = time.monotonic() + 10.0
        while not any(line["event"] == "facts.not_recorded" for line in logs) and time.monotonic() < give_up_s:
            world.tick()
            time.sleep(0.001)
        world.closed()
    assert [line["event"] for line in logs] == ["facts.not_written", "facts.not_recorded"]


def test_a_lead_s_number_is_the_store_s_id_of_it() -> None:
    fact = LeadsLeased(campaign=fw.campaign().name, leads=fw.leads(1), waiting=0)
    kept = Veil().fact(fact)
    assert isinstance(kept, LeadsLeased)
    assert kept.leads[0].number == Number("phone-1")


def test_a_number_that_may_not_be_dialled_is_refused_again_without_being_named() -> None:
    rule = PrefixRule(allow=("+1",), origin=Origin(profile="US-REGF", id="prefixes"))
    settings = fw.campaign(rules=replace(fw.RULES, prefixes=(rule,)))
    veil = Veil()
    kept_rules = veil.campaign(settings).rules
    fact = veil.fact(LeadsLeased(campaign=settings.name, leads=fw.leads(1), waiting=0))
    assert isinstance(fact, LeadsLeased)
    lead = fact.leads[0]
    assert lead.number == Number("refused-0-phone-1")
    answers = [
        gate.check(one, rules, settings.name, fw.EPOCH)
        for one, rules in ((fw.leads(1)[0], settings.rules), (lead, kept_rules))
    ]
    assert answers[0] == answers[1]
    assert "prefix" in repr(answers[0])


def test_no_shipped_profile_brings_the_beginning_of_a_number_into_a_recording() -> None:
    profiles = load_shipped(date(2026, 11, 24))
    merged = merge(profiles, OwnRules())
    assert merged.after_consent is not None
    assert merged.before, "some rule comes into force on a day of its own"
    kept = Veil().campaign(fw.campaign(rules=merged)).rules
    assert repr(merged.prefixes[0].allow) in repr(merged)
    assert all(f"'{start}'" not in repr(kept) for rule in merged.prefixes for start in (*rule.allow, *rule.deny))
