"""Measurements against peers, in one run: `make bench` writes RESULTS.md and RESULTS.json."""
