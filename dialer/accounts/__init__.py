"""Debtors and their loans: what comes in with a list and what it means."""
