"""Credentials in text, found by the detectors of ``detect-secrets``, with no network and no word of the judged party.

Every detector of the library runs but the one for public IP addresses, which are no credentials. Nothing is verified
over the network. No baseline file is read and no allowlist comment counts: both would be written by whom we judge.

The library's heuristics against false alarms apply only to detectors that guess (keyword, entropy); a detector of an
exact format is believed, apart from template placeholders. Strings that look like a digest (hexadecimal of a digest's
length, ``sha256-…``) are counted, not reported; in lock files entropy is not looked at, for they consist of digests.
"""

from __future__ import annotations

import hashlib
import logging
import re
import threading
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from agent_agency.change.model import AddedLine
from agent_agency.gates.no_http_client import without_http_client

WINDOW = 2048
OVERLAP = 1024

HEADER_KINDS = frozenset({"Private Key"})
"""Kinds whose match is a line that many credentials share; they are told apart by their order in the file."""

_LEFT_OUT = frozenset({"IPPublicDetector"})
_DIGEST_LENGTHS = frozenset({32, 40, 56, 64, 96, 128})
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+")
_INTEGRITY = re.compile(r"(?:md5|sha[0-9]{1,3})-")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LOCK_FILES = frozenset(
    {
        "brewfile.lock.json", "bun.lock", "cargo.lock", "cartfile.resolved", "composer.lock", "flake.lock",
        "gemfile.lock", "go.sum", "npm-shrinkwrap.json", "package-lock.json", "package.resolved", "packages.lock.json",
        "pdm.lock", "pipfile.lock", "pnpm-lock.yaml", "podfile.lock", "poetry.lock", "pubspec.lock", "uv.lock",
        "yarn.lock",
    }
)  # fmt: skip
_ENVIRONMENT_FILE = re.compile(r"(?:^|.*\.)env(?:\..*)?$|^\.(?:npmrc|netrc|pgpass|pypirc)$", re.IGNORECASE)


class Certainty(StrEnum):
    """How a detector knows: by an exact ``format``, by a telling ``keyword``, or by ``entropy`` alone."""

    FORMAT = "format"
    KEYWORD = "keyword"
    ENTROPY = "entropy"


@dataclass(frozen=True, slots=True)
class Hit:
    """One credential found; the value itself is not kept, only a short digest bound to path and kind."""

    line: int
    kind: str
    certainty: Certainty
    digest: str


@dataclass
class Scan:
    """What one file's lines hold: ``hits`` in order of line, and how many strings were taken for digests."""

    hits: list[Hit]
    digest_like: int = 0


class SecretScanner:
    """Scans lines; made by ``open_scanner`` and valid inside it."""

    def __init__(self, detectors: Iterable[Any]) -> None:
        from detect_secrets.plugins.high_entropy_strings import HighEntropyStringsPlugin
        from detect_secrets.plugins.keyword import DENYLIST, KeywordDetector

        def certainty(detector: Any) -> Certainty:
            if isinstance(detector, HighEntropyStringsPlugin):
                return Certainty.ENTROPY
            return Certainty.KEYWORD if isinstance(detector, KeywordDetector) else Certainty.FORMAT

        order = list(Certainty)
        known = [(certainty(detector), detector) for detector in detectors]
        self._detectors = sorted(known, key=lambda item: (order.index(item[0]), item[1].secret_type))
        self._keyword = re.compile("|".join(DENYLIST), re.IGNORECASE)
        self._lower_keyword = re.compile("|".join(DENYLIST))

    def scan(self, path: str, lines: Iterable[AddedLine], *, guess: bool = True) -> Scan:
        """Look through lines of one file.

        Args:
            path: where the lines stand; its name tells some detectors how values are written.
            lines: what to scan.
            guess: whether detectors that go by keyword or entropy are asked too.
        """
        result = Scan([])
        seen: set[tuple[str, str]] = set()
        headers: dict[int, int] = {}
        for number, certainty, kind, value in self._in_lines(path, lines, guess=guess):
            if certainty is Certainty.ENTROPY and _is_digest(value):
                result.digest_like += 1
                continue
            which = headers.setdefault(number, len(headers)) if kind in HEADER_KINDS else 0
            digest = _short_digest(path, kind, f"{value} {which}")
            if (kind, digest) not in seen:
                seen.add((kind, digest))
                result.hits.append(Hit(number, kind, certainty, digest))
        return result

    def values(
        self, name: str, text: str, certainty: Certainty, detectors: frozenset[str] | None = None
    ) -> Iterator[str]:
        """The credentials themselves that a stretch of text holds, for who takes them out; digests are none.

        Args:
            name: a file's name, which tells some detectors how values are written.
            text: one line, or a part of one.
            certainty: how the detectors know that are asked.
            detectors: the names of those that are asked; ``None`` for all.
        """
        asked = [
            (how, detector)
            for how, detector in self._detectors
            if how is certainty and (detectors is None or type(detector).__name__ in detectors)
        ]
        for window in _windows(text):
            for how, _, value in self._in_window(name, window, asked):
                if how is not Certainty.ENTROPY or not _is_digest(value):
                    yield value

    @property
    def keyword(self) -> re.Pattern[str]:
        """What a line holds, in small letters, that a detector of the certainty ``keyword`` finds something in."""
        return self._lower_keyword

    @property
    def formats(self) -> Mapping[str, tuple[re.Pattern[str], ...]]:
        """The patterns of each detector of an exact format, by the detector's name; none where it has another way."""
        exact = (detector for certainty, detector in self._detectors if certainty is Certainty.FORMAT)
        return {type(detector).__name__: tuple(getattr(detector, "denylist", ())) for detector in exact}

    def _in_lines(
        self, path: str, lines: Iterable[AddedLine], *, guess: bool
    ) -> Iterator[tuple[int, Certainty, str, str]]:
        name = _name_for_detectors(path)
        asked = self._detectors_for(path, guess=guess)
        for line in lines:
            for window in _windows(_SURROGATE.sub("\ufffd", line.text)):
                for certainty, kind, value in self._in_window(name, window, asked):
                    yield line.number, certainty, kind, value

    def _detectors_for(self, path: str, *, guess: bool) -> list[tuple[Certainty, Any]]:
        left_out = {Certainty.ENTROPY} if _name(path).lower() in _LOCK_FILES else set()
        if not guess:
            left_out = {Certainty.KEYWORD, Certainty.ENTROPY}
        return [item for item in self._detectors if item[0] not in left_out]

    def _in_window(
        self, name: str, text: str, detectors: list[tuple[Certainty, Any]]
    ) -> Iterator[tuple[Certainty, str, str]]:
        """Credentials of one window, surest first; a value that a surer detector has taken is not told again."""
        taken: list[str] = []
        has_keyword = bool(self._keyword.search(text))
        for certainty, detector in detectors:
            if certainty is Certainty.KEYWORD and not has_keyword:
                continue
            secrets = detector.analyze_line(filename=name, line=text)
            for value in sorted({str(secret.secret_value) for secret in secrets}) if secrets else ():
                guessed = certainty is not Certainty.FORMAT
                if guessed and any(value in other or other in value for other in taken):
                    continue
                if not _is_false_alarm(value, text, detector, certainty):
                    wholes = _wholes(detector, value, text)
                    taken += wholes
                    yield from ((certainty, detector.secret_type, whole) for whole in wholes)


