"""What a test function claims, in one form for plain ``assert``, ``unittest`` and ``pytest``."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from agent_agency.gates.tampering.python_source import dotted, is_literal, last_name, scalars, truth
from agent_agency.gates.tampering.rules import quoted
from agent_agency.gates.tampering.shape import Filler, ShapeWriter

EQUAL, CLOSE, BOUND, IN, TYPE, TRUE, FALSE = "equal", "close", "bound", "in", "type", "true", "false"
DIFFERS, RAISES, CALL = "differs", "raises", "call"

STRENGTH = {EQUAL: 6, RAISES: 6, CALL: 6, CLOSE: 5, IN: 4, BOUND: 3, TYPE: 2, FALSE: 2, TRUE: 1, DIFFERS: 1}

_OPERATORS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: EQUAL,
    ast.Is: EQUAL,
    ast.NotEq: DIFFERS,
    ast.IsNot: DIFFERS,
    ast.In: IN,
    ast.NotIn: IN,
    ast.Lt: BOUND,
    ast.LtE: BOUND,
    ast.Gt: BOUND,
    ast.GtE: BOUND,
}
_OPPOSITE = {EQUAL: DIFFERS, DIFFERS: EQUAL, TRUE: FALSE, FALSE: TRUE}
_METHODS: Mapping[str, tuple[str, int]] = {
    "assertEqual": (EQUAL, 2),
    "assertEquals": (EQUAL, 2),
    "assertListEqual": (EQUAL, 2),
    "assertDictEqual": (EQUAL, 2),
    "assertSetEqual": (EQUAL, 2),
    "assertTupleEqual": (EQUAL, 2),
    "assertSequenceEqual": (EQUAL, 2),
    "assertMultiLineEqual": (EQUAL, 2),
    "assertIs": (EQUAL, 2),
    "assert_equal": (EQUAL, 2),
    "assert_array_equal": (EQUAL, 2),
    "assertCountEqual": (CLOSE, 2),
    "assertAlmostEqual": (CLOSE, 2),
    "assert_allclose": (CLOSE, 2),
    "assert_almost_equal": (CLOSE, 2),
    "assert_array_almost_equal": (CLOSE, 2),
    "assertNotEqual": (DIFFERS, 2),
    "assertIsNot": (DIFFERS, 2),
    "assertNotAlmostEqual": (DIFFERS, 2),
    "assertIn": (IN, 2),
    "assertNotIn": (IN, 2),
    "assertRegex": (IN, 2),
    "assertDictContainsSubset": (IN, 2),
    "assertGreater": (BOUND, 2),
    "assertGreaterEqual": (BOUND, 2),
    "assertLess": (BOUND, 2),
    "assertLessEqual": (BOUND, 2),
    "assertIsInstance": (TYPE, 2),
    "assertTrue": (TRUE, 1),
    "assertFalse": (FALSE, 1),
}
_RAISERS = frozenset({"raises", "assertRaises", "assertRaisesRegex", "warns", "assertWarns", "assertWarnsRegex"})
_CLOSE = frozenset({"approx", "isclose", "allclose"})
_ASSERTING = ("assert", "check", "verify", "expect", "should")
DEFAULT_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Assertion:
    """One claim.

    ``subject`` and ``expected`` are the shapes of what is claimed about and what it is held against, ``loose`` both
    without constants and ``fillers`` what stood in their places. ``constants`` are all constants in it, ``wanted``
    those that it is held against, ``roots`` all names. ``idle`` says why it can never fail the test, empty when it can.
    ``guards`` are conditions that must hold for it to be reached; ``raised`` the exceptions that it wants, ``matched``
    whether it wants their message too.
    """

    kind: str
    subject: str
    expected: str
    loose: tuple[str, str]
    fillers: tuple[tuple[Filler, ...], tuple[Filler, ...]]
    constants: frozenset[str]
    wanted: frozenset[str]
    roots: frozenset[str]
    line: int
    text: str
    trivial: bool = False
    idle: str = ""
    swallowed: bool = False
    guards: tuple[str, ...] = ()
    tolerance: float = 0.0
    raised: tuple[str, ...] = ()
    matched: bool = False

    @property
    def key(self) -> tuple[str, str, str, tuple[str, ...]]:
        """Alike for assertions that claim the same."""
        return (self.kind, self.subject, self.expected, self.raised)

    @property
    def works(self) -> bool:
        """Whether it can fail its test."""
        return not (self.trivial or self.idle or self.swallowed)

    @property
    def strength(self) -> int:
        """How much it claims, by kind."""
        return STRENGTH[self.kind]


@dataclass(frozen=True, slots=True)
class Helpers:
    """Names of functions of the tests: ``asserting`` ones hold a claim, ``hollow`` ones are only named so."""

    asserting: frozenset[str]
    hollow: frozenset[str]


class AssertionReader:
    """Reads the claims of expressions of one function."""

    def __init__(self, names: Mapping[str, ast.AST], filled: frozenset[str] = frozenset()) -> None:
        """``filled`` are names of lists and their kin that are used more than once: what they hold may have changed."""
        self._settled = {name: value for name, value in names.items() if name not in filled}
        self._filled = filled
        self._shapes = ShapeWriter(names)

    def of_assert(self, node: ast.Assert) -> Iterator[Assertion]:
        """The claims of an ``assert`` statement, one for each part of a conjunction."""
        yield from self._claims(node.test, node, positive=True)

    def of_call(self, call: ast.Call, helpers: Helpers) -> Assertion | None:
        """The claim of a call that asserts by its name or is a known helper; ``None`` for any other call."""
        name = last_name(call)
        if name in helpers.hollow:
            return None
        if name in _METHODS and len(call.args) >= _METHODS[name][1]:
            return self._of_method(name, call)
        if name in {"assertIsNone", "assertIsNotNone"} and call.args:
            kind = EQUAL if name == "assertIsNone" else DIFFERS
            return self._pair(kind, call.args[0], ast.Constant(None), call)
        if name in _RAISERS and len(call.args) > 1:
            return self.of_raises(call)
        if _names_an_assertion(call) or _is_helper(call, helpers.asserting):
            return self._made(CALL, call, None, call)
        return None

    def of_raises(self, call: ast.Call) -> Assertion:
        """The claim of ``raises`` in one of its forms."""
        kinds = call.args[0] if call.args else next((k.value for k in call.keywords), call)
        names = tuple(sorted(last_name(item) for item in getattr(kinds, "elts", [kinds])))
        match = any(keyword.arg in {"match", "check"} for keyword in call.keywords) or "Regex" in last_name(call)
        made = self._made(RAISES, kinds, None, call)
        return replace(made, raised=names, matched=match, expected=str(match), text=quoted(ast.unparse(call)))

    def _of_method(self, name: str, call: ast.Call) -> Assertion:
        kind, operands = _METHODS[name]
        if operands == 1:
            return next(iter(self._claims(call.args[0], call, positive=kind == TRUE)))
        made = self._pair(kind, call.args[0], call.args[1], call)
        if kind == CLOSE:
            made = replace(made, tolerance=1.0 if name == "assertCountEqual" else _tolerance(call))
        return replace(made, expected=f"{name}:{made.expected}") if kind in {IN, BOUND} else made

    def _claims(self, test: ast.expr, place: ast.AST, *, positive: bool) -> Iterator[Assertion]:
        if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
            yield from self._claims(test.operand, place, positive=not positive)
        elif isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) == positive and self._truth(test) is None:
            for value in test.values:
                yield from self._claims(value, place, positive=positive)
        elif isinstance(test, ast.Compare) and len(test.ops) == 1:
            yield self._comparison(test, place, positive=positive)
        elif isinstance(test, ast.Call) and last_name(test) == "isinstance" and len(test.args) > 1 and positive:
            yield self._pair(TYPE, test.args[0], test.args[1], place)
        elif isinstance(test, ast.Call) and last_name(test) in _CLOSE and len(test.args) > 1 and positive:
            yield replace(self._pair(CLOSE, test.args[0], test.args[1], place), tolerance=_tolerance(test))
        else:
            yield self._truth_claim(test, place, positive=positive)

    def _truth_claim(self, test: ast.expr, place: ast.AST, *, positive: bool) -> Assertion:
        made = self._made(TRUE if positive else FALSE, test, None, place)
        return replace(made, trivial=self._truth(test) is positive)

    def _comparison(self, test: ast.Compare, place: ast.AST, *, positive: bool) -> Assertion:
        left, right, operator = test.left, test.comparators[0], type(test.ops[0])
        kind = _OPERATORS[operator]
        if kind in {EQUAL, DIFFERS} and (side := self._boolean(left, right)) is not None:
            other, wanted = side
            return next(iter(self._claims(other, place, positive=(kind == EQUAL) == (wanted == positive))))
        close = next((side for side in (left, right) if last_name(self._shapes.resolved(side)) in _CLOSE), None)
        if not positive:
            kind = _OPPOSITE.get(kind, kind)
        made = self._pair(CLOSE if close is not None and kind == EQUAL else kind, left, right, place)
        if kind in {IN, BOUND}:
            made = replace(made, expected=f"{operator.__name__}{positive}:{made.expected}")
        if isinstance(close, ast.AST) and isinstance(call := self._shapes.resolved(close), ast.Call):
            made = self._approximate(made, call, left if close is right else right, place)
        certain = self._truth(test)
        return replace(made, trivial=certain is positive or made.trivial)

    def _approximate(self, made: Assertion, call: ast.Call, subject: ast.expr, place: ast.AST) -> Assertion:
        pair = self._pair(CLOSE, subject, call.args[0] if call.args else call, place)
        return replace(pair, kind=made.kind, tolerance=_tolerance(call))

    def _boolean(self, left: ast.expr, right: ast.expr) -> tuple[ast.expr, bool] | None:
        for side, other in ((left, right), (right, left)):
            if isinstance(side, ast.Constant) and isinstance(side.value, bool) and not is_literal(other):
                return other, side.value
        return None

    def _pair(self, kind: str, left: ast.expr, right: ast.expr, place: ast.AST) -> Assertion:
        """A claim on two operands; a literal stands on the right, as both orders claim the same."""
        if kind in {EQUAL, CLOSE, DIFFERS} and is_literal(self._shapes.resolved(left)):
            left, right = right, left
        made = self._made(kind, left, right, place)
        if kind in {EQUAL, CLOSE, BOUND}:
            operator = ast.Eq() if kind != BOUND else ast.LtE()
            made = replace(made, trivial=self._same(left, right) or self._certain(left, operator, right))
        return made

    def _certain(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> bool:
        if any(isinstance(side, ast.Name) and side.id in self._filled for side in (left, right)):
            return False
        first, second = self._shapes.resolved(left), self._shapes.resolved(right)
        both = is_literal(first) and is_literal(second)
        return both and sorted(scalars(first)) == sorted(scalars(second)) and not isinstance(operator, ast.LtE)

    def _same(self, left: ast.expr, right: ast.expr) -> bool:
        first, second = self._shapes.resolved(left), self._shapes.resolved(right)
        return ast.dump(first) == ast.dump(second) or "ANY" in {last_name(first), last_name(second)}

    def _made(self, kind: str, subject: ast.expr, expected: ast.expr | None, place: ast.AST) -> Assertion:
        shapes = self._shapes
        parts = [subject] if expected is None else [subject, expected]
        return Assertion(
            kind=kind,
            subject=shapes.strict(subject),
            expected="" if expected is None else shapes.strict(expected),
            loose=(shapes.loose(subject), "" if expected is None else shapes.loose(expected)),
            fillers=(shapes.fillers(subject), () if expected is None else shapes.fillers(expected)),
            constants=frozenset().union(*(shapes.constants(part) for part in parts)),
            wanted=shapes.constants(subject if expected is None else expected),
            roots=frozenset().union(*(shapes.roots(part) for part in parts)),
            line=getattr(place, "lineno", 1),
            text=quoted(ast.unparse(place)),
        )

    def _truth(self, node: ast.expr) -> bool | None:
        return truth(node, self._settled)


def _tolerance(call: ast.Call) -> float:
    """The largest tolerance that a call sets, by how far the values may differ; the default where it sets none."""
    found = [_number(keyword.value) for keyword in call.keywords if keyword.arg in _TOLERANCES]
    digits = [_number(keyword.value) for keyword in call.keywords if keyword.arg in {"places", "decimal"}]
    found += [10.0**-places for places in digits if places is not None and abs(places) < 300]  # noqa: PLR2004 - a float's range
    if last_name(call) == "approx":
        found += [_number(argument) for argument in call.args[1:3]]
    elif last_name(call) == "assertAlmostEqual" and len(call.args) > 2:  # noqa: PLR2004 - two operands first
        places = _number(call.args[2])
        found.append(None if places is None else 10.0 ** -min(abs(places), 300))
    if None in found:
        return 1.0
    return max((value for value in found if value is not None), default=DEFAULT_TOLERANCE)


_TOLERANCES = frozenset({"rel", "abs", "rel_tol", "abs_tol", "rtol", "atol", "delta"})


def _number(node: ast.AST) -> float | None:
    value = getattr(node, "value", None)
    if isinstance(node, ast.Constant) and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return 0.0 if isinstance(node, ast.Constant) and value is None else None


def _is_helper(call: ast.Call, helpers: frozenset[str]) -> bool:
    owner, _, name = dotted(call).rpartition(".")
    return name in helpers or (owner in {"self", "cls", "super"} and f"self.{name}" in helpers)


def is_named_as_asserting(name: str) -> bool:
    """Whether a function of this name is taken to claim something, whoever wrote it."""
    return name in _METHODS or name.lstrip("_").startswith(_ASSERTING)


def _names_an_assertion(call: ast.Call) -> bool:
    """Whether the call is named as one that asserts: ``assert_that(x)``, ``mock.assert_called()``, ``expect(x).to``."""
    names = dotted(call).lstrip("_").split(".")
    return any(name.lstrip("_").startswith(_ASSERTING) for name in (names[0], names[-1]))
