"""OpenVINO GenAI driven bare, in a process of its own: the throughput that our scheduler is held against.

It is given token ids, computes the shared rubric first (whole blocks of 32 tokens), then takes all requests at once.
Settings are those of our own backend.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from agent_agency.inference.bench.judge_load import LoadShape

_BARE = """
import json, sys
from time import perf_counter
import numpy, openvino, openvino_genai as genai
order = json.loads(sys.argv[1])
scheduler = genai.SchedulerConfig()
for name, value in order["scheduler"].items():
    setattr(scheduler, name, value)
pipeline = genai.ContinuousBatchingPipeline(order["path"], scheduler, "CPU", order["properties"])
tokenizer = pipeline.get_tokenizer()
def ids(messages):
    text = tokenizer.apply_chat_template(messages, True)
    return tokenizer.encode(text, add_special_tokens=False).input_ids.data[0].astype(numpy.int64)
def count(messages):
    return len(ids([{"role": one.role, "content": one.content} for one in messages]))
from agent_agency.inference.bench.judge_load import LoadShape, judge_load
def prompts(seed, requests):
    load = judge_load(LoadShape(requests=requests, seed=seed), count)
    return [ids([{"role": one.role, "content": one.content} for one in prompt]) for prompt in load.prompts]
def run(encoded, tokens):
    config = genai.GenerationConfig(max_new_tokens=tokens, do_sample=False)
    handles = [pipeline.add_request(number, openvino.Tensor(one.reshape(1, -1)), config)
               for number, one in enumerate(encoded)]
    while pipeline.has_non_finished_requests():
        pipeline.step()
    return sum(len(next(iter(handle.read_all())).generated_ids) for handle in handles)
def shared(encoded):
    least = min(len(one) for one in encoded)
    same = next((n for n in range(least) if len({int(one[n]) for one in encoded}) > 1), least)
    return encoded[0][: same // 32 * 32]
run(prompts(1, 2), 8)
encoded = prompts(0, order["requests"])
started = perf_counter()
run([shared(encoded)], 1)
tokens = run(encoded, order["tokens"])
print(json.dumps(tokens / (perf_counter() - started)))
"""


def bare_tokens_per_s(path: Path, shape: LoadShape, width: int) -> float:
    """Tokens per second of the bare engine over the same load, the rubric's computation included."""
    scheduler = {"enable_prefix_caching": True, "cache_size": 2, "max_num_batched_tokens": 256, "max_num_seqs": width}
    order = {
        "path": str(path),
        "requests": shape.requests,
        "tokens": 48,
        "scheduler": scheduler,
        "properties": {},
    }
    command = [sys.executable, "-c", _BARE, json.dumps(order)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.strip().splitlines()[-1])
