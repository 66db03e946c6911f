"""Sweeps: many scenarios asked the same question, on one process or on many, and one table of the answers."""

from tempmm_lab.sweeps.grid import Grid, grid
from tempmm_lab.sweeps.pool import processes
from tempmm_lab.sweeps.run import sweep
from tempmm_lab.sweeps.table import Row, Sweep

__all__ = ["Grid", "Row", "Sweep", "grid", "processes", "sweep"]
