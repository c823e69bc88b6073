"""Which kinds of check no gate measures, and where the law makes that a refusal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.facts import GateStatus, Severity
from agent_agency.gate_settings import TIERS, ConfiguredGate, GateKind
from agent_agency.gates.required_kinds import STANDARD_KINDS, evaluate


def gate(kind: GateKind, *, blocking: tuple[int, ...] = TIERS, when: tuple[str, ...] = ()) -> ConfiguredGate:
    return ConfiguredGate(f"my-{kind}", kind, ("x",), blocking=blocking, when=when)


def test_kinds_without_a_gate_are_one_piece_of_advice() -> None:
    result = evaluate([gate(GateKind.TESTS), gate(GateKind.LINT)], 1, {})

    assert result.status is GateStatus.PASS
    (finding,) = result.findings
    assert (finding.rule, finding.severity) == ("required_kinds.without_gate", Severity.ADVICE)
    assert finding.message == "No gate measures: coverage, mutation, contracts, types, security"


def test_the_standard_asks_for_no_contracts_at_tier_3() -> None:
    assert evaluate([], 3, {}).facts["without_gate"] == [
        "tests",
        "coverage",
        "mutation",
        "lint",
        "types",
        "security",
    ]
    assert "contracts" in evaluate([], 2, {}).facts["without_gate"]


def test_nothing_is_said_where_every_kind_has_a_gate() -> None:
    result = evaluate([gate(kind) for kind in STANDARD_KINDS], 1, {1: STANDARD_KINDS})

    assert (result.status, result.findings) == (GateStatus.PASS, ())


def test_what_the_law_requires_at_the_tier_and_no_gate_measures_fails_with_a_remedy() -> None:
    required = {1: (GateKind.TESTS, GateKind.MUTATION), 2: (GateKind.TESTS,)}
    result = evaluate([gate(GateKind.TESTS)], 1, required)

    assert result.status is GateStatus.FAIL
    missing = [finding for finding in result.findings if finding.rule == "required_kinds.missing"]
    assert [finding.subject for finding in missing] == ["mutation"]
    assert 'kind = "mutation"' in missing[0].remedy
    assert evaluate([gate(GateKind.TESTS)], 2, required).status is GateStatus.PASS


def test_a_gate_that_only_advises_does_not_meet_a_requirement() -> None:
    result = evaluate([gate(GateKind.TESTS, blocking=(1, 2))], 3, {3: (GateKind.TESTS,)})

    assert result.status is GateStatus.FAIL
    assert "only advises at tier 3" in result.findings[0].message


def test_a_kind_that_a_built_in_gate_measures_is_measured() -> None:
    result = evaluate([], 1, {1: (GateKind.CONTRACTS,)}, measured={GateKind.CONTRACTS})

    assert result.status is GateStatus.PASS
    assert "contracts" not in result.facts["without_gate"]


def test_a_requirement_of_a_kind_beyond_the_standard_is_held_to() -> None:
    assert evaluate([], 3, {3: (GateKind.ACCESSIBILITY,)}).facts["missing"] == ["accessibility"]


def test_without_a_tier_a_requirement_is_not_taken_as_met() -> None:
    assert evaluate([], None, {1: (GateKind.TESTS,)}).status is GateStatus.NOT_RUN
    assert evaluate([], None, {}).status is GateStatus.PASS


KINDS = st.lists(st.sampled_from(list(GateKind)), max_size=6)


@given(KINDS, KINDS, st.sampled_from(TIERS), st.sets(st.sampled_from(TIERS)))
def test_it_passes_exactly_when_every_required_kind_blocks(
    configured: list[GateKind], required: list[GateKind], tier: int, blocking: set[int]
) -> None:
    gates = [gate(kind, blocking=tuple(sorted(blocking))) for kind in configured]
    result = evaluate(gates, tier, {tier: tuple(required)})

    held = set(configured) if tier in blocking else set()
    assert (result.status is GateStatus.PASS) is (set(required) <= held)
