"""nbgrader, with our runner as the judge: one call in a course's `nbgrader_config.py`.

nbgrader keeps its commands, its gradebook, its formgrader and its feedback. What changes is `nbgrader autograde`: it
starts no kernel. The file that was handed in goes to our runner, and the points come back into nbgrader's cells.
`docs/nbgrader.md` is the way from nothing to feedback.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.grading.limits import LIMITS, Limits

STEPS = "tempmm_lab.grading.nbgrader_steps"
READER, JUDGE = f"{STEPS}.TempmmReader", f"{STEPS}.TempmmJudge"
CODE_STUB, TEXT_STUB = {"python": "# Your answer here."}, "*Your answer here.*"
"""What stands in place of a solution: with it, nbgrader makes exactly the notebooks of `exercises/`."""


def configure(c: Any, *, secret: str | Path | None = None, unsafe: bool = False, limits: Limits | None = None) -> None:
    """Let our runner judge in place of nbgrader's kernel. Call it last in `nbgrader_config.py`.

    Args:
        c: what `get_config()` gave.
        secret: the file that holds the course's secret, which the students' variants come from; a relative path starts
            at the course's folder. It is not read before something is graded. Without it everybody has variant 0.
        unsafe: run students' code without a sandbox: only for what you trust.
        limits: what a submission may use, if not the usual.

    Raises:
        ModelError: nbgrader is not installed, or it is one that executes notebooks in a way that is not known here.
    """
    if secret is not None and not isinstance(secret, (str, Path)):
        raise ModelError("The secret is given as the path of its file, such as secret='course-secret'.")
    try:
        from nbgrader.converters import Autograde  # type: ignore[import-untyped]
        from nbgrader.preprocessors import Execute  # type: ignore[import-untyped]
    except ImportError as error:
        raise ModelError(f"nbgrader is not installed ({error}). Type: pip install 'tempmm-lab[grade]'") from None
    usual = Autograde.class_traits()["autograde_preprocessors"].default()
    if Execute not in usual or "exporter_class" not in Autograde.class_traits():
        raise ModelError("This nbgrader executes notebooks in a way that is not known here. Version 0.9.6 does not.")
    c.Autograde.exporter_class = READER
    c.Autograde.autograde_preprocessors = [JUDGE if step is Execute else step for step in usual]
    c.TempmmJudge.secret = "" if secret is None else str(secret)
    c.TempmmJudge.unsafe = bool(unsafe)
    for name, stub in (("code_stub", CODE_STUB), ("text_stub", TEXT_STUB)):
        if name not in c.ClearSolutions:
            setattr(c.ClearSolutions, name, stub)
    allowed = LIMITS if limits is None else a_thing(limits, Limits, "limits is a Limits(...).")
    c.TempmmReader.limits = c.TempmmJudge.limits = allowed
