"""The colours of a terminal: one meaning, one style, and never the only bearer of that meaning."""

from __future__ import annotations

from types import MappingProxyType

from agent_agency.arbitration.ruling import Verdict
from agent_agency.facts import Severity
from agent_agency.report.rows import Outcome
from agent_agency.report.rule_rows import RuleStanding

VERDICT_STYLES = MappingProxyType(
    {
        Verdict.APPROVED: "bold green",
        Verdict.CONDITIONAL: "bold yellow",
        Verdict.WAIVED: "bold cyan",
        Verdict.REJECTED: "bold red",
    }
)
OUTCOME_STYLES = MappingProxyType(
    {
        Outcome.PASS: "green",
        Outcome.FAIL: "bold red",
        Outcome.ERROR: "bold red",
        Outcome.NOT_RUN: "bold yellow",
        Outcome.WAIVED: "cyan",
        Outcome.WARN: "yellow",
        Outcome.LEFT_OUT: "dim",
    }
)
RULE_STYLES = MappingProxyType(
    {
        RuleStanding.VIOLATED: "bold red",
        RuleStanding.UNKNOWN: "bold yellow",
        RuleStanding.WAIVED: "cyan",
        RuleStanding.ADVISES: "cyan",
        RuleStanding.SATISFIED: "green",
        RuleStanding.NOT_APPLICABLE: "dim",
    }
)
SEVERITY_STYLES = MappingProxyType(
    {
        Severity.ADVICE: "cyan",
        Severity.MINOR: "yellow",
        Severity.MODERATE: "yellow",
        Severity.MAJOR: "bold red",
        Severity.CRITICAL: "bold red",
    }
)
