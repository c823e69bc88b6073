from __future__ import annotations

from dataclasses import replace

from agent_agency.inference.bench.row import NAIVE, Way
from agent_agency.inference.bench.trial import Trial, best_trial, trial_requests, worth_a_trial, worth_measuring
from agent_agency.inference.bench.ways import Wanted, ways

ALONE, FOUR, EIGHT = (Way("llama.cpp", "full", width) for width in (1, 4, 8))


def trial(way: Way, rate: float, other_load: float = 0.0) -> Trial:
    return Trial(way, trial_requests(way), rate, 1.0, other_load)


def test_the_widest_of_each_kind_and_what_would_take_as_long_as_the_whole_are_not_tried() -> None:
    chosen = ways(Wanted(), 64)
    tried = worth_a_trial(chosen, 64)
    assert {(way.engine, way.concurrency) for way in tried} == {
        ("llama.cpp", 1),
        ("llama.cpp", 4),
        ("openvino", 1),
        ("openvino", 16),
    }
    assert NAIVE not in tried
    assert [way.concurrency for way in worth_a_trial((NAIVE, ALONE, FOUR, EIGHT), 8)] == [1, 4]
    assert [way.concurrency for way in worth_a_trial((NAIVE, ALONE, FOUR, EIGHT), 7)] == [1]
    assert worth_a_trial((NAIVE, ALONE, FOUR, EIGHT), 3) == ()


def test_a_trial_has_all_in_flight_that_the_way_has() -> None:
    assert all(trial_requests(way) >= way.concurrency for way in ways(Wanted(), 64))


def test_whatever_came_near_the_best_is_measured_and_what_is_plainly_slower_is_not() -> None:
    near, far = trial(FOUR, 0.8), trial(ALONE, 0.79)
    assert worth_measuring([near, far], 1.0, 0.0) == {FOUR}
    assert worth_measuring([replace(near, requests_per_s=2.0), far], 1.0, 0.0) == {FOUR}
    assert worth_measuring([trial(FOUR, 1.3), trial(ALONE, 1.2)], 1.0, 1.1) == {ALONE, FOUR}


def test_a_trial_beside_other_processes_drops_less() -> None:
    assert worth_measuring([trial(ALONE, 0.6)], 1.0, 0.0) == frozenset()
    assert worth_measuring([trial(ALONE, 0.6, other_load=0.3)], 1.0, 0.0) == {ALONE}


def test_of_an_engine_that_cannot_win_only_what_is_clearly_better_than_its_widest_is_measured() -> None:
    assert worth_measuring([trial(FOUR, 1.05), trial(ALONE, 0.9)], 1.0, 5.0) == frozenset()
    assert worth_measuring([trial(FOUR, 1.2), trial(ALONE, 1.15)], 1.0, 5.0) == {FOUR}


def test_what_won_last_stays_unless_another_way_is_clearly_better() -> None:
    tried = [trial(ALONE, 0.7), trial(FOUR, 1.0), trial(EIGHT, 1.02)]
    assert best_trial(tried, ALONE) == tried[1], "of equals the one with fewest in flight"
    assert best_trial([*tried, trial(ALONE, 0.85)], ALONE) == trial(ALONE, 0.85)
    assert best_trial(tried, None) == tried[1]


def test_a_way_with_an_invalid_answer_is_never_the_best() -> None:
    wrong = replace(trial(EIGHT, 9.0), valid=0.5)
    assert best_trial([wrong, trial(ALONE, 1.0)], EIGHT) == trial(ALONE, 1.0)
    assert best_trial([wrong], EIGHT) is None
