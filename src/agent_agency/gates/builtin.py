"""The built-in gates, run one after the other over one change."""

from __future__ import annotations

from collections.abc import Callable

from agent_agency.errors import AgencyError
from agent_agency.facts import GateMode, GateResult, GateStatus
from agent_agency.gates.context import GateContext
from agent_agency.gates.mode import CAWS_GATES, OWN_GATES, binding_of

SECRETS = "secrets"

Evaluator = Callable[[GateContext, GateMode], GateResult]


def run_builtin_gates(context: GateContext) -> tuple[GateResult, ...]:
    """Evaluate every built-in gate, and list what the policy names beyond them.

    The answer always holds the five gates of the CAWS standard and the arbiter's own, in that order, then one
    ``not_run`` result for every other gate that the policy names, by name. A gate that raises is an ``error``, never
    a pass.
    """
    evaluators = _evaluators()
    results = [_evaluate(name, evaluators[name], context) for name in (*CAWS_GATES, *OWN_GATES)]
    others = sorted(name for name in context.policy.gates if name not in evaluators)
    results += [_without_evaluator(name, context) for name in others]
    return tuple(_without_credentials(result) for result in results)


def _evaluators() -> dict[str, Evaluator]:
    from agent_agency.gates import (
        budget_limit,
        god_object,
        governance_edit,
        scope_boundary,
        secrets,
        spec_completeness,
        todo_detection,
    )
    from agent_agency.gates.contracts import gate as contracts
    from agent_agency.gates.tampering import gate as tampering

    return {
        "spec_completeness": spec_completeness.evaluate,
        "scope_boundary": scope_boundary.evaluate,
        "budget_limit": budget_limit.evaluate,
        "god_object": god_object.evaluate,
        "todo_detection": todo_detection.evaluate,
        "governance_edit": governance_edit.evaluate,
        "secrets": secrets.evaluate,
        "tampering": tampering.evaluate,
        "declared_contracts": contracts.evaluate,
    }


def _evaluate(name: str, evaluate: Evaluator, context: GateContext) -> GateResult:
    binding = binding_of(name, context.policy)
    if not binding.applicable:
        return GateResult(name, GateStatus.NOT_RUN, binding.mode, reason=binding.reason, applicable=False)
    try:
        return evaluate(context, binding.mode)
    except AgencyError as error:
        return GateResult(name, GateStatus.ERROR, binding.mode, reason=f"{error.message}; {error.fix}")
    except Exception as error:  # noqa: BLE001 - a crash in one gate must end as that gate's error, not as a pass
        reason = f"the gate broke on this change ({type(error).__name__}); please report it"
        return GateResult(name, GateStatus.ERROR, binding.mode, reason=reason, mendable=False)


def _without_credentials(result: GateResult) -> GateResult:
    """What a gate quotes of the change may be a credential; the gate ``secrets`` itself quotes none."""
    if not result.findings or result.name == SECRETS:
        return result
    from agent_agency.gates.redaction import Redactor

    return Redactor().clean_result(result, paths=False)


def _without_evaluator(name: str, context: GateContext) -> GateResult:
    binding = binding_of(name, context.policy)
    if not binding.applicable:
        return GateResult(name, GateStatus.NOT_RUN, binding.mode, reason=binding.reason, applicable=False)
    reason = "the policy asks for this gate and the arbiter has no evaluator for it"
    return GateResult(name, GateStatus.NOT_RUN, binding.mode, reason=reason, mendable=False)
