"""The engines of an optimisation, by name or role, and how their answers are drawn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from agent_agency.inference.engine_file import load_engines
from agent_agency.workflows.engine_pool import Engines

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine, Parameters


def chosen(name: str, reflector: str, environment: Mapping[str, str]) -> tuple[Engine, Engine, Parameters]:
    """The engine that answers, the one that words instructions, and how the first one's answers are drawn.

    They share a budget of memory and are one task for the caps. Both stay open until the process ends.

    Args:
        name: of an engine or a role; empty for the role ``primary``.
        reflector: likewise; empty for the same engine.
        environment: settings and keys.

    Raises:
        EngineError: one is not set up, or its key is not there.
        FileUnreadableError: the user's file of engines cannot be read.
        MissingExtraError: servers need a library that is not installed.
    """
    engines = Engines(load_engines(environment), environment)
    engine = engines.engine(name or None)
    words = engines.engine(reflector) if reflector else engine
    return engine, words, engines.parameters(name or None)
