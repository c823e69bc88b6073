"""The engines of an optimisation, by name."""

from __future__ import annotations

from collections.abc import Mapping

from agent_agency.errors import EngineError
from agent_agency.inference.protocol import Engine, Parameters


def chosen(name: str, environment: Mapping[str, str]) -> Engine:
    """The engine of a name or role.

    Raises:
        EngineError: it is not set up.
    """
    del environment
    if name != "offline":
        raise EngineError(f"There is no engine {name!r}", fix="Choose --engine offline.", code="engine.unknown")
    from agent_agency.inference.offline.engine import OfflineEngine

    return OfflineEngine()


def parameters_of(name: str, environment: Mapping[str, str]) -> Parameters:
    """How answers are drawn with that engine."""
    del name, environment
    return Parameters()
