"""Find out which server answers behind a URL, which model, and which weights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from agent_agency.canonical_json import digest_json
from agent_agency.errors import EngineError
from agent_agency.inference.dialects.agency import OWNER, AgencyDialect
from agent_agency.inference.dialects.dialect import Ask, Dialect, ServerFacts
from agent_agency.inference.dialects.llama_server import LlamaServerDialect
from agent_agency.inference.dialects.ollama import OllamaDialect
from agent_agency.inference.dialects.openai import OpenAiDialect
from agent_agency.inference.dialects.vllm import VllmDialect
from agent_agency.inference.untrusted_json import as_count, as_text, bad_answer, shown

_ABSENT = frozenset({"engine.not_found", "engine.refused", "engine.server_failed", "engine.bad_answer"})
_HEX_DIGEST = re.compile(r"[0-9a-f]{64}")
_SHOWN_MODELS = 8


def detect(
    ask: Ask, *, is_ollama: bool, model: str, endpoint: str, keep_alive: str | None
) -> tuple[Dialect, ServerFacts]:
    """Ask a server what it is.

    Args:
        ask: sends small requests below the server's root.
        is_ollama: the settings say so; otherwise it is found out.
        model: the model that is wanted; empty for the only one that the server has.
        endpoint: the URL, which is all that tells one unknown server from another.
        keep_alive: for Ollama.

    Raises:
        EngineError: it cannot be reached, is no such server, or has no such model (``engine.unknown_model``).
    """
    if is_ollama:
        return OllamaDialect(keep_alive), _ollama(ask, model)
    listed = _listed(ask)
    owners = {str(entry.get("owned_by")) for entry in listed}
    if "vllm" in owners:
        return VllmDialect(), _vllm(ask, listed, model)
    if "llamacpp" in owners:
        return LlamaServerDialect(), _llama_server(ask, listed, model)
    if OWNER in owners:
        return AgencyDialect(), _unknown(listed, model, endpoint)
    if _version(ask, "/api/version"):
        return OllamaDialect(keep_alive), _ollama(ask, model)
    return OpenAiDialect(_limit_key(endpoint)), _unknown(listed, model, endpoint)


def _limit_key(endpoint: str) -> str:
    """OpenAI itself has given ``max_tokens`` up, and its newer models refuse it; other servers know only that."""
    return "max_completion_tokens" if urlsplit(endpoint).hostname == "api.openai.com" else "max_tokens"


def _listed(ask: Ask) -> list[Mapping[str, Any]]:
    """The models of ``/v1/models``; none where a server keeps no such list."""
    try:
        data = ask("GET", "/v1/models").get("data")
    except EngineError as error:
        if error.stable_code != "engine.not_found":
            raise
        return []
    if not isinstance(data, list) or not all(isinstance(entry, dict) for entry in data):
        raise bad_answer("the list of models holds no list 'data'")
    return data


def _unknown(listed: Sequence[Mapping[str, Any]], model: str, endpoint: str) -> ServerFacts:
    if not listed and not model:
        raise EngineError(
            "The server keeps no list of models, and none is named",
            fix="Name the model in the engine's settings, or after '#' in the URL.",
            code="engine.unknown_model",
        )
    entry = _entry(listed, model, "id") if listed else {"id": model}
    name = as_text(entry.get("id"), "a model's name")
    told = {key: entry[key] for key in ("id", "owned_by", "root", "max_model_len") if entry.get(key) is not None}
    digest = _digest({"endpoint": endpoint, **told})
    identity = {"backend": "openai", "endpoint": endpoint, "model": name, "model_digest": digest}
    window = as_count(entry.get("max_model_len") or entry.get("context_length"), "the window")
    return ServerFacts("openai", name, digest, MappingProxyType(identity), window, refuses_long=False)


def _vllm(ask: Ask, listed: Sequence[Mapping[str, Any]], model: str) -> ServerFacts:
    entry = _entry(listed, model, "id")
    name = as_text(entry.get("id"), "a model's name")
    window = as_count(entry.get("max_model_len"), "the window")
    digest = _digest({"backend": "vllm", "id": name, "root": entry.get("root"), "max_model_len": window})
    identity = {"backend": "vllm", "model": name, "model_digest": digest, **_named(_version(ask, "/version"))}
    return ServerFacts("vllm", name, digest, MappingProxyType(identity), window, refuses_long=True)


def _llama_server(ask: Ask, listed: Sequence[Mapping[str, Any]], model: str) -> ServerFacts:
    entry = _entry(listed, model, "id")
    name = as_text(entry.get("id"), "a model's name")
    props = _optional(ask, "/props")
    settings = props.get("default_generation_settings")
    window = as_count(settings.get("n_ctx") if isinstance(settings, Mapping) else None, "the window")
    told = entry.get("meta")
    meta: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    digest = _digest({"backend": "llama-server", "id": name, "path": props.get("model_path"), "meta": meta})
    identity = {"backend": "llama-server", "model": name, "model_digest": digest, **_template(props, "chat_template")}
    if isinstance(quantisation := meta.get("ftype"), str) and quantisation:
        identity["quantisation"] = quantisation
    build = props.get("build_info")
    identity |= _named(build if isinstance(build, str) else "")
    return ServerFacts("llama-server", name, digest, MappingProxyType(identity), window, refuses_long=True)


def _ollama(ask: Ask, model: str) -> ServerFacts:
    version = as_text(ask("GET", "/api/version").get("version"), "Ollama's version")
    models = ask("GET", "/api/tags").get("models")
    if not isinstance(models, list) or not all(isinstance(entry, dict) for entry in models):
        raise bad_answer("the list of models holds no list 'models'")
    wanted = f"{model}:latest" if model and ":" not in model.rpartition("/")[2] else model
    entry = _entry(models, wanted, "name")
    name = as_text(entry.get("name"), "a model's name")
    told = ask("POST", "/api/show", {"model": name})
    hexadecimal = str(entry.get("digest", "")).removeprefix("sha256:")
    digest = f"sha256:{hexadecimal}" if _HEX_DIGEST.fullmatch(hexadecimal) else _digest(dict(entry))
    details = entry.get("details")
    quantisation = details.get("quantization_level") if isinstance(details, Mapping) else None
    identity = {"backend": "ollama", "model": name, "model_digest": digest, **_named(version)}
    if isinstance(quantisation, str) and quantisation:
        identity["quantisation"] = quantisation
    identity |= _template(told, "template")
    return ServerFacts("ollama", name, digest, MappingProxyType(identity), _ollama_window(told), refuses_long=False)


def _ollama_window(told: Mapping[str, Any]) -> int | None:
    info = told.get("model_info")
    if not isinstance(info, Mapping):
        return None
    windows = [value for key, value in info.items() if str(key).endswith(".context_length")]
    return as_count(windows[0], "the model's window") if windows else None


def _entry(listed: Sequence[Mapping[str, Any]], model: str, key: str) -> Mapping[str, Any]:
    """The entry of the model that is wanted; of the only one where none is named."""
    names = [str(entry.get(key)) for entry in listed]
    if model in names:
        return listed[names.index(model)]
    if not model and len(listed) == 1:
        return listed[0]
    what = f"The server has no model {model!r}" if model else "The server has several models, and none is named"
    raise EngineError(
        what if names else "The server has no model", fix=_choose(model, names), code="engine.unknown_model"
    )


def _choose(model: str, names: Iterable[str]) -> str:
    from difflib import get_close_matches

    known = list(names)
    if close := get_close_matches(model, known, n=1):
        return f"Did you mean {shown(close[0])}?"
    listed = ", ".join(shown(name) for name in known[:_SHOWN_MODELS])
    return f"Name one of its models: {listed}." if known else "Load a model into the server first."


def _version(ask: Ask, path: str) -> str:
    version = _optional(ask, path).get("version")
    return version if isinstance(version, str) else ""


def _optional(ask: Ask, path: str) -> Mapping[str, Any]:
    """What a server tells there; nothing where it knows no such path."""
    try:
        return ask("GET", path)
    except EngineError as error:
        if error.stable_code in _ABSENT:
            return {}
        raise


def _named(version: str) -> dict[str, str]:
    return {"backend_version": version} if version else {}


def _template(told: Mapping[str, Any], key: str) -> dict[str, str]:
    """The chat template is part of what answers: another one makes another judge of the same weights."""
    template = told.get(key)
    return {"template_digest": digest_json(template)} if isinstance(template, str) and template else {}


def _digest(value: Mapping[str, Any]) -> str:
    try:
        return digest_json(dict(value))
    except ValueError as error:
        raise bad_answer(f"what it says of the model is no plain JSON ({error})") from error
