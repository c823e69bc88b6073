"""Long lists: what they cost grows with their length, and what would cost too much is unknown by its bound."""

from __future__ import annotations

import random
from collections.abc import Callable
from time import process_time
from typing import Any

import pytest

from agent_agency.arbitration.constitution.cel import Evaluator
from agent_agency.arbitration.constitution.default_rules import default_constitution
from agent_agency.arbitration.constitution.evaluate import Evaluation
from agent_agency.arbitration.constitution.model import RuleStatus
from agent_agency.arbitration.constitution.serialise import make_constitution
from agent_agency.arbitration.constitution.work_bound import MAX_ITERATIONS, work_of
from support.rules import DAY, make_rule, outcome_of, outcomes_of

SATISFIED, VIOLATED, UNKNOWN = RuleStatus.SATISFIED, RuleStatus.VIOLATED, RuleStatus.UNKNOWN
MOST_GROWTH = 8.0  # of what takes four times as long where it is linear, and sixteen times where it is a square


def _files(count: int, **members: Any) -> list[dict[str, Any]]:
    ordinary = {"status": "modified", "added": 1, "deleted": 0, "binary": False, "dependency": False}
    return [{"path": f"src/{number:05}.py", **ordinary, **members} for number in range(count)]


def _gates(count: int) -> list[dict[str, Any]]:
    return [{"name": f"gate{number}", "status": "pass", "binding": True} for number in range(count)]


def _least(work: Callable[[], object]) -> float:
    def once() -> float:
        started = process_time()
        work()
        return process_time() - started

    return min(once() for _ in range(3))


def _growth(evaluation: Evaluation, facts_of: Callable[[int], dict[str, Any]]) -> float:
    short, long = facts_of(1_200), facts_of(4_800)
    evaluation.outcomes(facts_of(40), DAY)
    return _least(lambda: evaluation.outcomes(long, DAY)) / _least(lambda: evaluation.outcomes(short, DAY))


@pytest.mark.parametrize(
    ("condition", "each"),
    [
        ("files.exists(f, f.migration)", ""),
        ("files.all(f, f.added < 9)", ""),
        ("files.filter(f, f.added == 1).size() > 3", ""),
        ("files.map(f, f.path).size() > 3", ""),
        ("it.added < 9", "files"),
        ("!it.migration", "files"),
        ("files.exists(f, f.migration)", "gates"),
    ],
)
def test_four_times_as_many_files_take_about_four_times_as_long(condition: str, each: str) -> None:
    """Each file lacks ``migration``, so that where it is asked for, what is missing is told as well."""
    evaluation = Evaluation(make_constitution([make_rule(condition, each=each)]))
    assert _growth(evaluation, lambda count: {"files": _files(count), "gates": _gates(3)}) < MOST_GROWTH


@pytest.mark.parametrize("members", [{}, {"migration": False, "pipeline": False, "mode_from": "", "mode_to": ""}])
def test_the_default_rules_over_four_times_as_many_files_take_about_four_times_as_long(members: dict[str, Any]) -> None:
    evaluation = Evaluation(default_constitution())
    assert _growth(evaluation, lambda count: {"files": _files(count, **members), "gates": _gates(3)}) < MOST_GROWTH


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        ("files.filter(f, f.added > 2).size() == 480", SATISFIED),
        ("files.filter(f, f.added > 2).size() == 481", VIOLATED),
        ("files.filter(f, f.path.matches('7[.]py$')).all(g, g.added == 2)", SATISFIED),
        ("files.map(f, f.added * 2).exists(n, n == 9)", VIOLATED),
        ("files.map(f, f.binary, f.added).size() == 0", SATISFIED),
        ("files.map(f, f.added / (f.added - 1)).size() == 1200", UNKNOWN),
        ("files.filter(f, f.migration).size() < 3", UNKNOWN),
        ("files.filter(f, f.migration).size() < 3 || files.exists(f, f.added == 4)", SATISFIED),
        ("files.filter(f, f.migration).size() < 3 && files.exists(f, f.added == 5)", VIOLATED),
        ("files.filter(f, f.added == 4).map(f, f.path).exists(p, p == 'src/00004.py')", SATISFIED),
    ],
)
def test_a_list_built_of_a_long_one_is_answered_as_the_runtime_answers(condition: str, status: RuleStatus) -> None:
    files = [{**file, "migration": False, "added": number % 5} for number, file in enumerate(_files(1_200))]
    del files[7]["migration"]
    evaluator = Evaluator()
    program = evaluator.compile(condition)
    assert work_of(program.tree, {"files": files}, None).copies
    said = program.answer(evaluator.bind({"files": files})).value
    assert {True: SATISFIED, False: VIOLATED, None: UNKNOWN}[said] is status
    backwards = files[::-1]
    assert outcome_of(make_rule(condition), {"files": files}).status is status
    assert outcome_of(make_rule(condition), {"files": backwards}).status is status


