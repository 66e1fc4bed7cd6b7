"""The campaign of `dialer simulate case` out of its file, by the loader of every campaign: rules, next steps."""

from __future__ import annotations

from dialer.config import load_campaign
from dialer.settings import CampaignSettings
from dialer.sim.case.campaign import FILE, dialer_settings
from dialer.sim.case.scenario import FIRST_DAY, Scenario


def case_campaign() -> CampaignSettings:
    """What `case.yaml` says, with the rules of CN-BANK as the dialer ships it; holidays are of the case's year."""
    return load_campaign(FILE, dialer_settings(Scenario()), {}, today=FIRST_DAY)
