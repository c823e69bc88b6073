"""One answer as it is written: its tokens, its text, and when it is at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_agency.inference.local.backend import Generated
from agent_agency.inference.local.openvino.token_text import StopWatch, TextSoFar, TokenBytes
from agent_agency.inference.protocol import TokenChoice

if TYPE_CHECKING:
    from collections.abc import Callable


class AnswerText:
    """Collects an answer.

    Args:
        tokens: what tokens stand for.
        stops: the strings that end it.
        piece: told of text as it becomes sure; ``None`` where nobody streams.
    """

    def __init__(self, tokens: TokenBytes, stops: tuple[str, ...], piece: Callable[[str], None] | None) -> None:
        self._tokens = tokens
        self._text = TextSoFar(tokens)
        self._watch = StopWatch(stops)
        self._piece = piece
        self._shown: list[str] = []
        self._choices: list[tuple[int, float]] = []

    @property
    def stopped(self) -> bool:
        """Whether a stop string has ended it."""
        return self._watch.stopped

    def add(self, tokens: list[int], logprobs: list[float]) -> None:
        """Take what was written next; what comes behind a stop string is left out."""
        for token, logprob in zip(tokens, logprobs, strict=True):
            if self.stopped:
                return
            self._choices.append((token, logprob))
            self._show(self._watch.add(self._text.add(token)))

    def done(self, finish: str, prompt_tokens: int, cached: int, *, logprobs: bool) -> Generated:
        """The whole answer."""
        if not self.stopped:
            self._show(self._watch.rest())
        choices = tuple(
            TokenChoice(self._tokens.of(token).decode("utf-8", "replace"), logprob) for token, logprob in self._choices
        )
        return Generated(
            text="".join(self._shown),
            finish="stop" if self.stopped else finish,
            prompt_tokens=prompt_tokens,
            completion_tokens=len(self._choices),
            cached_tokens=cached,
            logprobs=choices if logprobs else (),
        )

    def _show(self, text: str) -> None:
        if not text:
            return
        self._shown.append(text)
        if self._piece is not None:
            self._piece(text)
