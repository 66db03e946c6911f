"""Twelve small patches to be reviewed, and what the explorer says about each (chapter 15)."""

from tempmm_lab.reviews.series import CHANGES, Review, review
from tempmm_lab.reviews.verdict import Verdict, weigh

__all__ = ["CHANGES", "Review", "Verdict", "review", "weigh"]
