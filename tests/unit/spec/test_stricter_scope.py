from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.spec import stricter_scope
from agent_agency.spec.glob import Glob, is_glob, matches_prefix
from agent_agency.spec.model import Scope
from agent_agency.spec.scope import decide_path, normalize_path
from agent_agency.spec.stricter_scope import admits_nothing, excludes_nothing, is_overbroad

NAMES = ("src", "a", "b", "x.py", ".git", "billing")
PATHS = ["/".join(parts) for depth in (1, 2, 3) for parts in product(NAMES, repeat=depth)]


@pytest.mark.parametrize(
    "entry",
    ["**", "*", "**/*", "**/**", "./**", "*/**", "{**,x}", "{x,**}", "!(x)", "!x", "*/*", "**/**/**", "?*",
     "@(**)", "+(*)", "*(*)", "(**)", "**|x", "./*", "{*,**}/**", "*/*/**"],
)  # fmt: skip
def test_an_entry_that_admits_everything_somewhere_is_overbroad(entry: str) -> None:
    assert is_overbroad(entry)


@pytest.mark.parametrize(
    "entry",
    ["src", "src/**", "**/*.py", "*.md", "**/tests/**", "src/*", "{src,tests}/**", "a*", "[a-z]*", "*.{md,txt}",
     "**/README*", "@(src|lib)/**", ".github/**", "src|lib", "?", "", ".", "src/!(x)"],
)  # fmt: skip
def test_an_entry_with_bounds_is_not(entry: str) -> None:
    assert is_overbroad(entry) is None


@pytest.mark.parametrize(
    "entry",
    [
        ".",
        "./",
        "./src",
        "src//a",
        "src/./a",
        "src\\a",
        "src/**/",
        "src//**",
        "src/./**",
        "a\0b",
        "src/*/../b",
    ],
)
def test_an_entry_that_admits_nothing_admits_no_path_of_a_repository(entry: str) -> None:
    assert admits_nothing(entry)
    assert not [path for path in PATHS if decide_path(path, Scope((entry,)), None).kind == "admit"]


@pytest.mark.parametrize(
    "entry", ["src", "src/", "src/**", "./src/**", "a\\\\b/*", "a/*.py", "**/b", "{a,b}/**", "x.py", "s\\*"]
)
def test_an_entry_that_works_is_left_alone(entry: str) -> None:
    assert not admits_nothing(entry)


@pytest.mark.parametrize(
    "entry", ["./src/a", "src/[a]", "{a,b}", "src//a", "src/(a|b)", "!src", "a|b", ".", "src\\a", "/src", "src/*"]
)
def test_an_exclusion_by_pattern_excludes_no_ordinary_path(entry: str) -> None:
    assert excludes_nothing(entry)
    scope = Scope(inside=("**",), outside=(entry,))
    assert not [path for path in PATHS if decide_path(path, scope, None).rule == "scope.reject.scope_out"]


@pytest.mark.parametrize(
    "entry", ["src", "src/a/", "src/a.b-c_d", "dir with blank/x", "a+b", "@scope/pkg", "it!", "c++"]
)
def test_a_plain_exclusion_is_left_alone(entry: str) -> None:
    assert not excludes_nothing(entry)


@settings(max_examples=600)
@given(st.text(st.sampled_from("ab/.\\*?[]{}!+@|( ),"), min_size=1, max_size=12))
def test_what_is_said_to_have_no_effect_has_none(entry: str) -> None:
    if entry.startswith("!") or not admits_nothing(entry):
        return
    admitted = [path for path in PATHS if decide_path(path, Scope((entry,)), None).kind == "admit"]
    assert not admitted


@given(st.text(st.sampled_from("ab/."), min_size=1, max_size=10))
def test_a_literal_entry_works_exactly_when_it_is_written_as_paths_are_compared(entry: str) -> None:
    normalized = normalize_path(entry)[0]
    works = normalized is not None and matches_prefix(normalized, entry)
    assert excludes_nothing(entry) is not works


def test_the_signs_of_a_pattern_are_those_of_the_matcher() -> None:
    ascii_signs = {chr(code) for code in range(128) if is_glob(chr(code))}
    assert ascii_signs == stricter_scope._PATTERN_SIGNS


def test_the_probes_have_nothing_in_common() -> None:
    for _, probes in stricter_scope._PROBES:
        assert len({probe[0] for probe in probes}) == len(probes)
        assert len({probe[-1] for probe in probes}) == len(probes)
        assert all(normalize_path(probe)[0] == probe for probe in probes)
        assert all(Glob("**").matches(probe) for probe in probes)
