"""Many accesses at once: traces of addresses through page tables and a TLB of limited size, and what flushing costs."""
