from __future__ import annotations

from agent_agency.inference.bench.row import NAIVE, Way
from agent_agency.inference.bench.ways import Loaded, Wanted, loadings, ways


def test_the_naive_way_is_always_measured_and_first() -> None:
    for wanted in (Wanted(), Wanted(engines=("openvino",)), Wanted(modes=("label",), widths=(3,))):
        chosen = ways(wanted, 64)
        assert chosen[0] == NAIVE
        assert chosen.count(NAIVE) == 1
        assert NAIVE.naive


def test_no_more_are_in_flight_than_there_are_requests() -> None:
    assert max(way.concurrency for way in ways(Wanted(), 5)) == 5
    assert len(ways(Wanted(), 1)) == len(set(ways(Wanted(), 1)))


def test_what_is_asked_for_is_what_is_measured() -> None:
    chosen = ways(Wanted(("openvino",), ("short", "label"), (4, 8), ("default", "exact")), 64)
    assert len(chosen) == 1 + 2 * 2 * 2
    assert {way.engine for way in chosen[1:]} == {"openvino"}


def test_ways_share_a_loading_where_the_engine_takes_any_number() -> None:
    grouped = loadings(ways(Wanted(("openvino",), ("full", "label"), (1, 16)), 64))
    assert grouped[Loaded("llama.cpp", "default", prefix_cache=False, width=1)] == [NAIVE]
    assert len(grouped[Loaded("openvino", "default", prefix_cache=True, width=16)]) == 4
    slots = loadings(ways(Wanted(("llama.cpp",), ("full",), (4, 8)), 64))
    assert Loaded("llama.cpp", "default", prefix_cache=True, width=4) in slots
    assert slots[Loaded("llama.cpp", "default", prefix_cache=True, width=8)] == [Way("llama.cpp", "full", 8)]
