"""Pictures of machine state, as deterministic SVG text, each with a text twin. Charts of numbers are in `charts`."""
