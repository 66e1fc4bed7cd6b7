"""The local store: what survives a crash."""
