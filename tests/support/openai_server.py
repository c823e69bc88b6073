"""A test double for model servers: real HTTP on loopback, and no model behind it.

It speaks OpenAI's protocol as vLLM, llama-server and others do, and Ollama's own; every way of misbehaving that the
engine must survive has a switch in `Behaviour`.
"""

from __future__ import annotations

import contextlib
import json
import re
import select
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

Kind = Literal["openai", "vllm", "llama-server", "ollama"]
OWNERS = {"openai": "somebody", "vllm": "vllm", "llama-server": "llamacpp", "ollama": "library"}
MODEL = "tiny"
OLLAMA_MODEL = "tiny:latest"
OLLAMA_DIGEST = "ab" * 32
TURN = 4
_TOKEN = re.compile(r"[A-Za-z0-9']+|[^\sA-Za-z0-9']")


def tokens(text: str) -> list[str]:
    """A tokenizer: words, and every other character by itself."""
    return _TOKEN.findall(text)


def size(messages: list[Mapping[str, str]]) -> int:
    return sum(len(tokens(message["content"])) + TURN for message in messages)


def answered(_: Mapping[str, Any]) -> str:
    return "It rains, and the streets are wet."


def obeying(body: Mapping[str, Any]) -> str:
    """An answer that keeps to a schema of one property with one value, as one that is enforced would."""
    schema = body.get("format") or body.get("response_format", {}).get("json_schema", {}).get("schema")
    if not schema:
        return answered(body)
    return json.dumps({name: one["enum"][0] for name, one in schema["properties"].items()})


@dataclass
class Behaviour:
    """What the double does.

    ``fault`` names one way to misbehave in answering; ``cut`` how a prompt beyond ``context`` is treated: refused, cut
    at its front, or by leaving out its first turns, as Ollama does.
    """

    kind: Kind = "openai"
    answer: Callable[[Mapping[str, Any]], str] = obeying
    context: int = 4096
    cut: Literal["refuse", "front", "turns"] = "refuse"
    fault: str = ""
    finish: str = "stop"
    busy: int = 0
    retry_after: str = "0"
    usage: Mapping[str, Any] | None = field(default_factory=dict)
    logprob: str = "-0.5"
    logprobs: bool = True
    likely: Mapping[str, float] | None = None
    """The likeliest tokens at the first place, instead of some that no test knows."""
    schema: Literal["enforced", "refused", "ignored"] = "enforced"
    key: str | None = None
    version: str = "0.9.0"
    tokenizer: bool = True
    said: str = "the runner was killed"


class OpenAiServer:
    """The double; ``requests`` are (path, headers, body) as they came, ``left`` is set when a client hangs up."""

    def __init__(self, behaviour: Behaviour, port: int = 0) -> None:
        self.behaviour = behaviour
        self.requests: list[tuple[str, Mapping[str, str], Any]] = []
        self.left = threading.Event()
        self.stopped = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return self.root + ("" if self.behaviour.kind == "ollama" else "/v1")

    def chats(self) -> list[Any]:
        return [body for path, _, body in self.requests if path in {"/v1/chat/completions", "/api/chat"}]

    def stop(self) -> None:
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextlib.contextmanager
def serving(**behaviour: Any) -> Iterator[OpenAiServer]:
    server = OpenAiServer(Behaviour(**behaviour))
    try:
        yield server
    finally:
        server.stop()


