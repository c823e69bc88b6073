from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from agent_agency.errors import DatasetError
from agent_agency.learning.dataset.check_program import check_programs
from agent_agency.learning.dataset.needless import LARGE, SMALL
from agent_agency.learning.dataset.program import read_program, shipped_names, shipped_program
from agent_agency.learning.dataset.runs import Job, SandboxedRunner
from agent_agency.learning.dataset.splits import programs_with_share
from agent_agency.sandbox.probe import probe


@pytest.fixture(scope="module")
def runner() -> SandboxedRunner:
    return SandboxedRunner(probe().isolation)


def test_every_program_is_in_exactly_one_split() -> None:
    placed = [name for name, _ in programs_with_share()]

    assert sorted(placed) == list(shipped_names())
    assert len(placed) >= 40


def test_right_texts_pass_and_seeded_and_wrong_ones_fail(runner: SandboxedRunner) -> None:
    assert check_programs(map(shipped_program, shipped_names()[::3]), runner) == ()


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_every_program_keeps_its_promises_under_all_of_its_names(runner: SandboxedRunner) -> None:
    for name in shipped_names():
        program = shipped_program(name)
        names = [{one: other} for one, others in program.vary.items() for other in others]
        assert check_programs([program, *map(program.renamed, names)], runner) == ()


def test_needless_changes_keep_what_a_program_does(runner: SandboxedRunner) -> None:
    jobs = []
    for name in shipped_names()[::4]:
        program = shipped_program(name)
        suites = {bug.id: program.hidden_tests(bug.id) for bug in program.bugs}
        edited = [edit(program.source, Random(number)) for number, edit in enumerate((*SMALL, *LARGE))]
        jobs += [Job({program.module: source}, {**suites, "visible": program.tests}) for source in edited]

    ended = {how for result in runner(jobs) for suite in result.values() for how in suite.values()}

    assert ended == {"passed"}


def test_a_test_that_never_ends_fails_and_the_others_go_on(runner: SandboxedRunner) -> None:
    text = "def test_endless():\n    while True:\n        pass\n\n\ndef test_quick():\n    assert True\n"

    assert runner([Job({}, {"suite": text})]) == [{"suite": {"test_endless": "failed", "test_quick": "passed"}}]


def test_modules_of_one_job_are_not_seen_by_the_next(runner: SandboxedRunner) -> None:
    suite = "from pkg.a import VALUE\n\n\ndef test_value():\n    assert VALUE == 1\n"
    jobs = [Job({"pkg/a.py": f"VALUE = {value}\n"}, {"s": suite}) for value in (1, 2)]

    assert [result["s"]["test_value"] for result in runner([*jobs, Job({}, {"s": suite})])[:2]] == ["passed", "failed"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("id = ", "The program cannot be read"),
        ('id = "a"\n', "its keys must be"),
        ('id = "a"\nmodule = "m"\nvary = {}\nsource = ""\ntests = ""\nbugs = [{id = "b"}]\n', "its keys must be"),
    ],
)
def test_a_program_of_another_form_is_refused_with_its_file(text: str, told: str) -> None:
    with pytest.raises(DatasetError, match=told) as refused:
        read_program(text, "a.toml")

    assert refused.value.path == "a.toml"


def test_a_broken_promise_is_told(runner: SandboxedRunner) -> None:
    program = shipped_program("slugs")
    first = program.bugs[0]
    weak = replace(program, bugs=(replace(first, hidden="def test_nothing():\n    pass\n"), *program.bugs[1:]))

    told = check_programs([weak], runner)

    assert f"slugs: {first.id}: its hidden tests fail" in told
