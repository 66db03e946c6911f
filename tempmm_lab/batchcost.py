"""Counting what one batch of code patches takes: pokes, and rounds of IPIs."""

from __future__ import annotations

from dataclasses import dataclass

from tempmm_lab.errors import ModelError, whole_number
from tempmm_lab.kernel.access import Access
from tempmm_lab.kernel.alternative import smp_text_poke_batch_finish
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.layout import TEXT, USER_MM
from tempmm_lab.points import start
from tempmm_lab.scenarios import programs
from tempmm_lab.scenarios.stage import Stage


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch of patches cost: sites, pokes (each a window of its own), and rounds of IPIs to every CPU."""

    sites: int
    pokes: int
    syncs: int

    def __str__(self) -> str:
        return f"{self.sites} site{'s' * (self.sites > 1)}: {self.pokes} pokes, {self.syncs} rounds of IPIs"


def batch_cost(sites: int, *, size: int = 5, first: int = 0xE9) -> Batch:
    """Run the model's smp_text_poke_batch_finish() of v6.16 on `sites` sites, undisturbed, and count.

    Each site gets `size` new bytes, of which the first is `first`.

    Raises:
        ModelError: there must be 1 to 60 sites, of 1 to 8 bytes.
    """
    if not (1 <= whole_number(sites, "sites") <= 60 and 1 <= whole_number(size, "size") <= 8):
        raise ModelError(f"batch_cost() takes 1 to 60 sites of 1 to 8 bytes, not {sites} of {size}.")
    stage = Stage(BUILDS["v6.16"], Config())
    stage.cpu(programs.back_to_user, name="patcher", mm=USER_MM, fields={"held": frozenset({"text_mutex"})})
    system = stage.system()
    new = int.from_bytes(bytes([first, *range(1, size)]), "little")
    point = start(
        smp_text_poke_batch_finish,
        tuple((int(TEXT[0]) + 64 * number, new, size) for number in range(sites)),
        versions=system.versions,
    )
    done: list[str] = []
    while point.op is not None:
        access = Access(system, 0, (), "")
        answer = point.op.do(access, *point.op.args)
        done.append(point.op.do.__name__)
        system = access.machine
        point = point.after(answer)
    return Batch(sites, done.count("lockdep_assert_held"), done.count("sync_core"))
