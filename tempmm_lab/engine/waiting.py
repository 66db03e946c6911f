"""Deadlock, told from views: can every CPU be waiting at once?

In a deadlock no CPU can take a step, and one of them has not finished. So at one spot each CPU's view is finished or
waits. That is a necessary condition, and it is sharpened until nothing more falls away: who waits for a lock holds it
itself, or needs another CPU among the waiting and finished that does; who waits for others needs one that keeps it
waiting; and each role that one CPU plays must be there. If at no spot a waiting view is left, there is no deadlock, for
any number of CPUs. What is left may be one, and is settled by the exact search.
"""

from __future__ import annotations

from tempmm_lab.engine.apart import Wait
from tempmm_lab.engine.edges import Place
from tempmm_lab.engine.spots import View
from tempmm_lab.engine.views import Views

NO_DEADLOCK = ("rule", "no-deadlock")


def may_wait_for_ever(views: Views) -> dict[int, tuple[View, ...]]:
    """Give, by spot, the views that could stand still together; only spots where one of them has not finished."""
    found = {}
    for number in range(len(views.spots)):
        still = _standing_still(views, number)
        if any(_place(views, number, view).unfinished for view in still):
            found[number] = still
    return found


def _place(views: Views, number: int, view: View) -> Place:
    return views.tables.place(view[1], views.spots[number].shared)


def _can_stand(views: Views, number: int, view: View) -> bool:
    """Say whether a CPU may have no step here: whatever it could do depends on others."""
    going = views.tables.apart.goes_on
    return all(edge.asks for edge in _place(views, number, view).edges if going(edge.action))


def _standing_still(views: Views, number: int) -> tuple[View, ...]:
    still = [view for view in views.spots[number].views if _can_stand(views, number, view)]
    while True:
        kept = [view for view in still if _stays(views, number, view, still)]
        present = {role for role, _ in kept}
        if any(one and role not in present for role, one in enumerate(views.roles.one)):
            return ()
        if len(kept) == len(still):
            return tuple(kept)
        still = kept


def _stays(views: Views, number: int, view: View, still: list[View]) -> bool:
    place = _place(views, number, view)
    if not place.unfinished:
        return True
    return any(_kept_waiting(views, view, wait, still) for wait in place.waits)


def _kept_waiting(views: Views, view: View, wait: Wait, still: list[View]) -> bool:
    others = [other for other in still if other[0] != view[0] or not views.roles.one[view[0]]]
    if isinstance(wait.on, tuple) and wait.on[:1] == ("lock",):
        return any(wait.on[1] in views.tables.held(own) for _, own in (view, *others))
    asked = [clauses for clauses, answer in wait.asks if not answer]
    return all(any(views.tables.satisfies(own, clauses) for _, own in others) for clauses in asked)
