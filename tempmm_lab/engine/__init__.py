"""The fast engine: the same answers as the plain search, found by looking at one CPU at a time.

It knows no x86. A model that can be taken apart (`Apart`) says what one CPU can do, given its own state and the values
of the shared cells that it reads. From that come tables, and on the tables work three searches: views (any number of
CPUs), the exact search (a given number), and the guided search (a shortest failing schedule).
"""
