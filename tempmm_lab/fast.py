"""Asking the fast engine: about a given number of CPUs, or any number. This file knows nothing of x86."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tempmm_lab.answer import Answer, OutOfLimits, Target, report_of
from tempmm_lab.engine.decide import Decision, Late, alarms_of, fixpoint
from tempmm_lab.engine.roles import roles_of
from tempmm_lab.engine.spots import TooManyViews
from tempmm_lab.engine.tables import Tables
from tempmm_lab.errors import ModelError, NotApart
from tempmm_lab.report import Report


def explored(scenario: Any, late: Late, *, by_states: bool) -> Report:
    """Give the report on a scenario, for its own number of CPUs."""
    tables = Tables(scenario.apart())
    answer = Decision(tables, roles_of(tables.start), scenario.sometimes, late, by_states).run()
    for target, way in answer.ways.items():
        _confirm(scenario, target, way)
    return report_of(scenario, answer)


def _confirm(scenario: Any, target: Target, way: tuple[Any, ...]) -> None:
    """Play a way on the plain model: it must lead there.

    Raises:
        ModelError: it does not, so the engine is wrong.
    """
    kind, name = target
    state = next(iter(scenario.first()))
    broken: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    for wanted in way:
        found = {action: (after, *said) for action, after, *said in scenario.successors(state)}
        if wanted not in found:
            break
        state, broken, reports = found[wanted]
    else:
        rules = {"rule": scenario.always, "example": scenario.sometimes}.get(kind, {})
        there = {
            "rule": name in broken or (name in rules and not rules[name](state)),
            "report": name in reports,
            "example": name in rules and bool(rules[name](state)),
        }[kind] or (name == "no-deadlock" and scenario.stuck(state, [each[0] for each in scenario.successors(state)]))
        if there:
            return
    raise ModelError(
        f"The fast engine's way to {name!r} does not lead there. Use reduce=False, and report this, please."
    )


def proof(scenario: Any, late: Late) -> tuple[Report | None, str]:
    """Give the proof for any number of CPUs, or why there is none. The strongest statement is tried first."""
    why = ""
    try:
        for apart, growing, assumed in scenario.any_number():
            if not growing:
                why = "no two CPUs begin alike"
                break
            proved, why = _proved(scenario, apart, growing, late)
            if proved is not None:
                return _with_ways(scenario, replace(proved, assumed=assumed), late), ""
    except OutOfLimits as limit:
        return report_of(scenario, Answer(argument="views", why=str(limit))), ""
    except KeyboardInterrupt:
        return report_of(scenario, Answer(argument="views", why="stopped by Ctrl-C")), ""
    return None, f"no proof for any number of CPUs: {why}"


def _proved(scenario: Any, apart: Any, growing: tuple[Any, ...], late: Late) -> tuple[Report | None, str]:
    """Give the proof, or why there is none. Reports that some view prints stand in it without a way."""
    try:
        tables = Tables(apart)
        roles = roles_of(tables.start, frozenset(tables.own_id(own) for own in growing))
        views = fixpoint(tables, roles, late)
    except TooManyViews:
        return None, f"too many views{_grows(tables)}"
    except NotApart as error:
        return None, str(error)
    alarms = alarms_of(views)
    rules = [name for kind, name in alarms if kind == "rule"]
    if rules:
        return None, f"some view breaks {', '.join(rules)}"
    report = report_of(scenario, Answer({}, views.count, views.moves, None, "views"))
    return replace(report, cpus="any", reports=dict.fromkeys(text for _, text in alarms)), ""


def _with_ways(scenario: Any, proved: Report, late: Late) -> Report:
    """Give a proof with the ways to reports and examples, which are told for the scenario's own number of CPUs."""
    if not proved.reports and not scenario.sometimes:
        return proved
    own = explored(scenario, late, by_states=False)
    unseen = [text for text in proved.reports if text not in own.reports]
    why = f"not settled for other numbers of CPUs, whether they print {', '.join(unseen)}" if unseen else own.why
    return replace(proved, reports=own.reports, examples=own.examples, why=why)


def _grows(tables: Tables) -> str:
    """Say which cell took the most values, if one took very many: a counter that grows with the number of CPUs."""
    taken: dict[Any, set[Any]] = {}
    for values in tables.values:
        for cell, value in values.items():
            taken.setdefault(cell, set()).add(value)
    cell = max(taken, key=lambda cell: (len(taken[cell]), repr(cell)), default=None)
    return f" ({cell} took {len(taken[cell])} values)" if cell is not None and len(taken[cell]) > 8 else ""
