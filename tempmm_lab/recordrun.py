"""A recording of the model itself, in the form of the recordings of real kernels (docs/recordings.md)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path as FilePath
from typing import Any

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.kernel.layout import EFI_MM, LOADED_MM_SWITCHING, TEXT_POKE_MM
from tempmm_lab.kernel.system import System
from tempmm_lab.points import Mark
from tempmm_lab.recordings import KNOWN
from tempmm_lab.trace import Moment, Trace

OURS = ("init_mm", TEXT_POKE_MM, EFI_MM, LOADED_MM_SWITCHING)
ARGUMENTS = {"use_temporary_mm": ("mm_arg", 0), "unuse_temporary_mm": ("mm_arg", 0),
             "switch_mm_irqs_off": ("next_arg", 1), "flush_tlb_mm_range": ("mm", 0)}  # fmt: skip
"""Function -> the field that its argument goes to, and which argument that is."""


def record_run(trace: Trace, path: str | FilePath, *, kernel: str = "") -> FilePath:
    """Write what happens on CPU 0 of a run as a recording: one JSON object a line. Give the file.

    The kernel's version, which a comparison goes by, is that of the run's build, or the one that you name.

    Raises:
        ModelError: this is no run, or the file cannot be written.
    """
    run = a_thing(trace, Trace, "record_run() takes a run, such as play(text_poke(cpus=1), in_order).")
    first = run.first or run.scenario.system()
    version = a_thing(kernel, str, "A kernel's version is a text.") or _version(run)
    meta = {"kernel": version, "cr4": hex(first.cpus[0].registers.cr4), "of": f"the model: {run.scenario}"}
    rows = [{"seq": number, **row} for number, row in enumerate(_rows(run, first))]
    lines = [{"meta": meta}, *rows, {"end": len(rows)}]
    file = FilePath(path)
    try:
        file.write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise ModelError(f"{file} cannot be written: {error.strerror}.") from None
    return file


def _version(run: Trace) -> str:
    """Give the version that a build stands for; the series as posted is compared with what came of it."""
    name = run.scenario.build.name.split("+")[0]
    return "6.16" if name == "posted" else name.removeprefix("v")


def _rows(run: Trace, first: System) -> Iterator[dict[str, Any]]:
    """Give a row for every named point that CPU 0's task comes to, and for every tick."""
    yield from _points(first)
    for moment in run:
        if moment.action.cpu == 0:
            yield from _stops(moment)


def _stops(moment: Moment) -> Iterator[dict[str, Any]]:
    before, after = moment.before.cpus[0], moment.after.cpus[0]
    if moment.action.kind == "t":
        yield _row("interrupt_delivered", moment.after)
    if moment.action.kind == "s" and len(before.running) == 1:
        if moment.what.startswith("load_new_mm_cr3("):
            yield _row("cr3_written", moment.after)
        if len(after.running) == 1:
            yield from _points(moment.after)


def _points(system: System) -> Iterator[dict[str, Any]]:
    running = system.cpus[0].running
    for mark in running[-1].point.marks if running else ():
        if mark.name in KNOWN:
            yield {**_row(str(mark), system), **_arguments(mark)}


def _arguments(mark: Mark) -> dict[str, Any]:
    if mark.kind == "return":
        return {"returned_prev_mm": _name(mark.value)} if mark.name == "use_temporary_mm" else {}
    field, place = ARGUMENTS.get(mark.name, ("", 0))
    return {field: _name(mark.args[place])} if field else {}


def _name(mm: str | None) -> str:
    """Give an mm's name as recordings write it."""
    return "NULL" if mm is None else mm if mm in OURS else f"mm:{mm}"


def _row(event: str, system: System) -> dict[str, Any]:
    cpu = system.cpus[0]
    row = {
        "event": event, "cpu": 0, "cr3": hex(cpu.registers.cr3), "IF": int(cpu.rflags_if),
        "preempt_count": hex(cpu.preempt_count), "loaded_mm": _name(cpu.loaded_mm), "comm": cpu.current, "pid": 1,
        "current_mm": _name(cpu.current_mm), "active_mm": _name(cpu.active_mm),
        "loaded_mm_asid": cpu.loaded_mm_asid, "is_lazy": int(cpu.is_lazy), "next_asid": cpu.next_asid,
        "asid_ctxs": [list(slot) for slot in cpu.ctxs],
    }  # fmt: skip
    row |= {mm: _facts(system, mm) for mm in (TEXT_POKE_MM, EFI_MM)}
    for field, mm in (("loaded_mm_cpumask", cpu.loaded_mm), ("active_mm_cpumask", cpu.active_mm)):
        if mm is not None and mm != LOADED_MM_SWITCHING:
            row[field] = hex(_mask(system, mm))
    return row


def _facts(system: System, mm: str) -> dict[str, Any]:
    ctx_id = system.world.mms[mm].ctx_id
    return {"cpumask": hex(_mask(system, mm)), "ctx_id": ctx_id, "tlb_gen": system.cells["tlb_gen", mm]}


def _mask(system: System, mm: str) -> int:
    return sum(1 << place for place, cpu in enumerate(system.cpus) if mm in cpu.cpumask)
