"""How good a judge is: agreement with the truth, and guards against what agrees by talking, spending or not caring.

A judge of an earlier system was scored by counting words and overlaps, so that one which always answered "0.5" and
padded its text beat an exact one. Here agreement alone earns; length and cost can only take away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from agent_agency.canonical_json import digest_json
from agent_agency.judging.answer import Answer, Verdict
from agent_agency.learning.optimise.example import Example

METRIC_VERSION = 1


@dataclass(frozen=True, slots=True)
class Guards:
    """From where on length and cost take away.

    Args:
        words: of reasoning and suggestions together that an answer may have; beyond, credit falls as ``words / used``.
        prompt_ratio: how many times as long as the baseline's prompt a prompt may be; beyond, credit falls likewise.
    """

    words: int = 150
    prompt_ratio: float = 1.5


@dataclass(frozen=True, slots=True)
class Metric:
    """The score of one answer, so weighted that the mean over a set is its balanced accuracy.

    Each class of truth counts alike however often it comes (weights ``n / (classes * n_class)``), so a judge that
    always says the same gets ``1 / classes``, which is chance. Agreement is exact: ``partial`` is a class of its own,
    as credit for being nearly right would pay a judge that hides in the middle. An abstention earns nothing, as a
    wrong answer does.

    Args:
        weights: of each class of truth; a class that is not named counts 1.
        prompt_characters: of the baseline's whole prompt without the subject; 0 where there is no baseline.
        guards: see there.
    """

    weights: Mapping[str, float]
    prompt_characters: int = 0
    guards: Guards = field(default_factory=Guards)

    @property
    def digest(self) -> str:
        """``sha256:…`` of the rule, its weights and its guards."""
        return digest_json(
            {
                "version": METRIC_VERSION,
                "weights": dict(self.weights),
                "prompt_characters": self.prompt_characters,
                "guards": asdict(self.guards),
            }
        )

    def score(self, truth: Verdict, answer: Answer, prompt_characters: int = 0) -> float:
        """The weighted credit of one answer; at least 0, and above 1 where its class is rare.

        Args:
            truth: the right verdict.
            answer: what was answered.
            prompt_characters: of the prompt that it answered, without the subject.
        """
        if not agrees(truth, answer):
            return 0.0
        return self.weights.get(truth, 1.0) * self._length(answer) * self._cost(prompt_characters)

    def _length(self, answer: Answer) -> float:
        words = len(answer.reasoning.split()) + sum(len(one.split()) for one in answer.suggestions)
        return min(1.0, self.guards.words / words) if words else 1.0

    def _cost(self, prompt_characters: int) -> float:
        allowed = self.guards.prompt_ratio * self.prompt_characters
        return min(1.0, allowed / prompt_characters) if allowed and prompt_characters else 1.0


def agrees(truth: Verdict, answer: Answer) -> bool:
    """Whether the answer is the right one; an abstention never is."""
    return not answer.abstained and answer.verdict == truth


def metric_for(examples: Sequence[Example], prompt_characters: int = 0, guards: Guards | None = None) -> Metric:
    """The metric over a set of examples.

    Raises:
        ValueError: there are none.
    """
    counts = Counter(one.truth.verdict for one in examples)
    if not counts:
        raise ValueError("a metric over no examples means nothing")
    weights: dict[str, float] = {name: len(examples) / (len(counts) * counts[name]) for name in sorted(counts)}
    return Metric(weights, prompt_characters, guards or Guards())
