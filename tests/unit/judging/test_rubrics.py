from __future__ import annotations

import pytest

from agent_agency.errors import JudgeError
from agent_agency.judging.rubric import JUDGES
from agent_agency.judging.rubric_reader import read_rubric
from agent_agency.judging.shipped import shipped_prompt, shipped_rubric

GOOD = """judge = "tone"
version = "1"
title = "Is it kind?"
instructions = "Judge the tone."

[[criterion]]
id = "kind"
question = "Is it kind?"
scale = "binary"
weight = 1
surfaces = ["text"]
"""


@pytest.mark.parametrize("judge", JUDGES)
def test_every_shipped_judge_serves_code_and_text(judge: str) -> None:
    rubric = shipped_rubric(judge)
    for surface in ("code", "text"):
        there = [one for one in rubric.criteria if surface in one.surfaces]
        assert any(one.weight and not one.counted for one in there), surface
    assert shipped_prompt(judge).rubric_digest == rubric.digest


def test_a_rubric_of_ones_own_is_read() -> None:
    read = read_rubric(GOOD.encode(), "tone.toml")
    assert (read.rubric.judge, read.rubric.criteria[0].weight) == ("tone", 1.0)


def test_wording_the_instructions_anew_keeps_the_rubric() -> None:
    other = read_rubric(GOOD.replace("Judge the tone.", "Look at the tone.").encode(), "tone.toml")
    assert other.rubric.digest == read_rubric(GOOD.encode(), "tone.toml").rubric.digest


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('scale = "binary"', 'scale = "fuzzy"', 9),
        ("weight = 1", "weight = -1", 10),
        ("weight = 1", "weight = nan", 10),
        ("weight = 1", "weight = 0", 6),
        ('surfaces = ["text"]', "surfaces = []", 11),
        ('surfaces = ["text"]', 'surfaces = ["code", "code"]', 11),
        ('surfaces = ["text"]', "surfaces = [[1]]", 11),
        ('id = "kind"', 'id = "Kind!"', 7),
        ('question = "Is it kind?"', "question = 7", 8),
        ('version = "1"', 'version = "1"\nmodel = "x"', 3),
        ('title = "Is it kind?"', "", None),
        ('surfaces = ["text"]', 'surfaces = ["text"]\ncounted = "vibes"', 12),
        ('title = "Is it kind?"', 'title = "Is it', 3),
    ],
)
def test_a_fault_is_told_with_its_line(old: str, new: str, line: int | None) -> None:
    with pytest.raises(JudgeError) as raised:
        read_rubric(GOOD.replace(old, new, 1).encode(), "tone.toml")
    assert (raised.value.stable_code, raised.value.path) == ("judge.rubric_invalid", "tone.toml")
    assert raised.value.line == line


@pytest.mark.parametrize("data", [b"\xff", b"x" * 200_000, b"a." * 5_000 + b"b = 1", b"a = " + b"[" * 5_000])
def test_no_file_breaks_the_reader(data: bytes) -> None:
    with pytest.raises(JudgeError):
        read_rubric(data, "x.toml")


def test_an_unknown_judge_is_refused() -> None:
    with pytest.raises(JudgeError) as raised:
        shipped_rubric("../../etc/passwd")
    assert raised.value.stable_code == "judge.unknown"
