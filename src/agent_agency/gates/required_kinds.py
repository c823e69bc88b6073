"""Pseudo-gate ``required_kinds``: what of the standard's kinds of check no configured gate measures.

A kind without a gate is advice, unless ``[law] required_kinds`` of ``agency.toml`` names it for the risk tier: then
nothing is approved without one. The list of kinds is that of the CAWS standard of 2025.10, which asks for contracts at
tiers 1 and 2 only.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from agent_agency.facts import Finding, GateMode, GateResult, Place, Severity
from agent_agency.gate_settings import ConfiguredGate, GateKind
from agent_agency.gates.outcome import concluded, not_run

NAME = "required_kinds"
CONFIG_PATH = "agency.toml"
STANDARD_KINDS = (
    GateKind.TESTS,
    GateKind.COVERAGE,
    GateKind.MUTATION,
    GateKind.CONTRACTS,
    GateKind.LINT,
    GateKind.TYPES,
    GateKind.SECURITY,
)
"""The kinds that the standard has a rule for."""

TIERS_WITH_CONTRACTS = (1, 2)


def evaluate(
    gates: Sequence[ConfiguredGate],
    tier: int | None,
    required: Mapping[int, Sequence[GateKind]],
    *,
    measured: Collection[GateKind] = (),
) -> GateResult:
    """Compare the configured gates with what the law and the standard ask for.

    Args:
        gates: every gate of ``agency.toml`` at the base; one whose ``when`` leaves it out of this change counts.
        tier: the risk tier; ``None`` where no valid spec tells it.
        required: by tier the kinds without which nothing is approved. A gate that only advises at the tier does not
            satisfy it.
        measured: kinds that a built-in gate measures in this review.
    """
    if tier is None and any(required.values()):
        return not_run(NAME, GateMode.BLOCK, "no valid working spec governs this change, so there is no risk tier")
    asked = tuple(dict.fromkeys(required.get(tier, ()))) if tier is not None else ()
    blocking = {gate.kind for gate in gates if tier in gate.blocking} | set(measured)
    there = {gate.kind for gate in gates} | set(measured)
    lacking = [kind for kind in asked if kind not in blocking]
    advised = [kind for kind in _of_the_standard(tier) if kind not in there and kind not in lacking]
    findings = [_missing(kind, tier, is_there=kind in there) for kind in lacking]
    findings += [_unmeasured(advised)] if advised else []
    facts = {
        "required": [str(kind) for kind in asked],
        "missing": [str(kind) for kind in lacking],
        "without_gate": [str(kind) for kind in advised],
    }
    return concluded(NAME, GateMode.BLOCK, findings, reason=_reason(lacking, advised), facts=facts)


def _of_the_standard(tier: int | None) -> list[GateKind]:
    contracts = tier in TIERS_WITH_CONTRACTS
    return [kind for kind in STANDARD_KINDS if kind is not GateKind.CONTRACTS or contracts]


def _reason(lacking: Sequence[GateKind], advised: Sequence[GateKind]) -> str:
    if lacking:
        return f"the law requires what no gate is held to: {', '.join(lacking)}"
    if advised:
        return f"no gate measures {', '.join(advised)}; the law does not require it"
    return "every kind of check that the law and the standard name has a gate"


def _missing(kind: GateKind, tier: int | None, *, is_there: bool) -> Finding:
    what = f"only advises at tier {tier}" if is_there else "is not there"
    mend = f"Let it block at tier {tier}" if is_there else f'Define a [[gate]] with kind = "{kind}"'
    return Finding(
        rule=f"{NAME}.missing",
        severity=Severity.MAJOR,
        message=f"The law requires a gate of kind '{kind}' at risk tier {tier}, and it {what}",
        remedy=f"{mend} in {CONFIG_PATH} on the base branch; 'agency init --dry-run' looks for one",
        place=Place(CONFIG_PATH),
        subject=str(kind),
    )


def _unmeasured(kinds: Sequence[GateKind]) -> Finding:
    return Finding(
        rule=f"{NAME}.without_gate",
        severity=Severity.ADVICE,
        message=f"No gate measures: {', '.join(kinds)}",
        remedy=f"Define gates in {CONFIG_PATH} on the base branch; 'agency init --dry-run' looks for some",
        place=Place(CONFIG_PATH),
    )
