"""Which text goes into which of Asterisk's configuration files?

Two uses share the same `dialer_*.conf`: the private instance, which adds the files around them, and an
existing /etc/asterisk, which includes them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dialer.pbx.model import DialerPbx, Phone, Ports, Trunk
from dialer.pbx.templates import fill

# Cuts about 23 events of a call down to 5, at the server. FullyBooted and list replies are not filtered.
ENGINE_EVENTS = (
    "Hangup",
    "Newstate",
    "OriginateResponse",
    "BridgeEnter",
    "BridgeLeave",
    "DTMFEnd",
    "UserEvent",
    "FullyBooted",
    "Shutdown",
)

DROP_IN_FILES = ("dialer_manager.conf", "dialer_pjsip.conf", "dialer_extensions.conf")

# bridge_native_rtp is missing on purpose: it passes audio on without looking at it, and an agent's keys pressed
# during a call that is not recorded never became events.
BASE_MODULES: tuple[str, ...] = (
    "res_timing_timerfd",
    "res_timing_pthread",
    "res_sorcery_config",
    "res_sorcery_memory",
    "res_sorcery_astdb",
    "res_pjproject",
    "res_pjsip",
    "res_pjsip_session",
    "res_pjsip_pubsub",
    "res_pjsip_sdp_rtp",
    "res_pjsip_authenticator_digest",
    "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_endpoint_identifier_user",
    "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_registrar",
    "res_pjsip_caller_id",
    "res_pjsip_nat",
    "res_pjsip_rfc3326",
    "res_pjsip_dlg_options",
    "res_pjsip_logger",
    "res_rtp_asterisk",
    "res_srtp",
    "chan_pjsip",
    "bridge_simple",
    "bridge_softmix",
    "codec_ulaw",
    "codec_alaw",
    "codec_a_mu",
    "codec_gsm",
    "codec_g722",
    "codec_resample",
    "format_wav",
    "format_pcm",
    "format_gsm",
    "format_sln",
    "pbx_config",
    "app_playback",
    "app_userevent",
    "app_exec",
    "app_stack",
    "app_verbose",
    "func_callerid",
    "func_channel",
    "func_logic",
    "func_strings",
    "func_uri",
    "func_math",
    "func_global",
    "func_timeout",
    "func_hangupcause",
    # What the doctor reads by Getvar, so that its account needs no write class `system`.
    "func_module",
    "func_devstate",
    "func_pjsip_aor",
    "func_pjsip_contact",
)

# Keys travel in the SDP, so these lines are of use over TLS only; a call without encryption is refused with 488.
_SRTP = "media_encryption = sdes\nmedia_encryption_optimistic = no"
_MACHINES_CAS = "/etc/ssl/certs"

DIALER_MODULES = (*BASE_MODULES, "app_mixmonitor", "app_amd", "app_chanspy")


def render_dialer(pbx: DialerPbx) -> dict[str, str]:
    """Return every file of a private instance but `asterisk.conf`, which depends on the folder."""
    return {
        **render_base(pbx, DIALER_MODULES),
        "amd.conf": fill("base/amd.conf", {}),
        **_dialer_files(pbx),
    }


def render_dropin(pbx: DialerPbx) -> tuple[dict[str, str], str]:
    """Return the files for an existing /etc/asterisk, and a text that says where to include them.

    The ports of SIP, RTP and AMI stay what that Asterisk has; those of `pbx` are not used.
    """
    return _dialer_files(pbx), fill("dialer/INCLUDE.txt", {})


def render_base(ports: Ports, modules: Sequence[str]) -> dict[str, str]:
    """Return the files around the dialer's own: ports, modules, logs, and what Asterisk misses otherwise."""
    plain = ("logger", "cdr", "cel", "features", "ccss", "udptl", "indications", "acl", "pjproject")
    rtp = {"rtp_first_port": ports.rtp_first_port, "rtp_last_port": ports.rtp_last_port}
    loads = "\n".join(f"load = {name}.so" for name in modules)
    return {
        **{f"{name}.conf": fill(f"base/{name}.conf", {}) for name in plain},
        "modules.conf": fill("base/modules.conf", {"load_lines": loads}),
        "rtp.conf": fill("base/rtp.conf", rtp),
        "manager.conf": fill("base/manager.conf", {"ami_port": ports.ami_port}),
        "pjsip.conf": fill("base/pjsip.conf", _sip_values(ports)),
        "extensions.conf": fill("base/extensions.conf", {}),
    }


