import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.spec.model import Scope
from agent_agency.spec.scope import ScopeJudge
from agent_agency.spec.scope_links import CaseIndex, decide_case_folded, decide_target, resolve_links

SCOPE = Scope(("src",), ("src/secret",))
JUDGE = ScopeJudge(SCOPE, None)


@pytest.mark.parametrize(
    ("path", "links", "target"),
    [
        ("src/a", {}, "src/a"),
        ("src/a", {"src/a": "b"}, "src/b"),
        ("src/a", {"src/a": "../lib/b"}, "lib/b"),
        ("src/a/x/y", {"src/a": "b", "src/b/x": "../../lib"}, "lib/y"),
        ("src/a", {"src/a": "./c/../d/."}, "src/d"),
        ("src/a", {"src/a": "/etc/passwd"}, None),
        ("src/a", {"src/a": "../../etc"}, None),
        ("src/a", {"src/a": "a"}, None),
        ("src/a", {"src/a": "b", "src/b": "a"}, None),
        ("src/a", {"src/a": ".."}, None),
    ],
)
def test_links_of_a_tree_are_followed(path: str, links: dict[str, str], target: str | None) -> None:
    assert resolve_links(path, links) == target


@pytest.mark.parametrize("target", ["lib/x", "src/secret/x", None, ".caws/policy.yaml", "README.md"])
def test_a_link_that_leaves_the_scope_is_rejected_under_its_own_rule(target: str | None) -> None:
    decision = decide_target("src/a", target, JUDGE)

    assert decision is not None
    assert (decision.kind, decision.rule) == ("reject", "scope.symlink_escape")
    assert decision.matched == (target or "outside the repository")


@pytest.mark.parametrize(
    ("path", "target"), [("src/a", "src/a"), ("./src/a", "src/a"), ("src/a", "src/b/c"), (".caws/a", ".caws/b")]
)
def test_a_link_within_the_scope_is_left_alone(path: str, target: str) -> None:
    assert decide_target(path, target, JUDGE) is None


@pytest.mark.parametrize("path", ["src/SECRET/x", "src/Secret", "src/\u017fecret/x"])
def test_an_excluded_name_in_other_letters_is_rejected(path: str) -> None:
    decision = decide_case_folded(path, (), SCOPE, JUDGE)

    assert decision is not None
    assert (decision.rule, decision.matched) == ("scope.case_fold", "src/secret")


def test_a_name_that_another_file_outside_of_the_scope_has_is_rejected() -> None:
    judge = ScopeJudge(Scope(("Src",)), None)
    index = CaseIndex(["src/a.py", "docs/x.md"])

    decision = decide_case_folded("Src/new.py", index.twins("Src/new.py"), Scope(("Src",)), judge)

    assert decision is not None
    assert decision.matched == "src/new.py"


def test_two_spellings_within_the_scope_are_no_escape() -> None:
    index = CaseIndex(["src/App.py", "src/app.py"])

    assert index.twins("src/app.py") == ("src/App.py",)
    assert decide_case_folded("src/app.py", index.twins("src/app.py"), SCOPE, JUDGE) is None


def test_composed_and_decomposed_names_are_one() -> None:
    assert CaseIndex(["src/café"]).twins("src/cafe\u0301") == ("src/café",)


@given(st.lists(st.sampled_from(["a", "A", "b", "B", "ß", "SS"]), min_size=1, max_size=4).map("/".join))
def test_a_path_is_no_twin_of_itself(path: str) -> None:
    assert CaseIndex([path]).twins(path) == ()


parts = st.sampled_from(["a", "b", "c", "..", "."])


@given(
    st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=4).map("/".join),
    st.dictionaries(
        st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=3).map("/".join),
        st.lists(parts, min_size=1, max_size=4).map("/".join),
        max_size=4,
    ),
)
def test_following_links_ends_and_gives_a_plain_path(path: str, links: dict[str, str]) -> None:
    target = resolve_links(path, links)

    assert target is None or not {"", ".", ".."} & set(target.split("/"))
    if target is not None:
        assert resolve_links(target, links) == target
