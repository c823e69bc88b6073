"""How a model's process is started: by this interpreter, with an environment of its own and no keys of anybody's."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import agent_agency
from agent_agency.inference.local.llama_cpp.environment import environment_for_child
from agent_agency.inference.local.private_folder import MEMORY_FOLDER, PrivateFolder, remove_left


@dataclass(frozen=True, slots=True)
class Started:
    """A process whose standard streams are pipes, and what cleans up after it once it is gone."""

    process: subprocess.Popen[bytes]
    clean: Callable[[], object]


Start = Callable[[], Started]

_PREFIX = "agency-model-"
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
_SET = MappingProxyType(
    {
        "HF_HUB_OFFLINE": "1",
        "TRANSFORMERS_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "TOKENIZERS_PARALLELISM": "false",
    }
)
_MODULE = "agent_agency.inference.local.worker"


def environment(own: Mapping[str, str], engine: str, *, spin: bool = False) -> dict[str, str]:
    """What a model's process may know of this one's environment: no keys, no proxies, no addresses.

    Args:
        own: this process's.
        engine: ``openvino`` or ``llama.cpp``, which may need settings of its own before any code runs.
        spin: leave llama.cpp its own way to wait, quicker on a machine that does nothing else.
    """
    kept = {name: own[name] for name in _KEPT if name in own}
    wanted = environment_for_child(spin=spin) if engine == "llama.cpp" else {}
    package = os.fspath(Path(agent_agency.__file__).parent.parent)
    return {**kept, **_SET, **wanted, "PYTHONPATH": package}


def starting(engine: str, backend: str | None, *, spin: bool = False) -> Start:
    """What starts a model's process, with a folder of its own for temporary files.

    Libraries convert models into files as large as the model; a process that is killed removes none of them.

    Args:
        engine: as in `environment`.
        backend: a test's double as ``FILE:FUNCTION``; ``None`` everywhere else.
        spin: as in `environment`.
    """

    def start() -> Started:
        folder = PrivateFolder((Path(tempfile.gettempdir()),), _PREFIX)

        def clean() -> None:
            folder.remove()
            remove_left(MEMORY_FOLDER)  # what llama.cpp had there: memory that nobody else gives back

        double = () if backend is None else ("--backend", backend)
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, "--parent", str(os.getpid()), *double],
                env=environment(os.environ, engine, spin=spin) | {"TMPDIR": os.fspath(folder.path)},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,
            )
        except BaseException:
            folder.remove()
            raise
        return Started(process, clean)

    return start
