from __future__ import annotations

import json
import re
from collections import Counter

import pytest

from agent_agency.errors import DatasetError
from agent_agency.judging.rubric import JUDGES
from agent_agency.learning.dataset import load, load_subjects, open_sealed
from agent_agency.learning.dataset.archive import MANIFEST, pack, read_manifest, unpack
from agent_agency.learning.dataset.example import Example
from agent_agency.learning.dataset.hand_picked import hand_picked
from agent_agency.learning.dataset.recipes import RECIPES
from agent_agency.learning.dataset.shipped import shipped_manifest
from agent_agency.learning.dataset.splits import shipped_shares


class CountInMemory:
    """Counts uses for one test; no count outlasts it."""

    def __init__(self) -> None:
        self.uses: list[tuple[str, str, str, str]] = []

    def count_use(self, *, dataset: str, judge: str, who: str, why: str) -> int:
        self.uses.append((dataset, judge, who, why))
        return len(self.uses)


class Broken:
    """A counter that cannot write."""

    def count_use(self, **_: str) -> int:
        raise DatasetError("no room", fix="Make some.")


def test_there_are_enough_examples_and_enough_sealed_ones() -> None:
    counts = shipped_manifest().counts

    assert sum(sum(one.values()) for split in counts.values() for one in split.values()) >= 1500
    for judge in JUDGES:
        assert sum(counts["train"][judge].values()) >= 220
        assert sum(counts["dev"][judge].values()) >= 120
        assert sum(counts["test"][judge].values()) >= 240


@pytest.mark.parametrize("judge", JUDGES)
def test_a_constant_judge_is_right_in_at_most_six_of_ten(judge: str) -> None:
    for split in shipped_manifest().counts.values():
        counts = split[judge]
        passed = counts["pass"] / sum(counts.values())
        assert max(counts.values()) <= 0.6 * sum(counts.values())
        assert 0.4 <= passed <= 0.6
        assert counts["partial"] > 0


def test_no_program_is_in_two_splits() -> None:
    for split in ("train", "dev"):
        of_split = next(share.programs for share in shipped_shares() if share.split == split)
        assert {one.program for judge in JUDGES for one in load(judge, split)} == set(of_split)
    every = [name for share in shipped_shares() for name in share.programs]
    assert len(set(every)) == len(every)


def test_no_subject_is_in_the_set_twice() -> None:
    for judge in JUDGES:
        found = [one.digest for split in ("train", "dev", "test") for one in load_subjects(judge, split)]
        assert len(set(found)) == len(found)


@pytest.mark.parametrize("judge", JUDGES)
def test_a_subject_shows_neither_label_nor_how_it_was_made(judge: str) -> None:
    kinds = {recipe.kind for recipe in RECIPES[judge] if len(recipe.kind.split()) > 1}
    for one in load(judge, "train"):
        shown = json.dumps([one.subject.task, one.subject.output, one.subject.claims, sorted(one.subject.facts)])
        assert not any(kind in shown for kind in kinds - {"correct fix"})
        assert one.id == one.subject.id == f"{judge}-{one.subject.digest.removeprefix('sha256:')[:12]}"


def test_every_split_gives_a_subject_its_facts_in_one_order() -> None:
    orders = {tuple(one.subject.facts) for judge in JUDGES for one in load(judge, "dev")}

    assert len(orders) == 1


def test_the_sealed_test_has_no_other_door() -> None:
    with pytest.raises(DatasetError, match="cannot be loaded"):
        load("safety", "test")  # type: ignore[arg-type]


def test_opening_the_sealed_test_is_counted_first() -> None:
    counter = CountInMemory()

    found = open_sealed("safety", counter, who="a test", why="to see it counted")

    assert [use[1:] for use in counter.uses] == [("safety", "a test", "to see it counted")]
    assert [one.subject for one in found] == list(load_subjects("safety", "test"))
    with pytest.raises(DatasetError, match="no room"):
        open_sealed("safety", Broken(), who="a test", why="nothing")


def test_an_unknown_judge_is_refused() -> None:
    with pytest.raises(DatasetError, match="no examples"):
        load("taste", "train")


@pytest.mark.parametrize("judge", JUDGES)
def test_hand_picked_demonstrations_are_balanced_and_of_the_training_split(judge: str) -> None:
    picked = hand_picked(judge)

    assert len({one.id for one in picked}) == 8
    assert Counter(one.verdict == "pass" for one in picked) == {True: 4, False: 4}
    assert len({one.program for one in picked}) >= 6


def test_damage_is_told_in_one_sentence() -> None:
    contents = pack(1, {"slugs": ("dev", load("safety", "dev")[:3])}, {})
    digest = read_manifest(contents[MANIFEST]).files["dev.jsonl.gz"]

    assert len(unpack(contents["dev.jsonl.gz"], "dev.jsonl.gz", digest)) == 3
    for damaged in (b"", contents["dev.jsonl.gz"][:-3], b"no gzip", contents["train.jsonl.gz"]):
        with pytest.raises(DatasetError, match="damaged"):
            unpack(damaged, "dev.jsonl.gz", digest)
    with pytest.raises(DatasetError, match="damaged"):
        read_manifest(b"{}")


def test_labels_follow_from_the_stored_proof() -> None:
    for one in (*load("safety", "train"), *load("safety", "dev")):
        assert (one.verdict == "pass") == (one.proof["unsafe"] == [])
    for one in load("relevance", "train"):
        assert (one.verdict == "pass") == _is_relevant(one)
    for one in load("faithfulness", "train"):
        assert (one.verdict == "pass") == all(holds for _, _, holds in one.proof["claims"])


def _is_relevant(one: Example) -> bool:
    trouble = ("broken", "missing_functions", "foreign_files", "foreign_functions", "lost_tests")
    return all(one.proof["mended"].values()) and not any(one.proof[name] for name in trouble)


def test_a_diff_is_in_the_canonical_form() -> None:
    for one in load("rubric", "dev"):
        lines = one.subject.output.splitlines()
        assert lines[0].startswith("diff --git a/")
        assert all(re.match(r"diff --git|---|\+\+\+|@@ -|[ +-]|$", line) for line in lines)
