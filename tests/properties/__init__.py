"""Claims that hold for every input, tried on many."""
