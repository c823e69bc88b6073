"""Results of gates, kept to be used again while nothing that they depend on has changed.

An entry is canonical JSON that carries the digest of its own content, so that a file that was damaged or edited is
taken away instead of believed. The digest is no signature: whoever may write into the repository's git folder could
write a whole entry, as they could write the ledger; a tool run in isolation cannot reach that folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType
from typing import Any

from agent_agency._version import __version__
from agent_agency.canonical_json import canonical_json, digest_bytes, digest_json, parse_canonical
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.sandbox.model import Isolation

FORMAT = 1
MOST_ENTRIES = 500
MOST_BYTES = 64 * 1024 * 1024
LARGEST_ENTRY = 4 * 1024 * 1024
_KEY = re.compile(r"sha256:[0-9a-f]{64}")
_HALF_WRITTEN = ".incoming-"
_ABANDONED_S = 3600.0


@dataclass(frozen=True, slots=True)
class ResultCache:
    """A folder of gates' results, each under the key of all that it depends on; its grandparent must exist.

    Nothing here raises for what the folder holds or refuses: a result that cannot be read or kept is measured again.
    """

    folder: Path
    most_entries: int = MOST_ENTRIES
    most_bytes: int = MOST_BYTES

    def get(self, key: str | None) -> GateResult | None:
        """The result under a key; ``None`` where there is none to believe. A damaged entry is removed."""
        path = self._path(key)
        if key is None or path is None:
            return None
        data = _read(path)
        if data is None:
            return None
        try:
            result = _result_of(data, key)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return result

    def has_entries(self) -> bool:
        """Whether anything is kept at all."""
        try:
            with os.scandir(self.folder) as entries:
                return any(not entry.name.startswith(_HALF_WRITTEN) for entry in entries)
        except OSError:
            return False

    def put(self, key: str | None, result: GateResult) -> bool:
        """Keep a result under a key, the oldest ones going where there are too many; whether it was kept.

        Only what a tool said in full is kept: never an error, a gate that did not run, or one with flaky tests.
        """
        path = self._path(key)
        if key is None or path is None or not may_be_kept(result):
            return False
        try:
            data = _data_of(result, key)
        except (ValueError, TypeError, RecursionError):
            return False
        if len(data) > LARGEST_ENTRY:
            return False
        try:
            for folder in (self.folder.parent, self.folder):
                folder.mkdir(exist_ok=True, mode=0o700)
            _write(path, data)
            self._trim(spared=path)
        except OSError:
            return False
        return True

    def _path(self, key: str | None) -> Path | None:
        if key is None or not _KEY.fullmatch(key):
            return None
        return self.folder / f"{key.removeprefix('sha256:')}.json"

    def _trim(self, spared: Path) -> None:
        """Take the longest unused entries away until the rest is few and small enough."""
        kept = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    info = entry.stat(follow_symlinks=False)
                    if not entry.name.startswith(_HALF_WRITTEN):
                        kept.append((info.st_mtime_ns, info.st_size, Path(entry.path)))
                    elif time.time() - info.st_mtime > _ABANDONED_S:
                        Path(entry.path).unlink()
        kept.sort(key=lambda one: (one[2] == spared, one[0]))
        number, size = len(kept), sum(one[1] for one in kept)
        for _, length, path in kept[:-1]:
            if number <= self.most_entries and size <= self.most_bytes:
                break
            with contextlib.suppress(OSError):
                path.unlink()
            number, size = number - 1, size - length


def result_key(  # noqa: PLR0913 - each is one thing that a result depends on
    *,
    gate: ConfiguredGate,
    tier: int,
    head_tree: str,
    base_tree: str,
    environment_digest: str | None,
    setup_digest: str | None,
    isolation: Isolation,
    variables: Mapping[str, str],
) -> str | None:
    """The digest of all that a gate's result depends on; ``None`` for a result that must not be used again.

    Args:
        gate: its whole definition.
        tier: the risk tier that it is judged at.
        head_tree: the tree of the head.
        base_tree: the tree of the merge base, which second looks and comparisons are made with.
        environment_digest: ``ToolEnvironment.digest``; ``None`` where the tools are not pinned down, so that they could
            change unnoticed.
        setup_digest: what the set-up step left, ``None`` without one.
        isolation: the level at which the tool is run.
        variables: the arbiter's own; only those that the gate is given count, and ``PATH``.
    """
    if gate.network or environment_digest is None:
        return None
    passed_on = {name: variables[name] for name in ("PATH", *gate.environment) if name in variables}
    return digest_json(
        {
            "arbiter": __version__,
            "format": FORMAT,
            "gate": _plain(gate),
            "tier": tier,
            "head": head_tree,
            "base": base_tree,
            "environment": environment_digest,
            "setup": setup_digest,
            "isolation": str(isolation),
            "variables": {name: os.fsencode(value).hex() for name, value in passed_on.items()},
        }
    )


def may_be_kept(result: GateResult) -> bool:
    """Whether a result says all there is to say, so that the same again would say the same."""
    figures = result.facts.get("figures")
    flaky = [result.facts.get("flaky"), figures.get("flaky") if isinstance(figures, Mapping) else None]
    return result.status in {GateStatus.PASS, GateStatus.FAIL} and not any(flaky)


def _plain(value: Any) -> Any:
    """A definition as plain JSON data, every field of it."""
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list | frozenset):
        return [_plain(item) for item in (sorted(value) if isinstance(value, frozenset) else value)]
    if isinstance(value, Enum):
        return str(value)
    return value


def _data_of(result: GateResult, key: str) -> bytes:
    # Plain JSON in ASCII inside: it keeps 1.0 apart from 1, and names with bytes that are no UTF-8.
    members = [[_finding(finding) for finding in result.findings], _untied(result.facts)]
    head = [result.name, result.status.value, result.mode.value, result.reason, result.applicable, result.mendable]
    body = json.dumps([*head, *members], allow_nan=False, separators=(",", ":"))
    return canonical_json({"body": body, "digest": _digest(key, body), "format": FORMAT, "key": key})


def _digest(key: str, body: str) -> str:
    return digest_bytes(f"{FORMAT}\n{key}\n{body}".encode("ascii"))


def _untied(value: Any) -> Any:
    """Facts as plain JSON data, of the same order."""
    if isinstance(value, Mapping):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("a key that is no text would come back as one")
        return {key: _untied(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_untied(item) for item in value]
    return value


def _finding(finding: Finding) -> list[Any]:
    place = finding.place
    where = [place.path, place.line, place.column]
    return [
        finding.rule,
        finding.severity.value,
        finding.message,
        finding.remedy,
        where,
        finding.waivable,
        finding.subject,
    ]


def _result_of(data: bytes, key: str) -> GateResult:
    """Read an entry.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: it is not what was written under this key.
    """
    entry = parse_canonical(data)
    body = entry["body"]
    if entry["format"] != FORMAT or entry["key"] != key or entry["digest"] != _digest(key, body):
        raise ValueError("the entry is not what was written")
    name, status, mode, reason, applicable, mendable, findings, facts = json.loads(body)
    return GateResult(
        name,
        GateStatus(status),
        GateMode(mode),
        tuple(_finding_of(*finding) for finding in findings),
        reason,
        applicable,
        mendable,
        MappingProxyType(facts),
    )


def _finding_of(*members: Any) -> Finding:
    rule, severity, message, remedy, where, waivable, subject = members
    return Finding(rule, Severity(severity), message, remedy, Place(*where), waivable, subject)


def _read(path: Path) -> bytes | None:
    """An entry's bytes; ``None`` when it is no plain file of a fitting size."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode) or info.st_size > LARGEST_ENTRY:
            return None
        with os.fdopen(descriptor, "rb", closefd=False) as stream:
            return stream.read(LARGEST_ENTRY + 1)
    except OSError:
        return None
    finally:
        os.close(descriptor)


def _write(path: Path, data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=_HALF_WRITTEN)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
