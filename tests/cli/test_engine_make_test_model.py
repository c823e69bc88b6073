from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from support.test_models import nano_model
from support.warm_command import agency

pytest.importorskip("gguf", reason="NOT RUN: the extra 'local' is not installed")
MAKE = ("engine", "make-test-model", "--shape", "nano", "--out")


def test_it_makes_the_model_and_says_what_it_is(tmp_path: Path) -> None:
    done = agency(*MAKE, "nano.gguf", "--json", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    content = (tmp_path / "nano.gguf").read_bytes()
    model = done.document["model"]
    assert done.document["schema_version"] == 1
    assert model["digest"] == "sha256:" + hashlib.sha256(content).hexdigest()
    assert (model["size_bytes"], model["parameters"], model["architecture"]) == (len(content), 1_049_728, "llama")
    assert content == nano_model().read_bytes()


def test_people_are_told_that_its_answers_mean_nothing(tmp_path: Path) -> None:
    done = agency(*MAKE, "nano.gguf", cwd=tmp_path)
    assert done.code == 0
    assert "1.0 M parameters" in done.out
    assert "answers mean nothing" in done.out


def test_a_file_that_is_there_is_replaced_only_with_force(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")
    refused = agency(*MAKE, "mine", cwd=tmp_path)
    assert (refused.code, refused.out) == (2, "")
    assert "--force" in refused.err
    assert (tmp_path / "mine").read_text() == "mine"
    assert agency(*MAKE, "mine", "--force", cwd=tmp_path).code == 0


@pytest.mark.parametrize("wrong", [("--shape", "huge"), ("--quantisation", "Q9"), ("--seed", "-1")])
def test_what_cannot_be_made_is_refused_before_anything_is_written(tmp_path: Path, wrong: tuple[str, str]) -> None:
    done = agency(*MAKE, "nano.gguf", *wrong, cwd=tmp_path)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
