"""Reports of tests, coverage and scanners that a change brings along: a gate could take them for its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from agent_agency.change.model import Change, FileEnd
from agent_agency.facts import Finding, Place, Severity, display_path
from agent_agency.gates.tampering.changed_files import touched_files
from agent_agency.gates.tampering.rules import Rule, found

ReadFile = Callable[[str], bytes | None]
_NAME = re.compile(
    r"\.coverage(?:\..+)?|coverage[\w.-]*\.(?:xml|json|lcov|info)|cobertura[\w.-]*\.xml|lcov[\w.-]*\.info|.+\.lcov"
    r"|(?:junit|test|nose|pytest|xunit|surefire)[\w-]*[-_.]?(?:report|results?)?s?\.xml|.+\.sarif"
    r"|.+\.sarif\.json|mutation(?:[-_.](?:report|results?|score))?\.(?:json|html)|stryker[-_]report[\w.-]*|mutants?\.(?:json|sqlite)|jacoco[\w.-]*\.xml"
    r"|\.?pytest[-_]report[\w.-]*\.(?:json|xml)|.+\.trx|.+\.gcda|.+\.gcno|clover\.xml"
)
_SETTINGS = frozenset({".coveragerc", ".coveragerc.toml", "test.xml", "tests.xml"})
_FOLDERS = frozenset(
    {"htmlcov", ".pytest_cache", ".nyc_output", "test-results", "surefire-reports", ".mutmut-cache", "lcov-report"}
)
_MATERIAL = frozenset({"test", "tests", "__tests__", "fixtures", "testdata", "examples", "docs", "spec", "data"})
_XML = re.compile(
    rb"\A(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*\?>\s*)?(?:<!DOCTYPE[^>]*>\s*)?(?:<!--.*?-->\s*)*<(testsuites?|coverage)[\s>]",
    re.DOTALL,
)
_SARIF = re.compile(rb'"\$schema"\s*:\s*"[^"]*sarif|"version"\s*:\s*"2\.1\.0"\s*,\s*"runs"')
_LCOV = re.compile(rb"\A(?:TN:[^\n]*\n)?SF:[^\n]+\n")
_JSON_COVERAGE = re.compile(
    rb'\A\{\s*"meta"\s*:\s*\{[^}]*"branch_coverage"|"statementMap"\s*:|"mutantCoverage|"schemaVersion".{0,200}"thresholds"',
    re.DOTALL,
)
_SNIFFED = 8192


def report_findings(change: Change, read_head: ReadFile) -> Iterator[Finding]:
    """Files at the head that are reports by their name, their folder or their content."""
    for file, end in touched_files(change):
        if not file.no_op and (why := _why(end, read_head)):
            material = not _MATERIAL.isdisjoint(PurePosixPath(end.path.lower()).parts[:-1])
            yield found(
                Rule.REPORT_COMMITTED,
                Severity.ADVICE if material else Severity.MAJOR,
                Place(end.path),
                f"{display_path(end.path)} is a generated report ({why}) that the change brings along",
                remedy=f"Take {display_path(end.path)} out and put it into .gitignore: a run writes its own",
            )


def _why(end: FileEnd, read_head: ReadFile) -> str:
    pure = PurePosixPath(end.path.lower())
    if pure.name in _SETTINGS:
        return ""
    if not _FOLDERS.isdisjoint(pure.parts[:-1]):
        return "by its folder"
    if _NAME.fullmatch(pure.name):
        return "by its name"
    if pure.suffix in {".xml", ".json", ".info", ".txt", ""}:
        data = (read_head(end.path) or b"")[:_SNIFFED]
        if _XML.match(data) or _SARIF.search(data) or _LCOV.match(data) or _JSON_COVERAGE.search(data):
            return "by its content"
    return ""
