"""CEL as rules use it: typed when loaded, and without a value where a fact is missing."""

from __future__ import annotations

from typing import Any

import pytest

from agent_agency.arbitration.constitution.cel import Checked, Checker, Evaluator


@pytest.fixture(scope="module")
def checker() -> Checker:
    return Checker()


@pytest.fixture(scope="module")
def evaluator() -> Evaluator:
    return Evaluator()


@pytest.mark.parametrize(
    ("text", "each", "told", "place"),
    [
        ("spec.tire == 1", "", "undefined field 'tire' not found in struct 'agency.Spec'", (1, 5)),
        ("spec.tier == 'one'", "", "found no matching overload for '_==_' applied to '(int, string)'", (1, 11)),
        ("spec.tier < 1.5", "", "found no matching overload for '_<_' applied to '(int, double)'", (1, 11)),
        ("spec.tier == 1u", "", "found no matching overload for '_==_' applied to '(int, uint)'", (1, 11)),
        ("specs.tier == 1", "", "undeclared reference to 'specs.tier'", (1, 6)),
        ("it.name == 'a'", "", "undeclared reference to 'it.name'", (1, 3)),
        ("it.path == 'a'", "gates", "undefined field 'path' not found in struct 'agency.Gates'", (1, 3)),
        ("spec.present &&\n  spec.tire == 1", "", "undefined field 'tire' not found in struct 'agency.Spec'", (2, 7)),
        ("now() > review.day", "", "undeclared reference to 'now'", (1, 4)),
        ("gates.exists(g, g.nmae == 'a')", "", "undefined field 'nmae' not found in struct 'agency.Gates'", (1, 18)),
        ("spec.tier == 99999999999999999999", "", "invalid int literal", (1, 14)),
        ("spec.id == '\\ud800'", "", "Invalid string literal", (1, 12)),
    ],
)
def test_a_condition_that_does_not_fit_the_facts_is_refused_with_its_place(
    checker: Checker, text: str, each: str, told: str, place: tuple[int, int]
) -> None:
    problems = checker.check(text, each)
    assert not isinstance(problems, Checked)
    assert problems[0].message.startswith(told)
    assert (problems[0].line, problems[0].column) == place


@pytest.mark.parametrize("text", ["", "1 +", "spec..tier", "'open", "(" * 60 + "true" + ")" * 60, "a" * 200_000, "\0"])
def test_text_that_is_no_cel_is_refused_and_raises_nothing(checker: Checker, text: str) -> None:
    assert not isinstance(checker.check(text), Checked)


def test_every_fact_of_the_schema_can_be_asked_for(checker: Checker) -> None:
    from agent_agency.arbitration.constitution.facts_schema import lists, records

    for name, facts in records().items():
        for fact in facts:
            assert isinstance(checker.check(f"size([{name}.{fact.name}]) == 1"), Checked)
    for name, facts in lists().items():
        for fact in facts:
            assert isinstance(checker.check(f"size([it.{fact.name}]) == 1", name), Checked)


def _value(evaluator: Evaluator, text: str, facts: dict[str, Any]) -> bool | None:
    return evaluator.compile(text).answer(evaluator.bind(facts)).value


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("spec.tier == 0", {"spec": {}}),
        ("spec.id == ''", {"spec": {}}),
        ("!spec.present", {"spec": {}}),
        ("spec.tier != 1", {}),
        ("size(spec.contracts) == 0", {"spec": {}}),
        ("gates.all(g, g.passed)", {"gates": [{"passed": True}, {}]}),
        ("gates.exists_one(g, g.passed)", {"gates": [{"passed": True}, {}]}),
        ("spec.tier / change.files == 0", {"spec": {"tier": 1}, "change": {"files": 0}}),
        ("spec.tier + change.files > 0", {"spec": {"tier": 2**63 - 1}, "change": {"files": 1}}),
        ("spec.tier > 1", {"spec": {"tier": 2**70}}),
        ("spec.tier > 1", {"spec": {"tier": None}}),
        ("spec.tier", {"spec": {"tier": 1}}),
        ("spec.id", {"spec": {"id": "true"}}),
        ("spec.id == 'a'", {"spec": {"id": "\ud800"}}),
        ("spec.id.matches('[')", {"spec": {"id": "a"}}),
        ("files.all(f, f.added == 1)", {"files": [{"added": 1}] * 20_000}),
        ("files.all(f, files.all(g, g.added == f.added))", {"files": [{"added": 1}] * 200}),
    ],
)
def test_what_is_missing_wrong_or_too_much_has_no_value(evaluator: Evaluator, text: str, facts: dict[str, Any]) -> None:
    assert _value(evaluator, text, facts) is None


@pytest.mark.parametrize(
    ("text", "facts", "value"),
    [
        ("spec.present && spec.valid", {"spec": {"present": False}}, False),
        ("spec.valid && spec.present", {"spec": {"present": False}}, False),
        ("spec.valid || spec.present", {"spec": {"present": True}}, True),
        ("gates.exists(g, g.passed)", {"gates": [{}, {"passed": True}]}, True),
        ("gates.all(g, g.passed)", {"gates": [{}, {"passed": False}]}, False),
        ("gates.all(g, g.passed)", {"gates": []}, True),
        ("size(spec.id) == 1", {"spec": {"id": "\U0001f600"}}, True),
    ],
)
def test_a_missing_fact_that_cannot_matter_does_not(
    evaluator: Evaluator, text: str, facts: dict[str, Any], value: bool
) -> None:
    assert _value(evaluator, text, facts) is value


def test_a_pattern_that_backtracks_elsewhere_takes_linear_time(evaluator: Evaluator) -> None:
    assert evaluator.matches("a" * 50_000 + "b", "(a+)+$") is False


def test_nothing_is_read_or_written_by_an_evaluation(evaluator: Evaluator) -> None:
    """The functions that a condition can call are CEL's own; none of them names a file, a host or a clock."""
    for call in ("open('x')", "read('x')", "env('HOME')", "http.get('x')", "now()", "uuid()", "random()"):
        with pytest.raises(ValueError, match="no CEL"):
            evaluator.compile(f"{call} == 1")


def test_a_whole_list_is_answered_as_its_elements_are(evaluator: Evaluator) -> None:
    program = evaluator.compile("it.added > 2 && it.path.startsWith('src')")
    elements = [{"added": number % 5, "path": "src/a" if number % 2 else "doc/a"} for number in range(100)]
    together = evaluator.answers(program, elements, evaluator.bind({"it": elements}))
    assert together == [program.answer(evaluator.bind({"it": element})) for element in elements]
    assert evaluator.answers(program, [{}, *elements], evaluator.bind({"it": [{}, *elements]})) is None


def test_a_condition_that_was_read_is_not_read_again() -> None:
    """Reading is dearer than compiling; the compiler's bytes differ from time to time, and its expression does not."""
    text = "files.all(f, f.added > 3 && f.path in ['a', 'b']) || files.exists(g, g.migration)"
    assert len({id(Evaluator().compile(text).tree) for _ in range(20)}) == 1
