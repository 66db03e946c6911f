"""What happens after the questions of chapter 13, As posted, as merged."""

from __future__ import annotations

from tempmm_lab.assess.question import Outcome
from tempmm_lab.explore import explore
from tempmm_lab.fixing import RULE, Verdict, judge_fix
from tempmm_lab.kernel.attempts import ATTEMPTS
from tempmm_lab.kernel.builds import BUILDS
from tempmm_lab.kernel.config import Config
from tempmm_lab.scenarios import efi_call
from tempmm_lab.telling import tell
from tempmm_lab.trace import Trace, follow, play
from tempmm_lab.views.fixups import draw_fix_ups
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.timeline import draw_timeline


def _way(rule: str) -> Trace:
    """A shortest run of the posted kernel that breaks a rule, in a direct call with another CPU's flush."""
    scenario = efi_call(build="posted")
    return play(scenario, follow(explore(scenario).counterexamples[rule]))


def _needs() -> str:
    found = explore(efi_call(build="posted", cpus=1, irqs=0)).counterexamples
    return "\n".join(f"one CPU, no interrupt: breaks {rule} in {len(path)} steps" for rule, path in found.items())


def _timer() -> str:
    lines = []
    for irqs in (0, 1):
        found = explore(efi_call(build="posted", cpus=1, irqs=irqs)).counterexamples
        broken = ", ".join(f"{rule} in {len(path)} steps" for rule, path in found.items())
        lines.append(f"at most {irqs} interrupts: breaks {broken}")
    return "\n".join(lines)


def _ipi() -> str:
    return tell(_way("mask-bit-set"), 44, 58, quiet=True)


def _catch_up() -> tuple[Picture, str]:
    run = _way("no-stale-use")
    return draw_timeline(run), tell(run, 43)


def _worker() -> str:
    report = explore(efi_call(build="posted", caller="worker"))
    lines = [f"breaks {rule} in {len(path)} steps" for rule, path in report.counterexamples.items()]
    return "\n".join([*lines, *(f"prints {text} ({len(path)} steps)" for text, path in report.reports.items())])


def _judged(name: str) -> Verdict:
    return judge_fix(BUILDS["posted"].patched(**ATTEMPTS[name]))


def _rules(verdict: Verdict) -> str:
    """Which rules each judge found broken, and the shortest schedule."""
    lines = []
    for judge in verdict.judges:
        mine = [f"{one.name} in {len(one.path)}" for one in verdict.findings if (one.judge, one.kind) == (judge, RULE)]
        lines.append(f"{judge:<12} {'breaks ' + ', '.join(mine) + ' steps' if mine else 'breaks no rule'}")
    return "\n".join([*lines, f"shortest     {verdict.path}"])


def _late() -> tuple[str, Picture]:
    verdict = _judged("late-switching")
    stale = next(one for one in verdict.findings if one.name == "no-stale-use")
    return _rules(verdict), draw_timeline(play(efi_call(build=verdict.build), follow(stale.path)))


def _silenced() -> str:
    lines = []
    for config in (Config(), Config(prove_locking=False)):
        report = explore(efi_call(build="posted", config=config))
        broken = ", ".join(f"{rule} in {len(path)}" for rule, path in report.counterexamples.items())
        lines.append(f"{config!s:<17} breaks {broken} steps; lines it can print: {len(report.reports)}")
    return "\n".join(lines)


OUTCOMES: dict[str, Outcome] = {
    "ch13-needs": _needs,
    "ch13-timer": _timer,
    "ch13-ipi": _ipi,
    "ch13-catch-up": _catch_up,
    "ch13-worker": _worker,
    "ch13-around-cr3": lambda: _rules(_judged("around-cr3")),
    "ch13-late": _late,
    "ch13-bit-again": lambda: _rules(_judged("bit-again")),
    "ch13-silenced": _silenced,
    "ch13-off-throughout": lambda: _judged("off-throughout").text(),
    "ch13-switch-mm": lambda: _judged("switch-mm").text(),
    "ch13-fix-ups": draw_fix_ups,
}
"""Question id -> what is run and shown after an answer."""
