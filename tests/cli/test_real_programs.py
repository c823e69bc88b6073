"""A sample of the corpus of real programs in every run of the tests; the benchmark judges the whole."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.programs.corpus import Kind, Program, edited, load
from benchmarks.programs.judging import Judged, judge_all, require_failing_bases
from benchmarks.programs.repositories import SPEC_ID

SAMPLE = {
    "roman": ("minimal", "test-deleted", "dict-table"),
    "topological": ("smaller-circle", "known-size"),
    "intervals": ("tests-moved-to-pytest", "outside-the-scope"),
}
LEAST = {Kind.CORRECT: 2, Kind.HARMLESS: 1, Kind.WEAKENED: 3, Kind.SPECIAL: 3, Kind.SCOPE: 1}
LAW = {"agency.toml": "timeout_s = 120\nblocking = [1, 2, 3]\n", f".caws/specs/{SPEC_ID}.yaml": "risk_tier: 3\n"}


@pytest.fixture(scope="module")
def corpus() -> tuple[Program, ...]:
    return load()


@pytest.fixture(scope="module")
def sample(corpus: tuple[Program, ...]) -> list[Program]:
    return [
        replace(program, variants=tuple(item for item in program.variants if item.name in SAMPLE[program.name]))
        for program in corpus
        if program.name in SAMPLE
    ]


@pytest.fixture(scope="module")
def judged(sample: list[Program]) -> list[Judged]:
    return list(judge_all(sample))


def test_the_sample_is_judged_right(judged: list[Judged]) -> None:
    assert len(judged) == 7
    assert [item.name for item in judged if item.falsely_approved] == []
    assert [item.name for item in judged if item.falsely_rejected] == []


def test_each_kind_of_bad_change_is_stopped_by_what_is_meant_to(judged: list[Judged]) -> None:
    rules = {item.name: item.rules for item in judged}
    assert "tampering.test_deleted" in rules["roman/test-deleted"]
    assert "tampering.special_case" in rules["roman/dict-table"]
    assert rules["topological/smaller-circle"] == ("gate.tests.failing_test_changed",)
    assert rules["topological/known-size"] == ("gate.tests.withheld_test_failed",)
    assert rules["intervals/outside-the-scope"] == ("scope.reject.scope_in_miss",)


def test_the_bad_changes_of_the_sample_fool_a_bare_test_run(judged: list[Judged]) -> None:
    assert all(item.own_tests_pass for item in judged)


def test_the_sample_has_failing_tests_at_its_base(sample: list[Program]) -> None:
    require_failing_bases(sample)


def test_the_corpus_has_enough_of_each_kind(corpus: tuple[Program, ...]) -> None:
    assert len(corpus) >= 24
    for program in corpus:
        counted = Counter(variant.kind for variant in program.variants)
        assert {kind: counted[kind] for kind in LEAST if counted[kind] < LEAST[kind]} == {}, program.name
        assert program.withheld


def test_every_change_of_the_corpus_applies(corpus: tuple[Program, ...]) -> None:
    for program in corpus:
        for variant in program.variants:
            for path, text in edited({**LAW, **program.files}, variant).items():
                if path.endswith(".py"):
                    compile(text, f"{program.name}/{variant.name}/{path}", "exec")
