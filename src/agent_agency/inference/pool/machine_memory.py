"""How much memory this machine has for models, and what a model's file will take before that was measured."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.canonical_json import digest_json

if TYPE_CHECKING:
    from agent_agency.inference.engine_settings import EngineSettings

_GIB = 1024**3
_PART = 0.8
"""Of the machine's memory: what all models may take where nobody says otherwise."""
_UNBOUNDED = 2**62
_FILE_PART = 1.3
_BESIDE = 300 * 1024**2
"""What a process with a model takes beside the file: libraries, and the prefixes of running requests."""
_CONTROL_GROUPS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def budget_of(memory_gb: float | None, control_groups: Sequence[Path] = _CONTROL_GROUPS) -> int:
    """Bytes that all models may take: as the settings say, else four fifths of the machine or of its container.

    Args:
        memory_gb: of the settings, in GiB.
        control_groups: files that say what a container may take (Linux control groups, versions 2 and 1).
    """
    if memory_gb is not None:
        return int(memory_gb * _GIB)
    known = [one for one in (_machine(), *map(_container, control_groups)) if one]
    return int(min(known) * _PART) if known else _UNBOUNDED


def estimate_of(path: Path, memory_gb: float | None) -> int:
    """Bytes that a model will take, by its file or the files of its folder; no more than its own bound."""
    files = [path] if path.is_file() else [one for one in path.rglob("*") if one.is_file()]
    by_size = int(sum(one.stat().st_size for one in files) * _FILE_PART) + _BESIDE
    return by_size if memory_gb is None else min(by_size, int(memory_gb * _GIB))


def setup_of(settings: EngineSettings) -> str:
    """Digest of what decides how much a local model takes: its file and how it is run.

    Raises:
        OSError: the file cannot be looked at.
    """
    path = Path(settings.path or "")
    files = [path] if path.is_file() else sorted(one for one in path.rglob("*") if one.is_file())
    told = [(one.name, one.stat()) for one in files]
    return digest_json(
        {
            "files": [[name, there.st_size, str(there.st_mtime_ns)] for name, there in told],
            "engine": settings.engine,
            "precision": settings.precision,
            "width": settings.width,
            "context": settings.context,
            "threads": settings.threads,
            "memory_gb": None if settings.memory_gb is None else str(settings.memory_gb),
        }
    )


def _machine() -> int:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return 0


def _container(path: Path) -> int:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return 0
