"""The source of a kernel function of the model, to be read in a chapter: without decorator and docstring."""

from __future__ import annotations

import inspect

from tempmm_lab.kernel.builds import Build, a_build


def listing(function: str, build: str | Build = "v6.16") -> str:
    """Give the lines of a kernel function as a build has it.

    Raises:
        ModelError: there is no such function or build.
    """
    chosen = a_build(build).function(function)
    text = inspect.getsource(chosen).replace(f'    """{chosen.__doc__}"""\n', "")
    return text[text.index("async def") :].rstrip()
