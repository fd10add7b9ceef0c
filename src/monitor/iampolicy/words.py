"""Which combinations of patterns one text can match, with an example of each, by automata.

Every pattern is a chain of states; all chains run side by side as the bits of one number. Walking
from state set to state set finds each reachable combination and a shortest text for it, exactly.
"""

from __future__ import annotations

import string
from collections.abc import Sequence
from dataclasses import dataclass, field

from monitor.iampolicy.glob import Pattern, Wild


@dataclass(frozen=True, slots=True)
class Chars:
    """The characters in `chars`, or with `excluded` all the others."""

    chars: frozenset[str]
    excluded: bool = False

    def __contains__(self, char: str) -> bool:
        return (char in self.chars) is not self.excluded


ANY = Chars(frozenset(), excluded=True)
DIGIT = Chars(frozenset(string.digits))
HEX = Chars(frozenset("0123456789abcdef"))
LOWER_ALNUM = Chars(frozenset(string.ascii_lowercase + string.digits))
UPPER_ALNUM = Chars(frozenset(string.ascii_uppercase + string.digits))
SLASH = Chars(frozenset("/"))
NOT_SLASH = Chars(frozenset("/"), excluded=True)
NOT_COLON = Chars(frozenset(":"), excluded=True)
NAME = Chars(frozenset(":/"), excluded=True)


@dataclass(frozen=True, slots=True)
class Chain:
    """States 0 to n; `steps[i]` leads from i to i + 1, `loops[i]` (if any) stays in i."""

    steps: tuple[Chars, ...]
    loops: tuple[Chars | None, ...]


@dataclass(slots=True)
class ChainBuilder:
    _steps: list[Chars] = field(default_factory=list)
    _loops: list[Chars | None] = field(default_factory=lambda: [None])

    def text(self, text: str) -> ChainBuilder:
        for char in text:
            self.one(Chars(frozenset(char)))
        return self

    def one(self, chars: Chars) -> ChainBuilder:
        self._steps.append(chars)
        self._loops.append(None)
        return self

    def many(self, chars: Chars) -> ChainBuilder:
        """Zero or more of them."""
        self._loops[-1] = chars
        return self

    def some(self, chars: Chars) -> ChainBuilder:
        """One or more of them."""
        return self.one(chars).many(chars)

    def pattern(self, pattern: Pattern, wild: Chars = ANY, *, fold: bool = False) -> ChainBuilder:
        """A glob whose wildcards stand for `wild`; `fold`: letters of either case."""
        for token in pattern:
            if token is Wild.ANY_MANY:
                self.many(wild)
            elif token is Wild.ANY_ONE:
                self.one(wild)
            else:
                char = str(token)
                same = frozenset((char, char.lower(), char.upper())) if fold else frozenset(char)
                self.one(Chars(frozenset(c for c in same if len(c) == 1)))
        return self

    def build(self) -> Chain:
        return Chain(tuple(self._steps), tuple(self._loops))


def chain(pattern: Pattern, wild: Chars = ANY, *, fold: bool = False) -> Chain:
    return ChainBuilder().pattern(pattern, wild, fold=fold).build()


# Shown in examples in this order of preference, where a pattern leaves the choice.
_ALPHABET = (
    "x" + string.ascii_lowercase + "5012346789" + string.ascii_uppercase + string.punctuation
)


@dataclass(slots=True)
class _Automaton:
    """All chains side by side: bit i of a state set is state i of the chains laid end to end."""

    start: int = 0
    size: int = 0
    accepting: list[int] = field(default_factory=list)
    steps: list[tuple[int, Chars]] = field(default_factory=list)
    loops: list[tuple[int, Chars]] = field(default_factory=list)

    def add(self, added: Chain) -> int:
        """The mask of the chain's states."""
        first = self.size
        self.start |= 1 << first
        self.steps += [(first + i, chars) for i, chars in enumerate(added.steps)]
        self.loops += [(first + i, chars) for i, chars in enumerate(added.loops) if chars]
        self.size += len(added.loops)
        self.accepting.append(self.size - 1)
        return ((1 << (self.size - first)) - 1) << first

    def moves(self) -> list[tuple[str, int, int]]:
        """One character of each kind that the chains tell apart, with its masks."""
        steps, loops = _by_chars(self.steps), _by_chars(self.loops)
        mentioned = {char for chars in (*steps, *loops) for char in chars.chars}
        kinds: dict[tuple[int, int], str] = {}
        for char in (*_ALPHABET, *sorted(mentioned - set(_ALPHABET)), "\u00e9", "\u4e2d"):
            step = sum(mask for chars, mask in steps.items() if char in chars)
            loop = sum(mask for chars, mask in loops.items() if char in chars)
            kinds.setdefault((step, loop), char)
        return [(char, step, loop) for (step, loop), char in kinds.items() if step or loop]


def _by_chars(edges: list[tuple[int, Chars]]) -> dict[Chars, int]:
    masks: dict[Chars, int] = {}
    for state, chars in edges:
        masks[chars] = masks.get(chars, 0) | 1 << state
    return masks


@dataclass(frozen=True, slots=True)
class Examples:
    """`found`: each set of patterns (bit i = pattern i) that some text matches exactly, with a
    shortest such text; None if that took more than the steps allowed. `steps`: how many it took."""

    found: dict[int, str] | None
    steps: int


def examples(patterns: Sequence[Chain], universe: Sequence[Chain], *, most: int) -> Examples:
    """Every combination of patterns that a text of the universe can match."""
    automaton = _Automaton()
    for pattern in patterns:
        automaton.add(pattern)
    alive = 0
    for allowed in universe:
        alive |= automaton.add(allowed)
    ends = automaton.accepting[len(patterns) :]
    inside = sum(1 << end for end in ends)
    marks = [(1 << state, 1 << i) for i, state in enumerate(automaton.accepting[: len(patterns)])]
    moves = automaton.moves()
    found: dict[int, str] = {}
    steps = 0
    seen = {automaton.start: ""}
    queue = [automaton.start]
    for states in queue:
        if states & inside:
            found.setdefault(sum(bit for mask, bit in marks if states & mask), seen[states])
        for char, step, loop in moves:
            after = ((states & step) << 1) | (states & loop)
            if after & alive and after not in seen:
                seen[after] = seen[states] + char
                queue.append(after)
        steps += len(moves)
        if steps > most:
            return Examples(None, steps)
    return Examples(found, steps)
