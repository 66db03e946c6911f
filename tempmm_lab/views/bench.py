"""The bench's pictures: source, machine, timeline and rules of one moment; as one picture, and as panes that stack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from tempmm_lab.benchplay import KINDS, Bench
from tempmm_lab.errors import ModelError, a_thing
from tempmm_lab.following import usual_length
from tempmm_lab.kernel.system import System
from tempmm_lab.report import Report
from tempmm_lab.trace import Moment, events
from tempmm_lab.views import compare, lanes, linuxcpu, rules, source, timeline
from tempmm_lab.views.mms import CSS
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import Svg, folded

PANES = ("source", "machine", "timeline", "rules")
WIDTH, GAP, HEAD = 760, 10, 58
GRID = (
    "<style>.tmm-panes{display:grid;gap:10px;grid-template-columns:1fr;max-width:1090px}"
    ".tmm-bench{container-type:inline-size}.tmm-panes svg{display:block}"
    ".tmm-cards{display:flex;flex-wrap:wrap;gap:10px;align-items:flex-start}"
    ".tmm-cards svg{flex:1 1 280px;max-width:352px}"
    "@container (min-width:600px){.tmm-panes{grid-template-columns:4fr 3fr}"
    ".tmm-machine,.tmm-timeline{grid-column:1/3}.tmm-machine{order:-2}.tmm-timeline{order:-1}}"
    "@container (min-width:1000px){.tmm-panes{grid-template-columns:400fr 360fr 300fr}"
    ".tmm-bench p.tmm-status{min-height:0;white-space:nowrap;overflow:hidden;text-overflow:ellipsis}"
    ".tmm-machine{grid-column:2/4;order:0}.tmm-timeline{grid-column:1/3;order:0}}</style>"
)


@dataclass(frozen=True, slots=True)
class Part:
    """One drawing of a bench: which pane it is in, its words, and the drawing, unfinished."""

    pane: str
    title: str
    desc: str
    twin: tuple[str, ...]
    drawing: Svg

    def svg(self, *, styled: bool) -> str:
        """Give the drawing whole."""
        return self.drawing.finish(self.title, self.desc, CSS, styled=styled)


def checked(show: Sequence[str]) -> tuple[str, ...]:
    """Give the panes asked for, in the book's order."""
    given = a_thing(show, list | tuple, f"show is a tuple of words, such as {PANES[:2]}.")
    words = [a_thing(word, str, f"show names panes: {', '.join(PANES)}.") for word in given]
    strangers = [word for word in words if word not in PANES]
    if strangers or not words:
        raise ModelError(f"show takes one or more of {', '.join(PANES)}, not {', '.join(strangers) or 'nothing'}.")
    return tuple(pane for pane in PANES if pane in words)


def parts(bench: Bench, report: Report | None, show: Sequence[str] = PANES) -> list[Part]:
    """Give the drawings of a bench, pane by pane."""
    make = {"source": _source, "machine": _machine, "timeline": _timeline}
    found = [part for pane in show if pane in make for part in make[pane](bench)]
    if "rules" in show:
        rows = rules.verdicts(bench.trace, report)
        found.append(Part("rules", "Rules", rules.describe(rows), tuple(rules.twin(rows)), rules.sketch(rows)))
    return found


def follows(bench: Bench) -> int:
    """Give the CPU to look at: the one that acted last, or that acts first."""
    near = bench.trace.moments[bench.at - 1 if bench.at else 0 :]
    return near[0].action.cpu if near else 0


def _source(bench: Bench) -> list[Part]:
    number = follows(bench)
    now = bench.system.cpus[number]
    over = not now.running and bench.at > 0  # then the line that ended it
    place = source.place_of(bench.trace[bench.at - 1].before.cpus[number] if over else now)
    desc, lines = source.describe(place, number, over=over), source.twin(place, number, over=over)
    return [Part("source", "Source", desc, tuple(lines), source.sketch(place, number, over=over))]


def _machine(bench: Bench) -> list[Part]:
    if bench.other is None or bench.other_system is None:
        return _cards(bench.system, "")
    return [
        *_cards(bench.system, bench.scenario.build.name),
        *_cards(bench.other_system, bench.other.scenario.build.name),
    ]


def _cards(system: System, build: str) -> list[Part]:
    found = []
    for number, cpu in enumerate(system.cpus):
        card = linuxcpu.card(cpu, f"CPU {number}", system, build)
        title = f"CPU {number}" + (f" on {build}" if build else "")
        found.append(Part("machine", title, card.desc, card.twin, card.drawing))
    return found


