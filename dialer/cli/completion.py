"""Which words does the shell offer after Tab? Names out of the settings files; silence when they are unsound."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from dialer.cli.session import Session, default_config
from dialer.errors import DialerError


def _session(context: typer.Context) -> Session:
    chosen = context.find_root().params.get("config")
    return Session(config=chosen if isinstance(chosen, Path) else default_config(os.environ))


def campaign_names(context: typer.Context, incomplete: str) -> list[str]:
    """Campaigns that have a file."""
    return [name for name in _session(context).campaign_names() if name.startswith(incomplete)]


def agent_ids(context: typer.Context, incomplete: str) -> list[tuple[str, str]]:
    """Agents of `dialer.yaml`, with their names."""
    try:
        agents = _session(context).settings.agents
    except DialerError:
        return []
    return [(agent.id, agent.name) for agent in agents if agent.id.startswith(incomplete)]


def disposition_codes(context: typer.Context, incomplete: str) -> list[str]:
    """Codes of every campaign whose file is sound."""
    session = _session(context)
    codes: set[str] = set()
    for name in session.campaign_names():
        try:
            codes.update(one.code for one in session.campaign(name).dispositions)
        except DialerError:
            continue
    return sorted(code for code in codes if code.startswith(incomplete))
