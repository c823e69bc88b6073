"""Pairs of rules that cannot both be satisfied.

A pair is a contradiction where both can apply to the same case (or element) and, wherever both apply, their conditions
cannot both be true. This is decided for comparisons of facts with constants, truth values, and any other expressions
that stand in both rules alike. Not decided, and so not told: whether two applicability conditions meet that hold
different expressions of the other kinds, arithmetic between facts, and rules about elements of different lists.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agent_agency.arbitration.constitution.check import CheckedRule
from agent_agency.arbitration.constitution.satisfiable import Formula, UndecidedError, all_of, atoms_of, can_hold
from agent_agency.facts import Finding, Severity

MAX_PAIRS = 4_000
"""Pairs compared in one load; the rest are told as not compared."""


def contradictions(added: Sequence[CheckedRule], standing: Sequence[CheckedRule] = ()) -> tuple[Finding, ...]:
    """Compare rules with each other and with those that stand already.

    Args:
        added: rules, each of which is compared with every other.
        standing: rules that are not compared among themselves again.
    """
    found = []
    for number, (first, second) in enumerate(_pairs(added, standing)):
        if number == MAX_PAIRS:
            found.append(_not_compared(second))
            break
        if _contradict(first, second):
            found.append(_told(first, second))
    return tuple(found)


def _pairs(added: Sequence[CheckedRule], standing: Sequence[CheckedRule]) -> Iterator[tuple[CheckedRule, CheckedRule]]:
    """The pairs whose conditions look at a common fact; others cannot contradict each other."""
    looked_at = {id(one): {atom.path for atom in atoms_of(one.condition)} for one in (*standing, *added)}
    for index, second in enumerate(added):
        for first in (*standing, *added[:index]):
            if looked_at[id(first)] & looked_at[id(second)] and _may_be_in_force_together(first, second):
                yield first, second


def _may_be_in_force_together(first: CheckedRule, second: CheckedRule) -> bool:
    one, other = first.rule, second.rule
    starts = [day for day in (one.effective, other.effective) if day is not None]
    ends = [day for day in (one.expires, other.expires) if day is not None]
    return not starts or not ends or max(starts) < min(ends)


def _contradict(first: CheckedRule, second: CheckedRule) -> bool:
    try:
        if not _certainly_meet(first.applies, second.applies):
            return False
        return not can_hold(all_of(first.applies, second.applies, first.condition, second.condition))
    except UndecidedError:
        return False


def _certainly_meet(first: Formula, second: Formula) -> bool:
    if first == second:
        return can_hold(first)
    opaque = any(atom.opaque for one in (first, second) for atom in atoms_of(one))
    return not opaque and can_hold(all_of(first, second))


def _told(first: CheckedRule, second: CheckedRule) -> Finding:
    message = f"{second.rule.id} and {first.rule.id} contradict each other: where both apply, one of them is violated"
    remedy = "Narrow where one of them applies, or drop it."
    subject = f"{first.rule.id}/{second.rule.id}"
    return Finding(
        "rules.contradiction", Severity.MAJOR, message, remedy, second.place, waivable=False, subject=subject
    )


def _not_compared(last: CheckedRule) -> Finding:
    message = f"Only {MAX_PAIRS:,} pairs of rules were compared for contradictions, up to {last.rule.id}"
    return Finding("rules.not_compared", Severity.ADVICE, message, "Write fewer rules about one fact.", last.place)
