"""Answers written by llama.cpp."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from agent_agency.canonical_json import digest_json
from agent_agency.errors import EngineError
from agent_agency.inference.local.backend import Generated, GenerateJob
from agent_agency.inference.local.llama_cpp.call import Call
from agent_agency.inference.local.llama_cpp.completion import Completed, complete
from agent_agency.inference.local.llama_cpp.desk import Desk, Seat
from agent_agency.inference.local.llama_cpp.grammar import compact, unsupported
from agent_agency.inference.local.llama_cpp.tokens import Tokens
from agent_agency.inference.local.openvino.bounds import keeps_bounds
from agent_agency.inference.local.schema_grammar import grammar_of
from agent_agency.inference.protocol import Parameters

_ANY_SEED = 0xFFFFFFFF
_FORCED = 1000.0
_KNOWN = 256
_BEGINNINGS = frozenset('{["-0123456789tfn')
"""Of JSON without white space."""


class Generation:
    """Writes answers.

    Args:
        desk: what jobs share.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._honoured: set[str] = set()

    def run(self, job: GenerateJob, call: Call) -> Generated:
        """Write one answer.

        Raises:
            EngineError: as `backend.Failed` codes: too long, cancelled, a schema that cannot be kept to.
        """
        prompts = self._desk.prompts
        tokens = prompts.tokens(prompts.text(job.messages, call), call)
        prompts.fit(len(tokens), 1)
        prefix = self._desk.prefix(job.messages, job.shared, tokens, call)
        body = {**_sampling(job.parameters), "cache_prompt": self._desk.reuse}
        with self._desk.seat(tokens, prefix, call) as seat:
            if job.schema is not None:
                body["grammar"] = self._grammar(job.schema, tokens, seat, call)
            done = complete(self._desk.door, seat.slot, tokens, body, call, job.piece)
        answer = _generated(done, seat.computed, schema=job.schema is not None)
        if (
            job.schema is not None
            and prompts.spaced
            and answer.finish == "stop"
            and not keeps_bounds(job.schema, answer.text)
        ):
            raise unsupported()
        return answer

    def _grammar(self, schema: Mapping[str, Any], tokens: Tokens, seat: Seat, call: Call) -> str:
        """The grammar of a schema, once it is seen to hold.

        The server drops a grammar that it cannot compile without a word and writes freely. So the first time a token
        that begins no JSON is made all but certain: where it comes, no grammar stood in its way. Of a tokenizer that
        puts a space before every text LLGuidance knows the tokens wrongly, and then lets go of the grammar: its schemas
        become a grammar of llama.cpp's own. What begins with anything but JSON was written freely in any case.
        """
        grammar = grammar_of(schema) if self._desk.prompts.spaced else compact(schema)
        digest = digest_json(grammar)
        if digest in self._honoured:
            return grammar
        outside = self._desk.prompts.plain(call)
        body = {
            "grammar": grammar,
            "logit_bias": [[outside, _FORCED]],
            "n_predict": 1,
            "temperature": 0,
            "samplers": ["temperature"],
            "return_tokens": True,
            "n_probs": 1,
            "cache_prompt": self._desk.reuse,
        }
        try:
            done = complete(self._desk.door, seat.slot, tokens, body, call)
        except EngineError as refused:
            raise (unsupported() if refused.stable_code == "engine.bad_request" else refused) from refused
        seat.computed += done.prompt - done.cached
        if done.text[:1] not in _BEGINNINGS or any(one["id"] == outside for one in done.probabilities):
            raise unsupported()
        if len(self._honoured) < _KNOWN:
            self._honoured.add(digest)
        return grammar


def _sampling(how: Parameters) -> dict[str, Any]:
    samplers = ["temperature"]
    if how.top_p < 1:
        samplers.insert(0, "top_p")
    if how.repeat_penalty != 1:
        samplers.insert(0, "penalties")
    return {
        "n_predict": how.max_tokens,
        "samplers": samplers,
        "temperature": how.temperature,
        "top_p": how.top_p,
        "repeat_penalty": how.repeat_penalty,
        "seed": _ANY_SEED if how.seed is None else how.seed % _ANY_SEED,
        "stop": list(how.stop),
        "n_probs": how.top_logprobs,
    }


def _generated(done: Completed, computed: int, *, schema: bool) -> Generated:
    finish = "length" if done.stopped == "limit" else "stop"
    if schema and finish == "stop" and done.stopped != "word" and not _is_json(done.text):
        raise unsupported()
    return Generated(
        text=done.text,
        finish=finish,
        prompt_tokens=done.prompt,
        completion_tokens=done.written,
        cached_tokens=max(0, done.cached - computed),
        logprobs=done.choices(),
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
