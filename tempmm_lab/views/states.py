"""Draw every state of a small model as an explorer meets them: a column for each round, a line for each step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tempmm_lab.errors import ModelError, one_of, whole_number
from tempmm_lab.judge import Explorable, Search
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.svg import CHAR, Svg

MOST = 40
DEADLOCK = "no-deadlock"
LEFT, TOP, LINE, GAP, AISLE = 14, 62, 17, 12, 58
CSS = ".tmm .way{stroke:var(--fg);fill:none;stroke-width:3}.tmm .framed{fill:none;stroke:var(--fg);stroke-width:2}"


@dataclass(frozen=True)
class Reached:
    """What is drawn.

    Attributes:
        rounds: the states, by how many actions they are away.
        edges: (state, action, state after), in the order in which they were tried.
        parents: how each state was first reached.
        broken: the states that break the rule, if one is named.
        way: the states on a shortest way to the first of them.
        more: how many states were reached and are not drawn.
    """

    rounds: list[list[Any]]
    edges: list[tuple[Any, Any, Any]]
    broken: list[Any]
    way: list[Any]
    more: int


def draw_states(
    model: Explorable, *, label: Callable[[Any], str] = str, rounds: int | None = None, rule: str = ""
) -> Picture:
    """Draw the states of a small model in columns, the start on the left, each column one action further away.

    Args:
        model: what to explore; at most 40 states may be drawn.
        label: gives a state's name, in one line or several.
        rounds: draw so many rounds only, and leave the rest open.
        rule: mark the states that break this rule of the model's (or "no-deadlock": those in which it is stuck), and
            draw a shortest way to one thick.

    Raises:
        ModelError: this is no model, it has no such rule, or it has too many states.
    """
    if not hasattr(model, "successors"):
        raise ModelError(f"draw_states() takes a Model, not {model!r}.")
    if rule:
        one_of(rule, (*model.always, DEADLOCK), "rule")
    reached = _reach(model, None if rounds is None else whole_number(rounds, "rounds"), rule)
    labels = {state: label(state) for states in reached.rounds for state in states}
    desc = _describe(reached)
    return Picture(
        "States, by the round in which they are met", desc, _draw(reached, labels, desc), _twin(reached, labels)
    )


def _reach(model: Explorable, rounds: int | None, rule: str) -> Reached:
    search = Search(model, MOST if rounds is None else 10_000, None, None)
    search.edges = {}
    if search.run() and rounds is None:
        raise ModelError(
            f"This model has more than {MOST} states, too many to draw. Give rounds=2 to see its beginning."
        )
    depth: dict[Any, int] = {}
    for state, came in search.parents.items():
        depth[state] = 0 if came is None else depth[came[0]] + 1
    last = max(depth.values()) if rounds is None else rounds
    columns = [[state for state, far in depth.items() if far == each] for each in range(last + 1)]
    drawn = {state for column in columns for state in column}
    if len(drawn) > MOST:
        raise ModelError(f"Within {last} rounds there are {len(drawn)} states, and {MOST} can be drawn. Give fewer.")
    edges = [(one, action, two) for one in search.edges for action, two in search.edges[one] if {one, two} <= drawn]
    broken = [state for state in depth if state in drawn and rule and _breaks(model, rule, state)]
    way = broken[:1]
    while way and (came := search.parents[way[0]]):
        way.insert(0, came[0])
    return Reached(columns, edges, broken, way, len(depth) - len(drawn))


def _breaks(model: Explorable, rule: str, state: Any) -> bool:
    if rule == DEADLOCK:
        return model.stuck(state, [action for action, *_ in model.successors(state)])
    return not model.always[rule](state)


def _draw(reached: Reached, labels: dict[Any, str], desc: str) -> str:
    lines = max(len(words.split("\n")) for words in labels.values())
    wide = (
        20
        + 16 * bool(reached.broken)
        + CHAR * max(len(line) for words in labels.values() for line in words.split("\n"))
    )
    high = LINE * lines + 10
    tallest = max(map(len, reached.rounds))
    step, height = wide + AISLE, tallest * (high + GAP)
    width = LEFT + len(reached.rounds) * step + (0 if reached.more else -AISLE) + LEFT
    drawing = Svg(max(width, 380), TOP + height + 12)
    drawing.rect(0.5, 0.5, drawing.width - 1, drawing.height - 1, "card", 6)
    drawing.text(LEFT, 24, "States, by the round in which they are met", "h")
    places = {
        state: (LEFT + step * column, TOP + (height - len(states) * (high + GAP)) / 2 + row * (high + GAP))
        for column, states in enumerate(reached.rounds)
        for row, state in enumerate(states)
    }
    for column in range(len(reached.rounds)):
        drawing.text(LEFT + step * column, 48, f"round {column}", "m")
    for one, _, two in reached.edges:
        _arrow(drawing, places[one], places[two], wide, high, "way" if _follows(reached.way, one, two) else "arrow")
    for state, place in places.items():
        _box(drawing, place, (wide, high), labels[state], reached, state)
    if reached.more:
        drawing.text(LEFT + step * len(reached.rounds) - AISLE + 14, TOP + height / 2, "…", "h")
    return drawing.finish("States, by the round in which they are met", desc, CSS)


def _arrow(
    drawing: Svg, one: tuple[float, float], two: tuple[float, float], wide: float, high: float, css: str
) -> None:
    x1, y1, x2, y2 = one[0] + wide, one[1] + high / 2, two[0], two[1] + high / 2
    if x2 > x1:
        drawing.line(x1, y1, x2, y2, css)
    else:  # back to a state that was met before
        x2 += wide
        drawing.path(
            f"M{x1:.1f} {y1:.1f}C{x1 + 40:.1f} {y1 - 30:.1f} {x2 + 40:.1f} {y2 + 30:.1f} {x2:.1f} {y2:.1f}", css
        )


def _box(
    drawing: Svg, place: tuple[float, float], size: tuple[float, float], words: str, reached: Reached, state: Any
) -> None:
    wrong = state in reached.broken
    drawing.rect(*place, *size, "wrong" if wrong else "soft", 5)
    if state in reached.way:
        drawing.rect(*place, *size, "framed", 5)
    for row, line in enumerate(words.split("\n")):
        drawing.text(place[0] + 10, place[1] + 17 + LINE * row, line, "b" if row == 0 else "")
    if wrong:
        drawing.text(place[0] + size[0] - 8, place[1] + 17, "✗", "bad b end")


def _follows(way: list[Any], one: Any, two: Any) -> bool:
    return (one, two) in pairwise(way)


def _describe(reached: Reached) -> str:
    sizes = ", ".join(str(len(states)) for states in reached.rounds)
    parts = [f"States in round 0 and after: {sizes}. {len(reached.edges)} steps between them."]
    if reached.more:
        parts.append("There are more, not drawn.")
    if reached.broken:
        count = len(reached.broken)
        parts.append(
            f"{count} {'breaks' if count == 1 else 'break'} the rule, the nearest after {len(reached.way) - 1}."
        )
    return " ".join(parts)


def _twin(reached: Reached, labels: dict[Any, str]) -> str:
    numbers = {state: number for number, state in enumerate(labels)}
    lines = []
    for column, states in enumerate(reached.rounds):
        lines.append(f"round {column}")
        for state in states:
            to = ", ".join(f"{numbers[two]}" for one, _, two in reached.edges if one == state)
            mark = "  BROKEN" if state in reached.broken else ""
            words = ", ".join(labels[state].split("\n"))
            lines.append(f"  {numbers[state]:2} {words}{f' -> {to}' if to else ''}{mark}")
    if reached.way:
        lines.append("a shortest way: " + ", ".join(str(numbers[state]) for state in reached.way))
    return "\n".join([*lines, *(["there are more"] if reached.more else [])])
