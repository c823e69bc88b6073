"""Read ``[setup]`` of ``agency.toml``: the step that makes what the gates' tools need."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from agent_agency.gate_reader.command import CommandReader
from agent_agency.gate_reader.values import Refuse, is_inside, is_texts
from agent_agency.gate_settings import SetupStep

SETUP_KEYS = ("argv", "shell", "lock_files", "keep", "timeout_s", "network", "environment")


def read_setup(table: Mapping[str, Any], line: int | None, refuse: Refuse) -> SetupStep | None:
    """Read the table; ``None`` when something was refused."""
    reader = _SetupReader(table, refuse, "The set-up step")
    argv, shell = reader.command()
    step = SetupStep(
        argv=argv,
        shell=shell,
        lock_files=reader.globs("lock_files", "**/package-lock.json"),
        keep=reader.keep(),
        timeout_s=reader.timeout(),
        network=reader.network(),
        environment=reader.environment(),
        line=line,
    )
    return None if reader.refused else step


class _SetupReader(CommandReader):
    def keep(self) -> tuple[str, ...]:
        value = self._table.get("keep", [])
        if not is_texts(value) or not all(is_inside(path) for path in value):
            remedy = 'Write paths relative to the checkout: keep = ["node_modules"].'
            self._refuse("keep", "'keep' is no list of plain paths inside the checkout", remedy)
            return ()
        kept = tuple(dict.fromkeys(path.removeprefix("./") for path in value))
        places = [PurePosixPath(path) for path in kept]
        for inner in places:
            for outer in places:
                if inner != outer and inner.is_relative_to(outer):
                    self._refuse("keep", f"'{inner}' lies in '{outer}', which is kept whole", f"Remove '{inner}'.")
        return kept
