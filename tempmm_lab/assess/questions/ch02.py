"""What happens after the questions of chapter 2, Who may touch this page?"""

from __future__ import annotations

from tempmm_lab.assess.question import Outcome
from tempmm_lab.snapshots import Snapshot, load_snapshot
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.rights import draw_rights
from tempmm_lab.views.walk import draw_walk

ALIAS = "text_poke_mm_addr"


def _user() -> Snapshot:
    return load_snapshot("user")


def _poke() -> Snapshot:
    return load_snapshot("text_poke")


def _each(guest: Snapshot, va: str, access: str, *changes: dict[str, int]) -> str:
    lines = []
    for change in changes:
        named = ", ".join(f"{name}={value}" for name, value in change.items())
        walk = guest.walk(va, access, **change)
        lines.append(f"{named:<22} {walk}")
    return "\n".join(lines)


def _grid() -> Picture:
    guest = _user()
    return draw_rights(guest.registers, guest.walk("anon_read_only").rights)  # type: ignore[arg-type]


OUTCOMES: dict[str, Outcome] = {
    "ch02-alias-user": lambda: draw_walk(_poke().walk(ALIAS, cpl=3)),
    "ch02-user-write": lambda: draw_walk(_user().walk("anon_read_only", "write")),
    "ch02-wp": lambda: _each(_poke(), "_stext", "write", {"WP": 1}, {"WP": 0}),
    "ch02-nx": lambda: draw_walk(_user().walk("heap", "execute")),
    "ch02-nxe": lambda: draw_walk(_user().walk("heap", "read", NXE=0)),
    "ch02-smep": lambda: _each(_user(), "spin: text_main", "execute", {"cpl": 0, "AC": 0}, {"cpl": 0, "AC": 1}),
    "ch02-smap": lambda: _each(_user(), "heap", "read", {"cpl": 0, "AC": 0}, {"cpl": 0, "AC": 1}),
    "ch02-smap-write": lambda: (_each(_user(), "anon_read_only", "write", {"cpl": 0, "AC": 1}), _grid()),
    "ch02-alias-smap": lambda: draw_walk(_poke().walk(ALIAS, "write", SMAP=1, AC=0)),
    "ch02-lass": lambda: _each(
        _poke(), ALIAS, "write", {"LASS": 1, "AC": 0}, {"LASS": 1, "AC": 1}, {"LASS": 1, "SMAP": 0, "AC": 0}
    ),
}
"""Question id -> what is run and shown after an answer."""
