"""ECMAScript regular expressions (without flags) as a tree: the part that glob translation can produce.

Not read: back references, octal and control escapes and named groups. No glob needs them, and a pattern that
smuggles one in is refused as a whole rather than matched wrongly.
"""

from __future__ import annotations

from dataclasses import dataclass

MAX_DEPTH = 200
MAX_REPEAT = 1000

_LINE_ENDS = ((10, 10), (13, 13), (0x2028, 0x2029))
_DIGITS = ((48, 57),)
_WORD = ((48, 57), (65, 90), (95, 95), (97, 122))
_SPACES = (
    (9, 13),
    (32, 32),
    (160, 160),
    (0x1680, 0x1680),
    (0x2000, 0x200A),
    (0x2028, 0x2029),
    (0x202F, 0x202F),
    (0x205F, 0x205F),
    (0x3000, 0x3000),
    (0xFEFF, 0xFEFF),
)
_CONTROL = {"n": 10, "r": 13, "t": 9, "v": 11, "f": 12, "0": 0}

Range = tuple[int, int]


class SyntaxNotSupportedError(Exception):
    """The text is no expression, or one beyond what is read here."""


@dataclass(frozen=True, slots=True, eq=False)
class Characters:
    """One character of a set."""

    ranges: tuple[Range, ...]
    negated: bool = False

    def contains(self, char: str) -> bool:
        """Whether the character is in the set."""
        code = ord(char)
        return any(low <= code <= high for low, high in self.ranges) != self.negated


