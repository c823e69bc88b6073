"""The case file: the exact inputs of the verdict as bytes, so that it can be decided again from what was stored.

It holds what ``verdict.decide`` takes and nothing else: of each gate all but its measured facts, the waivers in force,
the state of the law. It is canonical JSON (RFC 8785); a text with lone surrogates (a path that is no UTF-8) stands as
``{"base64": …}`` and an integer that no double holds as ``{"hexadecimal": …}``, so that nothing is lost.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agent_agency.arbitration.ruling import Decision
from agent_agency.arbitration.verdict import LawState, WaiverInForce, decide
from agent_agency.canonical_json import parse_canonical
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity

CASE_VERSION = 1

_LARGEST_EXACT = 2**53 - 1


@dataclass(frozen=True, slots=True)
class Case:
    """What a verdict follows from."""

    gates: tuple[GateResult, ...]
    waivers: tuple[WaiverInForce, ...]
    law: LawState

    def decide(self) -> Decision:
        """Rule on it."""
        return decide(self.gates, self.waivers, self.law)


def to_json(case: Case) -> bytes:
    """The case as canonical JSON; two cases give the same bytes exactly if ``decide`` is given the same."""
    return _canonical(
        {
            "case_version": CASE_VERSION,
            "gates": [_gate(gate) for gate in case.gates],
            "waivers": [_waiver(waiver) for waiver in case.waivers],
            "law": {
                "in_force": case.law.in_force,
                "only_law_edited": case.law.only_law_edited,
                "adopt": _text(case.law.adopt),
            },
        }
    )


def from_json(data: bytes) -> Case:
    """Read what `to_json` wrote.

    Raises:
        ValueError: the bytes are no case file of this version; the message says why.
    """
    document = parse_canonical(data)
    if not isinstance(document, dict) or document.get("case_version") != CASE_VERSION:
        raise ValueError(f"it is no case file of version {CASE_VERSION}")
    try:
        case = _read_case(document)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"it is not shaped like a case file ({type(error).__name__}: {error})") from error
    if to_json(case) != data:
        raise ValueError("it holds more than a case file does")
    return case


def decision_bytes(decision: Decision) -> bytes:
    """The whole decision as canonical JSON: what is compared when a verdict is executed again."""
    return _canonical(
        {
            "verdict": str(decision.verdict),
            "caws_verdict": str(decision.caws_verdict),
            "reasons": [_text(reason) for reason in decision.reasons],
            "conditions": [
                [_text(condition.id), _text(condition.message), _text(condition.remedy), _text(condition.by)]
                for condition in decision.conditions
            ],
            "exit_code": decision.exit_code,
        }
    )


def _canonical(document: Mapping[str, Any]) -> bytes:
    # without floats, large integers and keys of others' making, this is what RFC 8785 says, at the speed of C
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _gate(gate: GateResult) -> dict[str, Any]:
    return {
        "name": _text(gate.name),
        "status": str(gate.status),
        "mode": str(gate.mode),
        "reason": _text(gate.reason),
        "applicable": gate.applicable,
        "mendable": gate.mendable,
        "findings": [_finding(finding) for finding in gate.findings],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    place = finding.place
    return {
        "rule": _text(finding.rule),
        "severity": str(finding.severity),
        "message": _text(finding.message),
        "remedy": _text(finding.remedy),
        "path": None if place.path is None else _text(place.path),
        "line": _number(place.line),
        "column": _number(place.column),
        "waivable": finding.waivable,
        "subject": _text(finding.subject),
    }


def _waiver(waiver: WaiverInForce) -> dict[str, Any]:
    gates = sorted(waiver.covers_gates)
    return {
        "id": _text(waiver.id),
        "covers_gates": [_text(name) for name in gates],
        "budget_needed": waiver.budget_needed,
    }


def _text(text: str) -> str | dict[str, str]:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return {"base64": base64.b64encode(text.encode("utf-8", "surrogatepass")).decode("ascii")}
    return text


def _number(number: int | None) -> int | dict[str, str] | None:
    if number is None or abs(number) <= _LARGEST_EXACT:
        return number
    return {"hexadecimal": hex(number)}


def _read_case(document: Mapping[str, Any]) -> Case:
    law = document["law"]
    return Case(
        gates=tuple(_read_gate(gate) for gate in document["gates"]),
        waivers=tuple(_read_waiver(waiver) for waiver in document["waivers"]),
        law=LawState(_flag(law["in_force"]), _flag(law["only_law_edited"]), _read_text(law["adopt"])),
    )


def _read_gate(gate: Mapping[str, Any]) -> GateResult:
    return GateResult(
        name=_read_text(gate["name"]),
        status=GateStatus(gate["status"]),
        mode=GateMode(gate["mode"]),
        findings=tuple(_read_finding(finding) for finding in gate["findings"]),
        reason=_read_text(gate["reason"]),
        applicable=_flag(gate["applicable"]),
        mendable=_flag(gate["mendable"]),
    )


def _read_finding(finding: Mapping[str, Any]) -> Finding:
    path = finding["path"]
    return Finding(
        rule=_read_text(finding["rule"]),
        severity=Severity(finding["severity"]),
        message=_read_text(finding["message"]),
        remedy=_read_text(finding["remedy"]),
        place=Place(
            None if path is None else _read_text(path), _read_number(finding["line"]), _read_number(finding["column"])
        ),
        waivable=_flag(finding["waivable"]),
        subject=_read_text(finding["subject"]),
    )


def _read_waiver(waiver: Mapping[str, Any]) -> WaiverInForce:
    gates: Sequence[Any] = waiver["covers_gates"]
    return WaiverInForce(
        _read_text(waiver["id"]), frozenset(_read_text(name) for name in gates), _flag(waiver["budget_needed"])
    )


def _read_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return base64.b64decode(value["base64"], validate=True).decode("utf-8", "surrogatepass")


def _read_number(value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    return int(value["hexadecimal"], 16)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{value!r} is neither true nor false")
    return value
