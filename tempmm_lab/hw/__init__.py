"""The machine below the kernel: addresses, page tables, the walk, the TLB and the CPU, in the manual's words."""
