# SPDX-License-Identifier: MIT
"""Blocks and loops of a kernel's machine code, and the path that a warp takes through them when a person says
how often each loop runs."""

LONGEST = 20_000_000  # instructions of a trace; more is a mistake in a table


class FlowError(Exception):
    pass


class Block:
    def __init__(self, first, last):
        self.first, self.last = first, last  # indices of instructions
        self.taken = self.through = None     # blocks that may be next; none where the warp ends
        self.conditional = False
        self.before = []

    def after(self):
        return [b for b in (self.taken, self.through) if b is not None]


class Loop:
    def __init__(self, head, blocks):
        self.head, self.blocks = head, blocks
        self.parent, self.name, self.latches = None, "", []

    def depth(self):
        return 1 + self.parent.depth() if self.parent else 1


def is_jump(i):
    return i.name in ("BRA", "EXIT", "RET", "CALL", "JMP", "BRX", "BREAK", "KILL")


def is_conditional(i):
    return i.guarded or (i.name == "BRA" and len(i.operands) > 1)


class Flow:
    def __init__(self, function):
        self.code = function.code
        self.name = function.name
        self.index = {i.offset: n for n, i in enumerate(self.code)}
        self.labels = {k: self.index[v] for k, v in function.labels.items()}
        self.blocks = self._blocks()
        self.loops = self._loops()
        self.useful = {n for n, i in enumerate(self.code) if self._is_sum(n)}

    def target(self, i):
        if i.name in ("BRA", "CALL"):
            if i.label not in self.labels:
                raise FlowError(f"{self.name}: no label '{i.label}' for {i.text} at {i.offset:#x}")
            return self.labels[i.label]
        return None

    def _blocks(self):
        starts = {0} | {self.target(i) for i in self.code if self.target(i) is not None}
        starts |= {n + 1 for n, i in enumerate(self.code) if is_jump(i) and n + 1 < len(self.code)}
        ordered = sorted(starts)
        blocks = [Block(a, b - 1) for a, b in zip(ordered, ordered[1:] + [len(self.code)])]
        self.at = {b.first: b for b in blocks}
        for block in blocks:
            last = self.code[block.last]
            ends = last.name in ("BRA", "EXIT", "RET", "JMP", "BRX", "KILL") and not is_conditional(last)
            block.conditional = last.name in ("BRA", "EXIT") and is_conditional(last)
            if last.name == "BRA":
                block.taken = self.at[self.target(last)]
            if not ends:
                block.through = self.at.get(block.last + 1)
            for other in block.after():
                other.before.append(block)
        return blocks

    def _entries(self):
        return {self.blocks[0]} | {self.at[self.target(i)] for i in self.code if i.name == "CALL"}

    def _order(self):
        """Blocks that are reached, each before what it leads to as far as loops allow."""
        seen, order = set(), []
        for entry in sorted(self._entries(), key=lambda b: b.first):
            stack = [(entry, iter(entry.after()))] if entry not in seen else []
            seen.add(entry)
            while stack:
                block, rest = stack[-1]
                nxt = next((b for b in rest if b not in seen), None)
                if nxt is None:
                    order.append(block)
                    stack.pop()
                else:
                    seen.add(nxt)
                    stack.append((nxt, iter(nxt.after())))
        return order[::-1]

    def _dominators(self):
        order, entries = self._order(), self._entries()
        dominators = {b: {b} if b in entries else set(order) for b in order}
        changed = True
        while changed:
            changed = False
            for block in order:
                above = [dominators[b] for b in block.before if b in dominators]
                if block in entries or not above:
                    continue
                new = set.intersection(*above) | {block}
                if new != dominators[block]:
                    dominators[block], changed = new, True
        return dominators

    def _loops(self):
        dominators, found = self._dominators(), {}
        for block in dominators:
            for head in block.after():
                if head in dominators[block]:
                    loop = found.setdefault(head, Loop(head, {head}))
                    loop.latches.append(block)
                    self._fill(loop, block)
        loops = sorted(found.values(), key=lambda l: (l.head.first, -len(l.blocks)))
        loops = [l for l in loops if len(l.blocks) > 1 or self._does_something(l)]
        counts = {}
        for loop in loops:
            around = [o for o in loops if o is not loop and loop.head in o.blocks and loop.blocks < o.blocks]
            loop.parent = min(around, key=lambda o: len(o.blocks), default=None)
            counts[loop.parent] = counts.get(loop.parent, 0) + 1
            loop.name = f"{loop.parent.name}." if loop.parent else "L"
            loop.name += str(counts[loop.parent])
        return loops

    def _does_something(self, loop):
        return loop.head.last > loop.head.first

    @staticmethod
    def _fill(loop, block):
        waiting = [block]
        while waiting:
            block = waiting.pop()
            if block not in loop.blocks:
                loop.blocks.add(block)
                waiting.extend(block.before)

    # ---- which multiply-adds are those of products ----

    def _writers(self, register, block, before):
        """Instructions whose value `register` may have before instruction `before` of the block."""
        found, seen, waiting = [], set(), [(block, before)]
        while waiting:
            block, before = waiting.pop()
            writer = next((n for n in range(before - 1, block.first - 1, -1)
                           if register in self.code[n].written()), None)
            if writer is not None:
                found.append(self.code[writer])
            else:
                waiting.extend((b, b.last + 1) for b in block.before if b not in seen)
                seen.update(block.before)
        return found

    def _is_sum(self, n):
        """A multiply-add that goes on with a product or a sum of them, or begins with zero; not one that adds a
        constant or what was loaded, as those do that normalise, evaluate polynomials or step weights."""
        register = self.code[n].addend()
        if register is None or register == 255:
            return register == 255
        block = next(b for b in self.blocks if b.first <= n <= b.last)
        return any(i.name in ("FFMA", "FMUL") or i.text.endswith("SRZ") for i in self._writers(register, block, n))

    # ---- what is in a loop ----

    def instructions(self, loop, inner=True):
        """Indices of its instructions."""
        nested = set() if inner else {b for o in self.loops if o.parent is loop for b in o.blocks}
        return [n for b in sorted(loop.blocks - nested, key=lambda b: b.first) for n in range(b.first, b.last + 1)]

    def that_multiply(self, least):
        """Loops with so many useful multiply-adds of their own, and none within that has as many."""
        own = {l: sum(n in self.useful for n in self.instructions(l, inner=False)) for l in self.loops}
        return [l for l in self.loops if own[l] >= least and
                not any(own[o] >= least and o.blocks < l.blocks for o in self.loops)]

    def jumps(self, loop):
        """Conditional jumps of a loop that are in no loop within, or with None outside of all loops."""
        mine = {n for b in self.blocks if not any(b in l.blocks for l in self.loops)
                for n in range(b.first, b.last + 1)} if loop is None else self.instructions(loop, inner=False)
        return [n for n in sorted(mine) if self.code[n].name in ("BRA", "EXIT") and is_conditional(self.code[n])]

    def find(self, name):
        """A loop by its name or by the offset of its first instruction."""
        for loop in self.loops:
            offset = self.code[loop.head.first].offset
            if name == loop.name or (name.startswith("0x") and int(name, 16) == offset):
                return loop
        raise FlowError(f"{self.name} has no loop {name}: 'issue.py nest {self.name}' lists them")

    def place(self, name):
        """Index of an instruction: by offset; `L1`, where a loop begins; `after L1`; `L1#2`, its second conditional
        jump; `#2`, the second outside of all loops."""
        if name.startswith("0x"):
            if int(name, 16) not in self.index:
                raise FlowError(f"{self.name} has no instruction at {name}")
            return self.index[int(name, 16)]
        if "#" in name:
            loop, number = name.split("#", 1)
            jumps = self.jumps(self.find(loop) if loop else None)
            if not number.isdigit() or not 0 < int(number) <= len(jumps):
                raise FlowError(f"{self.name} has no jump {name}: 'issue.py nest {self.name}' lists them")
            return jumps[int(number) - 1]
        if name.startswith("after "):
            return 1 + max(b.last for b in self.find(name[6:]).blocks)
        return self.find(name).head.first


