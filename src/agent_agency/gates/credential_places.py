"""Where in a long text credentials may stand, found fast: the detectors are asked about those stretches only.

The detectors take some microseconds for each line and each kind, which is seconds for a report of a mebibyte. Here one
pass for each condition that a find of theirs must fulfil picks the stretches that are worth their time. A detector that
is new to this module is asked about everything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from agent_agency.gates.secret_scanner import OVERLAP, WINDOW, Certainty, SecretScanner

MOST_STRETCHES = 5_000
"""More are not looked at: a text that is full of what resembles credentials is not kept at all."""

_LONG_RUNS = frozenset(
    {"CloudantDetector", "IbmCosHmacDetector", "IbmCloudIamDetector", "SoftlayerDetector", "TelegramBotTokenDetector"}
)
"""Detectors whose patterns are slow, and whose finds hold a random run of 24 characters or more."""

_CHEAPER: Mapping[str, str] = MappingProxyType(
    {
        "ArtifactoryDetector": r"A(?:KC|P[0-9A-F])[a-zA-Z0-9]{8}",
        "AWSKeyDetector": r"A(?:3T|BIA|CCA|KIA|SIA)[0-9A-Z]{16}|[aA][wW][sS]",
        "JwtTokenDetector": r"eyJ",
        "MailchimpDetector": r"-us[0-9]",
        "NpmDetector": r"_authToken=",
        "OpenAIDetector": r"T3BlbkFJ",
        "PypiTokenDetector": r"pypi-AgE",
    }
)
"""Detectors whose patterns are slow, some on purpose-made text without end, and what each of their finds holds."""

_FAST = frozenset(
    {
        "AzureStorageKeyDetector",
        "BasicAuthDetector",
        "DiscordBotTokenDetector",
        "GitHubTokenDetector",
        "GitLabTokenDetector",
        "PrivateKeyDetector",
        "SendGridDetector",
        "SlackDetector",
        "SquareOAuthDetector",
        "StripeDetector",
        "TwilioKeyDetector",
    }
)
"""Detectors whose patterns take time in proportion to a text, whatever it holds."""

_EVERYWHERE = re.compile("")
_RUN = re.compile(r"[0-9A-Za-z_-]{24,}")
_RANDOM = re.compile(r"[0-9A-Z]|(?<![a-z_-])[a-z]{24}(?![a-z_-])")
_QUOTED = re.compile(r"(?:['\"\\]|quot;|#34;|apos;|#39;)([0-9A-Za-z+/_=-]{9,})(?=['\"\\&])")
_HEXADECIMAL = re.compile(r"[0-9A-Fa-f]+")
_LEAST_DISTINCT = math.ceil(2**4.5)
_LEAST_DISTINCT_HEXADECIMAL = 2**3 + 1
"""Of fewer different characters no string has the entropy that the detectors ask for: 4.5 bits, 3 for hexadecimal."""


_Place = Callable[[int], tuple[int, int] | None]
"""Finds the first place from a position on."""


class NotLookedThroughError(ValueError):
    """A text cannot be looked through for credentials; the message says why and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of one line, and which detectors are to be asked: how they know, and their names where it is not all."""

    start: int
    end: int
    certainty: Certainty
    detectors: frozenset[str] | None = None


class CredentialPlaces:
    """Picks the stretches of a text; made from an open scanner."""

    def __init__(self, scanner: SecretScanner) -> None:
        self._keyword = scanner.keyword
        self._patterns: list[tuple[str, re.Pattern[str]]] = []
        for name, patterns in scanner.formats.items():
            if name in _CHEAPER:
                self._patterns.append((name, re.compile(_CHEAPER[name])))
            elif name not in _LONG_RUNS:
                self._patterns += [(name, pattern) for pattern in (patterns if name in _FAST else (_EVERYWHERE,))]

    def of(self, text: str) -> list[Stretch]:
        """The stretches that a detector may find something in.

        Raises:
            NotLookedThroughError: there are more than ``MOST_STRETCHES``.
        """
        found: dict[tuple[str, Certainty, frozenset[str] | None], Stretch] = {}
        for certainty, detectors, places in self._searches(text):
            for start, end in _stretches(text, places):
                key = (text[start:end], certainty, detectors)
                found.setdefault(key, Stretch(start, end, certainty, detectors))
                if len(found) > MOST_STRETCHES:
                    raise NotLookedThroughError(f"more than {MOST_STRETCHES:,} lines look as if they held some")
        return list(found.values())

    def _searches(self, text: str) -> Iterator[tuple[Certainty, frozenset[str] | None, _Place]]:
        lowered = text.lower()  # of one length with the text: it is decoded from bytes, one character each
        yield Certainty.FORMAT, _LONG_RUNS, partial(_random_run, text)
        for name, pattern in self._patterns:
            yield Certainty.FORMAT, frozenset({name}), partial(_match, pattern, text)
        yield Certainty.KEYWORD, None, partial(_match, self._keyword, lowered)
        yield Certainty.ENTROPY, None, partial(_varied, text)


def _stretches(text: str, place: _Place) -> Iterator[tuple[int, int]]:
    """The lines around places; of a long line as much as a detector looks at in one go."""
    at = 0
    while at <= len(text) and (found := place(at)) is not None:
        start = max(text.rfind("\n", 0, found[0]) + 1, found[0] - OVERLAP)
        line_end = text.find("\n", found[1])
        end = min(len(text) if line_end < 0 else line_end, found[1] + WINDOW)
        yield start, end
        at = max(end if end == line_end else end - OVERLAP, found[1], at) + 1


def _match(pattern: re.Pattern[str], text: str, at: int) -> tuple[int, int] | None:
    found = pattern.search(text, at)
    return found.span() if found else None


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
