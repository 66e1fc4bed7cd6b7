"""`dialer campaign profiles`: the rule profiles that are shipped, and what each of them says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from pydantic import JsonValue
from rich.table import Table
from rich.text import Text

from dialer.calling_rules import Profile
from dialer.cli.lang import Lang
from dialer.cli.session import Session, session_of
from dialer.compliance import rulebook


def profiles(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[PROFILE]", help="One of them, or the path of your own.")
    ] = None,
    yaml: Annotated[bool, typer.Option("--yaml", help="The file itself, to begin one's own from.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="The table of docs/compliance.md.")] = False,
) -> None:
    """Show the rule profiles with their sources; none of it is legal advice."""
    session = session_of(context)
    found = _chosen(session, name)
    if yaml:
        session.out.print(Text(_file(session, name)), end="", soft_wrap=True)
    elif markdown:
        session.out.print(Text(markdown_table(found)), end="", soft_wrap=True)
    elif session.json:
        session.emit([as_json(profile) for profile in found])
    elif name is None:
        session.out.print(_overview(session, found))
    else:
        for profile in found:
            _tell(session, profile)


def _chosen(session: Session, name: str | None) -> tuple[Profile, ...]:
    from pathlib import Path

    from dialer.config.profiles import load_named, load_shipped
    from dialer.errors import SettingsError

    today = datetime.now(tz=ZoneInfo("UTC")).date()
    if name is None:
        return load_shipped(today)
    try:
        return (load_named(name, Path.cwd(), today, {}),)
    except LookupError as unknown:
        raise SettingsError(str(unknown.args[0])) from None


def _file(session: Session, name: str | None) -> str:
    from pathlib import Path

    from dialer.config.profiles import DEFAULT, SHIPPED

    wanted = name or DEFAULT
    path = Path(wanted) if wanted.endswith((".yaml", ".yml")) else SHIPPED / f"{wanted}.yaml"
    return path.read_text(encoding="utf-8")


def as_json(profile: Profile) -> dict[str, JsonValue]:
    """A profile as programs read it."""
    return {
        "profile": profile.name,
        "version": profile.version.isoformat(),
        "digest": profile.digest,
        "title": profile.title,
        "country": profile.country,
        "in_force_on": None if profile.in_force_on is None else profile.in_force_on.isoformat(),
        "rules": [
            {
                "id": entry.origin.id,
                "zh": entry.zh,
                "en": entry.en,
                "cite": entry.origin.cite,
                "tag": entry.origin.tag.value,
            }
            for entry in rulebook.of_profile(profile)
        ],
        "opening": list(profile.opening),
        "notes": list(profile.notes),
    }


def markdown_table(profiles: Sequence[Profile]) -> str:
    """Every rule of the profiles as a table of Markdown; `docs/compliance.md` holds it and a test compares."""
    lines = ["| Profile | Rule | What it says | Source | Tag |", "|---|---|---|---|---|"]
    for profile in profiles:
        lines.append(f"| **{profile.name}** | {profile.version} | *{profile.title}* | | |")
        for entry in rulebook.of_profile(profile):
            origin = entry.origin
            lines.append(f"| {profile.name} | `{origin.id}` | {entry.en} | {origin.cite or '—'} | {origin.tag} |")
    return "\n".join(lines) + "\n"


def _overview(session: Session, found: Sequence[Profile]) -> Table:
    table = Table(box=None, header_style="bright_black", padding=(0, 2, 0, 0))
    for zh, en in (("规则集", "profile"), ("版本", "version"), ("摘要", "digest"), ("内容", "what it is")):
        table.add_column(session.pick(zh, en))
    for profile in found:
        table.add_row(profile.name, f"{profile.version}", profile.digest, Text(profile.title))
    return table


def _tell(session: Session, profile: Profile) -> None:
    session.out.print(Text(f"{profile.stamp}  {profile.title}", style="bold cyan"))
    for entry in rulebook.of_profile(profile):
        said = entry.zh if session.lang is Lang.ZH else entry.en
        session.out.print(
            Text(f"  {entry.origin.id}  {said}  [{entry.origin.cite or '-'}] ({entry.origin.tag})"), soft_wrap=True
        )
    for note in (*profile.opening, *profile.notes):
        session.out.print(Text(f"  - {note}"), soft_wrap=True)
