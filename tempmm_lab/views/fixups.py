"""Draw what goes wrong on several kernels, beside each other: a row for each thing, a column for each kernel."""

from __future__ import annotations

from collections.abc import Mapping

from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.fixing import FIX_UPS, RULE, Finding, Verdict, judge_fix
from tempmm_lab.kernel.builds import Build
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

LEFT, COLUMN, ROW, TOP, WORDS = 352, 108, 22, 44, 40
MOST = 5
SHORT = {
    "interrupts are on (RFLAGS.IF)": "the switch: interrupts are on",
    "cr4_update_irqsoff": "the CR4 write: interrupts are on",
    "page fault for address 0x1": "BUG: page fault at address 0x1",
    "Kernel panic": "kernel panic",
    "CPU that is not lazy": "leave_mm(): the CPU is not lazy",
    "prev mm is not in its own": "the outgoing mm's bit is clear",
}
"""A part of what the kernel prints -> the same for a narrow column."""
Key = tuple[str, str, str]


def draw_fix_ups(builds: Mapping[str, str | Build] = FIX_UPS) -> Picture:
    """Draw what `judge_fix(build, debug_vm=True)` finds on each kernel: after how many steps at the earliest.

    Raises:
        ModelError: these are not one to five builds by name.
    """
    given = a_thing(builds, Mapping, 'Give builds by name, such as {"mine": build}.')
    if not 1 <= len(given) <= MOST:
        raise ModelError(f"Give one to {MOST} builds, not {len(given)}.")
    verdicts = {name: judge_fix(build, debug_vm=True) for name, build in given.items()}
    found = {name: {_key(one): len(one.path) for one in verdict.findings} for name, verdict in verdicts.items()}
    judges = next(iter(verdicts.values())).judges
    rows = {judge: _rows(judge, verdicts) for judge in judges}
    count = sum(len(keys) + 1 for keys in rows.values()) + 1
    drawing = Svg(LEFT + COLUMN * len(verdicts) + 14, TOP + ROW * count + 30)
    drawing.rect(0.5, 0.5, drawing.width - 1, drawing.height - 1, "card", 6)
    for place, name in enumerate(verdicts):
        drawing.text(LEFT + COLUMN * place + COLUMN / 2, 26, name, "b mid")
    y = float(TOP)
    for judge, keys in rows.items():
        y = _draw_judge(drawing, y, judge, keys, found)
    _draw_sum(drawing, y, verdicts)
    drawing.text(14, drawing.height - 12, "✗ a rule is broken, ! the kernel prints it: after so many steps", "s m")
    name = "What goes wrong, and where"
    desc = " ".join(_told(column, verdict) for column, verdict in verdicts.items())
    return Picture(name, desc, drawing.finish(name, desc), _twin(rows, found, verdicts))


def _key(one: Finding) -> Key:
    return one.judge, one.kind, one.name


def _rows(judge: str, verdicts: Mapping[str, Verdict]) -> list[Key]:
    """Give what any of the kernels has of this judge, rules first, in the order of their lengths there."""
    mine = [one for verdict in verdicts.values() for one in verdict.findings if one.judge == judge]
    return list(dict.fromkeys(_key(one) for one in sorted(mine, key=lambda one: one.kind != RULE)))


def _draw_judge(drawing: Svg, y: float, judge: str, keys: list[Key], found: Mapping[str, dict[Key, int]]) -> float:
    drawing.line(14, y, drawing.width - 14, y)
    drawing.text(14, y + 16, judge, "b")
    if not keys:
        drawing.text(LEFT - 10, y + 16, "nothing goes wrong", "m end")
    for place, key in enumerate(keys, 1):
        drawing.text(28, y + ROW * place + 15, shorter(key[2]))
        for column, name in enumerate(found):
            _draw_cell(drawing, LEFT + COLUMN * column, y + ROW * place, key, found[name].get(key))
    return y + ROW * (len(keys) + 1)


def _draw_cell(drawing: Svg, x: float, y: float, key: Key, steps: int | None) -> None:
    if steps is None:
        drawing.text(x + COLUMN / 2, y + 15, "·", "m mid")
        return
    if key[1] == RULE:
        drawing.rect(x + 16, y + 1, COLUMN - 32, ROW - 3, "wrong")
    drawing.text(x + COLUMN / 2, y + 15, _cell(key, steps), "bad b mid" if key[1] == RULE else "mid")


def _cell(key: Key, steps: int) -> str:
    return f"{'✗' if key[1] == RULE else '!'} {steps}"


def _draw_sum(drawing: Svg, y: float, verdicts: Mapping[str, Verdict]) -> None:
    drawing.line(14, y, drawing.width - 14, y)
    drawing.text(14, y + 16, "any number of CPUs", "b")
    for column, verdict in enumerate(verdicts.values()):
        css, words = ("ok b mid", "✓ proved") if verdict.any_number else ("m mid", "·")
        drawing.text(LEFT + COLUMN * column + COLUMN / 2, y + 16, words, css)


def shorter(name: str) -> str:
    """Give a rule's name, or what is printed in few words."""
    short = next((words for part, words in SHORT.items() if part in name), name)
    return short if len(short) <= WORDS else short[: WORDS - 1] + "…"


def _told(name: str, verdict: Verdict) -> str:
    if not verdict.findings:
        return f"{name}: nothing goes wrong{', for any number of CPUs' if verdict.any_number else ''}."
    rules = ", ".join(f"{rule} in {steps}" for rule, steps in verdict.broken.items())
    reports = {one.name for one in verdict.findings if one.kind != RULE}
    return f"{name}: breaks {rules or 'no rule'}; reports of {len(reports)} kinds."


def _twin(rows: Mapping[str, list[Key]], found: Mapping[str, dict[Key, int]], verdicts: Mapping[str, Verdict]) -> str:
    lines = [f"{'':<36}" + "".join(f"{name:<14}" for name in found)]
    for judge, keys in rows.items():
        lines.append(judge)
        for key in keys:
            cells = (_cell(key, found[name][key]) if key in found[name] else "-" for name in found)
            lines.append(f"  {shorter(key[2]):<34}" + "".join(f"{cell:<14}" for cell in cells))
    proved = ("proved" if verdict.any_number else "-" for verdict in verdicts.values())
    lines.append(f"{'any number of CPUs':<36}" + "".join(f"{cell:<14}" for cell in proved))
    return "\n".join(line.rstrip() for line in lines)
