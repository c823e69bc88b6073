"""Where a claim that left its test may have gone: another test, a parametrised one, a helper that tests call."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from agent_agency.gates.tampering.assertions import CALL, STRENGTH, Assertion
from agent_agency.gates.tampering.matching import Matching
from agent_agency.gates.tampering.units import PythonFile, Unit

_CALLED_BY_RUNNERS = frozenset({"setUp", "tearDown", "setup_method", "teardown_method", "setUpClass", "tearDownClass"})


class Refuge:
    """The claims and cases that the head's changed tests have and the base's had not."""

    def __init__(self, base: Sequence[PythonFile], head: Sequence[PythonFile], matching: Matching) -> None:
        rows = Counter(row for file in head for row in file.rows) - Counter(row for file in base for row in file.rows)
        calls = Counter(row for file in head for row in file.calls) - Counter(
            row for file in base for row in file.calls
        )
        self._rows: dict[str, list[frozenset[str]]] = defaultdict(list)
        for row in rows.keys() | calls.keys():
            for constant in row:
                self._rows[constant].append(row)
        self.called = frozenset(
            name for file in head for unit in file.units.values() if unit.is_collected for name in unit.claims.calls
        )
        self._hollow = _hollow(head)
        self._old: dict[tuple[str, str], list[Assertion]] = defaultdict(list)
        self._new: dict[tuple[str, str], list[Assertion]] = defaultdict(list)
        self._fill(matching)

    def _fill(self, matching: Matching) -> None:
        before = {(pair.head.path, pair.head.qualname): pair.base for pair in matching.pairs}
        for unit in (*matching.new, *(pair.head for pair in matching.pairs)):
            if not self._counts(unit):
                continue
            old = before.get((unit.path, unit.qualname))
            left = Counter(claim.key for claim in old.claims.assertions) if old else Counter[object]()
            for claim in unit.claims.assertions:
                if not claim.works:
                    continue
                known = left[claim.key] > 0
                left[claim.key] -= 1
                (self._old if known else self._new)[claim.loose].append(claim)

    def _counts(self, unit: Unit) -> bool:
        return unit.is_collected or unit.is_fixture or unit.name in self.called or unit.name in _CALLED_BY_RUNNERS

    def holds(self, claim: Assertion) -> bool:
        """Whether the same claim, or one that is as strong over a case with the same constants, is new at the head."""
        loose = (claim.loose, claim.loose[::-1])
        new = [other for key in loose for other in self._new.get(key, ())]
        if any(other.key == claim.key for other in new):
            return True
        old = [other for key in loose for other in self._old.get(key, ())]
        return any(self._covers(other, claim, fresh=True) for other in new) or any(
            self._covers(other, claim, fresh=False) for other in old
        )

    def _covers(self, other: Assertion, claim: Assertion, *, fresh: bool) -> bool:
        if STRENGTH[other.kind] < STRENGTH[claim.kind] or other.raised != claim.raised or other.guards:
            return False
        needed = claim.constants - other.constants
        if not needed:
            return fresh and other.constants >= claim.constants and bool(claim.constants or other.key == claim.key)
        rarest = min(needed, key=lambda constant: len(self._rows.get(constant, ())))
        return any(needed <= row for row in self._rows.get(rarest, ()))

    def has_row(self, row: frozenset[str]) -> bool:
        """Whether the head newly has a case with these constants, or with more."""
        if not row:
            return False
        rarest = min(row, key=lambda constant: len(self._rows.get(constant, ())))
        return any(row <= other for other in self._rows.get(rarest, ()))

    def is_hollow(self, claim: Assertion) -> bool:
        """Whether a claim is a call of a function that the head defines and that claims nothing."""
        return claim.kind == CALL and not claim.roots.isdisjoint(self._hollow)


def _hollow(head: Iterable[PythonFile]) -> frozenset[str]:
    """Names that look like assertions and are bound to something that asserts nothing."""
    found = set()
    for file in head:
        for unit in file.units.values():
            if not unit.is_test and not any(claim.works for claim in unit.claims.assertions):
                found.add(unit.name)
        found.update(name for name, value in file.names.items() if type(value).__name__ == "Lambda")
    return frozenset(found)
