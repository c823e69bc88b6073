from __future__ import annotations

from dataclasses import replace

import pytest

from agent_agency.arbitration.constitution.model import RuleStatus
from agent_agency.report import rules_told
from agent_agency.report.rule_rows import rule_rows
from support import rulings
from support.rulings import HOSTILE

_QUIET = (RuleStatus.SATISFIED, RuleStatus.NOT_APPLICABLE)


def _safe(text: str) -> bool:
    return text.isprintable()


def test_all_rules_are_told_in_one_line() -> None:
    ruling = rulings.argued()
    told = rules_told.rules_and_constitution(ruling, rule_rows(ruling))
    satisfied, left = (sum(one.status is status for one in ruling.outcomes) for status in _QUIET)
    assert told == (
        f"1 violated, 1 unknown, 1 waived, 1 advice, {satisfied} satisfied, {left} not applicable;"
        " constitution 5e1d5e1d5e1d, frozen by case C-1f0c"
    )


def test_a_ruling_without_rules_says_nothing_of_them() -> None:
    ruling = replace(rulings.approved(), outcomes=(), constitution={}, constitution_text=b"")
    assert rules_told.rules_and_constitution(ruling, ()) == ""
    assert rules_told.titles(ruling) == {}
    assert rules_told.weakened(ruling) == []


def test_a_weakened_rule_is_told_with_how_and_by_whose_leave() -> None:
    assert rules_told.weakened(rulings.argued()) == [
        "quality.deferred_work: disabled; allowed by [law] weaken of agency.toml"
    ]


def test_confidence_is_counted_and_left_out_where_it_has_no_meaning() -> None:
    assert rules_told.confidence(rulings.approved()) == ""
    assert rules_told.confidence(rulings.argued()) == (
        "83% of what decides was measured here and held (5 measured, 1 flaky, 1 only claimed)"
    )


def test_a_case_tells_its_day_while_it_is_open_only() -> None:
    assert rules_told.case(rulings.argued()) == "C-1f0c: under appeal, due 2026-02-14"
    ended = replace(rulings.argued(), case={"id": "C-1", "state": "approved", "due": "2026-02-14T08:00:00Z"})
    assert rules_told.case(ended) == "C-1: approved"


def test_a_signature_by_a_key_that_nobody_listed_says_so() -> None:
    assert rules_told.signature(rulings.approved()) == ""
    assert rules_told.signature(rulings.argued()) == "by arbiter, SHA256:abcdef"
    unlisted = replace(rulings.argued(), signed_by={"key_id": "SHA256:abcdef", "principal": None})
    assert rules_told.signature(unlisted) == "by SHA256:abcdef, listed nowhere"


def test_a_precedent_is_told_with_the_facts_that_agree_and_differ() -> None:
    [citation] = rulings.argued().precedents
    assert rules_told.precedent_head(citation).startswith("P-0a1b departed: A migration of an empty table")
    agree, differ, against = rules_told.precedent_facts(citation)
    assert agree == "agree: issue P-0a1b; tier 2"
    assert differ.startswith("differ: touches migration here, none there")
    assert against == "contradicted by: P-0a1b"


def test_many_facts_are_counted() -> None:
    citation = {"agree": [{"fact": "file", "value": str(number)} for number in range(9)]}
    assert rules_told.precedent_facts(citation) == [
        "agree: file 0; file 1; file 2; file 3; file 4; file 5; and 3 more facts"
    ]


@pytest.mark.parametrize("value", [HOSTILE, [HOSTILE], True, 0, "", 1.5])
def test_no_fact_can_forge_a_line(value: object) -> None:
    outcome = replace(rulings.argued().outcomes[0], facts={HOSTILE: value})
    assert all(map(_safe, rules_told.facts(outcome)))


def test_nothing_of_a_hostile_ruling_leaves_its_line() -> None:
    ruling = rulings.hostile()
    rows = rule_rows(ruling)
    told = [
        rules_told.rules_and_constitution(ruling, rows),
        rules_told.constitution_note(ruling),
        rules_told.case(ruling),
        rules_told.signature(ruling),
        *rules_told.weakened(ruling),
        *rules_told.case_conditions(ruling),
        *(
            text
            for row in rows
            for text in (rules_told.clause(row.outcome), rules_told.kind(row), rules_told.message(row))
        ),
        *(text for cited in ruling.precedents for text in rules_told.precedent_facts(cited)),
        *map(rules_told.precedent_head, ruling.precedents),
    ]
    assert all(map(_safe, told))