class Walk:
    """The path of a warp. `trips`: how often loops run, by name or offset; `branches`: what conditional jumps do,
    by place: true (taken), false, or a text of t and n for one time after the other, which begins anew at its
    end. Loops that are not named run once; other jumps forward are not taken, unless to get round a call."""

    def __init__(self, flow, trips, branches):
        self.flow = flow
        self.trips = {flow.find(name): int(count) for name, count in trips.items()}
        self.branches = {}
        for name, rule in branches.items():
            at = flow.place(name)
            if flow.code[at].name not in ("BRA", "EXIT") or not is_conditional(flow.code[at]):
                raise FlowError(f"{flow.name}: {name} is no conditional jump")
            if not isinstance(rule, bool) and not (rule and isinstance(rule, str) and set(rule) <= set("tn")):
                raise FlowError(f"{flow.name}: {name} is true, false, or a text of t and n")
            self.branches[at] = rule
        self.visits, self.turns = {}, {}
        self.around = {b: sorted((l for l in flow.loops if b in l.blocks), key=lambda l: len(l.blocks))
                       for b in flow.blocks}

    def unnamed(self):
        """Loops that the path met, of which nobody said how often they run."""
        return [l for l in self.flow.loops if l in self.visits and l not in self.trips]

    def _by_rule(self, at):
        rule = self.branches[at]
        if isinstance(rule, bool):
            return rule
        turn = self.turns.get(at, 0)
        self.turns[at] = turn + 1
        return rule[turn % len(rule)] == "t"

    @staticmethod
    def _ends(loop, block):
        """Whether the loop is left here once it has run often enough: at its end, or where else it can be."""
        def leaves(b):
            return b.conditional and (b.taken not in loop.blocks or b.through not in loop.blocks)
        at_end = [b for b in loop.latches if leaves(b)]
        return block in (at_end or sorted(filter(leaves, loop.blocks), key=lambda b: b.first)[-1:])

    def _is_taken(self, block):
        if block.last in self.branches:
            return self._by_rule(block.last)
        for loop in self.around[block]:
            inside = [b in loop.blocks for b in (block.taken, block.through)]
            if inside[0] != inside[1]:
                enough = self.visits.get(loop, 0) >= self.trips.get(loop, 1)
                return inside[0] != (enough and self._ends(loop, block))
        return self._calls(block.through) and not self._calls(block.taken)

    def _calls(self, block):
        """A call there is the slow way for rare numbers."""
        return block is not None and self.flow.code[block.last].name == "CALL"

    def _enter(self, block, source):
        for loop in self.around[block]:
            if loop.head is block:
                self.visits[loop] = self.visits.get(loop, 0) + 1 if source in loop.blocks else 1

    def _after(self, block, calls):
        """The block that follows, or none at the end."""
        last = self.flow.code[block.last]
        if last.name == "CALL":
            calls.append(block.through)
            return self.flow.at[self.flow.target(last)]
        if last.name == "RET" and not last.guarded:
            return calls.pop() if calls else None
        if last.name in ("BRA", "EXIT") and (not block.conditional or self._is_taken(block)):
            return block.taken
        if last.name in ("BRX", "JMP"):
            raise FlowError(f"{self.flow.name}: {last.text} at {last.offset:#x} goes where only registers tell")
        return block.through

    def path(self, loop=None):
        """Indices of the instructions, in their order: of the kernel, or of a loop's body once."""
        out, calls, source = [], [], None
        block = loop.head if loop else self.flow.blocks[0]
        if loop:
            self.trips[loop] = LONGEST
        while block is not None and not (loop and source and block is loop.head):
            self._enter(block, source)
            out.extend(range(block.first, block.last + 1))
            if len(out) > LONGEST:
                raise FlowError(f"{self.flow.name}: the path has no end")
            source, block = block, self._after(block, calls)
        return out
