"""Scenarios with other knobs, small enough for the plain search to judge the fast engine on them again and again."""

from tempmm_lab import BUILDS, STORIES, Config, ModelError

KNOBS = {
    "text_poke": [{}, {"pokes": 2}, {"lazy": True}, {"handler": "stray_write", "irqs": 1}, {"fills": True},
                  {"config": Config(pti=True)}, {"config": Config(debug_vm=True)}, {"cpus": 1, "nmis": 1}],
    "stale_alias": [{}, {"fills": True, "cpus": 1}, {"cpus": 3}],
    "nmi_in_window": [{}, {"handler": "stray_write"}, {"cpus": 3}],
    "context_switch": [{}, {"kthread": True}, {"config": Config(pcid=False)}, {"ticks": 1, "cpus": 1},
                       {"config": Config(pti=True)}],
    "shootdown": [{}, {"senders": 2}, {"irqs_off": True, "senders": 2}, {"trim": True}, {"cpus": 3},
                  {"config": Config(preempt="none")}],
    "lazy_tlb": [{}, {"exit": True}, {"poke": True}, {"exit": True, "poke": True}, {"cpus": 3}],
    "efi_call": [{}, {"caller": "worker"}, {"caller": "boot"}, {"caller": "mixed"}, {"firmware": "flips_if"},
                 {"firmware": "faults", "caller": "worker"}, {"flush": "reclaim"}, {"flush": "none", "cpus": 3},
                 {"config": Config(preempt="rt")}],
    "schedule_inside": [{}, {"to": "kthread"}, {"to": "tick", "ticks": 1, "cpus": 1}, {"to": "nobody"},
                        {"access": True, "cpus": 1}, {"migrate": True}, {"touch": True, "cpus": 1}],
    "nested": [{}, {"same": True}, {"lifo": False}],
    "hw_breakpoints": [{}, {"irqs": 1}],
}  # fmt: skip

LIGHT = {
    "text_poke": range(8), "stale_alias": range(3), "nmi_in_window": (0,), "context_switch": (0,),
    "shootdown": (0, 2, 5), "lazy_tlb": (0, 1), "efi_call": (2, 7), "schedule_inside": (2, 4, 5, 6),
    "nested": range(3), "hw_breakpoints": range(2),
}  # fmt: skip
"""Which of these the plain search decides in about a tenth of a second; the others wait for `make test-all`."""
TSO = {
    "text_poke": [{}, {"fills": True}], "stale_alias": [{}], "nested": [{}, {"lifo": False}], "hw_breakpoints": [{}],
    "context_switch": [{"cpus": 1, "ticks": 1}], "shootdown": [{}, {"irqs_off": True, "senders": 2}],
    "lazy_tlb": [{}, {"exit": True}], "efi_call": [{"caller": "boot"}], "schedule_inside": [{"cpus": 1}],
    "nmi_in_window": [{"cpus": 1}],
}  # fmt: skip
"""Settings for machines with store buffers."""


def light():
    """Give the knobs that are light."""
    return {name: [KNOBS[name][place] for place in places] for name, places in LIGHT.items()}


def with_store_buffers():
    """Give the knobs for store buffers."""
    return {name: [{**knobs, "memory": "tso"} for knobs in settings] for name, settings in TSO.items()}


def scenarios(knobs=KNOBS, builds=tuple(BUILDS)):
    """Give every scenario with these knobs on every build that has it; without interrupts, unless they say so."""
    found = {}
    for name, settings in knobs.items():
        for setting in settings:
            for build in builds:
                try:
                    scenario = STORIES[name](**{"irqs": 0, **setting, "build": build})
                    scenario.system()
                except ModelError:
                    continue  # this build lacks it
                found[str(scenario)] = scenario
    return found
