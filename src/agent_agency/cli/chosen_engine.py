"""The engine that a command asks, closed when the command ends: a model on this machine has a process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine, Parameters


def chosen_engine(spec: str | None) -> tuple[Engine, Parameters]:
    """The engine of a name, or of the role ``primary``, and how its answers are drawn.

    Raises:
        AgencyError: as `agent_agency.workflows.engine_pool.Engines.engine`.
    """
    from agent_agency.cli.measured_hint import tell_hint
    from agent_agency.workflows.engine_pool import open_engine

    tell_hint(spec)
    opened = open_engine(spec, os.environ)
    context = click.get_current_context(silent=True)
    if context is not None:
        context.call_on_close(opened.close)
    return opened.engine, opened.parameters
