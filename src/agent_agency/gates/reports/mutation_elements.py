"""mutation-testing-elements JSON (report schema 1 and 2), as the Stryker tools and others write it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.gates.reports.budget import MAX_MUTANTS, Messages, bounded, name_of
from agent_agency.gates.reports.fields import an_object, object_or_empty, position, text_or_empty, the_text
from agent_agency.gates.reports.json_stream import Json
from agent_agency.gates.reports.model import Mutant, MutantStatus, MutationReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_STATUSES = MappingProxyType(
    {
        "Killed": MutantStatus.KILLED,
        "Survived": MutantStatus.SURVIVED,
        "Timeout": MutantStatus.TIMEOUT,
        "NoCoverage": MutantStatus.NO_COVERAGE,
        "Ignored": MutantStatus.IGNORED,
        "CompileError": MutantStatus.ERROR,
        "RuntimeError": MutantStatus.ERROR,
    }
)


def read_mutation_elements(source: Source) -> MutationReport:
    """Read a mutation testing report.

    Raises:
        Refused: it is no such report, or a mutant in it has no result yet.
    """
    json = Json(source)
    mutants: list[Mutant] = []
    messages = Messages()
    version = None
    has_files = False
    for key in json.members("The report"):
        if key == "schemaVersion":
            version = str(json.value())
        elif key == "files":
            has_files = True
            for path in json.members("files"):
                _file(json, name_of(path, "A path"), mutants, messages)
    json.end()
    if version is None or not has_files:
        raise Refused(Code.WRONG_SHAPE, "The report lacks schemaVersion or files")
    if version.partition(".")[0] not in {"1", "2"}:
        raise Refused(Code.VERSION, f"The schema version {version[:20]!r} is not known")
    return MutationReport(tuple(mutants))


def _file(json: Json, path: str, mutants: list[Mutant], messages: Messages) -> None:
    has_mutants = False
    seen: set[str] = set()
    for key in json.members(path[:200]):
        if key != "mutants":
            continue
        has_mutants = True
        for _ in json.elements("mutants"):
            mutant = _mutant(path, an_object(json.value(), "A mutant"), messages)
            if mutant.id in seen:
                raise Refused(Code.DUPLICATE, f"The mutant {mutant.id[:80]!r} stands there twice")
            seen.add(mutant.id)
            mutants.append(mutant)
            bounded(len(mutants), MAX_MUTANTS, "mutants")
    if not has_mutants:
        raise Refused(Code.WRONG_SHAPE, f"The file {path[:200]!r} has no list of mutants")


def _mutant(path: str, mutant: Mapping[str, Any], messages: Messages) -> Mutant:
    said = the_text(mutant, "status")
    if said == "Pending":
        raise Refused(Code.INCOMPLETE, "A mutant has no result yet")
    status = _STATUSES.get(said)
    if status is None:
        raise Refused(Code.WRONG_SHAPE, f"A mutant has the unknown status {said[:40]!r}")
    start = object_or_empty(object_or_empty(mutant, "location"), "start")
    replacement = text_or_empty(mutant, "replacement")
    described = text_or_empty(mutant, "description") or text_or_empty(mutant, "mutatorName")
    full = f"{described}: {replacement}" if replacement and described else described or replacement
    number = mutant.get("id")
    identity = number if isinstance(number, str) and number else str(number) if type(number) is int else ""
    if not identity:
        raise Refused(Code.WRONG_SHAPE, "A mutant has no id")
    return Mutant(name_of(identity, "An id"), status, path, position(start.get("line")), messages.keep(full, 200))
