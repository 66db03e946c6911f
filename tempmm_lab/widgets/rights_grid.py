"""Switch a page's bits and the processor's rules, and see all nine verdicts change."""

from __future__ import annotations

import ipywidgets as w

from tempmm_lab.hw.build import KERNEL
from tempmm_lab.hw.registers import Registers
from tempmm_lab.hw.rights import Rights
from tempmm_lab.views.picture import Picture
from tempmm_lab.views.rights import draw_rights
from tempmm_lab.widgets.live import Live

SWITCHES = {
    "WP": "CR0.WP: the kernel respects RW",
    "SMEP": "CR4.SMEP: no kernel fetch from user pages",
    "SMAP": "CR4.SMAP: no kernel data access to user pages",
    "LASS": "CR4.LASS: the address decides first",
}
LOWER, UPPER = 0x7000, 0xFFFF_8880_0000_7000


class RightsGrid(Live):
    """Page bits on the left, the processor's rules on the right, and who may do what below."""

    name = "rights-grid"

    def __init__(self, registers: Registers, rights: Rights) -> None:
        """Begin with these rules and this page."""
        self.registers, self.rights = registers, rights
        super().__init__()

    def controls(self) -> list[w.Widget]:
        """Checkboxes: the page's rights, its half of the address space, and the rules."""
        narrow = w.Layout(width="auto", margin="0 14px 0 0")
        page = {"US": self.rights.user, "RW": self.rights.write, "NX": self.rights.nx}
        self.page = {
            name: w.Checkbox(value=value, description=f"{name}=1", indent=False, layout=narrow)
            for name, value in page.items()
        }
        self.upper = w.Checkbox(value=False, description="in the upper half", indent=False, layout=narrow)
        self.rules = {
            name: w.Checkbox(
                value=self.registers.bit(name), description=tip, indent=False, layout=w.Layout(width="340px")
            )
            for name, tip in SWITCHES.items()
        }
        for control in (*self.page.values(), self.upper, *self.rules.values()):
            self.watch(control)
        return [
            w.HBox([w.HTML("<b>The page, over all levels:</b>"), *self.page.values(), self.upper]),
            w.HBox(list(self.rules.values())),
        ]

    def draw(self) -> Picture:
        """Give the grid for the boxes as they are."""
        rights = Rights(self.page["US"].value, self.page["RW"].value, self.page["NX"].value)
        registers = self.registers.but(**{name: int(box.value) for name, box in self.rules.items()})
        return draw_rights(registers, rights, UPPER if self.upper.value else LOWER)


def rights_grid(registers: Registers = KERNEL, rights: Rights | None = None) -> RightsGrid:
    """Give a widget that shows who may read, write and execute a page; begin with a user page, RW."""
    return RightsGrid(registers, rights or Rights(user=True, write=True, nx=True))
