"""`webhooks.yaml` to settings, with every mistake by its line; without such a file nothing is sent or taken."""

from __future__ import annotations

import difflib
import ipaddress
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from dialer.account_events import EventKind
from dialer.config.models import Port, Section
from dialer.config.problems import Problem, SettingsFileError, key_path
from dialer.config.read import read_model
from dialer.config.values import Duration, Host, Name, Secret, one_or_more, wrong
from dialer.config.yaml_source import KeyPath, Source
from dialer.postings import PostKind
from dialer.webhook_settings import HookSettings, ListenSettings, SourceSettings, WebhookSettings

NAME: Final = "webhooks.yaml"
SHORTEST_SECRET: Final = 24
"""Characters. Source: Standard Webhooks asks for 24 to 64 random bytes; so many characters of base64 hold 18."""

Kinds = Annotated[tuple[str, ...], BeforeValidator(one_or_more)]


def _url(value: object) -> str:
    parts = urlsplit(value) if isinstance(value, str) else urlsplit("")
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.fragment:
        raise wrong("is not a URL; write https://host/path, without a user and without #")
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise wrong("would be sent in the clear; write https://, http:// is for this machine only")
    return str(value)


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class WebhookSection(Section):
    """One system that is told."""

    url: Annotated[str, BeforeValidator(_url)]
    secret: Annotated[Secret, Field(min_length=SHORTEST_SECRET)]
    kinds: Kinds = ()
    begins: Literal["now", "start"] = "now"
    timeout: Annotated[Duration, Field(ge=0.1, le=120)] = 10.0
    slowest: Annotated[Duration, Field(ge=1, le=86_400)] = 300.0
    gives_up_after: Annotated[Duration, Field(ge=60, le=90 * 86_400)] = 3 * 86_400.0


class SourceSection(Section):
    """One system that may tell us."""

    secret: Annotated[Secret, Field(min_length=SHORTEST_SECRET)]
    kinds: Kinds = ()


class ListenSection(Section):
    """Where POSTs are taken."""

    enabled: bool = False
    host: Host = "127.0.0.1"
    port: Port = 8790
    largest: Annotated[int, Field(ge=1_024, le=1_048_576)] = 65_536
    clock_skew: Annotated[Duration, Field(ge=1, le=3_600)] = 300.0
    sources: dict[Name, SourceSection] = Field(default_factory=dict)


class WebhooksFile(Section):
    """The file."""

    webhooks: dict[Name, WebhookSection] = Field(default_factory=dict)
    listen: ListenSection = ListenSection()


def load_webhooks(folder: Path, env: Mapping[str, str] | None = None) -> HookSettings:
    """Read `webhooks.yaml`; without one nothing is sent or taken.

    Args:
        folder: where the user's settings are.
        env: for `!env`; the process's own when None.

    Raises:
        SettingsFileError: with every problem of the file.
    """
    path = folder / NAME
    if not path.is_file():
        return HookSettings()
    source, file = read_model(path, WebhooksFile, os.environ if env is None else env, made_by="dialer init")
    problems = list(_problems(source, file))
    if problems:
        raise SettingsFileError(problems)
    return HookSettings(
        webhooks=tuple(
            WebhookSettings(
                name=name,
                url=one.url,
                secret=one.secret,
                kinds=_matching(one.kinds),
                from_start=one.begins == "start",
                timeout_s=one.timeout,
                slowest_s=one.slowest,
                give_up_s=one.gives_up_after,
            )
            for name, one in file.webhooks.items()
        ),
        listen=ListenSettings(
            enabled=file.listen.enabled,
            host=file.listen.host,
            port=file.listen.port,
            largest_bytes=file.listen.largest,
            clock_skew_s=file.listen.clock_skew,
            sources={
                name: SourceSettings(name=name, secret=one.secret, kinds=frozenset(one.kinds))
                for name, one in file.listen.sources.items()
            },
        ),
    )


def _matching(patterns: Sequence[str]) -> frozenset[EventKind]:
    return frozenset(kind for kind in EventKind if not patterns or any(_fits(kind, one) for one in patterns))


def _fits(kind: EventKind, pattern: str) -> bool:
    return kind == pattern or (pattern.endswith(".*") and kind.startswith(pattern[:-1]))


def _problems(source: Source, file: WebhooksFile) -> Iterator[Problem]:
    for name, one in file.webhooks.items():
        for spot, pattern in enumerate(one.kinds):
            if not any(_fits(kind, pattern) for kind in EventKind):
                nouns = [f"{noun}.*" for noun in dict.fromkeys(kind.partition(".")[0] for kind in EventKind)]
                yield _unknown(source, ("webhooks", name, "kinds", spot), pattern, [*EventKind, *nouns])
    for name, allowed in file.listen.sources.items():
        for spot, kind in enumerate(allowed.kinds):
            if kind not in set(PostKind):
                yield _unknown(source, ("listen", "sources", name, "kinds", spot), kind, list(PostKind))
    if file.listen.enabled and not file.listen.sources:
        text = "there is nobody to hear from; add a source with a secret, or write enabled: false"
        yield Problem(path=source.path, line=source.line_of(("listen", "enabled")), key="listen.sources", text=text)


def _unknown(source: Source, key: KeyPath, value: str, known: Sequence[str]) -> Problem:
    near = difflib.get_close_matches(value, known, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    text = f'"{value}" is not one of {", ".join(known)}.{hint}'
    return Problem(path=source.path, line=source.line_of(key), key=key_path(key), text=text)
