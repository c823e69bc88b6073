"""Loads a GGUF file with llama.cpp."""

from __future__ import annotations

from pathlib import Path

from agent_agency.errors import EngineError
from agent_agency.inference.local.backend import Backend, BackendFacts, LoadOptions
from agent_agency.inference.local.llama_cpp.call import Call
from agent_agency.inference.local.llama_cpp.desk import Desk
from agent_agency.inference.local.llama_cpp.llama_cpp_backend import LlamaCpp
from agent_agency.inference.local.llama_cpp.prefixes import Prefixes
from agent_agency.inference.local.llama_cpp.private_folder import PrivateFolder
from agent_agency.inference.local.llama_cpp.prompts import Prompts
from agent_agency.inference.local.llama_cpp.server import start
from agent_agency.inference.local.llama_cpp.settings import Settings, settings_of
from agent_agency.inference.local.llama_cpp.slots import Slots
from agent_agency.inference.models.model_facts import read_model

MOST_LOGPROBS = 100
_DEFAULT_NOTES = (
    "In the precision 'default' a score depends a little on what is computed beside it; 'exact' keeps it the same.",
)
_EXACT_NOTES = ("In the precision 'exact' the model's attention keeps its keys in 8 bits, and is slower.",)


def load(options: LoadOptions) -> Backend:
    """Load a model.

    Args:
        options: ``extra`` as in `settings.settings_of`.

    Raises:
        MissingExtraError: xllamacpp is not installed.
        FileUnreadableError: the file is not there.
        EngineError: the file is no model, or cut off, or llama.cpp cannot run it (``engine.model_unreadable``), or it
            has no chat template (``engine.no_chat_template``), or an option is none (``engine.bad_settings``).
    """
    model = read_model(Path(options.path))
    if not model.chat_template:
        raise EngineError(
            "The model has no chat template, so nobody knows how messages are written for it",
            fix="Take a GGUF file of a chat or instruct model.",
            path=options.path,
            code="engine.no_chat_template",
        )
    settings = settings_of(options, model.context_tokens)
    folder = PrivateFolder()
    try:
        return _serve(settings, folder)
    except BaseException:
        folder.remove()
        raise


def _serve(settings: Settings, folder: PrivateFolder) -> Backend:
    server = start(settings, folder)
    told = server.door.ask("/props", None, Call())
    context: int = told["default_generation_settings"]["n_ctx"]
    desk = Desk(
        door=server.door,
        prompts=Prompts(server.door, context),
        slots=Slots(settings.width),
        prefixes=Prefixes(server.door, folder.path, settings.kept_bytes),
        reuse=settings.reuse,
    )
    return LlamaCpp(_facts(settings, context), server, folder, desk)


def _facts(settings: Settings, context: int) -> BackendFacts:
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
        notes=_EXACT_NOTES if settings.exact else _DEFAULT_NOTES,
    )
