"""Campaigns: lead order, what a disposition means, and what happens next to an account."""
