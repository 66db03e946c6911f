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
