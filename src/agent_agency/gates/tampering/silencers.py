"""Comments and attributes that switch a tool off, counted over the whole change: only what is more than before is told.

A marker in a string or in prose switches nothing off; a marker that moves with its line is not new.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from agent_agency.change.model import Change, FileStatus
from agent_agency.facts import Finding, Place, Severity, display_path
from agent_agency.gates.comments import CommentReader, is_prose
from agent_agency.gates.tampering.changed_files import touched_files
from agent_agency.gates.tampering.rules import Rule, found, quoted

ReadFile = Callable[[str], bytes | None]
MAX_BYTES = 8 << 20
_MOST_WIDER = 100

_COVERAGE = (
    r"pragma:\s*no\s*(?:cover|branch|mutate)",
    r"(?:istanbul|c8|v8)\s+ignore",
    r"stryker\s+disable",
    r"[lg]cov_excl_\w+",
    r"coverage:ignore\S*",
    r"@codecoverageignore\w*",
    r"node:coverage\s+(?:disable|ignore)",
)
_LINT = (
    r"(?:ruff|flake8):\s*noqa",
    r"noqa",
    r"type:\s*ignore",
    r"(?:pyright|pyre|mypy|ty|basedpyright):\s*ignore(?:-errors)?",
    r"pyright:\s*(?:basic|\w+\s*=\s*(?:false|none))",
    r"mypy:\s*(?:disable-error-code|allow-[\w-]+|no-[\w-]+)",
    r"pyre-(?:ignore|fixme|unsafe)(?:-all-errors)?",
    r"pytype:\s*(?:disable|skip-file)",
    r"pylint:\s*(?:disable(?:-next|-all|-msg)?|skip-file)",
    r"nosec",
    r"nosemgrep",
    r"nosonar",
    r"nopmd",
    r"nolint(?:nextline|begin)?",
    r"eslint-disable(?:-next-line|-line)?",
    r"@ts-(?:ignore|expect-error|nocheck)",
    r"tslint:disable\S*",
    r"(?:biome|oxlint|deno-lint)-(?:ignore|disable)(?:-file|-all|-next-line)?",
    r"jshint\s+ignore",
    r"shellcheck\s+disable",
    r"hadolint\s+(?:global\s+)?ignore",
    r"yamllint\s+disable",
    r"(?:rubocop|swiftlint|standard):disable\S*",
    r"ktlint-disable",
    r"phpcs:(?:ignore|disable)\w*",
    r"@(?:phpstan|psalm)-(?:ignore|suppress)\S*",
    r"checkstyle[:.]off",
    r"lint:(?:ignore|file-ignore)",
    r"zizmor:\s*ignore",
    r"checkov:skip",
    r"tfsec:ignore",
    r"gitleaks:allow",
    r"sourcery\s+skip",
)
_MARK = re.compile(
    rf"(?<![\w-])(?:(?P<coverage>{'|'.join(_COVERAGE)})|(?P<lint>{'|'.join(_LINT)}))(?![\w-])"
    r"(?P<codes>(?:\s*[:=\[(]|\s+)?\s*[@\w./-]+(?:\s*,\s*[@\w./-]+)*)?",
    re.IGNORECASE,
)
_HINT = re.compile(
    rb"pragma|ignore|disable|excl_|noqa|nosec|nosem|nosonar|nopmd|nolint|skip|nocheck|expect-error|:off|mypy:|pyre-"
    rb"|pyright:|allow|Suppress|coverage|Exclude",
    re.IGNORECASE,
)
_ATTRIBUTES = {
    ".rs": re.compile(
        r"^\s*#!?\[\s*(?:(?P<coverage>coverage\(off\)|\w*::skip)|(?P<lint>(?:cfg_attr\(.*)?allow\([^)]*\)))"
    ),
    ".java": re.compile(r"^\s*(?P<lint>@SuppressWarnings\b.*)"),
    ".kt": re.compile(r"^\s*(?P<lint>@(?:file:)?Suppress\b.*)"),
    ".scala": re.compile(r"^\s*(?P<lint>@(?:SuppressWarnings|nowarn)\b.*)"),
    ".cs": re.compile(
        r"^\s*(?:(?P<coverage>\[ExcludeFromCodeCoverage.*)|(?P<lint>#pragma\s+warning\s+disable.*|\[SuppressMessage.*))"
    ),
    ".swift": re.compile(r"^\s*(?P<lint>@available\(\*,\s*unavailable.*)"),
}


@dataclass(frozen=True, slots=True)
class Silencer:
    """One marker: what it switches off; no codes means everything of its kind."""

    kind: str
    codes: frozenset[str]
    coverage: bool


@dataclass(frozen=True, slots=True)
class _Placed:
    silencer: Silencer
    path: str
    line: int
    text: str


def silencer_findings(change: Change, read_base: ReadFile, read_head: ReadFile) -> Iterator[Finding]:
    """Markers that the head has more of than the base."""
    reader = CommentReader()
    head = [
        item for file, end in touched_files(change) if not file.binary for item in _placed(reader, end.path, read_head)
    ]
    if not head:
        return
    old = (file.old.path for file in change.files if file.old is not None and file.status is not FileStatus.COPIED)
    before = Counter(item.silencer for path in old for item in _placed(reader, path, read_base))
    for item in _beyond(head, before):
        yield _finding(item)


def silencers_in(comment: str) -> Iterator[tuple[Silencer, str]]:
    """The markers of one comment with their text."""
    for match in _MARK.finditer(comment):
        kind = re.sub(r"\s+", " ", (match["coverage"] or match["lint"]).lower())
        raw = (match["codes"] or "").strip()
        codes = frozenset(re.findall(r"[@\w./-]+", raw)) if raw[:1] in {":", "=", "[", "("} or "disable" in kind else ()
        yield Silencer(kind, frozenset(codes), match["coverage"] is not None), quoted(match[0].strip())


def _placed(reader: CommentReader, path: str, read: ReadFile) -> Iterator[_Placed]:
    if is_prose(path):
        return
    data = read(path)
    if data is None or len(data) > MAX_BYTES or not _HINT.search(data):
        return
    for comment in reader.read(path, data).items:
        for silencer, text in silencers_in(comment.text):
            yield _Placed(silencer, path, comment.line, text)
    pattern = _ATTRIBUTES.get(PurePosixPath(path).suffix.lower())
    if pattern is None:
        return
    for number, line in enumerate(data.decode("utf-8", "replace").split("\n"), start=1):
        if match := pattern.match(line):
            kind = " ".join((match["lint"] or match.groupdict().get("coverage") or "").split())
            yield _Placed(Silencer(kind, frozenset(), match["lint"] is None), path, number, quoted(kind))


def _beyond(head: Iterable[_Placed], before: Counter[Silencer]) -> Iterator[_Placed]:
    """What is left after each marker of the base has accounted for one that switches off as much or less."""
    left = Counter(before)
    waiting = []
    for item in head:
        if left[item.silencer] > 0:
            left[item.silencer] -= 1
        else:
            waiting.append(item)
    wider: dict[tuple[str, str], list[Silencer]] = defaultdict(list)
    for old in left.elements():
        for code in old.codes or ("",):
            wider[old.kind, code].append(old)
    for item in waiting:
        old_one = _taken(item.silencer, wider, left)
        if old_one is None:
            yield item
        else:
            left[old_one] -= 1


def _taken(new: Silencer, wider: dict[tuple[str, str], list[Silencer]], left: Counter[Silencer]) -> Silencer | None:
    """A marker of the base, not yet accounted for, that switched off all that the new one does."""
    for code in ("", *sorted(new.codes)[:1]):
        waiting = wider.get((new.kind, code), [])
        for old in reversed(waiting[-_MOST_WIDER:]):
            if left[old] > 0 and (not old.codes or (new.codes and new.codes <= old.codes)):
                return old
    return None


def _finding(item: _Placed) -> Finding:
    coverage = item.silencer.coverage
    effect = "takes code out of the measured coverage" if coverage else "switches a check off"
    return found(
        Rule.COVERAGE_EXCLUDED if coverage else Rule.SUPPRESSION_ADDED,
        Severity.MODERATE,
        Place(item.path, item.line),
        f"'{item.text}' is added in {display_path(item.path)} and {effect}",
        remedy=f"{'Test the code' if coverage else 'Mend what the check tells'} and take '{item.text}' out",
        subject=item.text,
    )
