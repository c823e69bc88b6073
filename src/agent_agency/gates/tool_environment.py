"""What a gate's tool consists of, and whether the code that it would measure is the checkout's own.

An editable install, a ``.pth`` file or a ``sitecustomize`` of the tool's environment can make a test import the
project's packages from somewhere else, so that the change's code is never run. Before the tool, every Python that its
command line can start is asked where it would import them from. The same answer names what is installed: a digest over
the programs' files, the interpreters' versions and the records of their packages stands for the whole environment.
A file of an installed package that was edited by hand, its record left as it was, is not noticed.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_agency.canonical_json import digest_json
from agent_agency.gates.interpreter_answer import Found, InterpreterAnswer
from agent_agency.gates.own_packages import OwnName, declared_distributions, import_name, own_names
from agent_agency.gates.started_programs import Started, started_programs
from agent_agency.gates.tool_examiner import ToolExaminer
from agent_agency.sandbox.model import Command, Isolation
from agent_agency.sandbox.tool_paths import home_folders

__all__ = ["RULE", "Program", "ToolEnvironment", "ToolExaminer", "examine_tools"]

RULE = "foreign_code"
_FIRST_PYTEST_WITH_PYTHONPATH = 7
_MOST_TOLD = 8


@dataclass(frozen=True, slots=True)
class Program:
    """One program that a command line starts; ``outside`` means that it does not come from the checkout.

    A module that ``python -m`` runs stands under its own name with the interpreter's path; then ``version`` and
    ``digest`` are those of its distribution.
    """

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
        examiner: what remembers the answers of one review; without one, each call asks anew.
    """
    examiner = examiner or ToolExaminer()
    names = own_names(command.cwd)
    search = started_programs(command)
    started = search.programs
    asked = tuple(name.name for name in names)
    answers = {
        path: examiner.answer(path, asked, command, isolation, cancel)
        for path in dict.fromkeys(one.python for one in started if one.python is not None)
    }
    programs = [
        _program(one, command, isolation, examiner, answers.get(one.python) if one.python else None)
        for one in _first_of_each(started)
    ]
    modules = [_module(one, command, answers.get(one.python)) for one in started if one.module and one.python]
    known = [answer for answer in answers.values() if answer is not None]
    programs += [module for module in dict.fromkeys(modules) if module is not None]
    return ToolEnvironment(
        foreign=_foreign(command.cwd, names, started, answers),
        digest=digest_json(
            {
                "programs": [[one.name, one.path, one.version, one.digest] for one in programs],
                "interpreters": [_parts(answer) for answer in known],
                "readable": sorted(str(path) for path in command.readable),
            }
        ),
        programs=tuple(programs),
        packages=len({name for answer in known for name in answer.packages}),
        pinned=search.complete
        and len(known) == len(answers)
        and all(program.digest is not None for program in programs)
        and not any(answer.changeable for answer in known),
    )


def _first_of_each(started: tuple[Started, ...]) -> list[Started]:
    return list({(one.name, one.path): one for one in reversed(started)}.values())[::-1]


def _parts(answer: InterpreterAnswer) -> Mapping[str, Any]:
    return {"build": answer.build, "packages": dict(answer.packages), "hooks": dict(answer.hooks)}


def _program(
    started: Started, command: Command, isolation: Isolation, examiner: ToolExaminer, answer: InterpreterAnswer | None
) -> Program:
    outside = not started.path.is_relative_to(command.cwd)
    version = None
    if started.python == started.path:
        version = answer.version if answer is not None else None
    elif started.python is not None:
        known = answer.version_of(started.name) if answer is not None else None
        version = known[0] if known is not None else None
    elif outside:
        version = examiner.version(started.path, command, isolation)
    shown = _shown(started.path, command)
    return Program(started.name, shown, version, examiner.digest(started.path), outside)


def _module(started: Started, command: Command, answer: InterpreterAnswer | None) -> Program | None:
    known = answer.version_of((started.module or "").split(".")[0]) if answer is not None else None
    if known is None:
        return None
    outside = not started.path.is_relative_to(command.cwd)
    digest = f"sha256:{known[1]}"
    return Program((started.module or "").split(".")[0], _shown(started.path, command), known[0], digest, outside)


def _shown(path: Path, command: Command) -> str:
    """A path without what is different for everybody who reviews: the home, and the checkout's own place."""
    if path.is_relative_to(command.cwd):
        return str(path.relative_to(command.cwd))
    for home in home_folders({}):
        if path.is_relative_to(home):
            return f"~/{path.relative_to(home)}"
    return str(path)


def _foreign(
    checkout: Path,
    names: tuple[OwnName, ...],
    started: tuple[Started, ...],
    answers: Mapping[Path, InterpreterAnswer | None],
) -> tuple[str, ...] | None:
    anything = any(answer is not None and answer.found for answer in answers.values())
    own = declared_distributions(checkout) if anything else frozenset()
    found: dict[str, None] = {}
    for one in started:
        if one.python is None or not one.imports or not names:
            continue
        answer = answers[one.python]
        if answer is None:
            return None
        front = one.front | (one.ini_front if _knows_pythonpath(answer) else frozenset())
        places = {str(folder.relative_to(checkout)) for folder in front if folder.is_relative_to(checkout)}
        before = frozenset("" if place == "." else place for place in places)
        for name in names:
            place = answer.found.get(name.name)
            if place is not None and _is_foreign(name, place, before, checkout, own):
                found[f"{name.name} from {_elsewhere(place, checkout)}"] = None
    told = sorted(found)
    more = [f"{len(told) - _MOST_TOLD} more"] if len(told) > _MOST_TOLD else []
    return (*told[:_MOST_TOLD], *more)


def _is_foreign(name: OwnName, found: Found, before: frozenset[str], checkout: Path, own: frozenset[str]) -> bool:
    """Whether an interpreter's own finding of a module would be taken instead of the checkout's."""
    if _elsewhere(found, checkout) is None or (not found.ahead and name.folders & before):
        return False
    maker = import_name(found.owner.partition("-")[0])
    return name.sure or not maker or maker in own


def _elsewhere(found: Found, checkout: Path) -> str | None:
    """The first place that does not lie in the checkout."""
    root = checkout.resolve()
    return next((place for place in found.places if not Path(place).resolve().is_relative_to(root)), None)


def _knows_pythonpath(answer: InterpreterAnswer) -> bool:
    known = answer.version_of("pytest")
    major = known[0].split(".")[0] if known is not None else ""
    return major.isdecimal() and int(major) >= _FIRST_PYTEST_WITH_PYTHONPATH
