"""Libraries that only some commands need: imported where used, and asked for by name where they are missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from agent_agency.errors import MissingExtraError


def require(module: str, *, extra: str) -> Any:
    """Import a library of an optional extra.

    Args:
        module: the module's dotted name, as ``scipy.stats``.
        extra: the extra of this project that brings it: ``models``, ``stats`` or ``optimize``.

    Raises:
        MissingExtraError: it is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as missing:
        if missing.name is None or module.partition(".")[0] != missing.name.partition(".")[0]:
            raise
        raise MissingExtraError(
            f"This needs {missing.name}, which is not installed", fix=f"Run pip install 'agent-agency[{extra}]'."
        ) from None
