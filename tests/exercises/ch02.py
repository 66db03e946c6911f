"""Answers to the exercises of chapter 2."""

from __future__ import annotations

from typing import Any

from tempmm_lab import Access, Page, machine_with
from tempmm_lab.hw.build import KERNEL
from tempmm_lab.hw.rights import PageFault, refusal
from tests.exercises.answers import but, right, wrong, wrong_about, wrong_function

PLACES = ("first", "second", "third")

# ch02-outcome


def _on_a_machine(facts: Any) -> Any:
    """Lay the four entries out in memory, and let the model's machine try."""
    machine = machine_with([Page(0x7000, 0xA3000)], registers=KERNEL.but(**facts["switches"]))
    for level in machine.walk(0x7000).levels:
        flags = facts["entries"][level.level.entry_name].split()
        bits = {"P": 1, "RW": 2, "US": 4, "A": 0x20, "NX": 1 << 63}
        machine = machine.with_word(level.entry_pa, int(level.entry.address) | sum(bits[flag] for flag in flags))
    found = []
    for what in facts["tries"]:
        who, access = what.split()
        fault = machine.but(cpl=3 if who == "program" else 0).walk(0x7000, Access(access)).fault
        found.append(fault.error_code if isinstance(fault, PageFault) else "allowed")
    return dict(zip(PLACES, found, strict=True))


def _by_rules(facts: Any) -> Any:
    """Think it through with sets of flags."""
    entries, on = [set(flags.split()) for flags in facts["entries"].values()], facts["switches"]
    user, write = all("US" in one for one in entries), all("RW" in one for one in entries)
    nx, found = any("NX" in one for one in entries), []
    for what in facts["tries"]:
        who, access = what.split()
        program, code = who == "program", 1
        if access == "execute":
            no = nx or (not user if program else user and on["SMEP"])
        else:
            no = not user if program else user and on["SMAP"] and not on["AC"]
            no = no or (access == "write" and not write and (program or on["WP"]))
        code += 2 * (access == "write") + 4 * program + 16 * (access == "execute")
        found.append(code if no else "allowed")
    return dict(zip(PLACES, found, strict=True))


def _codes(mask: int) -> Any:
    return lambda _, key: {name: one if one == "allowed" else one & ~mask for name, one in key.items()}


def _leaf_alone(facts: Any, _: Any) -> Any:
    leaf = facts["entries"]["PTE"]
    return _by_rules({**facts, "entries": dict.fromkeys(facts["entries"], leaf)})


def _with(**switches: int) -> Any:
    return lambda facts, _: _by_rules({**facts, "switches": facts["switches"] | switches})


def _whose_page(facts: Any, key: Any) -> Any:
    user = all("US" in flags for flags in facts["entries"].values())
    return {name: one if one == "allowed" else one & ~4 | 4 * user for name, one in key.items()}


wrong("ch02-outcome", "the leaf decides", _leaf_alone, "first second", "PTE alone")
wrong("ch02-outcome", "no bit for present", _codes(1), "second", "Bit 0 is 1")
wrong("ch02-outcome", "no bit for a fetch", _codes(0x10), "third", "bit 4", seed=1)
wrong("ch02-outcome", "whose page it is", _whose_page, "second", "who made the access")
wrong("ch02-outcome", "WP is always on", _with(WP=1), "second", "only while WP is 1", seed=8)
wrong("ch02-outcome", "AC changes nothing", _with(AC=0), "second", "SMAP is silent", seed=10)
wrong("ch02-outcome", "SMAP changes nothing", _with(SMAP=0), "second", "SMAP is on", seed=17)
wrong("ch02-outcome", "NX for programs", but(third="allowed"), "third", "the kernel's too", seed=1)
wrong("ch02-outcome", "a word for a number", but(second="#PF"), "second", "or 'allowed'")
right("ch02-outcome", "on a machine", _on_a_machine)
right("ch02-outcome", "by the rules", _by_rules)

# ch02-rule


def in_a_line(registers: Any, rights: Any, access: Any) -> bool:
    """Ask the library."""
    return refusal(registers, rights, access) is None


def my_rule(registers: Any, rights: Any, access: Any) -> bool:
    """Write every rule out."""
    if access is Access.EXECUTE:
        if rights.nx:
            return False
        return rights.user if registers.cpl == 3 else not (rights.user and registers.bit("SMEP"))
    if registers.cpl == 3:
        return rights.user and (access is Access.READ or rights.write)
    if rights.user and registers.bit("SMAP") and not registers.bit("AC"):
        return False
    return access is Access.READ or rights.write or not registers.bit("WP")


