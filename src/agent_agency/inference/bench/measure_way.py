"""Measure one way of answering a load on an engine that is warm."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from agent_agency.errors import EngineError
from agent_agency.inference.bench.driver import Answer, drive
from agent_agency.inference.bench.judge_load import JudgeLoad
from agent_agency.inference.bench.processor_time import other_load
from agent_agency.inference.bench.row import Row, Way, quantile
from agent_agency.inference.labels import LabelReply, LabelRequest
from agent_agency.inference.protocol import Cancel, Message, Parameters, Reply, Request

FULL_TOKENS = 48
SHORT_TOKENS = 48


class Answering(Protocol):
    """What is measured: an engine that also scores labels."""

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Write an answer."""
        ...

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score labels."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for in each mode.

    Args:
        schema: of a short verdict.
        valid: whether a reply is valid under it.
        labels: that are scored.
        deadline_s: seconds that a request may take.
    """

    schema: Mapping[str, Any]
    valid: Callable[[Reply], bool]
    labels: tuple[str, ...]
    deadline_s: float = 900.0


@dataclass(frozen=True, slots=True)
class Instruments:
    """What is measured with.

    Args:
        timer: seconds that only go forward.
        processes: the processes that work.
        memory_mib: the memory that they take.
        primed: tokens of prefixes computed ahead so far.
        told: called with how many requests are answered.
    """

    timer: Callable[[], float]
    processes: Callable[[], Iterable[int]]
    memory_mib: Callable[[], float | None]
    primed: Callable[[], int]
    told: Callable[[int], None]


def measure_way(
    engine: Answering, way: Way, load: JudgeLoad, asked: Asked, instruments: Instruments, words: str | None = None
) -> Row:
    """Answer the whole load one way; the rubric is computed within the measured time, as it would be in use.

    So are the items: each way is asked in words of its own (`own_prompts`).

    Args:
        engine: warm, and set up for this way.
        way: how it is asked.
        load: the prompts.
        asked: schema and labels.
        instruments: clock, processes and memory.
        words: that the prompts begin with; ``None`` for words of this way's own.

    Raises:
        EngineError: a request failed.
    """
    watched, primed = other_load(instruments.processes), instruments.primed()
    asks = [_ask(engine, way, prompt, load.shared, asked) for prompt in own_prompts(load, way, words)]
    driven = drive(asks, way.concurrency, instruments.timer, instruments.told)
    prompt, computed = _prompt_tokens(driven.answers)
    return Row(
        engine=way.engine,
        mode=way.mode,
        concurrency=way.concurrency,
        precision=way.precision,
        prefix_cache=way.prefix_cache,
        requests=len(driven.answers),
        requests_per_s=len(driven.answers) / driven.wall_s,
        tokens_per_s=_completion_tokens(driven.answers) / driven.wall_s,
        p50_s=quantile(driven.latencies_s, 0.5),
        p95_s=quantile(driven.latencies_s, 0.95),
        valid=_valid(driven.answers, asked) if way.mode == "short" else None,
        prompt_tokens=prompt,
        computed_tokens=computed + instruments.primed() - primed,
        memory_mib=instruments.memory_mib(),
        other_load=watched(),
    )


def own_prompts(load: JudgeLoad, way: Way, words: str | None = None) -> list[tuple[Message, ...]]:
    """The load's prompts, each beginning with words that no other way's begin with.

    An engine keeps more than the rubric: OpenVINO all blocks of the prompts that it answered lately, llama.cpp the last
    prompt of each slot. Asked the same prompts again, it answers from what it computed for the way before, up to fifty
    times as quickly; judges' items are new ones.
    """
    begin = f"{way.mode} {way.concurrency}" if words is None else words
    return [(replace(first, content=f"{begin} {first.content}"), *rest) for first, *rest in load.prompts]


def _ask(engine: Answering, way: Way, prompt: tuple[Message, ...], shared: int, asked: Asked) -> Callable[[], Answer]:
    if way.mode == "label":
        scored = LabelRequest(prompt, asked.labels, asked.deadline_s, shared=shared)
        return lambda: engine.score_labels(scored)
    tokens, schema = (FULL_TOKENS, None) if way.mode == "full" else (SHORT_TOKENS, asked.schema)
    request = Request(prompt, Parameters(max_tokens=tokens), schema, asked.deadline_s, shared=shared)
    return lambda: engine.generate(request)


def _valid(answers: Sequence[Answer], asked: Asked) -> float:
    replies = [one for one in answers if isinstance(one, Reply)]
    return sum(asked.valid(one) for one in replies) / len(replies)


def _completion_tokens(answers: Iterable[Answer]) -> int:
    return sum(_told(one.usage.completion, "completion") for one in answers)


def _prompt_tokens(answers: Iterable[Answer]) -> tuple[int, int]:
    whole = [(_told(one.usage.prompt, "prompt"), one.usage.cached or 0) for one in answers]
    return sum(prompt for prompt, _ in whole), sum(prompt - cached for prompt, cached in whole)


def _told(count: int | None, of: str) -> int:
    if count is None:
        fix = "Measure an engine that counts tokens."
        raise EngineError(f"The engine does not tell its {of} tokens", fix=fix, code="engine.no_token_counts")
    return count
