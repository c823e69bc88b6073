"""The engine that a command asks, closed when the command ends: a model on this machine has a process."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine, Parameters


def chosen_engine(spec: str | None) -> tuple[Engine, Parameters]:
    """The engine of a name, or of the role ``primary``, and how its answers are drawn.

    Raises:
        AgencyError: as `agent_agency.inference.choose.choose_engine`.
    """
    from agent_agency.inference.choose import choose_engine, close_engine, default_parameters
    from agent_agency.inference.engine_file import load_engines

    choices = load_engines(os.environ)
    engine = choose_engine(spec, choices, os.environ)
    context = click.get_current_context(silent=True)
    if context is not None:
        context.call_on_close(partial(close_engine, engine))
    return engine, default_parameters(spec, choices)
