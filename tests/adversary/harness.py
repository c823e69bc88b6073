"""Attacks on the arbiter's law and record, each with the one defence that stops it.

An attack is run twice: as things are, where it must fail, and with its one defence switched off, where it must succeed.
The second run shows that the attack is real and that the defence named is what stops it.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.git_repo import GitRepo
from support.principals import TestPrincipal, make_principal, principals_toml


@dataclass(frozen=True)
class Defence:
    """One function of the product, and what stands in its place when it is switched off.

    ``where`` is ``module:name`` or ``module:Class.name``, below ``agent_agency``, as the code that is attacked looks
    it up. ``off`` takes what the function takes.
    """

    where: str
    off: Callable[..., Any]


@dataclass(frozen=True)
class Attack:
    """``run`` tries it in a scene of its own and answers whether the attacker got what they wanted."""

    name: str
    run: Callable[[Scene], bool]
    defence: Defence


@dataclass(frozen=True)
class Scene:
    """A real repository, keys, and the command run inside this process, so that a defence can be switched off."""

    folder: Path
    repo: GitRepo

    def agency(self, *args: str) -> Done:
        """Run the command as a user does, in this process."""
        from agent_agency.cli.main import main

        out, err, code = _written(), _written(), 0
        before = Path.cwd()
        os.chdir(self.repo.path)
        try:
            with _captured(out, err):
                main(list(args))
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
        finally:
            os.chdir(before)
        return Done(code, _text(out), _text(err))

    def review(self, head: str = "work") -> Any:
        """The ruling on a branch against main, as JSON."""
        return json.loads(self.agency("review", "--base", "main", "--head", head, "--json").out)

    def list_at_base(self, *people: TestPrincipal) -> None:
        """Put these principals on main."""
        self.repo.checkout("main")
        self.repo.commit("List principals", **{".agency/principals.toml": principals_toml(people)})

    @staticmethod
    def somebody(name: str, *roles: str) -> TestPrincipal:
        """A principal with a key of their own, listed nowhere yet."""
        return make_principal(name, roles)


def _written() -> io.TextIOWrapper:
    """A stream to which the command writes text and bytes, as to a real one."""
    return io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="surrogateescape", write_through=True)


def _text(stream: io.TextIOWrapper) -> str:
    stream.seek(0)
    return stream.read()


@contextlib.contextmanager
def _captured(out: io.TextIOWrapper, err: io.TextIOWrapper) -> Iterator[None]:
    with redirect_stdout(out), redirect_stderr(err):
        yield


@contextlib.contextmanager
def switched_off(defence: Defence) -> Iterator[None]:
    """Put the stand-in in the defence's place; a name that is not there fails, so that no defence is named in vain."""
    module_name, _, path = defence.where.partition(":")
    holder: Any = importlib.import_module(f"agent_agency.{module_name}")
    *outer, name = path.split(".")
    for part in outer:
        holder = getattr(holder, part)
    assert hasattr(holder, name), defence.where
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(holder, name, defence.off)
        yield


def check(attack: Attack, make_scene: Callable[[str], Scene]) -> None:
    """Hold one attack to its two runs."""
    assert attack.run(make_scene("on")) is False, f"{attack.name}: the attack succeeded"
    with switched_off(attack.defence):
        assert attack.run(make_scene("off")) is True, f"{attack.name}: it fails without its defence too"


def names(attacks: tuple[Attack, ...]) -> list[str]:
    """What tests are called."""
    return [attack.name for attack in attacks]
