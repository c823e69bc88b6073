"""The engine ``offline``: it answers from the labelled demonstrations in its prompt, here, the same each time.

It is no language model and every report must say so (``capabilities().language_model`` is false). A prompt with better
demonstrations, or with instructions that name what matters, really scores better with it: so every command runs with no
model at all, and what it measures is plumbing plus a nearest-neighbour learner. It may be used from several threads.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar

from agent_agency.canonical_json import digest_json
from agent_agency.errors import EngineError
from agent_agency.inference.offline.answer_document import ABSTAIN, Decided, apart, document, label_member
from agent_agency.inference.offline.features import Features, features_of
from agent_agency.inference.offline.learner import Learner, Shown, Votes
from agent_agency.inference.offline.naming import Naming
from agent_agency.inference.protocol import (
    Cancel,
    Capabilities,
    Health,
    Message,
    Piece,
    Reply,
    Request,
    TokenChoice,
    Usage,
)

NAME = "offline"
VERSION = "2"
"""Raised with everything that changes an answer, so that a judge's version changes with it."""
MAX_KEPT = 20_000
"""Messages whose features are kept."""
_LEARNERS_KEPT = 256
_CHARACTERS_PER_TOKEN = 4

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
_Turn = tuple[str, Mapping[str, Any]]


class OfflineEngine:
    """Answers by the nearest demonstrations.

    Args:
        clock: seconds of a clock that only goes forward, for the latency of a call.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._features: dict[str, Features] = {}
        self._documents: dict[str, Mapping[str, Any] | None] = {}
        self._learners: dict[tuple[Any, ...], Learner] = {}
        self._digest = digest_json({"engine": NAME, "version": VERSION})

    @property
    def name(self) -> str:
        """``offline``."""
        return NAME

    @property
    def identity(self) -> Mapping[str, str]:
        """Backend, version and the digest of both; there are no weights."""
        return MappingProxyType(
            {"backend": NAME, "backend_version": VERSION, "model": "nearest-neighbour", "model_digest": self._digest}
        )

    def capabilities(self) -> Capabilities:
        """It keeps to a schema, tells the votes as log-probabilities, and is no language model."""
        return Capabilities(
            schema=True,
            stream=True,
            logprobs=True,
            token_counts=True,
            seed=True,
            context_tokens=None,
            language_model=False,
        )

    def health(self) -> Health:
        """Always ready."""
        return Health(ready=True, detail="answers from demonstrations; no language model")

    def count_tokens(self, messages: tuple[Message, ...]) -> int:
        """Characters over four: what it has no tokens for is counted like a usual model's."""
        return sum(_tokens(one.content) for one in messages)

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer one request.

        Raises:
            EngineError: ``engine.cancelled``, or no user message stands last.
        """
        started = self._clock()
        if cancel is not None and cancel.cancelled:
            raise EngineError("The call was cancelled", fix="Run it again.", code="engine.cancelled")
        if not request.messages or request.messages[-1].role != "user":
            raise EngineError("The prompt does not end with a user's message", fix="Put the question last.")
        text, choices = self._answer(request)
        usage = Usage(self.count_tokens(request.messages), _tokens(text), None)
        took = max(0.0, self._clock() - started)
        return Reply(text, "stop", usage, NAME, self._digest, took, choices)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer in one piece.

        Raises:
            EngineError: as `generate`.
        """
        reply = self.generate(request, cancel)
        yield Piece(reply.text, reply)

    def _answer(self, request: Request) -> tuple[str, tuple[TokenChoice, ...]]:
        decided, label = self._decide(request)
        text = json.dumps(document(decided, request.schema, label), ensure_ascii=False)
        return text, _choices(decided.votes, request.parameters.top_logprobs)

    def _decide(self, request: Request) -> tuple[Decided, str]:
        turns = self._turns(request.messages)
        documents = tuple(held for _, held in turns)
        label = label_member(request.schema, documents)
        turns = [(text, apart(held, request.schema, label)) for text, held in turns]
        asked = self._seen(request.messages[-1].content)
        usable = [(text, held) for text, held in turns if isinstance(held.get(label), str) and held[label] != ABSTAIN]
        if not usable:
            return Decided(None, (), None, asked), label
        votes = self._learner(request.messages, usable, label).votes(asked)
        nearest = max(range(len(usable)), key=lambda at: votes.by_demonstration[at])
        return Decided(votes, tuple(held for _, held in usable), self._seen(usable[nearest][0]), asked), label

    def _learner(self, messages: Sequence[Message], turns: Sequence[_Turn], label: str) -> Learner:
        instructions = "\n".join(one.content for one in messages if one.role == "system")
        key = (instructions, label, *(text for text, _ in turns), *(held[label] for _, held in turns))
        found = self._learners.get(key)
        if found is None:
            shown = [Shown(self._seen(text), held[label]) for text, held in turns]
            features = {name for one in shown for name in (*one.features.measures, *one.features.words)}
            found = Learner(shown, Naming(instructions).of(features))
            _keep(self._learners, key, found, _LEARNERS_KEPT)
        return found

    def _turns(self, messages: Sequence[Message]) -> list[_Turn]:
        """Each earlier user's message with the answer that follows it, where that is a JSON object."""
        found = []
        for asked, answered in pairwise(messages):
            if asked.role == "user" and answered.role == "assistant":
                held = self._document(answered.content)
                if held is not None:
                    found.append((asked.content, held))
        return found

    def _document(self, text: str) -> Mapping[str, Any] | None:
        if text not in self._documents:
            _keep(self._documents, text, _object(text), MAX_KEPT)
        return self._documents.get(text)

    def _seen(self, text: str) -> Features:
        found = self._features.get(text)
        if found is None:
            found = features_of(text)
            _keep(self._features, text, found, MAX_KEPT)
        return found


def _keep(kept: dict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    """Remember a value; when there is no room, everything is forgotten, as nothing here is dear to make again."""
    if len(kept) >= most:
        kept.clear()
    kept[key] = value


def _object(text: str) -> Mapping[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def _choices(votes: Votes | None, wanted: int) -> tuple[TokenChoice, ...]:
    """The label as one token, with the logarithms of the votes' shares."""
    if votes is None or wanted <= 0:
        return ()
    ranked = sorted(votes.by_label.items(), key=lambda pair: (-pair[1], pair[0]))
    told = [(label, math.log(max(share, 1e-12))) for label, share in ranked]
    return (TokenChoice(told[0][0], told[0][1], tuple(told[: wanted + 1])),)
