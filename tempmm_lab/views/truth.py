"""Draw what an assertion says in every state, one column for each kernel version."""

from __future__ import annotations

from collections.abc import Sequence

from tempmm_lab.assertions import COUNTS, SITES, Case, TruthTable, truth_table
from tempmm_lab.errors import ModelError, a_thing, one_of
from tempmm_lab.kernel.builds import Build
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg

LEFT, COLUMN, ROW, TOP = 352, 124, 25, 70
MOST = 3
_CSS = ".tmm .mark-diff{fill:none;stroke:var(--fg);stroke-width:1.5}"


def draw_truth(builds: Sequence[str | Build] = ("v6.14", "v6.16"), who: str = "helper") -> Picture:
    """Draw who complains about a call of use_temporary_mm(), for every preempt_count and IF, build beside build.

    `who` is "helper" (the assertion in use_temporary_mm() itself), "switch" or "CR4 write" (what it calls). Where a
    cell differs from the one on its left it is framed.

    Raises:
        ModelError: these are not one to three builds that have use_temporary_mm(), or there is no such site.
    """
    given = a_thing(builds, list | tuple, 'Give a list of builds, such as ["v6.14", "v6.16"].')
    if not 1 <= len(given) <= MOST:
        raise ModelError(f"Give one to {MOST} builds, not {len(given)}.")
    site = one_of(who, tuple(SITES), "who")
    tables = [truth_table(build) for build in given]
    rows = list(zip(*(table.cases for table in tables), strict=True))
    drawing = Svg(LEFT + COLUMN * len(tables) + 14, TOP + ROW * len(rows) + 34)
    drawing.rect(0.5, 0.5, drawing.width - 1, drawing.height - 1, "card", 6)
    _draw_heads(drawing, tables, site)
    for place, cases in enumerate(rows):
        _draw_row(drawing, TOP + ROW * place, cases, site)
    drawing.text(14, drawing.height - 13, "✗ WARN   · silent   framed: not as in the column before", "s m")
    name = f"Truth table of the {site}: {', '.join(table.build for table in tables)}"
    desc = ". ".join(_told(table, site) for table in tables) + "."
    return Picture(name, desc, drawing.finish(name, desc, _CSS), _twin(tables, rows, site))


def _draw_heads(drawing: Svg, tables: list[TruthTable], site: str) -> None:
    drawing.text(14, 24, f"Does the {site} complain?", "h")
    for x, head in ((14, "preempt_count"), (LEFT - 50, "IF")):
        drawing.text(x, TOP - 14, head, "m")
    for place, table in enumerate(tables):
        drawing.text(LEFT + COLUMN * place + COLUMN / 2, TOP - 14, table.build, "b mid")
    drawing.line(14, TOP - 6, drawing.width - 14, TOP - 6)


def _draw_row(drawing: Svg, y: float, cases: tuple[Case, ...], site: str) -> None:
    first = cases[0]
    drawing.text(14, y + 15, f"{first.count:#x}", "b")
    drawing.text(78, y + 15, COUNTS[first.count], "m")
    drawing.chip(LEFT - 56, y + 1, str(int(first.irqs_on)), on=first.irqs_on, width=26)
    before: bool | None = None
    for place, case in enumerate(cases):
        warns, x = site in case.complains, LEFT + COLUMN * place
        if warns:
            drawing.rect(x + 20, y, COLUMN - 40, 20, "wrong")
        drawing.text(x + COLUMN / 2, y + 15, "✗ WARN" if warns else "·", "mid bad b" if warns else "mid m")
        if before is not None and before != warns:
            drawing.rect(x + 16.5, y - 2.5, COLUMN - 33, 25, "mark-diff", 5)
        before = warns


def _told(table: TruthTable, site: str) -> str:
    warned = [f"{case.count:#x} with IF={int(case.irqs_on)}" for case in table.cases if site in case.complains]
    return f"{table.build} warns at {', '.join(warned)}" if warned else f"{table.build} never warns"


def _twin(tables: list[TruthTable], rows: list[tuple[Case, ...]], site: str) -> str:
    lines = [f"Does the {site} complain?", f"  {'preempt_count':<34} IF  " + "".join(f"{t.build:<9}" for t in tables)]
    for cases in rows:
        name = f"{cases[0].count:#x} ({COUNTS[cases[0].count]})"
        says = "".join(f"{'WARN' if site in case.complains else '-':<9}" for case in cases)
        lines.append(f"  {name:<34} {int(cases[0].irqs_on)}   {says}".rstrip())
    return "\n".join(lines)
