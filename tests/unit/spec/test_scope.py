import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.spec.model import Policy, Scope
from agent_agency.spec.policy import default_policy
from agent_agency.spec.scope import Binding, ScopeJudge, decide_path, evaluate, normalize_path
from agent_agency.spec.scope_text import message_of, remedy_of

SCOPE = Scope(("src", "tests/**"), ("src/secret",), ("CHANGELOG.md",))


def policy(zones: tuple[str, ...] = (), passthrough: tuple[str, ...] = ()) -> Policy:
    base = default_policy()
    return Policy(base.tiers, base.gates, zones, passthrough, 1, base.path, base.digest, base.document)


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("src/app.py", "scope.admit.scope_in"),
        ("src/secret/key.py", "scope.reject.scope_out"),
        ("CHANGELOG.md", "scope.admit.scope_support"),
        ("README.md", "scope.reject.root_not_allowed"),
        ("lib/x.py", "scope.reject.scope_in_miss"),
        (".caws/specs/x.yaml", "scope.admit.infra_exempt"),
        ("src/../lib/x.py", "scope.invalid_path.parent_traversal"),
        ("./src//./app.py", "scope.admit.scope_in"),
        (".//etc/passwd", "scope.invalid_path.absolute"),
        ("./", "scope.invalid_path.empty"),
        ("src\\app.py", "scope.invalid_path.backslash"),
    ],
)
def test_a_review_decides_by_these_rules(path: str, rule: str) -> None:
    assert decide_path(path, SCOPE, None).rule == rule


def test_the_entry_that_decided_is_named() -> None:
    assert decide_path("src/secret/k", SCOPE, None).matched == "src/secret"
    assert decide_path("tests/a/b.py", SCOPE, None).matched == "tests/**"
    assert decide_path("docs/a.md", SCOPE, policy(zones=("docs/**",))).matched == "docs/**"


def test_a_zone_wins_over_an_exclusion_and_an_exclusion_over_passthrough() -> None:
    scope = Scope(("src",), ("src/secret", "README.md"))

    assert decide_path("src/secret/k", scope, policy(zones=("src/secret/**",))).rule == "scope.admit.non_governed_zone"
    assert decide_path("README.md", scope, policy(passthrough=("README.md",))).rule == "scope.reject.scope_out"


@given(st.text(alphabet="ab./\\\0é\n", max_size=20))
def test_a_normalised_path_is_normal(path: str) -> None:
    normalized, rule = normalize_path(path)

    assert (normalized is None) == bool(rule)
    if normalized is not None:
        assert normalize_path(normalized) == (normalized, "")
        assert not normalized.startswith("/")
        assert not {"", ".", ".."} & set(normalized.removesuffix("/").split("/"))


@given(st.text(max_size=20), st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=3))
def test_a_bound_worktree_and_a_review_decide_alike(path: str, inside: list[str], outside: list[str]) -> None:
    scope = Scope(tuple(inside), tuple(outside))

    assert evaluate(path, Binding("bound", scope), None) == decide_path(path, scope, None)


@given(
    st.text(alphabet="ab/._", min_size=1, max_size=12),
    st.lists(st.sampled_from(["a", "b", "a/b", "**", "*"]), max_size=3),
)
def test_what_is_excluded_is_never_admitted(path: str, inside: list[str]) -> None:
    decision = ScopeJudge(Scope(tuple(inside), ("a", "b")), None).decide(path)

    normalized = decision.normalized_path or ""
    if normalized.split("/")[0] in {"a", "b"}:
        assert decision.rule == "scope.reject.scope_out"


@pytest.mark.parametrize("kind", ["unbound", "one_sided", "something new"])
def test_without_a_binding_there_is_no_authority(kind: str) -> None:
    assert evaluate("src/a.py", Binding(kind, SCOPE), None).kind == "no_authority"


@pytest.mark.parametrize(
    "path", ["src/a", "src/secret", "x/y", "README.md", "", "../x", "/x", "a\\b", "a\0", ".caws/x", "CHANGELOG.md"]
)
def test_every_decision_can_be_told_and_every_refusal_mended(path: str) -> None:
    decision = decide_path(path, SCOPE, None)

    assert message_of(decision)
    assert "{" not in message_of(decision) + remedy_of(decision, "FEAT-001")
    assert bool(remedy_of(decision, "FEAT-001")) == (decision.kind != "admit")
