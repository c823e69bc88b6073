"""One state of a contract in JSON or YAML, and how its problems are told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from agent_agency.gates.contracts.documents import Document, Node, shown
from agent_agency.gates.contracts.model import (
    INVALID,
    REMOTE_REFERENCE,
    STILL_INVALID,
    TOO_COMPLEX,
    UNRESOLVED_REFERENCE,
    ContractProblem,
)
from agent_agency.gates.contracts.references import References
from agent_agency.gates.contracts.schema_compare import Difference
from agent_agency.gates.contracts.schema_view import Views


@dataclass(frozen=True, slots=True)
class JsonContract:
    """A document ready to be compared; ``faults`` are what is malformed in it."""

    document: Document
    references: References
    views: Views
    faults: tuple[tuple[str, Node], ...] = ()

    @property
    def root(self) -> Node:
        """The whole document."""
        return Node(self.document.value, self.document)


@dataclass(slots=True)
class Reporter:
    """Gathers the problems of one comparison, each with its line in the head's document."""

    head: Document
    path: str
    problems: list[ContractProblem] = field(default_factory=list)

    def difference(self, found: Difference) -> None:
        """Tell of a breaking difference between two schemas."""
        self.breaking(found.rule, found.message, found.node)

    def breaking(self, rule: str, message: str, node: Node | None) -> None:
        """Tell of a breaking change; ``node`` may be a place of the base that is gone."""
        self.problems.append(self._problem(rule, message, node, breaking=True))

    def told(self, rule: str, message: str, node: Node | None) -> None:
        """Tell of what breaks nothing."""
        self.problems.append(self._problem(rule, message, node, breaking=False))

    def out_of_steps(self) -> None:
        """Tell that the comparison was given up."""
        message = "the contract is too entangled to be compared in bounded time"
        self.problems.append(self._problem(TOO_COMPLEX, message, None, breaking=False))

    def of_state(self, base: JsonContract | None, head: JsonContract) -> None:
        """Tell what is wrong with the head by itself; what was so at the base is only told."""
        self.problems += self._faults(base, head)
        self.problems += self._references(base, head)

    def _faults(self, base: JsonContract | None, head: JsonContract) -> Iterator[ContractProblem]:
        known = {message for message, _ in base.faults} if base else set()
        for message, node in head.faults:
            rule = STILL_INVALID if message in known else INVALID
            yield self._problem(rule, message, node, breaking=False)

    def _references(self, base: JsonContract | None, head: JsonContract) -> Iterable[ContractProblem]:
        known = base.references.broken if base else {}
        for reference, node in head.references.broken.items():
            rule = STILL_INVALID if reference in known else UNRESOLVED_REFERENCE
            yield self._problem(rule, f"the reference '{shown(reference)}' leads nowhere", node, breaking=False)
        for reference, node in head.references.remote.items():
            told = f"'{shown(reference)}' leads to another document, which was not looked into"
            yield self._problem(REMOTE_REFERENCE, told, node, breaking=False)

    def _problem(self, rule: str, message: str, node: Node | None, *, breaking: bool) -> ContractProblem:
        if node is None:
            return ContractProblem(rule, message, self.path, None, "", breaking)
        if node.document.path == self.head.path:
            return ContractProblem(rule, message, self.path, self.head.line(node.pointer), node.text, breaking)
        return ContractProblem(rule, message, node.document.path, None, node.text, breaking)