@pytest.mark.parametrize("count", [63, 64, 65, 128, 200])
def test_a_list_asked_for_in_parts_is_answered_for_each_of_its_elements(count: int) -> None:
    files = [{**file, "added": number % 7} for number, file in enumerate(_files(count))]
    del files[count // 2]["added"], files[-1]["added"]
    random.Random(count).shuffle(files)
    rule = make_rule("it.added < 3", each="files")
    told = {outcome.subject: outcome.status for outcome in outcomes_of(rule, {"files": files})}
    assert told == {
        file["path"]: UNKNOWN if "added" not in file else SATISFIED if file["added"] < 3 else VIOLATED for file in files
    }


def test_what_is_missing_is_named_for_each_element_of_a_long_list() -> None:
    outcome = outcome_of(make_rule("files.exists(f, f.migration)"), {"files": _files(3_000)})
    named = ", ".join(f"files[src/{number:05}.py].migration" for number in range(5))
    assert outcome.missing == f"{named} and 2995 more"


@pytest.mark.parametrize("applies", ["true", "files.exists(g, g.path == it.path)"])
def test_a_rule_that_goes_through_a_long_list_for_each_of_its_elements_is_unknown_once(applies: str) -> None:
    condition = "it.added == 1" if applies != "true" else "files.exists(g, g.path == it.path)"
    rule = make_rule(condition, each="files", applies=applies)
    assert {outcome.status for outcome in outcomes_of(rule, {"files": _files(300)})} == {SATISFIED}
    outcome = outcome_of(rule, {"files": _files(400)})
    assert outcome.status is UNKNOWN
    told = "the bound of 99,000 iterations for one rule (for 400 elements it may take 160,000 over these facts)"
    assert outcome.missing == told


def test_only_the_elements_that_a_rule_is_about_count_for_its_bound() -> None:
    files = _files(2_000)
    files[5]["binary"] = True
    rule = make_rule("files.exists(g, g.path == it.path)", each="files", applies="it.binary")
    assert outcome_of(rule, {"files": files}).status is SATISFIED


@pytest.mark.parametrize("first", [True, False])
def test_a_long_list_that_costs_too_much_to_build_is_unknown_whatever_the_order(first: bool) -> None:
    condition = "files.filter(f, f.path.matches('^s') || f.path.matches('^t')).size() > 0"
    hit, rest = _files(1), [{**file, "path": f"x/{file['path']}"} for file in _files(7_000)]
    outcome = outcome_of(make_rule(condition), {"files": hit + rest if first else rest + hit})
    assert outcome.status is UNKNOWN
    assert (outcome.missing or "").startswith("the bound of 200,000 steps (the condition builds a list and may take ")


def test_the_elements_of_own_lists_count_for_the_bound() -> None:
    waivers = [
        {"id": f"w{number}", "gates": [f"g{at}" for at in range(size)]} for number, size in enumerate((3, 9_901))
    ]
    said = outcomes_of(make_rule("it.gates.all(g, g != 'law')", each="waivers"), {"waivers": waivers})
    assert [outcome.status for outcome in said] == [SATISFIED, UNKNOWN]
    assert f"{MAX_ITERATIONS:,} iterations" in (said[1].missing or "")
