"""Temporary address spaces: x86 page tables, TLBs and interrupt state, modelled to be explored from a notebook.

The names that chapters use, in reading order. Importing this package loads the standard library and nothing else;
pictures and widgets are fetched when first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from tempmm_lab.errors import (
    ModelError,
    NotOnMachine,
    TempmmLabError,
    TooManySteps,
    UnknownWord,
    UnrepeatableCode,
)
from tempmm_lab.explore import Model, explore, prove
from tempmm_lab.report import Report

if TYPE_CHECKING:  # for editors and type checkers; at run time each is fetched when first asked for
    from tempmm_lab.hw.address import Hex, Level, is_canonical, sign_extend, split
    from tempmm_lab.hw.build import Page, build_tables, machine_with, one_page, with_entry
    from tempmm_lab.hw.machine import Cpu, Machine
    from tempmm_lab.hw.memory import PhysicalMemory
    from tempmm_lab.hw.ops import evict, fetch, fill, invlpg, invpcid, load, store, write_cr0, write_cr3, write_cr4
    from tempmm_lab.hw.paging import Entry
    from tempmm_lab.hw.processor import Processor
    from tempmm_lab.hw.registers import NOFLUSH, Registers
    from tempmm_lab.hw.rights import Access, GeneralProtection, PageFault, Rights
    from tempmm_lab.hw.tlb import StructureEntry, Tlb, TlbEntry
    from tempmm_lab.hw.walk import Walk, WalkLevel, translate
    from tempmm_lab.oracles import compare_rules, compare_walkers, recorded_cases
    from tempmm_lab.snapshots import SNAPSHOTS, Snapshot, load_snapshot
    from tempmm_lab.steps import Op, ProgramPoint, op, outcomes, run, start

__version__ = "0.1.0"

_LATER = {
    **dict.fromkeys(("Hex", "Level", "is_canonical", "sign_extend", "split"), "hw.address"),
    **dict.fromkeys(("Page", "build_tables", "machine_with", "one_page", "with_entry"), "hw.build"),
    **dict.fromkeys(("Cpu", "Machine"), "hw.machine"),
    "PhysicalMemory": "hw.memory",
    **dict.fromkeys(
        ("evict", "fetch", "fill", "invlpg", "invpcid", "load", "store", "write_cr0", "write_cr3", "write_cr4"),
        "hw.ops"),
    "Entry": "hw.paging",
    "Processor": "hw.processor",
    **dict.fromkeys(("NOFLUSH", "Registers"), "hw.registers"),
    **dict.fromkeys(("Access", "GeneralProtection", "PageFault", "Rights"), "hw.rights"),
    **dict.fromkeys(("StructureEntry", "Tlb", "TlbEntry"), "hw.tlb"),
    **dict.fromkeys(("Walk", "WalkLevel", "translate"), "hw.walk"),
    **dict.fromkeys(("compare_walkers", "compare_rules", "recorded_cases"), "oracles"),
    **dict.fromkeys(("SNAPSHOTS", "Snapshot", "load_snapshot"), "snapshots"),
    **dict.fromkeys(("Op", "ProgramPoint", "op", "outcomes", "run", "start"), "steps"),
    **dict.fromkeys(("BUILDS", "Build"), "kernel.builds"),
    "Config": "kernel.config",
    **dict.fromkeys(
        ("text_poke", "efi_call", "context_switch", "shootdown", "lazy_tlb", "stale_alias", "schedule_inside",
         "nested", "hw_breakpoints", "nmi_in_window", "STORIES", "Scenario"), "scenarios"),
    "RULES": "scenarios.rules",
    "Path": "scenarios.paths",
    **dict.fromkeys(
        ("play", "replay", "in_order", "irq_at", "random_with", "follow", "events", "Trace", "Moment"), "trace"),
    **dict.fromkeys(("sweep", "grid", "processes", "Sweep"), "sweeps"),
    **dict.fromkeys(("conform", "Conformance"), "matching"),
    **dict.fromkeys(("arrivals", "Arrivals"), "arriving"),
    "draw_arrivals": "views.arrivals",
    **dict.fromkeys(("AddressTrace", "TlbShape", "FlushPolicy", "Flush", "Translator", "TraceResult", "translate_trace",
                     "hits_by_size", "flush_costs", "tables_for"), "bulk.names"),
    **dict.fromkeys(("chart_hits_by_size", "chart_flush_cost"), "views.tlbcharts"),
    "live_code": "livecode",
    "batch_cost": "batchcost",
    "recorded_pokes": "recordedpokes",
    "draw_live_code": "views.livecode",
    "draw_writers": "views.writers",
    "asking": "asks",
    "listing": "listings",
    "draw_beside": "views.beside",
    "draw_walk": "views.walk",
    "draw_entry": "views.entry",
    "draw_cr3": "views.cr3",
    "draw_tlb": "views.tlb",
    "draw_cpu": "views.cpu",
    "draw_timeline": "views.timeline",
    "compare": "views.compare",
    "draw_rights": "views.rights",
    "Picture": "views.picture",
    "chart": "views.charts",
    **dict.fromkeys(("call_tree", "CallTree"), "calltree"),
    **dict.fromkeys(("in_window", "RECORDINGS"), "inwindow"),
    **dict.fromkeys(("firmware_durations", "DURATIONS"), "durations"),
    "draw_latency": "views.latency",
    "who_is_told": "told",
    "draw_told": "views.told",
    "time_drops": "drops",
    "draw_drops": "views.drops",
    "time_get_variable": "efivars",
    **dict.fromkeys(("truth_table", "TruthTable"), "assertions"),
    "draw_truth": "views.truth",
    "build_diff": "builddiff",
    **dict.fromkeys(("PATCHES", "a_patch"), "patches"),
    "draw_patches": "views.patches",
    **dict.fromkeys(("judge_fix", "FIX_UPS"), "fixing"),
    "draw_fix_ups": "views.fixups",
    "draw_aftermath": "views.aftermath",
    "chart_scale": "views.scale",
    "draw_states": "views.states",
    "kernel_runs": "threekernels",
    "draw_kernels": "views.kernels",
    "draw_two_lines": "views.twolines",
    "three_kernels": "widgets.three_kernels",
    "where_to_start": "assess.selftest",
    **dict.fromkeys(("match_window", "tampered"), "matched"),
    **dict.fromkeys(("noticed", "changed_kernels"), "noticing"),
    **dict.fromkeys(("caught", "WRONG_WALKERS"), "wrongwalkers"),
    **dict.fromkeys(("litmus", "STORE_BUFFERING"), "litmustests"),
    "SHIPPED": "shipped",
    "record_run": "recordrun",
    "draw_matched": "views.matched",
    "draw_buffered": "views.buffered",
    "predict": "assess.predict",
    "forget": "assess.answers",
    "misconceptions": "assess.misconceptions",
    **dict.fromkeys(("exercise", "practise"), "assess.exercises.task"),
    "walk_explorer": "widgets.walk_explorer",
    "rights_grid": "widgets.rights_grid",
    "tlb_bench": "widgets.tlb_bench",
    "bench": "widgets.bench",
}  # fmt: skip
"""What is loaded on first use, not on import, and the module each name is in."""


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        msg = f"module 'tempmm_lab' has no attribute {name!r}"
        raise AttributeError(msg)
    found = getattr(importlib.import_module(f"tempmm_lab.{_LATER[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})


__all__ = [
    "NOFLUSH", "SNAPSHOTS", "Access", "Cpu", "Entry", "GeneralProtection", "Hex", "Level", "Machine", "Model",
    "ModelError", "NotOnMachine", "Op", "Page", "PageFault", "PhysicalMemory", "Processor", "ProgramPoint",
    "Registers", "Report", "Rights", "Snapshot", "StructureEntry", "Sweep", "TempmmLabError", "Tlb", "TlbEntry",
    "TooManySteps", "UnknownWord", "UnrepeatableCode", "Walk", "WalkLevel", "build_tables", "compare_rules",
    "compare_walkers", "evict", "explore", "fetch", "fill", "grid", "invlpg", "invpcid", "is_canonical", "load",
    "load_snapshot", "machine_with", "one_page", "op", "outcomes", "processes", "prove", "recorded_cases", "run",
    "sign_extend", "split", "start", "store", "sweep", "translate", "with_entry", "write_cr0", "write_cr3",
    "write_cr4",
]  # fmt: skip
