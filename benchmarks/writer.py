"""What is common to the peers' models: conditions and effects of each option, as text.

One process per CPU, so that "all others" is a fixed list. What only one CPU touches is local to it. An answer that is
the same at every location is a constant; another is kept as a bit by the CPU that it is about.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from benchmarks.model import PENDING, Net, Option, Part, Way


@dataclass(frozen=True)
class Style:
    """How a model is written.

    Attributes:
        rules: the rules that are asserted; None for all.
        every_cell: keep cells that nothing depends on, as the plain search does.
    """

    rules: frozenset[str] | None = None
    every_cell: bool = False


@dataclass(frozen=True)
class Language:
    """How a language says things. `pick` has the places condition, yes, no."""

    both: str
    either: str
    no: str
    pick: str
    bits: tuple[str, str]


@dataclass
class Cpu:
    """What is known of one CPU while its process is written."""

    number: int
    part: Part
    flags: dict[tuple[bool, ...], str] = field(default_factory=dict)  # answers by location -> the bit that keeps them


Doing = tuple[str, str]
"""(variable, new value)."""


@dataclass(frozen=True)
class Choice:
    """An option as text: what must hold, what is done, where it leads to; whether it breaks a rule."""

    guards: list[str]
    effects: list[Doing]
    to: int
    breaks: bool = False


class Writer:
    """Writes the options of one net in one language."""

    def __init__(self, net: Net, style: Style, language: Language) -> None:
        self.net, self.style, self.language = net, style, language
        self.cpus = [Cpu(number, net.parts[role]) for number, role in enumerate(net.roles)]
        self.touched: list[set[int]] = [set() for _ in net.cells]
        self.read: set[int] = set()
        self.receives: set[int] = set()
        self.sent_to: set[int] = set()
        for cpu in self.cpus:
            self._note(cpu)
        for cpu in self.cpus:  # to learn which bits are asked about
            for place in range(len(cpu.part.options)):
                self.choices(cpu, place)

    def _note(self, cpu: Cpu) -> None:
        """Note what a CPU touches, and whom it sends to."""
        part = cpu.part
        for option in (option for options in part.options for option in options):
            self._note_read(cpu.number, option.when)
            for cell, _ in option.writes:
                if cell != PENDING:
                    self.touched[cell].add(cpu.number)
            for _, question in option.sends:
                self.sent_to.update(
                    other.number for other in self.cpus if other is not cpu and any(map(any, other.part.says[question]))
                )
        for way in (way for checks in part.checks for way, _ in checks):
            self._note_read(cpu.number, way)
        for way in (way for rests in part.rests for way in rests):
            self._note_read(cpu.number, way)

    def _note_read(self, number: int, way: Way) -> None:
        for cell, _ in way:
            if cell == PENDING:
                self.receives.add(number)
            else:
                self.read.add(cell)
                self.touched[cell].add(number)

    def cells(self, owner: int | None) -> list[int]:
        """Give the cells that are local to a CPU; or with None, those that are not local."""
        kept = [cell for cell in range(len(self.net.cells)) if self.style.every_cell or cell in self.read]
        if owner is None:
            return [cell for cell in kept if len(self.touched[cell]) > 1]
        return [cell for cell in kept if self.touched[cell] == {owner}]

    @property
    def queues(self) -> list[int]:
        """The CPUs that somebody sends something to."""
        return sorted(self.sent_to)

    def flag(self, cpu: Cpu, answers: tuple[bool, ...]) -> str:
        """Give an expression for a fact about a CPU's location."""
        if len(set(answers)) == 1:
            return self.language.bits[answers[0]]
        return cpu.flags.setdefault(answers, f"f{cpu.number}_{len(cpu.flags)}")

    def said(self, cpu: Cpu, question: int) -> str:
        """Give an expression for a CPU's answer to a question."""
        no, yes = self.language.bits
        says = cpu.part.says[question]
        base = self.flag(cpu, says[0])
        if cpu.number not in self.sent_to or base == yes:
            return base
        parts = [] if base == no else [base]
        for pending, answers in enumerate(says[1:], 1):
            if answers == says[0]:
                continue
            flag, there = self.flag(cpu, answers), f"(p{cpu.number} == {pending})"
            parts.append(there if flag == yes else f"({there}{self.language.both}{flag})")
        return self.language.either.join(parts) or no

    def guards(self, cpu: Cpu, option: Option) -> list[str] | None:
        """Give the conditions; None if they can't hold with these CPUs."""
        no, yes = self.language.bits
        found = self.holding(cpu, option.when)
        for question, none in option.asks:
            said = [self.said(other, question) for other in self.cpus if other is not cpu]
            said = [each for each in said if each != no]
            if (yes in said and none) or (not said and not none):
                return None
            if said and yes not in said:
                found.append(f"{self.language.no if none else ''}({self.language.either.join(said)})")
        return found

    def holding(self, cpu: Cpu, way: Way) -> list[str]:
        """Give the conditions that cells have these values. Who gets no IPIs has none pending."""
        return [
            f"p{cpu.number} == {value}" if cell == PENDING else f"c{cell} == {value}"
            for cell, value in way
            if cell != PENDING or cpu.number in self.sent_to
        ]

    def effects(self, cpu: Cpu, place: int, option: Option) -> list[Doing]:
        """Give what an option does."""
        kept = {*self.cells(None), *self.cells(cpu.number)}
        found = [
            (f"p{cpu.number}" if cell == PENDING else f"c{cell}", str(value))
            for cell, value in option.writes
            if cell == PENDING or cell in kept
        ]
        found += [
            (name, self.language.bits[answers[option.to]])
            for answers, name in cpu.flags.items()
            if answers[place] != answers[option.to]
        ]
        others = [other for other in self.cpus if other is not cpu]
        return found + [each for sent in option.sends for other in others for each in self.sending(other, *sent)]

    def sending(self, other: Cpu, payload: int, question: int) -> list[Doing]:
        """Give what a send does to one other CPU."""
        no, yes = self.language.bits
        said, queue = self.said(other, question), f"p{other.number}"
        if said == no:
            return []
        there = {before: after for (before, sent), after in self.net.delivered.items() if sent == payload}
        value = queue
        for before, after in there.items():
            value = self.language.pick.format(f"{queue} == {before}", after, value) if len(there) > 1 else str(after)
        return [(queue, value if said == yes else self.language.pick.format(said, value, queue))]

    def wanted(self, rules: tuple[str, ...]) -> bool:
        """Say whether one of the rules is asserted."""
        return bool(rules) and (self.style.rules is None or not self.style.rules.isdisjoint(rules))

    def choices(self, cpu: Cpu, place: int) -> list[Choice]:
        """Give all that can happen at a location."""
        found = []
        for option in cpu.part.options[place]:
            taken = [cell for cell, value in option.when if cell == PENDING and value]
            guards = None if taken and cpu.number not in self.sent_to else self.guards(cpu, option)
            if guards is not None:
                found.append(Choice(guards, self.effects(cpu, place, option), option.to, self.wanted(option.broken)))
        for way, rules in cpu.part.checks[place]:
            if self.wanted(rules):
                found.append(Choice(self.holding(cpu, way), [], place, breaks=True))
        return found + [Choice(self.holding(cpu, way), [], place) for way in cpu.part.rests[place]]

    def reached(self, cpu: Cpu) -> list[int]:
        """Give the locations that a CPU can come to among these CPUs."""
        places, queue = {cpu.part.start}, [cpu.part.start]
        while queue:
            for choice in self.choices(cpu, queue.pop()):
                if choice.to not in places:
                    places.add(choice.to)
                    queue.append(choice.to)
        return sorted(places)
