"""Where a claim that left its test may have gone: another test, a parametrised one, a helper that tests call."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agent_agency.gates.tampering.assertions import CALL, Assertion
from agent_agency.gates.tampering.matching import Matching
from agent_agency.gates.tampering.python_source import numbered
from agent_agency.gates.tampering.shape import Filler
from agent_agency.gates.tampering.units import PythonFile, Unit

_Key = tuple[str, str, str, tuple[str, ...]]
_Loose = tuple[str, str]
_MOST_ROWS = 10_000
_MOST_FORMS = 200
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


@dataclass(frozen=True, slots=True)
class _Form:
    """A claim with variables in the place of some constants."""

    strength: int
    raised: tuple[str, ...]
    fillers: tuple[Filler, ...]

    @property
    def has_variables(self) -> bool:
        return any(not filler.text for filler in self.fillers)

    def covers(self, claim: Assertion, fillers: tuple[Filler, ...], rows: _Rows) -> bool:
        """Whether it has the same constants, or variables for cases of them."""
        if self.strength < claim.strength or self.raised != claim.raised or len(self.fillers) != len(fillers):
            return False
        pairs = zip(fillers, self.fillers, strict=True)
        differing = [(wanted, given) for wanted, given in pairs if wanted.text != given.text]
        if any(given.text or not wanted.text for wanted, given in differing):
            return False
        return rows.hold(numbered(text for wanted, _ in differing for text in wanted.constants))


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
        self._exact: set[_Key] = set()
        self._old: dict[_Loose, dict[_Form, None]] = defaultdict(dict)
        self._new: dict[_Loose, dict[_Form, None]] = defaultdict(dict)
        self._fill(matching)

    def _fill(self, matching: Matching) -> None:
        before = {(pair.head.path, pair.head.qualname): pair.base for pair in matching.pairs}
        for unit in (*matching.new, *(pair.head for pair in matching.pairs)):
            if not self._counts(unit):
                continue
            old = before.get((unit.path, unit.qualname))
            left = Counter(claim.key for claim in old.claims.assertions) if old else Counter[object]()
            for claim in unit.claims.assertions:
                if not claim.works or claim.guards:
                    continue
                known = left[claim.key] > 0
                left[claim.key] -= 1
                if not known:
                    self._exact.add(claim.key)
                forms = (self._old if known else self._new)[claim.loose]
                form = _Form(claim.strength, claim.raised, (*claim.fillers[0], *claim.fillers[1]))
                if form.has_variables and len(forms) < _MOST_FORMS:
                    forms[form] = None

    def _counts(self, unit: Unit) -> bool:
        return unit.is_collected or unit.is_fixture or unit.name in self.called or unit.name in _CALLED_BY_RUNNERS

    def holds(self, claim: Assertion) -> bool:
        """Whether the same claim, or one that is as strong over a case with the same constants, is new at the head."""
        if claim.key in self._exact:
            return True
        for turned in (False, True):
            loose = claim.loose[::-1] if turned else claim.loose
            fillers = (*claim.fillers[turned], *claim.fillers[not turned])
            for forms, rows in ((self._new, self._rows), (self._old, self._fresh)):
                if any(form.covers(claim, fillers, rows) for form in forms.get(loose, ())):
                    return True
        return False

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
