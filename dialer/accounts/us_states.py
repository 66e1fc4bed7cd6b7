"""Time zones of the United States by state; of a state that keeps several, all of them.

A debtor's address tells the state and seldom the county, so a call must be allowed in each zone of the state.
Source: 49 CFR part 71, boundaries of the standard time zones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EASTERN: Final = "America/New_York"
CENTRAL: Final = "America/Chicago"
MOUNTAIN: Final = "America/Denver"
PACIFIC: Final = "America/Los_Angeles"

_NAMES: Final = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DE": "Delaware", "DC": "District of Columbia", "FL": "Florida", "GA": "Georgia",
    "HI": "Hawaii", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "IA": "Iowa", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "ME": "Maine", "MD": "Maryland", "MA": "Massachusetts", "MI": "Michigan", "MN": "Minnesota",
    "MS": "Mississippi", "MO": "Missouri", "MT": "Montana", "NE": "Nebraska", "NV": "Nevada", "NH": "New Hampshire",
    "NJ": "New Jersey", "NM": "New Mexico", "NY": "New York", "NC": "North Carolina", "ND": "North Dakota",
    "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VT": "Vermont",
    "VA": "Virginia", "WA": "Washington", "WV": "West Virginia", "WI": "Wisconsin", "WY": "Wyoming",
}  # fmt: skip
_SEVERAL: Final = {
    "AK": ("America/Anchorage", "America/Adak"),
    "AZ": ("America/Phoenix", MOUNTAIN),  # the Navajo Nation keeps summer time
    "FL": (EASTERN, CENTRAL),
    "HI": ("Pacific/Honolulu",),
    "ID": (MOUNTAIN, PACIFIC),
    "IN": (EASTERN, CENTRAL),
    "KS": (CENTRAL, MOUNTAIN),
    "KY": (EASTERN, CENTRAL),
    "MI": (EASTERN, CENTRAL),
    "ND": (CENTRAL, MOUNTAIN),
    "NE": (CENTRAL, MOUNTAIN),
    "NV": (PACIFIC, MOUNTAIN),
    "OR": (PACIFIC, MOUNTAIN),
    "SD": (CENTRAL, MOUNTAIN),
    "TN": (CENTRAL, EASTERN),
    "TX": (CENTRAL, MOUNTAIN),
}
_ONE: Final = {
    CENTRAL: "AL AR IA IL LA MN MO MS OK WI",
    EASTERN: "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
    MOUNTAIN: "CO MT NM UT WY",
    PACIFIC: "CA WA",
}

ZONES: Final[Mapping[str, tuple[str, ...]]] = {
    **{state: (zone,) for zone, states in _ONE.items() for state in states.split()},
    **_SEVERAL,
}
"""Two letters -> zones."""

_CODE: Final = {name.casefold(): code for code, name in _NAMES.items()} | {code.casefold(): code for code in _NAMES}


def zones_of_state(text: str) -> tuple[str, ...]:
    """The zones of a state, by its name or its two letters; empty: it is none."""
    code = _CODE.get(text.strip().casefold())
    return ZONES[code] if code is not None else ()
