"""What the face did so far, in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent_agency.inference.scheduling.served import Served

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Spared:
    """Requests that came to no queue.

    Args:
        kept: answered by what is kept.
        joined: answered by the call of another request.
        open: that wait for a call now which others may join, who started it among them.
    """

    kept: int
    joined: int
    open: int


def metrics_text(served: Served, spared: Spared, model: str, state: str) -> str:
    """All counters and gauges; none is labelled with anything that a request says."""
    return "\n".join([*_lines(served, spared, model, state), ""])


def _lines(served: Served, spared: Spared, model: str, state: str) -> Iterator[str]:
    yield from _one("requests_taken_total", "counter", "Requests let into the queue.", served.taken)
    yield from _one("requests_answered_total", "counter", "Requests answered.", served.answered)
    yield from _by_code("requests_failed_total", "Requests that were taken and failed, by error.", served.failed)
    yield from _by_code("requests_refused_total", "Requests that were not let in, by error.", served.refused)
    yield from _one("requests_kept_total", "counter", "Requests answered by a kept answer.", spared.kept)
    yield from _one("requests_joined_total", "counter", "Requests answered by another one's call.", spared.joined)
    yield from _one("requests_open", "gauge", "Requests that wait for a call which others may join.", spared.open)
    yield from _one("queue_waiting", "gauge", "Requests that wait.", served.waiting)
    yield from _one("running", "gauge", "Requests in flight.", served.running)
    yield from _one("width", "gauge", "Requests that may be in flight.", served.width)
    yield from _one("prompt_tokens_asked_total", "counter", "Prompt tokens of all answers.", served.tokens.asked)
    yield from _one("prompt_tokens_cached_total", "counter", "Of these, reused.", served.tokens.cached)
    yield from _one("prompt_tokens_primed_total", "counter", "Computed ahead.", served.tokens.primed)
    yield "# HELP agency_engine_info The model that is served, and its state.\n# TYPE agency_engine_info gauge"
    yield f'agency_engine_info{{model="{_escaped(model)}",state="{_escaped(state)}",breaker="{served.breaker}"}} 1'


def _one(name: str, kind: str, told: str, value: float) -> Iterator[str]:
    yield f"# HELP agency_engine_{name} {told}"
    yield f"# TYPE agency_engine_{name} {kind}"
    yield f"agency_engine_{name} {value}"


def _by_code(name: str, told: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield f"# HELP agency_engine_{name} {told}"
    yield f"# TYPE agency_engine_{name} counter"
    for code, count in sorted(counts.items()):
        yield f'agency_engine_{name}{{code="{_escaped(code)}"}} {count}'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
