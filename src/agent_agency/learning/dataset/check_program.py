"""Whether a program keeps what it promises: right texts pass, seeded and wrong ones fail, nothing else is disturbed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from agent_agency.learning.dataset.program import Program
from agent_agency.learning.dataset.runs import Job, SuiteResult, SuiteRunner


def check_programs(programs: Iterable[Program], runner: SuiteRunner) -> tuple[str, ...]:
    """One sentence for each promise that a run of the tests does not bear out."""
    cases = [(program.id, *case) for program in programs for case in _cases(program)]
    results = runner([job for _, _, job, _ in cases])
    return tuple(
        f"{name}: {told}"
        for (name, told, _, expected), result in zip(cases, results, strict=True)
        if _passed(result) != expected
    )


def _passed(result: Mapping[str, SuiteResult]) -> bool:
    return all(ended == "passed" for suite in result.values() for ended in suite.values())


def _cases(program: Program) -> Iterator[tuple[str, Job, bool]]:
    every = [bug.id for bug in program.bugs]
    hidden = {name: program.hidden_tests(name) for name in every}
    right = {"visible": program.tests_with(every), **hidden}
    yield "the right source passes everything", _job(program, {}, right), True
    all_bad = {bug.id: bug.bad for bug in program.bugs}
    yield "the plain tests pass with every bug in", _job(program, all_bad, {"visible": program.tests}), True
    for bug in program.bugs:
        alone = {bug.id: bug.bad}
        others = {name: text for name, text in hidden.items() if name != bug.id}
        yield f"{bug.id}: its visible test fails", _job(program, alone, {"v": program.tests_with([bug.id])}), False
        yield f"{bug.id}: its hidden tests fail", _job(program, alone, {"h": hidden[bug.id]}), False
        yield f"{bug.id}: it spares the other hidden tests", _job(program, alone, others), True
        for number, text in enumerate(bug.alt):
            yield f"{bug.id}: other right text {number}", _job(program, {bug.id: text}, right), True
        for number, text in enumerate(bug.wrong):
            wrong = _job(program, {bug.id: text}, {"hidden": hidden[bug.id]})
            yield f"{bug.id}: wrong fix {number} fails the hidden tests", wrong, False


def _job(program: Program, put_in: Mapping[str, str], suites: Mapping[str, str]) -> Job:
    return Job({program.module: program.source_with(put_in)}, suites)
