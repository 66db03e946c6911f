"""The names of this floor that a reader meets."""

from tempmm_lab.bulk.addresses import AddressTrace
from tempmm_lab.bulk.files import Flush
from tempmm_lab.bulk.result import TraceResult
from tempmm_lab.bulk.shape import FlushPolicy, TlbShape
from tempmm_lab.bulk.tables import tables_for
from tempmm_lab.bulk.translate import flush_costs, hits_by_size, translate_trace
from tempmm_lab.bulk.translator import Translator

__all__ = [
    "AddressTrace",
    "Flush",
    "FlushPolicy",
    "TlbShape",
    "TraceResult",
    "Translator",
    "flush_costs",
    "hits_by_size",
    "tables_for",
    "translate_trace",
]
