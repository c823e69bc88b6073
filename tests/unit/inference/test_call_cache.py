from __future__ import annotations

import errno
import multiprocessing
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from agent_agency.errors import EngineError, FileUnwritableError
from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.protocol import Parameters, Request
from support.counting_engine import CountingEngine, a_reply, a_request


def _entries(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_a_call_made_once_is_answered_from_the_cache_by_a_later_engine(tmp_path: Path) -> None:
    first, later = CountingEngine(), CountingEngine()
    fresh = CallCache(tmp_path).wrap(first).generate(a_request())
    again = CallCache(tmp_path).wrap(later).generate(a_request())
    assert (first.asked, later.asked) == (1, 0)
    assert (fresh.cache_hit, again.cache_hit) == (False, True)
    assert replace(again, cache_hit=False, latency_s=fresh.latency_s) == fresh


def test_whatever_an_answer_depends_on_asks_anew(tmp_path: Path) -> None:
    engine = CountingEngine()
    cached = CallCache(tmp_path).wrap(engine)
    base = a_request()
    different: list[Request] = [
        base,
        a_request("other"),
        a_request(rollout=1),
        replace(base, schema={"type": "object"}),
        replace(base, parameters=Parameters(temperature=0.5)),
        replace(base, parameters=Parameters(seed=1)),
        replace(base, parameters=Parameters(context=512)),
        replace(base, parameters=Parameters(repeat_penalty=1.1)),
        replace(base, parameters=Parameters(stop=("x",))),
    ]
    assert not any(cached.generate(request).cache_hit for request in different)
    assert all(cached.generate(request).cache_hit for request in different)
    assert cached.generate(replace(base, deadline_s=1.0)).cache_hit


def test_another_model_digest_asks_anew(tmp_path: Path) -> None:
    old = CountingEngine(identity={"model": "m", "model_digest": "sha256:old"})
    new = CountingEngine(identity={"model": "m", "model_digest": "sha256:new"})
    CallCache(tmp_path).wrap(old).generate(a_request())
    assert not CallCache(tmp_path).wrap(new).generate(a_request()).cache_hit


def test_a_stream_is_kept_and_given_as_one_piece(tmp_path: Path) -> None:
    engine = CountingEngine()
    cached = CallCache(tmp_path).wrap(engine)
    assert "".join(piece.text for piece in cached.stream(a_request("abcd"))) == "dcba"
    (piece,) = cached.stream(a_request("abcd"))
    assert piece.text == "dcba"
    assert piece.reply is not None
    assert piece.reply.cache_hit
    assert engine.asked == 1


def test_switched_off_every_call_is_made(tmp_path: Path) -> None:
    engine = CountingEngine()
    for _ in range(2):
        assert not CallCache(tmp_path).wrap(engine, enabled=False).generate(a_request()).cache_hit
    assert engine.asked == 2
    assert not _entries(tmp_path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: data[:0],
        lambda data: data[:-20],
        lambda data: data.replace(b"noitseuq", b"forged!!"),
        lambda data: data.replace(b'"prompt":7', b'"prompt":8'),
        lambda data: b"[" * (len(data) * 1000),
        lambda data: b"\xff" + data,
    ],
    ids=["empty", "torn", "forged text", "forged count", "nested", "no UTF-8"],
)
def test_an_entry_that_cannot_be_trusted_is_a_miss_and_is_replaced(tmp_path: Path, spoil: object) -> None:
    engine = CountingEngine()
    cached = CallCache(tmp_path).wrap(engine)
    cached.generate(a_request())
    (entry,) = _entries(tmp_path)
    entry.write_bytes(spoil(entry.read_bytes()))  # type: ignore[operator]
    assert cached.generate(a_request()).text == "noitseuq"
    assert engine.asked == 2
    assert cached.generate(a_request()).cache_hit
    assert _entries(tmp_path) == [entry]


def test_an_entry_moved_to_another_key_is_a_miss(tmp_path: Path) -> None:
    engine = CountingEngine()
    cached = CallCache(tmp_path).wrap(engine)
    cached.generate(a_request("one"))
    (entry,) = _entries(tmp_path)
    kept = entry.read_bytes()
    cached.generate(a_request("two"))
    (other,) = [path for path in _entries(tmp_path) if path != entry]
    other.write_bytes(kept)
    assert cached.generate(a_request("two")).text == "owt"


def test_a_link_or_a_pipe_in_the_place_of_an_entry_is_not_followed(tmp_path: Path) -> None:
    cached = CallCache(tmp_path / "cache").wrap(CountingEngine())
    cached.generate(a_request())
    (entry,) = _entries(tmp_path / "cache")
    elsewhere = tmp_path / "elsewhere"
    entry.rename(elsewhere)
    entry.symlink_to(elsewhere)
    assert not cached.generate(a_request()).cache_hit


def test_errors_are_not_kept(tmp_path: Path) -> None:
    def refuse(_: Request) -> str:
        raise EngineError("down", fix="start it", code="engine.unreachable")

    with pytest.raises(EngineError):
        CallCache(tmp_path).wrap(CountingEngine(answer=refuse)).generate(a_request())
    assert CallCache(tmp_path).wrap(CountingEngine()).generate(a_request()).text == "noitseuq"


def test_a_folder_that_takes_nothing_loses_no_answer_and_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    told: list[str] = []
    cache = CallCache(tmp_path / "file", tell=told.append)
    cached = cache.wrap(CountingEngine())
    assert [cached.generate(a_request(text)).text for text in ("ab", "cd")] == ["ba", "dc"]
    assert len(told) == 1
    assert cache.notes == (told[0],)
    with pytest.raises(FileUnwritableError):
        cache.put("sha256:" + "ab" * 32, a_reply("x"))


def test_a_file_system_without_links_keeps_replies_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    cached = CallCache(tmp_path).wrap(CountingEngine())
    cached.generate(a_request())
    assert cached.generate(a_request()).cache_hit
    assert len(_entries(tmp_path)) == 1


def test_of_two_that_answer_at_once_all_later_ones_see_the_first(tmp_path: Path) -> None:
    cache = CallCache(tmp_path)
    key = "sha256:" + "ab" * 32
    with ThreadPoolExecutor(8) as pool:
        kept = {reply.text for reply in pool.map(lambda number: cache.put(key, a_reply(str(number))), range(64))}
    later = cache.get(key)
    assert later is not None
    assert kept == {later.text}
    assert len(_entries(tmp_path)) == 1


def _fill(folder: str, start: int) -> None:
    cached = CallCache(Path(folder)).wrap(CountingEngine())
    for number in range(100):
        cached.generate(a_request(str((start + number) % 100)))


def test_two_processes_may_fill_one_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_fill, args=(str(tmp_path), start)) for start in (0, 50)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    engine = CountingEngine()
    cached = CallCache(tmp_path).wrap(engine)
    assert all(cached.generate(a_request(str(number))).text == str(number)[::-1] for number in range(100))
    assert engine.asked == 0
    assert len(_entries(tmp_path)) == 100
