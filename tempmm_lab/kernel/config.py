"""What the kernel was configured with, and what the CPU has."""

from __future__ import annotations

from dataclasses import dataclass, fields

from tempmm_lab.errors import ModelError, a_thing, one_of

PREEMPT_MODELS = ("none", "voluntary", "full", "lazy", "rt")


@dataclass(frozen=True, slots=True)
class Config:
    """A kernel's configuration and its CPU's abilities.

    Attributes:
        pcid: CR4.PCIDE is on. Off: one ASID, and every switch flushes (S49).
        pti: page-table isolation: a second top table and a second PCID for user mode.
        preempt: the preemption model: none, voluntary, full, lazy or rt.
        preempt_count: CONFIG_PREEMPT_COUNT. Only `none` and `voluntary` kernels may lack it, and only without
            `prove_locking`, which selects it.
        prove_locking: CONFIG_PROVE_LOCKING: lockdep's assertions are real.
        debug_vm: CONFIG_DEBUG_VM: the checks of the mm code are real.
        lass: CR4.LASS is on.
        perf_events: CONFIG_PERF_EVENTS: a switch updates CR4.PCE.
    """

    pcid: bool = True
    pti: bool = False
    preempt: str = "full"
    preempt_count: bool = True
    prove_locking: bool = True
    debug_vm: bool = False
    lass: bool = False
    perf_events: bool = True

    def __post_init__(self) -> None:
        """Refuse a kernel that cannot be configured."""
        one_of(self.preempt, PREEMPT_MODELS, "preempt")
        for field in fields(self):
            if field.name != "preempt":
                a_thing(getattr(self, field.name), bool, f"Config.{field.name} is True or False.")
        if not self.preempt_count and (self.preempt not in PREEMPT_MODELS[:2] or self.prove_locking):
            raise ModelError(
                "PREEMPT_COUNT can be left out only with preempt='none' or 'voluntary', and without prove_locking."
            )

    def __str__(self) -> str:
        """Give the differences from the default as one word: `debug_vm+no-pcid+preempt=lazy`."""
        default = Config()
        words = []
        for field in fields(self):
            value = getattr(self, field.name)
            if value != getattr(default, field.name):
                words.append(f"preempt={value}" if field.name == "preempt" else ("" if value else "no-") + field.name)
        return "+".join(words) or "default"

    @classmethod
    def parse(cls, text: str) -> Config:
        """Make a configuration of what `str` gives.

        Raises:
            ModelError: a word is none of the configuration's.
        """
        known = {field.name for field in fields(cls)} - {"preempt"}
        changes: dict[str, bool | str] = {}
        for word in [] if text == "default" else text.split("+"):
            name = word.removeprefix("no-")
            if word.startswith("preempt="):
                changes["preempt"] = word.removeprefix("preempt=")
            elif name in known:
                changes[name] = word == name
            else:
                raise ModelError(f"{word!r} is no part of a configuration. There are: preempt=, {', '.join(known)}.")
        return cls(**changes)  # type: ignore[arg-type]
