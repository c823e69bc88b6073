"""What a gate's report is judged against, beside the gate's own definition."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from agent_agency.gates.reports.model import ReportProblem
from agent_agency.gates.reports.read import Report


@dataclass(frozen=True, slots=True)
class JudgingContext:
    """What is known of the change, and of the base where it was measured.

    ``added`` maps each head path to the numbers of the lines that the change adds there; lines that hold nothing but
    white space may be left out. ``base`` is what the same tool reported over the merge base; ``None`` where it was not
    run there, a ``ReportProblem`` where its run proves nothing. ``paths`` and ``base_paths`` are the files of the head
    and the base; empty where they are not known. ``renamed`` maps the head path of a moved file to its base path.
    ``root`` and ``base_root`` are the folders that the tool ran in, which absolute paths in its reports begin with.
    ``lines_of`` tells how many lines a file of the head has; ``None`` for what is no text or not there.
    """

    added: Mapping[str, frozenset[int]] = field(default_factory=lambda: MappingProxyType({}))
    base: Report | ReportProblem | None = None
    paths: Collection[str] = frozenset()
    base_paths: Collection[str] = frozenset()
    renamed: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    root: str | None = None
    base_root: str | None = None
    lines_of: Callable[[str], int | None] | None = None
