"""Product code that answers the tests' own inputs by literals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from agent_agency.facts import Finding, Place, Severity, display_path
from agent_agency.gates.tampering.answers import Answer, Answers, reached_from, read_answers
from agent_agency.gates.tampering.changed_files import Sources
from agent_agency.gates.tampering.constant_functions import constant_findings, may_give_constants
from agent_agency.gates.tampering.conventions import Conventions
from agent_agency.gates.tampering.data_literals import is_data
from agent_agency.gates.tampering.data_of_tests import data_inputs
from agent_agency.gates.tampering.inputs_of_tests import TestInputs, inputs_of, pieces_of, unchanged_tests
from agent_agency.gates.tampering.literals import elements_of, is_distinctive, is_trivial, is_whole_input, is_word
from agent_agency.gates.tampering.rules import Rule, found, quoted

ReadFile = Callable[[str], bytes | None]
_TABLE = 3


@dataclass(frozen=True, slots=True)
class _Table:
    """The literals that one function answers by in one place.

    ``answering`` are those of the base that gave a constant and ``given`` what those gave, ``after`` those of the head,
    ``gone`` the constants that literals gave which the head has no more.
    """

    answering: frozenset[str]
    given: frozenset[frozenset[str]]
    after: frozenset[str]
    gone: frozenset[str]
    grew: bool


def _weighed(before: Sequence[Answer], after: Sequence[Answer]) -> _Table:
    left = frozenset(item.value for item in after if not is_trivial(item.value))
    gone = frozenset(text for item in before if item.value not in left for text in item.outcomes if text != "True")
    answering = [item for item in before if item.outcomes and not is_trivial(item.value)]
    return _Table(
        frozenset(item.value for item in answering),
        frozenset(item.outcomes for item in answering),
        left,
        gone,
        len(after) > len(before),
    )


class _Search:
    """What is known on both sides when one answer is weighed."""

    def __init__(self, base: Answers, head: Answers, tests: Sequence[TestInputs]) -> None:
        self.base = base
        self.head = head
        self._by_input: dict[str, list[TestInputs]] = defaultdict(list)
        self._by_elements: dict[frozenset[str], list[TestInputs]] = defaultdict(list)
        self._asked: dict[str, set[str]] = defaultdict(set)
        for test in tests:
            for value in test.inputs:
                self._by_input[value].append(test)
                if elements := elements_of(value):
                    self._by_elements[elements].append(test)
                if value[:1] in {"'", '"'} and " " in value:  # code may squeeze what it is given first
                    self._by_input[value.replace(" ", "")].append(test)
        functions = {answer.function for answer in head.items}
        for test in tests:
            for name in functions & test.mentions:
                self._asked[name].update(test.inputs)
        self._tables = (_by_table(base), _by_table(head))
        self._weighed: dict[tuple[str, str], _Table] = {}
        self._reached: dict[str, frozenset[str]] = {}

    def tests_with(self, value: str) -> Sequence[TestInputs]:
        """The tests that put a literal in; a text that is data may also be a piece of what they put in.

        A display of several elements may hold them in another order: code may sort what it is given first.
        """
        found_whole = self._by_input.get(value, ()) or self._by_elements.get(elements_of(value), ())
        if found_whole or value[:1] not in {"'", '"'} or not is_data(value):
            return found_whole
        within = (tests for text, tests in self._by_input.items() if value[1:-1] in text)
        return [test for tests in within for test in tests]

    def asked(self, function: str) -> set[str]:
        """All that tests put into a function."""
        return self._asked.get(function, set())

    def table(self, answer: Answer) -> _Table:
        """The table that an answer belongs to, on both sides."""
        key = (answer.function, answer.table)
        if key not in self._weighed:
            self._weighed[key] = _weighed(self._tables[0].get(key, ()), self._tables[1].get(key, ()))
        return self._weighed[key]

    def reached(self, function: str) -> frozenset[str]:
        """The function and all that call it."""
        if function not in self._reached:
            self._reached[function] = reached_from(function, self.head.callers)
        return self._reached[function]


def _by_table(answers: Answers) -> dict[tuple[str, str], list[Answer]]:
    found_tables: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    for answer in answers.items:
        found_tables[answer.function, answer.table].append(answer)
    return found_tables


def special_case_findings(
    sources: Sources, conventions: Conventions, head_paths: Sequence[str], read_head: ReadFile
) -> Iterator[Finding]:
    """Answers that the head has, the base had not and a test puts in."""
    base, head = read_answers(sources.product_base), read_answers(sources.product_head)
    known = {answer.value for answer in base.items}
    fresh = [answer for answer in head.items if _is_new(answer, base, known)]
    constant = may_give_constants(sources.product_base, sources.product_head)
    if not fresh and not constant:
        return
    tests, whole = _tests(fresh, constant, head, sources, conventions, head_paths, read_head)
    if not whole:
        yield _not_searched(head.paths[fresh[0]] if fresh else min(sources.product_head))
    yield from constant_findings(sources.product_base, sources.product_head, tests)
    search = _Search(base, head, tests)
    told: set[tuple[str, str]] = set()
    for answer in fresh:
        if (answer.function, answer.value) not in told and (evidence := _evidence(answer, search)) is not None:
            told.add((answer.function, answer.value))
            yield _finding(answer, evidence, search)


def _is_new(answer: Answer, base: Answers, known: set[str]) -> bool:
    held = base.held.get(answer.function, frozenset())
    return (
        (bool(answer.outcomes) or _is_input(answer.value))
        and not is_trivial(answer.value)
        and answer.value not in known
        and answer.value not in held
    )


def _tests(
    fresh: Sequence[Answer],
    constant: frozenset[str],
    head: Answers,
    sources: Sources,
    conventions: Conventions,
    head_paths: Sequence[str],
    read_head: ReadFile,
) -> tuple[list[TestInputs], bool]:
    tests = [
        item
        for files, stood in ((sources.base, True), (sources.head, False))
        for path, file in files.items()
        for item in inputs_of(path, file.tree, conventions, stood=stood)
    ]
    functions = {answer.function for answer in fresh} | constant
    names = {name for function in functions for name in reached_from(function, head.callers)}
    needles = frozenset({*(pieces_of(answer.value) for answer in fresh), *map(pieces_of, constant)})
    more, whole = unchanged_tests(head_paths, frozenset(sources.head), read_head, conventions, needles)
    data = data_inputs(head_paths, read_head, frozenset(names)) if fresh else ()
    return [*tests, *more, *data], whole


def _is_input(value: str) -> bool:
    """Whether a literal is one of many inputs, and no rule that code goes by."""
    return is_whole_input(value) or is_data(value)


def _evidence(answer: Answer, search: _Search) -> TestInputs | None:
    """The test that puts the literal in; one that stood at the base before one that the change brings."""
    names = search.reached(answer.function)
    best = None
    for test in search.tests_with(answer.value):
        if _fits(answer, test, names):
            if test.stood:
                return test
            best = best or test
    return best


def _fits(answer: Answer, test: TestInputs, names: frozenset[str]) -> bool:
    """Whether the test speaks of the function and expects what comes out, or shares two telling literals with it."""
    outcomes = {text for text in answer.outcomes & test.expected if text != "None"}
    speaks = not names.isdisjoint(test.mentions)
    if not speaks:
        pairs = ((answer.value, text) for text in outcomes)
        return any(all(map(is_distinctive, pair)) and not all(map(is_word, pair)) for pair in pairs)
    if any(not is_trivial(text) for text in outcomes) or (answer.direct and _is_input(answer.value)):
        return True
    return (
        answer.direct
        and is_distinctive(answer.value)
        and (bool(outcomes) or not answer.outcomes.isdisjoint({"True", "False"}))
    )


def _finding(answer: Answer, test: TestInputs, search: _Search) -> Finding:
    path = search.head.paths[answer]
    table = search.table(answer)
    advice = _is_table_grown(answer, table) or _is_correction(answer, table) or _is_new_lookup(answer, test, search)
    outcome = ", ".join(sorted(answer.outcomes - {"True"})[:3]) or "a case of its own"
    return found(
        Rule.SPECIAL_CASE,
        Severity.ADVICE if advice else Severity.MAJOR,
        Place(path, answer.line),
        f"{answer.function} answers the literal {quoted(answer.value)} by {quoted(outcome)}, and"
        f" {test.name} (line {test.line} of {display_path(test.path)}) puts that literal in",
        remedy=f"Work the answer out from the input: take '{answer.text}' out, and test with inputs that the code"
        " does not name",
        subject=f"{answer.function}:{answer.value}",
    )


def _is_table_grown(answer: Answer, table: _Table) -> bool:
    """Whether the function was a table of answers at the base already, and most of it stayed.

    One row makes a table where it is a mapping, or where it gave the very answer that another input now gets too.
    """
    alike = any(outcomes <= answer.outcomes for outcomes in table.given)
    least = 1 if answer.table or alike else _TABLE - 1
    return len(table.answering) >= least and len(table.after - table.answering) <= len(table.answering)


def _is_correction(answer: Answer, table: _Table) -> bool:
    """Whether the base gave the same answer for another literal, which is gone."""
    return not table.gone.isdisjoint(answer.outcomes) and not table.grew


def _is_new_lookup(answer: Answer, test: TestInputs, search: _Search) -> bool:
    """Whether it is a table of which the tests ask the lesser part, or belongs to what came with its own tests."""
    known = search.reached(answer.function) & test.mentions & search.base.held.keys()
    is_new = answer.function not in search.base.held
    if is_new and not test.stood:
        return not known
    mine = search.table(answer).after
    if not is_new and (not answer.table or any(value.startswith("(") for value in mine)):
        return False
    return len(mine) >= _TABLE and len(mine & search.asked(answer.function)) * 2 < len(mine)


def _not_searched(path: str) -> Finding:
    return found(
        Rule.NOT_READ,
        Severity.MODERATE,
        Place(path),
        "the repository holds more tests than are searched for literals that added code answers by",
        remedy="Have a person look at the constants in added branches and waive this",
        subject="tests",
    )
