"""Linux on the machine: one module per C file modelled, in v6.16's shape; older and other shapes in `history`.

What code on the machine may call can be imported from here by its plain name: kernel functions, ops, locks, constants.
"""

from __future__ import annotations

import importlib
from typing import Any

_MODULES = (
    "tlb", "tlbflush", "tlbstate", "percpu", "irqflags", "preempt", "lockdep", "bug", "locks", "smp", "core", "entry",
    "fault", "uaccess", "hw_breakpoint", "alternative", "efi", "firmware", "layout", "config", "builds", "handlers",
    "mistakes",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if not name.startswith("__") or name in ("__text_poke", "__schedule", "__efi_call"):
        for module in _MODULES:
            loaded = importlib.import_module(f"tempmm_lab.kernel.{module}")
            if name in vars(loaded):
                return vars(loaded)[name]
    msg = f"module 'tempmm_lab.kernel' has no attribute {name!r}"
    raise AttributeError(msg)
