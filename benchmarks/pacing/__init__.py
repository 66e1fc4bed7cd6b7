"""Our pacing beside its peers: the same floor, the same random draws, another rule. `python -m benchmarks.pacing`."""
