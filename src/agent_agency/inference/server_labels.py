"""Labels scored by a server that tells the likeliest tokens at the first place of an answer.

OpenAI's protocol shows single tokens, and only the likeliest ones. So a label must be one token, and be among them: of
one that is not, nothing is known but that it is less likely than the last that is shown, and no number is made of that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.inference.labels import LabelReply, LabelScore
from agent_agency.inference.protocol import Parameters, Request

if TYPE_CHECKING:
    from agent_agency.inference.labels import LabelRequest
    from agent_agency.inference.protocol import Reply

NOTE = "It scores labels of one token only, and only those among the likeliest that it shows."
_FIX = (
    "Ask for labels that are one token of this model (--labels letters), use the mode 'short' or 'full', or an engine "
    "in process (agency engine add)."
)


def first_token_request(request: LabelRequest, most: int) -> Request:
    """A question for one token with the likeliest ones at its place.

    At temperature 1 and without filters, the probabilities are those of the model also where a server tells them as
    they are after sampling's settings; which token is drawn does not matter.

    Args:
        request: the labels' own.
        most: how many tokens the server shows.
    """
    parameters = Parameters(temperature=1.0, max_tokens=1, top_logprobs=most)
    return Request(
        request.messages,
        parameters,
        None,
        request.deadline_s,
        request.rollout,
        shared=request.shared,
        fresh=request.fresh,
    )


def scored(request: LabelRequest, reply: Reply) -> LabelReply:
    """The scores of the labels, from the first token of an answer.

    Raises:
        EngineError: ``engine.no_labels``: a label is not among the tokens that are shown.
    """
    if not reply.logprobs:
        raise EngineError("The server shows no likeliest tokens", fix=_FIX, code="engine.no_labels")
    first = reply.logprobs[0]
    shown = {**dict(first.others), first.text: first.logprob}
    found = _found(request.labels, shown)
    return LabelReply(
        scores=tuple(LabelScore(label, found[label], 1) for label in request.labels),
        usage=reply.usage,
        model=reply.model,
        model_digest=reply.model_digest,
        latency_s=reply.latency_s,
        cache_hit=reply.cache_hit,
    )


def _found(labels: tuple[str, ...], shown: Mapping[str, float]) -> Mapping[str, float]:
    """The labels as they stand, or else each behind one space, as templates without a line's end have it."""
    for before in ("", " "):
        if all(f"{before}{label}" in shown for label in labels):
            return {label: shown[f"{before}{label}"] for label in labels}
    missing = [label for label in labels if label not in shown]
    raise EngineError(
        f"The server does not show how likely the label {missing[0]!r} is: it is not among the {len(shown)} likeliest "
        "tokens, or is not one token",
        fix=_FIX,
        code="engine.no_labels",
    )
