r"""Matches patterns of schemas as Go does: its dialect, and in time linear in the text.

A CRD's patterns are written for Go's `regexp`, which is what an API server and kubeconform use. Python's
`re` reads some of them differently (`$`, `\d`, `[[:alpha:]]`, `(?i)` in the middle) and needs exponential time for
others: `^(([a-z])*(x)*)*$`, whose like ClusterLogForwarder has, takes hours over forty characters.
The syntax is that of https://pkg.go.dev/regexp/syntax, without `\p`, `\Q`, `\b`, `\C` and `(?m)`.
"""

from __future__ import annotations

from functools import cache

from gitops_tool.records import field, record
from gitops_tool.schemas.pattern_syntax import (
    Anchor,
    Choice,
    Node,
    Repeat,
    Sequence,
    Set,
    UnsupportedPatternError,
    parse_pattern,
)

_STATE_LIMIT = 50_000


@record(frozen=False)
class Pattern:
    """A compiled pattern: a non-deterministic automaton, walked with all its states at once.

    A state holds what it consumes (`sets`), or only moves on: `moves` lists the states it leads to without
    consuming, `anchors` those that it leads to at the text's start or end.
    """

    sets: dict[int, tuple[Set, int]] = field(default_factory=dict)
    moves: dict[int, list[int]] = field(default_factory=dict)
    anchors: dict[int, tuple[bool, int]] = field(default_factory=dict)
    size: int = 2
    _closures: dict[tuple[int, bool, bool], frozenset[int]] = field(default_factory=dict)

    def search(self, text: str) -> bool:
        """Tell whether the pattern matches anywhere in the text."""
        last = len(text)
        active: set[int] = set()
        for position in range(last + 1):
            here = self._closure(0, position == 0, position == last)
            reached = set(here).union(*(self._closure(state, position == 0, position == last) for state in active))
            if 1 in reached:
                return True
            if position < last:
                steps = (self.sets[state] for state in reached if state in self.sets)
                active = {target for chars, target in steps if chars.holds(text[position])}
        return False

    def _closure(self, state: int, at_start: bool, at_end: bool) -> frozenset[int]:
        key = (state, at_start, at_end)
        if key not in self._closures:
            seen, todo = {state}, [state]
            while todo:
                current = todo.pop()
                ahead = list(self.moves.get(current, ()))
                if current in self.anchors:
                    end, target = self.anchors[current]
                    ahead += [target] if (at_end if end else at_start) else []
                todo += [target for target in ahead if target not in seen]
                seen.update(ahead)
            self._closures[key] = frozenset(seen)
        return self._closures[key]

    def add(self, node: Node, start: int, end: int) -> None:
        """Lay a node between two states."""
        if isinstance(node, Set):
            self.sets[self._after(start)] = (node, end)
        elif isinstance(node, Anchor):
            self.anchors[self._after(start)] = (node.end, end)
        elif isinstance(node, Choice):
            for option in node.options:
                self.add(option, self._after(start), end)
        elif isinstance(node, Sequence):
            for part in node.parts:
                begin, start = start, self._new()
                self.add(part, begin, start)
            self._link(start, end)
        else:
            self._repeat(node, start, end)

    def _repeat(self, node: Repeat, start: int, end: int) -> None:
        for _ in range(node.least):
            begin, start = start, self._new()
            self.add(node.body, begin, start)
        if node.most is None:
            loop = self._after(start)
            self.add(node.body, loop, loop)
            self._link(loop, end)
            return
        for _ in range(node.most - node.least):
            self._link(start, end)
            begin, start = start, self._new()
            self.add(node.body, begin, start)
        self._link(start, end)

    def _new(self) -> int:
        if self.size > _STATE_LIMIT:
            raise UnsupportedPatternError("nested repetition counts")
        self.size += 1
        return self.size - 1

    def _after(self, state: int) -> int:
        """Return a fresh state that is reached from the given one for free."""
        fresh = self._new()
        self._link(state, fresh)
        return fresh

    def _link(self, start: int, end: int) -> None:
        self.moves.setdefault(start, []).append(end)


@cache
def compile_pattern(pattern: str) -> Pattern:
    """Compile a pattern in Go's syntax.

    Raises:
        UnsupportedPatternError: it is not Go's syntax, or of the part left out here.
    """
    automaton = Pattern()
    automaton.add(parse_pattern(pattern), 0, 1)
    return automaton


def is_supported(pattern: str) -> bool:
    """Tell whether `compile_pattern` takes the pattern."""
    try:
        compile_pattern(pattern)
    except UnsupportedPatternError:
        return False
    return True
