"""``agency engine check``: find out by trying what an engine can do, and whether it can be trusted with a judge."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from agent_agency.errors import EngineError
from agent_agency.inference.choose import settings_of
from agent_agency.inference.engine_file import load_engines
from agent_agency.inference.models.local_engine import how_run
from agent_agency.inference.prompt_size import least_tokens
from agent_agency.inference.protocol import Message, Parameters, Request
from agent_agency.workflows.engine_pool import opened_engine

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Capabilities, Engine, Reply

ALL_FINE = 0
FOUND = 1
CANNOT_RUN = 2
CALL_S = 120.0
_LARGEST_TRIED = 32_768
_SMALL_WINDOW = 2048
_ANSWER_TOKENS = 16
_SHARE = 0.5
_DIGITS = 6
_WORDS = 64
_QUESTION = "Name the colour of the sky on a clear day, in one word."


class Standing(StrEnum):
    """How a check came out; only ``limited`` and ``failed`` need mending."""

    FINE = "fine"
    NOTED = "noted"
    LIMITED = "limited"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EngineProbe:
    """One check: what was looked at, how it came out, what was found, and what to do about it."""

    name: str
    standing: Standing
    found: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class EngineCheck:
    """All checks of one engine; ``identity`` and ``capabilities`` are empty where it cannot be reached."""

    engine: str
    identity: Mapping[str, str]
    capabilities: Capabilities | None
    probes: tuple[EngineProbe, ...]

    @property
    def exit_code(self) -> int:
        """0 where all is fine, 1 where something is limited or wrong, 2 where the engine cannot be asked."""
        if self.capabilities is None:
            return CANNOT_RUN
        needs = any(one.standing in {Standing.LIMITED, Standing.FAILED} for one in self.probes)
        return FOUND if needs else ALL_FINE


def check_engine(spec: str | None, environment: Mapping[str, str]) -> EngineCheck:
    """Check an engine by asking it some short questions, and one that is too long for it.

    Args:
        spec: the engine, as `choose.choose_engine` takes it.
        environment: settings and keys.

    Raises:
        EngineError: there is no such engine, or its key is missing.
    """
    with opened_engine(spec, environment) as engine:
        found = _checked(engine)
    return replace(found, probes=(*found.probes, *_how_run(spec, environment)))


def _how_run(spec: str | None, environment: Mapping[str, str]) -> Iterator[EngineProbe]:
    """What runs a model of this machine, and why it is that."""
    settings = settings_of(spec, load_engines(environment))
    if settings.kind != "local":
        return
    found = how_run(settings, environment)
    runner = found.runner
    yield EngineProbe("run by", Standing.FINE, f"{runner.engine}, {runner.width} at once ({runner.why})")
    if found.note:
        yield EngineProbe("measured", Standing.NOTED, found.note)


def _checked(engine: Engine) -> EngineCheck:
    health = engine.health()
    if not health.ready:
        remedy = "Start the server, or mend the engine's settings."
        return EngineCheck(engine.name, {}, None, (EngineProbe("reachable", Standing.FAILED, health.detail, remedy),))
    reachable = EngineProbe("reachable", Standing.FINE, health.detail)
    try:
        identity, capabilities = engine.identity, engine.capabilities()
    except EngineError as error:
        failed = EngineProbe("answers", Standing.FAILED, error.message, error.fix)
        return EngineCheck(engine.name, {}, None, (reachable, failed))
    probes = (reachable, *_of_any(identity, capabilities))
    if capabilities.language_model:
        probes = (*probes, *_of_a_model(engine, identity, capabilities))
    return EngineCheck(engine.name, identity, capabilities, probes)


def _of_any(identity: Mapping[str, str], capabilities: Capabilities) -> Iterator[EngineProbe]:
    if not capabilities.language_model:
        yield EngineProbe("language model", Standing.NOTED, "none: what it answers says nothing of how a model judges")
    digest = identity.get("model_digest") or identity.get("recording", "")
    told = ", ".join(part for part in (identity.get("model", ""), identity.get("quantisation", ""), digest) if part)
    yield EngineProbe("model", Standing.FINE, told)
    if precision := identity.get("precision"):
        yield EngineProbe("precision", Standing.FINE, precision)
    for note in capabilities.notes:
        yield EngineProbe("note", Standing.NOTED, note)


def _of_a_model(engine: Engine, identity: Mapping[str, str], capabilities: Capabilities) -> Iterator[EngineProbe]:
    yield _schema(capabilities)
    yield _logprobs(capabilities)
    if capabilities.labels:
        yield EngineProbe("labels", Standing.FINE, "scored by their log-probabilities")
    yield _guarded("token count", lambda: _token_count(engine))
    yield _guarded("repeatable", lambda: _repeatable(engine))
    yield _guarded("context", lambda: _context(engine, identity, capabilities))


def _schema(capabilities: Capabilities) -> EngineProbe:
    if capabilities.schema:
        return EngineProbe("schema", Standing.FINE, "kept to while decoding")
    remedy = "Update the server, or take one that enforces a JSON schema; judges put it into the prompt until then."
    return EngineProbe("schema", Standing.LIMITED, "refused, or not kept to", remedy)


def _logprobs(capabilities: Capabilities) -> EngineProbe:
    found = "offered" if capabilities.logprobs else "not offered; only judges that weigh labels need them"
    return EngineProbe("log-probabilities", Standing.FINE if capabilities.logprobs else Standing.NOTED, found)


def _token_count(engine: Engine) -> EngineProbe:
    """A true count grows with the prompt by what was added, whatever the tokenizer."""
    short, longer = (Message("user", _QUESTION),), (Message("user", f"{'sky ' * _WORDS}{_QUESTION}"),)
    counts = [_asked(engine, messages).usage.prompt for messages in (short, longer)]
    if counts[0] is None or counts[1] is None:
        remedy = "Update the server; without a count a cut prompt goes unnoticed."
        return EngineProbe("token count", Standing.LIMITED, "the server counts no tokens of the prompt", remedy)
    grown, least = counts[1] - counts[0], least_tokens(longer) - least_tokens(short)
    own = engine.count_tokens(longer)
    if grown < least or (own is not None and own > counts[1]):
        found = f"{_WORDS} more words made {grown} more tokens" + (f"; its tokenizer says {own}" if own else "")
        return EngineProbe("token count", Standing.FAILED, found, "Update the server; its counts are not true.")
    source = "agrees with its tokenizer" if own is not None else f"{_WORDS} words more are {grown} tokens more"
    return EngineProbe("token count", Standing.FINE, source)


def _repeatable(engine: Engine) -> EngineProbe:
    texts = {_asked(engine, (Message("user", _QUESTION),)).text for _ in range(2)}
    if len(texts) == 1:
        return EngineProbe("repeatable", Standing.FINE, "the same answer twice at temperature 0")
    found = "two answers differ at temperature 0 and one seed: a judge's stability is limited by it"
    return EngineProbe("repeatable", Standing.NOTED, found)


def _context(engine: Engine, identity: Mapping[str, str], capabilities: Capabilities) -> EngineProbe:
    """Ask what cannot fit: the server must refuse, or its count must show that it read less."""
    window = capabilities.context_tokens
    if window is None:
        remedy = "Write 'context = TOKENS' into the engine's settings."
        return EngineProbe("context", Standing.LIMITED, "unknown, so that a small cut goes unnoticed", remedy)
    tried = min(window, _SMALL_WINDOW) if identity.get("backend") == "ollama" else window
    if tried > _LARGEST_TRIED:
        return EngineProbe("context", Standing.NOTED, f"{window:,} tokens; too large to be tried")
    try:
        _asked(engine, (_too_long(tried),), context=tried)
    except EngineError as error:
        if error.stable_code == "engine.prompt_too_long":
            return EngineProbe("context", Standing.FINE, f"{window:,} tokens; a prompt beyond it is refused")
        if error.stable_code == "engine.prompt_cut":
            found = f"{window:,} tokens; the server cuts a prompt beyond it, and that was noticed"
            return EngineProbe("context", Standing.FINE, found)
        raise
    found = f"a prompt beyond {tried:,} tokens was answered as if it had been read"
    remedy = "Do not judge with this server; it hides that it cut the prompt, or reports a wrong window."
    return EngineProbe("context", Standing.FAILED, found, remedy)


def _too_long(window: int) -> Message:
    """Words of random digits, too few for the lower bound to see and by far too many tokens for the window."""
    rng = random.Random(window)  # noqa: S311 - digits that no tokenizer has, nothing secret
    words = (f"{rng.randrange(10**_DIGITS):0{_DIGITS}x}-+#?!;" for _ in range(int(window * _SHARE)))
    return Message("user", "Count these: " + " ".join(words))


def _asked(engine: Engine, messages: tuple[Message, ...], *, context: int | None = None) -> Reply:
    return engine.generate(Request(messages, Parameters(max_tokens=_ANSWER_TOKENS, context=context), None, CALL_S))


def _guarded(name: str, probe: Callable[[], EngineProbe]) -> EngineProbe:
    try:
        return probe()
    except EngineError as error:
        return EngineProbe(name, Standing.FAILED, error.message, error.fix)
