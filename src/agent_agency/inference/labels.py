"""Labels scored by how likely a model would write each, without any text being written.

The score of a label is the natural-log probability of its tokens, each given the prompt and the label's tokens before
it, over the model's whole vocabulary: what is nowhere masked, sampled or renormalised can be compared between engines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from agent_agency.canonical_json import digest_json
from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Cancel, Message, Usage

MAX_LABELS = 16
MAX_LABEL_TOKENS = 16


@dataclass(frozen=True, slots=True)
class LabelRequest:
    """Which of some labels would a model write next?

    Args:
        messages: the prompt; the labels are scored as the beginning of the assistant's turn that follows.
        labels: at least two, different, none the beginning of another.
        deadline_s: seconds that the whole call may take.
        rollout: as in `protocol.Request`.
        shared: as in `protocol.Request`.
        fresh: as in `protocol.Request`.
    """

    messages: tuple[Message, ...]
    labels: tuple[str, ...]
    deadline_s: float = 120.0
    rollout: int = 0
    shared: int = 0
    fresh: bool = False

    @property
    def prompt_digest(self) -> str:
        """``sha256:…`` over messages and labels.

        Raises:
            ValueError: a text has no form in UTF-8.
        """
        turns = [[one.role, one.content] for one in self.messages]
        return digest_json({"messages": turns, "labels": list(self.labels)})


@dataclass(frozen=True, slots=True)
class LabelScore:
    """One label: the sum of its tokens' natural-log probabilities, and how many tokens these are."""

    label: str
    logprob: float
    tokens: int

    @property
    def mean_logprob(self) -> float:
        """Log-probability per token, so that a label of several tokens is not disfavoured for its length."""
        return self.logprob / self.tokens


@dataclass(frozen=True, slots=True)
class LabelReply:
    """The scores of all labels, in the request's order; ``usage.completion`` counts the tokens that were scored."""

    scores: tuple[LabelScore, ...]
    usage: Usage
    model: str
    model_digest: str
    latency_s: float
    cache_hit: bool = False

    def logprobs(self) -> Mapping[str, float]:
        """Label to the sum of its tokens' log-probabilities."""
        return {one.label: one.logprob for one in self.scores}


@runtime_checkable
class LabelEngine(Protocol):
    """An engine that scores labels; its capabilities say ``labels``."""

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score the labels of one request.

        Raises:
            EngineError: as `protocol.Engine.generate`; also labels that are no such set (``engine.bad_request``), and
                ``engine.no_labels`` where the engine cannot see all of them.
        """
        ...


def label_engine(engine: object) -> LabelEngine:
    """The engine as one that scores labels.

    Raises:
        EngineError: ``engine.no_labels``: it does not.
    """
    if isinstance(engine, LabelEngine):
        return engine
    name = getattr(engine, "name", "this engine")
    raise EngineError(
        f"The engine {name!r} gives no log-probabilities of labels",
        fix="Use the mode 'short' or 'full' with it, or an engine in process (agency engine add).",
        code="engine.no_labels",
    )


def check_labels(labels: tuple[str, ...]) -> None:
    """Refuse what is no set of labels.

    Raises:
        EngineError: ``engine.bad_request``.
    """
    if not 2 <= len(labels) <= MAX_LABELS:  # noqa: PLR2004 - one label is no choice
        problem = f"there are {len(labels)} labels; 2 to {MAX_LABELS} can be scored"
    elif any(not one.strip() for one in labels):
        problem = "a label is empty"
    elif any(one != other and other.startswith(one) for one in labels for other in labels):
        problem = "a label is the beginning of another, so they cannot be told apart"
    elif len(set(labels)) < len(labels):
        problem = "a label stands there twice"
    else:
        return
    raise EngineError(f"The labels cannot be scored: {problem}", fix="Name other labels.", code="engine.bad_request")
