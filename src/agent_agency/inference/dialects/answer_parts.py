"""Parts of an answer that every kind of server has, read with distrust."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from agent_agency.errors import EngineError
from agent_agency.inference.dialects.dialect import RawReply
from agent_agency.inference.protocol import TokenChoice, Usage
from agent_agency.inference.untrusted_json import as_count, as_logprob, as_text, bad_answer, bad_usage, shown


class AnswerParts:
    """Gathers the parts of one answer.

    Args:
        wants_logprobs: whether an answer without log-probabilities is none.
        needs_text: whether one without text is none; a single token may be white space, and is asked for its
            log-probabilities alone.
    """

    def __init__(self, *, wants_logprobs: bool, needs_text: bool = True) -> None:
        self._wants_logprobs = wants_logprobs
        self._needs_text = needs_text
        self._texts: list[str] = []
        self._choices: list[TokenChoice] = []
        self.ended: Literal["stop", "length"] | None = None
        self.usage = Usage(None, None)
        self.model = ""

    def add_text(self, value: Any) -> str:
        """Take a piece of text; none at all is an empty one."""
        text = as_text("" if value is None else value, "a piece of its text")
        self._texts.append(text)
        return text

    def add_logprobs(self, tokens: Any) -> None:
        """Take tokens with their log-probabilities, where some came."""
        if not tokens:
            return
        if not isinstance(tokens, list):
            raise bad_answer("its log-probabilities are no list")
        self._choices.extend(_choice(token) for token in tokens)

    def set_model(self, value: Any) -> None:
        """Take the model's name, as often as it is told."""
        if isinstance(value, str) and value:
            self.model = value

    def end(self, reason: Any) -> None:
        """Take the reason why the answer ended."""
        if reason not in {"stop", "length"}:
            raise bad_answer(f"it ended for the reason {shown(str(reason))}")
        self.ended = "stop" if reason == "stop" else "length"

    def count(self, prompt: Any, completion: Any, cached: Any = None) -> None:
        """Take the server's counts of tokens."""
        self.usage = Usage(
            as_count(prompt, "the prompt's count"),
            as_count(completion, "the answer's count"),
            as_count(cached, "the count of reused tokens"),
        )

    def finish(self) -> RawReply:
        """The answer.

        Raises:
            EngineError: it has no end (``engine.incomplete``), holds nothing (``engine.empty_answer``), lacks what was
                asked for (``engine.no_logprobs``), or its counts cannot be true (``engine.bad_usage``).
        """
        if self.ended is None:
            raise EngineError(
                "The server broke off in the middle of its answer",
                fix="Ask again; look into the server's log if it goes on.",
                code="engine.incomplete",
            )
        text = "".join(self._texts)
        if not text.strip() and (self._needs_text or not self._choices):
            raise _empty(self.ended)
        _possible(self.usage, text)
        if self._wants_logprobs and not self._choices:
            raise EngineError(
                "The server gave no log-probabilities, which were asked for",
                fix="Take a server that offers them, or ask with top_logprobs 0.",
                code="engine.no_logprobs",
            )
        return RawReply(text, self.ended, self.usage, self.model, tuple(self._choices))


def _empty(ended: str) -> EngineError:
    if ended == "length":
        message = "The model used up all its tokens before it answered anything"
        fix = "Raise max_tokens; a model that thinks aloud needs more of them."
    else:
        message = "The model answered nothing"
        fix = "Look at the prompt and the model's chat template; some models answer nothing to a schema."
    return EngineError(message, fix=fix, code="engine.empty_answer")


def _possible(usage: Usage, text: str) -> None:
    if usage.prompt == 0 and not usage.cached:
        raise bad_usage("a prompt of 0 tokens")
    if usage.completion == 0:
        raise bad_usage(f"0 tokens for an answer of {len(text):,} characters")
    if usage.completion is not None and usage.completion > 64 * len(text.encode()) + 100_000:
        raise bad_usage(f"{usage.completion:,} tokens for an answer of {len(text):,} characters")
    if usage.cached is not None and usage.prompt is not None and usage.cached > usage.prompt:
        raise bad_usage(f"{usage.cached:,} reused tokens of a prompt of {usage.prompt:,}")


def _choice(token: Any) -> TokenChoice:
    if not isinstance(token, Mapping):
        raise bad_answer("a log-probability belongs to no token")
    others = token.get("top_logprobs") or []
    if not isinstance(others, list) or not all(isinstance(other, Mapping) for other in others):
        raise bad_answer("the likeliest tokens are no list of tokens")
    return TokenChoice(
        as_text(token.get("token"), "a token"),
        as_logprob(token.get("logprob")),
        tuple((as_text(other.get("token"), "a token"), as_logprob(other.get("logprob"))) for other in others),
    )
