"""Builds: a kernel version is the table of functions it has, and a few policies.

v6.16 is the base text. A build names what answers instead. `patched` makes one more: the reader's own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from tempmm_lab.errors import ModelError, a_thing, one_of
from tempmm_lab.kernel import (
    alternative,
    core,
    efi,
    efi_quirks,
    entry,
    fault,
    fixmap,
    history,
    history_switch,
    locks,
    preempt,
    smp,
    tlb,
    tlbflush,
    uaccess,
)
from tempmm_lab.kernel.awaited import misread

Functions = dict[str, Callable[..., Any]]

KERNEL_FUNCTIONS: dict[str, Callable[..., Any]] = {
    name: fn
    for module in (alternative, core, efi, efi_quirks, entry, fault, locks, preempt, smp, tlb, tlbflush, uaccess)
    for name, fn in vars(module).items()
    if inspect.isfunction(fn) and hasattr(fn, "__wrapped__") and inspect.iscoroutinefunction(fn.__wrapped__)
}
"""Every kernel function that a build may replace, by name: v6.16's."""


@dataclass(frozen=True)
class Build:
    """A kernel version, or a patched one.

    Attributes:
        name: such as "v6.16", or "posted+use_temporary_mm" for a patched build.
        functions: what answers instead of v6.16's functions, by name.
        notrack: whether temporary mms carry MM_CONTEXT_NOTRACK.
        temporary_mms: whether this kernel has use_temporary_mm() at all.
        eager: whether a switch clears the outgoing mm's bit (up to v6.13).
        about: one line.
    """

    name: str
    functions: MappingProxyType[str, Callable[..., Any]] = field(hash=False)
    notrack: bool
    temporary_mms: bool
    eager: bool
    about: str

    def patched(self, **functions: Callable[..., Any]) -> Build:
        """Give this kernel with some functions replaced by your own: `patched(use_temporary_mm=mine)`.

        The functions are `async def`, take what the kernel's take, and await ops or kernel functions.

        Raises:
            ModelError: the kernel has no such function, what was given is no async function of that shape, or its text
                shows a call without `await` or a loop that cannot end.
        """
        for name, fn in functions.items():
            _check(name, fn)
        table = MappingProxyType({**self.functions, **functions})
        patches = [*self.name.split("+")[1:], *functions]
        name = "+".join([self.name.split("+")[0], *sorted(set(patches))])
        return replace(self, name=name, functions=table)

    def function(self, name: str) -> Callable[..., Any]:
        """Give the version of a kernel function that answers here."""
        one_of(name, tuple(sorted(KERNEL_FUNCTIONS)), "a kernel function")
        return self.functions.get(name, inspect.unwrap(KERNEL_FUNCTIONS[name]))

    @property
    def patches(self) -> tuple[str, ...]:
        """The functions that were replaced by `patched`."""
        return tuple(self.name.split("+")[1:])

    def __hash__(self) -> int:
        return hash(self.name)


def _check(name: str, fn: object) -> None:
    if name not in KERNEL_FUNCTIONS:
        close = ", ".join(sorted(known for known in KERNEL_FUNCTIONS if name[:4] in known)[:6])
        hint = f" Similar names: {close}." if close else ""
        raise ModelError(f"The kernel here has no function {name!r} to replace.{hint}")
    if not inspect.iscoroutinefunction(fn):
        raise ModelError(f"{name} must be replaced by an async function: write `async def {name}(...)`. Got {fn!r}.")
    wanted = list(inspect.signature(KERNEL_FUNCTIONS[name]).parameters)
    try:
        inspect.signature(fn).bind(*wanted)
    except TypeError as error:
        raise ModelError(f"{name} is called with ({', '.join(wanted)}), and yours cannot be: {error}.") from None
    wrong = misread(fn)
    if wrong:
        raise ModelError(wrong)


def _build(name: str, about: str, functions: Functions, *, notrack: bool = False, temporary_mms: bool = True) -> Build:
    eager = "wrong_cpu" in functions
    return Build(name, MappingProxyType(functions), notrack, temporary_mms, eager, about)


_EFI_BEFORE: Functions = {
    "efi_enter_mm": history.efi_enter_mm_before,
    "efi_leave_mm": history.efi_leave_mm_before,
    "efi_fpu_begin": history.efi_fpu_begin_before,
    "efi_fpu_end": history.efi_fpu_end_before,
}
_V6_14: Functions = {
    **_EFI_BEFORE,
    "use_temporary_mm": history.use_temporary_mm_abee7c494d8c,
    "unuse_temporary_mm": history.unuse_temporary_mm_209954cbc7d0,
    "switch_mm_irqs_off": history_switch.switch_mm_irqs_off_209954cbc7d0,
    "should_flush_tlb": history.should_flush_tlb_209954cbc7d0,
}
_V5_10: Functions = {
    **_V6_14,
    "unuse_temporary_mm": history.unuse_temporary_mm_cefa929c034e,
    "switch_mm_irqs_off": history_switch.switch_mm_irqs_off_eager,
    "should_flush_tlb": history.tlb_is_not_lazy,
    "wrong_cpu": history.wrong_cpu_before,
}
_V5_2: Functions = {
    **_V5_10,
    "use_temporary_mm": history.use_temporary_mm_cefa929c034e,
    "__text_poke": history.text_poke_b3fd8e83ada0,
}
# The tree they were posted against lacked fea4e317f9e7; `posted` has it all the same, so that only its own bugs show.
_POSTED: Functions = {
    "use_temporary_mm": history.use_temporary_mm_58f8ffa91766,
    "unuse_temporary_mm": history.unuse_temporary_mm_58f8ffa91766,
    "switch_mm_irqs_off": history_switch.switch_mm_irqs_off_posted,
}

BUILDS: dict[str, Build] = {
    build.name: build
    for build in (
        _build("v5.1", "the alias in the fixmap, shared by all CPUs",
               {**_V5_2, "text_poke": fixmap.text_poke_v5_1}, temporary_mms=False),
        _build("v5.2", "temporary mms; lazy mode is forgotten", _V5_2),
        _build("v5.10", "lazy mode is left first", _V5_10),
        _build("v6.14", "an mm's bit stays set after the switch away from it", _V6_14),
        _build("posted", "the April 2025 patches, before their fix-ups, on v6.15's flush", _POSTED),
        _build("v6.16", "the patches with their fix-ups", {}, notrack=True),
    )
}  # fmt: skip
"""The kernel versions of the book, oldest first."""


def a_build(build: str | Build) -> Build:
    """Give a build by its name, or the build itself.

    Raises:
        ModelError: there is no such build. A patched one needs its functions and cannot be found by name.
    """
    if isinstance(build, Build):
        return build
    if isinstance(build, str) and "+" in build and build.split("+")[0] in BUILDS:
        base, *names = build.split("+")
        given = ", ".join(f"{name}=..." for name in names)
        raise ModelError(f'{build} needs the functions it was made with: give build=BUILDS["{base}"].patched({given}).')
    return BUILDS[one_of(a_thing(build, str, "A build is a name or a Build."), tuple(BUILDS), "build")]
