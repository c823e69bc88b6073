"""A benchmark's report against the budget: the most that each named measure may be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from agent_agency.facts import Finding, GateStatus, Severity, display_path
from agent_agency.gate_settings import ConfiguredGate
from agent_agency.gates.judging_context import JudgingContext
from agent_agency.gates.reports.model import Measure, PerformanceReport
from agent_agency.gates.verdicts.model import ToolVerdict, counted, eased, gate_finding, see, softened, with_more

_MOST_NAMES = 8


def judge_performance(gate: ConfiguredGate, report: PerformanceReport, context: JudgingContext) -> ToolVerdict:
    """Hold each measure of the budget to its limit; without a budget nothing is held to anything, so nothing passes.

    With a ratchet, and the base measured, a measure fails only where it is also more than at the base.
    """
    measures = {measure.name: measure for measure in report.measures}
    if not gate.budget:
        reason = f"{counted(len(measures), 'measure')} and no budget to hold them to"
        return ToolVerdict(GateStatus.NOT_RUN, reason, (), {"measures": len(measures)})
    before = _at_base(gate, context)
    figures: dict[str, Any] = {
        "measures": len(measures),
        "budget": {name: _figures(measures.get(name), most, before) for name, most in sorted(gate.budget.items())},
    }
    missing = sorted(gate.budget.keys() - measures.keys())
    if missing:
        told = f"the report does not measure {', '.join(map(display_path, missing))}"
        return ToolVerdict(GateStatus.ERROR, told, (_missing(gate, missing, report),), figures)
    over = [name for name, most in sorted(gate.budget.items()) if not measures[name].value <= most]
    figures["over"] = len(over)
    reason = f"{len(gate.budget) - len(over)} of {counted(len(gate.budget), 'measure')} within the budget"
    findings = tuple(_over(gate, measures[name], gate.budget[name], before) for name in over)
    verdict = ToolVerdict(GateStatus.FAIL if over else GateStatus.PASS, reason, findings, figures)
    return verdict if before is None else _against_base(verdict, over, measures, before)


def _at_base(gate: ConfiguredGate, context: JudgingContext) -> dict[str, Measure] | None:
    if not gate.ratchet or not isinstance(context.base, PerformanceReport):
        return None
    return {measure.name: measure for measure in context.base.measures}


def _figures(measure: Measure | None, most: float, before: dict[str, Measure] | None) -> dict[str, Any]:
    figures: dict[str, Any] = {"value": None if measure is None else measure.value, "most": most}
    if measure is None:
        return figures
    figures["unit"] = measure.unit
    base = (before or {}).get(measure.name)
    if base is not None:
        figures |= {"base": base.value, "ratio": round(measure.value / base.value, 4) if base.value else None}
    return figures


def _over(gate: ConfiguredGate, measure: Measure, most: float, before: dict[str, Measure] | None) -> Finding:
    unit = f" {measure.unit}" if measure.unit else ""
    message = f"{display_path(measure.name)} is {measure.value:.6g}{unit}, {most:.6g}{unit} allowed"
    base = (before or {}).get(measure.name)
    if base is not None and base.value:
        message += f"; {measure.value / base.value:.2f} times the base's {base.value:.6g}{unit}"
    return gate_finding(gate, "over_budget", Severity.MAJOR, message, see(gate), subject=measure.name)


def _missing(gate: ConfiguredGate, missing: list[str], report: PerformanceReport) -> Finding:
    there = [display_path(measure.name) for measure in report.measures]
    more = f" and {len(there) - _MOST_NAMES:,} more" if len(there) > _MOST_NAMES else ""
    message = f"The budget names {', '.join(map(display_path, missing))}, which the report does not measure"
    remedy = f"Name measures of the report: {', '.join(there[:_MOST_NAMES])}{more}"
    return gate_finding(gate, "not_measured", Severity.MAJOR, message, remedy)


def _against_base(
    verdict: ToolVerdict, over: list[str], measures: dict[str, Measure], before: dict[str, Measure]
) -> ToolVerdict:
    worse = {name for name in over if name not in before or measures[name].value > before[name].value}
    figures = {"ratchet": True, "worse": len(worse)}
    kept = tuple(found for found in verdict.findings if found.subject in worse)
    old = softened(found for found in verdict.findings if found.subject not in worse)
    if over and not worse:
        told = "; what is over it is no more than at the base, so the change made it no worse"
        return eased(verdict, figures, told)
    return with_more(replace(verdict, findings=(*kept, *old)), figures)
