"""GitHub workflow commands: annotations that appear at the lines of a pull request.

The syntax and its escapes are those of GitHub's documentation, "Workflow commands for GitHub Actions".
"""

from __future__ import annotations

from agent_agency.arbitration.ruling import Ruling
from agent_agency.facts import Severity, display_path
from agent_agency.report import facts_told as told
from agent_agency.report.appeal_told import all_lines
from agent_agency.report.rows import Outcome, Standing, finding_rows, gates_by_outcome
from agent_agency.report.rule_rows import RuleRow, RuleStanding, rows_beside_gates
from agent_agency.report.rules_told import weakened
from agent_agency.report.text import clean, sentences

_LEVELS = {
    Severity.ADVICE: "notice",
    Severity.MINOR: "notice",
    Severity.MODERATE: "warning",
    Severity.MAJOR: "error",
    Severity.CRITICAL: "error",
}


def render(ruling: Ruling) -> str:
    """One annotation each for the verdict, a gate without a result, a weakened rule, a waiver, a rule, a finding."""
    decision = ruling.decision
    lines = [annotation(_verdict_level(ruling), _verdict_text(ruling), title=f"agency: {decision.verdict}")]
    for gate, outcome in gates_by_outcome(ruling):
        if outcome in {Outcome.NOT_RUN, Outcome.ERROR}:
            lines.append(annotation("error", gate.reason or "no result", title=f"{gate.name}: {_words(outcome)}"))
    lines += [annotation("notice", line, title="on appeal") for line in all_lines(ruling)]
    lines += [_rule(row) for row in rows_beside_gates(ruling)]
    lines += [annotation("warning", line, title="weakened default rule") for line in weakened(ruling)]
    lines += [annotation("notice", told.waiver(waiver), title=f"waiver {waiver.id}") for waiver in ruling.waivers]
    for row in finding_rows(ruling):
        if row.standing is Standing.LEFT_OUT:
            continue
        place = row.finding.place
        text = sentences(row.finding.message, row.finding.remedy)
        text = f"{text} (waived by {row.waived_by})" if row.waived_by else text
        lines.append(
            annotation(
                finding_level(row.finding.severity, decides=row.standing is Standing.DECIDES),
                text,
                title=row.finding.rule,
                path=place.path,
                line=place.line,
                column=place.column,
            )
        )
    return "".join(f"{line}\n" for line in lines)


def _rule(row: RuleRow) -> str:
    finding = row.as_finding()
    text = sentences(finding.message, finding.remedy)
    text = f"{text} (waived by {', '.join(row.waived_by)})" if row.waived_by else text
    stands = row.standing in {RuleStanding.VIOLATED, RuleStanding.UNKNOWN}
    return annotation(finding_level(finding.severity, decides=stands), text, title=f"{row.standing}: {finding.rule}")


def finding_level(severity: Severity, *, decides: bool = True) -> str:
    """GitHub's word for a severity; what does not decide is at most a warning, what decides at least one."""
    if decides:
        return "warning" if _LEVELS[severity] == "notice" and severity is not Severity.ADVICE else _LEVELS[severity]
    return "warning" if _LEVELS[severity] == "error" else "notice"


def annotation(
    level: str,
    text: str,
    *,
    title: str,
    path: str | None = None,
    line: int | None = None,
    column: int | None = None,
) -> str:
    """One workflow command; nothing in a name or a message can end it or start another."""
    properties = {"file": display_path(path) if path else None, "line": line, "col": column, "title": clean(title)}
    if path is None or line is None:
        properties.update(line=None, col=None)
    told = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value is not None)
    return f"::{level} {told}::{_data(clean(text))}"


def _verdict_level(ruling: Ruling) -> str:
    return "notice" if ruling.decision.exit_code == 0 else "error"


def _verdict_text(ruling: Ruling) -> str:
    reasons = "; ".join(ruling.decision.reasons[:3])
    return f"{ruling.decision.verdict} ({ruling.decision.caws_verdict}): {reasons}. Ruling {ruling.ruling_id}"


def _words(outcome: Outcome) -> str:
    return str(outcome).replace("_", " ")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
