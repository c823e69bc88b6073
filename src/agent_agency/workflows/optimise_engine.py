"""The engines of an optimisation, by name or role, and how their answers are drawn."""

from __future__ import annotations

from collections.abc import Mapping

from agent_agency.inference.choose import choose_engine, default_parameters
from agent_agency.inference.engine_file import load_engines
from agent_agency.inference.protocol import Engine, Parameters


def chosen(name: str, environment: Mapping[str, str]) -> Engine:
    """The engine of a name or role; without one, that of the role ``primary``.

    Raises:
        EngineError: it is not set up, or its key is not there.
        FileUnreadableError: the user's file of engines cannot be read.
        MissingExtraError: servers need a library that is not installed.
    """
    return choose_engine(name or None, load_engines(environment), environment)


def parameters_of(name: str, environment: Mapping[str, str]) -> Parameters:
    """How answers are drawn with that engine, where nobody says otherwise.

    Raises:
        EngineError: as `chosen`.
    """
    return default_parameters(name or None, load_engines(environment))