def kernel_may_all(registers: Any, rights: Any, access: Any) -> bool:
    """Let the kernel do anything."""
    return registers.cpl == 0 or my_rule(registers, rights, access)


def no_wp(registers: Any, rights: Any, access: Any) -> bool:
    """Forget WP."""
    return my_rule(registers.but(WP=0), rights, access)


def no_smep(registers: Any, rights: Any, access: Any) -> bool:
    """Forget SMEP."""
    return my_rule(registers.but(SMEP=0), rights, access)


def ac_for_all(registers: Any, rights: Any, access: Any) -> bool:
    """Let AC silence everything about user pages."""
    silent = registers.cpl == 0 and rights.user and registers.bit("AC")
    return silent or my_rule(registers, rights, access)


def nx_for_programs(registers: Any, rights: Any, access: Any) -> bool:
    """Let the kernel execute what has NX."""
    if registers.cpl == 0 and access is Access.EXECUTE:
        return not (rights.user and registers.bit("SMEP"))
    return my_rule(registers, rights, access)


def gives_numbers(registers: Any, rights: Any, access: Any) -> int:
    """Give 1 for True: another type."""
    return int(my_rule(registers, rights, access))


def always(registers: Any, rights: Any, access: Any) -> bool:
    """Allow everything."""
    return True


wrong_function("ch02-rule", kernel_may_all, "write execute SMEP SMAP", "may do anything")
wrong_function("ch02-rule", no_wp, "write", "do not ask WP")
wrong_function("ch02-rule", no_smep, "SMEP", "do not ask SMEP")
wrong_function("ch02-rule", ac_for_all, "write SMEP", "nothing else")
wrong_function("ch02-rule", nx_for_programs, "execute SMEP", "NX binds the kernel")
wrong_function("ch02-rule", gives_numbers, "all", "right is True, yours is 1")
wrong_function("ch02-rule", always, "all", "the same answer every time")
right("ch02-rule", "the library's", lambda _: in_a_line)
right("ch02-rule", "written out", lambda _: my_rule)

# ch02-switch


def _switches(silence: str) -> Any:
    """Give smallest sets that silence SMAP and LASS in one of the two ways there are."""

    def make(facts: Any, *_: Any) -> Any:
        sets = []
        for one in facts["situations"]:
            data = [silence] if one["SMAP"] and (one["US"] or one["LASS"]) else []
            sets.append([*(["WP"] if not one["RW"] and one["WP"] else []), *data])
        return dict(zip(PLACES, sets, strict=True))

    return make


def _first_is(*names: str) -> Any:
    return lambda _, key: {**key, "first": list(names)}


wrong("ch02-switch", "nothing", _first_is(), "first", "at least one")
wrong("ch02-switch", "SMEP for data", lambda _, key: {**key, "third": ["SMEP"]}, "third", "SMEP is about fetches")
wrong("ch02-switch", "WP alone", _first_is("WP"), "first", "LASS, which looks at the address")
wrong("ch02-switch", "one too many", _first_is("WP", "SMAP", "SMEP"), "first", "need not be touched")
wrong("ch02-switch", "SMAP alone", lambda _, key: {**key, "second": ["SMAP"]}, "second", "RW=0 binds the kernel")
wrong("ch02-switch", "a bit of the page", lambda _, key: {**key, "second": ["RW"]}, "second", "one of 'WP'")
right("ch02-switch", "SMAP off", _switches("SMAP"))
right("ch02-switch", "AC on", _switches("AC"))

# ch02-fetch

FALSE = ("Bit 2 is clear", "A reserved bit", "The page was not", "A program tried", "If the kernel had")


def _truths(facts: Any) -> list[bool]:
    return [not text.startswith(FALSE) for text in facts["statements"]]


wrong_about("ch02-fetch", "If the kernel had", "AC silences SMAP")
wrong_about("ch02-fetch", "The page was not", "Bit 0 would be 0")
wrong_about("ch02-fetch", "A reserved bit", "bit 3")
wrong_about("ch02-fetch", "The kernel made", "the kernel did")
wrong_about("ch02-fetch", "Bit 2 is clear", "not whose page")
right("ch02-fetch", "by the beginnings", lambda f: dict(zip("ABCDEF", _truths(f), strict=True)))
right("ch02-fetch", "backwards", lambda f: {"FEDCBA"[n]: one for n, one in enumerate(_truths(f)[::-1])})
