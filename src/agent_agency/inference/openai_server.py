"""An engine behind a URL: any server that speaks OpenAI's protocol, or Ollama's own.

What kind of server it is, which model and which weights, is asked at the first call and kept. Answers are always
streamed, because a server goes on with an answer that nobody waits for unless the stream is closed.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from agent_agency.errors import EngineError
from agent_agency.inference.capability_probes import probe_capabilities
from agent_agency.inference.deadline import Call
from agent_agency.inference.dialects.detect import detect
from agent_agency.inference.engine_settings import OLLAMA_CONTEXT, EngineSettings
from agent_agency.inference.labels import check_labels
from agent_agency.inference.prompt_size import Expected, check_counted, check_surplus, expected_size, most_tokens
from agent_agency.inference.protocol import Health, Piece, Reply, Request
from agent_agency.inference.refusals import is_html
from agent_agency.inference.request_check import check_request
from agent_agency.inference.server_labels import first_token_request, scored
from agent_agency.inference.untrusted_json import bad_answer, read_object

if TYPE_CHECKING:
    from agent_agency.inference.dialects.dialect import Ask, Dialect, RawReply, Reader, ServerFacts
    from agent_agency.inference.labels import LabelReply, LabelRequest
    from agent_agency.inference.protocol import Cancel, Capabilities, Message
    from agent_agency.inference.server_address import ServerAddress
    from agent_agency.inference.transport import Opened, Transport

_ASK_S = 30.0
_LOOK_S = 0.05
_HEALTH_S = 5.0
_NO_TOKENIZER = frozenset({"engine.not_found", "engine.refused", "engine.bad_answer", "engine.server_failed"})


class ServerEngine:
    """One model of one server.

    Args:
        settings: of the kind ``openai`` or ``ollama``.
        address: the settings' URL, read.
        transport: to that server.
        timer: seconds that only go forward.
    """

    def __init__(
        self,
        settings: EngineSettings,
        address: ServerAddress,
        transport: Transport,
        timer: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._settings = settings
        self._address = address
        self._transport = transport
        self._timer = timer
        self._lock = threading.Lock()
        self._probing = threading.Lock()
        self._known: tuple[Dialect, ServerFacts] | None = None
        self._capabilities: Capabilities | None = None
        self._has_tokenizer = True

    @property
    def name(self) -> str:
        """The name in the settings."""
        return self._settings.name

    @property
    def identity(self) -> Mapping[str, str]:
        """Backend and version, model and digest, quantisation and template, as the server tells them.

        Raises:
            EngineError: the server cannot be asked.
        """
        return self._facts()[1].identity

    def tell_when_busy(self) -> None:
        """From now on say at once that the server is busy, for who queues requests in front and asks again."""
        self._transport.busy_tries = 1

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def capabilities(self) -> Capabilities:
        """What it can do, found out by trying it with two short questions; kept after the first time.

        Raises:
            EngineError: the server cannot be asked.
        """
        facts = self._facts()[1]
        with self._probing:
            if self._capabilities is None:
                self._capabilities = probe_capabilities(self, self._window(facts, None))
            return self._capabilities

    def health(self) -> Health:
        """Whether the server answers now and has the model; never raises."""
        try:
            facts = self._detected(self._asking(_HEALTH_S))[1]
        except EngineError as error:
            return Health(ready=False, detail=error.message)
        version = facts.identity.get("backend_version", "")
        return Health(ready=True, detail=f"{facts.backend} {version}".rstrip() + f", {facts.model}")

    def count_tokens(self, messages: tuple[Message, ...]) -> int | None:
        """Tokens of the templated prompt by the server's own tokenizer; ``None`` where it has none to ask.

        Raises:
            EngineError: the server cannot be asked.
        """
        return self._counted(messages, self._asking(_ASK_S))

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        """Answer one request.

        Raises:
            EngineError: see the module `refusals` and `prompt_size` for the codes.
        """
        for piece in self.stream(request, cancel):
            if piece.reply is not None:
                return piece.reply
        raise bad_answer("it ended without an end")

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        """Answer piece by piece; the last piece has no text and carries the reply, checked as a whole.

        Raises:
            EngineError: as `generate`.
        """
        check_request(request)
        with self._transport.keyless():
            yield from self._pieces(request, Call(request.deadline_s, cancel, self._timer))

    def score_labels(self, request: LabelRequest, cancel: Cancel | None = None) -> LabelReply:
        """Score labels by the likeliest tokens that the server shows at the first place of an answer.

        Raises:
            EngineError: as `generate`; ``engine.no_labels`` where it shows none, or not every label.
        """
        check_labels(request.labels)
        call = Call(request.deadline_s, cancel, self._timer)
        with self._transport.keyless():
            asked = first_token_request(request, self._facts(call)[0].most_logprobs)
            check_request(replace(asked, parameters=replace(asked.parameters, top_logprobs=1)))
            try:
                replies = [piece.reply for piece in self._pieces(asked, call) if piece.reply is not None]
            except EngineError as error:
                if error.stable_code != "engine.no_logprobs":
                    raise
                raise EngineError(error.message, fix=error.fix, code="engine.no_labels") from error
        return scored(request, replies[-1])

    def _pieces(self, request: Request, call: Call) -> Iterator[Piece]:
        dialect, facts = self._facts(call)
        window = self._window(facts, request.parameters.context)
        expected = self._expected(request, facts, window, call)
        body = _encoded(dialect.body(request, facts.model, window))
        reader = dialect.reader(request)
        url = self._address.root + dialect.chat_path
        with self._transport.open("POST", url, body, call, last=self._closes(dialect)) as opened:
            for text in _texts(dialect, reader, opened):
                if text:
                    yield Piece(text)
        raw = reader.finish()
        check_counted(expected, raw.usage, uncounted_is_fine=self._settings.uncounted)
        check_surplus(request, raw.usage)
        yield Piece("", self._reply(raw, facts, call))

    def _closes(self, dialect: Dialect) -> bool:
        """Whether the connection is of no use after an answer; what stands behind TLS of its own keeps them."""
        hosted = dialect.backend == "openai" and self._address.scheme == "https"
        return not (dialect.keeps_open or hosted)

    def _reply(self, raw: RawReply, facts: ServerFacts, call: Call) -> Reply:
        return Reply(
            text=raw.text,
            finish=raw.finish,
            usage=raw.usage,
            model=raw.model or facts.model,
            model_digest=facts.model_digest,
            latency_s=call.elapsed,
            logprobs=raw.logprobs,
        )

    def _facts(self, call: Call | None = None) -> tuple[Dialect, ServerFacts]:
        """The server's kind and facts; one thread asks for them while the others wait, each within its time."""
        if self._known is None:
            call = call or Call(_ASK_S, None, self._timer)
            while not self._lock.acquire(timeout=_LOOK_S):
                call.check()
            try:
                self._known = self._known or self._detected(self._asking_in(call))
            finally:
                self._lock.release()
        return self._known

    def _detected(self, ask: Ask) -> tuple[Dialect, ServerFacts]:
        return detect(
            ask,
            is_ollama=self._settings.kind == "ollama",
            model=self._settings.model,
            endpoint=self._address.base,
            keep_alive=self._settings.keep_alive,
        )

    def _asking(self, seconds: float) -> Ask:
        return self._asking_in(Call(seconds, None, self._timer))

    def _asking_in(self, call: Call) -> Ask:
        """A way to ask small things within the time of one call."""

        def ask(method: str, path: str, body: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
            with self._transport.keyless():
                url = self._address.root + path
                data = self._transport.fetch(method, url, None if body is None else _encoded(body), call)
                if is_html("", data):
                    raise bad_answer(f"{path} is a page for people")
                return read_object(data, path)

        return ask

    def _window(self, facts: ServerFacts, asked: int | None) -> int | None:
        """Tokens for prompt and answer together: the least of what is asked for, set, and there.

        Raises:
            EngineError: more is asked for than the model has.
        """
        wanted = asked or self._settings.context or (OLLAMA_CONTEXT if facts.backend == "ollama" else None)
        there = facts.context_tokens
        if wanted is None or there is None:
            return wanted or there
        if wanted > there and (asked or self._settings.context):
            raise EngineError(
                f"A context of {wanted:,} tokens is asked for, and {facts.model} has {there:,}",
                fix=f"Ask for at most {there:,}, or start the server with a larger one.",
                code="engine.bad_request",
            )
        return min(wanted, there)

    def _expected(self, request: Request, facts: ServerFacts, window: int | None, call: Call) -> Expected:
        """What the prompt's count must be; the tokenizer is asked only where the prompt may not fit."""
        most = most_tokens(request.messages) + request.parameters.max_tokens
        counted = None
        if window is None or most > window:
            counted = self._counted(request.messages, self._asking_in(call))
        return expected_size(
            request.messages,
            window=window,
            max_tokens=request.parameters.max_tokens,
            counted=counted,
            refuses_long=facts.refuses_long,
        )

    def _counted(self, messages: tuple[Message, ...], ask: Ask) -> int | None:
        dialect, facts = self._facts()
        if not self._has_tokenizer:
            return None
        try:
            return dialect.count(ask, facts.model, messages)
        except EngineError as error:
            if error.stable_code not in _NO_TOKENIZER:
                raise
            self._has_tokenizer = False
            return None


def _texts(dialect: Dialect, reader: Reader, opened: Opened) -> Iterator[str]:
    events = dialect.events(opened.content_type, opened.chunks)
    if events is not None:
        for event in events:
            yield reader.feed(read_object(event, "an event"))
        return
    data = opened.read()
    if is_html(opened.content_type, data):
        raise bad_answer("it is a page for people")
    yield reader.whole(read_object(data, "it"))


def _encoded(body: Mapping[str, Any]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except (ValueError, TypeError) as error:
        raise EngineError(
            f"The request cannot be written as JSON: {error}",
            fix="Give text that UTF-8 has a form for, and a schema of plain JSON data.",
            code="engine.bad_request",
        ) from error
