"""What happens after the questions of chapter 10, Never schedule here."""

from __future__ import annotations

from tempmm_lab.assess.question import Outcome
from tempmm_lab.explore import explore
from tempmm_lab.kernel.builds import BUILDS, Build
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.mistakes import MISTAKES
from tempmm_lab.scenarios import Scenario, nested, schedule_inside, text_poke
from tempmm_lab.telling import part, tell
from tempmm_lab.trace import Trace, events, follow, in_order, play
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.timeline import draw_timeline


def _wrong(mistake: str) -> Build:
    return BUILDS["v6.16"].patched(**MISTAKES[mistake])


def _breaks(scenario: Scenario, rule: str) -> Trace:
    """Give a shortest run that breaks a rule."""
    return play(scenario, follow(explore(scenario).counterexamples[rule]))


def _alone(**knobs: object) -> Scenario:
    return schedule_inside(irqs=0, cpus=1, **knobs)


def _said(trace: Trace, rule: str) -> str:
    return f"the shortest way to break {rule}: {len(trace)} steps\n         {trace.path}"


def _back() -> Picture:
    return draw_timeline(part(play(_alone(), in_order), 1, 92))


def _unuse() -> tuple[str, str]:
    return tell(play(_alone(), in_order), 93, 105, quiet=True), _said(_breaks(_alone(), "mask-bit-set"), "mask-bit-set")


def _quiet() -> tuple[str, Picture]:
    trace = _breaks(schedule_inside(irqs=0, uses=True), "no-stale-use")
    return _said(trace, "no-stale-use"), draw_timeline(trace)


def _debug() -> tuple[str, str]:
    trace = _breaks(schedule_inside(irqs=0, uses=True, config=Config(debug_vm=True)), "no-stale-use")
    return _said(trace, "no-stale-use"), tell(trace, 103)


def _older() -> str:
    lines = ["build    after schedule()             at the end                    first rule broken"]
    for name in ("v5.2", "v5.10", "v6.14", "posted", "v6.16"):
        trace = play(_alone(build=name), in_order)
        masks = [_masks(trace, before) for before in ("cpumask_clear_cpu(user_mm)", "")]
        broken = ", ".join(f"{rule} ({step})" for rule, step in trace.broken.items()) or "none"
        lines.append(f"{name:8} {masks[0]:28} {masks[1]:29} {broken}")
    return "\n".join(lines)


def _masks(trace: Trace, before: str) -> str:
    """Give the bits of M and T: when the task comes back from schedule(), or (with "") at the end."""
    names = [moment.before.cpus[0].current for moment in trace]
    back = len(names) - 1 - names[::-1].index("second") + 1
    cpu = trace[back].after.cpus[0] if before else trace.last.cpus[0]
    return "  ".join(f"bit({mm})={int(f'{mm}_mm' in cpu.cpumask)}" for mm in ("user", "text_poke"))


def _tick() -> tuple[str, Picture]:
    trace = _breaks(_alone(to="tick", ticks=1), "mask-bit-set")
    return _said(trace, "mask-bit-set"), draw_timeline(trace)


def _access() -> str:
    scenario = _alone(access=True)
    trace = play(scenario, follow(explore(scenario, cycles=True).cycle))
    return f"can go on for ever: step {len(trace)} is step 25 again\n" + tell(trace, 25, quiet=True)


def _migrate() -> tuple[str, str]:
    trace = _breaks(schedule_inside(irqs=0, migrate=True), "mask-bit-set")
    facts = [
        f"CPU {number}: DR7 {cpu.dr7:#x}, shadow of DR7 {cpu.cpu_dr7:#x}, bits set: {' '.join(sorted(cpu.cpumask))}"
        for number, cpu in enumerate(trace.last.cpus)
    ]
    return _said(trace, "mask-bit-set"), "\n".join(facts)


def _forgot() -> str:
    scenario = text_poke(cpus=1, build=_wrong("no-unuse"))
    trace = play(scenario, follow(explore(scenario, cycles=True).cycle))
    return f"can go on for ever: step {len(trace)} is step 41 again\n" + tell(trace, 40, quiet=True)


def _cookie() -> tuple[str, str]:
    trace = _breaks(text_poke(cpus=1, build=_wrong("wrong-cookie")), "runs-on-its-mm")
    return _said(trace, "runs-on-its-mm"), tell(trace, 66)


def _nested() -> str:
    """Tell only what becomes of CR3 and DR7."""
    trace = play(nested(irqs=0, cpus=1), in_order)
    lines = [
        f"{number:4}  {event}"
        for number, moment in enumerate(trace, 1)
        for event in events(moment)
        if str(event).startswith(("CR3", "dr7"))
    ]
    return "\n".join([*lines, explore(nested(irqs=0)).text()])


OUTCOMES: dict[str, Outcome] = {
    "ch10-back": _back,
    "ch10-unuse": _unuse,
    "ch10-quiet": _quiet,
    "ch10-debug": _debug,
    "ch10-older": _older,
    "ch10-kthread": lambda: draw_timeline(play(_alone(to="kthread"), in_order)),
    "ch10-tick": _tick,
    "ch10-atomic": lambda: explore(_alone(atomic=True)).text(),
    "ch10-access": _access,
    "ch10-migrate": _migrate,
    "ch10-forgot": _forgot,
    "ch10-cookie": _cookie,
    "ch10-nested": _nested,
}
"""Question id -> what is run and shown after an answer."""
