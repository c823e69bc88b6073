"""What a test stopped claiming, and whether something as strong took the place."""

from __future__ import annotations

import builtins
from collections.abc import Iterator
from dataclasses import dataclass

from agent_agency.facts import Finding, Place, Severity, display_path
from agent_agency.gates.tampering.assertions import (
    BOUND,
    CALL,
    CLOSE,
    DEFAULT_TOLERANCE,
    DIFFERS,
    EQUAL,
    FALSE,
    IN,
    RAISES,
    TRUE,
    TYPE,
    Assertion,
)
from agent_agency.gates.tampering.matching import Pair
from agent_agency.gates.tampering.product_change import ProductChange
from agent_agency.gates.tampering.refuge import Refuge
from agent_agency.gates.tampering.rules import Rule, found

HARMLESS_TOLERANCE = 1e-4
_MOST_PARTNERS = 100
_WEAK = frozenset({IN, BOUND, TYPE, TRUE, DIFFERS})
_FALSY = {
    TRUE: frozenset({"bool:False", "int:0", "NoneType:None", "str:''"}),
    FALSE: frozenset({"bool:True", "int:1"}),
}
_FALSY_TYPES = frozenset({"bool", "int", "float", "str", "list", "dict", "set", "tuple", "object"})
_LOSSY = ("sorted(", "set(", "frozenset(", "len(", "bool(", "type(", "round(", "int(", "abs(", "sum(", "any(", "all(")
_COMMON = frozenset({"len", "isinstance", "sorted", "list", "set", "str", "int", "float", "dict", "type", "bool"})


@dataclass(frozen=True, slots=True)
class _Partner:
    claim: Assertion
    rule: Rule | None
    severity: Severity
    told: str


def compare_claims(pair: Pair, refuge: Refuge, product: ProductChange) -> Iterator[Finding]:
    """Findings on a function of the base and the one that took its place."""
    removed, added, kept = _split(pair)
    for before, after in kept:
        yield from _kept(pair, before, after)
    free = list(added)
    for claim in removed:
        if not claim.works or refuge.holds(claim):
            continue
        partner = _partner(claim, free, refuge)
        if partner is not None and partner.claim in free and partner.rule is not None:
            free.remove(partner.claim)
        if partner is None:
            yield _removed(pair, claim, product)
        elif partner.rule is not None:
            yield _told(pair, claim, partner, product)


def _split(pair: Pair) -> tuple[list[Assertion], list[Assertion], list[tuple[Assertion, Assertion]]]:
    """The claims that went, that came, and those that stayed with their new form."""
    left: dict[object, list[Assertion]] = {}
    for claim in sorted(pair.head.claims.assertions, key=lambda claim: claim.works, reverse=True):
        left.setdefault(claim.key, []).append(claim)
    removed, kept = [], []
    for claim in pair.base.claims.assertions:
        same = left.get(claim.key)
        if same:
            kept.append((claim, same.pop(0)))
        else:
            removed.append(claim)
    return removed, [claim for claims in left.values() for claim in claims], kept


def _kept(pair: Pair, before: Assertion, after: Assertion) -> Iterator[Finding]:
    if not before.works:
        return
    if after.swallowed and not before.swallowed:
        told = "its failure is caught and the test goes on"
        yield _finding(pair, Rule.FAILURE_SWALLOWED, Severity.MAJOR, after, told, before)
    elif after.idle:
        yield _finding(pair, Rule.ASSERTION_REMOVED, Severity.MAJOR, after, f"it never runs: {after.idle}", before)
    elif len(after.guards) > len(before.guards):
        told = f"it now runs only under '{after.guards[-1]}'"
        yield _finding(pair, Rule.ASSERTION_WEAKENED, Severity.MODERATE, after, told, before)
    elif before.matched and not after.matched:
        yield _finding(
            pair, Rule.ASSERTION_WEAKENED, Severity.MODERATE, after, "the message is held to nothing", before
        )
    elif after.kind == CLOSE and _is_looser(before, after):
        told = f"its tolerance grew from {before.tolerance:g} to {after.tolerance:g}"
        yield _finding(pair, Rule.ASSERTION_WEAKENED, Severity.MAJOR, after, told, before)


