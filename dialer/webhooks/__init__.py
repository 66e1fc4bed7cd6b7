"""Telling other systems what happens to accounts, and hearing from them: signed POSTs, nothing lost, nothing twice."""
