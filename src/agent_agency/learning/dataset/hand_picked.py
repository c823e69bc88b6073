"""The demonstrations that a person picked for the shipped prompts: a fixed list of examples of the training split."""

from __future__ import annotations

import tomllib
from importlib.resources import files

from agent_agency.errors import DatasetError
from agent_agency.learning.dataset.example import Example
from agent_agency.learning.dataset.shipped import load


def hand_picked(judge: str) -> tuple[Example, ...]:
    """The hand-picked demonstrations of one judge, in the order of the list, which says how they were chosen.

    Raises:
        DatasetError: there is no such judge, or the list names an example that the training split lacks.
    """
    document = tomllib.loads((files(__package__) / "hand_picked.toml").read_text("utf-8"))
    known = {example.id: example for example in load(judge, "train")}
    try:
        return tuple(known[name] for name in document[judge])
    except KeyError as error:
        raise DatasetError(
            f"The hand-picked list names {error}, which the training split lacks", fix="Install agent-agency anew."
        ) from error