def _sip_values(ports: Ports) -> dict[str, object]:
    tls = ""
    if ports.sip_tls is not None:
        authority = (
            f"ca_list_file = {ports.sip_tls.ca_file}" if ports.sip_tls.ca_file else f"ca_list_path = {_MACHINES_CAS}"
        )
        values = {"bind_host": ports.bind_host, "port": ports.sip_tls.port, "authority_line": authority}
        values |= {"certificate": ports.sip_tls.certificate, "private_key": ports.sip_tls.private_key}
        tls = fill("base/pjsip_tls.conf", values)
    return {"bind_host": ports.bind_host, "sip_port": ports.sip_port, "tls_transport": tls}


def _dialer_files(pbx: DialerPbx) -> dict[str, str]:
    phones = [_phone(phone, "dialer-phone") for phone in pbx.agents]
    phones += [_phone(phone, "dialer-supervisor") for phone in pbx.supervisors]
    security = _SRTP if pbx.encrypt_phones else "media_encryption = no"
    return {
        "dialer_manager.conf": fill(
            "dialer/manager.conf",
            {
                "ami_secret": pbx.ami_secret,
                "witness_secret": pbx.witness_secret,
                "permits": "\n".join(f"permit = {host}/255.255.255.255" for host in pbx.engine_hosts),
                "event_filters": _event_filters(pbx.asterisk_version),
            },
        ),
        "dialer_pjsip.conf": fill(
            "dialer/pjsip.conf",
            {
                "phone_rtp_timeout_s": pbx.phone_rtp_timeout_s,
                "phone_security": security,
                "phones": "".join(phones),
                "trunks": "".join(_trunk(trunk) for trunk in pbx.trunks),
            },
        ),
        "dialer_extensions.conf": fill(
            "dialer/extensions.conf",
            {"extension_globals": _extension_globals(pbx.agents), "inbound_message": pbx.inbound_message},
        ),
    }


def _event_filters(version: tuple[int, int, int]) -> str:
    """Filter by event name; releases before 20.11 and 22.1 only know a regex over the whole event."""
    since = {20: (20, 11, 0), 21: (21, 6, 0), 22: (22, 1, 0)}.get(version[0], (23, 0, 0))
    if version >= since:
        return "\n".join(f"eventfilter(action(include),name({name})) =" for name in ENGINE_EVENTS)
    return f"eventfilter = Event: ({'|'.join(ENGINE_EVENTS)})"


def _phone(phone: Phone, context: str) -> str:
    values: Mapping[str, str] = {
        "name": phone.name,
        "context": context,
        "display": phone.display_name or phone.name,
        "number": phone.extension or phone.name,
        "language": phone.language,
        "password": phone.password,
    }
    return fill("dialer/phone.conf", values)


def _trunk(trunk: Trunk) -> str:
    lines = [f"disallow = all\nallow = {','.join(trunk.codecs)}"]
    lines += [_SRTP] if trunk.srtp else []
    lines += [f"from_user = {trunk.from_user}"] if trunk.from_user else []
    lines += [f"from_domain = {trunk.from_domain}"] if trunk.from_domain else []
    if trunk.username:
        lines.append(f"outbound_auth = {trunk.name}-auth\n\n[{trunk.name}-auth]\ntype = auth\nauth_type = userpass")
        lines.append(f"username = {trunk.username}\npassword = {trunk.password}")
    values = {
        "name": trunk.name,
        "host": trunk.host,
        "port": trunk.port,
        "uri_transport": "" if trunk.transport == "udp" else f"\\;transport={trunk.transport}",
        "qualify_every_s": trunk.qualify_every_s,
        "account_lines": "\n".join(lines),
    }
    return fill("dialer/trunk.conf", values)


def _extension_globals(agents: tuple[Phone, ...]) -> str:
    """What a supervisor may dial after *31: the extension, or the name from a phone that can send letters."""
    dialled = [(phone.extension, phone.name) for phone in agents if phone.extension]
    dialled += [(phone.name, phone.name) for phone in agents if phone.name not in dict(dialled)]
    return "\n".join(f"DIALER_AGENT_{digits} = {name}" for digits, name in dialled)
