"""The source of a kernel function of the model, to be read in a chapter: without decorator and docstring."""

from __future__ import annotations

from tempmm_lab.builddiff import source_of
from tempmm_lab.kernel.builds import Build, a_build


def listing(function: str, build: str | Build = "v6.16") -> str:
    """Give the lines of a kernel function as a build has it, under the kernel's name for it.

    Raises:
        ModelError: there is no such function or build.
    """
    return "\n".join(source_of(function, a_build(build)))
