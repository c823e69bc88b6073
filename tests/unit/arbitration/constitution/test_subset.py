"""The part of CEL that rules may use: what would break fail-closed evaluation is refused."""

from __future__ import annotations

import pytest

from agent_agency.arbitration.constitution.cel import Checked, Checker
from agent_agency.arbitration.constitution.subset import refusals


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


def _refused(checker: Checker, condition: str) -> list[tuple[str, int]]:
    checked = checker.check(condition, "gates")
    assert isinstance(checked, Checked), checked
    return [(refusal.message, refusal.offset) for refusal in refusals(checked)]


@pytest.mark.parametrize(
    ("condition", "offset", "word"),
    [
        ("has(spec.tier)", 3, "'has'"),
        ("!has(it.violations) || it.violations == 0", 4, "'has'"),
        ("spec == spec", 5, "records"),
        ("it in gates", 3, "records"),
        ("gates == gates", 6, "lists"),
        ("spec.contracts == ['a']", 15, "lists"),
        ("dyn(spec).tire == 1", 3, "'dyn'"),
        ("'tire' in dyn(spec)", 7, "records"),
        ("type(spec.tier) == int", 4, "'type'"),
        ("spec == null", 8, "null"),
        ("gates[0].name == 'a'", 5, "order"),
        ("spec.contracts[0] == 'a'", 14, "order"),
        ("timestamp('2026-01-01T00:00:00Z') < timestamp('x')", 9, "clock"),
        ("duration('1s') < duration('2s')", 8, "clock"),
        ("spec.id + spec.id == 'aa'", 8, "joins"),
        ("[spec.id].map(a, a + a).map(a, a + a).exists(a, a == '')", 19, "joins"),
        ("size(spec.contracts + spec.contracts) == 0", 20, "joins"),
        ("agency.Spec{tier: 1}.tier == 1", 0, "maps and messages"),
        ("{'a': 1}.a == 1", 0, "maps and messages"),
        ("b'a' == b'a'", 0, "literal"),
        ("1u == 1u", 0, "literal"),
        ("[1, 'a'].size() == 2", 0, "mixes"),
        ("gates.map(g, gates).size() == 1", 9, "lists"),
        ("string(spec.tier) == '1'", 6, "text"),
        ("int(spec.id) == 1", 3, "numbers"),
        ("spec.id.matches(spec.mode)", 15, "stands in the rule"),
        ("spec.id.matches('a{1000}')", 15, "written out"),
        ("spec.id.matches('((a{9}){9}){9}')", 15, "written out"),
        ("spec.id.matches('a{999999999}')", 15, "written out"),
        (f"spec.id.matches('{'a' * 201}')", 15, "characters"),
        ("gates.exists(spec, spec.binding)", 12, "hides"),
        ("gates.exists(it, it.binding)", 12, "hides"),
        ("gates.exists(g, gates.exists(g, g.binding))", 28, "hides"),
        ("gates.all(a, gates.all(b, gates.all(c, gates.all(d, d.binding))))", 0, "stand inside each other"),
        (" && ".join(["spec.present"] * 210), 0, "parts"),
        (" + ".join(["spec.tier"] * 30) + " > 0", 0, "nested"),
    ],
)
def test_what_a_rule_may_not_use_is_refused_with_its_place(
    checker: Checker, condition: str, offset: int, word: str
) -> None:
    refused = _refused(checker, condition)
    assert any(word in message and place == offset for message, place in refused), refused


@pytest.mark.parametrize(
    "condition",
    [
        "spec.tier == 1 && (spec.present || !spec.valid)",
        "it.kind in ['tests', 'coverage'] && it.violations <= 3",
        "'openapi' in spec.contracts",
        "gates.exists(g, g.kind == 'tests' && g.status == 'pass')",
        "gates.filter(g, g.binding).all(h, h.violations == 0)",
        "gates.map(g, g.name).exists(n, n.startsWith('t'))",
        "gates.exists_one(g, g.name == 'tests')",
        "size(gates) > 0 && gates.size() < 10",
        "double(change.added) / double(change.lines) < 0.5",
        "spec.present ? spec.tier == 1 : change.files < 3",
        "spec.id.matches('^[A-Z]+-[0-9]{1,9}$')",
        "waivers.all(w, w.gates.all(g, g != 'law'))",
        "review.day < '2027-01-01'",
        "change.files * 2 - 1 > change.files % 3",
    ],
)
def test_what_a_rule_needs_is_allowed(checker: Checker, condition: str) -> None:
    assert _refused(checker, condition) == []
