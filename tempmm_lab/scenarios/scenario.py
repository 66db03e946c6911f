"""A scenario: a start, what may happen, and what must always hold.

A story is a function that sets a stage. `@story` makes it a public function that takes the common knobs as well, checks
them, and gives a `Scenario`. The stage is set anew each time it is explored or played, so that a function that was
defined again is never stale.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from tempmm_lab.errors import ModelError, a_thing, one_of, whole_number
from tempmm_lab.explore import Next
from tempmm_lab.kernel.builds import BUILDS, Build, a_build
from tempmm_lab.kernel.config import Config
from tempmm_lab.kernel.handlers import HANDLERS
from tempmm_lab.kernel.step import Action, successors
from tempmm_lab.kernel.system import LinuxCpu, System
from tempmm_lab.scenarios.paths import Path
from tempmm_lab.scenarios.rules import EVERYWHERE, RULES, STATE_RULES
from tempmm_lab.scenarios.stage import Stage
from tempmm_lab.scenarios.taken_apart import TakenApart

COMMON: dict[str, Any] = {
    "build": "v6.16", "cpus": 2, "irqs": 1, "nmis": 0, "ticks": 0, "fills": False, "handler": "quiet",
    "config": Config(), "memory": "sc", "no_report": False,
}  # fmt: skip
"""The knobs that every scenario has, and their defaults."""
MOST = {"cpus": 4, "irqs": 3, "nmis": 3, "ticks": 3}

Sometimes = Mapping[str, Callable[[System], bool]]


@dataclass(frozen=True)
class Scenario:
    """A story with its knobs set: what `explore` and `play` take.

    Attributes:
        story: the story.
        build: the kernel that runs.
        knobs: every knob and its value.
        rules: the rules that are judged.
    """

    story: Story
    build: Build
    knobs: Mapping[str, Any]
    rules: tuple[str, ...]

    @property
    def name(self) -> str:
        """The story's name."""
        return self.story.name

    @property
    def sometimes(self) -> Sometimes:
        """What is asked for an example of."""
        return self.story.sometimes

    @property
    def cpus(self) -> int:
        """How many CPUs there are."""
        return int(self.knobs["cpus"])

    @property
    def always(self) -> Mapping[str, Callable[[System], bool]]:
        """The rules that are facts about a state; the others are broken by steps."""
        return {name: STATE_RULES[name] for name in self.rules if name in STATE_RULES}

    def system(self) -> System:
        """Set the stage, and give the system it ends in."""
        knobs = dict(self.knobs)
        stage = Stage(
            self.build, knobs["config"], knobs["irqs"], knobs["nmis"], knobs["ticks"], knobs["handler"],
            knobs["handler"], knobs.get("firmware", "good"), tso=knobs["memory"] == "tso",
        )  # fmt: skip
        own = {name: value for name, value in knobs.items() if name not in COMMON or name in {"cpus", "fills"}}
        self.story.set_stage(stage, **own)
        return stage.system()

    def first(self) -> Iterator[System]:
        """Give the system it starts in."""
        yield self.system()

    def successors(self, system: System) -> Iterator[Next]:
        """Give every action that may happen next and what comes of it."""
        for action, outcome in successors(system):
            broken = outcome.violations
            if outcome.reports and "no-report" in self.rules:
                broken = (*broken, "no-report")
            yield action, outcome.system, broken, outcome.reports

    def stuck(self, system: System, actions: list[Action]) -> bool:
        """Say whether a CPU is unfinished and no step possible (no-deadlock)."""
        unfinished = any(cpu.running for cpu in system.cpus) and not system.cells["panic", None]
        return unfinished and not any(action.kind in "spd" for action in actions)

    def apart(self) -> TakenApart:
        """Give the scenario taken apart, for the fast engine."""
        return TakenApart(self.system(), self.rules)

    def any_number(self) -> Iterator[tuple[TakenApart, tuple[LinuxCpu, ...], tuple[str, ...]]]:
        """Give what to prove for any number of CPUs, the stronger statement first: also for any number of interrupts.

        Each time: the scenario taken apart, the CPUs of which there may be any number, and what that says. Each story's
        further CPUs are alike. So of four CPUs, those that begin alike are the kind that grows.
        """
        system = self.story(**{**self.knobs, "cpus": MOST["cpus"]}).system()
        growing = tuple(dict.fromkeys(cpu for cpu in system.cpus if system.cpus.count(cpu) > 1))
        for endless in (True, False) if self.knobs["irqs"] else (False,):
            apart = TakenApart(system, self.rules, endless_irqs=endless)
            yield apart, growing, _assumed(self, system, growing, endless=endless)

    def path(self, actions: tuple[Action, ...]) -> Path:
        """Give actions as a path of this scenario."""
        differing = ((name, value) for name, value in self.knobs.items() if value != self.story.defaults[name])
        knobs = tuple((name, knob_text(value)) for name, value in differing if name != "build")
        return Path(self.name, self.build.name, knobs, tuple(actions))

    def on(self, build: str | Build) -> Scenario:
        """Give the same scenario on another build."""
        return self.story(**{**self.knobs, "build": build})

    def __str__(self) -> str:
        knobs = ", ".join(f"{name}={value}" for name, value in self.path(()).knobs)
        return f"{self.name} on {self.build.name}" + (f" ({knobs})" if knobs else "")


