from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import EngineError
from agent_agency.inference.engine_file_edit import with_engine, with_role, without_engine

THERE = """\
# my engines
[engines.big]   # the good one
kind = "openai"
url = "https://h/v1" # over there
# asked for in March
max_tokens = 100

# what everybody uses
[roles]
primary = "big"  # for now
"""
NEW = {"kind": "local", "path": '/a "b"\\c/m.gguf', "digest": "sha256:00"}


def test_an_engine_is_added_and_everything_else_stays() -> None:
    text = with_engine(THERE, "here", NEW)
    assert text.startswith(THERE)
    assert tomllib.loads(text)["engines"]["here"] == NEW
    assert with_engine("", "here", NEW).startswith("[engines.here]\n")
    assert tomllib.loads(with_engine("[roles]", "a.b", NEW))["engines"]["a.b"] == NEW


def test_a_setting_of_an_engine_that_is_there_is_changed_in_its_line() -> None:
    text = with_engine(THERE, "big", {"max_tokens": 7, "url": "http://h", "uncounted": True})
    assert "max_tokens = 7\n" in text
    assert 'url = "http://h" # over there\n' in text
    assert "# asked for in March" in text
    assert tomllib.loads(text)["engines"]["big"] == {
        "kind": "openai",
        "url": "http://h",
        "max_tokens": 7,
        "uncounted": True,
    }


def test_an_engine_goes_with_its_roles_and_without_the_comments_of_others() -> None:
    text = without_engine(with_engine(THERE, "here", NEW), "big")
    assert tomllib.loads(text) == {"engines": {"here": NEW}, "roles": {}}
    assert "# what everybody uses" in text
    assert "# my engines" in text
    assert "March" not in text


def test_a_role_is_given_and_taken_over() -> None:
    assert tomllib.loads(with_role(with_engine("", "x", NEW), "primary", "x"))["roles"] == {"primary": "x"}
    text = with_role(with_role(THERE, "fast", "big"), "primary", "other")
    assert tomllib.loads(text)["roles"] == {"primary": "other", "fast": "big"}
    assert 'primary = "other"  # for now\n' in text


@pytest.mark.parametrize(
    "text",
    [
        'engines.big = {kind = "offline"}\n',
        'engines = {big = {kind = "offline"}}\n',
        '[engines]\nbig = {kind = "offline"}\n',
        '[engines]\nbig.kind = "offline"\nbig.url = "u"\n',
    ],
)
def test_a_layout_that_lines_do_not_show_is_left_to_a_person(text: str) -> None:
    with pytest.raises(EngineError) as caught:
        with_engine(text, "big", {"url": "http://h"})
    assert caught.value.stable_code == "engine.config"
    assert "by hand" in caught.value.fix


_NAMES = st.from_regex(r"[a-z][a-z0-9_.-]{0,8}", fullmatch=True)
_VALUES = st.one_of(st.booleans(), st.integers(-(2**40), 2**40), st.text(st.characters(codec="utf-8"), max_size=12))
_TABLES = st.dictionaries(st.sampled_from(["kind", "path", "url", "width"]), _VALUES, min_size=1)


@given(st.lists(st.tuples(_NAMES, _TABLES), max_size=5), st.data())
def test_any_series_of_changes_says_what_was_meant(
    tables: list[tuple[str, dict[str, Any]]], data: st.DataObject
) -> None:
    text, wanted = "# first\n", dict[str, dict[str, Any]]()
    for name, table in tables:
        text = with_engine(text, name, table)
        wanted[name] = {**wanted.get(name, {}), **table}
        assert tomllib.loads(text)["engines"] == wanted
    if wanted:
        gone = data.draw(st.sampled_from(sorted(wanted)))
        text = without_engine(with_role(text, "fast", gone), gone)
        wanted.pop(gone)
        found = tomllib.loads(text)
        assert (found.get("engines", {}), found["roles"]) == (wanted, {})
    assert text.startswith("# first\n")
