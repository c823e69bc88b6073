"""Which engine runs a model on this machine, and how many requests at once, where the settings leave it open.

What was measured here comes first; else there is a stated default. Nothing is imported to find that out.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from types import MappingProxyType

from agent_agency.errors import EngineError, MissingExtraError
from agent_agency.inference.bench.winner import Choice, default_choice
from agent_agency.inference.engine_settings import EngineSettings
from agent_agency.inference.models.model_facts import ModelFacts

OPENVINO = "openvino"
LLAMA_CPP = "llama.cpp"
MODULES = MappingProxyType({OPENVINO: "openvino_genai", LLAMA_CPP: "xllamacpp"})
_FAST_MACHINES = frozenset({"x86_64", "amd64"})


@dataclass(frozen=True, slots=True)
class Runner:
    """What runs a model: the engine, requests at once, and why it is that one."""

    engine: str
    width: int
    why: str


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine can run: its processor's kind, and whether a module is installed."""

    processor: str
    installed: Callable[[str], bool]

    @classmethod
    def this(cls) -> Machine:
        """This machine."""
        return cls(platform.machine().lower(), lambda module: find_spec(module) is not None)


def choose_backend(
    settings: EngineSettings, facts: ModelFacts, measured: Choice | None, machine: Machine, memory_gib: int = 0
) -> Runner:
    """What runs this model.

    Args:
        settings: ``engine`` and ``width`` are a person's and come first.
        facts: of the model's file.
        measured: what was the quickest way here, where that was measured.
        machine: this one.
        memory_gib: of the machine; 0 where unknown.

    Raises:
        EngineError: the engine that is asked for cannot read this model (``engine.unsupported_model``).
        MissingExtraError: no engine that can is installed.
    """
    possible = installed_engines(machine)
    if settings.engine != "auto":
        engine, why = settings.engine, "as the settings say"
        _refuse_unreadable(engine, facts, settings)
    elif measured is not None and measured.engine in runnable(facts, machine):
        engine, why = measured.engine, measured.why
    else:
        engine = _default(facts, machine, possible)
        why = _default_why(engine, facts, memory_gib)
    if engine not in possible:
        raise MissingExtraError(
            f"This needs {MODULES[engine]}, which is not installed", fix="Run pip install 'agent-agency[local]'."
        )
    width = settings.width
    if width is None and measured is not None and measured.engine == engine:
        width = measured.width
    if width is None:
        width = default_choice(openvino=engine == OPENVINO, memory_gib=memory_gib).width
    return Runner(engine, width, why)


def installed_engines(machine: Machine) -> list[str]:
    """The engines that are there, whatever they can read."""
    return [engine for engine in (OPENVINO, LLAMA_CPP) if machine.installed(MODULES[engine])]


def runnable(facts: ModelFacts, machine: Machine) -> list[str]:
    """The engines that are there and can read the model."""
    return [engine for engine in installed_engines(machine) if _reads(engine, facts)]


def _default(facts: ModelFacts, machine: Machine, possible: list[str]) -> str:
    if facts.format == "openvino":
        return OPENVINO
    quick = machine.processor in _FAST_MACHINES and OPENVINO in possible and _reads(OPENVINO, facts)
    return OPENVINO if quick else LLAMA_CPP


def _reads(engine: str, facts: ModelFacts) -> bool:
    if engine == LLAMA_CPP or facts.format == "openvino":
        return (engine == OPENVINO) == (facts.format == "openvino")
    return not facts.not_openvino


def _default_why(engine: str, facts: ModelFacts, memory_gib: int) -> str:
    why = default_choice(openvino=engine == OPENVINO, memory_gib=memory_gib).why
    return f"{why}: {facts.not_openvino}" if engine == LLAMA_CPP and facts.not_openvino else why


def _refuse_unreadable(engine: str, facts: ModelFacts, settings: EngineSettings) -> None:
    if engine == OPENVINO and facts.not_openvino:
        message = f"OpenVINO does not run this model rightly: {facts.not_openvino}"
        fix = f"Write 'engine = \"{LLAMA_CPP}\"', or convert the model into a folder of OpenVINO's form."
    elif engine == LLAMA_CPP and facts.format == "openvino":
        message, fix = "llama.cpp reads GGUF files, and this is an OpenVINO folder", f"Write 'engine = \"{OPENVINO}\"'."
    else:
        return
    raise EngineError(message, fix=fix, path=settings.path, code="engine.unsupported_model")
