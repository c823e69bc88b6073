"""What became of each test of the base: deleted, no longer collected, skipped, emptied, weakened, short of cases."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from agent_agency.facts import Finding, Place, Severity, display_path
from agent_agency.gates.outcome import counted
from agent_agency.gates.tampering.cases import CaseLoss, case_loss, cases_of_test, tables_of_file
from agent_agency.gates.tampering.claims import does_nothing
from agent_agency.gates.tampering.compare_claims import compare_claims
from agent_agency.gates.tampering.conventions import Conventions
from agent_agency.gates.tampering.doubles import double_findings
from agent_agency.gates.tampering.matching import Matching, Pair
from agent_agency.gates.tampering.product_change import ProductChange, names_of
from agent_agency.gates.tampering.python_source import last_name
from agent_agency.gates.tampering.refuge import Refuge
from agent_agency.gates.tampering.rules import Rule, found
from agent_agency.gates.tampering.skips import (
    Skip,
    skipped_rows,
    skips_of_class,
    skips_of_file,
    skips_of_test,
    unknown_decorators,
)
from agent_agency.gates.tampering.units import PythonFile, Unit

_NAMED = 5


@dataclass
class TestComparison:
    """Both sides of the changed test files and what was told of them."""

    __test__ = False

    base: Mapping[str, PythonFile]
    head: Mapping[str, PythonFile]
    renames: Mapping[str, str]
    matching: Matching
    refuge: Refuge
    conventions: Conventions
    product: ProductChange
    findings: list[Finding] = field(default_factory=list)
    told: set[tuple[str, str, str]] = field(default_factory=set)
    moved: int = 0
    _read: dict[tuple[str, str, str], Mapping[str, Skip]] = field(default_factory=dict)
    _local: frozenset[str] = frozenset()

    def run(self) -> None:
        """Tell everything."""
        self._local = frozenset(unit.name for file in self.head.values() for unit in file.units.values())
        for pair in self.matching.pairs:
            if pair.base.is_test and not pair.base.lost:
                self._test(pair)
            elif not pair.base.is_test and self.conventions.is_test_file(pair.base.path):
                self._support(pair)
        for unit in self.matching.new:
            self._support_skips(unit, frozenset())
        self._deleted(self.matching.gone)
        self._tables()

    def _test(self, pair: Pair) -> None:
        self.moved += pair.base.path != pair.head.path or pair.base.qualname != pair.head.qualname
        if pair.head.lost or not pair.head.is_test:
            if pair.head.name not in self.refuge.called and not self._is_held_elsewhere(pair.base):
                self.findings.append(_uncollected(pair))
            return
        self._skips(pair)
        if does_nothing(pair.head.node) and not does_nothing(pair.base.node):
            if not self._is_held_elsewhere(pair.base):
                self.findings.append(_emptied(pair))
            return
        self._claims_and_cases(pair)
        self._decorators(pair)
        self.findings += double_findings(pair)

    def _support(self, pair: Pair) -> None:
        """A helper or fixture: what it claims and provides counts for every test that uses it."""
        self._claims_and_cases(pair)
        self._support_skips(pair.head, frozenset(stop.text for stop in pair.base.claims.stops))
        if pair.base.is_fixture:
            self.findings += _fixture(pair)

    def _support_skips(self, unit: Unit, before: frozenset[str]) -> None:
        """A fixture or helper that newly skips does so for every test that it serves."""
        if unit.is_test or not (unit.is_fixture or unit.name in self.refuge.called):
            return
        for stop in unit.claims.stops:
            automatic = "autouse" in _fixture_options(unit)
            if stop.text not in before and (not stop.guards or automatic):
                skip = Skip(f"stop:{stop.text}", stop.text, stop.line, certain=not stop.guards)
                self.findings.append(_skipped(unit, f"every test that uses {unit.qualname}", skip))

    def _claims_and_cases(self, pair: Pair) -> None:
        self.findings += compare_claims(pair, self.refuge, self.product)
        loss = case_loss(cases_of_test(pair.base), cases_of_test(pair.head), self.refuge)
        self._cases(pair.head.path, pair.head.line, pair.base.qualname, loss)

    def _tables(self) -> None:
        for path, file in self.base.items():
            other = self.head.get(self.renames.get(path, path))
            if other is None or not self.conventions.is_test_file(path):
                continue
            after = tables_of_file(other)
            for name, rows in tables_of_file(file).items():
                if name in after and rows != after[name]:
                    line = getattr(other.names[name], "lineno", 1)
                    self._cases(other.path, line, name, case_loss(rows, after[name], self.refuge))

    def _cases(self, path: str, line: int, name: str, loss: CaseLoss) -> None:
        self.findings += _case_findings(path, line, name, loss, self.product)

    def _skips(self, pair: Pair) -> None:
        base, head = self.base[pair.base.path], self.head[pair.head.path]
        before = self._all_skips("base", pair.base, base)
        certain = any(skip.certain for skip in before.values())
        for scope, skips in self._scopes("head", pair.head, head):
            for key, skip in skips.items():
                if key in before or (certain and not skip.certain) or (head.path, scope, key) in self.told:
                    continue
                self.told.add((head.path, scope, key))
                self.findings.append(_skipped(pair.head, scope, skip))
        before_rows = skipped_rows(pair.base, base.names)
        for key, skip in skipped_rows(pair.head, head.names).items():
            if key not in before_rows:
                self.findings.append(_skipped(pair.head, pair.head.qualname, skip))

    def _scopes(self, side: str, unit: Unit, file: PythonFile) -> Iterator[tuple[str, Mapping[str, Skip]]]:
        """The reasons on a test, its classes and its file; those of classes and files are read once."""
        marks = self.conventions.deselected
        yield unit.qualname, skips_of_test(unit, file, marks)
        for node in unit.classes:
            key = (side, file.path, f"{node.name}:{node.lineno}")
            if key not in self._read:
                self._read[key] = skips_of_class(node, file, marks)
            yield f"class {node.name}", self._read[key]
        key = (side, file.path, "")
        if key not in self._read:
            self._read[key] = skips_of_file(file, marks)
        yield "", self._read[key]

    def _all_skips(self, side: str, unit: Unit, file: PythonFile) -> dict[str, Skip]:
        return {key: skip for _, skips in self._scopes(side, unit, file) for key, skip in skips.items()}

    def _decorators(self, pair: Pair) -> None:
        before = {text.split("(")[0] for text in unknown_decorators(pair.base)}
        for text, line in unknown_decorators(pair.head).items():
            if text.split("(")[0] not in before:
                own = text.split("(")[0].split(".")[-1] in self._local
                self.findings.append(_decorated(pair, text, line, own=own))

    def _deleted(self, gone: Sequence[Unit]) -> None:
        by_file: dict[str, list[Unit]] = defaultdict(list)
        for unit in gone:
            if not unit.is_collected or self._skipped_before(unit):
                continue
            if self._is_held_elsewhere(unit):
                self.moved += 1
            else:
                by_file[unit.path].append(unit)
        for path, units in sorted(by_file.items()):
            self.findings += self._deleted_in(path, units)

    def _is_held_elsewhere(self, unit: Unit) -> bool:
        """Whether all that a test claimed is claimed by other tests now."""
        claims = [claim for claim in unit.claims.assertions if claim.works]
        if not claims or not all(self.refuge.holds(claim) for claim in claims):
            return False
        loss = case_loss(cases_of_test(unit), Counter(), self.refuge)
        return not loss.removed

    def _skipped_before(self, unit: Unit) -> bool:
        return any(skip.certain for skip in self._all_skips("base", unit, self.base[unit.path]).values())

    def _deleted_in(self, path: str, units: list[Unit]) -> Iterator[Finding]:
        home = self.renames.get(path, path)
        spoken = [unit for unit in units if self.product.took(names_of(unit.node))]
        for unit in spoken:
            yield _deleted_with_its_code(unit, Place(home if home in self.head else path))
        units = [unit for unit in units if unit not in spoken]
        if home in self.head:
            for unit in units:
                yield _deleted_test(unit, Place(home))
            return
        if not units:
            return
        names = ", ".join(unit.qualname for unit in units[:_NAMED])
        number = counted(len(units), "test")
        more = f" and {len(units) - _NAMED} more" if len(units) > _NAMED else ""
        yield found(
            Rule.TEST_DELETED,
            Severity.MAJOR,
            Place(path),
            f"{display_path(path)} is deleted, and {number} with it that stand nowhere else: {names}{more}",
            remedy=f"Put {display_path(path)} back, or have a person waive the loss of its tests",
        )


def _deleted_with_its_code(unit: Unit, place: Place) -> Finding:
    return found(
        Rule.TEST_DELETED,
        Severity.ADVICE,
        place,
        f"{unit.qualname} (line {unit.line} of {display_path(unit.path)} at the base) is deleted together with code"
        " that it speaks of",
        remedy=f"Make sure that the code was to go, or put {unit.qualname} back",
        subject=unit.qualname,
    )


def _deleted_test(unit: Unit, place: Place) -> Finding:
    return found(
        Rule.TEST_DELETED,
        Severity.MAJOR,
        place,
        f"{unit.qualname} (line {unit.line} of {display_path(unit.path)} at the base) is deleted",
        remedy=f"Put {unit.qualname} back, or have a person waive its loss",
        subject=unit.qualname,
    )


def _uncollected(pair: Pair) -> Finding:
    why = pair.head.lost or "no runner collects a function of this name"
    renamed = f" as {pair.head.qualname}" if pair.head.qualname != pair.base.qualname else ""
    return found(
        Rule.TEST_UNCOLLECTED,
        Severity.MAJOR,
        Place(pair.head.path, pair.head.line),
        f"{pair.base.qualname} is still written here{renamed} and runs no more: {why}",
        remedy=f"Give it back the name and place by which it was collected ({pair.base.qualname})",
        subject=pair.base.qualname,
    )


def _emptied(pair: Pair) -> Finding:
    return found(
        Rule.TEST_EMPTIED,
        Severity.MAJOR,
        Place(pair.head.path, pair.head.line),
        f"{pair.base.qualname} has no statement left that does anything",
        remedy=f"Put the body of {pair.base.qualname} back (line {pair.base.line} at the base)",
        subject=pair.base.qualname,
    )


def _skipped(unit: Unit, scope: str, skip: Skip) -> Finding:
    what = scope or f"every test of {display_path(unit.path)}"
    when = "" if skip.certain else " under a condition that was not evaluated"
    return found(
        Rule.TEST_SKIPPED,
        Severity.MAJOR if skip.certain else Severity.MODERATE,
        Place(unit.path, skip.line),
        f"{what} is kept from counting{when}: {skip.text}",
        remedy=f"Take '{skip.text}' out and let it run",
        subject=f"{scope}:{skip.key}",
    )


def _case_findings(path: str, line: int, name: str, loss: CaseLoss, product: ProductChange) -> Iterator[Finding]:
    if loss.removed:
        first = loss.removed[0] if len(loss.removed) == 1 else f"{loss.removed[0]} and {len(loss.removed) - 1} more"
        yield found(
            Rule.CASES_REMOVED,
            Severity.MAJOR,
            Place(path, line),
            f"{counted(len(loss.removed), 'case')} of {loss.total} went from {name}: {first}",
            remedy=f"Put the cases back into {name}",
            subject=name,
        )
    for before, after in loss.changed:
        yield found(
            Rule.EXPECTATION_CHANGED,
            product.weight_of_expectations,
            Place(path, line),
            f"a case of {name} changed from {before} to {after}",
            remedy=f"Put the case {before} back, or have a person waive the changed expectation",
            subject=f"{name}:{before}",
        )


def _decorated(pair: Pair, text: str, line: int, *, own: bool) -> Finding:
    return found(
        Rule.DECORATOR_ADDED,
        Severity.MODERATE if own else Severity.ADVICE,
        Place(pair.head.path, line),
        f"{pair.head.qualname} is newly wrapped by @{text}, which may keep it from failing",
        remedy=f"Take @{text} off the test, or do its work in a fixture",
        subject=f"{pair.head.qualname}:{text}",
    )


def _fixture(pair: Pair) -> Iterator[Finding]:
    before, after = _fixture_options(pair.base), _fixture_options(pair.head)
    told = []
    if not pair.head.is_fixture:
        told.append("is no fixture any more")
    elif before.get("autouse") == "True" != after.get("autouse"):
        told.append("is no longer used by every test (autouse)")
    if does_nothing(pair.head.node) and not does_nothing(pair.base.node):
        told.append("has no statement left that does anything")
    for what in told:
        yield found(
            Rule.FIXTURE_WEAKENED,
            Severity.MODERATE,
            Place(pair.head.path, pair.head.line),
            f"fixture {pair.base.qualname} {what}",
            remedy=f"Put fixture {pair.base.qualname} back as it was at the base (line {pair.base.line})",
            subject=f"{pair.base.qualname}:{what}",
        )


def _fixture_options(unit: Unit) -> dict[str, str]:
    return {
        keyword.arg: ast.unparse(keyword.value)
        for mark in unit.node.decorator_list
        if isinstance(mark, ast.Call) and last_name(mark) == "fixture"
        for keyword in mark.keywords
        if keyword.arg
    }
