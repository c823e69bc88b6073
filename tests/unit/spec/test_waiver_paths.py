from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.spec.glob import Globs
from agent_agency.spec.waiver_paths import why_not_a_place


@pytest.mark.parametrize(
    "path",
    ["src", "src/", "src/**", "src/*.py", "notes.txt", "src/[ab]/x", "a b/c", ".github/workflows/**", "@scope/x/**"],
)
def test_a_glob_that_begins_with_a_name_states_a_place(path: str) -> None:
    assert why_not_a_place(path) is None


@pytest.mark.parametrize(
    "path",
    [
        *(
            "",
            " ",
            "/",
            "/src",
            "**",
            "*",
            "**/**",
            "*/**",
            "?*",
            "{**,x}",
            "{a,b}/**",
            "!nothing",
            "!(x)",
            "+(a|b)/**",
        ),
        *(
            "[a-z]*/**",
            "src/../**",
            "./**",
            ".",
            "..",
            "../x",
            "src//x",
            "src\\x",
            "**/src",
            "a\nb",
            "a\x1bb",
            "x" * 501,
            "src/|**",
            "src/a)|(**",
            "src/@(a|b)",
        ),
    ],
)
def test_no_spelling_of_everything_states_a_place(path: str) -> None:
    assert why_not_a_place(path) is not None


@given(st.text(alphabet="ab*?{}[],!()|+@./\\", max_size=12))
def test_no_stated_place_reaches_two_parts_of_a_repository(path: str) -> None:
    if why_not_a_place(path) is None:
        globs = Globs()
        reached = [name for name in ("ab/x", "zq/x", "ywv", "k") if globs.first_match(name, [path])]
        assert not {"zq/x", "ywv", "k"} & set(reached)
