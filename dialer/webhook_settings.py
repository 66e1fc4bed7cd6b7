"""Whom to tell what happens, and from whom to hear; values that `config/webhooks.yaml` becomes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dialer.account_events import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    """One system that is told."""

    name: str
    url: str
    secret: str = field(repr=False)
    kinds: frozenset[EventKind] = frozenset(EventKind)
    from_start: bool = False
    """Everything that ever happened; else what happens after it was first seen."""
    timeout_s: float = 10.0
    slowest_s: float = 300.0
    """Between two tries; they begin with a second and double."""
    give_up_s: float = 3 * 86_400.0
    """An event that was not taken for so long is left behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """One system that may tell us."""

    name: str
    secret: str = field(repr=False)
    kinds: frozenset[str] = frozenset()
    """What it may tell; empty: everything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenSettings:
    """Where POSTs are taken."""

    enabled: bool = False
    host: str = "127.0.0.1"
    port: int = 8790
    largest_bytes: int = 65_536
    clock_skew_s: float = 300.0
    sources: Mapping[str, SourceSettings] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class HookSettings:
    """The whole file."""

    webhooks: tuple[WebhookSettings, ...] = ()
    listen: ListenSettings = ListenSettings()
