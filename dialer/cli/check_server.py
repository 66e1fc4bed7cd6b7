"""Is an Asterisk fit for the dialer? Asked of the server itself, as the engine's own manager user."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Final

from dialer.ami import tls
from dialer.cli.ami_probe import AmiProbe, ProbeError, not_granted
from dialer.cli.checks import Check, Health, Text2, bad, ok, skipped
from dialer.errors import AmiError
from dialer.settings import DialerSettings, ServerSettings, TrunkSettings

OLDEST_MAJOR_VERSION: Final = 20
NEEDED_ACTIONS: Final = (
    "Originate",
    "Bridge",
    "Hangup",
    "Redirect",
    "Setvar",
    "CoreShowChannels",
    "CoreSettings",
    "Ping",
)
EXCESSIVE_ACTIONS: Final = ("Command", "MixMonitor", "ModuleLoad", "UpdateConfig", "DBPut", "AGI", "Reload")
"""With one of these a stolen secret runs programs or rewrites the configuration; the dialer needs none."""
RIGHTS: Final = "write = originate,call,reporting"
NEEDED_MODULES: Final = ("chan_pjsip", "bridge_simple", "app_playback", "app_userevent", "pbx_config")
NEEDED_CONTEXTS: Final = ("dialer-customer", "dialer-agent", "dialer-phone", "dialer-inbound")
CLOCK_TOLERANCE_S: Final = 2.0
_RENDER: Final = Text2(
    zh="私有服务器：dialer asterisk down 再 up；自有服务器：放入 dialer asterisk render 的文件并重载。",
    en="Private server: `dialer asterisk down`, then `up`. Your own: put in the files of `dialer asterisk render` "
    "and reload it.",
)


def check_server(settings: DialerSettings, server: ServerSettings) -> Iterator[Check]:
    """Every check of one server, as far as it can be reached."""
    place = str(server.name)
    address = f"{server.host}:{server.ami_port}"
    secured = " (TLS)" if server.tls else ""
    try:
        context = tls.context_of(server.ca_file) if server.tls else None
        with AmiProbe(server.host, server.ami_port, context, server.tls_name) as probe:
            yield ok("ami.reachable", f"{address} 可连接{secured}", f"{address} answers{secured}", place=place)
            yield from _inside(probe, settings, server)
    except (AmiError, ssl.SSLError) as error:
        yield bad(
            "ami.tls",
            Text2(zh=f"{address} 的 TLS 不可信：{error}", en=f"TLS with {address} cannot be trusted: {error}"),
            Text2(zh="检查 dialer.yaml 的 ca_file、tls_name 和 manager.conf 的 tlsenable、tlsbindaddr、tlscertfile。",
                  en="Look at ca_file, tls_name in dialer.yaml; tlsenable, tlsbindaddr, tlscertfile in manager.conf."),
            place=place,
        )  # fmt: skip
    except OSError as error:
        yield bad(
            "ami.reachable",
            Text2(zh=f"{address} 无法连接：{error.strerror or error}",
                  en=f"{address} cannot be reached: {error.strerror or error}"),
            _how_to_start(server),
            place=place,
        )  # fmt: skip


def _how_to_start(server: ServerSettings) -> Text2:
    if server.private:
        return Text2(zh="运行 dialer asterisk up。", en="Run `dialer asterisk up`.")
    return Text2(
        zh=f"启动该 Asterisk，在 manager.conf 中启用 enabled=yes、port={server.ami_port}，并检查防火墙。",
        en=f"Start that Asterisk, set enabled=yes and port={server.ami_port} in manager.conf, and look at firewalls.",
    )


def _inside(probe: AmiProbe, settings: DialerSettings, server: ServerSettings) -> Iterator[Check]:
    place = str(server.name)
    try:
        probe.login(server.ami_username, server.ami_secret)
    except ProbeError as error:
        yield bad(
            "ami.login",
            Text2(zh=f"用户 {server.ami_username} 登录失败：{error}",
                  en=f"user {server.ami_username} cannot log in: {error}"),
            Text2(zh="让 dialer.yaml 的 ami_username、ami_secret 与 manager.conf 一致。" + _RENDER.zh,
                  en="Make ami_username and ami_secret of dialer.yaml those of manager.conf. " + _RENDER.en),
            place=place,
        )  # fmt: skip
        return
    yield ok("ami.login", f"用户 {server.ami_username} 已登录", f"user {server.ami_username} logs in", place=place)
    questions: tuple[tuple[str, Callable[[], Iterator[Check]]], ...] = (
        ("ami.permissions", lambda: _permissions(probe, server)),
        ("asterisk.version", lambda: _version(probe, place)),
        ("asterisk.clock", lambda: _clock(probe, place)),
        ("asterisk.modules", lambda: _modules(probe, place)),
        ("asterisk.dialplan", lambda: _dialplan(probe, place)),
        ("phones", lambda: _phones(probe, settings, server)),
        ("trunks", lambda: _trunks(probe, settings, server)),
    )
    for name, question in questions:
        try:
            yield from question()
        except ProbeError as error:
            yield skipped(name, f"无法得知：{error}", f"cannot be known: {error}", place=place)


def _permissions(probe: AmiProbe, server: ServerSettings) -> Iterator[Check]:
    place = str(server.name)
    granted = probe.ask("ListCommands")
    missing = not_granted(granted, NEEDED_ACTIONS)
    if missing:
        names = ", ".join(missing)
        yield bad(
            "ami.permissions",
            Text2(zh=f"不允许的操作：{names}", en=f"may not run: {names}"),
            Text2(zh=f"在 manager.conf 的 [{server.ami_username}] 中设置 {RIGHTS}，然后 manager reload。",
                  en=f"Set `{RIGHTS}` at [{server.ami_username}] in manager.conf and run `manager reload`."),
            place=place,
        )  # fmt: skip
        return
    yield ok(
        "ami.permissions",
        f"所需的 {len(NEEDED_ACTIONS)} 种操作均已授权",
        f"all {len(NEEDED_ACTIONS)} actions that are needed are granted",
        place=place,
    )
    excess = [name for name in EXCESSIVE_ACTIONS if name not in not_granted(granted, EXCESSIVE_ACTIONS)]
    if excess:
        names = ", ".join(excess)
        yield bad(
            "ami.least_privilege",
            Text2(zh=f"权限过大，可执行：{names}", en=f"may run more than it needs: {names}"),
            Text2(zh=f"在 manager.conf 的 [{server.ami_username}] 中只留 {RIGHTS}，然后 manager reload。",
                  en=f"Leave only `{RIGHTS}` at [{server.ami_username}] in manager.conf and run `manager reload`."),
            place=place,
            health=Health.WARNING,
        )  # fmt: skip


def _version(probe: AmiProbe, place: str) -> Iterator[Check]:
    text = probe.ask("CoreSettings").get("AsteriskVersion", "")
    major = int(found[0]) if (found := re.match(r"\d+", text)) else 0
    if major < OLDEST_MAJOR_VERSION:
        yield bad(
            "asterisk.version",
            Text2(zh=f"版本 {text or '未知'}", en=f"version {text or 'unknown'}"),
            Text2(zh=f"需要 Asterisk {OLDEST_MAJOR_VERSION} 或更新版本。",
                  en=f"Asterisk {OLDEST_MAJOR_VERSION} or newer is needed."),
            place=place,
        )  # fmt: skip
        return
    yield ok("asterisk.version", f"Asterisk {text}", f"Asterisk {text}", place=place)


def _clock(probe: AmiProbe, place: str) -> Iterator[Check]:
    asked_at_s = time.time()
    stamp = probe.ask("Ping").get("Timestamp", "")
    answered_at_s = time.time()
    try:
        server_at_s = float(stamp)
    except ValueError:
        yield skipped("asterisk.clock", "服务器未给出时间", "the server does not say its time", place=place)
        return
    difference_s = server_at_s - (asked_at_s + answered_at_s) / 2
    said = Text2(zh=f"时钟相差 {difference_s:+.2f} 秒", en=f"its clock differs by {difference_s:+.2f} s")
    if abs(difference_s) > CLOCK_TOLERANCE_S:
        advice = Text2(zh="在两台机器上启用 NTP 校时。", en="Let both machines keep time by NTP.")
        yield bad("asterisk.clock", said, advice, place=place)
        return
    yield ok("asterisk.clock", said.zh, said.en, place=place)


def _modules(probe: AmiProbe, place: str) -> Iterator[Check]:
    missing = [module for module in NEEDED_MODULES if _read(probe, f"IFMODULE({module}.so)", of="func_module") != "1"]
    if missing:
        names = ", ".join(missing)
        yield bad(
            "asterisk.modules",
            Text2(zh=f"未加载：{names}", en=f"not loaded: {names}"),
            Text2(
                zh="在 modules.conf 中加载它们并重启 Asterisk。", en="Load them in modules.conf and restart Asterisk."
            ),
            place=place,
        )
        return
    yield ok("asterisk.modules", "所需模块均已加载", "every module that is needed is loaded", place=place)


def _read(probe: AmiProbe, function: str, *, of: str = "") -> str:
    """What a dialplan function says; reading one needs only the write class `reporting`.

    Args:
        probe: logged in.
        function: with its argument.
        of: the module without which nothing is said at all; empty: nothing is an answer too.

    Raises:
        ProbeError: refused, or the module is not loaded.
    """
    said = probe.ask("Getvar", {"Variable": function}).get("Value", "")
    if not said and of:
        raise ProbeError(f"{of}.so is not loaded")
    return said


def _dialplan(probe: AmiProbe, place: str) -> Iterator[Check]:
    missing: list[str] = []
    for context in NEEDED_CONTEXTS:
        try:
            probe.rows("ShowDialPlan", {"Context": context})
        except ProbeError as error:
            if "permission" in str(error).lower():
                raise
            missing.append(context)
    if missing:
        names = ", ".join(missing)
        yield bad(
            "asterisk.dialplan",
            Text2(zh=f"缺少 context：{names}", en=f"contexts are missing: {names}"),
            _RENDER,
            place=place,
        )
        return
    yield ok("asterisk.dialplan", "拨号方案齐全", "the dialplan is there", place=place)


def _phones(probe: AmiProbe, settings: DialerSettings, server: ServerSettings) -> Iterator[Check]:
    place = str(server.name)
    agents = [agent for agent in settings.agents if agent.server == server.name]
    states = {agent.id: _state(probe, agent.id) for agent in agents}
    unknown = [name for name, state in states.items() if state == "INVALID"]
    if unknown:
        names = ", ".join(unknown)
        yield bad(
            "phones.known",
            Text2(zh=f"Asterisk 不认识坐席话机：{names}", en=f"Asterisk does not know the phones of: {names}"),
            _RENDER,
            place=place,
        )
    away = [name for name, state in states.items() if state == "UNAVAILABLE"]
    registered = len(agents) - len(unknown) - len(away)
    said = Text2(
        zh=f"{registered}/{len(agents)} 部坐席话机已注册", en=f"{registered} of {len(agents)} phones registered"
    )
    if away:
        names = ", ".join(away)
        advice = Text2(
            zh=f"未注册：{names}。登录软电话，或 dialer softphone {away[0]}。",
            en=f"Not registered: {names}. Sign in their softphones, or `dialer softphone {away[0]}`.",
        )
        yield bad("phones.registered", said, advice, place=place, health=Health.WARNING)
    elif not unknown:
        yield ok("phones.registered", said.zh, said.en, place=place)


def _state(probe: AmiProbe, endpoint: str) -> str:
    """Asterisk's word for an endpoint: INVALID when it does not know it, UNAVAILABLE when it cannot reach it."""
    return _read(probe, f"DEVICE_STATE(PJSIP/{endpoint})", of="func_devstate")


