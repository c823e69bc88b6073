"""The case file: the exact inputs of the verdict as bytes, so that it can be decided again from what was stored.

It holds what the verdict follows from and nothing else: of each gate all but its measured facts, the facts that rules
may ask about, the day, the waivers in force, the state of the law, and the digest of the constitution, whose text is
stored beside it. The facts about gates and findings follow from the gates and are not written twice. It is canonical
JSON (RFC 8785); a text with lone surrogates (a path that is no UTF-8) stands as ``{"base64": …}`` and an integer that
no double holds as ``{"hexadecimal": …}``, so that nothing is lost.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from agent_agency.arbitration.constitution.model import Constitution, RuleOutcome
from agent_agency.arbitration.gate_facts import finding_facts, gate_facts, kept_facts
from agent_agency.arbitration.ruling import Decision
from agent_agency.arbitration.verdict import Hearing, LawState, Violation, WaiverInForce, decide, violations_of
from agent_agency.canonical_json import parse_canonical
from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity

CASE_VERSION = 2

_LARGEST_EXACT = 2**53 - 1


@dataclass(frozen=True)
class Case:
    """What a verdict follows from.

    ``stated`` are the facts other than those about gates and findings; ``kinds`` maps each gate to its kind. ``day`` is
    the day, in UTC, on which rules must be in force. ``released`` are the gates whose own rule was disabled with leave.
    """

    gates: tuple[GateResult, ...]
    waivers: tuple[WaiverInForce, ...]
    law: LawState
    constitution: Constitution
    day: date
    stated: Mapping[str, Any]
    kinds: Mapping[str, str]
    released: frozenset[str] = frozenset()

    @cached_property
    def facts(self) -> Mapping[str, Any]:
        """All facts that a rule may ask about."""
        gates = [gate_facts(gate, self.kinds.get(gate.name)) for gate in self.gates]
        return {**self.stated, "gates": gates, "findings": finding_facts(self.gates)}

    @cached_property
    def outcomes(self) -> tuple[RuleOutcome, ...]:
        """What each rule says."""
        from agent_agency.arbitration.constitution.evaluate import evaluate

        return evaluate(self.constitution, self.facts, self.day)

    @cached_property
    def hearing(self) -> Hearing:
        """What is before the arbiter."""
        return Hearing(
            gates=self.gates,
            outcomes=self.outcomes,
            rules={rule.id: rule for rule in self.constitution.rules},
            waivers=self.waivers,
            law=self.law,
            released=self.released,
        )

    @property
    def violations(self) -> tuple[Violation, ...]:
        """Every violation, heaviest first, each with the waiver that covers it."""
        return violations_of(self.hearing)

    def decide(self) -> Decision:
        """Rule on it."""
        return decide(self.hearing)


def to_json(case: Case) -> bytes:
    """The case as canonical JSON; two cases give the same bytes exactly if the same is decided by the same rules."""
    return _canonical(
        {
            "case_version": CASE_VERSION,
            "constitution": case.constitution.digest,
            "day": case.day.isoformat(),
            "facts": _value(case.stated),
            "released": [_text(name) for name in sorted(case.released)],
            "gates": [{**_gate(gate), "kind": case.kinds.get(gate.name, ""), **_told(gate)} for gate in case.gates],
            "waivers": [_waiver(waiver) for waiver in case.waivers],
            "law": {
                "in_force": case.law.in_force,
                "only_law_edited": case.law.only_law_edited,
                "adopt": _text(case.law.adopt),
            },
        }
    )


def from_json(data: bytes, constitution_of: Callable[[str], Constitution]) -> Case:
    """Read what `to_json` wrote.

    Args:
        data: the bytes.
        constitution_of: gives the constitution of a digest; it may raise ``ValueError``.

    Raises:
        ValueError: the bytes are no case file of this version, or its constitution is not to be had; the message says
            why.
    """
    document = parse_canonical(data)
    if not isinstance(document, dict) or document.get("case_version") != CASE_VERSION:
        raise ValueError(f"it is no case file of version {CASE_VERSION}")
    try:
        digest = str(document["constitution"])
    except KeyError as error:
        raise ValueError("it names no constitution") from error
    constitution = constitution_of(digest)
    if constitution.digest != digest:
        raise ValueError("the constitution beside it is another one")
    try:
        case = _read_case(document, constitution)
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
                [
                    *map(_text, (condition.id, condition.message, condition.remedy)),
                    *map(_text, (condition.by, condition.rule, condition.subject)),
                ]
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
    return {
        "id": _text(waiver.id),
        "covers_gates": [_text(name) for name in sorted(waiver.covers_gates)],
        "covers_rules": [_text(rule) for rule in sorted(waiver.covers_rules)],
        "paths": [_text(path) for path in waiver.paths],
        "budget_needed": waiver.budget_needed,
    }


def _told(gate: GateResult) -> dict[str, Any]:
    """Of a gate's measured facts what rules may ask about."""
    told = gate_facts(gate, None)
    return {name: _value(told[name]) for name in ("reused", "flaky", "evidence")}


def _value(value: Any) -> Any:
    """Facts are plain data of texts, whole numbers, truths, lists and mappings with ASCII keys."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return _number(value)
    if isinstance(value, Mapping):
        return {"map": {str(key): _value(member) for key, member in value.items()}}
    if isinstance(value, Sequence):
        return [_value(member) for member in value]
    raise TypeError(f"a fact of type {type(value).__name__} cannot be kept")


def _read_value(value: Any) -> Any:
    if isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, list):
        return [_read_value(member) for member in value]
    if set(value) == {"map"}:
        return {key: _read_value(member) for key, member in value["map"].items()}
    return _read_text(value) if set(value) == {"base64"} else _read_number(value)


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


def _read_case(document: Mapping[str, Any], constitution: Constitution) -> Case:
    law = document["law"]
    return Case(
        gates=tuple(_read_gate(gate) for gate in document["gates"]),
        waivers=tuple(_read_waiver(waiver) for waiver in document["waivers"]),
        law=LawState(_flag(law["in_force"]), _flag(law["only_law_edited"]), _read_text(law["adopt"])),
        constitution=constitution,
        day=date.fromisoformat(document["day"]),
        stated=_read_value(document["facts"]),
        kinds={_read_text(gate["name"]): gate["kind"] for gate in document["gates"] if gate["kind"]},
        released=frozenset(_read_text(name) for name in document["released"]),
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
        facts=kept_facts(
            reused=_flag(gate["reused"]),
            flaky=_flag(gate["flaky"]),
            evidence=[_read_text(digest) for digest in gate["evidence"]],
        ),
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
    return WaiverInForce(
        id=_read_text(waiver["id"]),
        covers_gates=frozenset(_read_text(name) for name in waiver["covers_gates"]),
        budget_needed=_flag(waiver["budget_needed"]),
        covers_rules=frozenset(_read_text(rule) for rule in waiver["covers_rules"]),
        paths=tuple(_read_text(path) for path in waiver["paths"]),
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
