from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_agency.facts import Finding, GateMode, GateResult, GateStatus, Place, Severity
from agent_agency.gate_settings import ConfiguredGate, GateKind, GateLimits
from agent_agency.gates.result_cache import FORMAT, LARGEST_ENTRY, ResultCache, result_key
from agent_agency.sandbox.model import Isolation

GATE = ConfiguredGate("tests", GateKind.TESTS, ("pytest",), environment=("TOLD",))
RESULT = GateResult("tests", GateStatus.PASS, GateMode.BLOCK, reason="3 tests passed", facts={"figures": {"total": 3}})


def key(**changed: Any) -> str | None:
    asked: dict[str, Any] = {
        "gate": GATE,
        "tier": 2,
        "head_tree": "a" * 40,
        "base_tree": "b" * 40,
        "environment_digest": "sha256:e",
        "setup_digest": "sha256:s",
        "isolation": Isolation.NAMESPACES,
        "variables": {"PATH": "/usr/bin", "TOLD": "yes", "OTHER": "x"},
    }
    return result_key(**{**asked, **changed})


def known_key() -> str:
    made = key()
    assert made is not None
    return made


@pytest.fixture
def cache(tmp_path: Path) -> ResultCache:
    return ResultCache(tmp_path / "agency/results")


def only_file(cache: ResultCache) -> Path:
    (path,) = cache.folder.iterdir()
    return path


text = st.text(st.characters(codec=None), max_size=20)
json_value = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(text, inner, max_size=4),
    max_leaves=12,
)
findings = st.builds(
    Finding,
    rule=text,
    severity=st.sampled_from(list(Severity)),
    message=text,
    remedy=text,
    place=st.builds(Place, st.none() | text, st.none() | st.integers(1), st.none() | st.integers(1)),
    waivable=st.booleans(),
    subject=text,
)
results = st.builds(
    GateResult,
    name=text,
    status=st.sampled_from([GateStatus.PASS, GateStatus.FAIL]),
    mode=st.sampled_from(list(GateMode)),
    findings=st.lists(findings, max_size=4).map(tuple),
    reason=text,
    applicable=st.booleans(),
    mendable=st.booleans(),
    facts=st.dictionaries(text.filter(lambda name: name not in {"flaky", "figures"}), json_value, max_size=5),
)


@given(result=results)
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_a_result_comes_back_as_it_was_put_in(cache: ResultCache, result: GateResult) -> None:
    assert cache.put(known_key(), result)
    back = cache.get(known_key())
    assert back == result
    assert json.dumps(dict(back.facts)) == json.dumps(dict(result.facts))  # 1.0 stays apart from 1, order is kept


@given(position=st.integers(0, 10_000), byte=st.integers(1, 255))
@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_one_changed_byte_anywhere_is_never_believed(cache: ResultCache, position: int, byte: int) -> None:
    assert cache.put(known_key(), RESULT)
    path = only_file(cache)
    data = bytearray(path.read_bytes())
    data[position % len(data)] ^= byte
    path.write_bytes(data)
    assert cache.get(known_key()) is None
    assert not path.exists()


def test_a_fail_made_a_pass_by_hand_is_removed(cache: ResultCache) -> None:
    assert cache.put(known_key(), replace(RESULT, status=GateStatus.FAIL))
    path = only_file(cache)
    path.write_text(path.read_text().replace('\\"fail\\"', '\\"pass\\"'))
    assert '\\"pass\\"' in path.read_text()
    assert cache.get(known_key()) is None
    assert not path.exists()


def test_an_entry_is_not_believed_under_another_key(cache: ResultCache) -> None:
    assert cache.put(known_key(), RESULT)
    other = key(tier=1)
    assert other is not None
    only_file(cache).rename(cache.folder / f"{other.removeprefix('sha256:')}.json")
    assert cache.get(other) is None


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"body":1}'])
def test_what_is_no_entry_is_taken_away(cache: ResultCache, content: bytes) -> None:
    cache.put(known_key(), RESULT)
    path = only_file(cache)
    path.write_bytes(content)
    assert cache.get(known_key()) is None
    assert not path.exists()


def test_a_link_a_pipe_and_a_folder_are_not_read(cache: ResultCache, tmp_path: Path) -> None:
    cache.put(known_key(), RESULT)
    path = only_file(cache)
    path.rename(tmp_path / "elsewhere.json")
    path.symlink_to(tmp_path / "elsewhere.json")
    assert cache.get(known_key()) is None
    path.unlink()
    os.mkfifo(path)
    assert cache.get(known_key()) is None
    path.unlink()
    path.mkdir()
    assert cache.get(known_key()) is None
    assert not cache.put(known_key(), RESULT)


