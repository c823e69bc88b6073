from __future__ import annotations

import pytest

from agent_agency.facts import GateStatus, Severity
from agent_agency.gate_settings import STANDARD_THRESHOLDS, ConfiguredGate, GateKind
from agent_agency.gates.contracts.configured import FORMATS, judge_contract
from support.contracts import BASES, GRAPHQL, OPENAPI, PROTOBUF, edited


def gate(form: str, **more: object) -> ConfiguredGate:
    values = {"threshold": STANDARD_THRESHOLDS[GateKind.CONTRACTS], "report": "contract", **more}
    return ConfiguredGate("api", GateKind.CONTRACTS, ("make", "contract"), format=form, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize("form", sorted(FORMATS))
def test_a_contract_that_stays_the_same_passes(form: str) -> None:
    verdict = judge_contract(gate(form), 1, 0, BASES[form].encode(), BASES[form].encode())
    assert verdict.status is GateStatus.PASS
    assert verdict.figures is not None
    assert verdict.figures["breaking"] == 0
    assert verdict.figures["compared"] is True
    assert verdict.figures["types"] > 0


def test_a_breaking_change_fails_with_its_place_and_the_command_to_see_it() -> None:
    verdict = judge_contract(
        gate("protobuf"), 2, 0, edited(PROTOBUF, "int32 age", "bool age").encode(), PROTOBUF.encode()
    )
    assert (verdict.status, verdict.reason) == (GateStatus.FAIL, "1 breaking change, 0 allowed")
    (finding,) = verdict.findings
    assert (finding.rule, finding.severity) == ("gate.api.protobuf.field_type_changed", Severity.MAJOR)
    assert (finding.place.path, finding.place.line) == ("contract", 13)
    assert "make contract" in finding.remedy


def test_a_threshold_allows_so_many_and_still_tells_them() -> None:
    head = edited(GRAPHQL, "  born: Day\n", "").encode()
    allowing = gate("graphql", threshold={1: 0, 2: 1, 3: 1})
    allowed = judge_contract(allowing, 2, 0, head, GRAPHQL.encode())
    assert allowed.status is GateStatus.PASS
    assert [finding.severity for finding in allowed.findings] == [Severity.ADVICE]
    assert judge_contract(allowing, 1, 0, head, GRAPHQL.encode()).status is GateStatus.FAIL


def test_no_contract_is_an_error_and_never_a_pass() -> None:
    assert judge_contract(gate("openapi"), 1, 0, None, None).status is GateStatus.ERROR
    assert judge_contract(gate("openapi"), 1, 0, None, OPENAPI.encode()).status is GateStatus.ERROR
    assert judge_contract(gate("openapi"), 1, 3, None, None).status is GateStatus.ERROR


def test_what_is_no_contract_fails_whatever_the_threshold() -> None:
    verdict = judge_contract(
        gate("openapi", threshold={1: 99, 2: 99, 3: 99}), 1, 0, b"not a contract", OPENAPI.encode()
    )
    assert verdict.status is GateStatus.FAIL


def test_a_good_contract_of_a_tool_that_failed_is_an_error() -> None:
    verdict = judge_contract(gate("openapi"), 1, 2, OPENAPI.encode(), OPENAPI.encode())
    assert verdict.status is GateStatus.ERROR
    assert "exited with 2" in verdict.reason


def test_a_first_contract_passes_and_says_that_nothing_was_compared() -> None:
    verdict = judge_contract(gate("openapi"), 1, 0, OPENAPI.encode(), None)
    assert verdict.status is GateStatus.PASS
    assert "nothing at the base" in verdict.reason
    assert [(finding.rule, finding.severity) for finding in verdict.findings] == [("gate.api.no_base", Severity.ADVICE)]
    assert verdict.figures is not None
    assert verdict.figures["compared"] is False
