"""Archives for a course: one for each student, with a seed for every exercise and a copy that has no keys."""

from __future__ import annotations
