"""The explorer against SPIN and Harmony: from the question to the answer, whole processes.

The peers' models are generated from the same steps, and before anything is timed, they must give the same verdict, the
same number of states where SPIN visits every state, and the same length of a shortest schedule.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.interpret import count
from benchmarks.model import Net
from benchmarks.questions import PROOFS, SCHEDULES, Question
from benchmarks.rounds import ROUNDS, figures, in_turn, python, row
from benchmarks.spin import EXACT, PROOF, REDUCED, SHORTEST, Setting, Spun, missing, spin

FOUR = Path(__file__).with_name("four_cpus.json")
ANSWER = re.compile(r"BROKEN ([\w-]+) after (\d+) step")


LONGER = "SPIN with reduction"
ABOUT = (
    (
        "Wall seconds of whole processes in fresh folders. Ours: `python -c` with `explore()`, which judges every "
        "rule and gives a shortest schedule for each. SPIN: `spin -a`, gcc and pan, for all rules "
        "in a proof, for one rule where a schedule is wanted. Harmony: its compiler and its model checker."
    ),
    (
        "SPIN's and Harmony's models are generated from the steps that our own searches run, and the time for "
        "that is not counted. One proctype a CPU; its location is its own state without pending IPIs; one step is "
        "one transition, in a `d_step` where it does several things. Locations that cannot be reached are not "
        "there. What only one CPU touches is local to it. A broken rule is an assert in the step. SPIN's partial- "
        "order reduction and its merging of statements are on. A loop over a `pc` variable instead of labels was "
        "tried once on efi_call: no reduction was possible, and pan visited 74,306 states instead of 9,584."
    ),
    (
        "SPIN's reduction does not keep lengths, so for a shortest schedule its quickest setting that gives one "
        "counts. For counting states, it ran with `-DNOREDUCE`, `-o2` and `-o3`. Not tried: -DCOLLAPSE, -DHC, "
        "-DMA, -DBFS_PAR."
    ),
    "Most of SPIN's seconds are gcc's, for models of some hundred to some thousand locations.",
)


class Disagreement(AssertionError):
    """Two tools do not say the same of one question. Then nothing is timed."""


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Give the rows and how SPIN was run."""
    lacking = missing()
    if lacking:
        return {"title": "Explorer", "rows": [], "gaps": [lacking]}
    no_harmony = peers.install()
    found: dict[str, Any] = {
        "title": "Explorer: question to answer, whole processes",
        "about": ABOUT,
        "rows": [], "settings": [], "checks": [], "notes": [], "gaps": [no_harmony] if no_harmony else [],
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        for question in (*PROOFS, *SCHEDULES):
            print(f"explorer: {question.name}", file=sys.stderr, flush=True)
            _Asked(question, Path(name), found, with_harmony=question.with_harmony and not no_harmony).run(rounds)
    _four(found)
    return found


class _Asked:
    """One question, put to everybody."""

    def __init__(self, question: Question, folder: Path, found: dict[str, Any], *, with_harmony: bool) -> None:
        self.question, self.folder, self.found, self.with_harmony = question, folder, found, with_harmony
        self.net: Net = question.net()
        self.model = question.promela(self.net)

    def run(self, rounds: int) -> None:
        """Compare the answers, then the times."""
        length = self.ours()
        self.compare_states()
        tried = [(setting, self.spin(setting)) for setting in self.settings()]
        for setting, spun in tried:
            self.note(setting, spun)
        right = [each for each in tried if each[1].length == length]
        longer = [each for each in tried if each[1].length != length]  # partial-order reduction does not keep lengths
        if self.question.shortest != bool(right) or any(
            spun.length is None or spun.length < (length or 0) for _, spun in longer
        ):
            raise Disagreement(f"{self.question.name}: ours {length}, SPIN {[spun.length for _, spun in tried]}")
        tools = {"ours": lambda: self.question.ask().seconds}
        for name, those in (("SPIN", right), (LONGER, longer)):
            if those:
                best = min(those, key=lambda each: each[1].seconds)[0]
                tools[name] = lambda best=best: self.spin(best).seconds
        if self.with_harmony:
            self.compare_harmony(length)
            tools["Harmony"] = lambda: peers.harmony(self.question.harmony(self.net), self.folder)[0]
        self.rows(in_turn(tools, rounds), longer[0][1].length if longer else 0)

    def settings(self) -> tuple[Setting, ...]:
        """Give the settings of SPIN that are tried."""
        if not self.question.rule:
            return PROOF
        return SHORTEST if self.question.shortest else REDUCED

    def rows(self, times: dict[str, list[float]], longer: int | None) -> None:
        """Add the rows. The goal is about SPIN at its best: with reduction only where it can do nothing else."""
        ours = times.pop("ours")
        judged = "SPIN" if self.question.shortest else LONGER
        for name, peer in times.items():
            shown = f"{name}, which gives {longer} steps, not the shortest" if name == LONGER else name
            goal = self.question.goal if name == judged else None
            self.found["rows"].append(row(self.question.name, ours, peer, name=shown, goal=goal))

    def ours(self) -> int | None:
        """Give the length of our shortest schedule; None for a proof."""
        text = self.question.ask().text
        broken = {rule: int(steps) for rule, steps in ANSWER.findall(text)}
        if "NOT ALL" in text or (broken and not self.question.rule) or (self.question.rule not in {"", *broken}):
            raise Disagreement(f"{self.question.name}: {text}")
        return broken.get(self.question.rule)

    def compare_states(self) -> None:
        """Hold SPIN's number of states, everything visited, to the search over guarded commands."""
        if not self.question.exact:
            self.found["checks"].append(f"{self.question.scenario}: too many states to visit every one here")
            return
        every = spin(self.question.every_state(self.net), self.folder, EXACT).states
        mine = count(self.net).states
        if every != mine:
            raise Disagreement(f"{self.question.name}: SPIN visits {every} states, we {mine}")
        self.found["checks"].append(f"{self.question.scenario}: {mine:,} states in both, every one visited")

    def compare_harmony(self, length: int | None) -> None:
        """Hold Harmony's verdict to ours."""
        _, states, verdict = peers.harmony(self.question.harmony(self.net), self.folder)
        if (verdict == "holds") != (length is None):
            raise Disagreement(f"{self.question.name}: Harmony says {verdict}")
        self.found["checks"].append(
            f"{self.question.name}: Harmony says {verdict!r}, too ({states:,} states of its own)"
        )

    def spin(self, setting: Setting) -> Spun:
        """Ask SPIN."""
        spun = spin(self.model, self.folder, setting)
        if not spun.complete:
            raise Disagreement(f"{self.question.name}: SPIN did not finish with {setting}")
        return spun

    def note(self, setting: Setting, spun: Spun) -> None:
        """Keep how SPIN fared with a setting, once."""
        self.found["settings"].append({"question": self.question.name, "setting": str(setting), **asdict(spun)})


def _four(found: dict[str, Any]) -> None:
    """Add what SPIN did with four CPUs, which is measured once and kept."""
    if not FOUR.exists():
        found["gaps"].append("four CPUs against SPIN within 9 GB: not measured")
        return
    kept = json.loads(FOUR.read_text(encoding="utf-8"))
    code = kept["ours"]
    done = [python(code) for _ in range(3)]
    if "every interleaving" not in done[0].text or "BROKEN" in done[0].text:
        raise Disagreement(done[0].text)
    seconds, peak = figures([each.seconds for each in done]), max(each.peak for each in done)
    found["four"] = {**kept, "seconds": seconds, "peak_kib": peak, "goal_kib": 256 << 10}


if __name__ == "__main__":
    print(json.dumps(run(), indent=1))
