"""The checks of the project. `python tests/run.py` runs them all."""
