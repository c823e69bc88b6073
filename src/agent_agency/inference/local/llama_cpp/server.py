"""llama.cpp's server, started inside this process and set up for judging.

**Exact mode.** llama.cpp picks some kernels by how many tokens are computed together, and these round differently:
flash attention over 16-bit keys and values of one type has a path for one query and one for many, and plain attention
multiplies matrices in other tiles. With keys in Q8_0 (or BF16 where a head's size is no multiple of 32) every query
goes through the same path whatever stands beside it, so that a token's logits depend on its own context alone.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_agency.errors import EngineError
from agent_agency.extras import require
from agent_agency.inference.local.llama_cpp.door import Door
from agent_agency.inference.local.llama_cpp.settings import Settings
from agent_agency.inference.local.private_folder import PrivateFolder

_SILENT = -1
_BATCH = 512  # what is cancelled goes on to the end of its batch; computing is done by 512 in any case
_SOCKET = "s.sock"


@dataclass(slots=True)
class Server:
    """A running server: the library's object, which is all that keeps it alive, and the door to it."""

    native: Any
    door: Door

    def stop(self) -> None:
        """End it; its threads are joined when the library's object goes."""
        self.native = None


def start(settings: Settings, folder: PrivateFolder) -> Server:
    """Load the model and serve it.

    Raises:
        MissingExtraError: the library is not installed.
        EngineError: ``engine.model_unreadable``: llama.cpp cannot load the file.
    """
    library = _library()
    key = secrets.token_urlsafe(24)
    address = str(folder.path / _SOCKET)
    kinds = (("Q8_0", "F16"), ("BF16", "BF16")) if settings.exact else (("F16", "F16"),)
    for keys, values in kinds:
        parameters = _parameters(library, settings, address, key)
        parameters.slot_save_path = f"{folder.path}/"
        _attention(library, parameters, keys, values, exact=settings.exact)
        try:
            return Server(library.Server(parameters), Door(address, key))
        except RuntimeError:  # the file, or a head's size that Q8_0 does not divide
            Path(address).unlink(missing_ok=True)
    raise EngineError(
        "llama.cpp cannot load the model: this version does not know its architecture, its tokens or chat template are"
        " broken, or there is too little memory",
        fix="Update xllamacpp, take a smaller width or context, or take another file.",
        path=settings.path,
        code="engine.model_unreadable",
    )


def _library() -> Any:
    try:
        return require("xllamacpp", extra="local")
    except ImportError as broken:  # it is there, and something of the system's is not
        raise EngineError(
            f"llama.cpp's library cannot be loaded: {broken}",
            fix="Install what it misses; libgomp.so.1 is in the system's package libgomp1.",
            code="engine.library_broken",
        ) from broken


def _parameters(library: Any, settings: Settings, address: str, key: str) -> Any:
    parameters = library.CommonParams()
    parameters.model.path = settings.path
    parameters.n_parallel = settings.width
    parameters.n_ctx = settings.context * settings.width  # the server divides it among its slots
    parameters.cpuparams.n_threads = settings.threads
    parameters.cpuparams_batch.n_threads = settings.threads
    parameters.n_batch = _BATCH
    parameters.cache_prompt = settings.reuse
    parameters.cache_ram_mib = 0  # its own prompt cache grows with every request and shares nothing between slots
    parameters.slot_prompt_similarity = 0.0  # we choose the slots
    parameters.fit_params = False  # what was asked for, or an error
    parameters.verbosity = _SILENT
    parameters.hostnames = [address]
    parameters.api_keys = [key]
    parameters.endpoint_slots = True
    parameters.ui = False
    return parameters


def _attention(library: Any, parameters: Any, keys: str, values: str, *, exact: bool) -> None:
    chosen = "ENABLED" if exact else "AUTO"
    parameters.flash_attn_type = getattr(library.llama_flash_attn_type, f"LLAMA_FLASH_ATTN_TYPE_{chosen}")
    if exact:
        parameters.n_gpu_layers = 0  # what is said above was seen of the processor's kernels
        parameters.no_extra_bufts = True
    parameters.cache_type_k = getattr(library.ggml_type, f"GGML_TYPE_{keys}")
    parameters.cache_type_v = getattr(library.ggml_type, f"GGML_TYPE_{values}")
