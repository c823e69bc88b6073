"""``agency dataset`` as a user runs it."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from support.command import Done
from support.warm_command import agency


def _dataset(folder: Path, *args: str) -> Done:
    return agency("dataset", *args, cwd=folder)


def test_show_counts_every_judge_and_split_without_opening_the_sealed_labels(tmp_path: Path) -> None:
    done = _dataset(tmp_path, "show", "--json")

    document = json.loads(done.out)
    assert done.code == 0
    assert document["examples"] >= 1500
    assert {(row["split"], row["judge"]) for row in document["counts"]} == {
        (split, judge)
        for split in ("train", "dev", "test")
        for judge in ("relevance", "faithfulness", "minimality", "safety", "rubric")
    }
    assert all(row["constant_judge"] <= 0.6 for row in document["counts"])
    assert document["sealed_uses"] == []


def test_show_can_be_narrowed(tmp_path: Path) -> None:
    document = json.loads(_dataset(tmp_path, "show", "--judge", "safety", "--split", "dev", "--json").out)

    assert [(row["judge"], row["split"]) for row in document["counts"]] == [("safety", "dev")]
    assert "safety" in _dataset(tmp_path, "show").out


def test_a_sample_made_with_the_shipped_seed_is_a_part_of_the_shipped_set(tmp_path: Path) -> None:
    done = _dataset(tmp_path, "make", "--sample", "1", "--out", "made", "--json")

    assert done.code == 0, done.err
    made = json.loads((tmp_path / "made" / "manifest.json").read_text())["programs"]
    shipped = json.loads((files("agent_agency.learning.dataset") / "data" / "manifest.json").read_text())["programs"]
    assert done.document["programs"] == len(made) == 1
    assert all(shipped[name] == entry for name, entry in made.items())


def test_the_shipped_labels_are_proved_again_on_a_sample(tmp_path: Path) -> None:
    done = _dataset(tmp_path, "verify", "--sample", "1", "--json")

    assert done.code == 0, done.out + done.err
    assert json.loads(done.out)["holds"] is True


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")

    done = _dataset(tmp_path, "make", "--sample", "1", "--out", "full")

    assert done.code == 2
    assert "holds something already" in done.err
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["mine"]


def test_a_sample_larger_than_the_set_is_refused(tmp_path: Path) -> None:
    done = _dataset(tmp_path, "verify", "--sample", "1000")

    assert done.code == 2
    assert "cannot be taken" in done.err