def _trunks(probe: AmiProbe, settings: DialerSettings, server: ServerSettings) -> Iterator[Check]:
    for trunk in settings.trunks:
        if trunk.server == server.name:
            yield _trunk(trunk, _contact_states(probe, trunk.name), str(server.name))


def _contact_states(probe: AmiProbe, endpoint: str) -> list[str]:
    """How the addresses of an endpoint answered the last probe; empty when Asterisk does not know it."""
    if _state(probe, endpoint) == "INVALID":
        return []
    contacts = _read(probe, f"PJSIP_AOR({endpoint},contact)").split(",")
    return [_read(probe, f"PJSIP_CONTACT({one},status)", of="func_pjsip_contact") for one in contacts if one]


def _trunk(trunk: TrunkSettings, states: list[str], place: str) -> Check:
    name = f"trunk.{trunk.name}"
    where = f"{trunk.name} ({trunk.host}:{trunk.port})"
    if not states:
        said = Text2(zh=f"Asterisk 不认识线路 {where}", en=f"Asterisk does not know the trunk {where}")
        return bad(name, said, _RENDER, place=place)
    if "Reachable" in states:
        return ok(name, f"线路 {where} 可达", f"the trunk {where} answers", place=place)
    if states[0] in ("NonQualified", "Unknown"):
        return skipped(name, f"线路 {where} 尚未探测", f"the trunk {where} was not probed yet", place=place)
    return bad(
        name,
        Text2(zh=f"线路 {where} 不可达（{states[0]}）", en=f"the trunk {where} does not answer ({states[0]})"),
        _how_to_reach(trunk),
        place=place,
    )


def _how_to_reach(trunk: TrunkSettings) -> Text2:
    if trunk.host in ("127.0.0.1", "localhost"):
        return Text2(
            zh="运行 dialer carrier up（模拟运营商），半分钟内即可探测到。",
            en="Start the simulated network, `dialer carrier up`; Asterisk notices within half a minute.",
        )
    return Text2(
        zh="检查地址、端口、防火墙，并询问运营商。", en="Check address, port and firewalls, and ask the carrier."
    )
