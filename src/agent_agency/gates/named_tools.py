"""What the programs need that a command line names behind its first word, as in ``sh -c "python -m pytest"``."""

from __future__ import annotations

from pathlib import Path

from agent_agency.gates.started_programs import started_programs
from agent_agency.sandbox.model import Command
from agent_agency.sandbox.tool_paths import home_folders, program_paths


def named_tool_paths(command: Command) -> tuple[Path, ...]:
    """Paths outside the system's that the programs named on a command line are made of.

    The command line is law, so that they are as trusted as its first word. Programs that only a file of the checkout
    names are left out: a change could open what it likes.
    """
    homes = home_folders(command.environment)
    paths: dict[Path, None] = {}
    for one in started_programs(command).programs:
        for program in (one.path, one.python):
            if one.named and program is not None and not program.is_relative_to(command.cwd):
                needed = program_paths(program, command.environment, homes, command.writable)
                paths |= dict.fromkeys(path for path in needed if not path.is_relative_to(command.cwd))
    return tuple(paths)
