"""What happens after the questions of chapter 9, Why interrupts were off."""

from __future__ import annotations

from functools import cache

from tempmm_lab.arriving import BAD, Arrivals, arrivals
from tempmm_lab.assess.question import Outcome
from tempmm_lab.explore import explore
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.kernel.layout import TEXT_FRAMES
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.kernel.percpu import this_cpu_read
from tempmm_lab.scenarios import nmi_in_window, text_poke
from tempmm_lab.telling import tell
from tempmm_lab.trace import irq_at, play
from tempmm_lab.views.arrivals import draw_arrivals
from tempmm_lab.views.picture import Picture


def _opened(name: str = "v6.16") -> Build:
    """Give a kernel whose text_poke() forgets its irqsave."""
    return BUILDS[name].patched(**MISTAKES["no-irqsave"])


@cache
def _stray() -> Arrivals:
    return arrivals(text_poke(cpus=1, handler="stray_write", build=_opened()))


def _outside() -> str:
    return tell(play(text_poke(cpus=1, handler="stray_write"), irq_at(3)), 4)


def _silent() -> str:
    scenario = text_poke(cpus=1, handler="stray_write", build=_opened())
    path = explore(scenario).counterexamples["only-poker-writes"]
    return f"the shortest way to break only-poker-writes: {len(path)} steps\n         {path}"


def _noticed() -> str:
    lines = []
    for row in _stray().rows:
        if row.verdict == BAD and row.trace is not None:
            before = _stray().quiet[row.moment].what.split("(")[0]
            word = row.trace.last.memory.read64(TEXT_FRAMES[0])
            says = "BUG" if row.trace.reports else "nothing"
            lines.append(f"just before {before:35} text is {int(word):#06x} in the end, and it says: {says}")
    return "\n".join(lines)


def _cleared() -> str:
    row = [row for row in _stray().rows if row.verdict == BAD][-1]
    assert row.trace is not None
    return tell(row.trace, row.moment - 2, row.moment + 3, quiet=True)


def _v5_10() -> str:
    return explore(text_poke(cpus=1, build=_opened("v5.10"))).text()


async def _by_active_mm() -> bool:
    return bool(await this_cpu_read("active_mm") == await this_cpu_read("current_mm"))


def _active() -> Picture:
    build = BUILDS["v6.16"].patched(nmi_uaccess_okay=_by_active_mm)
    return draw_arrivals(arrivals(nmi_in_window(cpus=1, build=build), "nmi"))


OUTCOMES: dict[str, Outcome] = {
    "ch09-outside": _outside,
    "ch09-silent": _silent,
    "ch09-count": lambda: draw_arrivals(_stray()),
    "ch09-noticed": _noticed,
    "ch09-cleared": _cleared,
    "ch09-honest": lambda: explore(text_poke(cpus=1, build=_opened())).text(),
    "ch09-v510": _v5_10,
    "ch09-nmi": lambda: draw_arrivals(arrivals(nmi_in_window(cpus=1, handler="stray_write"), "nmi")),
    "ch09-look": lambda: draw_arrivals(arrivals(nmi_in_window(cpus=1), "nmi")),
    "ch09-active": _active,
}
"""Question id -> what is run and shown after an answer."""
