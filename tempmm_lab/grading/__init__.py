"""Grading other people's notebooks: each in a process of its own that can reach nothing, and judged outside of it.

A student's code runs in a worker (`worker.py`), in a sandbox, with a copy of this package that has no keys. Answers,
arguments and the steps of kernel functions cross as lines of JSON. The keys, the course's secret and everybody else's
work stay on this side.
"""

from __future__ import annotations
