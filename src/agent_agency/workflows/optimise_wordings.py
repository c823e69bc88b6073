"""What is worded for the engine ``offline``, which reads of instructions only the names of features."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agent_agency.inference.offline.engine import NAME
from agent_agency.inference.offline.features import features_of
from agent_agency.inference.protocol import Engine
from agent_agency.judging.subject import Subject
from agent_agency.learning.optimise.example import Example
from agent_agency.learning.optimise.name_features import Observed, worded


def reads_names(engine: Engine) -> bool:
    """Whether an engine is the one that reads names of features."""
    return engine.identity.get("backend") == NAME


def wordings(
    instructions: str, train: Sequence[Example], shown: Callable[[Subject], str], seed: int
) -> Callable[[int], Sequence[str]]:
    """Wordings of these instructions, from the training examples alone.

    Args:
        instructions: the baseline's.
        train: examples with their labels.
        shown: a subject's message.
        seed: of what is drawn.
    """

    def worded_for(wanted: int) -> Sequence[str]:
        return worded(instructions, [_observed(one, shown(one.subject)) for one in train], wanted, seed)

    return worded_for


def _observed(one: Example, message: str) -> Observed:
    features = features_of(message)
    present = dict.fromkeys(features.words, 1.0)
    return Observed({**present, **features.measures}, one.truth.verdict, one.group)
