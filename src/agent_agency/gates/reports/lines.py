"""Compact, immutable line numbers: four bytes a line, so that a report on a million lines stays small."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from agent_agency.gates.reports.refusal import Code, Refused

MAX_LINE = 2**31 - 1
_WORD = 4


@dataclass(frozen=True, slots=True)
class Lines:
    """A sorted set of line numbers, from 1. Make one with ``Lines.of``; two with the same lines are equal.

    ``packed`` holds the numbers in ascending order, each once, as native unsigned 32-bit integers.
    """

    packed: bytes = b""

    @classmethod
    def of(cls, numbers: Iterable[int]) -> Lines:
        """Pack line numbers in any order, repeated or not, each from 1 to ``MAX_LINE``.

        Raises:
            OverflowError: a number is negative or too large.
        """
        from array import array

        return cls(array("I", sorted(set(numbers))).tobytes())

    def __len__(self) -> int:
        return len(self.packed) // _WORD

    def __iter__(self) -> Iterator[int]:
        return iter(memoryview(self.packed).cast("I"))

    def __contains__(self, line: object) -> bool:
        if not isinstance(line, int):
            return False
        numbers = memoryview(self.packed).cast("I")
        index = bisect_left(numbers, line)
        return index < len(numbers) and numbers[index] == line

    def up_to(self, last: int) -> Lines:
        """The lines that are not behind ``last``."""
        kept = bisect_right(memoryview(self.packed).cast("I"), last)
        return self if kept == len(self) else Lines(self.packed[: kept * _WORD])


@dataclass(frozen=True, slots=True)
class Branches:
    """Branches line by line: ``packed`` holds ``line, taken, total`` as native unsigned 32-bit integers, by line."""

    packed: bytes = b""

    @classmethod
    def of(cls, counts: Mapping[int, tuple[int, int]]) -> Branches:
        """Pack ``{line: (taken, total)}``."""
        from array import array

        words = array("I")
        for line in sorted(counts):
            words.extend((line, *counts[line]))
        return cls(words.tobytes())

    def __len__(self) -> int:
        return len(self.packed) // (3 * _WORD)

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        words = memoryview(self.packed).cast("I")
        return zip(words[::3], words[1::3], words[2::3], strict=True)

    @property
    def taken(self) -> int:
        """How many branches were taken."""
        return sum(memoryview(self.packed).cast("I")[1::3])

    @property
    def total(self) -> int:
        """How many branches there are."""
        return sum(memoryview(self.packed).cast("I")[2::3])


def line_number(value: object) -> int:
    """A line number from JSON: a whole number from 1.

    Raises:
        Refused: it is anything else.
    """
    if type(value) is not int or not 1 <= value <= MAX_LINE:
        raise Refused(Code.NUMBER_INVALID, f"{str(value)[:40]!r} is no line number")
    return value
