"""A coverage report against the threshold of the risk tier, for the whole and for the lines that a change adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from agent_agency.facts import Finding, GateStatus, Place, Severity, display_path
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import CoverageReport
from agent_agency.gates.verdicts.believed_coverage import BelievedCoverage, believe
from agent_agency.gates.verdicts.changed_lines import changed_lines, with_changed_lines
from agent_agency.gates.verdicts.model import (
    ToolVerdict,
    at,
    counted,
    eased,
    gate_finding,
    percent,
    see,
    shown_percent,
    threshold_of,
    with_more,
)

_MOST_FILES = 3


@dataclass(frozen=True, slots=True)
class _Share:
    """A part of a whole, and of what: ``branch`` where the report looks at branches, or else ``line``."""

    what: str
    covered: int
    total: int

    @property
    def percent(self) -> float:
        return percent(self.covered, self.total)


def judge_coverage(
    gate: ConfiguredGate, tier: int, report: CoverageReport, context: JudgingContext | None
) -> ToolVerdict:
    """Judge the whole by branches, or by lines where the report tells of no branch, and then the changed lines.

    With a ratchet, and the base measured, the whole fails only where it is also covered less than the base. The
    changed lines are the change's own work, so no base excuses them.
    """
    known = context or JudgingContext()
    coverage = believe(report, known.paths, known.root, known.lines_of, known.added)
    share = _share(coverage)
    if share is None:
        absent = f": none of the {len(coverage.absent):,} files that it names is there" if coverage.absent else ""
        return ToolVerdict(GateStatus.NOT_RUN, f"the report names no line of code of this repository{absent}")
    verdict = _whole(gate, tier, coverage, share)
    if gate.ratchet and isinstance(known.base, CoverageReport):
        verdict = _against_base(verdict, coverage, known, known.base)
    if context is not None:
        return with_changed_lines(gate, tier, verdict, coverage, changed_lines(coverage, context.added))
    if gate.changed_threshold.get(tier) is None:
        return verdict
    return replace(verdict, status=GateStatus.ERROR, reason=f"{verdict.reason}; the changed lines are not known")


def _share(coverage: BelievedCoverage, *, of_lines: bool = False) -> _Share | None:
    taken, branches = coverage.branches
    if branches and not of_lines:
        return _Share("branch", taken, branches)
    covered, lines = coverage.lines
    return _Share("line", covered, lines) if lines else None


def _whole(gate: ConfiguredGate, tier: int, coverage: BelievedCoverage, share: _Share) -> ToolVerdict:
    least = threshold_of(gate, tier)
    figures: dict[str, Any] = {
        "measured": share.what,
        "covered": share.covered,
        "total": share.total,
        "percent": shown_percent(share.percent, least),
        "threshold": least,
        "files": len(coverage.counting),
        **_not_believed(coverage),
    }
    asked = f"tier {tier} asks for {least:g} %"
    reason = f"{share.what} coverage {shown_percent(share.percent, least):.2f} %, {asked}"
    advice = _told_of_claims(gate, coverage)
    if share.percent >= least:
        return ToolVerdict(GateStatus.PASS, reason, (*_few_lines(gate, least, coverage, share), *advice), figures)
    return ToolVerdict(GateStatus.FAIL, reason, (_below(gate, coverage, reason), *advice), figures)


def _below(gate: ConfiguredGate, coverage: BelievedCoverage, reason: str) -> Finding:
    missed = sorted(coverage.files.items(), key=lambda item: (-len(item[1].missed), item[0]))[:_MOST_FILES]
    where = [
        f"{at(path, file.missed)} ({counted(len(file.missed), 'line')})" for path, file in missed if len(file.missed)
    ]
    half = [(path, file) for path, file in coverage.files.items() if file.branches.taken < file.branches.total]
    partly = [
        f"{at(path, [line for line, taken, total in file.branches if taken < total])} (branches)"
        for path, file in half[:_MOST_FILES]
    ]
    first = next((Place(path, next(iter(file.missed))) for path, file in missed if len(file.missed)), Place())
    most = "; ".join(where or partly)
    remedy = f"Cover what was missed most: {most}. {see(gate)}" if most else see(gate)
    return gate_finding(gate, "below_threshold", Severity.MAJOR, reason, remedy, place=first)


def _few_lines(gate: ConfiguredGate, least: float, coverage: BelievedCoverage, share: _Share) -> tuple[Finding, ...]:
    """Tell when branches suffice and lines do not: code without a branch is then hardly run."""
    lines = _share(coverage, of_lines=True)
    if share.what == "line" or lines is None or lines.percent >= least:
        return ()
    message = f"Branch coverage suffices, and only {shown_percent(lines.percent, least):g} % of the lines are covered"
    return (gate_finding(gate, "few_lines_covered", Severity.ADVICE, message, see(gate)),)


def _not_believed(coverage: BelievedCoverage) -> Mapping[str, int]:
    told = {
        "files_not_there": len(coverage.absent),
        "lines_not_there": coverage.beyond,
        "files_ambiguous": len(coverage.ambiguous),
    }
    return {name: number for name, number in told.items() if number}


def _told_of_claims(gate: ConfiguredGate, coverage: BelievedCoverage) -> tuple[Finding, ...]:
    told = []
    if coverage.beyond:
        message = f"The report calls {counted(coverage.beyond, 'line')} covered that the files do not have"
        told.append(gate_finding(gate, "claims_not_there", Severity.ADVICE, f"{message}; none counts", see(gate)))
    for name, meant in list(coverage.ambiguous.items())[:_MOST_FILES]:
        which = (
            " or ".join(map(display_path, meant[:3])) if len(meant) > 1 else f"{display_path(meant[0])} or another file"
        )
        message = f"The report's path {display_path(name[:200])} could mean {which}"
        remedy = "Let the tool write paths from the repository's root, or name its source folder in the report"
        told.append(gate_finding(gate, "path_ambiguous", Severity.ADVICE, message, remedy, subject=name))
    return tuple(told)


def _against_base(
    verdict: ToolVerdict, coverage: BelievedCoverage, context: JudgingContext, base: CoverageReport
) -> ToolVerdict:
    before = believe(base, context.base_paths or context.paths, context.base_root, None, context.added)
    was, now = _share(before), _share(coverage)
    if was is None or now is None:
        return with_more(verdict, {"ratchet": False}, "; the base's report names no line of code")
    if was.what != now.what:
        was, now = _share(before, of_lines=True), _share(coverage, of_lines=True)
    if was is None or now is None:
        return with_more(verdict, {"ratchet": False}, "; base and head were not measured alike")
    figures = {"ratchet": True, "base_percent": round(was.percent, 2)}
    told = f"; {was.what} coverage at the base {was.percent:.2f} %"
    if verdict.status is GateStatus.FAIL and now.covered * was.total >= was.covered * now.total:
        return eased(verdict, figures, f"{told}, so the change made it no worse")
    return with_more(verdict, figures, told)
