"""The commands of `tempmm-lab` that run the model: explore, sweep, replay and conform.

Exit status: 0 holds, 1 broken, 2 misuse, 3 not decided.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from pathlib import Path as FilePath
from typing import Any

from tempmm_lab.errors import ModelError
from tempmm_lab.progress import counter

WAYS: dict[str, bool | str] = {"views": True, "states": "states", "one-by-one": False}
HOLDS, BROKEN, MISUSE, UNDECIDED = 0, 1, 2, 3


def add_commands(command: Any) -> None:
    """Add the commands that run the model to the parser of `tempmm-lab`; `command` makes one."""
    explored = command(explore_command, "explore", "try every interleaving of a scenario")
    explored.add_argument("scenario", help="a name from `tempmm-lab list`")
    _with_build(explored)
    explored.add_argument("--max-states", type=int, help="stop after so many states")
    explored.add_argument("--deadline", type=float, metavar="SECONDS", help="stop after so many seconds")
    explored.add_argument("--cycles", action="store_true", help="look also for runs that never end")
    explored.add_argument("--prove", action="store_true", help="prove it for any number of CPUs, where that can be had")
    by = "visit views (default), merged states, or every state one by one"
    explored.add_argument("--by", choices=tuple(WAYS), default="views", help=by)
    _add_sweep(command(sweep_command, "sweep", "explore every combination of scenarios, builds and knobs"))
    replayed = command(replay_command, "replay", "play a schedule again, step by step")
    replayed.add_argument("words", nargs="+", metavar="[SCENARIO] PATH", help="a schedule, as `explore` prints it")
    _with_build(replayed, knobs=False)
    conformed = command(conform_command, "conform", "compare recordings of real kernels with the model, row by row")
    conformed.add_argument("recordings", nargs="+", metavar="RECORDING", type=FilePath)
    conformed.add_argument("--json", action="store_true", help="print JSON instead of text")


def _with_build(parser: argparse.ArgumentParser, *, knobs: bool = True) -> None:
    parser.add_argument("--build", help="the kernel version, from `tempmm-lab list`")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    if knobs:
        said = "set a knob, such as irqs=0 or memory=tso; repeatable"
        parser.add_argument("--knob", action="append", default=[], metavar="NAME=VALUE", help=said)


def _add_sweep(parser: argparse.ArgumentParser) -> None:
    several: dict[str, Any] = {"default": "all", "metavar": "NAME,NAME"}
    parser.add_argument("--scenario", help="scenarios from `tempmm-lab list` (default: all)", **several)
    parser.add_argument("--build", help="kernel versions from `tempmm-lab list` (default: all)", **several)
    values = "values of a knob, each of which is tried; repeatable"
    parser.add_argument("--knob", action="append", default=[], metavar="NAME=VALUE,VALUE", help=values)
    parser.add_argument("--ask", choices=("explore", "prove"), default="explore", help="what is asked of each")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="how many processes (default: 1)")
    parser.add_argument("--max-states", type=int, help="stop each after so many states")
    parser.add_argument("--deadline", type=float, metavar="SECONDS", help="stop each after so many seconds")
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")


def explore_command(chosen: argparse.Namespace) -> int:
    """Explore a scenario and print the report."""
    from tempmm_lab.explore import MAX_STATES, explore, prove
    from tempmm_lab.sweeps.reportjson import report_as_json

    if chosen.prove and (chosen.cycles or chosen.by != "views"):
        raise ModelError("--prove goes by views: leave out --cycles and --by.")
    scenario = _scenario(chosen.scenario, chosen.build, chosen.knob)
    most = MAX_STATES if chosen.max_states is None else chosen.max_states
    limits: dict[str, Any] = {"max_states": most, "deadline": chosen.deadline, "progress": _progress}
    if chosen.prove:
        report = prove(scenario, **limits)
    else:
        report = explore(scenario, **limits, cycles=chosen.cycles, reduce=WAYS[chosen.by])
    print(json.dumps(report_as_json(report)) if chosen.json else report.text())
    return BROKEN if report.counterexamples else HOLDS if report.complete else UNDECIDED


def _scenario(name: str, build: str | None, knobs: list[str]) -> Any:
    from tempmm_lab.scenarios import STORIES

    if name not in STORIES:
        raise ModelError(f"There is no scenario {name!r}. There are: {', '.join(STORIES)}.")
    return STORIES[name](**_settings(knobs) | ({"build": build} if build else {}))


def _settings(knobs: list[str]) -> dict[str, Any]:
    pairs = [knob.partition("=") for knob in knobs]
    for knob, equals, _ in pairs:
        if not equals:
            raise ModelError(f"{knob!r} is no knob: write --knob NAME=VALUE, such as --knob irqs=0.")
    return {knob: value for knob, _, value in pairs}


def sweep_command(chosen: argparse.Namespace) -> int:
    """Explore every combination and print the table; at Ctrl-C, what there is of it."""
    from tempmm_lab.sweeps import grid, processes, sweep

    settings = {knob: text.split(",") for knob, text in _settings(chosen.knob).items()}
    made = grid(_names(chosen.scenario), _names(chosen.build), **settings)
    limits = {"max_states": chosen.max_states, "deadline": chosen.deadline}
    given = {name: limit for name, limit in limits.items() if limit is not None}
    with processes(chosen.jobs) if chosen.jobs != 1 else contextlib.nullcontext() as pool:
        found = sweep(made, executor=pool, ask=chosen.ask, progress=counter("scenarios done"), **given)
        print(found.to_json() if chosen.json else found.text(), flush=True)
    return BROKEN if found.broken else HOLDS if found.holds else UNDECIDED


def _names(text: str) -> Any:
    return text if text == "all" else text.split(",")


def _progress(states: int, waiting: int) -> None:
    print(f"{states:,} states so far, {waiting:,} waiting", file=sys.stderr, flush=True)


def replay_command(chosen: argparse.Namespace) -> int:
    """Replay a schedule and print what happened."""
    from tempmm_lab.scenarios.paths import Path
    from tempmm_lab.trace import replay

    *names, text = chosen.words
    path = Path.parse(text)
    if len(names) > 1 or (names and names[0] != path.scenario):
        raise ModelError(f"This path belongs to the scenario {path.scenario}, not to {' '.join(names)}.")
    trace = replay(path, chosen.build)
    print(trace.json() if chosen.json else trace.text())
    if trace.stopped:
        print(f"tempmm-lab: {trace.stopped}", file=sys.stderr)
        return MISUSE
    return BROKEN if trace.broken else HOLDS


def conform_command(chosen: argparse.Namespace) -> int:
    """Compare recordings with the model; the last line counts the rows that matched."""
    from tempmm_lab.matching import conform

    results = [conform(recording) for recording in chosen.recordings]
    matched, rows = sum(result.matched for result in results), sum(result.rows for result in results)
    if chosen.json:
        print(json.dumps({"matched": matched, "rows": rows, "files": [_conformance(result) for result in results]}))
    else:
        print("\n".join(result.text() for result in results))
        if len(results) > 1:
            print(f"matched {matched} of {rows}")
    return HOLDS if matched == rows else BROKEN


def _conformance(result: Any) -> dict[str, Any]:
    return {
        "name": result.recording.name,
        "kernel": result.recording.kernel,
        "build": result.recording.build,
        "windows": result.windows,
        "matched": result.matched,
        "rows": result.rows,
        "outside": result.outside,
        "differences": [str(difference) for difference in result.differences],
    }


def contents() -> dict[str, dict[str, str]]:
    """Give everything that has a name: for each kind, the names and one line about each."""
    from tempmm_lab.assess.exercises import EXERCISES
    from tempmm_lab.book import chapters
    from tempmm_lab.kernel.builds import BUILDS
    from tempmm_lab.scenarios import STORIES
    from tempmm_lab.scenarios.rules import RULES
    from tempmm_lab.snapshots import SNAPSHOTS

    about = {name: " ".join(story.about.partition("\n\n")[0].split()) for name, story in STORIES.items()}
    return {
        "Chapters (tempmm-lab open NUMBER)": {each.number: str(each).split(maxsplit=1)[1] for each in chapters()},
        "Exercises (tempmm-lab exercise NAME --seed S)": {name: str(one) for name, one in EXERCISES.items()},
        "Recorded guests (tempmm-lab walk NAME ADDRESS)": dict(SNAPSHOTS),
        "Scenarios (tempmm-lab explore NAME --build BUILD)": about,
        "Builds": {name: build.about for name, build in BUILDS.items()},
        "Rules": dict(RULES),
    }
