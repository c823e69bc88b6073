"""The values that every capability hands on: severity, place, finding, gate result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from agent_agency.canonical_json import digest_json


class Severity(StrEnum):
    """How much a finding weighs; ``advice`` never changes a verdict."""

    ADVICE = "advice"
    MINOR = "minor"
    MODERATE = "moderate"
    MAJOR = "major"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """Order from 0 (advice) to 4 (critical)."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding points.

    ``path`` is the repository-relative path as ``os.fsdecode`` gives it (surrogates for bytes that are no UTF-8);
    show it through ``display_path``. Lines and columns count from 1.
    """

    path: str | None = None
    line: int | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A located problem and its remedy.

    ``rule`` is a stable id. ``waivable`` says whether a waiver of the finding's gate may cover it. ``subject`` is what,
    apart from the place, tells two findings of one rule apart (a key, a name); it goes into the fingerprint.
    """

    rule: str
    severity: Severity
    message: str
    remedy: str
    place: Place = field(default_factory=Place)
    waivable: bool = True
    subject: str = ""

    @property
    def fingerprint(self) -> str:
        """Stable over line moves: from rule, path and subject, never from the line or the wording."""
        return digest_json([self.rule, display_path(self.place.path or ""), display_path(self.subject)])[7:39]


class GateStatus(StrEnum):
    """What a gate says. Only ``pass`` passes."""

    PASS = "pass"  # noqa: S105 - a verdict, not a credential
    FAIL = "fail"
    NOT_RUN = "not_run"
    ERROR = "error"


class GateMode(StrEnum):
    """What a failing gate means: it blocks, it warns, or it was left out by the policy."""

    BLOCK = "block"
    WARN = "warn"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class GateResult:
    """One gate over one change.

    ``applicable`` false means that policy or circumstances leave it out: it is listed and never changes a verdict.
    ``reason`` says in one sentence why the status is what it is. ``facts`` are JSON-ready measured values.
    ``mendable`` false means that the author cannot mend a ``not_run`` or ``error`` alone: a person must decide.
    """

    name: str
    status: GateStatus
    mode: GateMode
    findings: tuple[Finding, ...] = ()
    reason: str = ""
    applicable: bool = True
    mendable: bool = True
    facts: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


def display_path(path: str) -> str:
    r"""A path fit for UTF-8 output and terminals.

    A path with control characters or bytes that are no UTF-8 is shown in git's quoted form (``"a\tb\377"``), so that
    no name can forge output; any other path is shown as it is.
    """
    if path.isprintable():
        return path
    return '"' + "".join(_quoted(char) for char in path) + '"'


def path_as_fact(path: str) -> str:
    r"""A path as rules ask about it: printable, never in quotes, and told apart from every other.

    What cannot be printed stands in git's escapes and a backslash twice, so that what a name begins and ends with is
    what it begins and ends with: ``it.path.startsWith("infra/")`` holds of ``infra/\001.tf`` too.
    """
    if path.isprintable() and "\\" not in path:
        return path
    return "".join('"' if char == '"' else _quoted(char) if char != "\\" else "\\\\" for char in path)


def _quoted(char: str) -> str:
    named = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
    if char in named:
        return named[char]
    if char.isprintable():
        return char
    raw_byte = "\udc80" <= char <= "\udcff"
    return "".join(f"\\{byte:03o}" for byte in char.encode("utf-8", "surrogateescape" if raw_byte else "surrogatepass"))
