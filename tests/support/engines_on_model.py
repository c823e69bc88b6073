"""Asks llama.cpp and OpenVINO for the greedy tokens of one model; a process of its own that writes one JSON line.

Of llama.cpp also the likeliest first tokens of each answer, with their log-probabilities.
"""

from __future__ import annotations

import json
import sys
from typing import Any

PROMPTS = ("Is it right? Yes or No:", "def total(numbers):\n    return", "The rubric says: 1, 2, 3, 4, 5.")
TOKENS = 6
LIKELIEST = 10


def _llama(path: str) -> tuple[list[list[int]], list[list[tuple[int, float]]]]:
    import xllamacpp

    parameters = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.n_ctx = 512
    parameters.warmup = False
    parameters.cpuparams.n_threads = 1
    server = xllamacpp.Server(parameters)
    asked = {"n_predict": TOKENS, "temperature": 0, "logprobs": LIKELIEST}
    answers: list[Any] = [server.handle_completions({"prompt": prompt, **asked}) for prompt in PROMPTS]
    read = [answer if isinstance(answer, dict) else json.loads(answer) for answer in answers]
    written = [answer["choices"][0]["logprobs"]["content"] for answer in read]
    likely = [[(one["id"], one["logprob"]) for one in tokens[0]["top_logprobs"]] for tokens in written]
    return [[token["id"] for token in tokens] for tokens in written], likely


def _openvino(path: str) -> list[list[int]]:
    import openvino_genai

    exact = {"INFERENCE_PRECISION_HINT": "f32", "KV_CACHE_PRECISION": "f32", "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0"}
    pipeline = openvino_genai.ContinuousBatchingPipeline(path, openvino_genai.SchedulerConfig(), "CPU", exact)
    tokenizer = pipeline.get_tokenizer()
    settings = openvino_genai.GenerationConfig()
    settings.max_new_tokens = TOKENS
    settings.do_sample = False
    inputs = [tokenizer.encode(prompt).input_ids for prompt in PROMPTS]
    answers = pipeline.generate(inputs, [settings] * len(inputs))
    return [list(answer.m_generation_ids[0]) for answer in answers]


if __name__ == "__main__":
    written, likely = _llama(sys.argv[1])
    both = {"llama.cpp": written, "openvino": _openvino(sys.argv[1])}
    sys.stdout.write(json.dumps({"tokens": both, "likely": likely}) + "\n")
