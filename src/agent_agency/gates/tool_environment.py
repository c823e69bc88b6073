"""What a gate's tool consists of, and whether the code that it would measure is the checkout's own."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agent_agency.canonical_json import digest_json
from agent_agency.gates.foreign_code import RULE, foreign_packages
from agent_agency.sandbox.model import Command, Isolation
from agent_agency.sandbox.tool_paths import find_program

__all__ = ["RULE", "Program", "ToolEnvironment", "ToolExaminer", "examine_tools"]


@dataclass(frozen=True, slots=True)
class Program:
    """One program that a command line starts; ``outside`` means that it does not come from the checkout."""

    name: str
    path: str
    version: str | None
    digest: str | None
    outside: bool


@dataclass(frozen=True, slots=True)
class ToolEnvironment:
    """The programs and packages that a gate's tool consists of.

    ``foreign`` names the project's packages that would be imported from elsewhere than the checkout, ``NAME from
    PLACE`` for each; ``None`` when an interpreter gave no answer, which proves nothing. ``pinned`` is whether
    ``digest`` covers all of it, so that a result may be used again.
    """

    foreign: tuple[str, ...] | None
    digest: str
    programs: tuple[Program, ...] = ()
    packages: int = 0
    pinned: bool = True

    @property
    def key(self) -> str | None:
        """The digest for ``result_key``; ``None`` where something of the tools could change unnoticed."""
        return self.digest if self.pinned else None

    def as_facts(self) -> dict[str, Any]:
        """What a ruling says of the tools, JSON-ready."""
        told = [
            {
                "name": program.name,
                "path": program.path,
                "version": program.version,
                "digest": program.digest,
                "outside": program.outside,
            }
            for program in self.programs
        ]
        return {"programs": told, "packages": self.packages, "digest": self.digest}


@dataclass(slots=True)
class ToolExaminer:
    """Remembers, for one review, what was found out about each interpreter and program; safe between threads."""

    _lock: threading.Lock = field(default_factory=threading.Lock)


def examine_tools(
    command: Command,
    isolation: Isolation,
    cancel: threading.Event | None = None,
    *,
    examiner: ToolExaminer | None = None,
) -> ToolEnvironment:
    """Find out what a command consists of, and where its Python would import the project's packages from.

    Args:
        command: what is to be run, in its checkout.
        isolation: the level at which the questions are asked, that of the run itself.
        cancel: ends the questions.
        examiner: what remembers the answers of one review.
    """
    del examiner
    foreign = foreign_packages(command, isolation, cancel)
    found = find_program(command.argv[0], command.environment, command.cwd)
    programs = () if found is None else (_program(command.argv[0], found, command.cwd),)
    return ToolEnvironment(foreign, digest_json([[one.path, one.digest] for one in programs]), programs)


def _program(name: str, path: Path, checkout: Path) -> Program:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Program(name, str(path), None, f"sha256:{digest}", not path.is_relative_to(checkout))
