"""Random conditions of the part of CEL that rules may use."""

from __future__ import annotations

from hypothesis import strategies as st

_NUMBERS = ("spec.tier", "change.files", "change.lines", "budget.max_files")
_TRUTHS = ("spec.present", "spec.valid", "budget.known", "law.readable")
_TEXTS = ("spec.id", "spec.mode", "review.day")
_OF_GATES = ("g.binding", "g.mendable", "g.status == 'pass'", "g.violations > 0", "g.name in ['tests', 'lint']")


def _numbers() -> st.SearchStrategy[str]:
    simple = st.one_of(st.sampled_from(_NUMBERS), st.integers(min_value=-2, max_value=5).map(str))
    joined = st.tuples(simple, st.sampled_from(["+", "-", "*", "/", "%"]), simple).map(lambda t: f"({' '.join(t)})")
    sizes = st.sampled_from(
        ["size(spec.contracts)", "size(spec.id)", "gates.size()", "gates.filter(g, g.binding).size()"]
    )
    return st.one_of(simple, joined, sizes)


def _leaves() -> st.SearchStrategy[str]:
    compared = st.tuples(_numbers(), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), _numbers()).map(" ".join)
    texts = st.tuples(st.sampled_from(_TEXTS), st.sampled_from(["==", "!=", "<"]), st.sampled_from(["'a'", "''"]))
    functions = st.sampled_from(
        ["spec.id.startsWith('a')", "spec.id.contains('b')", "spec.id.matches('^[ab]+$')", "'a' in spec.contracts"]
    )
    gates = st.tuples(st.sampled_from(["all", "exists", "exists_one"]), st.sampled_from(_OF_GATES)).map(
        lambda t: f"gates.{t[0]}(g, {t[1]})"
    )
    mapped = st.sampled_from(
        ["gates.map(g, g.name).exists(n, n == 'tests')", "gates.all(g, g.evidence.all(e, e != ''))"]
    )
    return st.one_of(st.sampled_from(_TRUTHS), compared, texts.map(" ".join), functions, gates, mapped)


def conditions() -> st.SearchStrategy[str]:
    """Conditions over records and gates, a few levels deep."""
    return st.recursive(
        _leaves(),
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(lambda t: f"({' '.join(t)})"),
            inner.map(lambda one: f"!({one})"),
            st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
        ),
        max_leaves=6,
    )
