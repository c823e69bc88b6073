from __future__ import annotations

from itertools import combinations
from time import perf_counter

import pytest

from agent_agency.inference.bench.judge_load import LoadShape, judge_load
from agent_agency.inference.bench.measure_way import own_prompts
from agent_agency.inference.bench.row import Way
from agent_agency.inference.bench.ways import Loaded, Wanted, ways
from agent_agency.inference.models.digests import Digests
from agent_agency.inference.models.model_facts import read_model
from agent_agency.inference.protocol import Message
from agent_agency.workflows.measure_engine import Model, measure_on, opened
from support.test_models import nano_model


def by_words(messages: tuple[Message, ...]) -> int:
    return 7 + sum(len(one.content.split()) for one in messages)


def test_no_two_ways_that_share_a_loading_are_asked_the_same() -> None:
    load = judge_load(LoadShape(requests=3, rubric_tokens=40, item_tokens=20), by_words)
    begins = {}
    for way in ways(Wanted(), 64):
        prompts = own_prompts(load, way)
        assert [prompt[1:] for prompt in prompts] == [prompt[1:] for prompt in load.prompts]
        assert len({prompt[0] for prompt in prompts}) == 1
        begins[way] = prompts[0][0].content
    for one, other in combinations(begins, 2):
        if (one.mode, one.concurrency) != (other.mode, other.concurrency):
            assert begins[one].split()[:2] != begins[other].split()[:2]


def test_a_way_is_not_answered_from_what_the_way_before_computed() -> None:
    """llama.cpp tells truly how much of a prompt it took from what a slot still held."""
    pytest.importorskip("xllamacpp", reason="the extra local is not installed")
    path = nano_model()
    model = Model(path, Digests(None).of(path), read_model(path))
    shape = LoadShape(requests=4, rubric_tokens=96, item_tokens=64)
    with opened(model, Loaded("llama.cpp", "default", prefix_cache=True, width=4)) as ready:
        for way in (Way("llama.cpp", "full", 4), Way("llama.cpp", "short", 4)):
            row = measure_on(ready, way, shape, perf_counter)
            assert row.computed_tokens > shape.rubric_tokens + shape.requests * shape.item_tokens
