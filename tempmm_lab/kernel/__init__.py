"""Linux on the machine: one module per C file modelled, in v6.16's shape; older and other shapes in `history`."""
