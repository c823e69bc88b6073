"""Calls to a backend of a model that wait for their ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from agent_agency.inference.local.backend import (
    Backend,
    Ended,
    Failed,
    Generated,
    GenerateJob,
    Job,
    LabelJob,
    Labelled,
    PrimeJob,
)
from agent_agency.inference.priming import Primed
from agent_agency.inference.protocol import Message, Parameters

Result = Generated | Labelled | Primed | Failed
Make = Callable[[Ended], Job]
_PATIENCE_S = 100


class Calls:
    """A backend whose answers are waited for."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def together(self, makes: Sequence[Make]) -> list[Result]:
        """Hand in jobs at once and wait for all."""
        results: dict[int, Result] = {}
        done = threading.Event()

        def ended(at: int) -> Ended:
            def end(result: Result) -> None:
                assert at not in results, "a job ended twice"
                results[at] = result
                if len(results) == len(makes):
                    done.set()

            return end

        for at, make in enumerate(makes):
            self.backend.submit(make(ended(at)))
        assert done.wait(_PATIENCE_S), "not every job has ended"
        return [results[at] for at in range(len(makes))]

    def write(self, asks: Sequence[Make]) -> list[Generated]:
        """Answers of text jobs, all of which must succeed."""
        results = self.together(asks)
        assert all(isinstance(result, Generated) for result in results), results
        return [result for result in results if isinstance(result, Generated)]

    def score(self, asks: Sequence[Make]) -> list[Labelled]:
        """Scores of label jobs, all of which must succeed."""
        results = self.together(asks)
        assert all(isinstance(result, Labelled) for result in results), results
        return [result for result in results if isinstance(result, Labelled)]


def write(
    messages: tuple[Message, ...],
    shared: int = 0,
    schema: Mapping[str, Any] | None = None,
    piece: Callable[[str], None] | None = None,
    **parameters: Any,
) -> Make:
    """A text job."""
    return lambda ended: GenerateJob(messages, shared, Parameters(**parameters), schema, ended, piece)


def score(messages: tuple[Message, ...], labels: tuple[str, ...], shared: int = 0) -> Make:
    """A label job."""
    return lambda ended: LabelJob(messages, shared, labels, ended)


def prime(messages: tuple[Message, ...]) -> Make:
    """A job that computes a prefix."""
    return lambda ended: PrimeJob(messages, ended)
