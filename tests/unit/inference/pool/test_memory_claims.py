"""What processes hold together keeps to one budget, whoever is killed, stopped or has no room on the disk."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import support.claiming
from agent_agency.errors import EngineError
from agent_agency.inference.pool.memory_claims import MemoryClaims, NoClaims, Others, claims_of_user
from agent_agency.inference.pool.pool import ModelPool, PoolServices
from agent_agency.inference.pool.pooled import Member
from support.local_engines import refused
from support.pooled import MIB, Events, PooledDouble
from support.spending import SetClock

BUDGET = 15 * MIB


@contextmanager
def _process(*words: object) -> Iterator[tuple[subprocess.Popen[str], IO[str]]]:
    """A process of `support.claiming`, once it has said its first line."""
    script = support.claiming.__file__
    path = os.pathsep.join(sys.path)
    with subprocess.Popen(
        [sys.executable, script, *map(str, words)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": path},
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() in {"warm\n", "held\n"}
            yield process, process.stdout
        finally:
            process.kill()


def _pool(folder: Path, *engines: PooledDouble, budget: int = BUDGET) -> ModelPool:
    services = PoolServices(Events(), SetClock(), claims=MemoryClaims(folder))
    return ModelPool([Member(one, one.size) for one in engines], budget, services)


def _use(pool: ModelPool, name: str, seconds: float = 60.0) -> None:
    with pool.lease(name, seconds):
        pass


def test_a_model_waits_for_the_memory_of_another_process_and_is_told_whose_it_is(tmp_path: Path) -> None:
    with _process("load", tmp_path, 10 * MIB, BUDGET) as (other, _):
        pool = _pool(tmp_path, PooledDouble(name="a"))
        with pytest.raises(EngineError, match=f"no memory came free beside the models of process {other.pid}") as told:
            _use(pool, "a", 0.3)
        assert told.value.stable_code == "engine.timeout"
        other.kill()
        other.wait()
        _use(pool, "a")
    pool.close()
    assert sorted(one.name for one in tmp_path.iterdir()) == ["gate"]


def test_an_idle_model_of_another_process_goes_when_its_process_looks(tmp_path: Path) -> None:
    with _process("load", tmp_path, 10 * MIB, BUDGET) as (other, said):
        claims = MemoryClaims(tmp_path)
        assert other.stdin is not None

        def look() -> str:
            print("tick", file=other.stdin, flush=True)
            return said.readline()

        assert look() == "warm\n"
        claims.tell(0, 10 * MIB)
        assert look() == "cold\n"
        assert claims.take(10 * MIB, BUDGET)


def test_a_stopped_process_holds_what_it_holds_and_a_stopped_gate_keeper_holds_up_nobody_for_ever(
    tmp_path: Path,
) -> None:
    with _process("load", tmp_path, 10 * MIB, BUDGET) as (other, _):
        other.send_signal(signal.SIGSTOP)
        assert MemoryClaims(tmp_path).others() == Others(10 * MIB, 0, (other.pid,))
        other.send_signal(signal.SIGCONT)
    with _process("gate", tmp_path) as (keeper, _):
        keeper.send_signal(signal.SIGSTOP)
        pool = _pool(tmp_path, PooledDouble(name="a"))
        with pytest.raises(EngineError) as told:
            _use(pool, "a", 0.3)
        assert told.value.stable_code == "engine.timeout"
        keeper.kill()
        keeper.wait()
        _use(pool, "a")
    pool.close()


def test_two_processes_that_hold_and_want_more_both_come_to_their_models(tmp_path: Path) -> None:
    one, other = (_pool(tmp_path, *(PooledDouble(name=name) for name in "ab"), budget=25 * MIB) for _ in range(2))
    _use(one, "a")
    _use(other, "a")
    for _ in range(3):
        _use(one, "b")
        _use(other, "b")
        _use(other, "a")
        _use(one, "a")
    held = [sum(standing.memory_bytes for standing in pool.standings()) for pool in (one, other)]
    assert sum(held) <= 25 * MIB
    one.close()
    other.close()


def test_two_processes_that_wait_for_each_other_are_told_in_time_and_go_on(tmp_path: Path) -> None:
    one, other = (_pool(tmp_path, *(PooledDouble(name=name) for name in "ab"), budget=25 * MIB) for _ in range(2))
    with one.lease("a", 60.0), other.lease("a", 60.0), ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(_use, pool, "b", 0.3) for pool in (one, other)]
        told = [refused(call.result) for call in waiting]
    assert [error.stable_code for error in told] == ["engine.timeout"] * 2
    _use(one, "b")
    _use(other, "b")
    one.close()
    other.close()


def test_processes_that_race_never_hold_more_than_the_budget(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ledger.touch()
    words = ["race", tmp_path / "claims", ledger, 1000, 300]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    running = [
        subprocess.Popen(
            [sys.executable, support.claiming.__file__, *map(str, words), str(seed)], stdout=subprocess.PIPE, env=env
        )
        for seed in range(4)
    ]
    said = [process.communicate()[0].split() for process in running]
    assert [words[0] for words in said] == [b"took"] * 4
    assert sum(int(words[1]) for words in said) > 0
    assert [one.name for one in (tmp_path / "claims").iterdir()] == ["gate"]


def test_processes_that_are_killed_while_they_race_leave_nothing_held(tmp_path: Path) -> None:
    ledger = tmp_path / "ledger"
    ledger.touch()
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    words = ["race", str(tmp_path / "claims"), str(ledger), "1000", "1000000"]
    running = [
        subprocess.Popen([sys.executable, support.claiming.__file__, *words, str(seed)], env=env) for seed in range(3)
    ]
    claims = MemoryClaims(tmp_path / "claims")
    seen = 0
    while seen < 20:
        seen += claims.others().held > 0
    for process in running:
        process.kill()
        process.wait()
    assert claims.others() == Others()
    assert claims.take(1000, 1000)
    assert sorted(one.name[:6] for one in (tmp_path / "claims").iterdir()) == ["claim-", "gate"]
    claims.close()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["take", "tell", "close"]), st.integers(0, 12), st.integers(0, 5)),
        max_size=30,
    )
)
def test_what_is_taken_fits_and_what_is_told_is_seen(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[int, str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("claims")
    claims = [MemoryClaims(folder) for _ in range(4)]
    held, wanted = [0] * 4, [0] * 4
    closed: set[int] = set()
    for who, act, size, more in acts:
        rest = sum(held) - held[who]
        if act == "close":
            claims[who].close()
            closed.add(who)
            held[who] = wanted[who] = 0
        elif act == "take":
            fits = size + rest <= 10 and who not in closed
            assert claims[who].take(size, 10) == fits
            if fits:
                held[who], wanted[who] = size, 0
        elif who not in closed:
            held[who], wanted[who] = min(size, held[who]), more
            claims[who].tell(held[who], more)
        for at, one in enumerate(claims):
            seen = one.others()
            assert (seen.held, seen.wanted) == (sum(held) - held[at], sum(wanted) - wanted[at])
    for one in claims:
        one.close()
    assert {path.name for path in folder.iterdir()} <= {"gate"}


def test_files_that_are_no_claims_count_for_nothing(tmp_path: Path) -> None:
    (tmp_path / "claim-text").write_text("many\n-5\n7\n")
    (tmp_path / "claim-folder").mkdir()
    (tmp_path / "claim-link").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "claim-pipe")
    claims = MemoryClaims(tmp_path)
    assert claims.others() == Others()
    claims.close()


def test_where_nothing_can_be_written_a_process_counts_alone(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    claims = MemoryClaims(tmp_path / "file" / "folder")
    assert claims.take(5, 10)
    assert not claims.take(11, 10)
    claims.tell(5, 3)
    assert claims.others() == Others()
    claims.close()


def test_the_claims_of_a_user_lie_in_the_users_cache(tmp_path: Path) -> None:
    assert isinstance(claims_of_user({}), NoClaims)
    for environment in ({"HOME": str(tmp_path)}, {"XDG_CACHE_HOME": str(tmp_path / ".cache")}):
        one, other = claims_of_user(environment), claims_of_user(environment)
        assert one.take(5, 10)
        assert not other.take(6, 10)
        assert other.others().held == 5
        one.close()
        assert (tmp_path / ".cache" / "agency" / "model-memory").is_dir()
