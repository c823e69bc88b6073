from __future__ import annotations

import multiprocessing
import os
import resource
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.inference.call_cache import CachedEngine, CallCache
from agent_agency.inference.label_document import label_document, read_label_document
from agent_agency.inference.labels import LabelReply, LabelScore
from agent_agency.inference.protocol import Usage
from support.counting_engine import CountingEngine, a_request
from support.scheduled_double import GatedDouble, asked, asked_labels

_BOUND = 200_000


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _open_double() -> GatedDouble:
    double = GatedDouble()
    double.gate.set()
    return double


def _long(text: str) -> str:
    return f"{text} " * 2000


def test_scored_labels_are_kept_like_texts(tmp_path: Path) -> None:
    double = _open_double()
    cached = CachedEngine(double, CallCache(tmp_path))
    first = cached.score_labels(asked_labels("abc"))
    again = CachedEngine(double, CallCache(tmp_path)).score_labels(asked_labels("abc"))
    assert (first.cache_hit, again.cache_hit) == (False, True)
    assert again.scores == first.scores
    assert not cached.score_labels(asked_labels("abc", rollout=1)).cache_hit
    assert not cached.generate(asked("abc")).cache_hit
    assert len(double.order) == 3


def test_a_fresh_request_is_neither_answered_nor_kept(tmp_path: Path) -> None:
    double = _open_double()
    cached = CachedEngine(double, CallCache(tmp_path))
    for _ in range(2):
        assert not cached.generate(replace(asked("abc"), fresh=True)).cache_hit
        assert not cached.score_labels(replace(asked_labels("abc"), fresh=True)).cache_hit
    assert "".join(piece.text for piece in cached.stream(replace(asked("abc"), fresh=True))) == "cba"
    assert len(double.order) == 5
    assert not _size(tmp_path)


@given(
    st.lists(st.tuples(st.text(), st.floats(-1e6, 0), st.integers(1, 16)), min_size=2, max_size=16),
    st.one_of(st.none(), st.integers(0, 10**6)),
)
def test_scored_labels_are_read_as_they_were_written(scores: list[tuple[str, float, int]], cached: int | None) -> None:
    reply = LabelReply(tuple(LabelScore(*one) for one in scores), Usage(1, 2, cached), "m", "sha256:0", 0.5)
    assert read_label_document(label_document(reply)) == reply


@pytest.mark.parametrize(
    "change",
    [
        {"scores": []},
        {"scores": [["yes", 1.0, 1], ["no", -1.0, 1]]},
        {"scores": [["yes", float("nan"), 1], ["no", -1.0, 1]]},
        {"scores": [["yes", -1.0, 0], ["no", -1.0, 1]]},
        {"scores": [["yes", -1.0], ["no", -1.0, 1]]},
        {"usage": {"prompt": -1, "completion": 1, "cached": None}},
        {"latency_s": -1.0},
        {"model": 3},
    ],
)
def test_what_are_no_scored_labels_is_refused(change: dict[str, object]) -> None:
    reply = LabelReply((LabelScore("a", -1.0, 1), LabelScore("b", -1.0, 1)), Usage(1, 2), "m", "sha256:0", 0.5)
    with pytest.raises(ValueError, match=r"\w"):
        read_label_document({**label_document(reply), **change})


def test_beyond_its_bound_the_entries_used_longest_ago_go(tmp_path: Path) -> None:
    cached = CallCache(tmp_path, most_bytes=_BOUND).wrap(CountingEngine())
    for number in range(60):
        cached.generate(a_request(_long(f"{number:04}")))
        assert cached.generate(a_request(_long("0000"))).cache_hit
        assert _size(tmp_path) <= _BOUND * 17 // 16 + 20_000
    assert not cached.generate(a_request(_long("0001"))).cache_hit


def test_what_a_killed_process_left_is_cleared_in_time(tmp_path: Path) -> None:
    cache = CallCache(tmp_path, most_bytes=_BOUND)
    cache.wrap(CountingEngine()).generate(a_request("one"))
    (entry,) = (path for path in tmp_path.rglob("*") if path.is_file())
    old, young = entry.parent / ".incoming-old", entry.parent / ".incoming-young"
    for path in (old, young):
        path.write_bytes(b"half an ent")
    before = entry.stat().st_mtime - 7200
    os.utime(old, (before, before))
    CallCache(tmp_path, most_bytes=_BOUND).wrap(CountingEngine()).generate(a_request("two"))
    assert (old.exists(), young.exists()) == (False, True)


def _fill(folder: str, start: int) -> None:
    engine = CountingEngine()
    cached = CallCache(Path(folder), most_bytes=_BOUND).wrap(engine)
    for number in range(120):
        text = _long(f"{(start + number) % 40:04}")
        assert cached.generate(a_request(text)).text == text[::-1]


def test_two_processes_that_share_a_bounded_folder_answer_rightly_and_keep_the_bound(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_fill, args=(str(tmp_path), start)) for start in (0, 20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert 0 < _size(tmp_path) <= _BOUND * 18 // 16 + 40_000
    assert not list(tmp_path.rglob(".incoming-*"))


def _on_a_full_disk(folder: str, said: Connection) -> None:
    """A limit on the size of files fails every write beyond it, as a disk without room does."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))
    told: list[str] = []
    engine = CountingEngine()
    cached = CallCache(Path(folder), tell=told.append).wrap(engine)
    answers = [cached.generate(a_request(text)).text for text in ("abc", "abc", "xyz")]
    said.send((answers, engine.asked, told))


def test_a_full_disk_loses_no_answer_and_leaves_nothing_half_written(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    hears, says = context.Pipe(duplex=False)
    worker = context.Process(target=_on_a_full_disk, args=(str(tmp_path), says))
    worker.start()
    answers, calls, told = hears.recv()
    worker.join()
    assert (answers, calls) == (["cba", "cba", "zyx"], 3)
    assert len(told) == 1
    assert "could not be kept" in told[0]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_cache_of_no_size_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="switch it off"):
        CallCache(tmp_path, most_bytes=0)
