"""From when to when? The options `--since` and `--until` of reports and exports, in local time."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]

SinceOption = Annotated[
    datetime | None, typer.Option(formats=_FORMATS, help="First moment, local time; default the beginning.")
]
UntilOption = Annotated[
    datetime | None, typer.Option(formats=_FORMATS, help="First moment left out, local time; default now.")
]


def moment_of(local: datetime | None, zone: ZoneInfo) -> datetime | None:
    """An option's value with its zone."""
    return None if local is None else local.replace(tzinfo=zone)
