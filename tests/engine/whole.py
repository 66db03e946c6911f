"""The plain search and the tables side by side: each whole system with the numbers that the tables know it by."""

from collections import deque

from tempmm_lab.engine.joint import Joint
from tempmm_lab.engine.roles import roles_of
from tempmm_lab.engine.tables import Tables


def taken_apart(chosen):
    """Give the whole states of a scenario made of table entries, no CPUs exchanged."""
    tables = Tables(chosen.apart())
    return Joint(tables, roles_of(tables.start), symmetry=False)


def put_together(joint, state):
    """Give the system that a state of the tables stands for."""
    tables = joint.tables
    return tables.apart.together(tuple(tables.owns[own] for own in state[:-1]), tables.values[state[-1]])


def plainly(chosen, system):
    """Give what the plain model does next: {action: (system, what it breaks and prints)}."""
    return {
        action: (after, {("rule", name) for name in broken} | {("report", text) for text in reports})
        for action, after, broken, reports in chosen.successors(system)
    }


def by_tables(joint, state):
    """Give what the tables do next: {action: (state, what it breaks and prints)}."""
    return {
        joint.tables.apart.action(cpu, edge.action): (after, set(edge.targets))
        for cpu, edge, after in joint.successors(state)
    }


def walked(chosen, joint=None):
    """Go through every system breadth first, both ways.

    Gives {system: state of the tables} and all places where the square does not commute, as (system, what).
    """
    joint = joint or taken_apart(chosen)
    start = put_together(joint, joint.start)
    states, wrong, queue = {start: joint.start}, [], deque([start])
    while queue:
        system = queue.popleft()
        plain, table = plainly(chosen, system), by_tables(joint, states[system])
        if {action: (put_together(joint, after), said) for action, (after, said) in table.items()} != plain:
            wrong.append((system, "the successors"))
        wrong += [(system, what) for what in _told(chosen, joint, system, states[system], plain)]
        for action, (after, _) in plain.items():
            if after not in states:
                states[after] = table[action][0] if action in table else None
                queue += [after] if action in table else []
            elif action in table and table[action][0] != states[after]:
                wrong.append((system, "one system, two states"))
    return states, wrong


def _told(chosen, joint, system, state, plain):
    """Give the rules about states on which the two do not agree."""
    broken = {("rule", name) for name, rule in chosen.always.items() if not rule(system)}
    if joint.broken(state) != broken:
        yield "the rules"
    if joint.stuck(state) != chosen.stuck(system, list(plain)):
        yield "standing still"
