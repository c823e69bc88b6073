"""Gate ``tampering``: hold the tests, their settings and what silences tools at the head against the base."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from agent_agency.change.model import Change, FileChange
from agent_agency.facts import Finding, GateMode, GateResult, Place, Severity, display_path
from agent_agency.gates.context import GateContext
from agent_agency.gates.outcome import concluded, counted, not_run
from agent_agency.gates.tampering.changed_files import Sources, read_sources, renamed_from
from agent_agency.gates.tampering.committed_reports import report_findings
from agent_agency.gates.tampering.compare_tests import TestComparison
from agent_agency.gates.tampering.conventions import Conventions, read_conventions
from agent_agency.gates.tampering.doubles import file_double_findings, module_names
from agent_agency.gates.tampering.hooks import hook_findings, may_hold_hooks
from agent_agency.gates.tampering.matching import match_units
from agent_agency.gates.tampering.product_change import ProductChange, product_change
from agent_agency.gates.tampering.reads_tests import reads_tests_findings
from agent_agency.gates.tampering.refuge import Refuge
from agent_agency.gates.tampering.rules import NAME, Rule, found
from agent_agency.gates.tampering.settings import settings_findings
from agent_agency.gates.tampering.silencers import silencer_findings
from agent_agency.gates.tampering.special_cases import special_case_findings
from agent_agency.gates.tampering.under_test import under_test_findings

ReadFile = Callable[[str], bytes | None]
MAX_TOLD_PER_FILE = 30


def evaluate(context: GateContext, mode: GateMode) -> GateResult:
    """Measure the change of a review."""
    return measure_tampering(
        context.change,
        context.read_base,
        context.read_head,
        mode=mode,
        head_paths=tuple(context.head_modes or ()),
    )


def measure_tampering(
    change: Change,
    read_base: ReadFile,
    read_head: ReadFile,
    *,
    mode: GateMode = GateMode.BLOCK,
    head_paths: Sequence[str] = (),
) -> GateResult:
    """Tell how a change weakens what it is tested by.

    Args:
        change: what git says differs.
        read_base: a file's bytes at the base, ``None`` where there is none.
        read_head: the same at the head.
        mode: what a failure means.
        head_paths: every path of the head's tree: tests that the change leaves alone are searched for literals that
            added code answers by.
    """
    conventions = read_conventions(read_base)
    sources = read_sources(change, read_base, read_head, conventions)
    product = product_change(change, conventions, sources.product_base, sources.product_head)
    comparison = _compare(sources, conventions, product)
    findings = [
        *comparison.findings,
        *_unread(sources, conventions),
        *_of_files(sources, head_paths),
        *silencer_findings(change, read_base, read_head),
        *settings_findings(
            change, read_base, read_head, [path for path in head_paths if conventions.collects_file(path)]
        ),
        *report_findings(change, read_head),
        *under_test_findings(sources),
        *reads_tests_findings(sources),
        *special_case_findings(sources, conventions, head_paths, read_head),
    ]
    facts = _facts(sources, comparison, findings)
    findings = list(_cut(findings))
    if sources.missing:
        reason = f"{display_path(min(sources.missing))} could not be read"
        return not_run(NAME, mode, reason, findings=findings, facts=facts)
    return concluded(NAME, mode, findings, reason=_reason(facts, findings), facts=facts)


def _compare(sources: Sources, conventions: Conventions, product: ProductChange) -> TestComparison:
    base, head = list(sources.base.values()), list(sources.head.values())
    matching = match_units(base, head, sources.renames)
    refuge = Refuge(base, head, matching)
    comparison = TestComparison(sources.base, sources.head, sources.renames, matching, refuge, conventions, product)
    comparison.run()
    return comparison


def _of_files(sources: Sources, head_paths: Sequence[str]) -> Iterator[Finding]:
    origins = renamed_from(sources.renames)
    product = module_names(head_paths)
    for path, file in sources.head.items():
        before = sources.base.get(origins.get(path, path))
        if may_hold_hooks(path, file):
            yield from hook_findings(before, file)
        yield from file_double_findings(before, file, product)


def _unread(sources: Sources, conventions: Conventions) -> Iterator[Finding]:
    for file, why in sources.unread:
        yield found(
            Rule.NOT_READ,
            _weight_of_unread(file, sources, conventions),
            Place(file.path),
            f"{display_path(file.path)} was not compared with the base: {why}",
            remedy="Write it so that it parses, or have a person look at it and waive this",
        )


def _weight_of_unread(file: FileChange, sources: Sources, conventions: Conventions) -> Severity:
    """Advice only for what no runner collects, nobody compared before and lies among tests: material of a test."""
    material = conventions.is_test_file(file.path) and not conventions.collects_file(file.path)
    before = file.old is not None and (file.old.path in sources.base or file.old.path in sources.product_base)
    return Severity.ADVICE if material and not before and not file.path.endswith("conftest.py") else Severity.MODERATE


def _cut(findings: Iterable[Finding]) -> Iterator[Finding]:
    """At most so many findings of a file; the rest is counted."""
    told: Counter[str] = Counter()
    ordered = sorted(findings, key=lambda item: (-item.severity.rank, item.place.path or "", item.place.line or 0))
    left: Counter[str] = Counter()
    for finding in ordered:
        path = finding.place.path or ""
        told[path] += 1
        if told[path] <= MAX_TOLD_PER_FILE:
            yield finding
        elif finding.severity is not Severity.ADVICE:
            left[path] += 1
    for path, number in left.items():
        yield found(
            Rule.MORE,
            Severity.MODERATE,
            Place(path),
            f"{counted(number, 'further finding')} in {display_path(path)}",
            remedy="Mend the ones that are listed and review again",
        )


def _facts(sources: Sources, comparison: TestComparison, findings: Sequence[Finding]) -> dict[str, object]:
    rules = Counter(finding.rule.removeprefix(f"{NAME}.") for finding in findings)
    return {
        "test_files": len(sources.base.keys() | sources.head.keys()),
        "tests_at_base": sum(unit.is_collected for file in sources.base.values() for unit in file.units.values()),
        "tests_at_head": sum(unit.is_collected for file in sources.head.values() for unit in file.units.values()),
        "moved_or_renamed": comparison.moved,
        "findings": dict(sorted(rules.items())),
    }


def _reason(facts: dict[str, object], findings: Sequence[Finding]) -> str:
    weighty = [finding for finding in findings if finding.severity is not Severity.ADVICE]
    compared = f"{facts['tests_at_base']} tests of changed files at the base, {facts['tests_at_head']} at the head"
    if not weighty:
        return f"nothing weakens what the change is tested by ({compared})"
    return f"{counted(len(weighty), 'sign')} of weakened tests or checks ({compared})"