def _is_looser(before: Assertion, after: Assertion) -> bool:
    return after.tolerance > max(before.tolerance, DEFAULT_TOLERANCE)


def _partner(claim: Assertion, free: list[Assertion], refuge: Refuge) -> _Partner | None:
    free = free[:_MOST_PARTNERS]
    working = [other for other in free if other.works and not refuge.is_hollow(other)]
    if any(_subsumes(other, claim) for other in working):
        return _Partner(claim, None, Severity.ADVICE, "")
    for other in working:
        if other.subject == claim.subject and other.kind != claim.kind:
            return _changed_kind(claim, other)
    for other in working:
        if _says_a_part(other, claim):
            return _Partner(other, Rule.ASSERTION_WEAKENED, Severity.MAJOR, f"now it only claims '{other.text}'")
    for other in working:
        if other.kind == claim.kind == RAISES:
            return _changed_exception(claim, other)
    for other in working:
        if other.kind == claim.kind and (other.subject == claim.subject or other.loose == claim.loose):
            return _Partner(other, Rule.EXPECTATION_CHANGED, Severity.MODERATE, f"now it claims '{other.text}'")
    return _far_partner(claim, free, working)


def _far_partner(claim: Assertion, free: list[Assertion], working: list[Assertion]) -> _Partner | None:
    """Nothing claims the same of the same subject: a claim that says nothing, or another one on the same names."""
    for other in free:
        if other.trivial:
            return _Partner(other, Rule.ASSERTION_TRIVIAL, Severity.MAJOR, f"'{other.text}' can never fail")
    for other in free:
        if other.swallowed:
            told = f"the failure of '{other.text}' is caught and the test goes on"
            return _Partner(other, Rule.FAILURE_SWALLOWED, Severity.MAJOR, told)
    for other in working:
        if (other.roots - _COMMON) & (claim.roots - _COMMON):
            weaker = other.strength < claim.strength
            rule = Rule.ASSERTION_WEAKENED if weaker else Rule.EXPECTATION_CHANGED
            severity = Severity.MAJOR if weaker else Severity.MODERATE
            return _Partner(other, rule, severity, f"now it claims '{other.text}'")
    return None


def _says_a_part(other: Assertion, claim: Assertion) -> bool:
    """Whether a claim is about what is left of the same thing once it was sorted, counted or rounded."""
    if claim.kind != EQUAL or other.kind not in {EQUAL, CLOSE}:
        return False
    return other.subject.startswith(_LOSSY) and not claim.subject.startswith(_LOSSY) and claim.subject in other.subject


def _subsumes(other: Assertion, claim: Assertion) -> bool:
    """Whether a claim says at least as much of the same thing, so far as constants and names tell."""
    shared = (other.roots - _COMMON) & (claim.roots - _COMMON)
    if not shared or other.guards != claim.guards:
        return False
    if other.kind == CALL:
        return claim.kind != CALL
    if claim.kind == CALL:
        return True
    named = other.constants | {f"str:{name!r}" for name in other.roots}
    is_part = claim.subject != other.subject and other.subject in claim.subject
    if other.kind == EQUAL and is_part and claim.wanted and claim.wanted <= named:
        return other.strength >= claim.strength
    counted = claim.kind == EQUAL and claim.subject.startswith("len(")
    return other.kind == EQUAL and (claim.kind in _WEAK or counted) and (claim.roots - _COMMON) <= other.roots


def _changed_kind(claim: Assertion, other: Assertion) -> _Partner:
    if {claim.kind, other.kind} == {TRUE, FALSE}:
        return _Partner(other, Rule.EXPECTATION_CHANGED, Severity.MODERATE, f"now it claims '{other.text}'")
    if _leaves_both_open(claim, other):
        return _Partner(other, Rule.ASSERTION_WEAKENED, Severity.MAJOR, f"now it only claims '{other.text}'")
    close = {claim.kind, other.kind} == {EQUAL, CLOSE}
    if close and other.kind == CLOSE:
        if other.tolerance <= HARMLESS_TOLERANCE and claim.expected == other.expected:
            return _Partner(other, None, Severity.ADVICE, "")
        told = f"now '{other.text}', within {other.tolerance:g}"
        rule = Rule.ASSERTION_WEAKENED if claim.expected == other.expected else Rule.EXPECTATION_CHANGED
        return _Partner(other, rule, Severity.MAJOR, told)
    if other.strength > claim.strength:
        return _Partner(other, None, Severity.ADVICE, "")
    return _Partner(other, Rule.ASSERTION_WEAKENED, Severity.MAJOR, f"now it only claims '{other.text}'")


