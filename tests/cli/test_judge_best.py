"""``agency judge best`` against a server that stands in for a model."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.openai_server import obeying, serving
from support.warm_command import agency

Choose = Callable[[str, str], str]


def _answer(choose: Choose) -> Callable[[Mapping[str, Any]], str]:
    def answer(body: Mapping[str, Any]) -> str:
        shown = re.findall(r"piece of work (\w+)", body["messages"][-1]["content"])
        if not shown:
            return obeying(body)  # the engine is asked what it can do
        first, second = shown
        quote = f"piece of work {first}"
        return json.dumps({"evidence": [quote], "reasoning": "So.", "choice": choose(first, second), "confidence": 0.9})

    return answer


def _asked(folder: Path, choose: Choose, *more: str) -> Done:
    source = folder / "in.jsonl"
    lines = (json.dumps({"id": name, "task": "Write.", "output": f"piece of work {name}"}) for name in "abc")
    source.write_text("\n".join(lines), "utf-8")
    with serving(answer=_answer(choose), context=1 << 20) as server:
        engine = f"{server.url}#tiny"
        return agency("judge", "best", "relevance", "--input", str(source), "--engine", engine, *more, cwd=folder)


def test_the_piece_that_beats_every_other_in_both_orders_is_the_best(tmp_path: Path) -> None:
    done = _asked(tmp_path, lambda first, second: "first" if first > second else "second", "--json")
    assert done.code == 0
    assert (done.document["winner"], done.document["transitive"]) == ("c", True)
    assert sorted(done.document["beats"]) == [["b", "a"], ["c", "a"], ["c", "b"]]


def test_a_judge_that_likes_what_is_shown_first_names_none(tmp_path: Path) -> None:
    done = _asked(tmp_path, lambda *_: "first", "--json")
    assert (done.code, done.document["winner"]) == (1, None)
    assert [one["reason"] for one in done.document["undecided"]] == ["order"] * 3


def test_a_judge_that_goes_in_circles_names_none_and_the_circle_is_told(tmp_path: Path) -> None:
    beats = {("a", "b"), ("b", "c"), ("c", "a")}
    done = _asked(tmp_path, lambda *pair: "first" if pair in beats else "second")
    assert done.code == 1
    assert "best       none" in done.out
    assert "circle     a beats b, b beats c, c beats a" in done.out


@pytest.mark.parametrize("content", ['{"output": "one"}', '{"output": "one"}\n{ torn', ""])
def test_too_few_records_and_bad_ones_are_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "in.jsonl").write_text(content, "utf-8")
    done = agency("judge", "best", "relevance", "--input", "in.jsonl", "--engine", "offline", cwd=tmp_path)
    assert done.code == 2
    assert done.err.startswith("agency: in.jsonl")
    assert len(done.err.splitlines()) == 1
