"""How an answer is drawn, in OpenVINO GenAI's terms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from agent_agency.extras import require

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Parameters


def generation_config(defaults: Any, parameters: Parameters, max_tokens: int, grammar: str | None, chance: int) -> Any:
    """A configuration of one request.

    Args:
        defaults: the pipeline's, which knows the tokens that end an answer.
        parameters: what is asked for; stop strings are not its matter, they are looked for outside.
        max_tokens: of the answer.
        chance: the seed where none is asked for.
        grammar: in the notation of `grammar`, or ``None`` for free text.
    """
    genai = require("openvino_genai", extra="local")
    config = genai.GenerationConfig()
    config.eos_token_id = defaults.eos_token_id
    config.stop_token_ids = defaults.stop_token_ids
    config.max_new_tokens = max_tokens
    config.apply_chat_template = False
    config.repetition_penalty = parameters.repeat_penalty
    config.logprobs = 1 if parameters.top_logprobs else 0
    if parameters.temperature > 0:
        config.do_sample = True
        config.temperature = parameters.temperature
        config.top_p = parameters.top_p
        config.rng_seed = parameters.seed if parameters.seed is not None else chance
    if grammar is not None:
        config.structured_output_config = genai.StructuredOutputConfig(grammar=grammar)
    return config
