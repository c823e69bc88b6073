"""What a judge answers, in the order in which it is asked for: evidence, reasoning, verdict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["pass", "partial", "fail", "abstain"]
VERDICTS: tuple[Verdict, ...] = ("pass", "partial", "fail", "abstain")


@dataclass(frozen=True, slots=True)
class Answer:
    """One judge's answer on one subject.

    ``evidence`` holds verbatim quotes of the judged text. ``score`` and ``confidence`` lie in 0 to 1 and are ``None``
    for an abstention: a score is never imputed. ``abstained_because`` is a stable word for why the arbiter made an
    abstention of it (``invalid``, ``quote``, ``timeout``, ``engine``, …), empty where the judge itself abstained or
    did not.
    """

    verdict: Verdict
    score: float | None
    confidence: float | None
    reasoning: str = ""
    evidence: tuple[str, ...] = ()
    suggestions: tuple[str, ...] = ()
    abstained_because: str = ""

    @property
    def abstained(self) -> bool:
        """Whether it decides nothing."""
        return self.verdict == "abstain"
