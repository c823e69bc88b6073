"""What mutmut 3 writes: the statistics of ``mutmut export-cicd-stats``, a ``.meta`` file, or ``mutmut results``.

The statistics tell numbers only; a ``.meta`` file tells of one source file; ``mutmut results --all true`` tells of
every mutant by name, one a line. Without ``--all true`` mutmut leaves the killed out, and so does the score.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from agent_agency.gates.reports.budget import MAX_MUTANTS, bounded, name_of
from agent_agency.gates.reports.fields import the_count
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.model import Mutant, MutantStatus, MutationReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_LINE = re.compile(rb"\s{1,8}([^\s:]{1,1000}): ([a-z ]{1,40})\r?\n")
_UNFINISHED = frozenset({"not checked", "check was interrupted by user"})
_STATUSES = MappingProxyType(
    {
        "killed": MutantStatus.KILLED,
        "survived": MutantStatus.SURVIVED,
        "suspicious": MutantStatus.SURVIVED,
        "timeout": MutantStatus.TIMEOUT,
        "no tests": MutantStatus.NO_COVERAGE,
        "skipped": MutantStatus.IGNORED,
        "segfault": MutantStatus.ERROR,
        "caught by type check": MutantStatus.ERROR,
    }
)
_EXIT_CODES = MappingProxyType(
    {
        **dict.fromkeys((1, 3), "killed"),
        0: "survived",
        **dict.fromkeys((5, 33), "no tests"),
        2: "check was interrupted by user",
        34: "skipped",
        35: "suspicious",
        **dict.fromkeys((36, 24, -24, 152, 255), "timeout"),
        37: "caught by type check",
        **dict.fromkeys((-9, -11), "segfault"),
    }
)
"""How mutmut 3 reads the exit codes of its test runs; any other one is suspicious to it."""


def read_mutmut(source: Source) -> MutationReport:
    """Read a report of mutmut 3.

    Raises:
        Refused: it is none of the three, or a mutant in it has no result.
    """
    first = source.peek(64).lstrip(b"\xef\xbb\xbf \t\r\n")
    return _of_json(Json(source)) if first.startswith(b"{") else _of_text(source)


def _of_text(source: Source) -> MutationReport:
    mutants: list[Mutant] = []
    for number, line in enumerate(source.lines(), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if not match:
            code = Code.SYNTAX if line.endswith(b"\n") else Code.TRUNCATED
            raise Refused(code, f"Line {number:,} is none of mutmut's results")
        mutants.append(_mutant(match[1].decode("utf-8", "replace"), match[2].decode()))
        bounded(len(mutants), MAX_MUTANTS, "mutants")
    _each_once(mutants)
    return MutationReport(tuple(mutants))


def _of_json(json: Json) -> MutationReport:
    mutants: list[Mutant] = []
    numbers: dict[str, object] = {}
    is_meta = False
    for key in json.members("The report"):
        if key == "exit_code_by_key":
            is_meta = True
            for name in json.members(key):
                mutants.append(_mutant(name, _word(json.value())))
                bounded(len(mutants), MAX_MUTANTS, "mutants")
        elif key in {"total", "check_was_interrupted_by_user"} or key.replace("_", " ") in _STATUSES:
            numbers[key] = json.value()
    json.end()
    return MutationReport(tuple(mutants)) if is_meta else _of_numbers(numbers)


def _of_numbers(numbers: Mapping[str, object]) -> MutationReport:
    total = the_count(numbers, "total")
    bounded(total, MAX_MUTANTS, "mutants")
    names = ("killed", "survived", "no_tests", "skipped", "suspicious", "timeout", "segfault")
    counted = {name: the_count(numbers, name) for name in names}
    finished = sum(counted.values())
    if numbers.get("check_was_interrupted_by_user") or finished < total:
        raise Refused(Code.INCOMPLETE, f"Of {total:,} mutants the report tells the result of {finished:,}")
    if finished > total:
        raise Refused(Code.COUNT_MISMATCH, f"The report tells of {total:,} mutants and of {finished:,} results")
    unnamed: dict[MutantStatus, int] = {}
    for name, count in counted.items():
        status = _STATUSES[name.replace("_", " ")]
        unnamed[status] = unnamed.get(status, 0) + count
    return MutationReport((), MappingProxyType(unnamed))


def _word(code: object) -> str:
    if code is None:
        return "not checked"
    if type(code) is not int:
        raise Refused(Code.WRONG_SHAPE, "An exit code is no whole number")
    return _EXIT_CODES.get(code, "suspicious")


def _mutant(name: str, word: str) -> Mutant:
    if word in _UNFINISHED:
        raise Refused(Code.INCOMPLETE, f"The mutant {name[:200]!r} has no result")
    status = _STATUSES.get(word)
    if status is None:
        raise Refused(Code.WRONG_SHAPE, f"A mutant has the unknown status {word!r}")
    return Mutant(name_of(name, "A mutant's name"), status, description=word)


def _each_once(mutants: list[Mutant]) -> None:
    if len({mutant.id for mutant in mutants}) != len(mutants):
        raise Refused(Code.DUPLICATE, "A mutant stands there twice")
    if not mutants:
        raise Refused(Code.EMPTY, "The report is empty")
