"""A ruling as JUnit XML: one test case per gate, so that a CI page shows which gate stands in the way.

A blocking gate that did not run is an ``<error type="not_run">``: it must never look passed. A rule that no gate stands
for and that is violated, unknown, waived or only advises is a test case of its own.
"""

from __future__ import annotations

from xml.etree import ElementTree as ET

from agent_agency.arbitration.ruling import Ruling
from agent_agency.facts import GateResult
from agent_agency.gates.outcome import counted
from agent_agency.report import facts_told as told
from agent_agency.report.appeal_told import all_lines
from agent_agency.report.rows import FindingRow, Outcome, finding_rows, gate_outcome
from agent_agency.report.rule_rows import RuleRow, RuleStanding, rows_beside_gates
from agent_agency.report.rules_told import clause, weakened
from agent_agency.report.text import clean, no_command, sentences

_SKIPPED = {
    Outcome.WAIVED: "waived",
    Outcome.WARN: "warns only",
    Outcome.LEFT_OUT: "left out",
}


def render(ruling: Ruling) -> str:
    """The document as text, declared UTF-8, one line feed at the end.

    Characters that XML 1.0 does not allow (section 2.2) are unprintable ones, and those are spelt out.
    """
    outcomes = [(gate, gate_outcome(ruling, gate)) for gate in ruling.gates]
    clauses = rows_beside_gates(ruling)
    suite = ET.Element("testsuite", _counts(ruling, [*(outcome for _, outcome in outcomes), *map(_as_gate, clauses)]))
    suite.append(_properties(ruling))
    rows = finding_rows(ruling)
    for gate, outcome in outcomes:
        suite.append(_case(ruling, gate, outcome, [row for row in rows if row.gate == gate.name]))
    suite.extend(map(_clause, clauses))
    reasons = [f"{ruling.decision.verdict}:", *map(clean, ruling.decision.reasons)]
    reasons += all_lines(ruling)
    reasons += [f"weakened default rule: {line}" for line in weakened(ruling)]
    reasons += [clean(f"waiver {waiver.id}: {told.waiver(waiver)}") for waiver in ruling.waivers]
    ET.SubElement(suite, "system-out").text = "\n".join(no_command(line) for line in reasons)
    suites = ET.Element("testsuites", {**_totals(suite), "name": "agency review"})
    suites.append(suite)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _counts(ruling: Ruling, outcomes: list[Outcome]) -> dict[str, str]:
    unknown = sum(outcome in {Outcome.ERROR, Outcome.NOT_RUN} for outcome in outcomes)
    return {
        "name": clean(f"agency review {(ruling.spec or {}).get('id', 'without a spec')}"),
        "id": clean(ruling.ruling_id),
        "timestamp": clean(ruling.reviewed_at),
        "tests": str(len(outcomes)),
        "failures": str(outcomes.count(Outcome.FAIL)),
        "errors": str(unknown),
        "skipped": str(sum(outcome in _SKIPPED for outcome in outcomes)),
    }


def _totals(suite: ET.Element) -> dict[str, str]:
    return {key: suite.attrib[key] for key in ("tests", "failures", "errors", "skipped")}


def _properties(ruling: Ruling) -> ET.Element:
    holder = ET.Element("properties")
    known = {
        "verdict": str(ruling.decision.verdict),
        "caws_verdict": str(ruling.decision.caws_verdict),
        "exit_code": str(ruling.decision.exit_code),
        "inputs_digest": ruling.inputs_digest,
        "tool_version": ruling.tool_version,
    }
    for name, value in known.items():
        ET.SubElement(holder, "property", {"name": name, "value": clean(value)})
    return holder


def _case(ruling: Ruling, gate: GateResult, outcome: Outcome, rows: list[FindingRow]) -> ET.Element:
    case = ET.Element("testcase", {"classname": "agency.review", "name": clean(gate.name)})
    reason = clean(gate.reason) or counted(len(rows), "finding")
    detail = "\n".join(no_command(_line(row)) for row in rows)
    if outcome is Outcome.FAIL:
        ET.SubElement(case, "failure", {"type": "violation", "message": reason}).text = detail
    elif outcome in {Outcome.ERROR, Outcome.NOT_RUN}:
        ET.SubElement(case, "error", {"type": str(outcome), "message": reason}).text = detail
    elif outcome in _SKIPPED:
        by = ", ".join(waiver.id for waiver in ruling.waivers if gate.name in waiver.gates)
        word = f"waived by {by}" if outcome is Outcome.WAIVED and by else _SKIPPED[outcome]
        ET.SubElement(case, "skipped", {"message": clean(f"{word}: {gate.reason}")})
    if detail and outcome not in {Outcome.FAIL, Outcome.ERROR, Outcome.NOT_RUN}:
        ET.SubElement(case, "system-out").text = detail
    return case


def _as_gate(row: RuleRow) -> Outcome:
    """How a rule counts among the gates."""
    return {
        RuleStanding.VIOLATED: Outcome.FAIL,
        RuleStanding.UNKNOWN: Outcome.ERROR,
        RuleStanding.WAIVED: Outcome.WAIVED,
    }.get(row.standing, Outcome.WARN)


def _clause(row: RuleRow) -> ET.Element:
    finding = row.as_finding()
    case = ET.Element("testcase", {"classname": "agency.rules", "name": clause(row.outcome)})
    detail = no_command(clean(f"{finding.severity} {finding.rule}: {sentences(finding.message, finding.remedy)}"))
    message = clean(finding.message)
    if row.standing is RuleStanding.VIOLATED:
        ET.SubElement(case, "failure", {"type": "violation", "message": message}).text = detail
    elif row.standing is RuleStanding.UNKNOWN:
        ET.SubElement(case, "error", {"type": "unknown", "message": message}).text = detail
    else:
        word = f"waived by {', '.join(row.waived_by)}" if row.waived_by else "advises only"
        ET.SubElement(case, "skipped", {"message": clean(f"{word}: {finding.message}")})
    return case


def _line(row: FindingRow) -> str:
    finding = row.finding
    where = f"{told.place(finding)}: " if finding.place.path else ""
    remedy = f"Fix: {finding.remedy}" if finding.remedy else ""
    waived = f" (waived by {row.waived_by})" if row.waived_by else ""
    return clean(f"{where}{finding.severity} {finding.rule}: {sentences(finding.message, remedy)}{waived}")
