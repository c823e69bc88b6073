"""Labels scored by llama.cpp: raw log-probabilities over the whole vocabulary, without asking for the vocabulary.

The server tells raw log-probabilities of the token that it chose and of the likeliest ones; telling all of 49,152
takes 0.3 s. So one label's token is made all but certain, which leaves its raw log-probability as it was, and what
other labels are not among the likeliest are told by a second, renormalised view: with a bias that lifts all of them
above the rest, their probabilities stand to the first one's as the raw ones do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from agent_agency.inference.labels import LabelScore
from agent_agency.inference.local.backend import LabelJob, Labelled
from agent_agency.inference.local.llama_cpp.call import Call
from agent_agency.inference.local.llama_cpp.completion import complete
from agent_agency.inference.local.llama_cpp.desk import Desk
from agent_agency.inference.local.llama_cpp.slots import Slot
from agent_agency.inference.local.llama_cpp.tokens import Tokens

_LIKELIEST = 64
_FORCED = 1000.0
_LIFT = 100.0
_LEAST = 1e-45
_EVERY_TOKEN = 1 << 20
_ONE_TOKEN = {"n_predict": 1, "samplers": ["temperature"], "temperature": 1.0}


class LabelScores:
    """Scores labels.

    Args:
        desk: what jobs share.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def run(self, job: LabelJob, call: Call) -> Labelled:
        """Score the labels of one job: one step for all labels of a single token, one more for each place within.

        Raises:
            EngineError: too long, cancelled, or the server failed.
        """
        prompts = self._desk.prompts
        text = prompts.text(job.messages, call)
        tokens = prompts.tokens(text, call)
        paths = [prompts.label(text, tokens, label, call) for label in job.labels]
        prompts.fit(len(tokens), max(map(len, paths)))
        prefix = self._desk.prefix(job.messages, job.shared, tokens, call)
        known: dict[Tokens, Mapping[int, float]] = {}
        cached = -1
        with self._desk.seat(tokens, prefix, call) as seat:
            for node, wanted in _places(paths).items():
                known[node], reused = self._at(tokens + node, wanted, seat.slot, call, first=cached < 0)
                cached = max(0, reused - seat.computed) if cached < 0 else cached
        scores = tuple(_score(label, path, known) for label, path in zip(job.labels, paths, strict=True))
        return Labelled(scores, len(tokens), sum(map(len, paths)), cached)

    def _at(
        self, tokens: Tokens, wanted: Sequence[int], slot: Slot, call: Call, *, first: bool
    ) -> tuple[dict[int, float], int]:
        """Raw log-probabilities of some tokens after others, and how many of these were in the slot already."""
        anchor = wanted[0]
        body = {
            **_ONE_TOKEN,
            "n_probs": _LIKELIEST if len(wanted) > 1 else 1,
            "logit_bias": [[anchor, _FORCED]],
            "cache_prompt": self._desk.reuse or not first,
        }
        done = complete(self._desk.door, slot, tokens, body, call)
        if not done.probabilities:
            return self._whole(tokens, wanted, slot, call), done.cached
        told = done.probabilities[0]
        found = {one["id"]: one["logprob"] for one in told["top_logprobs"]} | {told["id"]: told["logprob"]}
        if any(token not in found for token in wanted):
            lifted = self._lifted(tokens, wanted, slot, call)
            if not lifted:
                return self._whole(tokens, wanted, slot, call), done.cached
            least = max(lifted.get(anchor, 0.0), _LEAST)
            apart = {token: math.log(max(lifted.get(token, 0.0), _LEAST) / least) for token in wanted}
            return {token: found[anchor] + apart[token] for token in wanted}, done.cached
        return {token: found[token] for token in wanted}, done.cached

    def _lifted(self, tokens: Tokens, wanted: Sequence[int], slot: Slot, call: Call) -> dict[int, float]:
        """The probabilities of some tokens when there are no others."""
        body = {
            **_ONE_TOKEN,
            "n_probs": len(wanted),
            "post_sampling_probs": True,
            "logit_bias": [[token, _LIFT] for token in wanted],
            "cache_prompt": True,
        }
        told = complete(self._desk.door, slot, tokens, body, call).probabilities
        return {one["id"]: one["prob"] for one in told[0]["top_probs"]} if told else {}

    def _whole(self, tokens: Tokens, wanted: Sequence[int], slot: Slot, call: Call) -> dict[int, float]:
        """Found among the whole vocabulary's: slow, for labels whose tokens are no whole characters."""
        body = {
            **_ONE_TOKEN,
            "prompt": tokens,
            "id_slot": slot.number,
            "n_probs": _EVERY_TOKEN,
            "logit_bias": [[self._desk.prompts.plain(call), _FORCED]],
            "cache_prompt": True,
            "response_fields": ["completion_probabilities"],
        }
        told = self._desk.door.ask("/completion", body, call)["completion_probabilities"][0]
        every = {one["id"]: one["logprob"] for one in told["top_logprobs"]}
        return {token: every[token] for token in wanted}


def _places(paths: Sequence[Tokens]) -> dict[Tokens, list[int]]:
    """Each place within the labels that a token follows on, the beginning first, with the tokens that do."""
    places: dict[Tokens, list[int]] = {}
    for path in paths:
        for at, token in enumerate(path):
            follow = places.setdefault(path[:at], [])
            if token not in follow:
                follow.append(token)
    return dict(sorted(places.items()))


def _score(label: str, path: Tokens, known: Mapping[Tokens, Mapping[int, float]]) -> LabelScore:
    return LabelScore(label, math.fsum(known[path[:at]][token] for at, token in enumerate(path)), len(path))
