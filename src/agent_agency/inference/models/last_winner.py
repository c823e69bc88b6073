"""Which way of running a model won when it was last measured, and what has changed since.

A winner of the same model with other versions or on another machine is still the last one that is known, and better
than a default that knows nothing of the model; it counts until somebody measures again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from agent_agency.errors import FileUnreadableError
from agent_agency.inference.bench.machine import MeasuredOn, measured_on
from agent_agency.inference.bench.winner import FILE, Choice, Measurement, default_choice, load_measurements
from agent_agency.inference.engine_file import engines_path

_BY_USE = ("short", "full", "label")


@dataclass(frozen=True, slots=True)
class LastWinner:
    """What won.

    Args:
        choice: how to run the model; ``None`` where it was never measured.
        mode: that it won in.
        changed: what is not as it was when it was measured, in words; empty where nothing is.
        problem: why what was measured cannot be read; empty where it can.
    """

    choice: Choice | None = None
    mode: str = ""
    changed: tuple[str, ...] = ()
    problem: str = ""


def measured_file(environment: Mapping[str, str]) -> Path:
    """Where what was measured is kept.

    Raises:
        EngineError: this user has no folder for settings.
    """
    return engines_path(environment).parent / FILE


def last_winner(digest: str, environment: Mapping[str, str]) -> LastWinner:
    """What won for this model; never an error because of what stands in the file.

    Raises:
        EngineError: this user has no folder for settings.
    """
    try:
        found = load_measurements(measured_file(environment))
    except FileUnreadableError as error:
        return LastWinner(problem=error.message)
    here = measured_on(digest)
    one = next((one for one in found if one.on.model_digest == digest), None)
    mode = None if one is None else next((use for use in _BY_USE if use in one.choices), None)
    if one is None or mode is None:
        return LastWinner()
    changed = one.on.differences(here)
    return LastWinner(_today(one, mode, here, changed), mode, changed)


def _today(one: Measurement, mode: str, here: MeasuredOn, changed: tuple[str, ...]) -> Choice:
    """The choice; on a machine with less memory than it was made for, no wider than the default is there."""
    choice = one.choices[mode]
    if not changed:
        return choice
    width = choice.width
    if here.memory_gib < one.on.memory_gib:
        width = min(width, default_choice(openvino=choice.engine == "openvino", memory_gib=here.memory_gib).width)
    return replace(choice, width=width, why=f"{choice.why}, with other {' and '.join(changed)}")
