"""Scenarios made of a few small programs, one a CPU, that are in no list."""

from types import MappingProxyType

from tempmm_lab.kernel.builds import a_build
from tempmm_lab.kernel.layout import USER_MM, USER_PAGE
from tempmm_lab.scenarios.rules import RULES
from tempmm_lab.scenarios.scenario import COMMON, Scenario, Story

CHECKED = tuple(rule for rule in RULES if rule != "no-report")


def mini(programs, *, cells=None, fields=None, handler=None, sometimes=None, user=(), **knobs):
    """Give a scenario in which CPU n runs `programs[n]`, a function and its arguments; further CPUs run the last.

    `cells` are shared variables at the start, `fields` those of CPUs by number, `handler` what an IRQ does, and `user`
    the CPUs whose task begins in user mode, with its page cached. The rest are common knobs.
    """

    def set_stage(stage, *, cpus, fills):
        for number in range(cpus):
            program, *args = programs[min(number, len(programs) - 1)]
            begun = {"name": program.__name__, "mm": USER_MM, "fields": (fields or {}).get(number)}
            made = stage.cpu(program, *args, user=min(number, len(programs) - 1) in user, **begun)
            if min(number, len(programs) - 1) in user:
                stage.cache(made, USER_PAGE, USER_MM)
        stage.cells.update(cells or {})
        stage.fill(fills, USER_PAGE)
        if handler is not None:
            stage.world.versions["HANDLER"] = handler

    defaults = MappingProxyType({**COMMON, "irqs": 0, "cpus": len(programs)})
    story = Story("mini", "", set_stage, defaults, (), sometimes or {}, False, {})
    chosen = {**defaults, **knobs}
    build = a_build(chosen["build"])
    return Scenario(story, build, MappingProxyType({**chosen, "build": build}), CHECKED)
