"""What a reader may type by mistake, and every place of the public functions where it can be typed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tempmm_lab
from tempmm_lab import (
    Access,
    AddressTrace,
    Entry,
    Flush,
    FlushPolicy,
    Model,
    Page,
    PhysicalMemory,
    Processor,
    Registers,
    Sweep,
    TlbShape,
    Translator,
    bench,
    build_tables,
    chart_flush_cost,
    chart_hits_by_size,
    chart_scale,
    compare,
    compare_rules,
    compare_walkers,
    conform,
    draw_cpu,
    draw_timeline,
    evict,
    explore,
    fetch,
    fill,
    flush_costs,
    follow,
    grid,
    hits_by_size,
    in_order,
    invlpg,
    invpcid,
    irq_at,
    is_canonical,
    load,
    load_snapshot,
    machine_with,
    one_page,
    op,
    outcomes,
    play,
    processes,
    prove,
    random_with,
    recorded_cases,
    run,
    sign_extend,
    split,
    start,
    store,
    sweep,
    tables_for,
    text_poke,
    translate,
    translate_trace,
    with_entry,
    write_cr0,
    write_cr3,
    write_cr4,
)
from tempmm_lab.scenarios.paths import check

NOT_A_NUMBER: tuple[Any, ...] = ("0x7000", None, 1.5, 28672.0, True, [], b"7")
NUMBERS: tuple[Any, ...] = (-1, -(1 << 63), 1 << 64, 1 << 200, *NOT_A_NUMBER)
CHOICES: tuple[Any, ...] = (0, 3, -4, 1 << 64, "four", None, 1.5, True)
WORDS: tuple[Any, ...] = ("x", "", 5, None, True, 1.5, [])
THINGS: tuple[Any, ...] = (None, 5, "x", 1.5, [])
NO_FUNCTION: tuple[Any, ...] = (None, 5, "load", [], print, Access.READ)

Call = tuple[Callable[..., Any], list[Any], dict[int, tuple[Any, ...]]]

MACHINE = one_page()
CPU = MACHINE.cpu(0)
REGISTERS = (0x8005_0033, 0x1000, 0xA0, 0xD01, 0x2, 0)
GUEST = load_snapshot("user")


def _on_machine(what: Any) -> Callable[..., Any]:
    return lambda *args: run(MACHINE, 0, what, *args)


def _translate(*args: Any) -> Any:
    *positional, vendor, maxphyaddr = args
    return translate(*positional, vendor=vendor, maxphyaddr=maxphyaddr)


MEASURED = {"axis": "cpus", "at": 2, "states": 1512, "bytes_per_state": 800}
ALONE = text_poke(cpus=1, irqs=0)
PLAYED = play(ALONE, in_order)
ADDRESSES = AddressTrace.of([0x7000])
RESULT = translate_trace(MACHINE.memory, CPU.registers, ADDRESSES)
TRACE_FILE = Path(tempmm_lab.__file__).parent / "data" / "traces" / "true-coreutils-9.1.lackey.gz"


def _but(values: tuple[Any, ...], good: Any) -> tuple[Any, ...]:
    return tuple(value for value in values if value is not good)


def _bench(scenario: Any, name: Any, compare: Any, show: Any) -> Any:
    return bench(scenario, name=name, compare=compare, show=show)


def _bulk(name: str) -> Callable[[Any], Any]:
    return lambda value: translate_trace(MACHINE.memory, CPU.registers, ADDRESSES, **{name: value})


NOTHING = Model([0], lambda _: (), lambda state, _: state)
RECORDING = Path(tempmm_lab.__file__).parent / "data" / "recordings" / "efi-6.12.107.jsonl.gz"

CALLS: dict[str, Call] = {
    "split": (split, [0x7000, 4], {0: NUMBERS, 1: CHOICES}),
    "is_canonical": (is_canonical, [0x7000, 4], {0: NUMBERS, 1: CHOICES}),
    "sign_extend": (sign_extend, [0x7000, 4], {0: NUMBERS, 1: CHOICES}),
    "Registers": (Registers, list(REGISTERS), {**dict.fromkeys(range(5), NUMBERS), 5: (*NUMBERS, 4)}),
    "Registers.but(cr3)": (lambda value: CPU.registers.but(cr3=value), [0x1000], {0: NUMBERS}),
    "Registers.but(WP)": (lambda value: CPU.registers.but(WP=value), [1], {0: (-1, 2, "0", None, 1.5, [])}),
    "Registers.but(name)": (lambda name: CPU.registers.but(**{name: 1}), ["WP"], {0: ("", "wp", "CR5", "PCID")}),
    "Registers.bit": (CPU.registers.bit, ["WP"], {0: WORDS}),
    "Processor": (Processor, ["amd", 40], {0: WORDS, 1: (*NUMBERS, 31, 53)}),
    "Processor(invalidation)": (lambda value: Processor(invalidation=value), ["minimal"], {0: WORDS}),
    "from_words": (PhysicalMemory.from_words, [{0x1000: 1}], {0: THINGS}),
    "from_words: place": (
        lambda pa: PhysicalMemory.from_words({pa: 1}),
        [0x1000],
        {0: (-8, 1 << 52, 0x1001, "0x1000", None, 1.5, True)},
    ),
    "from_words: word": (lambda word: PhysicalMemory.from_words({0x1000: word}), [1], {0: NUMBERS}),
    "read64": (MACHINE.memory.read64, [0x1000], {0: (*NUMBERS, 0x1001, 1 << 52)}),
    "with_word": (MACHINE.memory.with_word, [0x1000, 1], {0: (*NUMBERS, 0x1001, 1 << 52), 1: NUMBERS}),
    "Entry.of": (Entry.of, [0x1000, "P"], {0: (*NUMBERS, 0x1001, 1 << 52), 1: ("X", "p rw", 5, None, 1.5)}),
    "build_tables": (
        build_tables,
        [[Page(0x7000, 0)], 0x1000, 4],
        {0: (None, 5, [5], ["x"]), 1: (*NUMBERS, 1), 2: CHOICES},
    ),
    "Page.va": (lambda va: build_tables([Page(va, 0)]), [0x7000], {0: (*NUMBERS, 0x7001, 0x8000_0000_0000)}),
    "Page.pa": (lambda pa: build_tables([Page(0x7000, pa)]), [0], {0: (*NUMBERS, 1, 1 << 52)}),
    "Page.flags": (lambda flags: build_tables([Page(0x7000, 0, flags)]), ["P"], {0: ("X", 5, None)}),
    "Page.size": (lambda size: build_tables([Page(0, 0, "P", size)]), [4096], {0: (*NUMBERS, 0, 8192)}),
    "machine_with": (machine_with, [[Page(0x7000, 0)]], {0: (None, 5, [5])}),
    "machine_with(cpus)": (lambda cpus: machine_with([], cpus=cpus), [2], {0: (-1, 0, *NOT_A_NUMBER)}),
    "machine_with(words)": (lambda words: machine_with([], words=words), [{}], {0: (5, "x", {1: 1}, {8: -1})}),
    "one_page": (one_page, [0x7000, 0xA3, "P"], {0: (*NUMBERS, 1), 1: (*NUMBERS, 1 << 40), 2: ("X", 5, None)}),
    "with_entry(va)": (lambda va: with_entry(MACHINE, va, frame=1), [0x7000], {0: (*NUMBERS, 1 << 30)}),
    "with_entry(frame)": (
        lambda frame: with_entry(MACHINE, 0x7000, frame=frame),
        [1],
        {0: (-1, 1 << 40, "x", 1.5, True)},
    ),
    "with_entry(flags)": (lambda flags: with_entry(MACHINE, 0x7000, flags=flags), ["P"], {0: ("X", 5, 1.5)}),
    "Machine.cpu": (MACHINE.cpu, [0], {0: (*NUMBERS, 1)}),
    "Machine.walk": (MACHINE.walk, [0x7000, Access.READ], {0: NUMBERS, 1: (None, 5, "fly")}),
    "Machine.but": (lambda cpl: MACHINE.but(cpl=cpl), [3], {0: (*NUMBERS, 4)}),
    "Machine.with_word": (MACHINE.with_word, [0x1000, 1], {0: (*NUMBERS, 1), 1: NUMBERS}),
    "translate": (
        _translate,
        [MACHINE.memory, CPU.registers, 0x7000, Access.READ, "intel", 52],
        {0: THINGS, 1: THINGS, 2: NUMBERS, 3: (None, 5, "fly", []), 4: WORDS, 5: (*NUMBERS, 31, 53)},
    ),
    "run": (run, [MACHINE, 0, load, 0x7000], {0: THINGS, 1: (*NUMBERS, 1), 2: NO_FUNCTION}),
    "outcomes": (outcomes, [MACHINE, load, 0x7000], {0: THINGS, 1: NO_FUNCTION, 2: (*NUMBERS, 0x7001)}),
    "outcomes(cpu)": (lambda cpu: outcomes(MACHINE, load, 0x7000, cpu=cpu), [0], {0: (*NUMBERS, 1)}),
    "start": (start, [load, 0x7000], {0: NO_FUNCTION}),
    "op": (op, [lambda cpu: cpu], {0: (None, 5, "load", [])}),
    "load": (_on_machine(load), [0x7000], {0: (*NUMBERS, 0x7001)}),
    "fetch": (_on_machine(fetch), [0x7000], {0: (*NUMBERS, 0x7004)}),
    "store": (_on_machine(store), [0x7000, 1], {0: (*NUMBERS, 0x7007), 1: NUMBERS}),
    "fill": (_on_machine(fill), [0x7000], {0: NUMBERS}),
    "evict": (_on_machine(evict), [0x7000], {0: NUMBERS}),
    "invlpg": (_on_machine(invlpg), [0x7000], {0: NUMBERS}),
    "invpcid": (_on_machine(invpcid), [0, 0, 0x7000], {0: NUMBERS, 1: NUMBERS, 2: NUMBERS}),
    "write_cr0": (_on_machine(write_cr0), [0x8005_0033], {0: NUMBERS}),
    "write_cr3": (_on_machine(write_cr3), [0x1000], {0: NUMBERS}),
    "write_cr4": (_on_machine(write_cr4), [0xA0], {0: NUMBERS}),
    "load_snapshot": (load_snapshot, ["user"], {0: ("nobody", "", "/", None, 5, 1.5, True)}),
    "Snapshot.walk": (GUEST.walk, [0, "read"], {0: (-1, 1 << 64, None, 1.5, True, "nobody"), 1: ("fly", 5, None)}),
    "Snapshot.find": (GUEST.find, ["heap"], {0: ("nobody", "", "-1", "0x1" + 16 * "0", None, 5)}),
    "Snapshot.machine": (lambda cpl: GUEST.machine(cpl=cpl), [0], {0: (*NUMBERS, 4)}),
    "recorded_cases": (recorded_cases, ["kvm"], {0: WORDS}),
    "explore": (explore, [NOTHING], {0: (None, 5, "text_poke", [])}),
    "explore(max_states)": (lambda most: explore(NOTHING, max_states=most), [5], {0: NUMBERS}),
    "explore(deadline)": (lambda most: explore(NOTHING, deadline=most), [5], {0: ("soon", [], {})}),
    "irq_at": (irq_at, [3, 0], {0: NUMBERS, 1: NUMBERS}),
    "random_with": (random_with, [3], {0: NUMBERS}),
    "draw_timeline": (draw_timeline, [PLAYED, 3], {0: THINGS, 1: (*_but(NUMBERS, None), 100)}),
    "compare": (compare, [[PLAYED, PLAYED], 3], {0: (*THINGS, PLAYED, [PLAYED], ["x", "y"]), 1: (-1, "x", 1.5, 100)}),
    "draw_cpu": (draw_cpu, [ALONE.system(), 0], {0: THINGS, 1: NUMBERS}),
    "bench": (
        _bench,
        [ALONE, "one", "v6.14", ("machine",)],
        {0: THINGS, 1: (5, True, 1.5, []), 2: _but(WORDS, None), 3: (*THINGS, ["x"], [5], "machine")},
    ),
    "follow": (follow, ["text_poke:v6.16::s0~" + check("text_poke:v6.16::s0")], {0: (None, 5, "", "s0", [])}),
    "text_poke(cpus)": (lambda cpus: text_poke(cpus=cpus), [2], {0: (*NUMBERS, 0, 5)}),
    "text_poke(build)": (lambda build: text_poke(build=build), ["v6.14"], {0: WORDS}),
    "text_poke(handler)": (lambda handler: text_poke(handler=handler), ["quiet"], {0: WORDS}),
    "grid": (grid, ["nested", "v6.16"], {0: (*WORDS, [5]), 1: (*WORDS, [5])}),
    "grid(cpus)": (lambda cpus: grid("nested", "v6.16", cpus=cpus), [2], {0: (*NUMBERS, 0, 5, [2, "x"])}),
    "sweep": (sweep, [[ALONE]], {0: (*THINGS, [5], ALONE, "text_poke")}),
    "sweep(executor)": (lambda executor: sweep([ALONE], executor=executor), [None], {0: (5, "x", [], True)}),
    "explore(reduce)": (lambda way: explore(NOTHING, reduce=way), [True], {0: ("all", 1, None)}),
    "prove": (prove, [text_poke(irqs=0)], {0: (None, 5, "text_poke", [])}),
    "prove(max_states)": (lambda most: prove(text_poke(irqs=0), max_states=most), [500], {0: NUMBERS}),
    "prove(deadline)": (lambda most: prove(text_poke(irqs=0), deadline=most), [5], {0: ("soon", [], {})}),
    "sweep(ask)": (lambda ask: sweep([ALONE], ask=ask), ["explore"], {0: WORDS}),
    "sweep(progress)": (lambda told: sweep([ALONE], progress=told), [None], {0: (5, "x", [])}),
    "sweep(max_states)": (lambda most: sweep([ALONE], max_states=most), [5], {0: NUMBERS}),
    "Sweep.from_json": (Sweep.from_json, [sweep([ALONE]).to_json()], {0: (*THINGS, "{}", "[]")}),
    "chart_scale": (chart_scale, [[MEASURED]], {0: (*THINGS, [5], [{}], [{**MEASURED, "states": None}])}),
    "chart_scale(at)": (lambda at: chart_scale([{**MEASURED, "at": at}]), [2], {0: NUMBERS}),
    "processes": (lambda count: processes(count).shutdown(), [1], {0: (-1, 0, 62, "2", 1.5, True, [])}),
    "AddressTrace.of": (
        AddressTrace.of,
        [[0x7000], ["read"], 0, []],
        {
            0: (5, None, [None], ["x"], [-1], [1 << 64], [1.5], [True], [1, 2], b"12345678"),
            1: (5, ["fly"], [3], []),
            2: (-1, 4096, None, "x", [4096], [], True),
            3: (5, [5], ["flush"]),
        },
    ),
    "AddressTrace.read": (AddressTrace.read, [TRACE_FILE], {0: ("nowhere", "", "/", None, 5, [])}),
    "AddressTrace.recorded": (AddressTrace.recorded, ["true"], {0: WORDS}),
    "AddressTrace.shared_by": (ADDRESSES.shared_by, [2, 1], {0: (*NUMBERS, 0, 4096), 1: (*NUMBERS, 0)}),
    "AddressTrace.with_flushes": (
        ADDRESSES.with_flushes,
        [1, 0x7000, 3],
        {0: (*NUMBERS, 0), 1: NUMBERS, 2: (-1, 1 << 20, "x", 1.5, True, [])},
    ),
    "Flush": (Flush, [1, 0x7000, 3], {0: NUMBERS, 1: NUMBERS, 2: (-1, 1 << 20, "x", 1.5, True, [])}),
    "FlushPolicy": (FlushPolicy, ["keep", 33], {0: WORDS, 1: (-1, "x", 1.5, True, [])}),
    "TlbShape": (TlbShape, [16, 4, "lru"], {0: (*NUMBERS, 0, 3, 1 << 17), 1: (*NUMBERS, 0, 1025), 2: WORDS}),
    "tables_for": (tables_for, [ADDRESSES, 0x1000], {0: (*THINGS, AddressTrace.of([1 << 60])), 1: NUMBERS}),
    "translate_trace": (translate_trace, [MACHINE.memory, CPU.registers, ADDRESSES], {0: THINGS, 1: THINGS, 2: THINGS}),
    "translate_trace(tlb)": (_bulk("tlb"), [TlbShape()], {0: (5, "x", 1.5, [])}),
    "translate_trace(flush)": (_bulk("flush"), [FlushPolicy()], {0: (5, "keep", 1.5, [])}),
    "translate_trace(roots)": (_bulk("roots"), [{0: 0x1000}], {0: (5, "x", {}, {1: 0x1000}, {0: -1}, {0: 1 << 52})}),
    "translate_trace(processor)": (_bulk("processor"), [Processor()], {0: (5, "amd", 1.5, [])}),
    "TraceResult.answer": (RESULT.answer, [0], {0: (*NUMBERS, 1)}),
    "Translator": (Translator, [MACHINE.memory, CPU.registers], {0: THINGS, 1: THINGS}),
    "Translator.access": (
        lambda va, kind: Translator(MACHINE.memory, CPU.registers).access(va, kind),
        [0x7000, Access.READ],
        {0: NUMBERS, 1: (None, 5, "fly")},
    ),
    "Translator.switch": (
        lambda space: Translator(MACHINE.memory, CPU.registers).switch(space),
        [1],
        {0: (*NUMBERS, 4096)},
    ),
    "Translator.invlpg": (lambda va: Translator(MACHINE.memory, CPU.registers).invlpg(va), [0x7000], {0: NUMBERS}),
    "hits_by_size": (
        hits_by_size,
        [MACHINE.memory, CPU.registers, ADDRESSES, [TlbShape()]],
        {2: THINGS, 3: (None, 5, ["x"], [5])},
    ),
    "flush_costs": (flush_costs, [MACHINE.memory, CPU.registers, ADDRESSES], {0: THINGS, 1: THINGS, 2: THINGS}),
    "chart_hits_by_size": (chart_hits_by_size, [[RESULT]], {0: THINGS}),
    "chart_flush_cost": (chart_flush_cost, [{"one": RESULT}], {0: (*THINGS, {}, {"x": 5})}),
    "conform": (conform, [RECORDING], {0: ("nowhere", "", "/")}),
    "compare_rules": (compare_rules, [lambda *_: True], {0: (None, 5, "x", [])}),
    "compare_walkers": (compare_walkers, [translate, recorded_cases("kvm")[:3]], {0: (None, 5, "x"), 1: (5, [5], "x")}),
}
"""Name -> a function, arguments that it takes, and for each position what it must refuse there."""


def misuses() -> Iterator[tuple[str, Callable[..., Any], list[Any]]]:
    """Give a name, a function, and arguments of which exactly one is nonsense."""
    for name, (function, good, positions) in CALLS.items():
        for position, values in positions.items():
            for value in values:
                args = [*good[:position], value, *good[position + 1 :]]
                yield f"{name}-{position}-{value!r}"[:60], function, args
