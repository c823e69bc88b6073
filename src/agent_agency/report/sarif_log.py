"""The parts of a SARIF 2.1.0 log that every report shares (OASIS standard, 2020-03-27)."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from agent_agency._version import __version__
from agent_agency.facts import Finding, Severity
from agent_agency.report.text import clean, without_surrogates
from agent_agency.spec.explain import find_rule
from agent_agency.spec.rule_catalogue import Rule, load_catalogue

SCHEMA_URI = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
ROOT = "SRCROOT"

_LEVELS = {
    Severity.ADVICE: "note",
    Severity.MINOR: "note",
    Severity.MODERATE: "warning",
    Severity.MAJOR: "error",
    Severity.CRITICAL: "error",
}


def log(run: dict[str, Any]) -> dict[str, Any]:
    """One log with one run."""
    return {"$schema": SCHEMA_URI, "version": "2.1.0", "runs": [run]}


def tool(rules: Sequence[dict[str, Any]], version: str = __version__) -> dict[str, Any]:
    """The tool component with the rules that the results refer to by index."""
    return {"driver": {"name": "agent-agency", "version": version, "rules": list(rules)}}


def root_bases() -> dict[str, Any]:
    """The base that every relative address stands on, left for the reader to place."""
    return {ROOT: {"description": {"text": "The root of the repository."}}}


def level(severity: Severity) -> str:
    """SARIF's word for a severity."""
    return _LEVELS[severity]


def rules(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """One descriptor per rule, sorted by id, from the catalogue of rules.

    A rule that the catalogue does not know is described by its id and by the remedy of its heaviest finding.
    """
    heaviest: dict[str, Finding] = {}
    for finding in findings:
        known = heaviest.get(finding.rule)
        if known is None or (finding.severity.rank, known.remedy) > (known.severity.rank, finding.remedy):
            heaviest[finding.rule] = finding
    if not heaviest:
        return []
    catalogue = load_catalogue()
    return [_rule(heaviest[rule], find_rule(catalogue, rule)) for rule in sorted(heaviest)]


def address(path: str) -> str:
    """A repository-relative path as a URI reference, its bytes percent-encoded where RFC 3986 asks for it."""
    return quote(os.fsencode(path), safe="/")


def location(path: str, line: int | None = None, column: int | None = None) -> dict[str, Any]:
    """A place in a file; a region only when the line is known."""
    physical: dict[str, Any] = {"artifactLocation": {"uri": address(path), "uriBaseId": ROOT}}
    if line is not None and line >= 1:
        physical["region"] = {"startLine": line} | ({"startColumn": column} if column else {})
    return {"physicalLocation": physical}


def numbered(fingerprints: Iterable[str]) -> list[str]:
    """Tell repeated fingerprints apart by their order: ``f``, ``f:2``, ``f:3``."""
    seen: Counter[str] = Counter()
    told = []
    for fingerprint in fingerprints:
        seen[fingerprint] += 1
        told.append(fingerprint if seen[fingerprint] == 1 else f"{fingerprint}:{seen[fingerprint]}")
    return told


def message(text: str) -> dict[str, str]:
    """A plain-text message in which nothing can be read as a placeholder or a link (SARIF 3.11.5, 3.11.6).

    Other braces and brackets stay single, because common readers do not undo their doubling.
    """
    escaped = re.sub(r"\{(\d+)\}", r"{{\1}}", clean(text))
    if "](" in escaped:
        escaped = escaped.replace("[", "\\[").replace("]", "\\]")
    return {"text": escaped or "(no message)"}


def result(finding: Finding, rule_index: Mapping[str, int], fingerprint: str, *, path: str | None) -> dict[str, Any]:
    """One result; ``path`` is where it stands when the finding itself names no file."""
    rule = without_surrogates(finding.rule)
    told = {
        "ruleId": rule,
        "ruleIndex": rule_index[rule],
        "level": level(finding.severity),
        "message": message(finding.message),
        "partialFingerprints": {"agencyFinding/v1": fingerprint, "primaryLocationLineHash": fingerprint},
        "properties": {"severity": str(finding.severity), "remedy": without_surrogates(finding.remedy)},
    }
    if path:
        told["locations"] = [location(path, finding.place.line, finding.place.column)]
    return told


def _rule(finding: Finding, known: Rule | None) -> dict[str, Any]:
    descriptor = {
        "id": without_surrogates(finding.rule),
        "shortDescription": message(known.means if known else _spoken(finding.rule)),
        "help": _help(known) if known else message(finding.remedy or "See the message of the result."),
        "defaultConfiguration": {"level": level(finding.severity)},
    }
    return descriptor | ({"fullDescription": message(f"{known.means} {known.why}")} if known else {})


def _help(rule: Rule) -> dict[str, str]:
    """What breaks a rule and what mends it, the examples set as code where Markdown is read."""
    examples = (("Breaks it", rule.breaks), ("Mends it", rule.mends))
    plain = [f"{title}:\n{example}" for title, example in examples]
    marked = [f"**{title}**\n\n```yaml\n{example}\n```" for title, example in examples]
    return {"text": "\n\n".join([rule.why, *plain]), "markdown": "\n\n".join([rule.why, *marked])}


def _spoken(rule: str) -> str:
    words = clean(rule).replace(".", ": ", 1).replace(".", " ").replace("_", " ").replace("-", " ")
    return words[:1].upper() + words[1:]