def _assumed(scenario: Scenario, system: System, growing: tuple[LinuxCpu, ...], *, endless: bool) -> tuple[str, ...]:
    """Say in sentences what a proof for any number of CPUs is about."""
    named = [f"CPU {number} ({cpu.current})" for number, cpu in enumerate(system.cpus) if cpu not in growing]
    kind = ", ".join(sorted({cpu.current for cpu in growing})) or "none"
    knobs = scenario.knobs
    irqs = "any number of interrupts" if endless else f"at most {knobs['irqs']} interrupts"
    fills = "fills and evicts translations of the pages named" if knobs["fills"] else "fills on a miss only"
    memory = {"sc": "memory is sequentially consistent", "tso": "stores pass store buffers"}[knobs["memory"]]
    return (
        f"{', '.join(named)}, one each, and any number of CPUs ({kind}), none included",
        "each task runs its program once, as the scenario has it; the pages and mms are those that it names",
        f"each CPU gets {irqs}, at most {knobs['nmis']} NMIs and at most {knobs['ticks']} ticks",
        f"the hardware {fills}; {memory}",
    )


def knob_text(value: Any) -> str:
    """Give a knob's value as a word without spaces, commas or colons."""
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


@dataclass(frozen=True)
class Story:
    """A story that can be told with other knobs: call it to set them.

    Attributes:
        name: its name; `about` is what it is about.
        defaults: every knob and its default.
        rules: the rules judged here besides those judged everywhere.
        sometimes: what is asked for an example of.
        temporary_mms: whether it makes sense only on kernels that have use_temporary_mm().
        choices: the allowed words of knobs that take a word.
    """

    name: str
    about: str
    set_stage: Callable[..., None] = field(repr=False)
    defaults: Mapping[str, Any]
    rules: tuple[str, ...]
    sometimes: Sometimes
    temporary_mms: bool
    choices: Mapping[str, tuple[str, ...]]

    def __call__(self, **knobs: Any) -> Scenario:
        """Give the scenario with these knobs.

        Raises:
            ModelError: a knob does not exist or makes no sense, or this kernel lacks what the story needs.
        """
        strangers = [knob for knob in knobs if knob not in self.defaults]
        if strangers:
            raise ModelError(f"{self.name} has no knob {', '.join(strangers)}. It has {', '.join(self.defaults)}.")
        chosen = {**self.defaults, **knobs}
        build = a_build(chosen.pop("build"))
        if self.temporary_mms and not build.temporary_mms:
            having = ", ".join(name for name, each in BUILDS.items() if each.temporary_mms)
            raise ModelError(
                f"{self.name} needs temporary mms, which {build.name} lacks. Builds that have them: {having}."
            )
        checked = {name: self.checked(name, value) for name, value in chosen.items()}
        judged = {*EVERYWHERE, *self.rules, *(["no-report"] if checked["no_report"] else [])}
        rules = tuple(rule for rule in RULES if rule in judged)
        return Scenario(self, build, MappingProxyType({"build": build, **checked}), rules)

    def checked(self, name: str, value: Any) -> Any:
        """Give a knob's value if it makes sense, also when it comes as text, else say what would."""
        if name == "config":
            return Config.parse(value) if isinstance(value, str) else a_thing(value, Config, "config is a Config.")
        words = {"handler": tuple(HANDLERS), "memory": ("sc", "tso"), **self.choices}
        if name in words:
            return one_of(value, words[name], name)
        if isinstance(self.defaults[name], bool):
            value = {"yes": True, "no": False, "True": True, "False": False}.get(value, value)
            return a_thing(value, bool, f"{name} is True or False.")
        number = whole_number(int(value) if isinstance(value, str) and value.isdecimal() else value, name)
        least, most = (1 if name in ("cpus", "pokes", "senders", "pokers") else 0), MOST.get(name, 4)
        if not least <= number <= most:
            raise ModelError(f"{name} must be from {least} to {most}, not {number}.")
        return number

    @property
    def __signature__(self) -> inspect.Signature:
        """The knobs, for help() and for editors."""
        kind = inspect.Parameter.KEYWORD_ONLY
        return inspect.Signature([inspect.Parameter(name, kind, default=v) for name, v in self.defaults.items()])


STORIES: dict[str, Story] = {}
"""Every scenario by name."""


def story(
    *rules: str,
    sometimes: Sometimes | None = None,
    temporary_mms: bool = False,
    choices: Mapping[str, tuple[str, ...]] | None = None,
    **defaults: Any,
) -> Callable[[Callable[..., None]], Story]:
    """Make a story of a function that sets a stage. The keywords are `Story`'s; the rest are other common defaults."""

    def decorate(set_stage: Callable[..., None]) -> Story:
        parameters = inspect.signature(set_stage).parameters.values()
        own = {each.name: each.default for each in parameters if each.kind is each.KEYWORD_ONLY}
        every = {**COMMON, **defaults, **{name: value for name, value in own.items() if name not in COMMON}}
        name = getattr(set_stage, "__name__", "")
        made = Story(
            name, inspect.getdoc(set_stage) or "", set_stage, MappingProxyType(every), rules, sometimes or {},
            temporary_mms, choices or {},
        )  # fmt: skip
        STORIES[name] = made
        return made

    return decorate
