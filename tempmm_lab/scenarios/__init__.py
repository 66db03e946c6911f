"""The scenarios: small machines with a story, on which every interleaving can be tried."""

from tempmm_lab.scenarios.efi_stories import efi_call
from tempmm_lab.scenarios.misuse import hw_breakpoints, nested, schedule_inside
from tempmm_lab.scenarios.scenario import STORIES, Scenario
from tempmm_lab.scenarios.stories import context_switch, lazy_tlb, nmi_in_window, shootdown, stale_alias, text_poke

__all__ = [
    "STORIES", "Scenario", "context_switch", "efi_call", "hw_breakpoints", "lazy_tlb", "nested", "nmi_in_window",
    "schedule_inside", "shootdown", "stale_alias", "text_poke",
]  # fmt: skip