def room_for(steps: int, usual: int) -> int:
    """Give a length that changes seldom while a run grows: the picture keeps its scale."""
    return usual if steps <= usual else -(-steps // 20) * 20


def _timeline(bench: Bench) -> list[Part]:
    own, room = lanes.read(bench.trace), room_for(len(bench.trace), usual_length(bench.scenario))
    title, desc, text = f"Timeline of {own.title}", timeline.describe(own, bench.at), timeline.twin(own, bench.at)
    if bench.other is None:
        return [Part("timeline", title, desc, tuple(text.splitlines()), timeline.sketch(own, bench.at, room))]
    both = [bench.trace, bench.other]
    other = lanes.read(bench.other)
    desc = f"{compare.parting_of(both)}. {own.title}: {desc} {other.title}: {timeline.describe(other, None)}"
    text = "\n".join([compare.parting_of(both), text, timeline.twin(other, min(bench.at, other.count))])
    return [Part("timeline", f"{title} and on {bench.other.scenario.build.name}", desc, tuple(text.splitlines()),
                 compare.sketch(both, bench.at, room))]  # fmt: skip


def status(bench: Bench) -> str:
    """Say in a line what happened last."""
    if not bench.at:
        ahead = f"; {len(bench.trace)} steps are planned" if len(bench.trace) else ""
        return f"At the start: nothing has happened yet{ahead}."
    moment: Moment = bench.trace[bench.at - 1]
    kind = moment.action.kind
    what = f"{moment.where.partition(':')[0]}: {moment.what}" if kind == "s" else f"{KINDS[kind]} ({moment.action})"
    what = what if len(what) < 100 else what[:99] + "…"
    told = [str(event) for event in events(moment)]
    parts = [f"Step {bench.at} of {len(bench.trace)}. CPU {moment.action.cpu}, {what}", *told]
    return "; ".join(parts) + "".join(f". Breaks {name}" for name in moment.broken) + "."


def panes(bench: Bench, report: Report | None, show: Sequence[str]) -> str:
    """Give the bench as HTML: the drawings inline, in panes that stack where there is little room."""
    every = parts(bench, report, show)
    html = []
    for pane in show:
        drawings = [part.svg(styled=part is every[0]) for part in every if part.pane == pane]
        inside = "".join(drawings)
        html.append(f'<div class="tmm-{pane}">{_cards_html(inside) if pane == "machine" else inside}</div>')
    said = escape(status(bench))
    told = f'<p role="status" class="tmm-status" title="{said}">{said}</p>'
    note = f'<p class="tmm-note">{escape(bench.note)}</p>' if bench.note else ""
    return f'{GRID}{told}{note}<div class="tmm-panes">{"".join(html)}</div>'


def _cards_html(inside: str) -> str:
    return f'<div class="tmm-cards">{inside}</div>'


def draw_bench(bench: Bench, report: Report | None = None, show: Sequence[str] = PANES) -> Picture:
    """Draw a bench as one picture: the machine, the timeline, the source and the rules, one below the other."""
    every = parts(bench, report, show)
    title, said = f"Bench: {bench.scenario}", status(bench)
    placed, tall = _placed(every)
    drawing = Svg(WIDTH, tall)
    drawing.text(2, 18, title, "h")
    for row, words in enumerate(folded(said, 110)):
        drawing.text(2, 36 + 14 * row, words, "s m")
    for x, y, part in placed:
        drawing.put(x, y, part.drawing)
    desc = " ".join([said, *(part.desc for part in every)])
    return Picture(title, desc, drawing.finish(title, desc, CSS), text(bench, report, show))


def _placed(every: list[Part]) -> tuple[list[tuple[float, float, Part]], float]:
    """Give a place to each drawing: as many in a row as fit, the machine first; and how tall that is."""
    order = {"machine": 0, "timeline": 1, "source": 2, "rules": 2}
    placed: list[tuple[float, float, Part]] = []
    x, y, row = 0.0, float(HEAD), 0.0
    for part in sorted(every, key=lambda part: order[part.pane]):
        if x and x + part.drawing.width > WIDTH:
            x, y, row = 0.0, y + row + GAP, 0.0
        placed.append((x, y, part))
        x, row = x + part.drawing.width + GAP, max(row, part.drawing.height)
    return placed, y + row + 2


def text(bench: Bench, report: Report | None = None, show: Sequence[str] = PANES) -> str:
    """Give a bench as lines of text: the same facts as the panes."""
    lines = [f"Bench: {bench.scenario}", status(bench), *([bench.note] if bench.note else [])]
    lines += [f"Replay: {bench.trace.path}"]
    return "\n".join([*lines, *(line for part in parts(bench, report, show) for line in part.twin)])
