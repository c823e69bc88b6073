"""Loads a GGUF file with llama.cpp."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agent_agency.errors import EngineError
from agent_agency.inference.local.backend import Backend, BackendFacts, LoadOptions
from agent_agency.inference.local.llama_cpp.cache_size import bytes_per_token
from agent_agency.inference.local.llama_cpp.call import Call
from agent_agency.inference.local.llama_cpp.desk import Desk
from agent_agency.inference.local.llama_cpp.llama_cpp_backend import LlamaCpp
from agent_agency.inference.local.llama_cpp.prefixes import Prefixes
from agent_agency.inference.local.llama_cpp.prompts import Prompts
from agent_agency.inference.local.llama_cpp.same_numbers import same_numbers, steady
from agent_agency.inference.local.llama_cpp.server import start
from agent_agency.inference.local.llama_cpp.settings import Settings, settings_of
from agent_agency.inference.local.llama_cpp.slots import Slots
from agent_agency.inference.local.mute_template import refuse_mute_template
from agent_agency.inference.local.private_folder import PrivateFolder
from agent_agency.inference.models.gguf_header import read_gguf
from agent_agency.inference.models.gguf_marks import read_marks
from agent_agency.inference.models.model_facts import read_model, refuse_without_template

MOST_LOGPROBS = 100
_DEFAULT_NOTES = (
    "In the precision 'default' a score depends a little on what is computed beside it; 'exact' keeps it the same.",
)
_EXACT_NOTES = (
    "In the precision 'exact' attention keeps its keys with 8 bits, and an answer takes about a fifth longer.",
)
_ALONE_NOTES = (
    "This model's numbers depend on what is computed beside them: 'exact' takes one request at a time, and no prefix.",
)


def load(options: LoadOptions) -> Backend:
    """Load a model.

    Args:
        options: ``extra`` as in `settings.settings_of`.

    Raises:
        MissingExtraError: xllamacpp is not installed.
        FileUnreadableError: the file is not there.
        EngineError: the file is no model, or cut off; llama.cpp cannot run it (``engine.model_unreadable``,
            ``engine.model_unsupported``); it has no chat template (``engine.no_chat_template``); or an option is none
            (``engine.bad_settings``).
    """
    model = read_model(Path(options.path))
    if model.format != "gguf":
        raise EngineError(
            "llama.cpp reads GGUF files, and this is an OpenVINO folder",
            fix='Give the GGUF file that the folder was made from, or write engine = "openvino".',
            path=options.path,
            code="engine.model_unsupported",
        )
    refuse_without_template(model, Path(options.path))
    settings = settings_of(options, model.context_tokens, bytes_per_token(read_gguf(Path(options.path))))
    folder = PrivateFolder()
    try:
        return _serve(settings, folder, model.tensor_kinds)
    except BaseException:
        folder.remove()
        raise


def _serve(settings: Settings, folder: PrivateFolder, kinds: tuple[str, ...]) -> Backend:
    server = start(settings, folder)
    told = server.door.ask("/props", None, Call())
    context: int = told["default_generation_settings"]["n_ctx"]
    prompts = Prompts(server.door, context, read_marks(Path(settings.path)))
    refuse_mute_template(lambda messages: prompts.text(messages, Call()), settings.path)
    notes = _EXACT_NOTES if settings.exact else _DEFAULT_NOTES
    together = settings.exact and (settings.width > 1 or settings.reuse)
    if together and not (steady(kinds) and same_numbers(server.door, prompts, width=settings.width)):
        settings, notes = replace(settings, reuse=False, width=1), _ALONE_NOTES
    desk = Desk(
        door=server.door,
        prompts=prompts,
        slots=Slots(settings.width),
        prefixes=Prefixes(server.door, folder.path, settings.kept_bytes),
        reuse=settings.reuse,
    )
    return LlamaCpp(_facts(settings, context, notes), server, folder, desk)


def _facts(settings: Settings, context: int, notes: tuple[str, ...]) -> BackendFacts:
    from importlib.metadata import version

    return BackendFacts(
        engine="llama.cpp",
        version=f"xllamacpp {version('xllamacpp')}",
        precision="exact" if settings.exact else "default",
        context_tokens=context,
        width=settings.width,
        schema=True,
        logprobs=MOST_LOGPROBS,
        labels=True,
        seed=True,
        notes=notes,
    )
