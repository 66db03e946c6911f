"""Random small programs on two or three CPUs: cells, locks, interrupts, IPIs, user memory, and rules to break."""

import random

from tempmm_lab import op
from tempmm_lab.kernel.bug import BUG_ON, WARN_ON_ONCE
from tempmm_lab.kernel.irqflags import local_irq_restore, local_irq_save
from tempmm_lab.kernel.layout import FRAMES, USER_MM, USER_PAGE
from tempmm_lab.kernel.locks import Lock, acquire, release, spin_lock, spin_unlock, try_acquire
from tempmm_lab.kernel.percpu import read_once, write_locked, write_once
from tempmm_lab.kernel.preempt import preempt_disable, preempt_enable
from tempmm_lab.kernel.smp import ONLINE, send_ipi, smp_call_function_many_cond, wait_for_acks
from tempmm_lab.kernel.tlbflush import PAGE_SHIFT, flush_tlb_mm_range
from tempmm_lab.kernel.uaccess import user_load
from tempmm_lab.scenarios.programs import cpu_relax, free_page, zap_pte
from tests.engine.mini import mini

CELLS = ("x", "y")
LOCKS = (Lock("one", "spin"), Lock("two", "mutex"))
SYNC = ("sync_core",)


@op
def fails_if_both(cpu):
    """Break a rule where both cells are set."""
    if cpu.read(("done", "x")) and cpu.read(("done", "y")):
        cpu.fail("prev-mm-back")


@op
def fails_if(cpu, name):
    """Break a rule where a cell is set."""
    if cpu.read(("done", name)):
        cpu.fail("only-poker-writes")


@op
def takes(cpu, name):
    """Add one to a cell, in one step, up to two; say what it was."""
    value = cpu.read(("tlb_gen", name))
    cpu.write_locked(("tlb_gen", name), min(value + 1, 2))
    return value


@op
def pries_open(cpu, lock):
    """Give a lock back whoever holds it: what no code may do."""
    if cpu.read(("lock", lock.name)):
        cpu.unlock(lock.name)


async def runs(*steps):
    """Run a program that is given as data."""
    for kind, *rest in steps:
        await KINDS[kind](*rest)


async def _locked(lock, body):
    await acquire(lock)
    await runs(*body)
    await release(lock)


async def _spins(lock, body):
    await spin_lock(lock)
    await runs(*body)
    await spin_unlock(lock)


async def _tries(lock, body):
    if await try_acquire(lock):
        await runs(*body)
        await release(lock)


async def _irqs_off(body):
    flags = await local_irq_save()
    await runs(*body)
    await local_irq_restore(flags)


async def _preempt_off(body):
    await preempt_disable()
    await runs(*body)
    await preempt_enable()


async def _if_set(name, body, other):
    await runs(*(body if await read_once("done", name) else other))


async def _sets(name, value):
    await write_once("done", name, value)


async def _sets_locked(name, value):
    await write_locked("done", name, value)


async def _warns(name):
    await WARN_ON_ONCE(await read_once("done", name), f"{name} is set")


async def _dies(name):
    await BUG_ON(await read_once("done", name), f"{name} is set")


async def _counts(name, body):
    if await takes(name):
        await runs(*body)


async def _calls():
    await smp_call_function_many_cond(SYNC, ONLINE, run_local=False)


async def _calls_by_hand(body):
    if await send_ipi(SYNC, ONLINE):
        await runs(*body)
        await wait_for_acks(SYNC)


async def _unmaps(flushes, frees):
    await zap_pte(USER_MM, USER_PAGE)
    if flushes:
        await flush_tlb_mm_range(USER_MM, USER_PAGE, USER_PAGE + 4096, PAGE_SHIFT, False)
    if frees:
        await free_page(FRAMES[USER_MM][1])


async def _loads():
    await user_load(USER_PAGE)


async def _both():
    await fails_if_both()


async def _fails(name):
    await fails_if(name)


async def _pries(lock):
    await pries_open(lock)


async def _leaves(lock):
    await acquire(lock)


async def _relaxes():
    await cpu_relax()


KINDS = {
    "locked": _locked, "spins": _spins, "tries": _tries, "irqs off": _irqs_off, "preempt off": _preempt_off,
    "if": _if_set, "set": _sets, "set locked": _sets_locked, "warn": _warns, "die": _dies, "count": _counts,
    "call": _calls, "call by hand": _calls_by_hand, "unmap": _unmaps, "load": _loads, "both": _both, "fail": _fails,
    "pry": _pries, "leave": _leaves, "relax": _relaxes,
}  # fmt: skip
SIMPLE = ("set", "set", "set", "set locked", "warn", "both", "fail", "relax")
NESTING = ("locked", "locked", "locked", "spins", "tries", "irqs off", "preempt off", "if", "count")
RARE = ("call", "call by hand", "die", "unmap", "pry", "pry")


def step(rng, depth):
    """Give one random step."""
    chance = rng.random()
    kind = rng.choice(NESTING if chance < 0.45 and depth else SIMPLE if chance < 0.9 or not depth else RARE)
    name, lock = rng.choice(CELLS), rng.choice(LOCKS)
    if kind in ("locked", "spins", "tries"):
        return (kind, lock, body(rng, depth - 1))
    if kind in ("irqs off", "preempt off", "call by hand"):
        return (kind, body(rng, depth - 1))
    if kind == "if":
        return (kind, name, body(rng, depth - 1), body(rng, 0, least=0))
    if kind == "count":
        return (kind, name, body(rng, depth - 1))
    if kind in ("set", "set locked"):
        return (kind, name, rng.random() < 0.7)
    if kind == "unmap":
        return (kind, rng.random() < 0.7, rng.random() < 0.8)
    if kind == "pry":
        return (kind, lock)
    return (kind, name) if kind in ("warn", "die", "fail") else (kind,)


def body(rng, depth, least=1):
    """Give a random run of steps."""
    return tuple(step(rng, depth) for _ in range(rng.randint(least, 2)))


def program(rng, guard):
    """Give a whole program; with a guard all of it runs under that lock."""
    steps = body(rng, 2)
    return (runs, ("locked", guard, steps)) if guard else (runs, *steps)


def scenario(seed):
    """Give the random scenario of that number."""
    rng = random.Random(seed)
    guard = rng.choice(LOCKS) if rng.random() < 0.3 else None
    programs = [program(rng, guard if rng.random() < 0.8 else None) for _ in range(rng.choice((1, 2, 2, 2, 2, 3)))]
    if rng.random() < 0.08:
        programs[0] = (*programs[0], ("leave", LOCKS[0]))
        programs[-1] = (*programs[-1], ("pry", LOCKS[0]))
    user = ()
    if rng.random() < 0.15:
        programs.append((runs, *[("load",)] * rng.randint(1, 2)))
        user = (len(programs) - 1,)
        programs[0] = (runs, *programs[0][1:][:1], ("unmap", rng.random() < 0.7, True))
    cpus = min(3, len(programs) + (rng.random() < 0.5 or len(programs) == 1))  # one more is alike
    knobs = {"cpus": max(cpus, len(programs[:3])), "memory": "tso" if rng.random() < 0.15 else "sc"}
    if rng.random() < 0.35:
        handled = body(rng, 1)

        async def handler():
            await runs(*handled)

        knobs |= {"irqs": 1, "handler": handler}
    return mini(programs[:3], user=user, **knobs)
