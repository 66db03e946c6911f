"""The exercises of the later chapters, as modules, in the order of the book."""

from __future__ import annotations

from tempmm_lab.assess.exercises import ch11, ch12, ch13, ch14, ch15

LATER = (ch11, ch12, ch13, ch14, ch15)
