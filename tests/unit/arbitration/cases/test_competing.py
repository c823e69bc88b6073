"""Choosing between patches: by law, else by measured facts, else by nobody but a person."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from agent_agency.arbitration.cases.competing import LAWFUL, ChosenBy, choose
from agent_agency.arbitration.cases.model import Candidate

NEVER = "2026-01-31T08:00:00.000Z"


def patch(name: str, verdict: str = "approved", waivers: int = 0, lines: int = 1, files: int = 1) -> Candidate:
    return Candidate(name, f"key of {name}", verdict, "", f"tree of {name}", "base", waivers, files, lines, NEVER)


PATCHES = st.builds(
    patch,
    st.uuids().map(str),
    st.sampled_from(["approved", "waived", "conditional", "rejected"]),
    st.integers(0, 2),
    st.integers(0, 3),
    st.integers(0, 3),
)


def test_the_only_lawful_patch_is_chosen_by_law_however_large_it_is() -> None:
    choice = choose(
        [patch("small", "rejected"), patch("large", "waived", waivers=3, lines=900), patch("c", "conditional")]
    )
    assert (choice.winner and choice.winner.ruling_id, choice.by) == ("large", ChosenBy.LAW)


def test_fewer_waivers_come_before_fewer_lines_before_fewer_files() -> None:
    assert choose([patch("a", waivers=1, lines=1), patch("b", lines=500)]).winner == patch("b", lines=500)
    assert choose([patch("a", lines=5, files=9), patch("b", lines=6)]).winner == patch("a", lines=5, files=9)
    assert choose([patch("a", files=2), patch("b")]).winner == patch("b")


def test_patches_that_the_facts_do_not_tell_apart_are_left_to_a_person() -> None:
    choice = choose([patch("a"), patch("b"), patch("c", lines=2)])
    assert choice.winner is None
    assert {one.ruling_id for one in choice.tied} == {"a", "b"}


def test_without_a_lawful_patch_nothing_is_chosen() -> None:
    choice = choose([patch("a", "rejected"), patch("b", "conditional")])
    assert (choice.winner, choice.tied) == (None, ())


@given(st.lists(PATCHES, max_size=6), st.randoms())
def test_the_order_of_the_patches_changes_nothing_and_only_a_lawful_one_ever_wins(
    patches: list[Candidate], chance: Random
) -> None:
    choice = choose(patches)
    shuffled = list(patches)
    chance.shuffle(shuffled)
    assert choose(shuffled) == choice
    assert choice.winner is None or choice.winner.verdict in LAWFUL
    if choice.winner is None:
        assert not choice.ranking or len(choice.tied) > 1


@given(st.lists(PATCHES, max_size=6), PATCHES)
def test_one_more_unlawful_patch_never_changes_who_wins(patches: list[Candidate], more: Candidate) -> None:
    if more.verdict not in LAWFUL:
        assert choose([*patches, more]) == choose(patches)
