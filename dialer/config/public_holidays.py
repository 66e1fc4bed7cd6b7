"""Public holidays of a country as dates, from the `holidays` library; see decision 16.

Only nationwide ones. Of a year whose official list is not out yet (China's comes each autumn for the next) the library
knows the festivals but not the days off that are moved; bring the library up to date in December.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import holidays


@lru_cache(maxsize=64)
def public_holidays(country: str, years: tuple[int, ...]) -> dict[date, str]:
    """Date -> name.

    Args:
        country: ISO 3166.
        years: which.

    Raises:
        KeyError: the library does not know the country.
    """
    if country not in holidays.list_supported_countries():
        raise KeyError(country)
    found = holidays.country_holidays(country, years=years)
    return {day: str(name) for day, name in sorted(found.items())}


def this_and_next(today: date) -> tuple[int, ...]:
    """The years that settings are loaded for."""
    return (today.year, today.year + 1)
