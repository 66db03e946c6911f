"""Charts of what a TLB's size and its flushes cost, with matplotlib where it is installed.

Bars have hatches besides colours. The card is white in light and in dark: the picture is one file, and its colours
were chosen for white.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from tempmm_lab.bulk.result import TraceResult
from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.views.style import LIGHT

PARTS = {
    "misses": ("user", ""),
    "hits that set D": ("other", "///"),
    "INVLPG": ("temp", "..."),
    "CR3 writes that empty": ("efi", "xxx"),
}
"""What a bar is made of: its colour and its hatch."""


@dataclass(frozen=True, slots=True)
class TableChart:
    """A chart that is also a table.

    Attributes:
        title: what is shown.
        columns: what each number of a row counts.
        rows: name -> numbers, in the order shown.
        png: the picture, or None where matplotlib is not installed.
    """

    title: str
    columns: tuple[str, ...]
    rows: dict[str, tuple[float, ...]]
    png: bytes | None

    def text(self) -> str:
        """Give the numbers as a table."""
        width = max(map(len, self.rows), default=0)
        wide = [max(12, len(column)) for column in self.columns]
        heads = "  ".join(f"{column:>{w}}" for column, w in zip(self.columns, wide, strict=True))
        lines = [
            f"  {name:<{width}}  " + "  ".join(f"{n:>{w},g}" for n, w in zip(numbers, wide, strict=True))
            for name, numbers in self.rows.items()
        ]
        note = [] if self.png else ["  (the picture needs matplotlib: pip install 'tempmm-lab[lab]')"]
        return "\n".join([self.title, f"  {'':<{width}}  {heads}", *lines, *note])

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        if self.png is None:
            return {"text/plain": self.text()}
        told = (f"{name}: {self._said(numbers)}" for name, numbers in self.rows.items())
        alt = escape(f"{self.title}. {'; '.join(told)}.")
        data = base64.b64encode(self.png).decode()
        return {
            "text/html": f'<figure><img alt="{alt}" src="data:image/png;base64,{data}"></figure>',
            "text/plain": repr(self),
        }

    def _said(self, numbers: tuple[float, ...]) -> str:
        return ", ".join(f"{n:,g} {column}" for column, n in zip(self.columns, numbers, strict=True) if n) or "nothing"

    def __repr__(self) -> str:
        return f"<Chart: {self.title}, {len(self.rows)} rows>"


def chart_hits_by_size(results: Iterable[TraceResult], title: str = "Hits by size of the TLB") -> TableChart:
    """Draw the share of hits that one trace has in TLBs of several sizes: what `hits_by_size` gave.

    The share is of the accesses that succeeded, in percent.

    Raises:
        ModelError: there is no result, or something else in the list.
    """
    every = _results(results)
    rows: dict[str, tuple[float, ...]] = {
        f"{one.tlb.entries} entries ({one.tlb.sets}x{one.tlb.ways} {one.tlb.policy})": _share(one) for one in every
    }
    return TableChart(title, ("% hits", "misses"), rows, _drawn(lambda: _lines(every, title)))


def chart_flush_cost(results: Mapping[str, TraceResult], title: str = "What each way to flush costs") -> TableChart:
    """Draw what the TLB's misses and the flushing itself come to under several policies: what `flush_costs` gave.

    The unit is one event, not time: a walk, an INVLPG and a write of CR3 cost differently, and on each processor
    differently again. The numbers may be multiplied by costs of one's own.

    Raises:
        ModelError: there is no result, or something else in the dict.
    """
    a_thing(results, Mapping, "Give a dict of results, such as flush_costs(...).")
    _results(results.values())
    rows: dict[str, tuple[float, ...]] = {
        str(name): (float(one.misses), float(one.dirty_walks), float(one.singles), float(one.emptied))
        for name, one in results.items()
    }
    return TableChart(title, tuple(PARTS), rows, _drawn(lambda: _stacks(rows, title)))


def _results(results: Iterable[TraceResult]) -> list[TraceResult]:
    advice = "Give results of translate_trace, such as hits_by_size(...)."
    every = [a_thing(one, TraceResult, advice) for one in a_thing(results, Iterable, advice)]
    if not every:
        raise ModelError(f"There is nothing to draw. {advice}")
    return every


def _share(one: TraceResult) -> tuple[float, float]:
    succeeded = one.hits + one.misses
    return round(100 * one.hits / succeeded, 2) if succeeded else 0.0, float(one.misses)


def _drawn(draw: Callable[[], bytes]) -> bytes | None:
    try:
        return draw()
    except ImportError:
        return None


def _figure(height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, height), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def _png(figure: Any) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()


def _lines(results: list[TraceResult], title: str) -> bytes:
    figure, axes = _figure(3.4)
    looks = (("user", "o", "-"), ("temp", "s", "--"), ("other", "^", ":"), ("efi", "D", "-."))
    groups: dict[str, list[tuple[int, float]]] = {}
    for one in results:
        groups.setdefault(f"{one.tlb.ways} way{'s' * (one.tlb.ways > 1)}, {one.tlb.policy.upper()}", []).append(
            (one.tlb.entries, _share(one)[0])
        )
    for place, (name, points) in enumerate(groups.items()):
        colour, marker, line = looks[place % len(looks)]
        x, y = zip(*sorted(points), strict=True)
        axes.plot(x, y, color=LIGHT[colour], marker=marker, linestyle=line, label=name)
    ticks = sorted({one.tlb.entries for one in results})
    ticks = ticks[:: 1 + len(ticks) // 12]  # more would run into one another
    axes.set_xscale("log", base=2)
    axes.set_xticks(ticks, [f"{tick:,}" for tick in ticks])
    axes.minorticks_off()
    axes.set_xlabel("entries in the TLB")
    axes.set_ylabel("hits, % of accesses")
    axes.grid(axis="y", color=LIGHT["line"], linewidth=0.6)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.legend(frameon=False, fontsize=9)
    return _png(figure)


def _stacks(rows: dict[str, tuple[float, ...]], title: str) -> bytes:
    figure, axes = _figure(1.5 + 0.45 * len(rows))
    names = list(rows)[::-1]
    left = [0.0] * len(names)
    for place, (part, (colour, hatch)) in enumerate(PARTS.items()):
        widths = [rows[name][place] for name in names]
        if any(widths):
            axes.barh(
                names, widths, left=left, color=LIGHT[colour], hatch=hatch, edgecolor="white", height=0.6, label=part
            )
        left = [before + width for before, width in zip(left, widths, strict=True)]
    for name, total in zip(names, left, strict=True):
        axes.annotate(
            f"{total:,.0f}", (total, name), xytext=(4, 0), textcoords="offset points", va="center", fontsize=9
        )
    axes.set_xlabel("events: walks, INVLPGs, writes of CR3")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.margins(x=0.12)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    figure.legend(loc="outside lower left", ncols=len(PARTS), frameon=False, fontsize=9)
    return _png(figure)
