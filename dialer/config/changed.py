"""A campaign with other values for a few keys, for "what if": written as in its file, and checked like it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any, Final

from pydantic import ValidationError

from dialer.config.models import PacingSection
from dialer.errors import SettingsError
from dialer.settings import CampaignSettings, PacingSettings
from dialer.types import Mode

_PREFIX: Final = "pacing."
_UNITS: Final = ("", "_s", "_ratio")
"""What the name of a value adds to the name of its key."""


def changeable() -> dict[str, str]:
    """Key as written in a campaign's file -> name of the value."""
    names = {one.name for one in fields(PacingSettings)}
    found = {
        f"{_PREFIX}{key}": next(key + unit for unit in _UNITS if key + unit in names)
        for key in PacingSection.model_fields
    }
    return {"mode": "mode", **found}


def changed_campaign(campaign: CampaignSettings, changes: Mapping[str, str]) -> CampaignSettings:
    """The campaign as it would be with other values.

    Args:
        campaign: as it is.
        changes: `mode` or `pacing.KEY`, as in the campaign's file (or by the names of the values, such as
            `pacing.target_abandonment_ratio`) -> value as written there.

    Raises:
        SettingsError: a key that cannot be changed like this, or a value that the file would not take either.
    """
    keys = changeable()
    by_value = {f"{_PREFIX}{name}": key for key, name in keys.items() if key != "mode"}
    for written, value in changes.items():
        key = by_value.get(written, written)
        if key not in keys:
            near = difflib.get_close_matches(written, [*keys, *by_value], n=1, cutoff=0.75)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise SettingsError(f"{written} cannot be changed here.{hint} These can: {', '.join(keys)}.")
        if key == "mode":
            campaign = replace(campaign, mode=_mode(value))
        else:
            name = keys[key]
            changed = {name: _checked(key.removeprefix(_PREFIX), value)}
            campaign = replace(campaign, pacing=replace(campaign.pacing, **changed))
    return campaign


def _mode(value: str) -> Mode:
    try:
        return Mode(value)
    except ValueError:
        raise SettingsError(f"mode: {value} is not one of {', '.join(Mode)}.") from None


def _checked(key: str, value: str) -> Any:
    try:
        section = PacingSection.model_validate({key: value})
    except ValidationError as invalid:
        raise SettingsError(f"{_PREFIX}{key}: {value} does not fit: {invalid.errors()[0]['msg']}.") from None
    return getattr(section, key)
