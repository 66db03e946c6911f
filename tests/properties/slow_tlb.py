"""A TLB of limited size kept in plain dicts over `translate`: slow, and easy to believe."""

from __future__ import annotations

from collections import OrderedDict

from tempmm_lab import Access, PageFault, translate

KINDS = tuple(Access)


class SlowTlb:
    """Sets of entries, the next to go first; a key is (space or "G", page size, page number), its value D."""

    def __init__(self, memory, registers, roots, shape, policy):
        self.memory, self.registers, self.roots, self.shape, self.policy = memory, registers, roots, shape, policy
        self.sets = [OrderedDict() for _ in range(shape.sets)]
        self.dirty_walks = 0

    def run(self, trace):
        """Give (pa, fault, hit) of each access."""
        self.now, answers, flushes = trace.space[0], [], list(trace.flushes)
        self.owners = OrderedDict({self.now: None})
        for number, (va, kind, space) in enumerate(zip(trace.va, trace.kind, trace.space, strict=True)):
            if space != self.now:
                self.switch(space)
            while flushes and flushes[0].before == number:
                self.flush(flushes.pop(0))
            answers.append(self.access(va, kind))
        return answers

    def drop(self, gone):
        """Drop every entry whose key is gone."""
        for ways in self.sets:
            for key in [key for key in ways if gone(key)]:
                del ways[key]

    def switch(self, space):
        """Go to another address space, as the policy has it."""
        self.now = space
        if self.policy.switch == "full":
            self.drop(lambda key: key[0] != "G")
        if self.policy.switch == "asids" and space not in self.owners:
            if len(self.owners) == 6:
                loser, _ = self.owners.popitem(last=False)
                self.drop(lambda key: key[0] == loser)
            self.owners[space] = None

    def flush(self, flush):
        """Take pages away: one by one, or with everything of the space."""
        ceiling = self.policy.ceiling
        if flush.pages is None or (ceiling is not None and flush.pages > ceiling):
            self.drop(lambda key: key[0] == self.now)
            return
        addresses = range(flush.va, flush.va + 0x1000 * flush.pages, 0x1000)
        self.drop(lambda key: key[0] in ("G", self.now) and any(key[2] == va // key[1] for va in addresses))

    def access(self, va, kind):
        """Give (pa, fault, hit) of one access."""
        walk = translate(self.memory, self.registers.but(cr3=self.roots[self.now]), va, KINDS[kind])
        if not walk.page_size:
            return None, walk.fault, False
        key = "G" if walk.leaf.entry.global_ else self.now, walk.page_size, va // walk.page_size
        ways = self.sets[key[2] % self.shape.sets]
        if walk.fault:
            if isinstance(walk.fault, PageFault):
                ways.pop(key, None)
            return None, walk.fault, False
        hit = key in ways
        self.dirty_walks += hit and kind == 1 and not ways[key]
        if not hit or (kind == 1 and not ways[key]):
            self.walked(walk)
        if not hit and len(ways) == self.shape.ways:
            ways.popitem(last=False)
        ways[key] = kind == 1 or (ways[key] if hit else walk.leaf.entry.dirty)
        if self.shape.policy == "lru":
            ways.move_to_end(key)
        return walk.pa, None, hit

    def walked(self, walk):
        """Let the walk set A and D."""
        for pa, word in walk.accessed_dirty.items():
            self.memory = self.memory.with_word(pa, word)
