"""The gates whose own default rule the repository disabled or loosened, with leave of its policy.

Such a gate may block and no rule may speak of it; any other blocking gate without a rule is a condition.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from agent_agency.arbitration.constitution.model import Constitution, RuleStatus


def released_gates(constitution: Constitution, facts: Mapping[str, Any], day: date) -> frozenset[str]:
    """Name the gates of which a weakened default rule would have spoken as it was.

    It may be gone, be advice now, or no longer apply to the gate.
    """
    weakened = {weakening.rule for weakening in constitution.weakened}
    if not weakened:
        return frozenset()
    from agent_agency.arbitration.constitution.default_rules import default_constitution
    from agent_agency.arbitration.constitution.evaluate import evaluate

    rules = tuple(rule for rule in default_constitution().rules if rule.id in weakened)
    outcomes = evaluate(Constitution(rules, ""), facts, day)
    return frozenset(
        outcome.gate for outcome in outcomes if outcome.gate and outcome.status is not RuleStatus.NOT_APPLICABLE
    )
