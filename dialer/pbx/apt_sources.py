"""Where does this machine get its Debian packages from, and with which keyring?

The mirror and the keyring of the private root are read from the machine's own apt configuration, so that
whatever an administrator chose (a company mirror, a proxy in front of one) holds here too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FALLBACK_URI = "http://deb.debian.org/debian"
FALLBACK_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")

_ONE_LINE = re.compile(r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+\S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """One archive: its address and the keyring that signs it."""

    uri: str
    keyring: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    uri: str
    suites: tuple[str, ...]
    signed_by: str


def machine_mirror(etc_apt: Path, codename: str) -> Mirror:
    """Return the mirror of the machine's own release.

    Args:
        etc_apt: Usually `/etc/apt`.
        codename: The machine's release, such as `bookworm`; other entries (security) name other suites.
    """
    for entry in _entries(etc_apt):
        if codename in entry.suites and entry.uri.startswith(("http://", "https://", "mirror+", "file:")):
            return Mirror(uri=entry.uri, keyring=_keyring(entry.signed_by))
    return Mirror(uri=FALLBACK_URI, keyring=FALLBACK_KEYRING)


def _keyring(signed_by: str) -> Path:
    """The file that is named. A fingerprint or an embedded key is none, so Debian's own keyring stands in."""
    return Path(signed_by) if signed_by.startswith("/") else FALLBACK_KEYRING


def _entries(etc_apt: Path) -> Iterator[_Entry]:
    parts = etc_apt / "sources.list.d"
    for path in sorted(parts.glob("*.sources")):
        yield from _deb822(path.read_text(encoding="utf-8", errors="replace"))
    for path in [etc_apt / "sources.list", *sorted(parts.glob("*.list"))]:
        if path.is_file():
            yield from _one_line(path.read_text(encoding="utf-8", errors="replace"))


def _deb822(text: str) -> Iterator[_Entry]:
    for stanza in re.split(r"\n\s*\n", text):
        fields = _fields(stanza)
        if "deb" not in fields.get("types", "").split() or fields.get("enabled", "yes").lower() == "no":
            continue
        suites = tuple(fields.get("suites", "").split())
        for uri in fields.get("uris", "").split():
            yield _Entry(uri=uri.rstrip("/"), suites=suites, signed_by=fields.get("signed-by", ""))


def _fields(stanza: str) -> dict[str, str]:
    """The fields of one stanza; a line that begins with a blank continues the field above it."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            if name:
                fields[name] += " " + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _one_line(text: str) -> Iterator[_Entry]:
    for line in text.splitlines():
        if found := _ONE_LINE.match(line.strip()):
            options = dict(part.split("=", 1) for part in (found["options"] or "").split() if "=" in part)
            yield _Entry(uri=found["uri"].rstrip("/"), suites=(found["suite"],), signed_by=options.get("signed-by", ""))
