"""Whether a judge's prompt fits its engine at all: found out once, before anything is asked of any subject."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.inference.prompt_size import least_tokens
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.subject import Subject

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine, Message, Parameters
    from agent_agency.judging.prompt import JudgePrompt

ANSWER_TOKENS = 96
"""Tokens that a verdict with its shortest reasons takes; less room than that leaves no answer that can be used."""
LABEL_TOKENS = 16
_NOTHING = Subject(id="", surface="text", task="", output=".")


def refuse_no_room(
    prompt: JudgePrompt, layout: Layout, engine: Engine, parameters: Parameters, answer_tokens: int = ANSWER_TOKENS
) -> None:
    """Refuse an engine whose context the judge's rubric and demonstrations fill by themselves.

    Args:
        prompt: the judge's.
        layout: says how it is laid out.
        engine: asked for its context, and to count.
        parameters: may ask for a smaller context, or for fewer tokens of answer.
        answer_tokens: room that an answer needs.

    Raises:
        EngineError: ``engine.context_too_short``; or the engine cannot be asked.
        JudgeError: the prompt cannot be laid out.
    """
    there = engine.capabilities().context_tokens
    if there is None:
        return
    window = min(there, parameters.context or there)
    messages = layout.arranged(prompt)(layout.of(_NOTHING)).messages
    refuse_beyond(engine, messages, min(answer_tokens, parameters.max_tokens), window, prompt.judge)


def refuse_beyond(engine: Engine, messages: tuple[Message, ...], answer: int, window: int, judge: str) -> None:
    """Refuse a prompt that leaves no room for an answer, by the engine's own count or else a sure lower bound.

    Raises:
        EngineError: ``engine.context_too_short``; or the engine cannot be asked.
    """
    try:
        counted = engine.count_tokens(messages)
    except EngineError as error:
        if error.stable_code != "engine.prompt_too_long":
            raise
        raise _too_short(judge, engine, f"at least {window:,} tokens", window) from error
    needed = least_tokens(messages) if counted is None else counted
    if needed + answer <= window:
        return
    size = f"{needed:,} tokens" if counted is not None else f"at least {needed:,} tokens"
    raise _too_short(judge, engine, size, window)


def _too_short(judge: str, engine: Engine, size: str, window: int) -> EngineError:
    return EngineError(
        f"The rubric of {judge!r} has {size} before there is anything to judge, and the context of {engine.name!r} has "
        f"{window:,}",
        fix="Give the engine a larger 'context', take a model with a longer one, or leave out demonstrations.",
        code="engine.context_too_short",
    )
