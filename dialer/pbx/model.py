"""What has to be known to configure an Asterisk for the dialer, and which values are allowed.

Every value ends up in a configuration file, where a line break, a semicolon or a bracket has its own meaning.
So each is checked when the description is built, not when it is written.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from dialer.errors import PbxError

_NAME = re.compile(r"[A-Za-z0-9_]{1,40}")  # no "-": it ends the endpoint's name in a channel's name
_TRUNK_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
_EXTENSION = re.compile(r"[0-9]{2,10}")
_SECRET = re.compile(r"[A-Za-z0-9._~+/=@!%^*-]{8,128}")
_HOST = re.compile(r"[A-Za-z0-9.-]{1,253}")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_PATH = re.compile(r"/[A-Za-z0-9._~+/=@-]{1,400}")
_TRANSPORT = re.compile(r"udp|tcp|tls")
_SOUND = re.compile(r"[A-Za-z0-9_./-]{1,200}")
_DISPLAY = re.compile(r'[^\x00-\x1f\x7f;\[\]"\\<>&${}@#]{0,60}')
_CODEC = re.compile(r"[a-z0-9_]{1,20}")


class PbxValueError(PbxError):
    """A value that may not be written into Asterisk's configuration."""

    def __init__(self, what: str, value: object, allowed: str) -> None:
        super().__init__(f"{what} is {value!r}, which Asterisk's configuration cannot hold. Allowed: {allowed}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """An agent's or a supervisor's softphone account.

    Attributes:
        name: SIP user and endpoint, such as `agent01`.
        password: For digest authentication, at least 8 characters.
        extension: Digits that a supervisor dials after *31, *32 or *33; empty for supervisors.
        display_name: What other phones show.
        language: Of the sounds Asterisk itself chooses.
    """

    name: str
    password: str = field(repr=False)
    extension: str = ""
    display_name: str = ""
    language: str = "en"

    def __post_init__(self) -> None:
        _check(_NAME, f"The phone name {self.name!r}", self.name, "1 to 40 letters, digits, _")
        _check_secret(f"The password of phone {self.name}", self.password)
        if self.extension:
            _check(_EXTENSION, f"The extension of phone {self.name}", self.extension, "2 to 10 digits")
        _check(_DISPLAY, f"The display name of phone {self.name}", self.display_name, "up to 60 plain characters")
        _check(_NAME, f"The language of phone {self.name}", self.language, "letters, digits, _")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """A line to the telephone network.

    Attributes:
        name: Endpoint; calls go to `PJSIP/<number>@<name>`.
        host: Where INVITEs go, and where calls from this trunk come from.
        port: UDP port there.
        username: For digest authentication; empty for trunks that know us by address.
        password: Belongs to `username`.
        transport: `udp`, `tcp` or `tls`.
        srtp: Audio must be encrypted; a call without is refused.
        from_user: User part of From when the carrier wants an account there instead of the caller number.
        from_domain: Domain of From, if the carrier asks for one.
        codecs: In order of preference.
        qualify_every_s: Seconds between OPTIONS that show whether the trunk answers; 0 for none.
    """

    name: str
    host: str
    port: int = 5060
    username: str = ""
    password: str = field(default="", repr=False)
    transport: str = "udp"
    srtp: bool = False
    from_user: str = ""
    from_domain: str = ""
    codecs: tuple[str, ...] = ("ulaw", "alaw")
    qualify_every_s: int = 30

    def __post_init__(self) -> None:
        _check(_TRUNK_NAME, "The trunk name", self.name, "1 to 40 letters, digits, _ and -")
        _check(_HOST, f"The host of trunk {self.name}", self.host, "a host name or IPv4 address")
        _check_port(f"The port of trunk {self.name}", self.port)
        _check(_TRANSPORT, f"The transport of trunk {self.name}", self.transport, "udp, tcp or tls")
        if self.srtp and self.transport != "tls":
            raise PbxValueError(
                f"srtp of trunk {self.name}", self.srtp, "only with transport tls, which hides its keys"
            )
        for what, value in (("username", self.username), ("from_user", self.from_user)):
            if value:
                _check(
                    re.compile(r"[A-Za-z0-9._+-]{1,80}"),
                    f"The {what} of trunk {self.name}",
                    value,
                    "letters, digits, . _ + -",
                )
        if self.username:
            _check_secret(f"The password of trunk {self.name}", self.password)
        if self.from_domain:
            _check(_HOST, f"The from_domain of trunk {self.name}", self.from_domain, "a host name")
        for codec in self.codecs:
            _check(_CODEC, f"A codec of trunk {self.name}", codec, "names such as ulaw, alaw, g722")


@dataclass(frozen=True, slots=True, kw_only=True)
class SipTls:
    """How one Asterisk speaks SIP over TLS.

    Attributes:
        port: TCP port for phones and trunks.
        certificate: PEM file of its own certificate.
        private_key: PEM file of its key.
        ca_file: PEM file of the authority that trunks' certificates must come from; empty: the machine's own list.
    """

    port: int
    certificate: str
    private_key: str
    ca_file: str = ""

    def __post_init__(self) -> None:
        _check_port("The SIP port for TLS", self.port)
        for what, path in (("certificate", self.certificate), ("key", self.private_key)):
            _check(
                _PATH, f"The path of the TLS {what}", path, "an absolute path of letters, digits and . _ ~ + / = @ -"
            )
        if self.ca_file:
            _check(
                _PATH, "The path of the CA file", self.ca_file, "an absolute path of letters, digits and . _ ~ + / @ -"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Where one Asterisk listens.

    Attributes:
        sip_port: UDP port for phones and trunks.
        ami_port: TCP port of the manager interface, always on 127.0.0.1.
        rtp_first_port: First UDP port for audio; two for each leg.
        rtp_last_port: Last UDP port for audio.
        bind_host: Address of SIP; 127.0.0.1 keeps everything on this machine.
        sip_tls: SIP over TLS, beside UDP; None: none.
    """

    sip_port: int
    ami_port: int
    rtp_first_port: int
    rtp_last_port: int
    bind_host: str = "127.0.0.1"
    sip_tls: SipTls | None = None

    def __post_init__(self) -> None:
        _check_port("The SIP port", self.sip_port)
        _check_port("The AMI port", self.ami_port)
        _check_port("The first RTP port", self.rtp_first_port)
        _check_port("The last RTP port", self.rtp_last_port)
        _check(_HOST, "The SIP address", self.bind_host, "an IPv4 address")
        if self.rtp_last_port - self.rtp_first_port < 3:
            span = f"{self.rtp_first_port}-{self.rtp_last_port}"
            raise PbxValueError("The RTP port range", span, "at least four ports, two for each leg")


@dataclass(frozen=True, slots=True, kw_only=True)
class DialerPbx(Ports):
    """One Asterisk as the dialer needs it.

    Attributes:
        ami_secret: Of the manager user `dialer`.
        witness_secret: Of the manager user `witness`, who only looks.
        engine_hosts: IPv4 addresses from which the engine and the witness may log in.
        encrypt_phones: Phones must encrypt their audio; a call without is refused.
        agents: Phones that dial *10.
        supervisors: Phones that listen, whisper and barge.
        trunks: Lines to the network.
        inbound_message: Sound that people hear who call our number back.
        phone_rtp_timeout_s: A phone that sends no audio for so long, and up to 1 s more, is hung up as dead; 0 for
            never. Silence suppression must be off in the phones.
        asterisk_version: Before 20.11 and 22.1 the event filter is written in the older way.
    """

    ami_secret: str = field(repr=False)
    witness_secret: str = field(repr=False)
    engine_hosts: tuple[str, ...] = ("127.0.0.1",)
    encrypt_phones: bool = False
    agents: tuple[Phone, ...] = ()
    supervisors: tuple[Phone, ...] = ()
    trunks: tuple[Trunk, ...] = ()
    inbound_message: str = "dialer/zh/identify"
    phone_rtp_timeout_s: int = 3
    asterisk_version: tuple[int, int, int] = (22, 10, 0)

    def __post_init__(self) -> None:
        Ports.__post_init__(self)  # super() without arguments does not work in a class with slots
        _check_secret("The AMI secret", self.ami_secret)
        _check_secret("The witness's AMI secret", self.witness_secret)
        for host in self.engine_hosts:
            _check(_IPV4, "An address of the engine", host, "an IPv4 address such as 10.0.0.5")
        _check(_SOUND, "The inbound message", self.inbound_message, "a sound name such as dialer/zh/identify")
        names = [phone.name for phone in (*self.agents, *self.supervisors)]
        names += [trunk.name for trunk in self.trunks]
        _check_unique("names of phones and trunks", names)
        _check_unique("extensions", [phone.extension for phone in self.agents if phone.extension])


def _check(pattern: re.Pattern[str], what: str, value: str, allowed: str) -> None:
    if not pattern.fullmatch(value):
        raise PbxValueError(what, value, allowed)


def _check_secret(what: str, value: str) -> None:
    if not _SECRET.fullmatch(value):  # the value itself stays out of the message
        raise PbxValueError(what, "(hidden)", "8 to 128 letters, digits and . _ ~ + / = @ ! % ^ * -")


def _check_port(what: str, value: int) -> None:
    if not 1 <= value <= 65535:
        raise PbxValueError(what, value, "1 to 65535")


def _check_unique(what: str, values: list[str]) -> None:
    twice = sorted({value for value in values if values.count(value) > 1})
    if twice:
        raise PbxValueError(f"The list of {what}", ", ".join(twice), "each of them once")
