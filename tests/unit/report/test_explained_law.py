from __future__ import annotations

from typing import Any

from agent_agency.report import explained_law, json_document
from support import rulings


def _argued() -> dict[str, Any]:
    return json_document.to_document(rulings.argued())


def test_each_rule_that_applies_is_told_with_its_facts_what_stands_in_the_way_first() -> None:
    lines = list(explained_law.rule_lines(_argued()))
    heads = [line for line in lines if not line.startswith(" ")]
    assert heads[0] == "VIOLATED migrations.rollback, version 1 (major)"
    assert heads[1] == "VIOLATED provenance.author_address, version 1 (major, covered by WV-0011)"
    assert heads[2].startswith("VIOLATED migrations.declared")
    assert heads[3] == "UNKNOWN claims.verdict (RUL-7), version 1 (major)"
    assert heads[4].startswith("satisfied ")
    assert heads[-1] == f"{sum(rule['status'] == 'not_applicable' for rule in _argued()['rules'])} do not apply"
    broken = lines[1:4]
    assert broken[0] == "    The change migrates data, so spec FEAT-001 must say how that is rolled back"
    assert broken[1].startswith("    Write the way back")
    assert "spec: id FEAT-001" not in broken[2]
    assert "spec: migrations false, present true, rollback false, valid true" in broken[2]


def test_very_many_rules_are_counted() -> None:
    told = json_document.to_document(rulings.crowded(60))
    lines = [line for line in explained_law.rule_lines(told) if not line.startswith(" ")]
    assert len(lines) == explained_law.MOST_RULES + 2
    assert lines[-2].startswith("and ")
    assert "violated" in lines[-2]


def test_law_case_signature_and_confidence_have_a_line_each() -> None:
    lines = list(explained_law.law_lines(_argued()))
    assert lines[0].startswith("constitution sha256:5e1d")
    assert lines[0].endswith("frozen by case C-1f0c")
    assert "a new hearing of RUL-0000000000000001" in lines
    assert "case C-1f0c, under_appeal" in lines
    assert "signed by arbiter, SHA256:abcdef" in lines
    assert "confidence 0.8333: 5 measured, 0 reused, 1 flaky, 1 claimed" in lines


def test_weakened_rules_and_precedents_are_told() -> None:
    assert list(explained_law.weakened_lines(_argued())) == [
        "quality.deferred_work: disabled; allowed by [law] weaken of agency.toml"
    ]
    assert next(explained_law.precedent_lines(_argued())).startswith("P-0a1b departed: A migration")


def test_nothing_is_told_of_a_document_that_knows_none_of_it() -> None:
    strange = {"rules": "none", "constitution": [1], "case": 3, "signed_by": [], "confidence": "high", "precedents": {}}
    for said in ({}, strange):
        assert list(explained_law.rule_lines(said)) == []
        assert list(explained_law.law_lines(said)) == []
        assert list(explained_law.weakened_lines(said)) == []
        assert list(explained_law.precedent_lines(said)) == []


def test_no_line_of_a_hostile_document_leaves_its_line() -> None:
    said = json_document.to_document(rulings.hostile())
    makers = (
        explained_law.rule_lines,
        explained_law.law_lines,
        explained_law.weakened_lines,
        explained_law.precedent_lines,
    )
    lines = [line for make in makers for line in make(said)]
    assert len(lines) > 8
    assert all(line.isprintable() for line in lines)