_LIBRARY = threading.Lock()
"""Held by whoever scans: the library keeps its settings for the whole process."""


@contextmanager
def open_scanner() -> Iterator[SecretScanner]:
    """A scanner with settings of its own; the library's global settings are as before afterwards."""
    shown = warnings.showwarning
    with without_http_client():
        from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
        from detect_secrets.filters import common, heuristic  # noqa: F401 - imported later anyway, then with the client
        from detect_secrets.settings import get_plugins, transient_settings

        known: dict[str, type] = get_mapping_from_secret_type_to_class()
    if warnings.showwarning is not shown:
        logging.captureWarnings(capture=False)  # importing the library turns it on for the whole process
    classes = sorted(plugin.__name__ for plugin in known.values())
    wanted = [{"name": name} for name in classes if name not in _LEFT_OUT]
    with _LIBRARY, transient_settings({"plugins_used": wanted, "filters_used": []}):
        yield SecretScanner(get_plugins())


def _windows(text: str) -> Iterator[str]:
    """The line whole, or in overlapping windows when it is long: detectors are quadratic in the worst case."""
    if len(text) <= WINDOW:
        yield text
        return
    for start in range(0, len(text) - OVERLAP, WINDOW - OVERLAP):
        yield text[start : start + WINDOW]


def _is_false_alarm(value: str, text: str, detector: Any, certainty: Certainty) -> bool:
    from detect_secrets.filters import heuristic

    if heuristic.is_templated_secret(value) or heuristic.is_not_alphanumeric_string(value):
        return True
    if certainty is Certainty.FORMAT:
        return bool(heuristic.is_prefixed_with_dollar_sign(value))
    if certainty is Certainty.KEYWORD and heuristic.is_indirect_reference(text):
        return True
    return bool(
        heuristic.is_sequential_string(value)
        or heuristic.is_potential_uuid(value)
        or heuristic.is_likely_id_string(value, text, detector)
        or heuristic.is_prefixed_with_dollar_sign(value)
    )


def _wholes(detector: Any, value: str, text: str) -> list[str]:
    """The whole matches behind a value: a detector may give only a part that many credentials share (``ghp``)."""
    matches = (match.group(0) for pattern in getattr(detector, "denylist", ()) for match in pattern.finditer(text))
    return sorted({whole for whole in matches if value in whole}) or [value]


def _is_digest(value: str) -> bool:
    if _INTEGRITY.match(value):
        return True
    return len(value) in _DIGEST_LENGTHS and _HEXADECIMAL.fullmatch(value) is not None


def _name_for_detectors(path: str) -> str:
    """The name by which the keyword detector tells how a file writes its values: environment files as INI."""
    name = _name(path)
    return f"{name}.ini" if _ENVIRONMENT_FILE.match(name) else name


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _short_digest(path: str, kind: str, value: str) -> str:
    bound = f"{path}\0{kind}\0{value}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(bound).hexdigest()[:8]
