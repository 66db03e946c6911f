"""What a student's kernel function calls is the kernel's that it is put into, and under its own name it is itself."""

from __future__ import annotations

from typing import Any

import pytest

from tempmm_lab.assess.exercises import EXERCISES
from tempmm_lab.assess.exercises.functions import InProcess
from tempmm_lab.assess.exercises.kernelcode import next_step
from tempmm_lab.jsonform import to_json
from tempmm_lab.kernel.builds import BUILDS, KERNEL_FUNCTIONS
from tempmm_lab.kernel.config import Config
from tempmm_lab.points import start

REPLACING = [name for name, one in EXERCISES.items() if one.adapt is not None and one.answer in KERNEL_FUNCTIONS]


@pytest.mark.parametrize("name", REPLACING)
def test_calling_the_kernels_own_is_calling_oneself(name: str) -> None:
    """Who writes a kernel function that calls the one of its name gets what the machine does: a call without end."""
    one = EXERCISES[name]
    own = KERNEL_FUNCTIONS[one.answer]

    async def mine(*args: Any) -> Any:
        return await own(*args)

    assert one.adapt is not None
    verdict = one.judge(one.variant(0), InProcess(mine, one.adapt))
    assert (verdict.points, verdict.messages) == (0, ("mine calls itself without end.",))


@pytest.mark.parametrize("kernel", BUILDS)
def test_other_functions_are_the_kernels(kernel: str) -> None:
    """A function that calls another one of the kernel's gets the version that this kernel has."""
    own = BUILDS[kernel].function("unuse_temporary_mm")
    versions = {**BUILDS[kernel].functions, "CONFIG": Config(), "MEMORY": "sc"}

    async def mine(prev: Any) -> Any:
        return await KERNEL_FUNCTIONS["unuse_temporary_mm"](prev)

    found = next_step(mine, [["user_mm"], []], kernel=kernel, name="use_temporary_mm")
    assert found == {"op": to_json(start(own, "user_mm", versions=versions).op)}


def test_kernels_differ() -> None:
    """The test above can fail: not all kernels begin that function with the same step."""

    async def mine(prev: Any) -> Any:
        return await KERNEL_FUNCTIONS["unuse_temporary_mm"](prev)

    assert len({str(next_step(mine, [["user_mm"], []], kernel=kernel)) for kernel in BUILDS}) > 1
