"""The lines of ``cosmic-ray dump``: each a pair of work item and result."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from agent_agency.gates.reports.budget import MAX_MUTANTS, Messages, bounded, name_of
from agent_agency.gates.reports.fields import (
    an_object,
    list_or_empty,
    position,
    text_or_empty,
    the_list,
    the_text,
)
from agent_agency.gates.reports.json_lines import json_values
from agent_agency.gates.reports.model import Mutant, MutantStatus, MutationReport
from agent_agency.gates.reports.refusal import Code, Refused
from agent_agency.gates.reports.source import Source

_WORKERS = MappingProxyType(
    {
        "exception": MutantStatus.ERROR,
        "abnormal": MutantStatus.ERROR,
        "no-test": MutantStatus.NO_COVERAGE,
        "skipped": MutantStatus.IGNORED,
    }
)
_TESTS = MappingProxyType(
    {
        "survived": MutantStatus.SURVIVED,
        "killed": MutantStatus.KILLED,
        "incompetent": MutantStatus.ERROR,
    }
)


def read_cosmic_ray(source: Source) -> MutationReport:
    """Read a dump of a Cosmic Ray session.

    Raises:
        Refused: it is no such dump, or a mutant in it has no result yet.
    """
    mutants: list[Mutant] = []
    seen: set[str] = set()
    messages = Messages()
    for pair in json_values(source.lines()):
        if not isinstance(pair, list) or len(pair) != 2:  # noqa: PLR2004 - work item, result
            raise Refused(Code.WRONG_SHAPE, "A line is no pair of work item and result")
        if pair[1] is None:
            raise Refused(Code.INCOMPLETE, "A mutant has no result yet")
        mutant = _mutant(an_object(pair[0], "A work item"), an_object(pair[1], "A result"), messages)
        if mutant.id in seen:
            raise Refused(Code.DUPLICATE, f"The mutant {mutant.id[:80]!r} stands there twice")
        seen.add(mutant.id)
        mutants.append(mutant)
        bounded(len(mutants), MAX_MUTANTS, "mutants")
    if not mutants:
        raise Refused(Code.EMPTY, "The report is empty")
    return MutationReport(tuple(mutants))


def _mutant(item: Mapping[str, Any], result: Mapping[str, Any], messages: Messages) -> Mutant:
    mutations = the_list(item, "mutations")
    first = an_object(mutations[0], "A mutation") if mutations else {}
    path = text_or_empty(first, "module_path")
    start = list_or_empty(first, "start_pos")
    return Mutant(
        id=name_of(the_text(item, "job_id"), "A mutant's id"),
        status=_status(result),
        path=name_of(path, "A path") if path else None,
        line=position(start[0]) if start else None,
        description=messages.keep(text_or_empty(first, "operator_name"), 200),
    )


def _status(result: Mapping[str, Any]) -> MutantStatus:
    worker = the_text(result, "worker_outcome")
    if worker in _WORKERS:
        return _WORKERS[worker]
    status = _TESTS.get(text_or_empty(result, "test_outcome"))
    if worker != "normal" or status is None:
        raise Refused(Code.WRONG_SHAPE, f"A mutant has an unknown outcome of {worker[:40]!r}")
    if status is MutantStatus.KILLED and text_or_empty(result, "output").strip() == "timeout":
        return MutantStatus.TIMEOUT
    return status
