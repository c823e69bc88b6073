"""Commands for the tests of the sandbox, and the levels of isolation that can be tried here."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from agent_agency.sandbox import landlock
from agent_agency.sandbox.bubblewrap import find_bubblewrap
from agent_agency.sandbox.model import Command, Isolation, Limits, Outcome
from agent_agency.sandbox.run import run

WALL_S = 60.0


def need(isolation: Isolation) -> None:
    """Skip, and say so, where the machine lacks the level."""
    if isolation is Isolation.NAMESPACES and find_bubblewrap() is None:
        pytest.skip("NOT TESTED: bubblewrap is not installed")
    if isolation is Isolation.LANDLOCK and landlock.abi() == 0:
        pytest.skip("NOT TESTED: the kernel does not offer Landlock")


def run_python(
    code: str,
    isolation: Isolation,
    checkout: Path,
    *arguments: object,
    limits: Limits | None = None,
    readable: tuple[Path, ...] = (),
    also_writable: tuple[Path, ...] = (),
    network: bool = False,
    environment: dict[str, str] | None = None,
) -> Outcome:
    """Run a piece of Python in a checkout at a level."""
    need(isolation)
    checkout.mkdir(exist_ok=True)
    return run(
        Command(
            argv=(sys.executable, "-I", "-S", "-c", code, *map(str, arguments)),
            cwd=checkout,
            environment={"PATH": os.defpath, "HOME": os.environ["HOME"]} if environment is None else environment,
            writable=(checkout, *also_writable),
            readable=readable,
            network=network,
            limits=limits or Limits(wall_s=WALL_S),
        ),
        isolation,
    )