def _leaves_both_open(claim: Assertion, other: Assertion) -> bool:
    """Whether a claim on truth became one that true and false things fulfil: a type, or one of several values."""
    if other.kind == TYPE:
        return claim.kind == FALSE or (claim.kind == TRUE and not other.roots.isdisjoint(_FALSY_TYPES))
    return claim.kind in {TRUE, FALSE} and other.kind == IN and not other.wanted.isdisjoint(_FALSY[claim.kind])


def _changed_exception(claim: Assertion, other: Assertion) -> _Partner:
    if claim.raised == other.raised:
        if claim.matched and not other.matched:
            return _Partner(other, Rule.ASSERTION_WEAKENED, Severity.MODERATE, "the message is held to nothing")
        return _Partner(other, None, Severity.ADVICE, "")
    if all(any(_is_kind_of(old, new) for new in other.raised) for old in claim.raised):
        return _Partner(other, Rule.ASSERTION_WEAKENED, Severity.MAJOR, f"now any {' or '.join(other.raised)} will do")
    if all(any(_is_kind_of(new, old) for old in claim.raised) for new in other.raised):
        return _Partner(other, None, Severity.ADVICE, "")
    return _Partner(other, Rule.EXPECTATION_CHANGED, Severity.MODERATE, f"now it expects {' or '.join(other.raised)}")


def _is_kind_of(name: str, wider: str) -> bool:
    if name == wider or wider in {"Exception", "BaseException"}:
        return True
    first, second = getattr(builtins, name, None), getattr(builtins, wider, None)
    return isinstance(first, type) and isinstance(second, type) and issubclass(first, second)


def _removed(pair: Pair, claim: Assertion, product: ProductChange) -> Finding:
    gone = product.took(claim.roots)
    told = f"nothing claims it any more{', and code that it speaks of is gone' if gone else ''}"
    weight = Severity.ADVICE if gone else Severity.MAJOR
    return _finding(pair, Rule.ASSERTION_REMOVED, weight, None, told, claim)


def _told(pair: Pair, claim: Assertion, partner: _Partner, product: ProductChange) -> Finding:
    rule = partner.rule or Rule.EXPECTATION_CHANGED
    weight = product.weight_of_expectations if rule is Rule.EXPECTATION_CHANGED else partner.severity
    return _finding(pair, rule, weight, partner.claim, partner.told, claim)


def _finding(
    pair: Pair, rule: Rule, severity: Severity, after: Assertion | None, told: str, before: Assertion
) -> Finding:
    line = after.line if after else pair.head.line
    where = f"{pair.base.qualname} (line {before.line} of {display_path(pair.base.path)} at the base)"
    return found(
        rule,
        severity,
        Place(pair.head.path, line),
        f"{where} claimed '{before.text}'; {told}",
        remedy=_REMEDIES[rule].format(claim=before.text, test=pair.head.qualname),
        subject=f"{pair.base.qualname}:{before.kind}:{before.text}",
    )


_REMEDIES = {
    Rule.ASSERTION_REMOVED: "Put '{claim}' back into {test} where it runs",
    Rule.ASSERTION_TRIVIAL: "Put '{claim}' back into {test}",
    Rule.ASSERTION_WEAKENED: "Put '{claim}' back into {test}",
    Rule.EXPECTATION_CHANGED: "Put '{claim}' back into {test}, or have a person waive the changed expectation",
    Rule.FAILURE_SWALLOWED: "Let '{claim}' fail {test}: take the handler away or raise again in it",
}
