"""Draw one CPU as a card: where its page tables are, who it is, and which rules are switched on."""

from __future__ import annotations

from tempmm_lab.errors import ModelError
from tempmm_lab.hw.address import ADDRESS_BITS
from tempmm_lab.hw.machine import Cpu, Machine
from tempmm_lab.hw.registers import Registers
from tempmm_lab.kernel.system import LinuxCpu, System
from tempmm_lab.views.linuxcpu import draw_linux_cpu
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, space_of

WIDTH, LEFT = 560, 14
SWITCHES = ("WP", "NXE", "SMEP", "SMAP", "LASS", "PGE", "PCIDE", "LA57")


def draw_cpu(cpu: Cpu | Machine | Registers | LinuxCpu | System, number: int = 0) -> Picture:
    """Draw a CPU card. Of a `Machine` or `System`, CPU `number` is drawn.

    Of bare hardware: CR3, privilege level, IF and AC, the protection switches, and the last exception. Of a CPU that
    runs Linux: what CR3, loaded_mm and current->mm say, IF and lockdep's idea of it, preempt_count by fields, its bits
    in the mms' cpumasks, lazy mode, IPIs, locks, waiting stores, and its TLB. With the whole `System` (such as
    `draw_cpu(trace.last, 1)`), stale translations and broken rules are marked.

    Raises:
        ModelError: this is nothing with CPUs, or it has no such CPU.
    """
    if isinstance(cpu, System):
        return draw_linux_cpu(cpu.cpu(number), number, cpu)
    if isinstance(cpu, LinuxCpu):
        return draw_linux_cpu(cpu)
    chosen = _unpack(cpu, number)
    registers = chosen.registers
    drawing = Svg(WIDTH, 158)
    drawing.rect(0.5, 0.5, WIDTH - 1, drawing.height - 1, "card", 6)
    drawing.text(LEFT, 24, "CPU", "h")
    drawing.text(WIDTH - LEFT, 24, _mode(registers), "b end")
    drawing.swatch(LEFT, 39, space_of(chosen.pcid))
    drawing.text(LEFT + 24, 50, f"CR3  {registers.cr3 & ADDRESS_BITS:#x}")
    drawing.text(LEFT + 190, 50, f"PCID {int(chosen.pcid)}" if registers.bit("PCIDE") else "no PCID", "m")
    drawing.text(WIDTH - LEFT, 50, f"{len(chosen.tlb.entries)} in the TLB", "m end")
    for place, name in enumerate(("IF", "AC")):
        drawing.chip(LEFT + 56 * place, 66, name, on=registers.bit(name), width=48)
    drawing.text(LEFT + 124, 79.5, _flags(registers), "m")
    for place, name in enumerate(SWITCHES):
        drawing.chip(LEFT + 67 * place, 96, name, on=registers.bit(name), width=60)
    fault = f"last exception: {chosen.fault}" if chosen.fault else "last step raised no exception"
    drawing.text(LEFT, 140, f"✗ {fault}" if chosen.fault else fault, "bad b" if chosen.fault else "m")
    desc = _describe(chosen)
    return Picture("CPU", desc, drawing.finish("CPU", desc), _twin(chosen))


def _unpack(cpu: Cpu | Machine | Registers, number: int) -> Cpu:
    if isinstance(cpu, Machine):
        return cpu.cpu(number)
    if isinstance(cpu, Registers):
        return Cpu(cpu)
    if not isinstance(cpu, Cpu):
        given = f"not {type(cpu).__name__}."
        msg = f"draw_cpu() draws a Cpu, such as machine.cpus[0], a Machine, Registers or a System, {given}"
        raise ModelError(msg)
    return cpu


def _mode(registers: Registers) -> str:
    return f"CPL {int(registers.cpl)}, {'user' if registers.cpl == 3 else 'supervisor'}"


def _flags(registers: Registers) -> str:
    interrupts = "interrupts may come" if registers.bit("IF") else "maskable interrupts wait"
    return f"{interrupts}; {'AC overrides SMAP' if registers.bit('AC') else 'AC does not override SMAP'}"


def _describe(cpu: Cpu) -> str:
    registers = cpu.registers
    on = " ".join(name for name in SWITCHES if registers.bit(name)) or "nothing"
    fault = f" Last exception: {cpu.fault}." if cpu.fault else ""
    tag = f", PCID {int(cpu.pcid)}" if registers.bit("PCIDE") else ""
    return f"{_mode(registers)}; CR3 {registers.cr3 & ADDRESS_BITS:#x}{tag}; on: {on}.{fault}"


def _twin(cpu: Cpu) -> str:
    registers = cpu.registers
    switches = " ".join(f"{name}={int(registers.bit(name))}" for name in ("IF", "AC", *SWITCHES))
    return "\n".join([f"CPU: {_describe(cpu)}", f"  {switches}", f"  {len(cpu.tlb.entries)} translations in the TLB"])