def _handler(server: OpenAiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        double = server

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    double: OpenAiServer

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self._answer(json.loads(self.rfile.read(length)))

    def _answer(self, body: Any) -> None:
        double = self.double
        double.requests.append((self.path, dict(self.headers), body))
        key = double.behaviour.key
        if key is not None and self.headers.get("Authorization") != f"Bearer {key}":
            self._json({"error": {"message": f"wrong key {self.headers.get('Authorization')}"}}, 401)
            return
        try:
            self._routed(body, double.behaviour)
        except (BrokenPipeError, ConnectionResetError):
            double.left.set()
            self.close_connection = True

    def _routed(self, body: Any, how: Behaviour) -> None:
        if self.path in {"/v1/chat/completions", "/api/chat"}:
            _Chat(self, body, how).answer()
            return
        told = self._told(body, how)
        if how.fault == "html":
            self._send(200, "text/html", b"<!DOCTYPE html><html><body>Welcome</body></html>")
        elif told is None:
            self._json({"error": {"message": "no such path"}}, 404)
        else:
            self._json(told)

    def _told(self, body: Any, how: Behaviour) -> Any:
        entry: dict[str, Any] = {"id": MODEL, "object": "model", "created": 1, "owned_by": OWNERS[how.kind]}
        if how.kind == "vllm":
            entry |= {"root": "/models/tiny", "max_model_len": how.context}
        if how.kind == "llama-server":
            entry["meta"] = {"n_params": 1000, "size": 4000, "n_ctx_train": how.context}
        paths: dict[str, Any] = {"/v1/models": {"object": "list", "data": [entry]}}
        if how.kind == "vllm":
            paths["/version"] = {"version": how.version}
            if how.tokenizer and self.path == "/tokenize":
                paths["/tokenize"] = {"count": size(body["messages"]), "max_model_len": how.context}
        if how.kind == "llama-server":
            paths |= self._llama(body, how)
        if how.kind == "ollama":
            paths |= _ollama(how)
        return paths.get(self.path)

    def _llama(self, body: Any, how: Behaviour) -> dict[str, Any]:
        props = {"n_ctx": how.context}
        paths: dict[str, Any] = {
            "/props": {
                "default_generation_settings": props,
                "model_path": "/m/tiny.gguf",
                "build_info": how.version,
                "chat_template": "{{ messages }}",
            }
        }
        if self.path == "/apply-template" and how.tokenizer:
            paths[self.path] = {"prompt": "".join("<|x|>" + one["content"] for one in body["messages"])}
        if self.path == "/tokenize" and how.tokenizer:
            paths[self.path] = {"tokens": list(range(len(tokens(body["content"].replace("<|x|>", "| | | |")))))}
        return paths

    def _json(self, value: Any, status: int = 200, **headers: str) -> None:
        self._send(status, "application/json", json.dumps(value).encode(), **headers)

    def _send(self, status: int, kind: str, data: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in {"Content_Length": str(len(data)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    def wait_for_leaving(self) -> None:
        """Stay silent until the client hangs up or the double stops."""
        while not self.double.stopped.is_set():
            readable, _, _ = select.select([self.connection], [], [], 0.02)
            if readable and not self.connection.recv(1024):
                self.double.left.set()
                self.close_connection = True
                return


def _ollama(how: Behaviour) -> dict[str, Any]:
    entry = {"name": OLLAMA_MODEL, "digest": OLLAMA_DIGEST, "details": {"quantization_level": "Q4_K_M"}}
    return {
        "/api/version": {"version": how.version},
        "/api/tags": {"models": [entry]},
        "/api/show": {"template": "{{ .Prompt }}", "model_info": {"tiny.context_length": how.context}},
    }


class _Chat:
    """One answer to one question."""

    def __init__(self, handler: _Handler, body: Any, how: Behaviour) -> None:
        self._handler = handler
        self._body = body
        self._how = how
        self._is_ollama = how.kind == "ollama"

    def answer(self) -> None:
        how, handler = self._how, self._handler
        if how.busy > 0:
            how.busy -= 1
            handler._json({"error": "busy"}, 503, Retry_After=how.retry_after)
            return
        refused = self._refused()
        if refused:
            handler._json({"error": {"message": refused}}, 400)
            return
        plain = getattr(self, f"_fault_{how.fault}", None)
        if plain is not None:
            plain()
            return
        self._stream(self._events())

    def _refused(self) -> str:
        body, how = self._body, self._how
        if how.schema == "refused" and ("format" in body or "response_format" in body):
            return "response_format is not supported"
        if not how.logprobs and body.get("logprobs") and how.fault != "no_logprobs":
            return "logprobs are not supported"
        if how.cut == "refuse" and size(body["messages"]) >= self._window():
            return f"the request exceeds the available context size of {self._window()} tokens"
        return ""

    def _window(self) -> int:
        asked = self._body.get("options", {}).get("num_ctx") if self._is_ollama else None
        return min(asked or self._how.context, self._how.context)

    def _read(self) -> int:
        """Tokens of the prompt that are read, after it was cut."""
        messages = list(self._body["messages"])
        window = self._window()
        if self._how.cut == "turns":
            while size(messages) > window and len(messages) > 1:
                first = next((i for i, one in enumerate(messages[:-1]) if one["role"] != "system"), 0)
                del messages[first]
        return min(size(messages), window)

    def _events(self) -> list[dict[str, Any]]:
        how, body = self._how, self._body
        text = how.answer(body)
        if how.schema == "ignored":
            text = answered(body)
        pieces = re.findall(r"\s*\S+|\s+$", text)
        counts: dict[str, Any] | None = None
        if how.usage is not None:
            counts = {"prompt_tokens": self._read(), "completion_tokens": max(1, len(tokens(text))), **how.usage}
        make = self._ollama_events if self._is_ollama else self._openai_events
        return make(pieces, counts)

    def _logprobs(self, piece: str) -> list[dict[str, Any]]:
        asked = self._body.get("top_logprobs", 0)
        if not asked or not self._how.logprobs:
            return []
        likely = self._how.likely or {f"other{i}": -2.0 - i for i in range(asked)}
        others = [{"token": one, "logprob": likely[one]} for one in list(likely)[:asked]]
        return [{"token": piece, "logprob": "LOGPROB", "top_logprobs": others}]

    def _openai_events(self, pieces: list[str], counts: dict[str, Any] | None) -> list[dict[str, Any]]:
        def chunk(delta: Mapping[str, Any], finish: str | None = None, logprobs: Any = None) -> dict[str, Any]:
            choice = {"index": 0, "delta": delta, "finish_reason": finish, "logprobs": logprobs}
            return {"id": "1", "object": "chat.completion.chunk", "model": MODEL, "choices": [choice], "usage": None}

        events = [chunk({"role": "assistant", "content": ""})]
        for piece in pieces:
            likely = self._logprobs(piece)
            events.append(chunk({"content": piece}, logprobs={"content": likely} if likely else None))
        events.append(chunk({}, self._how.finish))
        if counts is not None:
            events.append({"id": "1", "model": MODEL, "choices": [], "usage": counts})
        return events

    def _ollama_events(self, pieces: list[str], counts: dict[str, Any] | None) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = []
        for piece in pieces:
            event = {"model": OLLAMA_MODEL, "message": {"role": "assistant", "content": piece}, "done": False}
            likely = self._logprobs(piece)
            events.append({**event, "logprobs": likely} if likely else event)
        last: dict[str, Any] = {"model": OLLAMA_MODEL, "message": {"role": "assistant", "content": ""}, "done": True}
        last["done_reason"] = self._how.finish
        if counts is not None:
            last |= {"prompt_eval_count": counts["prompt_tokens"], "eval_count": counts["completion_tokens"]}
            cached = counts.get("prompt_tokens_details", {}).get("cached_tokens")
            last |= {} if cached is None else {"prompt_eval_cached_count": cached}
        return [*events, last]

    def _encoded(self, event: Mapping[str, Any]) -> bytes:
        data = json.dumps(event).replace('"LOGPROB"', self._how.logprob).encode()
        return data + b"\n" if self._is_ollama else b"data: " + data + b"\n\n"

    def _begin(self, **headers: str) -> None:
        handler = self._handler
        handler.send_response(200)
        handler.send_header("Content-Type", "application/x-ndjson" if self._is_ollama else "text/event-stream")
        for name, value in {"Transfer-Encoding": "chunked", **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()

    def _chunk(self, data: bytes) -> None:
        self._handler.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def _stream(self, events: list[dict[str, Any]]) -> None:
        self._begin()
        for event in events:
            self._chunk(self._encoded(event))
        if not self._is_ollama:
            self._chunk(b"data: [DONE]\n\n")
        self._handler.wfile.write(b"0\r\n\r\n")

    def _fault_html(self) -> None:
        self._handler._send(200, "text/html", b"<!DOCTYPE html><html><body>Welcome</body></html>")

    def _fault_whole(self) -> None:
        """Answer at once, although a stream was asked for; no fault, but other servers."""
        if self._is_ollama:
            text = "".join(event["message"]["content"] for event in self._events())
            last = self._events()[-1]
            self._handler._json({**last, "message": {"role": "assistant", "content": text}})
            return
        events = self._events()
        text = "".join(one["choices"][0]["delta"].get("content", "") for one in events if one["choices"])
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": self._how.finish}
        self._handler._json({"model": MODEL, "choices": [choice], "usage": events[-1].get("usage")})

    def _fault_no_json(self) -> None:
        self._handler._send(200, "application/json", b'{"choices": [}')

    def _fault_wrong_shape(self) -> None:
        self._handler._send(200, "application/json", b'{"choices": {"0": 1}, "message": 3, "done": true}')

    def _fault_deep(self) -> None:
        self._handler._send(200, "application/json", b"[" * 200_000)

    def _fault_server_error(self) -> None:
        self._handler._json({"error": {"message": "out of memory", "type": "server_error"}}, 500)

    def _fault_redirect(self) -> None:
        self._handler._send(307, "text/plain", b"", Location="http://203.0.113.1/v1/chat/completions")

    def _fault_packed(self) -> None:
        self._handler._send(200, "application/json", b"\x1f\x8b", Content_Encoding="gzip")

    def _fault_half_stream(self) -> None:
        self._begin()
        for event in self._events()[:2]:
            self._chunk(self._encoded(event))
        self._handler.close_connection = True

    def _fault_unended(self) -> None:
        """A stream that ends in good order, but before the answer does."""
        self._begin()
        for event in self._events()[:2]:
            self._chunk(self._encoded(event))
        self._handler.wfile.write(b"0\r\n\r\n")

    def _fault_torn_event(self) -> None:
        self._begin()
        self._chunk(self._encoded(self._events()[0])[:-20] + b"\n\n")
        self._handler.wfile.write(b"0\r\n\r\n")

    def _fault_error_in_stream(self) -> None:
        self._begin()
        self._chunk(self._encoded(self._events()[0]))
        self._chunk(self._encoded({"error": self._how.said}))
        self._handler.wfile.write(b"0\r\n\r\n")

    def _fault_long_length(self) -> None:
        data = b'{"choices": []}'
        handler = self._handler
        handler._send(200, "application/json", data, Content_Length=str(len(data) + 100))
        handler.close_connection = True

    def _fault_short_length(self) -> None:
        data = json.dumps({"choices": [], "padding": "x" * 50}).encode()
        self._handler._send(200, "application/json", data, Content_Length=str(len(data) - 30))
        self._handler.wfile.flush()
        self._handler.rfile.read(1)  # what is asked on this connection has no answer
        self._handler.close_connection = True

    def _fault_close_silently(self) -> None:
        """Answer well, and close the connection a moment later without having said so; a later question is lost."""
        self._stream(self._events())
        self._handler.wfile.flush()
        time.sleep(0.02)
        self._handler.close_connection = True

    def _fault_hang_up(self) -> None:
        self._handler.close_connection = True

    def _fault_silent(self) -> None:
        """Take the request and never answer."""
        self._handler.wait_for_leaving()

    def _fault_silent_stream(self) -> None:
        """Begin an answer and never go on."""
        self._begin()
        self._chunk(self._encoded(self._events()[0]))
        self._handler.wait_for_leaving()

    def _fault_drip(self) -> None:
        """Never be silent and never end."""
        self._begin()
        while not self._handler.double.stopped.is_set():
            self._chunk(b": still here\n" if not self._is_ollama else b"\n")
            time.sleep(0.01)

    def _fault_huge_event(self) -> None:
        self._begin()
        for _ in range(9):
            self._chunk(b"data: " + b"x" * 1024 * 1024)
