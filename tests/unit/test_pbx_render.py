"""What ends up in Asterisk's configuration, and what may not."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from dialer.errors import PbxError
from dialer.floor.prompts import Prompt
from dialer.pbx.carrier import CarrierSettings, Chances, Ending, Fate, Fixed, render_carrier
from dialer.pbx.model import DialerPbx, PbxValueError, Phone, SipTls, Trunk
from dialer.pbx.prompts import PROMPTS
from dialer.pbx.render import DIALER_MODULES, DROP_IN_FILES, render_dialer, render_dropin
from dialer.pbx.sounds import Speech
from dialer.pbx.templates import fill, template_folder

PORTS = {"sip_port": 5060, "ami_port": 5038, "rtp_first_port": 10_000, "rtp_last_port": 10_100}


def _pbx(**changes: object) -> DialerPbx:
    values: dict[str, object] = {**PORTS, "ami_secret": "engine-secret", "witness_secret": "witness-secret"}
    return DialerPbx(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("poison", ["a\nb", "a\rb", "a;b", "a[b]", "a]\n[evil](!)", "a b", "", "é", "a" * 41, "a-b"])
def test_a_phone_name_that_could_change_the_configuration_is_refused(poison: str):
    with pytest.raises(PbxValueError, match="phone name"):
        Phone(name=poison, password="long-enough")


@pytest.mark.parametrize("poison", ["short", "has space in it", "with;semicolon", "with\nline-break", "with[bracket]"])
def test_a_secret_that_cannot_be_written_is_refused_without_being_shown(poison: str):
    for build in (
        lambda: Phone(name="agent01", password=poison),
        lambda: Trunk(name="t", host="h", username="u", password=poison),
        lambda: _pbx(ami_secret=poison),
        lambda: _pbx(witness_secret=poison),
    ):
        with pytest.raises(PbxValueError) as refusal:
            build()
        assert poison not in str(refusal.value)


@pytest.mark.parametrize("name", ['a"b', "a;b", "a[b", "a\nb", "${SHELL(id)}", "@name@", "a<b>", "a\\b"])
def test_a_display_name_that_asterisk_would_read_as_more_than_text_is_refused(name: str):
    with pytest.raises(PbxValueError, match="display name"):
        Phone(name="agent01", password="long-enough", display_name=name)


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "h;x"},
        {"host": "h\ncontact = sip:evil"},
        {"port": 0},
        {"port": 65536},
        {"from_user": "a\nb"},
        {"from_domain": "a b"},
        {"codecs": ("ulaw", "alaw\nallow = all")},
        {"name": "t]"},
    ],
)
def test_a_trunk_that_cannot_be_written_is_refused(changes: dict[str, object]):
    with pytest.raises(PbxValueError):
        Trunk(**({"name": "t", "host": "h"} | changes))  # type: ignore[arg-type]


def test_two_things_with_one_name_are_refused():
    phone = Phone(name="same", password="long-enough", extension="1001")
    with pytest.raises(PbxValueError, match="same"):
        _pbx(agents=(phone,), trunks=(Trunk(name="same", host="h"),))
    with pytest.raises(PbxValueError, match="1001"):
        _pbx(agents=(phone, Phone(name="other", password="long-enough", extension="1001")))


def test_no_secret_shows_when_a_description_is_printed():
    pbx = _pbx(agents=(Phone(name="agent01", password="agent-secret"),))
    assert "secret" not in repr(pbx).replace("witness_secret", "").replace("ami_secret", "")


@pytest.mark.parametrize(
    ("version", "advanced"),
    [
        ((20, 10, 9), False),
        ((20, 11, 0), True),
        ((21, 5, 0), False),
        ((21, 6, 0), True),
        ((22, 0, 1), False),
        ((22, 1, 0), True),
        ((23, 0, 0), True),
    ],
)
def test_the_event_filter_is_written_as_the_version_reads_it(version: tuple[int, int, int], advanced: bool):
    text = render_dialer(_pbx(asterisk_version=version))["dialer_manager.conf"]
    assert ("eventfilter(action(include),name(Newstate)) =" in text) is advanced
    assert ("eventfilter = Event: (Hangup|Newstate|" in text) is not advanced


def test_manager_users_have_exactly_the_rights_they_need_from_exactly_where_they_are():
    text = render_dialer(_pbx(engine_hosts=("127.0.0.1", "10.0.0.5")))["dialer_manager.conf"]
    assert re.findall(r"^write = (.*)$", text, re.M) == ["originate,call,reporting", "reporting"]
    assert re.findall(r"^read = (.*)$", text, re.M) == ["system,call,user,dtmf", "call,user"]
    every = ["127.0.0.1/255.255.255.255", "10.0.0.5/255.255.255.255"]
    assert re.findall(r"^permit = (.*)$", text, re.M) == every * 2
    assert re.findall(r"^deny = (.*)$", text, re.M) == ["0.0.0.0/0.0.0.0"] * 2


@pytest.mark.parametrize("host", ["0.0.0.0/0", "10.0.0.5\npermit = 0.0.0.0/0", "any", "", "10.0.0.5;", "::1"])
def test_an_engine_is_permitted_by_one_address_and_nothing_wider(host: str):
    with pytest.raises(PbxValueError, match="address of the engine"):
        _pbx(engine_hosts=(host,))


def test_the_dropin_is_what_the_private_instance_runs_with():
    pbx = _pbx(agents=(Phone(name="agent01", password="long-enough", extension="1001"),))
    files, where = render_dropin(pbx)
    assert set(files) == set(DROP_IN_FILES)
    assert {name: render_dialer(pbx)[name] for name in files} == files
    assert all(f"#include {name}" in where for name in files)


def test_every_application_and_function_of_the_dialplan_has_its_module():
    """Core has the rest: Answer, Goto, GotoIf, Hangup, Set, Wait."""
    modules = {
        "Gosub": "app_stack",
        "Return": "app_stack",
        "ExecIf": "app_exec",
        "Playback": "app_playback",
        "UserEvent": "app_userevent",
        "MixMonitor": "app_mixmonitor",
        "AMD": "app_amd",
        "ChanSpy": "app_chanspy",
    }
    core = {"Answer", "Goto", "GotoIf", "Hangup", "Set", "Wait"}
    text = render_dialer(_pbx())["dialer_extensions.conf"]
    used = set(re.findall(r"^(?:exten => [^,]+,1|\s*same => n(?:\([a-z]+\))?),([A-Za-z]+)", text, re.M))
    assert used - core == set(modules)
    assert set(modules.values()) <= set(DIALER_MODULES)
    assert not {"app_dial", "app_originate", "app_system", "app_queue", "res_agi"} & set(DIALER_MODULES)


def test_a_template_that_has_drifted_from_the_program_says_so():
    with pytest.raises(PbxError, match=r"base/rtp\.conf does not fit .* surplus"):
        fill("base/rtp.conf", {"rtp_first_port": 1, "rtp_last_port": 2, "surplus": 3})
    with pytest.raises(PbxError, match="rtp_last_port"):
        fill("base/rtp.conf", {"rtp_first_port": 1})


def test_no_placeholder_is_left_in_any_file():
    carrier = CarrierSettings(**PORTS, dialer_sip_port=5070)
    pbx = _pbx(
        agents=(Phone(name="agent01", password="long-enough", extension="1001"),),
        supervisors=(Phone(name="boss", password="long-enough"),),
        trunks=(Trunk(name="t", host="h", username="u", password="long-enough", from_user="u", from_domain="d"),),
    )
    for text in (*render_dialer(pbx).values(), *render_carrier(carrier, Path("/x/invites")).values()):
        assert not re.search(r"@[a-z_0-9]+@", text)


def test_the_templates_folder_does_not_shadow_a_python_package():
    assert not (template_folder() / "__init__.py").exists()


def test_the_network_knows_every_fixed_ending():
    text = render_carrier(CarrierSettings(**PORTS), Path("/x/invites"))["dialer_extensions.conf"]
    section = text[text.index("[carrier-fixed]") : text.index("[carrier-chance]")]
    assert set(re.findall(r"^exten => (\d{4}),1,", section, re.M)) == {str(ending) for ending in Fixed}


def test_chances_become_upper_ends_and_too_many_are_refused():
    settings = CarrierSettings(
        **PORTS,
        chances=Chances(
            machine=0.1, no_answer=0.2, busy=0, declined=0, invalid=0, congested=0, switched_off=0, early_hangup=0.05
        ),
    )
    text = render_carrier(settings, Path("/x/invites"))["dialer_extensions.conf"]
    ends = dict(re.findall(r"\$\{DRAW\} <= (\d+)\]\?(\w+),1\)", text)[::-1])
    assert {name: int(end) for end, name in ends.items()} == {"machine": 1000, "no_answer": 3000, "early_hangup": 3500}
    with pytest.raises(PbxValueError):
        Chances(machine=0.9, no_answer=0.2)
    with pytest.raises(PbxValueError):
        Chances(machine=-0.1)


def test_a_number_may_have_a_fate_of_its_own_and_nothing_else_can_be_written_so():
    fates = {
        "+8613900000001": Fate(ending=Ending.ANSWERS, before_s=2.5, rings_s=11.0, talk_s=30.0),
        "+8613900000002": Fate(ending=Ending.BUSY, before_s=1.25),
    }
    text = render_carrier(CarrierSettings(**PORTS, fates=fates), Path("/x/invites"))["dialer_extensions.conf"]
    section = text[text.index("[carrier-fated]") : text.index("[carrier-fate]")]
    assert "exten => 8613900000001,1,Gosub(carrier-fate,answers,1(2.500,11.000,30.000))" in section
    assert "exten => 8613900000002,1,Gosub(carrier-fate,busy,1(1.250,0.000,0.000))" in section
    ways = text[text.index("[carrier-fate]") : text.index("[carrier-chance]")]
    assert set(re.findall(r"^exten => (\w+),1,", ways, re.M)) == {str(ending) for ending in Ending}
    with pytest.raises(PbxValueError, match="fate"):
        CarrierSettings(**PORTS, fates={"1,1,System(x)": Fate(ending=Ending.RINGS)})
    with pytest.raises(PbxValueError, match="seconds"):
        Fate(ending=Ending.RINGS, before_s=-1.0)


def test_a_simulated_network_is_never_reachable_from_outside():
    with pytest.raises(PbxValueError, match="simulation"):
        CarrierSettings(**PORTS, bind_host="0.0.0.0")


def test_every_prompt_that_the_floor_says_has_a_sound():
    said = {str(prompt) for prompt in Prompt} | set("0123456789")
    assert said <= set(PROMPTS)


@pytest.mark.parametrize(
    ("text", "language", "voice"),
    [("huan2 kuan3", "zh", "cmn-latn-pinyin"), ("还款", "zh", "cmn"), ("repay", "en", "en-us")],
)
def test_the_voice_fits_the_writing(text: str, language: str, voice: str):
    assert Speech(text=text, language=language).voice == voice


def test_every_chinese_prompt_is_numbered_pinyin():
    for name, (chinese, english) in PROMPTS.items():
        assert all(re.fullmatch(r"[a-z]+[1-5]", word.strip(",.")) for word in chinese.split()), name
        assert english


TLS = SipTls(port=5061, certificate="/etc/pbx/cert.pem", private_key="/etc/pbx/key.pem")


def test_encryption_is_a_setting_and_off_by_default():
    plain = render_dialer(_pbx(trunks=(Trunk(name="t", host="h"),)))
    assert "transport-tls" not in plain["pjsip.conf"]
    assert "media_encryption = sdes" not in plain["dialer_pjsip.conf"]
    secured = render_dialer(
        _pbx(sip_tls=TLS, encrypt_phones=True, trunks=(Trunk(name="t", host="h", transport="tls", srtp=True),))
    )
    assert "bind = 127.0.0.1:5061\ncert_file = /etc/pbx/cert.pem" in secured["pjsip.conf"]
    assert "ca_list_path = /etc/ssl/certs" in secured["pjsip.conf"]
    assert "verify_server = yes" in secured["pjsip.conf"]
    phones, trunk = secured["dialer_pjsip.conf"].split("[t](dialer-trunk)")
    assert (
        phones.count("media_encryption = sdes\nmedia_encryption_optimistic = no") == 1
    )  # in the template of all phones
    assert "media_encryption = sdes\nmedia_encryption_optimistic = no" in trunk
    assert "contact = sip:h:5060\\;transport=tls" in trunk  # a bare semicolon would begin a comment


@pytest.mark.parametrize(
    "build",
    [
        lambda: Trunk(name="t", host="h", transport="sctp"),
        lambda: Trunk(name="t", host="h", srtp=True),
        lambda: SipTls(port=5061, certificate="cert.pem", private_key="/k"),
        lambda: SipTls(port=5061, certificate="/c\nverify_server = no", private_key="/k"),
        lambda: SipTls(port=5061, certificate="/c", private_key="/k", ca_file="/x;y"),
        lambda: SipTls(port=0, certificate="/c", private_key="/k"),
    ],
)
def test_encryption_that_cannot_be_written_or_would_show_its_keys_is_refused(build: Callable[[], object]):
    with pytest.raises(PbxValueError):
        build()
