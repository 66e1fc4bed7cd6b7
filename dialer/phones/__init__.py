"""Headless agent phones: `python -m dialer.softphone` is the program, `spawned.Phones` drives it from Python."""
