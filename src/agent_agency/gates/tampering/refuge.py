"""Where a claim that left its test may have gone: another test, a parametrised one, a helper that tests call."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from agent_agency.gates.tampering.assertions import CALL, STRENGTH, Assertion
from agent_agency.gates.tampering.matching import Matching
from agent_agency.gates.tampering.units import PythonFile, Unit

_MOST_ROWS = 10_000
_CALLED_BY_RUNNERS = frozenset({"setUp", "tearDown", "setup_method", "teardown_method", "setUpClass", "tearDownClass"})


class _Rows:
    """Sets of constants, found by one of theirs."""

    def __init__(self, rows: Iterable[frozenset[str]]) -> None:
        self._by_constant: dict[str, list[frozenset[str]]] = defaultdict(list)
        for row in rows:
            for constant in row:
                self._by_constant[constant].append(row)

    def hold(self, needed: frozenset[str]) -> bool:
        """Whether one of them has all that is needed."""
        if not needed:
            return False
        rarest = min((self._by_constant.get(constant, []) for constant in needed), key=len)
        return any(needed <= row for row in rarest[:_MOST_ROWS])


class Refuge:
    """The claims and cases that the head's changed tests have and the base's had not."""

    def __init__(self, base: Sequence[PythonFile], head: Sequence[PythonFile], matching: Matching) -> None:
        before, after = (Counter(row for file in side for row in file.rows) for side in (base, head))
        called, calls = (Counter(row for file in side for row in file.calls) for side in (base, head))
        self._counted = (before, after)
        self._rows = _Rows((*after, *calls))
        self._fresh = _Rows((*(after - before), *(calls - called)))
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
        for turned in (False, True):
            loose = claim.loose[::-1] if turned else claim.loose
            if any(self._covers(other, claim, self._rows, turned=turned) for other in self._new.get(loose, ())):
                return True
            if any(self._covers(other, claim, self._fresh, turned=turned) for other in self._old.get(loose, ())):
                return True
        return False

    def _covers(self, other: Assertion, claim: Assertion, rows: _Rows, *, turned: bool) -> bool:
        """Whether a claim of the same form stands there with the same constants, or with variables for cases of them."""
        if STRENGTH[other.kind] < STRENGTH[claim.kind] or other.raised != claim.raised or other.guards:
            return False
        if other.key == claim.key:
            return rows is self._rows
        mine = (*claim.fillers[turned], *claim.fillers[not turned])
        theirs = (*other.fillers[0], *other.fillers[1])
        if len(mine) != len(theirs):
            return False
        differing = [(wanted, given) for wanted, given in zip(mine, theirs, strict=True) if wanted.text != given.text]
        if any(given.text or not wanted.text for wanted, given in differing):
            return False
        return rows.hold(frozenset().union(*(wanted.constants for wanted, _ in differing)))

    def has_row(self, row: frozenset[str]) -> bool:
        """Whether the head has as many cases with these constants as the base, or a new one with more."""
        return 0 < self._counted[0][row] <= self._counted[1][row] or self._fresh.hold(row)

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
