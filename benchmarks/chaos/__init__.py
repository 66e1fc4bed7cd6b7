"""Chaos: a campaign over real SIP while everything it stands on is killed, stopped, filled and set back."""
