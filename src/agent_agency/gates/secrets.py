"""Gate ``secrets``: the change adds no credential.

The finding never holds the value, only its kind, its place and a short digest. What could not be scanned is a finding
of its own: advice for a binary file, more for text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from agent_agency.change.model import FileChange
from agent_agency.facts import Finding, GateMode, GateResult, Place, Severity, display_path
from agent_agency.gates.context import GateContext
from agent_agency.gates.outcome import concluded, counted
from agent_agency.gates.secret_material import material_of
from agent_agency.gates.secret_scanner import HEADER_KINDS, Certainty, Hit, SecretScanner, open_scanner

NAME = "secrets"
MAX_LINES = 2_000_000
MAX_TOLD_PER_FILE = 20

_SEVERITIES = {
    Certainty.FORMAT: Severity.CRITICAL,
    Certainty.KEYWORD: Severity.MAJOR,
    Certainty.ENTROPY: Severity.MODERATE,
}
_ALLOWLIST_COMMENT = re.compile(r"pragma: ?(?:allow|white)list")


@dataclass
class _Tally:
    findings: list[Finding] = field(default_factory=list)
    scanned_files: int = 0
    scanned_lines: int = 0
    digest_like: int = 0
    credentials: int = 0
    not_scanned: list[str] = field(default_factory=list)


def evaluate(context: GateContext, mode: GateMode) -> GateResult:
    """Scan everything that the change adds."""
    tally = _Tally()
    too_many = _beyond_the_line_limit(context.change.files)
    with open_scanner() as scanner:
        for file in context.change.files:
            if file.path not in too_many:
                _scan_file(context, file, scanner, tally)
    if too_many:
        tally.not_scanned += too_many
        tally.findings.append(_too_many(too_many))
    return concluded(NAME, mode, tally.findings, reason=_reason(tally), facts=_facts(tally))


def _beyond_the_line_limit(files: Sequence[FileChange]) -> frozenset[str]:
    """The paths that are left once the files before them, in order of path, have used up the limit of lines."""
    left = MAX_LINES
    beyond = []
    for file in sorted(files, key=lambda file: file.path):
        if file.added > left:
            beyond.append(file.path)
        else:
            left -= file.added
    return frozenset(beyond)


def _scan_file(context: GateContext, file: FileChange, scanner: SecretScanner, tally: _Tally) -> None:
    material = material_of(context, file)
    if isinstance(material, str):
        tally.not_scanned.append(file.path)
        tally.findings.append(_not_scanned(file, material))
        return
    if file.new is not None and file.new.lfs_oid is not None and not file.no_op:
        tally.not_scanned.append(file.path)
        tally.findings.append(_not_scanned(file, "Git LFS holds its content, and only the pointer is here"))
    scan = scanner.scan(file.path, material.lines, guess=material.guess)
    hits = scan.hits
    if hits and material.before:
        hits = _new_hits(hits, scanner.scan(file.path, material.before, guess=material.guess).hits)
    tally.scanned_files += bool(material.lines)
    tally.scanned_lines += len(material.lines)
    tally.digest_like += scan.digest_like
    tally.credentials += len(hits)
    tally.findings += _hit_findings(file.path, hits, {line.number: line.text for line in material.lines})


def _new_hits(hits: Sequence[Hit], before: Sequence[Hit]) -> list[Hit]:
    known = {hit.digest for hit in before if hit.kind not in HEADER_KINDS}
    return [hit for hit in hits if hit.digest not in known]


def _hit_findings(path: str, hits: Sequence[Hit], texts: dict[int, str]) -> Iterator[Finding]:
    for hit in hits[:MAX_TOLD_PER_FILE]:
        allowlisted = bool(_ALLOWLIST_COMMENT.search(texts.get(hit.line, "")))
        yield Finding(
            rule=f"{NAME}.{_slug(hit.kind)}",
            severity=_SEVERITIES[hit.certainty],
            message=f"{_described(hit)} is added (value hidden, digest {hit.digest})"
            + ("; the allowlist comment beside it has no force here" if allowlisted else ""),
            remedy="Revoke it if it is real, take it out of the change and its commits, and read it from the"
            " environment or a secret store",
            place=Place(path, hit.line),
            subject=hit.digest,
        )
    if len(hits) > MAX_TOLD_PER_FILE:
        yield Finding(
            rule=f"{NAME}.more",
            severity=Severity.MAJOR,
            message=f"{len(hits) - MAX_TOLD_PER_FILE:,} further credentials are added in this file",
            remedy="Mend the ones that are listed and review again",
            place=Place(path, hits[MAX_TOLD_PER_FILE].line),
        )


def _described(hit: Hit) -> str:
    if hit.certainty is Certainty.ENTROPY:
        return f"a string that looks like a credential ({hit.kind})"
    return (
        "a value under a name for credentials" if hit.certainty is Certainty.KEYWORD else f"a credential ({hit.kind})"
    )


def _not_scanned(file: FileChange, why: str) -> Finding:
    return Finding(
        rule=f"{NAME}.not_scanned",
        severity=Severity.ADVICE if file.binary or (file.new is not None and file.new.lfs_oid) else Severity.MAJOR,
        message=f"{display_path(file.path)} was not scanned for credentials: {why}",
        remedy="Look through it yourself, or split the change so that it can be scanned",
        place=Place(file.path),
    )


def _too_many(paths: frozenset[str]) -> Finding:
    first = min(paths)
    return Finding(
        rule=f"{NAME}.not_scanned",
        severity=Severity.MAJOR,
        message=f"{counted(len(paths), 'file')} from {display_path(first)} on not scanned for credentials:"
        f" the change adds more than {MAX_LINES:,} lines",
        remedy="Split the change so that it can be scanned",
        place=Place(first),
        subject="lines",
    )


def _slug(kind: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", kind.lower()).strip("_")


def _reason(tally: _Tally) -> str:
    told = f"{counted(tally.scanned_lines, 'added line')} in {counted(tally.scanned_files, 'file')} scanned"
    found = counted(tally.credentials, "credential") if tally.credentials else "no credential"
    left = f", {counted(len(tally.not_scanned), 'file')} not scanned" if tally.not_scanned else ""
    return f"{told}, {found} found{left}"


def _facts(tally: _Tally) -> dict[str, object]:
    return {
        "scanned_files": tally.scanned_files,
        "scanned_lines": tally.scanned_lines,
        "credentials": tally.credentials,
        "digest_like_strings": tally.digest_like,
        "not_scanned": sorted(display_path(path) for path in tally.not_scanned),
    }
