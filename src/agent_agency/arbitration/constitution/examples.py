"""The examples beside a rule, run: does the rule say of those facts what its author expects?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

from agent_agency.arbitration.constitution.evaluate import Evaluation
from agent_agency.arbitration.constitution.model import Rule, RuleExample, RuleOutcome, RuleStatus
from agent_agency.arbitration.constitution.serialise import make_constitution

_HEAVIEST_FIRST = (RuleStatus.VIOLATED, RuleStatus.UNKNOWN, RuleStatus.SATISFIED, RuleStatus.NOT_APPLICABLE)
_ANY_DAY = date(2000, 1, 1)  # examples are run without the days from and until which a rule binds


@dataclass(frozen=True, slots=True)
class ExampleRun:
    """What a rule said of an example; ``outcomes`` has one for each element that the rule is about."""

    rule: Rule
    example: RuleExample
    outcomes: tuple[RuleOutcome, ...]

    @property
    def got(self) -> RuleStatus:
        """The heaviest of the outcomes: violated, unknown, satisfied, not applicable."""
        return heaviest(self.outcomes)

    @property
    def passed(self) -> bool:
        """Whether that is what the example expects."""
        return self.got is self.example.expect


def heaviest(outcomes: Iterable[RuleOutcome]) -> RuleStatus:
    """What several outcomes of one rule come to."""
    said = {outcome.status for outcome in outcomes}
    return next((status for status in _HEAVIEST_FIRST if status in said), RuleStatus.NOT_APPLICABLE)


def run_examples(rules: Sequence[Rule]) -> Iterator[ExampleRun]:
    """Run every example of some rules, whose conditions are known to compile."""
    for rule in rules:
        if rule.examples:
            evaluation = Evaluation(make_constitution([replace(rule, effective=None, expires=None)]))
            for example in rule.examples:
                yield ExampleRun(rule, example, evaluation.outcomes(example.facts, _ANY_DAY))
