"""Single-change mutants of the kernel floor: a step dropped, two swapped, a test turned round, a flag flipped.

A mutant is made from a function's source, and takes the place of the original wherever a module holds it.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import inspect
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from tempmm_lab.awaiting import op
from tempmm_lab.kernel import (
    alternative,
    bug,
    core,
    efi,
    efi_quirks,
    entry,
    fault,
    hw_breakpoint,
    irqflags,
    lockdep,
    locks,
    preempt,
    smp,
    tlb,
    tlbflush,
    tlbstate,
)  # fmt: skip
from tempmm_lab.points import versioned

FUNCTIONS = {
    tlb: ("switch_mm_irqs_off", "switch_checks", "switch_to_same_mm", "load_mm", "switch_mm", "leave_mm",
          "enter_lazy_tlb", "use_temporary_mm", "unuse_temporary_mm"),
    tlbstate: ("choose_new_asid", "load_new_mm_cr3", "cond_mitigation", "inc_mm_tlb_gen", "set_asid_ctx",
               "vm_check_cpumask", "vm_check_loaded_mm", "cr4_update_pce_mm"),
    tlbflush: ("flush_tlb_mm_range", "should_trim_cpumask", "should_flush_tlb", "flush_tlb_func", "wrong_cpu",
               "catch_up", "flush_tlb_one_user", "flush_tlb_local", "flush_tlb_kernel_range", "arch_tlbbatch_flush"),
    alternative: ("__text_poke", "map_alias", "clear_alias", "text_poke", "smp_text_poke_batch_finish"),
    efi: ("efi_fpu_begin", "efi_enter_mm", "efi_leave_mm", "arch_efi_call_virt_setup", "arch_efi_call_virt_teardown",
          "efi_call_virt_check_flags", "efi_call_virt", "virt_efi_set_variable_nonblocking", "virt_efi_get_variable",
          "efi_call_rts", "efi_mixed_call"),
    efi_quirks: ("not_ours", "efi_crash_gracefully_on_page_fault"),
    core: ("schedule", "__schedule", "schedule_debug", "context_switch", "finish_task_switch", "switch_to"),
    entry: ("irq_enter", "irq_exit", "exit_work", "irqentry_exit", "sysvec_call_function", "nmi_enter", "nmi_exit"),
    fault: ("do_user_addr_fault", "faulthandler_disabled", "bad_area_nosemaphore"),
    lockdep: ("lockdep_assert_irqs_disabled", "lockdep_assert_irqs_enabled", "lockdep_assert_preemption_disabled"),
    smp: ("smp_call_function_many_cond",),
    irqflags: ("local_irq_save", "local_irq_restore"),
    preempt: ("preempt_count_dec_and_test",),
    hw_breakpoint: ("hw_breakpoint_disable", "hw_breakpoint_restore"),
    bug: ("WARN_ON_ONCE",),
    locks: ("spin_lock",),
}  # fmt: skip
"""What is mutated, by module."""


@dataclass(frozen=True)
class Mutant:
    """One change: where it is, and what it does."""

    module: str
    function: str
    change: str
    text: str

    @property
    def name(self) -> str:
        """The mutant in one line."""
        return f"{self.function}: {self.change}"


def _source(module, name):
    fn = inspect.unwrap(vars(module)[name])
    tree = ast.parse(textwrap.dedent(inspect.getsource(fn)))
    node = tree.body[0]
    node.decorator_list = []
    if isinstance(node.body[0], ast.Expr) and isinstance(node.body[0].value, ast.Constant):
        node.body = node.body[1:] or [ast.Pass()]
    return tree


def _short(node):
    return " ".join(ast.unparse(node).split())[:70]


def _bodies(tree):
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
                yield block


def _is_step(node):
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Await | ast.Call)


def _changes(tree) -> Iterator[tuple[str, str]]:
    """Give (what is changed, the changed source) for each single change."""
    for number, block in enumerate(_bodies(tree)):
        for place, node in enumerate(block):
            if _is_step(node):
                yield (
                    f"drop `{_short(node)}`",
                    _edited(tree, number, lambda b, p=place: [*b[:p], ast.Pass(), *b[p + 1 :]]),
                )
            in_steps = isinstance(tree.body[0], ast.AsyncFunctionDef)  # an op is one step, whatever its order inside
            if in_steps and _is_step(node) and place + 1 < len(block) and _is_step(block[place + 1]):
                change = f"swap `{_short(node)}` and `{_short(block[place + 1])}`"
                swapped = lambda b, p=place: [*b[:p], b[p + 1], b[p], *b[p + 2 :]]  # noqa: E731
                yield change, _edited(tree, number, swapped)
            if isinstance(node, ast.If):
                yield f"turn round `if {_short(node.test)}`", _edited(tree, number, lambda b, p=place: _negated(b, p))
            if isinstance(node, ast.AsyncWith):
                inlined = lambda b, p=place: [*b[:p], *b[p].body, *b[p + 1 :]]  # noqa: E731
                yield f"without `async with {_short(node.items[0])}`", _edited(tree, number, inlined)
    for number, node in enumerate(ast.walk(tree)):
        if isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield f"flip {node.value} (the {number}th node)", _flipped(tree, number)


def _edited(tree, number, edit):
    made = copy.deepcopy(tree)
    block = list(_bodies(made))[number]
    block[:] = edit(block)
    return ast.unparse(ast.fix_missing_locations(made))


def _negated(block, place):
    node = block[place]
    node.test = ast.UnaryOp(ast.Not(), node.test)
    return block


def _flipped(tree, number):
    made = copy.deepcopy(tree)
    node = list(ast.walk(made))[number]
    node.value = not node.value
    return ast.unparse(made)


def all_mutants() -> list[Mutant]:
    """Give every mutant, in a fixed order."""
    found = []
    for module, names in FUNCTIONS.items():
        for name in names:
            short = module.__name__.rpartition(".")[2]
            seen: dict[str, int] = {}
            for change, text in _changes(_source(module, name)):
                seen[change] = seen.get(change, 0) + 1
                again = f" ({seen[change]})" if seen[change] > 1 else ""
                found.append(Mutant(short, name, change + again, text))
    return found


@contextlib.contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Put a mutant in the place of its original, everywhere, and take it out again."""
    home = sys.modules[f"tempmm_lab.kernel.{mutant.module}"]
    original = vars(home)[mutant.function]
    names: dict[str, object] = {}
    exec(compile(mutant.text, f"<mutant of {mutant.function}>", "exec"), vars(home), names)  # noqa: S102  # our own code
    made = names[mutant.function]
    if getattr(original, "is_op", False):
        made = op(made)
    elif hasattr(original, "__wrapped__"):
        made = versioned(made)
    places = [
        (module, name)
        for full, module in list(sys.modules.items())
        if full.startswith(("tempmm_lab", "tests.statements"))
        for name, value in list(vars(module).items())
        if value is original
    ]
    for module, name in places:
        setattr(module, name, made)
    try:
        yield
    finally:
        for module, name in places:
            setattr(module, name, original)
