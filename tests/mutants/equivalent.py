"""Mutants that nothing can tell from the original, and why."""

EQUIVALENT: dict[str, str] = {}
