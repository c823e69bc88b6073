"""A mutation report against the threshold of the risk tier.

The score is detected of detected and undetected mutants, as the mutation-testing-elements metrics have it: time-outs
are detected, survivors and mutants that no test reaches are not. Mutants that could not be judged are in neither
number, so a run in which they are more than half proves nothing.
"""

from __future__ import annotations

import math
from typing import Any

from agent_agency.facts import Finding, GateStatus, Place, Severity, display_path
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import Mutant, MutantStatus, MutationReport
from agent_agency.gates.verdicts.model import (
    SHOWN,
    ToolVerdict,
    counted,
    eased,
    first_line,
    gate_finding,
    percent,
    see,
    shown_percent,
    threshold_of,
    with_more,
)
from agent_agency.gates.verdicts.places import RepositoryPaths

_ALIVE = frozenset({MutantStatus.SURVIVED, MutantStatus.NO_COVERAGE})
_UNJUDGED = (MutantStatus.ERROR, MutantStatus.IGNORED)


def judge_mutation(gate: ConfiguredGate, tier: int, report: MutationReport, context: JudgingContext) -> ToolVerdict:
    """Judge the score; with a ratchet, and the base measured, it fails only below the base's."""
    least, score, counts = threshold_of(gate, tier), report.score, report.counts
    figures: dict[str, Any] = {str(status): number for status, number in counts.items()}
    total, unjudged = sum(counts.values()), sum(counts[status] for status in _UNJUDGED)
    if 2 * unjudged > total:
        told = f"{unjudged:,} of {counted(total, 'mutant')} could not be judged or were left out, which proves nothing"
        return ToolVerdict(GateStatus.ERROR, told, (), figures)
    if score is None:
        return ToolVerdict(GateStatus.NOT_RUN, "the report judges no mutant", (), figures)
    figures |= {"percent": shown_percent(score, least), "threshold": least}
    reason = f"mutation score {shown_percent(score, least):.2f} %, tier {tier} asks for {least:g} %"
    advice = _timeouts(gate, report, least)
    if score >= least:
        return _against_base(gate, ToolVerdict(GateStatus.PASS, reason, advice, figures), report, context)
    findings = (_below(gate, report, least, reason), *_survivors(gate, report, context), *advice)
    return _against_base(gate, ToolVerdict(GateStatus.FAIL, reason, findings, figures), report, context)


def _below(gate: ConfiguredGate, report: MutationReport, least: float, reason: str) -> Finding:
    alive = sum(report.counts[status] for status in _ALIVE)
    needed = max(1, math.ceil(least * report.valid / 100) - report.detected)
    remedy = f"Write tests that notice {needed:,} more of the {counted(alive, 'mutant')} left alive. {see(gate)}"
    return gate_finding(gate, "below_threshold", Severity.MAJOR, reason, remedy)


def _survivors(gate: ConfiguredGate, report: MutationReport, context: JudgingContext) -> tuple[Finding, ...]:
    """The mutants left alive, those on lines that the change adds first."""
    paths = RepositoryPaths(context.paths or frozenset(context.added), context.root)
    alive = [(mutant, _path(mutant, paths)) for mutant in report.mutants if mutant.status in _ALIVE]
    alive.sort(key=lambda found: found[0].line not in context.added.get(found[1] or "", ()))
    return tuple(
        gate_finding(
            gate,
            "mutant_survived",
            Severity.ADVICE,
            f"mutant {first_line(display_path(mutant.id))} {_words(mutant)}: {first_line(mutant.description)}",
            f"Write a test that notices it. {see(gate)}",
            place=Place(path, mutant.line if path else None),
            subject=mutant.id,
        )
        for mutant, path in alive[:SHOWN]
    )


def _words(mutant: Mutant) -> str:
    return "survived" if mutant.status is MutantStatus.SURVIVED else "is reached by no test"


def _path(mutant: Mutant, paths: RepositoryPaths) -> str | None:
    return None if mutant.path is None else paths.meant(mutant.path)


def _timeouts(gate: ConfiguredGate, report: MutationReport, least: float) -> tuple[Finding, ...]:
    """Tell when the score reaches the threshold by time-outs alone, which a slow machine can make."""
    timeouts, score = report.counts[MutantStatus.TIMEOUT], report.score
    killed = report.detected - timeouts
    if score is None or score < least or 100 * killed >= least * report.valid:
        return ()
    share = percent(killed, report.valid)
    message = f"{counted(timeouts, 'mutant')} counted as detected by time-out; without them the score is {share:.2f} %"
    return (gate_finding(gate, "timeouts_decide", Severity.ADVICE, message, see(gate)),)


def _against_base(
    gate: ConfiguredGate, verdict: ToolVerdict, report: MutationReport, context: JudgingContext
) -> ToolVerdict:
    base = context.base
    if not gate.ratchet or not isinstance(base, MutationReport):
        return verdict
    if base.score is None:
        return with_more(verdict, {"ratchet": False}, "; the base's report judges no mutant")
    figures = {"ratchet": True, "base_percent": round(base.score, 2)}
    told = f"; mutation score at the base {base.score:.2f} %"
    if verdict.status is GateStatus.FAIL and report.detected * base.valid >= base.detected * report.valid:
        return eased(verdict, figures, f"{told}, so the change made it no worse")
    return with_more(verdict, figures, told)
