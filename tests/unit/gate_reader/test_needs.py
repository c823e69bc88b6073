"""Gates that can never run because of what they need."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.gate_reader import problems_of_needs


def told(**needs: str) -> list[tuple[str, str]]:
    table = {name: tuple(needed) for name, needed in needs.items()}
    found = list(problems_of_needs(table))
    assert all(remedy for _, _, remedy in found)
    return [(name, problem) for name, problem, _ in found]


def test_an_order_that_can_be_kept_is_no_problem() -> None:
    assert told(a="", b="a", c="ab", d="bc") == []


def test_a_gate_that_is_not_there_is_named_with_the_nearest() -> None:
    found = list(problems_of_needs({"lint": ("test",), "tests": ()}))

    assert found == [("lint", "'lint' needs a gate 'test', and there is none", "Did you mean 'tests'?")]


def test_a_circle_is_told_once_at_its_first_gate_with_the_whole_way() -> None:
    assert told(a="", b="d", c="b", d="c") == [("b", "These gates wait for each other: 'b' -> 'd' -> 'c' -> 'b'")]


def test_two_circles_are_told_apart() -> None:
    assert [name for name, _ in told(a="b", b="a", c="d", d="c")] == ["a", "c"]


def test_a_gate_that_waits_for_a_circle_is_not_in_it() -> None:
    assert [name for name, _ in told(z="a", a="b", b="a")] == ["a"]


NAMES = "abcdef"


@given(st.dictionaries(st.sampled_from(NAMES), st.lists(st.sampled_from(NAMES), max_size=4)))
def test_without_a_problem_every_gate_can_run_in_turn(needs: dict[str, list[str]]) -> None:
    needs = {name: [one for one in needed if one != name] for name, needed in needs.items()}
    done: set[str] = set()
    while ready := {name for name, needed in needs.items() if name not in done and done.issuperset(needed)}:
        done |= ready

    assert (done == needs.keys()) is not any(True for _ in problems_of_needs(needs))
