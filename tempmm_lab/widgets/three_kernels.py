"""One firmware call on three kernels, and one switch: may another CPU's flush interrupt it?"""

from __future__ import annotations

import ipywidgets as w

from tempmm_lab.threekernels import kernel_runs
from tempmm_lab.views.kernels import draw_kernels
from tempmm_lab.views.picture import Picture
from tempmm_lab.widgets.live import Live


class ThreeKernels(Live):
    """Three kernels, each explored over every order of events."""

    name = "three-kernels"

    def controls(self) -> list[w.Widget]:
        """Give the one switch."""
        self.flush = w.Checkbox(
            value=True,
            description="another CPU's flush may interrupt",
            indent=False,
            layout=w.Layout(width="auto"),
            tooltip="On: CPU 1 takes a page away from the task during its call. Off: CPU 1 leaves it alone",
        )
        self.watch(self.flush)
        return [self.flush]

    def draw(self) -> Picture:
        """Explore the three kernels as the switch says, and draw them."""
        return draw_kernels(kernel_runs(flush=bool(self.flush.value)))


def three_kernels() -> ThreeKernels:
    """Give a widget that runs one firmware call on three kernels, with another CPU's flush or without."""
    return ThreeKernels()