@dataclass(frozen=True, slots=True, eq=False)
class Sequence:
    """One part after the other."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Alternatives:
    """Any one of the branches."""

    branches: tuple[Node, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Repeat:
    """``inner`` from ``least`` to ``most`` times; ``None`` is without end."""

    inner: Node
    least: int
    most: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Lookaround:
    """True where ``inner`` follows (``ahead``) or goes before, or where it does not (``negated``)."""

    inner: Node
    ahead: bool
    negated: bool


@dataclass(frozen=True, slots=True, eq=False)
class Assertion:
    """``^`` the start of the text, ``$`` its end, ``b`` the edge of a word, ``B`` no edge of a word."""

    kind: str


WORD_CHARACTERS = Characters(_WORD)

Node = Characters | Sequence | Alternatives | Repeat | Lookaround | Assertion


def parse(source: str) -> Node:
    """Read an expression.

    Raises:
        SyntaxNotSupportedError: when it is none.
    """
    parser = _Parser(source)
    node = parser.alternatives(0)
    if parser.at < len(source):
        raise SyntaxNotSupportedError
    return node


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0

    def _here(self, ahead: int = 0) -> str:
        at = self.at + ahead
        return self.source[at] if at < len(self.source) else ""

    def _take(self) -> str:
        char = self._here()
        if not char:
            raise SyntaxNotSupportedError
        self.at += 1
        return char

    def _skip(self, text: str) -> bool:
        if self.source.startswith(text, self.at):
            self.at += len(text)
            return True
        return False

    def alternatives(self, depth: int) -> Node:
        """Read branches up to a closing parenthesis or the end."""
        if depth > MAX_DEPTH:
            raise SyntaxNotSupportedError
        branches = [self._sequence(depth)]
        while self._skip("|"):
            branches.append(self._sequence(depth))
        return branches[0] if len(branches) == 1 else Alternatives(tuple(branches))

    def _sequence(self, depth: int) -> Node:
        parts: list[Node] = []
        while self._here() not in {"", "|", ")"}:
            parts.append(self._quantified(self._atom(depth)))
        return parts[0] if len(parts) == 1 else Sequence(tuple(parts))

    def _quantified(self, node: Node) -> Node:
        quantity = self._quantity()
        if quantity is None:
            return node
        if isinstance(node, Assertion) or (isinstance(node, Lookaround) and not node.ahead):
            raise SyntaxNotSupportedError
        self._skip("?")
        least, most = quantity
        if max(least, most or 0) > MAX_REPEAT or (most is not None and most < least):
            raise SyntaxNotSupportedError
        return Repeat(node, least, most)

    def _quantity(self) -> tuple[int, int | None] | None:
        for sign, quantity in (("*", (0, None)), ("+", (1, None)), ("?", (0, 1))):
            if self._skip(sign):
                return quantity
        start = self.at
        if self._skip("{"):
            least = self._digits()
            most = least
            if least and self._skip(","):
                most = self._digits()
            if least and self._skip("}"):
                return int(least), int(most) if most else None
            self.at = start
        return None

    def _digits(self) -> str:
        start = self.at
        while self._here() and self._here() in "0123456789":
            self.at += 1
        return self.source[start : self.at]

    def _atom(self, depth: int) -> Node:
        char = self._take()
        if char == "(":
            return self._group(depth + 1)
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escaped()
        if char in "*+?" or (char == "{" and self._is_quantity()):
            raise SyntaxNotSupportedError
        if char in "^$":
            return Assertion(char)
        return Characters(_LINE_ENDS, negated=True) if char == "." else _only(char)

    def _escaped(self) -> Node:
        if self._here() and self._here() in "bB":
            return Assertion(self._take())
        ranges, negated = self._escape()
        return Characters(ranges, negated)

    def _is_quantity(self) -> bool:
        """Whether the brace just taken begins a quantity, which has nothing to repeat here."""
        self.at -= 1
        start = self.at
        found = self._quantity() is not None
        self.at = start + 1
        return found

    def _group(self, depth: int) -> Node:
        kinds = {"?:": None, "?=": (True, False), "?!": (True, True), "?<=": (False, False), "?<!": (False, True)}
        look = None
        for opening, kind in kinds.items():
            if self._skip(opening):
                look = kind
                break
        else:
            if self._here() == "?":
                raise SyntaxNotSupportedError
        inner = self.alternatives(depth)
        if not self._skip(")"):
            raise SyntaxNotSupportedError
        return inner if look is None else Lookaround(inner, ahead=look[0], negated=look[1])

    def _escape(self) -> tuple[tuple[Range, ...], bool]:
        char = self._take()
        sets = {"d": _DIGITS, "w": _WORD, "s": _SPACES}
        if char.lower() in sets:
            return sets[char.lower()], char.isupper()
        if char in "123456789kc":
            raise SyntaxNotSupportedError
        if char in "xu":
            code = self._hexadecimal(2 if char == "x" else 4)
            return ((code, code),) if code is not None else ((ord(char), ord(char)),), False
        code = 8 if char == "b" else _CONTROL.get(char, ord(char))
        if char == "0" and self._here().isdigit():
            raise SyntaxNotSupportedError
        return ((code, code),), False

    def _hexadecimal(self, length: int) -> int | None:
        digits = self.source[self.at : self.at + length]
        if len(digits) == length and all(digit in "0123456789abcdefABCDEF" for digit in digits):
            self.at += length
            return int(digits, 16)
        return None

    def _class(self) -> Characters:
        negated = self._skip("^")
        ranges: list[Range] = []
        while not self._skip("]"):
            low = self._class_member()
            if self._here() == "-" and self._here(1) not in {"]", ""}:
                self.at += 1
                high = self._class_member()
                if len(low) == len(high) == 1 and low[0][0] == low[0][1] and high[0][0] == high[0][1]:
                    if low[0][0] > high[0][0]:
                        raise SyntaxNotSupportedError
                    ranges.append((low[0][0], high[0][0]))
                    continue
                ranges.extend([*low, (45, 45), *high])
                continue
            ranges.extend(low)
        return Characters(tuple(ranges), negated)

    def _class_member(self) -> tuple[Range, ...]:
        char = self._take()
        if char != "\\":
            return ((ord(char), ord(char)),)
        ranges, negated = self._escape()
        return _complement(ranges) if negated else ranges


def _only(char: str) -> Characters:
    return Characters(((ord(char), ord(char)),))


def _complement(ranges: tuple[Range, ...]) -> tuple[Range, ...]:
    gaps: list[Range] = []
    start = 0
    for low, high in sorted(ranges):
        if low > start:
            gaps.append((start, low - 1))
        start = high + 1
    return (*gaps, (start, 0x10FFFF))