@pytest.mark.parametrize(
    "result",
    [
        replace(RESULT, status=GateStatus.ERROR),
        replace(RESULT, status=GateStatus.NOT_RUN),
        replace(RESULT, facts={"flaky": True}),
        replace(RESULT, facts={"figures": {"flaky": 1}}),
        replace(RESULT, facts={"figures": {"share": float("nan")}}),
        replace(RESULT, facts={"what": object()}),
        replace(RESULT, reason="x" * (LARGEST_ENTRY + 1)),
    ],
)
def test_what_may_differ_the_next_time_or_cannot_be_written_is_not_kept(cache: ResultCache, result: GateResult) -> None:
    assert not cache.put(known_key(), result)
    assert cache.get(known_key()) is None


def test_mappings_that_cannot_be_written_to_are_kept_too(cache: ResultCache) -> None:
    inner = MappingProxyType({"figures": MappingProxyType({"total": (1, 2)})})
    assert cache.put(known_key(), replace(RESULT, facts=inner))
    back = cache.get(known_key())
    assert back is not None
    assert back.facts == {"figures": {"total": [1, 2]}}


def test_the_longest_unused_results_go_first(cache: ResultCache) -> None:
    small = replace(cache, most_entries=3)
    keys = [key(tier=tier) for tier in range(5)]
    for number, one in enumerate(keys[:3]):
        assert small.put(one, RESULT)
        os.utime(cache.folder / f"{str(one).removeprefix('sha256:')}.json", (number + 1, number + 1))
    assert small.get(keys[0]) == RESULT  # used just now
    small.put(keys[3], RESULT)
    assert [small.get(one) is not None for one in keys] == [True, False, True, True, False]


def test_the_size_of_all_results_is_bounded_and_the_newest_always_stays(cache: ResultCache) -> None:
    small = replace(cache, most_bytes=3000)
    for tier in range(6):
        assert small.put(key(tier=tier), replace(RESULT, reason="x" * 2000))
    assert small.get(key(tier=5)) is not None
    assert sum(path.stat().st_size for path in cache.folder.iterdir()) <= 3000


def test_a_folder_that_cannot_be_written_keeps_nothing_and_breaks_nothing(tmp_path: Path) -> None:
    (tmp_path / "agency").write_text("a file")
    cache = ResultCache(tmp_path / "agency/results")
    assert not cache.put(known_key(), RESULT)
    assert cache.get(known_key()) is None


def test_many_writers_at_once_leave_whole_entries(cache: ResultCache) -> None:
    def work() -> None:
        for tier in range(10):
            cache.put(key(tier=tier), RESULT)
            assert cache.get(key(tier=tier)) == RESULT

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(cache.folder.iterdir())) == 10


@pytest.mark.parametrize(
    "changed",
    [
        {"tier": 1},
        {"head_tree": "c" * 40},
        {"base_tree": "c" * 40},
        {"environment_digest": "sha256:f"},
        {"setup_digest": None},
        {"isolation": Isolation.LANDLOCK},
        {"variables": {"PATH": "/usr/bin", "TOLD": "no"}},
        {"variables": {"PATH": "/usr/bin"}},
        {"variables": {"PATH": "/bin", "TOLD": "yes"}},
        {"gate": replace(GATE, argv=("pytest", "-q"))},
        {"gate": replace(GATE, threshold={2: 80.0})},
        {"gate": replace(GATE, limits=GateLimits(memory_mb=10))},
        {"gate": replace(GATE, ratchet=True)},
        {"gate": replace(GATE, timeout_s=1)},
    ],
)
def test_whatever_a_result_depends_on_changes_its_key(changed: dict[str, Any]) -> None:
    assert key(**changed) not in {key(), None}


def test_a_variable_that_the_gate_does_not_get_changes_nothing() -> None:
    assert key(variables={"PATH": "/usr/bin", "TOLD": "yes", "OTHER": "y"}) == key()


def test_a_gate_with_network_or_with_tools_that_can_change_unnoticed_is_never_used_again(cache: ResultCache) -> None:
    assert key(gate=replace(GATE, network=True)) is None
    assert key(environment_digest=None) is None
    assert not cache.put(None, RESULT)
    assert cache.get(None) is None
    assert FORMAT == 1


def test_no_variable_s_value_stands_in_an_entry(cache: ResultCache) -> None:
    cache.put(key(variables={"TOLD": "hidden-value"}), RESULT)
    assert "hidden-value" not in only_file(cache).read_text()
