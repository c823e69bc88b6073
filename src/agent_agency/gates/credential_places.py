"""Where in a long text credentials may stand, found fast: the detectors are asked about those stretches only.

The detectors take some microseconds for each line and each kind, which is seconds for a report of a mebibyte. Here one
pass for each condition that a find of theirs must fulfil picks the stretches that are worth their time. A detector that
is new to this module, and the pattern of one, is applied to the whole text.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from agent_agency.gates.secret_scanner import OVERLAP, WINDOW, Certainty, SecretScanner

MOST_STRETCHES = 5_000
"""More are not looked at: a text that is full of what resembles credentials is not kept at all."""

_LONG_RUNS = frozenset(
    {"CloudantDetector", "IbmCosHmacDetector", "IbmCloudIamDetector", "SoftlayerDetector", "TelegramBotTokenDetector"}
)
"""Detectors whose patterns are slow, and whose finds hold a random run of 24 characters or more."""

_LITERALS: Mapping[str, tuple[str, ...]] = {
    "ArtifactoryDetector": ("AKC", "AP"),
    "MailchimpDetector": ("-us",),
    "AWSKeyDetector": ("aws", "A3T", "ABIA", "ACCA", "AKIA", "ASIA"),
}
"""Detectors whose patterns are slow, and what each of their finds holds, in lower or upper case."""

_RUN = re.compile(r"[0-9A-Za-z_-]{24,}")
_RANDOM = re.compile(r"[0-9A-Z]|(?<![a-z_-])[a-z]{24}(?![a-z_-])")
_QUOTED = re.compile(r"(?:['\"\\]|quot;|#34;|apos;|#39;)([0-9A-Za-z+/_=-]{9,})(?=['\"\\&])")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")
_LEAST_DISTINCT = math.ceil(2**4.5)
_LEAST_DISTINCT_HEXADECIMAL = 2**3 + 1
"""Of fewer different characters no string has the entropy that the detectors ask for: 4.5 bits, 3 for hexadecimal."""


class NotLookedThroughError(ValueError):
    """A text cannot be looked through for credentials; the message says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of one line, and how the detectors to be asked about it know."""

    start: int
    end: int
    certainty: Certainty


class CredentialPlaces:
    """Picks the stretches of a text; made from an open scanner."""

    def __init__(self, scanner: SecretScanner) -> None:
        self._keyword = scanner.keyword
        self._patterns: list[re.Pattern[str]] = []
        self._literals: set[str] = set()
        self._everywhere = False
        for name, patterns in scanner.formats.items():
            if name in _LITERALS:
                self._literals.update(literal.lower() for literal in _LITERALS[name])
            elif name not in _LONG_RUNS:
                self._patterns += patterns
                self._everywhere |= not patterns

    def of(self, text: str) -> list[Stretch]:
        """The stretches that a detector may find something in.

        Raises:
            NotLookedThroughError: there are more than ``MOST_STRETCHES``.
        """
        found: dict[tuple[str, Certainty], Stretch] = {}
        for certainty, places in self._searches(text):
            for start, end in _stretches(text, places):
                found.setdefault((text[start:end], certainty), Stretch(start, end, certainty))
                if len(found) > MOST_STRETCHES:
                    raise NotLookedThroughError(f"more than {MOST_STRETCHES:,} lines look as if they held some")
        return list(found.values())

    def _searches(self, text: str) -> Iterator[tuple[Certainty, Callable[[int], tuple[int, int] | None]]]:
        lowered = text.lower()  # of one length with the text: it is decoded from bytes, one character each
        yield Certainty.FORMAT, lambda at: _random_run(text, at)
        for pattern in [re.compile(""), *self._patterns] if self._everywhere else self._patterns:
            yield Certainty.FORMAT, lambda at, pattern=pattern: _span(pattern.search(text, at))  # type: ignore[misc]
        for literal in sorted(self._literals):
            yield Certainty.FORMAT, lambda at, literal=literal: _literal(lowered, literal, at)  # type: ignore[misc]
        yield Certainty.KEYWORD, lambda at: _span(self._keyword.search(lowered, at))
        yield Certainty.ENTROPY, lambda at: _varied(text, at)


def _stretches(text: str, place: Callable[[int], tuple[int, int] | None]) -> Iterator[tuple[int, int]]:
    """The lines around places; of a long line as much as a detector looks at in one go."""
    at = 0
    while at <= len(text) and (found := place(at)) is not None:
        start = max(text.rfind("\n", 0, found[0]) + 1, found[0] - OVERLAP)
        line_end = text.find("\n", found[1])
        end = min(len(text) if line_end < 0 else line_end, found[1] + WINDOW)
        yield start, end
        at = max(end if end == line_end else end - OVERLAP, found[1], at) + 1


def _span(match: re.Match[str] | None) -> tuple[int, int] | None:
    return match.span() if match else None


def _literal(text: str, literal: str, at: int) -> tuple[int, int] | None:
    found = text.find(literal, at)
    return None if found < 0 else (found, found + len(literal))


def _random_run(text: str, at: int) -> tuple[int, int] | None:
    """A run of characters that may be random: identifiers of small letters and underscores are not."""
    while match := _RUN.search(text, at):
        if _RANDOM.search(match.group()):
            return match.span()
        at = match.end()
    return None


def _varied(text: str, at: int) -> tuple[int, int] | None:
    """A quoted string with enough different characters for its entropy to be high."""
    while match := _QUOTED.search(text, at):
        distinct = len(set(match.group(1)))
        if distinct >= _LEAST_DISTINCT:
            return match.span()
        if distinct >= _LEAST_DISTINCT_HEXADECIMAL and _HEXADECIMAL.fullmatch(match.group(1)):
            return match.span()
        at = match.end()
    return None
